import { CloudError } from '../../shared/cloud/compute-port.ts'
import type { Cluster, IngressObject, PodObject, ServicePort } from '../../shared/cloud/kubernetes-port.ts'
import type { Kind } from '../../shared/engine/kind.ts'
import {
  managedAnnotation,
  matchingObject,
  servicesOf,
  type ClusterIngressWant,
} from '../../shared/planning/cluster-ingress.ts'
import type { ClusterView, GroupsFact, PortFact, ProbeFact, ServiceFact } from '../../shared/planning/facts.ts'
import { lastPart } from '../../shared/planning/names.ts'
import { splitResourceId, type ResourceId } from '../../shared/resource-id.ts'

/** Written by the in-cluster controller for the class gce-multi-cluster: JSON list of {Name, Zone}, Zone a URL (peers.md C). */
const groupsAnnotation = 'ingress.gcp.kubernetes.io/instance-groups'

/** After this it is said that the in-cluster controller does not act, and the other clusters go on without. Milliseconds. */
const groupsPatience = 120_000

/** A Service that is missing may come any time: looked for again at this pace. Milliseconds. */
const missingService = 30_000

/** While a visit polls for the groups, its Services are read again only after this. Milliseconds. */
const servicesFresh = 5_000

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
      want: { services: servicesOf(layout.model), object: matchingObject(layout.model) },
      refs: [],
    })),

  async observe(cloud, id, want, before) {
    const { cluster, namespace, name } = parts(id)
    const client = await cloud.cluster(cluster)
    if (client === undefined) {
      if (want === null) return { got: undefined, owner: 'ours' }
      throw new CloudError(0, '', `cluster ${cluster} is not registered`)
    }
    const [object, services] = await Promise.all([
      client.ingress(namespace, name),
      want === null
        ? Promise.resolve<Record<string, ServiceFact>>({})
        : cloud.recall('services', servicesFresh, () => lookAtServices(client, namespace, want.services)),
    ])
    if (want === null)
      return {
        got: object?.metadata.annotations?.[managedAnnotation] === 'true' ? { object, onlyLooking: false } : undefined,
        owner: 'ours',
      }
    const onlyLooking = want.object === null
    const groups = groupsOf(object, onlyLooking, (before as ClusterView | null)?.groups, cloud.now())
    const output: ClusterView = { services, groups }
    const absent = Object.entries(services).flatMap(([service, fact]) => (fact.found ? [] : [service]))
    const pending =
      groups.state === 'pending'
        ? {
            after: pollEvery(cloud.now() - groups.since),
            why: 'waits for the in-cluster controller to write the instance groups',
          }
        : groups.state === 'overdue'
          ? {
              after: missingService,
              why: 'the in-cluster controller has written no instance groups: is the GKE Ingress controller (HttpLoadBalancing) enabled there?',
            }
          : absent.length > 0
            ? {
                after: missingService,
                why: `service ${absent.join(', ')} does not exist in namespace ${namespace} of this cluster`,
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

async function lookAtServices(
  client: Cluster,
  namespace: string,
  services: readonly string[],
): Promise<Record<string, ServiceFact>> {
  const facts = await Promise.all(
    services.map(async (name) => [name, await lookAtService(client, namespace, name)] as const),
  )
  return Object.fromEntries(facts)
}

async function lookAtService(client: Cluster, namespace: string, name: string): Promise<ServiceFact> {
  const service = await client.service(namespace, name)
  if (service === undefined) return { found: false }
  const { selector } = service.spec
  const pod = selector && Object.keys(selector).length > 0 ? await client.anyPod(namespace, selector) : undefined
  const annotations = service.metadata.annotations ?? {}
  return {
    found: true,
    type: service.spec.type ?? 'ClusterIP',
    ports: service.spec.ports.map((port) => portFact(port, pod)),
    appProtocols:
      annotations['service.alpha.kubernetes.io/app-protocols'] ?? annotations['cloud.google.com/app-protocols'] ?? null,
    neg: annotations['cloud.google.com/neg'] ?? null,
  }
}

function portFact(port: ServicePort, pod: PodObject | undefined): PortFact {
  return {
    name: port.name ?? '',
    port: port.port,
    nodePort: port.nodePort ?? null,
    protocol: port.protocol ?? 'TCP',
    probe: pod === undefined ? null : probeFor(pod, port),
  }
}

/**
 * The HTTP readiness probe of the container port that a service port targets: through targetPort, by number or name, where
 * kubemci compared the service's own port and so seldom found it.
 */
function probeFor(pod: PodObject, port: ServicePort): ProbeFact | null {
  const target = port.targetPort ?? port.port
  for (const container of pod.containers) {
    const { readinessProbe: probe } = container
    const exposed = container.ports.find((candidate) => candidate.containerPort === target || candidate.name === target)
    const number = exposed?.containerPort ?? (typeof target === 'number' ? target : undefined)
    if (!probe || number === undefined) continue
    const probed =
      typeof probe.port === 'number'
        ? probe.port
        : container.ports.find((candidate) => candidate.name === probe.port)?.containerPort
    if (probed !== number) continue
    return {
      path: probe.path === undefined || probe.path === '' ? '/' : probe.path,
      host: probe.host ?? probe.httpHeaders?.find((header) => header.name.toLowerCase() === 'host')?.value ?? null,
      scheme: probe.scheme === 'HTTPS' ? 'HTTPS' : 'HTTP',
      periodSeconds: probe.periodSeconds ?? 10,
      timeoutSeconds: probe.timeoutSeconds ?? 1,
      successThreshold: probe.successThreshold ?? 1,
      failureThreshold: probe.failureThreshold ?? 3,
    }
  }
  return null
}
