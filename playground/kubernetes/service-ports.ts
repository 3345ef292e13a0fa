import type { Random } from '../world.ts'
import { nodePortRange, type ServiceAllocator } from './admission/service.ts'
import { items, number, text, type Json } from './json.ts'
import { services } from './kinds.ts'
import { keyOf, type KubeObject } from './object.ts'
import type { ObjectStore } from './store.ts'

/** Node ports and cluster IPs of a cluster, followed from the Services in the store. */
export interface ServicePorts extends ServiceAllocator {
  /** The Service behind a node port now, with the entry of its spec.ports. */
  behind(nodePort: number): { service: KubeObject; port: Json } | undefined
}

/** GKE's default range for Services: 34.118.224.0/20. */
const clusterIpCount = 16 * 256

/** Follows the Services; node ports are drawn at random, as by the real allocator, so that they differ between clusters. */
export function createServicePorts(store: ObjectStore, random: Random): ServicePorts {
  const holders = new Map<number, string>()
  const addresses = new Set<string>()

  store.onChange(({ kind, type, object, previous }) => {
    if (kind !== services) return
    for (const port of items(previous, 'spec', 'ports')) {
      const nodePort = number(port, 'nodePort')
      if (nodePort !== undefined && previous !== undefined && holders.get(nodePort) === keyOf(previous))
        holders.delete(nodePort)
    }
    const oldAddress = text(previous, 'spec', 'clusterIP')
    if (oldAddress !== undefined) addresses.delete(oldAddress)
    if (type === 'DELETED') return
    for (const port of items(object, 'spec', 'ports')) {
      const nodePort = number(port, 'nodePort')
      if (nodePort !== undefined) holders.set(nodePort, keyOf(object))
    }
    const address = text(object, 'spec', 'clusterIP')
    if (address !== undefined) addresses.add(address)
  })

  return {
    holder: (nodePort) => holders.get(nodePort),
    freeNodePort(taken) {
      const count = nodePortRange.last - nodePortRange.first + 1
      const start = Math.floor(random() * count)
      for (let step = 0; step < count; step += 1) {
        const candidate = nodePortRange.first + ((start + step) % count)
        if (!holders.has(candidate) && !taken.has(candidate)) return candidate
      }
      throw new RangeError('failed to allocate a nodePort: range is full')
    },
    freeClusterIp() {
      const start = Math.floor(random() * clusterIpCount)
      for (let step = 0; step < clusterIpCount; step += 1) {
        const index = (start + step) % clusterIpCount
        const address = `34.118.${224 + Math.floor(index / 256)}.${index % 256}`
        if (!addresses.has(address)) return address
      }
      throw new RangeError('failed to allocate IP: range is full')
    },
    behind(nodePort) {
      const [namespace, name] = holders.get(nodePort)?.split('/') ?? []
      const service = name === undefined ? undefined : store.get(services, namespace, name)
      const port = items(service, 'spec', 'ports').find((entry) => number(entry, 'nodePort') === nodePort)
      return service === undefined || port === undefined ? undefined : { service, port }
    },
  }
}
