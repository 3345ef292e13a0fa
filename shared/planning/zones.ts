import type { ClusterFacts, ServedGroup } from './facts.ts'
import { zonePath } from './names.ts'

/** One instance group of a cluster, as a service's layout sees it. */
export interface ZoneGroup {
  project: string
  zone: string
  name: string
  /** Its zone has no nodes left, or is about to have none: no new traffic. */
  leaving?: true
  /** It does not exist, though the in-cluster controller says so: it is waited for. */
  missing?: true
}

/**
 * The groups of a cluster that a service is, or still is, served from. A zone is left only when the cluster says that it has
 * no nodes there: first without new traffic, and once the load balancer was seen to be so, for good. `served` is what the
 * backend service was last wanted to have.
 */
export function zoneGroups(cluster: ClusterFacts, served: readonly ServedGroup[]): ZoneGroup[] {
  const { view, doc, missing = [] } = cluster
  const { project } = doc.registration
  if (view?.groups.state !== 'known') return []
  return view.groups.groups.flatMap(({ zone, name }): ZoneGroup[] => {
    const group = { project, zone, name }
    const path = zonePath(project, zone, 'instanceGroups', name)
    if (missing.includes(path)) return [{ ...group, missing: true }]
    if (doc.sight === null) return [group]
    if (doc.sight.zones.some((seen) => seen.zone === zone))
      return [doc.sight.leavingZones?.includes(zone) ? { ...group, leaving: true } : group]
    const before = served.find((one) => one.group === path)
    return before === undefined || before.idle ? [] : [{ ...group, leaving: true }]
  })
}

/**
 * The API takes no capacity away from the last backend, and somebody must answer: where nothing else would be left, leaving
 * groups stay as they are.
 */
export function keepOneGroup(backends: readonly { drained: boolean; groups: ZoneGroup[] }[]): void {
  const groups = backends.filter((backend) => !backend.drained).flatMap((backend) => backend.groups)
  if (groups.some((group) => group.leaving !== true && group.missing !== true)) return
  for (const group of groups) delete group.leaving
}

/** Zones that a cluster is to have groups in: those with nodes, and those that traffic has not left yet. */
export function zonesToKnow(
  cluster: ClusterFacts,
  backends: readonly { cluster: string; groups: ZoneGroup[] }[],
): string[] {
  const nodes = cluster.doc.sight?.zones.map(({ zone }) => zone) ?? []
  const used = backends
    .filter((backend) => backend.cluster === cluster.doc.name)
    .flatMap((backend) => backend.groups.map((group) => group.zone))
  return [...new Set([...nodes, ...used])].sort()
}
