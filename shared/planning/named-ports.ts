import type { NamedPort } from '../cloud/compute-resources.ts'
import type { Desired } from '../engine/kind.ts'
import { resourceId } from '../resource-id.ts'
import type { Layout } from './layout.ts'

/** The named ports that an Ingress needs on one instance group; several Ingresses share a group. */
export interface NamedPortsWant {
  ports: NamedPort[]
}

/**
 * What a layout wants of each instance group: one named port per service, mapped to the group's cluster's own NodePort.
 * Groups that do not exist are waited for; `there` leaves them out.
 */
export function named(layout: Layout, which: 'all' | 'there' = 'all'): Desired<NamedPortsWant>[] {
  const groups = new Map<string, Desired<NamedPortsWant>>()
  // What still may be sent to keeps its names: another service on the same group makes the removal of one a mere change.
  for (const service of [...layout.services, ...layout.lingering]) {
    for (const backend of service.backends) {
      if (backend.nodePort === null) continue
      const cluster = layout.clusters.find((candidate) => candidate.name === backend.cluster)
      for (const group of backend.groups) {
        if (which === 'there' && group.missing === true) continue
        const id = resourceId('named-ports', group.project, group.zone, group.name)
        const desired = groups.get(id) ?? { id, want: { ports: [] }, refs: cluster ? [cluster.ingressId] : [] }
        desired.want.ports.push({ name: service.namedPort, port: backend.nodePort })
        groups.set(id, desired)
      }
    }
  }
  for (const { want } of groups.values()) want.ports.sort((a, b) => (a.name < b.name ? -1 : 1))
  return [...groups.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
}
