import type { ClusterFacts, ClusterView, ServedGroup } from './facts.ts'
import type { BackendMode } from './modes.ts'
import { zonePath } from './names.ts'

/** One instance group or network endpoint group of a cluster, as a service's layout sees it. */
export interface ZoneGroup {
  project: string
  zone: string
  name: string
  /** Its zone has no nodes left, or is about to have none: no new traffic. */
  leaving?: true
  /** It does not exist, though the in-cluster controller says so: it is waited for. */
  missing?: true
  /** It has never served, and it is not known yet whose it is: nothing is sent there before that is seen. */
  unseen?: true
  /** It is somebody else's: nothing is sent there, and it is looked at in case it becomes the cluster's own. */
  foreign?: true
}

/** Where groups of a mode are in Compute. */
export const groupCollection = { 'instance-groups': 'instanceGroups', neg: 'networkEndpointGroups' } as const

/** `projects/P/zones/Z/instanceGroups/N`, or `.../networkEndpointGroups/N`. */
export function groupPath(
  mode: BackendMode,
  { project, zone, name }: Pick<ZoneGroup, 'project' | 'zone' | 'name'>,
): string {
  return zonePath(project, zone, groupCollection[mode], name)
}

/** Where a group is, by its path. */
export function splitGroupPath(path: string): {
  collection: 'instanceGroups' | 'networkEndpointGroups'
  project: string
  zone: string
  name: string
} {
  const [, project = '', , zone = '', collection = '', name = ''] = path.split('/')
  return {
    collection: collection === groupCollection.neg ? collection : groupCollection['instance-groups'],
    project,
    zone,
    name,
  }
}

/** Everything that a cluster has for an Ingress, of either mode, in a stable order. */
export function groupsInView(view: ClusterView | null): { mode: BackendMode; zone: string; name: string }[] {
  if (view === null) return []
  const groups = view.groups.state === 'known' ? view.groups.groups : []
  const negs = Object.values(view.services).flatMap((service) =>
    service.found ? Object.values(service.negs ?? {}).flat() : [],
  )
  return [
    ...groups.map((group) => ({ mode: 'instance-groups' as const, ...group })),
    ...negs.map((neg) => ({ mode: 'neg' as const, ...neg })),
  ]
}

/**
 * Of the groups that a cluster names for a service, those that it is, or still is, served from. A zone is left only when the
 * cluster says that it has no nodes there: first without new traffic, and once the load balancer was seen to be so, for good.
 * `served` is what the backend service was last wanted to have.
 */
export function zoneGroups(
  cluster: ClusterFacts,
  mode: BackendMode,
  named: readonly { zone: string; name: string }[],
  served: readonly ServedGroup[],
): ZoneGroup[] {
  const { doc, missing = [], owners = {}, foreign = [] } = cluster
  const { project } = doc.registration
  return named.flatMap(({ zone, name }): ZoneGroup[] => {
    const group = { project, zone, name }
    const path = groupPath(mode, group)
    if (missing.includes(path)) return [{ ...group, missing: true }]
    if (foreign.includes(path)) return [{ ...group, foreign: true }]
    const before = served.find((one) => one.group === path)
    const hasNodes = doc.sight === null || doc.sight.zones.some((seen) => seen.zone === zone)
    if (mode === 'neg' && hasNodes && owners[path] === undefined && before === undefined)
      return [{ ...group, unseen: true }]
    if (hasNodes) return [doc.sight?.leavingZones?.includes(zone) ? { ...group, leaving: true } : group]
    return before === undefined || before.idle ? [] : [{ ...group, leaving: true }]
  })
}

/**
 * The API takes no capacity away from the last backend, and somebody must answer: where nothing else would be left, leaving
 * groups stay as they are.
 */
export function keepOneGroup(backends: readonly { drained: boolean; groups: ZoneGroup[] }[]): void {
  const groups = backends.filter((backend) => !backend.drained).flatMap((backend) => backend.groups)
  if (groups.some((group) => group.leaving !== true && isThere(group))) return
  for (const group of groups) delete group.leaving
}

/** Something can be sent there, or could be. */
export function isThere({ missing, unseen, foreign }: ZoneGroup): boolean {
  return missing !== true && unseen !== true && foreign !== true
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
