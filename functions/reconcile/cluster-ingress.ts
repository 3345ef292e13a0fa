import { asServedIn, servedElsewhere } from '../../shared/planning/homes.ts'
import { CloudError } from '../../shared/cloud/compute-port.ts'
import type { Cluster, IngressEvent, IngressObject } from '../../shared/cloud/kubernetes-port.ts'
import { classify } from '../../shared/engine/faults.ts'
import type { Cloud, Kind, Observation } from '../../shared/engine/kind.ts'
import {
  ingressClass,
  managedAnnotation,
  matchingObject,
  looksOf,
  zonesText,
  type ClusterIngressWant,
} from '../../shared/planning/cluster-ingress.ts'
import { reportAnnotations } from '../../shared/planning/cluster-report.ts'
import type { ClusterView, GroupsFact } from '../../shared/planning/facts.ts'
import { derivedFor, derivedLabel, modelIn, ofAnnotation, type DerivedService } from '../../shared/planning/derived.ts'
import { hashOf, parseJson } from '../../shared/json.ts'
import { isResourceName, lastPart } from '../../shared/planning/names.ts'
import { splitResourceId, type ResourceId } from '../../shared/resource-id.ts'
import { absentIn, look, withLastGood } from './cluster-looks.ts'
import { lackingNegs, modesOf } from './cluster-negs.ts'
import { nodesOf, withNewZones } from './cluster-zones.ts'

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
  derived: DerivedService[]
  onlyLooking: boolean
}

/** One cluster's part in one Ingress: the matching object is applied there, and what the planner must know is read there. */
export const clusterIngress: Kind<ClusterIngressWant, Got> = {
  name: 'cluster-ingress',
  owned: ['object', 'derived'],
  desire: (layout) =>
    layout.clusters.map((cluster) => {
      const { doc } = cluster.facts
      const elsewhere = servedElsewhere(layout.services, doc.registration.project)
      const model = modelIn(asServedIn(layout.model, cluster.facts, elsewhere), doc)
      return {
        id: cluster.ingressId,
        want: {
          ...looksOf(layout.model, cluster.facts),
          ...(elsewhere.length === 0 ? {} : { elsewhere }),
          ...nodesOf(layout, cluster),
          ...modesOf(layout, cluster),
          object: matchingObject(model, zonesText(cluster.facts), reportAnnotations(layout)),
        },
        refs: [],
      }
    }),

  async observe(cloud, id, want, before) {
    const { cluster, namespace, name } = parts(id)
    const client = await cloud.cluster(cluster)
    if (client === undefined) {
      if (want === null) return { got: undefined, owner: 'ours' }
      throw new CloudError(0, '', `cluster ${cluster} is not registered`)
    }
    if (want === null) return leftIn(cloud, client, id)
    const { object: _object, nodes, groupless, elsewhere = [], ...looks } = want
    const earlier = before as ClusterView | null
    const hasDerived = looks.derived !== undefined || earlier?.derived === true
    const derived = hasDerived ? await derivedIn(client, { namespace, name }) : []
    const [object, seen] = await Promise.all([
      client.ingress(namespace, name),
      // What is named, or there, may change within a visit: then what was read before says nothing.
      cloud.recall(hashOf([looks, derived]), looksFresh, () => look(client, namespace, looks)),
    ])
    const onlyLooking = want.object === null
    const groups =
      groupless === true
        ? ({ state: 'none' } as const)
        : await withNewZones(
            cloud,
            groupsOf(object, onlyLooking, earlier?.groups, cloud.now()),
            onlyLooking ? undefined : nodes,
            earlier?.groups,
          )
    const lacking = lackingNegs(want, seen.services, earlier?.lacking, cloud.now(), groupsPatience)
    const output: ClusterView = {
      ...withLastGood(seen, earlier),
      groups,
      ...(derived.length === 0 ? {} : { derived: true as const }),
      ...(lacking === undefined ? {} : { lacking }),
    }
    const pending = pendingOf(cloud.now(), output, namespace, elsewhere)
    return {
      got: object === undefined && !onlyLooking ? undefined : { object, onlyLooking, derived },
      ...(onlyLooking ? { owner: 'ours' as const } : servedBy(object)),
      output,
      ...(pending && (object || onlyLooking) ? { pending } : {}),
    }
  },

  project: ({ onlyLooking, object, derived }) => ({ object: onlyLooking ? null : objectOf(object), derived }),

  create: (cloud, id, want) => apply(cloud, id, want, 'Create', []),
  update: (cloud, id, want, got) => apply(cloud, id, want, 'Update', got.derived),

  async remove(cloud, id, { object, derived }) {
    const { cluster, namespace, name } = parts(id)
    const client = await cloud.cluster(cluster)
    if (client === undefined) return null
    if (object !== undefined)
      await told(cloud, id, { client, does: 'Delete', uid: object.metadata.uid }, async () => {
        await client.deleteIngress(namespace, name)
        return undefined
      })
    for (const service of derived) await client.deleteService(namespace, service.name)
    return null
  },
}

