import type { Cloud } from '../../shared/engine/kind.ts'
import type { ClusterIngressWant } from '../../shared/planning/cluster-ingress.ts'
import type { GroupsFact } from '../../shared/planning/facts.ts'
import type { ClusterLayout, Layout } from '../../shared/planning/layout.ts'
import { zonesToKnow } from '../../shared/planning/zones.ts'

/** Where groups of a cluster are to be known of, for the want of its cluster-ingress. */
export function nodesOf(layout: Layout, cluster: ClusterLayout): Pick<ClusterIngressWant, 'nodes'> {
  const { registration, sight } = cluster.facts.doc
  if (sight === null) return {}
  const backends = layout.services.flatMap((service) => service.backends)
  return { nodes: { project: registration.project, zones: zonesToKnow(cluster.facts, backends) } }
}

/**
 * The controller writes its annotation once it has done everything in every zone. A zone whose nodes are still there stays
 * known whatever the annotation says; a new zone's group, which has the name of the others, serves as soon as it exists.
 */
export async function withNewZones(
  cloud: Cloud,
  fact: GroupsFact,
  nodes: ClusterIngressWant['nodes'],
  before: GroupsFact | undefined,
): Promise<GroupsFact> {
  if (fact.state !== 'known' || nodes === undefined) return fact
  const known = before?.state === 'known' ? before.groups : []
  const has = (groups: readonly { zone: string }[], zone: string): boolean =>
    groups.some((group) => group.zone === zone)
  const kept = known.filter(({ zone }) => nodes.zones.includes(zone) && !has(fact.groups, zone))
  const here = [...fact.groups, ...kept]
  const lacking = nodes.zones.filter((zone) => !has(here, zone))
  const [name, ...others] = new Set(here.map((group) => group.name))
  const found =
    name === undefined || others.length > 0
      ? []
      : await Promise.all(
          lacking.map(async (zone) => {
            const ref = { collection: 'instanceGroups', project: nodes.project, zone, name } as const
            return (await cloud.compute.get(ref)) === undefined ? [] : [{ zone, name }]
          }),
        )
  const groups = [...here, ...found.flat()].sort((a, b) => (`${a.zone}/${a.name}` < `${b.zone}/${b.name}` ? -1 : 1))
  const zones = lacking.filter((zone) => !has(groups, zone))
  if (zones.length === 0) return { state: 'known', groups }
  const waiting = before?.state === 'known' ? before.lacking : undefined
  const since = waiting?.zones.join() === zones.join() ? waiting.since : cloud.now()
  return { state: 'known', groups, lacking: { zones, since } }
}
