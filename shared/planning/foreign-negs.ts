import type { IngressModel } from '../ingress/model.ts'
import { derivedName, servedIn } from './derived.ts'
import type { ClusterFacts, ServiceFact } from './facts.ts'
import type { NegFact, NegOwner } from './negs.ts'
import { groupPath, groupsInView, splitGroupPath } from './zones.ts'

/**
 * Which network endpoint groups a Service has is written in an annotation of it, and in objects of its namespace: by the in-cluster
 * controller, and by whoever else may edit there. A group itself says whose it is, by a description from its making: one of
 * another namespace, or of another cluster, is not used. Of one without a description (people made it) nothing is known, and it
 * is taken as it is named; by one cluster only, the one for which this Ingress already has it, else the first by name: the API
 * refuses a backend service that has a group twice. While any that a Service names was not seen to be its own, those that it
 * had stay.
 */
export function withForeignNegs(
  model: Pick<IngressModel, 'namespace' | 'name' | 'services'>,
  clusters: readonly ClusterFacts[],
): ClusterFacts[] {
  const byUid = new Map(clusters.flatMap(({ doc }) => (doc.sight?.uid ? [[doc.sight.uid, doc.name] as const] : [])))
  const stranger = (cluster: ClusterFacts, path: string): string | undefined => {
    const owner = cluster.owners?.[path]
    return owner ? strangerOf(owner, model.namespace, cluster, byUid) : undefined
  }
  const holders = new Map<string, ClusterFacts>()
  for (const cluster of [...clusters].sort((a, b) => (a.doc.name < b.doc.name ? -1 : 1)))
    for (const path of namedBy(cluster).filter((one) => stranger(cluster, one) === undefined))
      if (!holders.has(path) || (isKnown(cluster, path) && !isKnown(holders.get(path), path)))
        holders.set(path, cluster)
  const whoseElse = (cluster: ClusterFacts, path: string): string | undefined => {
    const holder = holders.get(path)
    const other = holder === undefined || holder === cluster ? undefined : `cluster ${holder.doc.name}`
    return stranger(cluster, path) ?? other
  }
  return clusters.map((cluster) => {
    if (cluster.view === null) return cluster
    const foreign = namedBy(cluster).filter((path) => whoseElse(cluster, path) !== undefined)
    const mine = (path: string): boolean => cluster.owners?.[path] !== undefined && !foreign.includes(path)
    const services = Object.entries(cluster.view.services).map(([name, fact]): [string, ServiceFact] => [
      name,
      fact.found && fact.negs !== undefined
        ? { ...fact, negs: withThoseOfBefore(model, cluster, name, fact.negs, mine) }
        : fact,
    ])
    const view = { ...cluster.view, services: Object.fromEntries(services) }
    if (foreign.length === 0) return { ...cluster, view }
    const what = foreign.map((path) => {
      const { zone, name } = splitGroupPath(path)
      return `${name} in ${zone}, which is of ${whoseElse(cluster, path) ?? ''}`
    })
    const why = `it names network endpoint groups of others as its own (${what.join('; ')}), and they are not used: has somebody edited the annotation cloud.google.com/neg-status of a Service?`
    return { ...cluster, view, foreign, trouble: cluster.trouble === null ? why : `${cluster.trouble}; ${why}` }
  })
}

/** The groups of a Service's ports with those that were seen to be its own, where one that is named was not, or is not there. */
function withThoseOfBefore(
  model: Pick<IngressModel, 'namespace' | 'name' | 'services'>,
  cluster: ClusterFacts,
  service: string,
  negs: Record<string, NegFact[]>,
  mine: (path: string) => boolean,
): Record<string, NegFact[]> {
  const { sight } = cluster.doc
  const inCluster = servedIn(model, cluster.doc) === undefined ? service : derivedName(model, service)
  const pathOf = (neg: NegFact): string => pathIn(cluster, neg)
  return Object.fromEntries(
    Object.entries(negs).map(([port, named]) => {
      // A group in a zone without nodes is of no use, and is not looked at.
      const used = named.filter(({ zone }) => sight === null || sight.zones.some((one) => one.zone === zone))
      if (used.every((neg) => mine(pathOf(neg)))) return [port, named]
      const had = Object.entries(cluster.owners ?? {}).flatMap(([path, owner]): NegFact[] => {
        const its = owner?.service === inCluster && owner.port === port && mine(path)
        const { zone, name } = splitGroupPath(path)
        return its && !named.some((neg) => pathOf(neg) === path) ? [{ zone, name }] : []
      })
      return [port, [...named, ...had].sort((a, b) => (pathOf(a) < pathOf(b) ? -1 : 1))]
    }),
  )
}

function pathIn({ doc }: ClusterFacts, neg: NegFact): string {
  return groupPath('neg', { project: doc.registration.project, ...neg })
}

function namedBy(cluster: ClusterFacts): string[] {
  if (cluster.doc.leaving) return []
  return [...new Set(groupsInView(cluster.view).flatMap((one) => (one.mode === 'neg' ? [pathIn(cluster, one)] : [])))]
}

/** It was looked at for this cluster. */
function isKnown(cluster: ClusterFacts | undefined, path: string): boolean {
  return cluster?.owners?.[path] !== undefined || cluster?.missing?.includes(path) === true
}

/** Who else's a group is, in words; undefined = nobody else's, as far as that can be known. */
function strangerOf(
  owner: NegOwner,
  namespace: string,
  { doc }: ClusterFacts,
  byUid: ReadonlyMap<string, string>,
): string | undefined {
  if (owner.namespace !== namespace) return `namespace ${owner.namespace}`
  if (owner.cluster === '' || owner.cluster === doc.sight?.uid) return undefined
  const other = byUid.get(owner.cluster)
  if (other !== undefined) return `cluster ${other}`
  return doc.sight?.uid === undefined ? undefined : `another cluster (${owner.cluster})`
}
