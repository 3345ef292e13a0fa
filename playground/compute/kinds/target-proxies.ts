import { invalid, required } from '../api-error.ts'
import { type JsonObject, listAt, stringsAt, textAt, without } from '../json.ts'
import type { CustomMethod, Kind, Look, Place, Resource } from '../kind.ts'
import { ofUrl } from '../references.ts'
import { checkSchemes, schemeOf, servicesBehind } from './schemes.ts'
import { checkFit } from './url-maps.ts'

const maxCertificates = { classic: 15, certificateManager: 100 }

/** A new URL map or service must fit the forwarding rules that already send here. */
function relateToRules(look: Look, spec: JsonObject, place: Place, before: Resource | undefined): void {
  if (before === undefined) return
  const services = servicesBehind(look, { ...before, spec })
  const map = look.find(ofUrl(textAt(spec, 'urlMap') ?? ''))
  for (const rule of look.holders(place.path)) {
    if (rule.collection !== 'forwardingRules') continue
    checkSchemes(schemeOf(rule), services)
    if (map !== undefined) checkFit(map.spec, schemeOf(rule), place.scope)
  }
}

function setMember(member: string, operationType: string, clearable = false): CustomMethod {
  return {
    does: 'change',
    operationType,
    change({ resource, body }) {
      const value = textAt(body, member) ?? ''
      if (value === '' && !clearable) throw required(`resource.${member}`)
      const rest = without(resource.spec, member)
      return { spec: value === '' ? rest : { ...rest, [member]: value } }
    },
  }
}

const urlMap = { at: 'urlMap', to: ['urlMaps'] } as const

export const targetHttpProxies: Kind = {
  collection: 'targetHttpProxies',
  message: 'TargetHttpProxy',
  singular: 'targetHttpProxy',
  noun: 'target_http_proxy',
  fingerprint: 'required',
  quota: 'TARGET_HTTP_PROXIES',
  references: [urlMap],
  check(body) {
    if ((textAt(body, 'urlMap') ?? '') === '') throw required('resource.urlMap')
  },
  relate: (look, spec, place, _references, before) => relateToRules(look, spec, place, before),
  methods: { setUrlMap: setMember('urlMap', 'SetUrlMap') },
}

function checkCertificates(body: JsonObject): void {
  const list = stringsAt(body, 'sslCertificates')
  const managed = list.filter((item) => item.includes('certificatemanager.googleapis.com'))
  const hasMap = (textAt(body, 'certificateMap') ?? '') !== ''
  if (list.length === 0 && !hasMap) throw required('resource.sslCertificates')
  if (managed.length > 0 && managed.length < list.length) {
    throw invalid(
      'resource.sslCertificates',
      '',
      'Classic certificates and Certificate Manager certificates cannot be mixed.',
    )
  }
  const limit = managed.length > 0 ? maxCertificates.certificateManager : maxCertificates.classic
  if (list.length > limit) {
    throw invalid('resource.sslCertificates', list.length, `A target proxy has at most ${limit} such certificates.`)
  }
  if (new Set(list).size < list.length) throw invalid('resource.sslCertificates', '', 'A certificate is listed twice.')
}

export const targetHttpsProxies: Kind = {
  collection: 'targetHttpsProxies',
  message: 'TargetHttpsProxy',
  singular: 'targetHttpsProxy',
  noun: 'target_https_proxy',
  fingerprint: 'required',
  quota: 'TARGET_HTTPS_PROXIES',
  references: [urlMap, { at: 'sslCertificates', to: ['sslCertificates'] }, { at: 'sslPolicy', to: ['sslPolicies'] }],
  operationTypes: { patch: 'compute.targetHttpsProxies.patch' },
  check(body, place) {
    if ((textAt(body, 'urlMap') ?? '') === '') throw required('resource.urlMap')
    checkCertificates(body)
    const map = textAt(body, 'certificateMap') ?? ''
    if (
      map !== '' &&
      !/^\/\/certificatemanager\.googleapis\.com\/projects\/[^/]+\/locations\/[^/]+\/certificateMaps\/[^/]+$/.test(map)
    ) {
      throw invalid(
        'resource.certificateMap',
        map,
        `${map} is not a valid reference. It should have the format //certificatemanager.googleapis.com/projects/{project}/locations/{location}/certificateMaps/{resourceName}.`,
      )
    }
    const quic = textAt(body, 'quicOverride') ?? ''
    if (place.scope.type !== 'global' && quic !== '') {
      throw invalid('resource.quicOverride', quic, 'QUIC override is supported only with global TargetHttpsProxy.')
    }
  },
  defaults: (body, place) => ({
    ...body,
    ...(place.scope.type === 'global' ? { quicOverride: textAt(body, 'quicOverride') ?? 'NONE' } : {}),
    tlsEarlyData: textAt(body, 'tlsEarlyData') ?? 'DISABLED',
  }),
  relate: (look, spec, place, _references, before) => relateToRules(look, spec, place, before),
  methods: {
    setUrlMap: setMember('urlMap', 'SetUrlMap'),
    setSslPolicy: setMember('sslPolicy', 'setSslPolicy', true),
    setQuicOverride: setMember('quicOverride', 'compute.targetHttpsProxies.setQuicOverride'),
    setCertificateMap: setMember('certificateMap', 'setCertificateMap', true),
    setSslCertificates: {
      does: 'change',
      operationType: 'setSslCertificates',
      change: ({ resource, body }) => ({
        spec: { ...resource.spec, sslCertificates: listAt(body, 'sslCertificates') },
      }),
    },
  },
}

export const targetTcpProxies: Kind = {
  collection: 'targetTcpProxies',
  message: 'TargetTcpProxy',
  singular: 'targetTcpProxy',
  noun: 'target_tcp_proxy',
  fingerprint: 'none',
  quota: 'TARGET_TCP_PROXIES',
  references: [{ at: 'service', to: ['backendServices'] }],
  check(body) {
    if ((textAt(body, 'service') ?? '') === '') throw required('resource.service')
  },
  defaults: (body) => ({ ...body, proxyHeader: textAt(body, 'proxyHeader') ?? 'NONE' }),
  relate: (look, spec, place, _references, before) => relateToRules(look, spec, place, before),
  methods: {
    setBackendService: setMember('service', 'TargetTcpProxySetBackendService'),
    setProxyHeader: setMember('proxyHeader', 'TargetTcpProxySetProxyHeader'),
  },
}
