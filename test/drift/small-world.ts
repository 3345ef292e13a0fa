import { kinds } from '../../functions/reconcile/index.ts'
import { eventFunctions } from '../../functions/registry.ts'
import { budget } from '../../functions/runtime.ts'
import { createCompute, type SimulatedCompute } from '../../playground/compute/compute.ts'
import { createCluster, type SimulatedCluster } from '../../playground/kubernetes/cluster.ts'
import { seededRandom } from '../../playground/world.ts'
import type { BusMessage } from '../../shared/cloud/bus-port.ts'
import { statusTopic } from '../../shared/engine/announce.ts'
import type { Deps } from '../../shared/engine/deps.ts'
import { createTurns } from '../../shared/engine/turns.ts'
import { countingStore, type CountingStore } from '../../shared/state/counting.ts'
import { createMemoryStore } from '../../shared/state/memory.ts'
import { virtualClock, type VirtualClock } from '../playground/virtual-clock.ts'
import { clustersInProcess } from '../simulation/clusters-in-process.ts'
import { computeInProcess } from '../simulation/compute-in-process.ts'
import { application, simpleIngress } from '../support/manifests.ts'

export const project = 'playground'

/** The system in one process, one message after the other, on a clock that goes on only while somebody waits. */
export interface SmallWorld {
  clock: VirtualClock
  compute: SimulatedCompute
  clusters: Map<string, SimulatedCluster>
  store: CountingStore
  deps: Deps
  /** What was logged at level warn or error. */
  complaints: string[]
  /** Publishes and works on everything that follows, until no message is left. */
  publish(topic: string, data: string, attributes?: Record<string, string>): Promise<void>
  /** One tick and all that follows. */
  tick(): Promise<void>
  /** A service in a cluster, through its API. */
  deploy(cluster: string, name: string): Promise<void>
  request(cluster: string, method: string, path: string, body?: object): Promise<unknown>
  /** A call to Compute as somebody else makes it; its operation ends before this returns. */
  compel(method: string, path: string, body?: object): Promise<void>
  got(path: string): Record<string, unknown> | undefined
  phase(id: string): Promise<string | undefined>
  /** Publishes a simple Ingress and ticks until it is Ready; throws with what is not. */
  serve(name: string, service: string, annotations?: Record<string, string>): Promise<void>
  /** Messages worked on so far. */
  handled(): number
  /** Forgets everything, as a lost Firestore would. */
  loseState(): void
  close(): void
}

