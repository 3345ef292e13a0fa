import { resourceId, type ResourceId } from '../resource-id.ts'
import type { ClusterFacts } from './facts.ts'

/** A group that this Ingress already has for a cluster. */
export interface HeldGroup {
  /** The group's named ports. */
  id: ResourceId
  cluster: string
}

/**
 * Which groups a cluster has is written in an annotation of its Ingress object, by the in-cluster controller, and by whoever else
 * may edit the object. A group has one cluster: the one for which this Ingress already has it, else the first by name.
 * The others are taken not to have named it, so that nobody gives another cluster's nodes ports of their own, doubles them (the
 * API then refuses the whole backend service) or has them taken away.
 */
export function withoutDisputedGroups(clusters: readonly ClusterFacts[], held: readonly HeldGroup[]): ClusterFacts[] {
  const names = (cluster: ClusterFacts): ResourceId[] => {
    const { view, doc } = cluster
    if (view?.groups.state !== 'known' || doc.leaving) return []
    return view.groups.groups.map(({ zone, name }) => groupId(doc.registration.project, zone, name))
  }
  const claimants = new Map<ResourceId, string[]>()
  for (const cluster of clusters)
    for (const id of new Set(names(cluster))) claimants.set(id, [...(claimants.get(id) ?? []), cluster.doc.name])
  const ownerOf = (id: ResourceId): string | undefined => {
    const named = claimants.get(id) ?? []
    return held.find((one) => one.id === id && named.includes(one.cluster))?.cluster ?? [...named].sort()[0]
  }
  return clusters.map((cluster) => {
    const { view, doc } = cluster
    const taken = names(cluster).filter((id) => ownerOf(id) !== doc.name)
    if (view?.groups.state !== 'known' || taken.length === 0) return cluster
    const owners = [...new Set(taken.map(ownerOf))].sort().join(', ')
    const groups = view.groups.groups.filter(
      ({ zone, name }) => !taken.includes(groupId(doc.registration.project, zone, name)),
    )
    return {
      ...cluster,
      view: { ...view, groups: { ...view.groups, groups } },
      trouble: `it names instance groups of cluster ${owners} as its own: is it registered twice, or has somebody edited the annotation of its Ingress object?`,
    }
  })
}

function groupId(project: string, zone: string, name: string): ResourceId {
  return resourceId('named-ports', project, zone, name)
}
