import { invalidValue, notSupported, required, type Cause } from '../api-error.ts'
import { at, fields, isObject, items, number, text, type Json, type JsonObject } from '../json.ts'
import { keyOf, withMembers, type KubeObject } from '../object.ts'

/** The addresses and ports that a cluster hands out to Services. */
export interface ServiceAllocator {
  /** The Service that holds a node port, as `namespace/name`. */
  holder(nodePort: number): string | undefined
  /** A free node port that is not in `taken`. */
  freeNodePort(taken: ReadonlySet<number>): number
  freeClusterIp(): string
}

/** The range of node ports of a cluster, both ends included: the default of the real API server. */
export const nodePortRange = { first: 30_000, last: 32_767 } as const

const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']

/** A Service with defaults, cluster IP and node ports; what the previous version was given stays. */
export function admitService(
  service: KubeObject,
  previous: KubeObject | undefined,
  allocator: ServiceAllocator,
): KubeObject {
  const type = text(service, 'spec', 'type') ?? 'ClusterIP'
  const wantsNodePorts = type === 'NodePort' || type === 'LoadBalancer'
  const taken = new Set(items(service, 'spec', 'ports').map((port) => number(port, 'nodePort') ?? 0))
  const ports = items(service, 'spec', 'ports').map((port): Json => {
    if (!isObject(port)) return port
    const { nodePort: requested, ...rest } = port
    const protocol = text(port, 'protocol') ?? 'TCP'
    const defaulted: JsonObject = { ...rest, protocol, targetPort: port['targetPort'] ?? port['port'] }
    if (!wantsNodePorts) return defaulted
    if (typeof requested === 'number' && requested !== 0) return { ...defaulted, nodePort: requested }
    const kept = items(previous, 'spec', 'ports').find(
      (old) => number(old, 'port') === port['port'] && (text(old, 'protocol') ?? 'TCP') === protocol,
    )
    const nodePort = number(kept, 'nodePort') ?? allocator.freeNodePort(taken)
    taken.add(nodePort)
    return { ...defaulted, nodePort }
  })
  const spec: Record<string, Json | undefined> = {
    sessionAffinity: 'None',
    internalTrafficPolicy: 'Cluster',
    ...(wantsNodePorts ? { externalTrafficPolicy: 'Cluster' } : {}),
    ...(type === 'LoadBalancer' ? { allocateLoadBalancerNodePorts: true } : {}),
    ...fields(service, 'spec'),
    type,
  }
  if (ports.length > 0) spec['ports'] = ports
  if (!wantsNodePorts) Reflect.deleteProperty(spec, 'externalTrafficPolicy')
  if (type !== 'ExternalName') {
    const given = text(spec, 'clusterIP') ?? ''
    const clusterIp = given === '' ? (text(previous, 'spec', 'clusterIP') ?? allocator.freeClusterIp()) : given
    Object.assign(spec, {
      clusterIP: clusterIp,
      clusterIPs: [clusterIp],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
    })
  }
  return withMembers(service, { spec, status: at(service, 'status') ?? { loadBalancer: {} } })
}

/** What is wrong with a Service that has been given its defaults. */
export function serviceCauses(
  service: KubeObject,
  previous: KubeObject | undefined,
  allocator: ServiceAllocator,
): Cause[] {
  const causes: Cause[] = []
  const type = text(service, 'spec', 'type') ?? ''
  if (!types.includes(type)) causes.push(notSupported('spec.type', type, types))
  const ports = items(service, 'spec', 'ports')
  const headless = text(service, 'spec', 'clusterIP') === 'None'
  if (ports.length === 0 && type !== 'ExternalName' && !headless) causes.push(required('spec.ports', ''))
  const names = new Set<string>()
  const nodePorts = new Set<number>()
  for (const [index, port] of ports.entries()) {
    const field = `spec.ports[${index}]`
    const name = text(port, 'name') ?? ''
    if (name === '' && ports.length > 1) causes.push(required(`${field}.name`, ''))
    if (name !== '' && names.has(name))
      causes.push({ reason: 'FieldValueInvalid', field: `${field}.name`, message: `Duplicate value: "${name}"` })
    names.add(name)
    causes.push(...portCauses(at(port, 'port'), `${field}.port`))
    const target = at(port, 'targetPort')
    if (typeof target === 'number') causes.push(...portCauses(target, `${field}.targetPort`))
    const protocol = text(port, 'protocol') ?? ''
    if (!['SCTP', 'TCP', 'UDP'].includes(protocol))
      causes.push(notSupported(`${field}.protocol`, protocol, ['SCTP', 'TCP', 'UDP']))
    const nodePort = number(port, 'nodePort')
    if (nodePort !== undefined)
      causes.push(...nodePortCauses(service, nodePort, `${field}.nodePort`, nodePorts, allocator))
  }
  const before = text(previous, 'spec', 'clusterIP')
  const now = text(service, 'spec', 'clusterIP')
  if (before !== undefined && now !== undefined && before !== now) {
    causes.push(invalidValue('spec.clusterIPs[0]', [now], 'may not change once set'))
  }
  return causes
}

function nodePortCauses(
  service: KubeObject,
  nodePort: number,
  field: string,
  seen: Set<number>,
  allocator: ServiceAllocator,
): Cause[] {
  if (nodePort < nodePortRange.first || nodePort > nodePortRange.last) {
    const range = `${nodePortRange.first}-${nodePortRange.last}`
    return [
      invalidValue(field, nodePort, `provided port is not in the valid range. The range of valid ports is ${range}`),
    ]
  }
  const holder = allocator.holder(nodePort)
  const taken = seen.has(nodePort) || (holder !== undefined && holder !== keyOf(service))
  seen.add(nodePort)
  return taken ? [invalidValue(field, nodePort, 'provided port is already allocated')] : []
}

function portCauses(port: Json | undefined, field: string): Cause[] {
  return typeof port === 'number' && Number.isInteger(port) && port >= 1 && port <= 65_535
    ? []
    : [invalidValue(field, port ?? 0, 'must be between 1 and 65535, inclusive')]
}
