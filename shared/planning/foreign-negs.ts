import type { IngressModel } from '../ingress/model.ts'
import type { ClusterFacts } from './facts.ts'
import type { NegFact, NegOwner } from './negs.ts'
import { groupPath, groupsInView, splitGroupPath } from './zones.ts'

/**
 * Which network endpoint groups a Service has is written in an annotation of it, and in objects of its namespace: by the in-cluster
 * controller, and by whoever else may edit there. A group itself says whose it is, by a description from its making: one of
 * another namespace, or of another cluster, is not used. Of one without a description (people made it) nothing is known, and it
 * is taken as it is named; by one cluster only, the one for which this Ingress already has it, else the first by name: the API
 * refuses a backend service that has a group twice. What the Service had stays in place of others' (successors.ts).
 */
export function withForeignNegs(
  { namespace }: Pick<IngressModel, 'namespace'>,
  clusters: readonly ClusterFacts[],
): ClusterFacts[] {
  const byUid = new Map(clusters.flatMap(({ doc }) => (doc.sight?.uid ? [[doc.sight.uid, doc.name] as const] : [])))
  const stranger = (cluster: ClusterFacts, path: string): string | undefined => {
    const owner = cluster.owners?.[path]
    return owner ? strangerOf(owner, namespace, cluster, byUid) : undefined
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
    if (foreign.length === 0) return cluster
    const what = foreign.map((path) => {
      const { zone, name } = splitGroupPath(path)
      return `${name} in ${zone}, which is of ${whoseElse(cluster, path) ?? ''}`
    })
    const why = `it names network endpoint groups of others as its own (${what.join('; ')}), and they are not used: has somebody edited the annotation cloud.google.com/neg-status of a Service?`
    return { ...cluster, foreign, trouble: cluster.trouble === null ? why : `${cluster.trouble}; ${why}` }
  })
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
