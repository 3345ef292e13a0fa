import { isIP } from 'node:net'
import { invalid, required } from '../api-error.ts'
import { type JsonObject, listAt, numberAt, objectAt, objectsAt, stringsAt, textAt } from '../json.ts'
import type { Kind } from '../kind.ts'

function checkRange(range: string, at: string): 4 | 6 {
  const [address = '', bits] = range.split('/')
  const version = isIP(address)
  const limit = version === 4 ? 32 : 128
  if (version === 0 || (bits !== undefined && !(/^\d{1,3}$/.test(bits) && Number(bits) <= limit))) {
    throw invalid(at, range, 'Must be a valid CIDR address range.')
  }
  return version === 4 ? 4 : 6
}

function checkRanges(body: JsonObject, member: string): void {
  const versions = new Set(
    stringsAt(body, member).map((range, index) => checkRange(range, `resource.${member}[${index}]`)),
  )
  if (versions.size > 1)
    throw invalid(`resource.${member}`, '', 'IPv4 and IPv6 ranges cannot be mixed in a firewall rule.')
}

function checkTags(body: JsonObject, member: string): void {
  stringsAt(body, member).forEach((tag, index) => {
    if (!/^[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?$/.test(tag)) {
      throw invalid(
        `resource.${member}[${index}]`,
        tag,
        "Must be a match of regex '(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)'",
      )
    }
  })
}

function checkPorts(body: JsonObject, member: 'allowed' | 'denied'): void {
  objectsAt(body, member).forEach((entry, index) => {
    const at = `resource.${member}[${index}]`
    if ((textAt(entry, 'IPProtocol') ?? '') === '') throw required(`${at}.IPProtocol`)
    stringsAt(entry, 'ports').forEach((ports, n) => {
      const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(ports)
      const low = Number(match?.[1] ?? -1)
      const high = Number(match?.[2] ?? low)
      if (match === null || high > 65_535 || high < low) {
        throw invalid(`${at}.ports[${n}]`, ports, 'The value must be a port, or two ports in order joined by a hyphen.')
      }
    })
  })
}

/** Without target tags the rule applies to all machines of its network, which must be of the rule's project. */
export const firewalls: Kind = {
  collection: 'firewalls',
  message: 'Firewall',
  singular: 'firewall',
  noun: 'firewall',
  fingerprint: 'none',
  quota: 'FIREWALLS',
  immutable: ['network', 'direction'],
  references: [{ at: 'network', to: ['networks'] }],
  operationTypes: { patch: 'compute.firewalls.patch' },
  check(body) {
    const allowed = listAt(body, 'allowed').length > 0
    const denied = listAt(body, 'denied').length > 0
    if (!allowed && !denied) throw required('resource.allowed')
    if (allowed && denied) throw invalid('resource.denied', '', 'Only one of allowed and denied can be set.')
    checkPorts(body, 'allowed')
    checkPorts(body, 'denied')
    const priority = numberAt(body, 'priority')
    if (priority !== undefined && (priority < 0 || priority > 65_535)) {
      throw invalid('resource.priority', priority, 'The value must be between 0 and 65535.')
    }
    checkRanges(body, 'sourceRanges')
    checkRanges(body, 'destinationRanges')
    checkTags(body, 'targetTags')
    checkTags(body, 'sourceTags')
    if (
      textAt(body, 'direction') === 'EGRESS' &&
      (listAt(body, 'sourceRanges').length > 0 || listAt(body, 'sourceTags').length > 0)
    ) {
      throw invalid('resource.direction', 'EGRESS', 'Sources cannot be set for EGRESS.')
    }
  },
  defaults(body) {
    const direction = textAt(body, 'direction') ?? 'INGRESS'
    const sources = ['sourceRanges', 'sourceTags', 'sourceServiceAccounts'].some(
      (member) => listAt(body, member).length > 0,
    )
    const network = textAt(body, 'network') ?? ''
    return {
      ...body,
      direction,
      description: textAt(body, 'description') ?? '',
      network: network === '' ? 'global/networks/default' : network,
      priority: numberAt(body, 'priority') ?? 1000,
      disabled: body['disabled'] ?? false,
      logConfig: { enable: false, ...objectAt(body, 'logConfig') },
      ...(direction === 'INGRESS' && !sources ? { sourceRanges: ['0.0.0.0/0'] } : {}),
    }
  },
}