/** What is not there yet and may come any time; what the in-cluster controller was made to make comes soon. */
function pendingOf(
  now: number,
  view: ClusterView,
  namespace: string,
  elsewhere: readonly string[],
): Observation<Got>['pending'] {
  const { groups, lacking } = view
  if (groups.state === 'pending')
    return {
      after: pollEvery(now - groups.since),
      why: 'waits for the in-cluster controller to write the instance groups',
    }
  if (lacking !== undefined && lacking.overdue !== true)
    return {
      after: pollEvery(now - lacking.since),
      why: `waits for the in-cluster controller to make network endpoint groups of service ${lacking.what.join(', ')}`,
    }
  if (groups.state === 'overdue')
    return {
      after: missingPace,
      why: 'the in-cluster controller has written no instance groups: is the GKE Ingress controller (HttpLoadBalancing) enabled there?',
    }
  const absent = absentIn(view, elsewhere)
  if (absent.length > 0)
    return { after: missingPace, why: `${absent.join(', ')} does not exist in namespace ${namespace} of this cluster` }
  const without = lacking?.what.filter((what) => !what.includes(' ')) ?? []
  if (without.length > 0)
    return {
      after: missingPace,
      why: `the in-cluster controller has made no network endpoint groups of service ${without.join(', ')}`,
    }
  const zones = groups.state === 'known' ? groups.lacking : undefined
  if (zones !== undefined && now - zones.since < groupsPatience)
    return {
      after: pollEvery(now - zones.since),
      why: `waits for the in-cluster controller to make an instance group in ${zones.zones.join(', ')}`,
    }
  return undefined
}

/** A cluster that was unregistered and answers none of so many questions in a row exists no more. */
const questions = 3

/** What is still to be removed from a cluster; nothing of one that exists no more. */
async function leftIn(cloud: Cloud, client: Cluster, id: ResourceId): Promise<Observation<Got>> {
  const { cluster, namespace, name } = parts(id)
  for (let asked = 1; ; asked += 1) {
    try {
      const [found, derived] = await Promise.all([
        client.ingress(namespace, name),
        derivedIn(client, { namespace, name }),
      ])
      const object = found?.metadata.annotations?.[managedAnnotation] === 'true' ? found : undefined
      const got = object === undefined && derived.length === 0 ? undefined : { object, derived, onlyLooking: false }
      return { got, owner: 'ours' }
    } catch (error) {
      if (classify(error).kind !== 'transient' || !(await cloud.isLeaving(cluster))) throw error
      if (asked === questions) return { got: undefined, owner: 'ours' }
    }
  }
}

async function apply(
  cloud: Cloud,
  id: ResourceId,
  want: ClusterIngressWant,
  does: 'Create' | 'Update',
  present: readonly DerivedService[],
): Promise<null> {
  const { cluster, namespace, name } = parts(id)
  const client = await cloud.cluster(cluster)
  if (client === undefined) throw new CloudError(0, '', `cluster ${cluster} is not registered`)
  // The Ingress object names these, and what is looked at next is read off them.
  for (const service of want.derived ?? []) {
    const { labels, annotations, spec } = service
    await client.applyService({ metadata: { name: service.name, namespace, labels, annotations }, spec })
  }
  if (want.object !== null) {
    const { labels, annotations, spec } = want.object
    // One Ingress, matching objects: what somebody else wrote into our fields is taken over (Federated Ingress' adoption).
    await told(cloud, id, { client, does }, async () => {
      const applied = await client.applyIngress({ metadata: { name, namespace, labels, annotations }, spec }, true)
      return applied.metadata.uid
    })
  }
  const stays = new Set((want.derived ?? []).map((service) => service.name))
  for (const service of present) if (!stays.has(service.name)) await client.deleteService(namespace, service.name)
  return null
}

