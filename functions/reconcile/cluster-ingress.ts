import { CloudError } from '../../shared/cloud/compute-port.ts'
import type { IngressObject } from '../../shared/cloud/kubernetes-port.ts'
import type { Cloud, Kind } from '../../shared/engine/kind.ts'
import type { ClusterLayout, Layout } from '../../shared/planning/layout.ts'
import { zonesToKnow } from '../../shared/planning/zones.ts'
import {
  managedAnnotation,
  matchingObject,
  looksOf,
  zonesText,
  type ClusterIngressWant,
} from '../../shared/planning/cluster-ingress.ts'
import type { ClusterView, GroupsFact } from '../../shared/planning/facts.ts'
import { hashOf } from '../../shared/json.ts'
import { lastPart } from '../../shared/planning/names.ts'
import { splitResourceId, type ResourceId } from '../../shared/resource-id.ts'
import { absentIn, look } from './cluster-looks.ts'

/** Written by the in-cluster controller for the class gce-multi-cluster: JSON list of {Name, Zone}, Zone a URL (peers.md C). */
const groupsAnnotation = 'ingress.gcp.kubernetes.io/instance-groups'

/** After this it is said that the in-cluster controller does not act, and the other clusters go on without. Milliseconds. */
const groupsPatience = 120_000

/** What is missing may come any time: looked for again at this pace. Milliseconds. */
const missingPace = 30_000

/** While a visit polls for the groups, all else is read again only after this. Milliseconds. */
const looksFresh = 5_000

interface Got {
  object: IngressObject | undefined
  onlyLooking: boolean
}

/** One cluster's part in one Ingress: the matching object is applied there, and what the planner must know is read there. */
export const clusterIngress: Kind<ClusterIngressWant, Got> = {
  name: 'cluster-ingress',
  owned: ['object'],
  desire: (layout) =>
    layout.clusters.map((cluster) => ({
      id: cluster.ingressId,
      want: { ...looksOf(layout.model), ...nodesOf(layout, cluster), object: matchingObject(layout.model, zonesText(cluster.facts)) },
      refs: [],
    })),

  async observe(cloud, id, want, before) {
    const { cluster, namespace, name } = parts(id)
    const client = await cloud.cluster(cluster)
    if (client === undefined) {
      if (want === null) return { got: undefined, owner: 'ours' }
      throw new CloudError(0, '', `cluster ${cluster} is not registered`)
    }
    if (want === null) {
      const object = await client.ingress(namespace, name)
      return {
        got: object?.metadata.annotations?.[managedAnnotation] === 'true' ? { object, onlyLooking: false } : undefined,
        owner: 'ours',
      }
    }
    const { object: _object, nodes, ...looks } = want
    const [object, seen] = await Promise.all([
      client.ingress(namespace, name),
      // What is named may change within a visit: then what was read before says nothing.
      cloud.recall(hashOf(looks), looksFresh, () => look(client, namespace, looks)),
    ])
    const onlyLooking = want.object === null
    const earlier = (before as ClusterView | null)?.groups
    const groups = await withNewZones(
      cloud,
      groupsOf(object, onlyLooking, earlier, cloud.now()),
      onlyLooking ? undefined : nodes,
      earlier,
    )
    const lacking = groups.state === 'known' && groups.lacking !== undefined ? groups.lacking : undefined
    const output: ClusterView = { ...seen, groups }
    const absent = absentIn(seen)
    const pending =
      groups.state === 'pending'
        ? {
            after: pollEvery(cloud.now() - groups.since),
            why: 'waits for the in-cluster controller to write the instance groups',
          }
        : groups.state === 'overdue'
          ? {
              after: missingPace,
              why: 'the in-cluster controller has written no instance groups: is the GKE Ingress controller (HttpLoadBalancing) enabled there?',
            }
          : absent.length > 0
            ? {
                after: missingPace,
                why: `${absent.join(', ')} does not exist in namespace ${namespace} of this cluster`,
              }
            : lacking !== undefined && cloud.now() - lacking.since < groupsPatience
              ? {
                  after: pollEvery(cloud.now() - lacking.since),
                  why: `waits for the in-cluster controller to make an instance group in ${lacking.zones.join(', ')}`,
                }
              : undefined
    return {
      got: object === undefined && !onlyLooking ? undefined : { object, onlyLooking },
      owner: 'ours',
      output,
      ...(pending && (object || onlyLooking) ? { pending } : {}),
    }
  },

  project: (got) => (got.onlyLooking ? { object: null } : { object: objectOf(got.object) }),

  create: apply,
  update: (cloud, id, want, _got, _changes, requestId) => apply(cloud, id, want, requestId),

  async remove(cloud, id) {
    const { cluster, namespace, name } = parts(id)
    const client = await cloud.cluster(cluster)
    await client?.deleteIngress(namespace, name)
    return null
  },
}

