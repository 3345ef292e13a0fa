import type { NetworkEndpointGroup } from '../../shared/cloud/compute-resources.ts'
import type { Desired, Kind } from '../../shared/engine/kind.ts'
import type { Layout } from '../../shared/planning/layout.ts'
import { negId, negOwner, type NegOwner } from '../../shared/planning/negs.ts'
import { splitResourceId, type ResourceId } from '../../shared/resource-id.ts'

/** Nothing is wanted of it but that it is there, and to know whose: it and its endpoints are the in-cluster controller's. */
interface NegWant {
  there: true
  owner: 'known'
}

/** A group that is missing for longer than `patience` is at rest all the same: the sweep and the audit log tell when it comes. */
type Got = NetworkEndpointGroup | 'missing'

/**
 * Told to the planner, which goes on without a group that is not there, and uses none before it knows whose it is. One that was
 * last looked at by an earlier version says no owner.
 */
type Output = { absent: true; since: number } | { absent: false; owner?: NegOwner | null }

/** Milliseconds. */
const patience = 60_000

function desire(layout: Layout): Desired<NegWant>[] {
  const groups = new Map<ResourceId, Desired<NegWant>>()
  for (const service of layout.services) {
    if (service.mode !== 'neg') continue
    for (const backend of service.backends) {
      const cluster = layout.clusters.find((candidate) => candidate.name === backend.cluster)
      for (const group of backend.groups) {
        const id = negId(group)
        groups.set(id, { id, want: { there: true, owner: 'known' }, refs: cluster ? [cluster.ingressId] : [] })
      }
    }
  }
  return [...groups.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** One zonal network endpoint group of the in-cluster controller: seen, and never changed. */
export const networkEndpointGroup: Kind<NegWant, Got> = {
  name: 'network-endpoint-group',
  collections: ['networkEndpointGroups'],
  lives: ['clusters'],
  owned: [],
  desire,
  merge: () => ({ there: true, owner: 'known' }),
  async observe(cloud, id, want, before) {
    if (want === null) return { got: 'missing', owner: 'foreign', ownedBy: "it is the in-cluster controller's" }
    const [project = '', zone = '', name = ''] = splitResourceId(id).path
    const got = await cloud.compute.get({ collection: 'networkEndpointGroups', project, zone, name })
    const earlier = before as Output | null
    if (got !== undefined)
      return { got, owner: 'ours', output: { absent: false, owner: negOwner(got.description) } satisfies Output }
    const since = earlier?.absent === true ? earlier.since : cloud.now()
    const waited = cloud.now() - since
    const output: Output = { absent: true, since }
    if (waited >= patience) return { got: 'missing', owner: 'ours', output }
    return {
      got: undefined,
      owner: 'ours',
      output,
      pending: {
        after: waited < 10_000 ? 500 : 5_000,
        why: 'the network endpoint group does not exist; the in-cluster controller makes it',
      },
    }
  },
  project: () => ({}),
  create: () => Promise.reject(new Error('a network endpoint group is never made by us')),
  remove: () => Promise.reject(new Error('a network endpoint group is never removed by us')),
}
