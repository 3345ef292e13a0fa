import type { IngressModel } from '../ingress/model.ts'
import { derivedName, servedIn } from './derived.ts'
import type { ClusterFacts, ServedGroup } from './facts.ts'
import type { NegFact } from './negs.ts'
import { groupPath, isThere, splitGroupPath, zoneGroups, type ZoneGroup } from './zones.ts'

/** The network endpoint groups of one port of a Service in one cluster. */
export interface Succession {
  groups: ZoneGroup[]
  /** Those, by path, that are to be healthy before the groups go whose place they take. */
  successors: string[]
}

/**
 * A Service that names other network endpoint groups than it was served by (its custom name was changed) is served by both, zone
 * by zone, until the new one was seen to be healthy: its endpoints get traffic as soon as it is a backend, and before that the
 * load balancer has not checked them. What takes the place of somebody else's group stays for as long as that one is named.
 */
export function succeeding(
  model: Pick<IngressModel, 'namespace' | 'name' | 'services'>,
  service: string,
  port: number,
  cluster: ClusterFacts,
  negs: readonly NegFact[],
  served: readonly ServedGroup[],
): Succession {
  const named = zoneGroups(cluster, 'neg', negs, served)
  const paths = new Set(named.map((group) => groupPath('neg', group)))
  const inCluster = servedIn(model, cluster.doc) === undefined ? service : derivedName(model, service)
  const before = served.flatMap(({ group: path }): NegFact[] => {
    const owner = cluster.owners?.[path]
    const its = owner?.service === inCluster && owner.port === String(port) && cluster.foreign?.includes(path) !== true
    const { zone, name } = splitGroupPath(path)
    return its && !paths.has(path) ? [{ zone, name }] : []
  })
  const isProven = (group: ZoneGroup): boolean =>
    isThere(group) && served.some((one) => one.group === groupPath('neg', group) && one.proven === true)
  const after = (zone: string): ZoneGroup[] => named.filter((group) => group.zone === zone)
  const kept = before.filter(
    ({ zone }) =>
      (after(zone).length > 0 && !after(zone).some(isProven)) || named.some((group) => group.foreign === true),
  )
  const zones = new Set(kept.map(({ zone }) => zone))
  return {
    groups: [...named, ...zoneGroups(cluster, 'neg', kept, served)],
    successors: named
      .filter((group) => zones.has(group.zone) && isThere(group))
      .map((group) => groupPath('neg', group)),
  }
}