async function apply(
  cloud: Parameters<typeof clusterIngress.create>[0],
  id: ResourceId,
  want: ClusterIngressWant,
  _requestId: string,
): Promise<null> {
  const { cluster, namespace, name } = parts(id)
  const client = await cloud.cluster(cluster)
  if (client === undefined) throw new CloudError(0, '', `cluster ${cluster} is not registered`)
  if (want.object !== null) {
    const { labels, annotations, spec } = want.object
    // One Ingress, matching objects: what somebody else wrote into our fields is taken over (Federated Ingress' adoption).
    await client.applyIngress({ metadata: { name, namespace, labels, annotations }, spec }, true)
  }
  return null
}

function parts(id: ResourceId): { cluster: string; namespace: string; name: string } {
  const [cluster = '', namespace = '', name = ''] = splitResourceId(id).path
  return { cluster, namespace, name }
}

/** Annotations and labels of others stay: only those that we want are compared, member by member. */
function objectOf(object: IngressObject | undefined): NonNullable<ClusterIngressWant['object']> | null {
  return object === undefined
    ? null
    : { labels: object.metadata.labels ?? {}, annotations: object.metadata.annotations ?? {}, spec: object.spec }
}

function groupsOf(
  object: IngressObject | undefined,
  onlyLooking: boolean,
  before: GroupsFact | undefined,
  now: number,
): GroupsFact {
  const groups = parseGroups(object?.metadata.annotations?.[groupsAnnotation])
  if (groups !== undefined && groups.length > 0) return { state: 'known', groups }
  // The controller rewrites its annotation now and then; known groups stay known until it names others.
  if (before?.state === 'known' && object !== undefined) return before
  if (onlyLooking && object === undefined) return { state: 'none' }
  const since = before?.state === 'pending' || before?.state === 'overdue' ? before.since : now
  return { state: now - since > groupsPatience ? 'overdue' : 'pending', since }
}

function nodesOf(layout: Layout, cluster: ClusterLayout): Pick<ClusterIngressWant, 'nodes'> {
  const { registration, sight } = cluster.facts.doc
  if (sight === null) return {}
  const backends = layout.services.flatMap((service) => service.backends)
  return { nodes: { project: registration.project, zones: zonesToKnow(cluster.facts, backends) } }
}

/**
 * The controller writes its annotation once it has done everything in every zone. A zone whose nodes are still there stays
 * known whatever the annotation says; a new zone's group, which has the name of the others, serves as soon as it exists.
 */
async function withNewZones(
  cloud: Cloud,
  fact: GroupsFact,
  nodes: ClusterIngressWant['nodes'],
  before: GroupsFact | undefined,
): Promise<GroupsFact> {
  if (fact.state !== 'known' || nodes === undefined) return fact
  const known = before?.state === 'known' ? before.groups : []
  const has = (groups: readonly { zone: string }[], zone: string): boolean => groups.some((group) => group.zone === zone)
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

/** Fast at first, because the whole chain waits; then with patience. */
function pollEvery(waited: number): number {
  return waited < 5_000 ? 100 : waited < 30_000 ? 1_000 : 10_000
}

function parseGroups(annotation: string | undefined): { zone: string; name: string }[] | undefined {
  if (annotation === undefined || annotation.length > 100_000) return undefined
  try {
    const parsed: unknown = JSON.parse(annotation)
    if (!Array.isArray(parsed)) return undefined
    return parsed
      .flatMap((entry: unknown) => {
        const { Name: name, Zone: zone } = (entry ?? {}) as { Name?: unknown; Zone?: unknown }
        return typeof name === 'string' && typeof zone === 'string' && name !== '' && zone !== ''
          ? [{ zone: lastPart(zone), name }]
          : []
      })
      .sort((a, b) => (`${a.zone}/${a.name}` < `${b.zone}/${b.name}` ? -1 : 1))
  } catch {
    return undefined
  }
}
