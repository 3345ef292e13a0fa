import { ApiError, invalid, required } from '../api-error.ts'
import { type JsonObject, listAt, textAt } from '../json.ts'
import type { Kind, Look, Place, Resource } from '../kind.ts'
import { ofUrl, type Reference, relativePath, splitPath } from '../references.ts'
import { addressToken, setLabels } from './addresses.ts'
import { checkSchemes, schemeOf, servicesBehind } from './schemes.ts'
import { checkFit } from './url-maps.ts'

const dotted = /^(\d{1,3}\.){3}\d{1,3}$|^[0-9a-f:]+(\/\d{1,3})?$/i

/** «80» -> «80-80»; 400 unless both ends are ports in order. */
function portRange(text: string): string {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text)
  const low = Number(match?.[1] ?? 0)
  const high = Number(match?.[2] ?? low)
  if (match === null || low < 1 || high > 65_535 || high < low) {
    throw invalid('resource.portRange', text, 'The range must be a port, or two ports in order joined by a hyphen.')
  }
  return `${low}-${high}`
}

function overlaps(a: string, b: string): boolean {
  const [aLow = 0, aHigh = 0] = a.split('-').map(Number)
  const [bLow = 0, bHigh = 0] = b.split('-').map(Number)
  return aLow <= bHigh && bLow <= aHigh
}

/** The address resource that a rule names by URL, path or bare name; undefined for an IP. */
function namedAddress(look: Look, asked: string, place: Place): Resource | undefined {
  if (dotted.test(asked)) return undefined
  const scope = place.path.split('/').slice(2, -2).join('/')
  const path = /^[a-z][-a-z0-9]*$/.test(asked)
    ? `projects/${place.project}/${scope}/addresses/${asked}`
    : relativePath(asked, place.project)
  // The text is not checked against the real service.
  if (path === undefined || splitPath(path)?.collection !== 'addresses')
    throw invalid('resource.IPAddress', asked, 'The URL is malformed.')
  const address = look.find(path)
  if (address === undefined || address.state === 'creating') {
    throw new ApiError(404, 'notFound', `The resource '${path}' was not found`)
  }
  if (address.project !== place.project)
    throw invalid('resource.IPAddress', asked, 'Cross project referencing is not allowed for this resource.')
  return address
}

/** The IP of a rule: reserved by the project in the rule's scope, or an ephemeral one that a rule of the project holds. */
function resolveAddress(look: Look, spec: JsonObject, place: Place): string | undefined {
  const asked = textAt(spec, 'IPAddress') ?? ''
  if (asked === '') return undefined
  const named = namedAddress(look, asked, place)
  if (named !== undefined) return textAt(named.spec, 'address')
  const scheme = textAt(spec, 'loadBalancingScheme') ?? 'EXTERNAL'
  if (!scheme.startsWith('EXTERNAL')) return asked
  const scope = place.path.split('/').slice(2, -2).join('/')
  const reserved = look
    .list(`projects/${place.project}/${scope}/addresses`)
    .some((address) => address.state !== 'creating' && address.spec['address'] === asked)
  if (!reserved && look.holders(addressToken(place.project, asked)).length === 0) {
    throw invalid('resource.IPAddress', asked, 'Invalid IP address specified.')
  }
  return asked
}

function relate(look: Look, spec: JsonObject, place: Place, references: readonly Reference[], before?: Resource): void {
  const ip = before === undefined ? resolveAddress(look, spec, place) : textAt(spec, 'IPAddress')
  const range = textAt(spec, 'portRange') ?? '1-65535'
  if (ip !== undefined) {
    for (const other of look.holders(addressToken(place.project, ip))) {
      if (other.path === place.path || other.spec['IPProtocol'] !== spec['IPProtocol']) continue
      if (overlaps(range, textAt(other.spec, 'portRange') ?? '1-65535')) {
        throw invalid('resource.IPAddress', ip, 'Specified IP address is in-use and would result in a conflict.')
      }
    }
  }
  const scheme = textAt(spec, 'loadBalancingScheme') ?? 'EXTERNAL'
  for (const { path, spec: field } of references) {
    const target = look.find(path)
    if (target === undefined || (field.at !== 'target' && field.at !== 'backendService')) continue
    if (field.at === 'backendService') {
      checkSchemes(scheme, [target])
      continue
    }
    checkSchemes(scheme, servicesBehind(look, target))
    const map = look.find(ofUrl(textAt(target.spec, 'urlMap') ?? ''))
    if (map !== undefined) checkFit(map.spec, scheme, place.scope)
  }
}

