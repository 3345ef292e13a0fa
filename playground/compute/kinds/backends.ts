import { ApiError, invalid, required } from '../api-error.ts'
import { type JsonObject, listAt, numberAt, objectsAt, textAt } from '../json.ts'
import type { Look, Place, Resource } from '../kind.ts'
import { ofUrl, type Reference } from '../references.ts'
import { memberToken } from '../world.ts'

/** The rules for `backends[]` of a backend service. */

const maxBackends = 50
const capacityMembers = [
  'maxRate',
  'maxRatePerInstance',
  'maxRatePerEndpoint',
  'maxConnections',
  'maxConnectionsPerInstance',
  'maxConnectionsPerEndpoint',
]

/** Defaults of one backend; maxUtilization 0.8 is not checked against the real service. */
export function completeBackend(backend: JsonObject): JsonObject {
  const balancingMode = modeOf(backend)
  return {
    ...backend,
    balancingMode,
    capacityScaler: numberAt(backend, 'capacityScaler') ?? 1,
    ...(balancingMode === 'UTILIZATION' ? { maxUtilization: numberAt(backend, 'maxUtilization') ?? 0.8 } : {}),
  }
}

function modeOf(backend: JsonObject): string {
  const mode = textAt(backend, 'balancingMode') ?? ''
  return mode === '' ? 'UTILIZATION' : mode
}