/** Starts with every cluster registered. */
export async function smallWorld(
  places: Readonly<Record<string, readonly string[]>> = { east: ['us-east1-b'], west: ['us-west1-a', 'us-west1-b'] },
  operationMs = 1_000,
  more: { vpcNative?: boolean } = {},
): Promise<SmallWorld> {
  const clock = virtualClock()
  const patient = { now: () => clock.now(), sleep: (ms: number) => clock.advance(ms) }
  const random = seededRandom(7)
  const compute = createCompute({ clock, random, operationDelayMs: operationMs })
  const clusters = new Map(
    Object.entries(places).map(([name, zones], index) => [
      name,
      createCluster({
        ...{ name, project, zones, clock, random, nodesPerZone: 2, network: 'default', addressBlock: index, ...more },
        compute: (request) => compute.handle(request),
      }),
    ]),
  )
  await clock.advance(5_000)
  const queue: { topic: string; data: string; attributes: Record<string, string> }[] = []
  const complaints: string[] = []
  let ids = 0
  let worked = 0
  const inner = computeInProcess((request) => compute.handle(request))
  const complain = (fields: object, message: string): void =>
    void complaints.push(`${message} ${JSON.stringify(fields)}`)
  const world: SmallWorld = {
    clock,
    compute,
    clusters,
    store: countingStore(createMemoryStore()),
    complaints,
    deps: undefined as unknown as Deps,
    async publish(topic, data, attributes = {}) {
      queue.push({ topic, data, attributes })
      for (let handled = 0; queue.length > 0; handled += 1) {
        if (handled > 20_000) throw new Error(`messages without end: ${JSON.stringify(queue.slice(0, 3))}`)
        const message = queue.shift()
        const target = eventFunctions.find((one) => one.topic === message?.topic)
        if (message === undefined || target === undefined)
          throw new Error(`nobody listens to ${String(message?.topic)}`)
        worked += 1
        const event = { id: `message-${(ids += 1)}`, publishedAt: clock.now(), ...message }
        await target.handle(world.deps, { ...event, data: message.data === '' ? null : message.data })
      }
    },
    async tick() {
      await clock.advance(60_000)
      await world.publish('scheduler-ticks', '{}')
    },
    async request(cluster, method, path, body) {
      const headers = { 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' }
      const answer = await clusters.get(cluster)?.handle({ method, path, query: {}, headers, body })
      if (answer === undefined || answer.status >= 400)
        throw new Error(`${method} ${path}: ${JSON.stringify(answer?.body)}`)
      return answer.body
    },
    async deploy(cluster, name) {
      const { deployment, service } = application(name)
      await world.request(cluster, 'POST', '/apis/apps/v1/namespaces/default/deployments', deployment)
      await world.request(cluster, 'POST', '/api/v1/namespaces/default/services', service)
      await clock.advance(2_000)
    },
    async compel(method, path, body) {
      const answer = await compute.handle({ method, path: `/compute/v1/${path}`, query: {}, headers: {}, body })
      if (answer.status >= 400) throw new Error(JSON.stringify(answer.body))
      await clock.advance(operationMs)
    },
    got: (path) => compute.get(path)?.body,
    phase: async (id) => (await world.store.get('ingresses', id))?.phase,
    async serve(name, service, annotations = {}) {
      await world.publish('ingress-specs', simpleIngress(name, service, { annotations }))
      for (let ticks = 0; (await world.phase(`default/${name}`)) !== 'Ready'; ticks += 1) {
        if (ticks > 10)
          throw new Error(
            `${name} is ${JSON.stringify((await world.store.get('ingresses', `default/${name}`))?.conditions)}`,
          )
        await world.tick()
      }
      // What follows from the last change, and the first inventory.
      for (let ticks = 0; ticks < 3; ticks += 1) await world.tick()
    },
    handled: () => worked,
    loseState() {
      world.store = countingStore(createMemoryStore())
      world.deps = { ...world.deps, store: world.store }
    },
    close: () => clusters.forEach((cluster) => cluster.close()),
  }
  world.deps = {
    store: world.store,
    compute: {
      ...inner,
      async wait(operation, ms) {
        await clock.advance(Math.min(ms, operationMs))
        return inner.wait(operation, ms)
      },
    },
    clusters: clustersInProcess((name) => {
      const cluster = clusters.get(name)
      return cluster === undefined ? undefined : (request) => cluster.handle(request)
    }),
    bus: {
      publish(messages: readonly BusMessage[]) {
        const nudges = messages.filter(({ topic }) => topic !== statusTopic)
        queue.push(...nudges.map(({ topic, body }) => ({ topic, data: JSON.stringify(body), attributes: {} })))
        return Promise.resolve()
      },
      resend: () => Promise.reject(new Error('nothing is sent again here')),
    },
    kinds,
    clock: patient,
    turns: createTurns(patient, random),
    log: { info: () => undefined, warn: complain, error: complain },
    random,
    uniqueId: () => `id-${(ids += 1)}`,
    budget,
    project,
  }
  for (const name of clusters.keys()) await register(world, name)
  return world
}

/** Registers a cluster as an operator would. */
export async function register(world: SmallWorld, name: string): Promise<void> {
  const registration = { server: `https://${name}.example`, project }
  await world.publish('cluster-changes', JSON.stringify({ cluster: name, register: registration }))
}