export const forwardingRules: Kind = {
  collection: 'forwardingRules',
  message: 'ForwardingRule',
  singular: 'forwardingRule',
  noun: 'forwarding_rule',
  fingerprint: 'checked',
  labels: true,
  quota: 'FORWARDING_RULES',
  immutable: ['IPAddress', 'IPProtocol', 'portRange', 'loadBalancingScheme', 'network', 'ipVersion', 'networkTier'],
  references: [
    { at: 'target', to: ['targetHttpProxies', 'targetHttpsProxies', 'targetTcpProxies', 'targetGrpcProxies'] },
    { at: 'backendService', to: ['backendServices'] },
    { at: 'network', to: ['networks'], crossProject: true },
    { at: 'subnetwork', to: ['subnetworks'], crossProject: true },
  ],
  check(body, place) {
    const target = textAt(body, 'target') ?? ''
    if (place.scope.type === 'global') {
      if (target === '') throw required('resource.target')
      if ((textAt(body, 'backendService') ?? '') !== '') {
        throw invalid('resource.backendService', body['backendService'], 'Global forwarding rules have a target.')
      }
    } else if (target === '' && (textAt(body, 'backendService') ?? '') === '') throw required('resource.target')
    const ports = listAt(body, 'ports')
    const range = textAt(body, 'portRange') ?? ''
    if (ports.length > 0 && range !== '')
      throw invalid('resource.ports', ports, 'ports and portRange cannot both be set.')
    if (place.scope.type === 'global' && range === '' && ports.length === 0) throw required('resource.portRange')
    if (/targetHttps?Proxies/.test(target) && range !== '') {
      const [low, high] = portRange(range).split('-')
      if (low !== high)
        throw invalid('resource.portRange', range, 'The forwarding rule of an HTTP(S) target proxy has one port.')
    }
    if (place.scope.type === 'global' && textAt(body, 'networkTier') === 'STANDARD') {
      throw invalid('resource.networkTier', 'STANDARD', 'Global forwarding rules are of the PREMIUM network tier.')
    }
  },
  defaults(body, place) {
    const sent = textAt(body, 'loadBalancingScheme') ?? ''
    const scheme = sent === '' ? 'EXTERNAL' : sent
    const range = textAt(body, 'portRange') ?? ''
    const selfManaged = scheme === 'INTERNAL_SELF_MANAGED' && (textAt(body, 'network') ?? '') === ''
    return {
      ...body,
      IPProtocol: textAt(body, 'IPProtocol') ?? 'TCP',
      loadBalancingScheme: scheme,
      ...(place.scope.type === 'regions' ? { description: textAt(body, 'description') ?? '' } : {}),
      ...(range === '' ? {} : { portRange: portRange(range) }),
      ...(selfManaged ? { network: 'global/networks/default' } : {}),
      networkTier: textAt(body, 'networkTier') ?? 'PREMIUM',
    }
  },
  relate,
  allocate(look, spec, place) {
    const ip = resolveAddress(look, spec, place)
    if (ip !== undefined) return { spec: { IPAddress: ip } }
    if (!schemeOf({ spec } as Resource).startsWith('EXTERNAL'))
      return { spec: { IPAddress: look.nextInternalAddress() } }
    return { spec: { IPAddress: look.nextAddress(spec['ipVersion'] === 'IPV6' ? 'IPV6' : 'IPV4') } }
  },
  tokens(spec, place) {
    const ip = textAt(spec, 'IPAddress')
    return ip === undefined ? [] : [addressToken(place.project, ip)]
  },
  methods: {
    setLabels: setLabels(true),
    setTarget: {
      does: 'change',
      operationType: 'SetTarget',
      change({ resource, body }) {
        const target = textAt(body, 'target') ?? ''
        if (target === '') throw required('resource.target')
        return { spec: { ...resource.spec, target } }
      },
    },
  },
}