/** What the body alone shows to be wrong. */
export function checkBackends(body: JsonObject, place: Place): void {
  const backends = objectsAt(body, 'backends')
  if (backends.length > maxBackends) {
    throw invalid('resource.backends', backends.length, `A backend service has at most ${maxBackends} backends.`)
  }
  const protocol = textAt(body, 'protocol') ?? ''
  const seen = new Set<string>()
  backends.forEach((backend, index) => {
    const at = `resource.backends[${index}]`
    const group = textAt(backend, 'group') ?? ''
    if (group === '') throw required(`${at}.group`)
    // Of all references this one must be a full URL (proto comment of Backend.group).
    if (!/^https?:\/\/[^/]+\/compute\/(v1|beta|alpha)\/projects\//.test(group)) {
      throw invalid(`${at}.group`, group, 'The URL is malformed. Partial URLs are not supported here.')
    }
    const path = group.replace(/^.*?\/projects\//, 'projects/')
    if (seen.has(path)) throw invalid(`${at}.group`, group, 'The group is listed twice.')
    seen.add(path)
    checkCapacity(backend, at, path, protocol, backends.length)
  })
  const checks = listAt(body, 'healthChecks')
  if (checks.length > 1) throw invalid('resource.healthChecks', checks, 'At most one health check can be specified.')
  if (place.scope.type === 'global' && textAt(body, 'loadBalancingScheme') === 'INTERNAL') {
    throw invalid('resource.loadBalancingScheme', 'INTERNAL', 'The scheme is for regional backend services.')
  }
  const port = textAt(body, 'portName')
  if (port !== undefined && port !== '' && !/^[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?$/.test(port)) {
    throw invalid('resource.portName', port, "Must be a match of regex '(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)'")
  }
}

function checkCapacity(backend: JsonObject, at: string, path: string, protocol: string, count: number): void {
  const scaler = numberAt(backend, 'capacityScaler')
  if (scaler !== undefined && scaler !== 0 && !(scaler >= 0.1 && scaler <= 1)) {
    throw invalid(`${at}.capacityScaler`, scaler, 'The value must be 0 or between 0.1 and 1.')
  }
  if (scaler === 0 && count === 1) {
    throw invalid(`${at}.capacityScaler`, scaler, 'The value cannot be 0 when there is only one backend.')
  }
  const utilization = numberAt(backend, 'maxUtilization')
  if (utilization !== undefined && !(utilization >= 0 && utilization <= 1)) {
    throw invalid(`${at}.maxUtilization`, utilization, 'The value must be between 0 and 1.')
  }
  for (const member of capacityMembers) {
    const value = numberAt(backend, member)
    if (value !== undefined && value <= 0) throw invalid(`${at}.${member}`, value, 'The value must be positive.')
  }
  const isNeg = path.includes('/networkEndpointGroups/')
  const mode = modeOf(backend)
  if (mode === 'CONNECTION' && ['', 'HTTP', 'HTTPS', 'HTTP2', 'H2C', 'GRPC'].includes(protocol)) {
    const shown = protocol === '' ? 'HTTP' : protocol
    throw invalid(at, backend, `CONNECTION balancing mode is not supported for protocol ${shown}`)
  }
  // The texts below are not checked against the real service.
  if (isNeg && mode === 'UTILIZATION' && path.includes('/zones/')) {
    throw invalid(`${at}.balancingMode`, mode, 'UTILIZATION is not supported for network endpoint groups.')
  }
  const wrong = isNeg
    ? ['maxRatePerInstance', 'maxConnectionsPerInstance']
    : ['maxRatePerEndpoint', 'maxConnectionsPerEndpoint']
  for (const member of wrong) {
    if (backend[member] !== undefined) {
      throw invalid(
        `${at}.${member}`,
        backend[member],
        `The member does not apply to ${isNeg ? 'network endpoint' : 'instance'} groups.`,
      )
    }
  }
  const rates = ['maxRate', 'maxRatePerInstance', 'maxRatePerEndpoint']
  if (mode === 'RATE' && !rates.some((member) => backend[member] !== undefined)) {
    throw invalid(`${at}.balancingMode`, mode, 'A maximum rate must be specified for RATE.')
  }
  const connections = ['maxConnections', 'maxConnectionsPerInstance', 'maxConnectionsPerEndpoint']
  if (mode === 'RATE' && connections.some((member) => backend[member] !== undefined)) {
    throw invalid(at, backend, 'Maximum connections cannot be specified for RATE.')
  }
}

/** What the groups show to be wrong. */
export function relateBackends(look: Look, spec: JsonObject, place: Place, references: readonly Reference[]): void {
  const groups = references.filter(({ spec: field }) => field.at === 'backends[].group')
  const kinds = new Set(groups.map(({ path }) => look.find(path)?.collection))
  if (kinds.size > 1) {
    throw invalid(
      'resource.backends',
      '',
      'Instance groups and network endpoint groups cannot be mixed in a backend service.',
    )
  }
  const hasCheck = listAt(spec, 'healthChecks').length > 0
  for (const { path, field, value } of groups) {
    const group = look.find(path)
    if (group === undefined) continue
    const type = textAt(group.spec, 'networkEndpointType')
    if (type === 'SERVERLESS') {
      if (hasCheck)
        throw invalid(
          'resource.healthChecks',
          '',
          'A backend service cannot have a health check with Serverless network endpoint group backends.',
        )
    } else if (!hasCheck && type !== 'INTERNET_FQDN_PORT' && type !== 'INTERNET_IP_PORT') {
      throw invalid(field, value, 'A backend service with such backends must have a health check.')
    }
    if (group.collection === 'instanceGroups') checkInstanceGroup(look, spec, place, group)
  }
}

function checkInstanceGroup(look: Look, spec: JsonObject, place: Place, group: Resource): void {
  const mode = modeOfGroup(spec, group.path)
  for (const other of look.holders(group.path)) {
    if (other.collection !== 'backendServices' || other.path === place.path) continue
    const theirs = modeOfGroup(other.spec, group.path)
    if (theirs === undefined || mode === undefined) continue
    // All who have the group agree, because each was checked so.
    if (theirs === mode) break
    // kubemci issue 216 reports the refusal; the text is not checked against the real service.
    throw new ApiError(
      400,
      'invalid',
      `Validation failed for instance group '${group.path}': backend services '${place.path}' and '${other.path}' point to the same instance group but the backends have incompatible balancing_mode. Values should be the same.`,
    )
  }
  for (const member of group.members) checkOneBalancedGroup(look, textAt(member, 'instance') ?? '', group)
}

function modeOfGroup(spec: JsonObject, path: string): string | undefined {
  const backend = objectsAt(spec, 'backends').find((item) => ofUrl(textAt(item, 'group') ?? '') === path)
  return backend === undefined ? undefined : modeOf(backend)
}

/** A machine can be in one instance group only that is a backend; network endpoint groups may hold its pods besides. */
export function checkOneBalancedGroup(look: Look, instanceUrl: string, group: Resource): void {
  const others = look
    .holders(memberToken(instanceUrl))
    .filter((other) => other !== group && other.collection === 'instanceGroups')
  const balanced = others.some((other) =>
    look.holders(other.path).some(({ collection }) => collection === 'backendServices'),
  )
  if (balanced) {
    throw new ApiError(
      400,
      'invalid',
      `Validation failed for instance '${ofUrl(instanceUrl)}': instance may belong to at most one load-balanced instance group.`,
    )
  }
}