const doing = { Create: 'Creating', Update: 'Updating', Delete: 'Deleting' } as const

/** Does it, and tells of it in the cluster by Federated Ingress' Events: aside, since nobody shall wait for a report. */
async function told(
  cloud: Cloud,
  id: ResourceId,
  { client, does, uid }: { client: Cluster; does: keyof typeof doing; uid?: string | undefined },
  act: () => Promise<string | undefined>,
): Promise<void> {
  const { cluster, namespace, name } = parts(id)
  const tell = (event: Pick<IngressEvent, 'type' | 'reason' | 'message'>, known: string | undefined): void =>
    cloud.aside(() =>
      client.recordEvent({
        ingress: { namespace, name, ...(known === undefined ? {} : { uid: known }) },
        at: cloud.now(),
        ...event,
      }),
    )
  try {
    const known = (await act()) ?? uid
    const message = `${doing[does]} ingress "${namespace}/${name}" in cluster ${cluster}`
    tell({ type: 'Normal', reason: `${does}InCluster`, message }, known)
  } catch (error) {
    // Whoever did not answer takes no report either.
    if (error instanceof CloudError && error.status >= 400 && error.status < 500) {
      const message = `Failed to ${does.toLowerCase()} ingress "${namespace}/${name}" in cluster ${cluster}: ${error.message}`
      tell({ type: 'Warning', reason: `${does}InClusterFailed`, message }, uid)
    }
    throw error
  }
}

/** The Services that were derived for an Ingress, sorted by name. */
async function derivedIn(client: Cluster, ingress: { namespace: string; name: string }): Promise<DerivedService[]> {
  const services = await client.servicesWith(ingress.namespace, derivedLabel, derivedFor(ingress))
  return services
    .map(({ metadata: { name, labels = {}, annotations = {} }, spec }) => ({
      of: annotations[ofAnnotation] ?? '',
      name,
      labels,
      annotations,
      spec: spec as DerivedService['spec'],
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

function parts(id: ResourceId): { cluster: string; namespace: string; name: string } {
  const [cluster = '', namespace = '', name = ''] = splitResourceId(id).path
  return { cluster, namespace, name }
}

/**
 * An Ingress of the same name that another controller serves would lose its own load balancer with its class. One of our
 * class is taken over (kubemci's, or a person's who prepared the move).
 */
function servedBy(object: IngressObject | undefined): { owner: 'ours' } | { owner: 'foreign'; ownedBy: string } {
  const annotations = object?.metadata.annotations ?? {}
  const named = annotations['kubernetes.io/ingress.class'] ?? object?.spec.ingressClassName
  if (object === undefined || annotations[managedAnnotation] === 'true' || named === ingressClass)
    return { owner: 'ours' }
  return {
    owner: 'foreign',
    ownedBy: `an Ingress of ${named === undefined ? "no class, which the cluster's default controller" : `class ${named}, whose controller`} serves; its own load balancer would go`,
  }
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

/** Fast at first, because the whole chain waits; then with patience. */
function pollEvery(waited: number): number {
  return waited < 5_000 ? 100 : waited < 30_000 ? 1_000 : 10_000
}

function parseGroups(annotation: string | undefined): { zone: string; name: string }[] | undefined {
  if (annotation === undefined || annotation.length > 100_000) return undefined
  const parsed = parseJson(annotation)
  if (!Array.isArray(parsed)) return undefined
  return parsed
    .flatMap((entry: unknown) => {
      const { Name: name, Zone: zone } = (entry ?? {}) as { Name?: unknown; Zone?: unknown }
      if (typeof name !== 'string' || typeof zone !== 'string') return []
      const group = { zone: lastPart(zone), name }
      // Whoever may edit the object may write anything here, and it becomes a part of URLs.
      return isResourceName(group.name) && isResourceName(group.zone) ? [group] : []
    })
    .sort((a, b) => (`${a.zone}/${a.name}` < `${b.zone}/${b.name}` ? -1 : 1))
}
