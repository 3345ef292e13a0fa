import { createCompute, type SimulatedCompute } from '../../../playground/compute/index.ts'
import { seededRandom } from '../../../playground/world.ts'
import { kinds } from '../../../functions/reconcile/index.ts'
import type { BusMessage } from '../../../shared/cloud/bus-port.ts'
import type { ServiceObject } from '../../../shared/cloud/kubernetes-port.ts'
import { acceptAction } from '../../../shared/engine/accept-action.ts'
import { acceptSpecs } from '../../../shared/engine/accept.ts'
import { statusTopic } from '../../../shared/engine/announce.ts'
import { planIngress } from '../../../shared/engine/plan-ingress.ts'
import { reconcile } from '../../../shared/engine/reconcile.ts'
import type { IngressModel } from '../../../shared/ingress/model.ts'
import type { PublishedObject } from '../../../shared/ingress/published-object.ts'
import { splitResourceId, type ResourceId } from '../../../shared/resource-id.ts'
import type { ClusterDoc, ResourceDoc } from '../../../shared/state/documents.ts'
import { queries } from '../../../shared/state/store.ts'
import { computeInProcess } from '../../simulation/compute-in-process.ts'
import { testDeps, type TestDeps } from '../engine/deps.ts'
import { clusterDoc, project } from '../planning/facts.ts'
import { memoryCluster, type MemoryCluster } from './cluster.ts'

/** The engine with every kind, a simulated Compute and clusters in memory; nothing takes time, messages are handed on by hand. */
export interface KindWorld {
  deps: TestDeps
  compute: SimulatedCompute
  clusters: ReadonlyMap<string, MemoryCluster>
  /** Publishes, and works until no message is left. */
  publish(model: IngressModel, objects?: readonly PublishedObject[]): Promise<void>
  withdraw(id: string): Promise<void>
  /** Nudges one resource, and works until no message is left. */
  nudge(id: ResourceId): Promise<void>
  /** A request to the API by somebody else, below the project, and the end of its operation. */
  byHand(method: string, path: string, body?: unknown): Promise<void>
  doc(id: ResourceId): Promise<ResourceDoc | undefined>
  idsOf(kind: string): Promise<ResourceId[]>
  /** Messages to those who listen, in order. */
  announced: BusMessage[]
  /** Mutations of Compute and of the clusters so far. */
  writes(): number
}

const zones = { a: 'us-central1-b', b: 'europe-west1-b' }
const cause = { why: 'test', trace: 't' }

/** Two clusters with one service each, whose NodePorts differ, with their instance groups and network endpoint groups. */
export async function kindWorld(): Promise<KindWorld> {
  const compute = createCompute({ clock: immediately, random: seededRandom(1), operationDelayMs: 1, strict: true })
  const clusters = new Map<string, MemoryCluster>()
  const deps = testDeps({
    kinds,
    compute: computeInProcess((request) => compute.handle(request)),
    clusters: {
      refusal: () => undefined,
      connect: ({ name }) => (clusters.get(name) ?? memoryCluster()).cluster,
    },
  })
  const announced: BusMessage[] = []
  const byHand = async (method: string, path: string, body?: unknown): Promise<void> => {
    const request = { method, path: `/compute/v1/projects/${project}/${path}`, query: {}, headers: {}, body }
    const answer = await compute.handle(request)
    if (answer.status >= 400) throw new Error(`${method} ${path}: ${JSON.stringify(answer.body)}`)
    for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  }
  const work = async (): Promise<void> => {
    for (let handled = 0; handled < 1_000; handled += 1) {
      const message = deps.published.shift()
      if (message === undefined) return
      const { id, ingress } = message.body
      if (message.topic === 'plans') await planIngress(deps, ingress as string, cause)
      else if (message.topic === statusTopic) announced.push(message)
      else if (message.topic.startsWith('reconcile-')) await reconcile(deps, id as ResourceId, cause)
    }
    throw new Error('it does not come to rest')
  }
  for (const [index, [name, zone]] of Object.entries(zones).entries()) {
    const group = { Name: `k8s-ig--${name}`, Zone: `${root}projects/${project}/zones/${zone}` }
    await byHand('POST', `zones/${zone}/instanceGroups`, { name: group.Name })
    const neg = { name: `k8s1-${name}`, networkEndpointType: 'GCE_VM_IP_PORT', description: ownerText(name) }
    await byHand('POST', `zones/${zone}/networkEndpointGroups`, neg)
    const cluster = memoryCluster({ services: [web(30_061 + index)], groups: [group] })
    const labels = { 'networking.gke.io/service-name': 'web', 'networking.gke.io/service-port': '80' }
    const selfLink = `${root}projects/${project}/zones/${zone}/networkEndpointGroups/${neg.name}`
    cluster.negs.set('web', [{ metadata: { name: neg.name, labels }, groups: [{ selfLink, state: 'ACTIVE' }] }])
    clusters.set(name, cluster)
    await deps.store.transact(async (tx) => tx.set('clusters', name, clusterIn(name, zone)))
  }
  let messages = 0
  return {
    deps,
    compute,
    clusters,
    announced,
    byHand,
    async publish(model, objects = []) {
      await acceptSpecs(deps, [{ model, uid: null, generation: null }], null, (messages += 1), cause, objects)
      await work()
    },
    async withdraw(id) {
      await acceptAction(deps, id, 'delete', [], false, (messages += 1), cause)
      await work()
    },
    async nudge(id) {
      await reconcile(deps, id, cause)
      await work()
    },
    doc: (id) => deps.store.get('resources', id),
    idsOf: async (kind) => (await deps.store.find(queries.resourcesOfKind(kind))).map(({ id }) => id),
    writes: () => compute.counters().writes + [...clusters.values()].reduce((sum, { writes }) => sum + writes, 0),
  }
}

/** What ingress-gce writes into a group of Service default/web when it makes it. */
export function ownerText(cluster: string, namespace = 'default'): string {
  return JSON.stringify({ 'cluster-uid': `uid-${cluster}`, namespace, 'service-name': 'web', port: '80' })
}

/** A registered cluster whose nodes are all in one zone. */
function clusterIn(name: string, zone: string): ClusterDoc {
  const doc = clusterDoc(name)
  return {
    ...doc,
    sight: doc.sight === null ? null : { ...doc.sight, zones: [{ zone, nodes: 2 }], uid: `uid-${name}` },
  }
}

const root = 'https://www.googleapis.com/compute/v1/'

/** Timers that run as soon as what is under way has run, in the order in which they were set. */
const immediately = {
  now: () => Date.UTC(2026, 0, 1),
  after(_ms: number, run: () => void) {
    const pending = setImmediate(run)
    return { cancel: () => clearImmediate(pending) }
  },
}

function web(nodePort: number): ServiceObject {
  return {
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      type: 'NodePort',
      selector: { app: 'web' },
      ports: [{ name: 'http', port: 80, targetPort: 'http', nodePort }],
    },
  }
}

/** Where the API has a resource of Compute, below its project. */
export function pathOf(id: ResourceId, collection: string): string {
  const [, first = '', second] = splitResourceId(id).path
  return second === undefined ? `global/${collection}/${first}` : `zones/${first}/${collection}/${second}`
}
