import { eventFunctions } from '../../functions/registry.ts'
import { deployments } from '../../functions/deployment.ts'
import { parseEvent } from '../../functions/event.ts'
import { budget } from '../../functions/runtime.ts'
import { kinds } from '../../functions/reconcile/index.ts'
import { createCompute } from '../../playground/compute/compute.ts'
import { createCluster } from '../../playground/kubernetes/cluster.ts'
import { createPubSubCore } from '../../playground/pubsub/core.ts'
import { seededRandom } from '../../playground/world.ts'
import type { Deps } from '../../shared/engine/deps.ts'
import { statusTopic } from '../../shared/engine/announce.ts'
import { createTurns } from '../../shared/engine/turns.ts'
import { createMemoryStore } from '../../shared/state/memory.ts'
import { clustersInProcess } from '../simulation/clusters-in-process.ts'
import { simulationClock } from '../simulation/clock.ts'
import { computeInProcess } from '../simulation/compute-in-process.ts'
import { application, simpleIngress } from '../support/manifests.ts'

/** How much is asked of the system at once. */
export interface Load {
  ingresses: number
  /** Requests that change Compute, a second and at once; null = as many as come. */
  writes: { perSecond: number; burst: number } | null
  /** One Ingress more, which fails for ever and is edited every second. */
  noisy?: boolean
}

/** What came of it. Times are of a virtual clock, on which operations take a second and requests 50 ms. */
export interface Loaded {
  /** From the publishing of all to the last Ready, without the noisy one; seconds. */
  seconds: number
  ready: number
  /** Requests to Compute, and how many of them were refused for the quota. */
  requests: number
  writes: number
  refused: number
  /** What the quota alone would take for these writes; seconds. */
  quotaSeconds: number
  /** Of this process, for each Ingress. */
  processorMs: number
  kilobytes: number
}

const project = 'playground'
const operationMs = 1_000
const requestMs = 50
const patience = 4 * 3_600_000
const topicName = (topic: string): string => `projects/${project}/topics/${topic}`

/** Publishes all at once, and waits until all are Ready. The same load gives the same numbers, but for those of this process. */
export async function load({ ingresses, writes, noisy = false }: Load): Promise<Loaded> {
  const clock = simulationClock()
  const random = seededRandom(1)
  const compute = createCompute({
    clock,
    random,
    operationDelayMs: operationMs,
    ...(writes === null ? {} : { rateLimits: { writes } }),
  })
  const clusters = new Map(
    Object.entries({ east: 'us-east1-b', west: 'us-west1-a' }).map(([name, zone], index) => [
      name,
      createCluster({
        name,
        project,
        zones: [zone],
        clock,
        random,
        nodesPerZone: 2,
        network: 'default',
        addressBlock: index,
        compute: (request) => compute.handle(request),
      }),
    ]),
  )
  const pubsub = createPubSubCore({ clock, random })
  const store = createMemoryStore()
  const counts = { requests: 0, writes: 0, refused: 0 }
  let ids = 0
  /** When it was first said that an Ingress is Ready. */
  const becameReady = new Map<string, number>()
  const inner = computeInProcess(async (request) => {
    await clock.sleep(requestMs)
    counts.requests += 1
    if (request.method !== 'GET' && !request.path.endsWith('/wait')) counts.writes += 1
    const answer = await compute.handle(request)
    if (answer.status === 403) counts.refused += 1
    return answer
  })
  const deps: Deps = {
    store,
    compute: inner,
    clusters: clustersInProcess((name) => {
      const cluster = clusters.get(name)
      return cluster === undefined
        ? undefined
        : async (request) => (await clock.sleep(requestMs), cluster.handle(request))
    }),
    bus: {
      async publish(messages) {
        for (const { topic, body, attributes = {} } of messages) {
          if (topic !== statusTopic) pubsub.publish(topicName(topic), { data: JSON.stringify(body) })
          else if (attributes['phase'] === 'Ready') becameReady.set(attributes['name'] ?? '', clock.now())
        }
      },
      resend: () => Promise.reject(new Error('nothing is sent again here')),
    },
    kinds,
    clock,
    turns: createTurns(clock, random),
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    random,
    uniqueId: () => `id-${(ids += 1)}`,
    budget,
    project,
  }
  for (const { topic } of eventFunctions) pubsub.createTopic(topicName(topic))
  for (const target of eventFunctions) {
    const deployed = deployments.find(({ name }) => name === target.name)
    if (deployed === undefined || deployed.delivery === null) throw new Error(`${target.name} is not deployed`)
    const { delivery, concurrency, maxInstances } = deployed
    // Instances are processes: what one has learnt of the quota another does not know.
    const instances = Array.from({ length: maxInstances }, () => ({
      busy: 0,
      deps: { ...deps, turns: createTurns(clock, random) },
    }))
    pubsub.subscribe({
      name: `projects/${project}/subscriptions/${target.name}`,
      topic: topicName(target.topic),
      push: {
        deliver(body) {
          const free = instances.filter(({ busy }) => busy < concurrency)
          const instance = free[Math.floor(random() * free.length)]
          if (instance === undefined) throw new Error(`more than ${target.name} may have outstanding`)
          instance.busy += 1
          return target
            .handle(instance.deps, parseEvent(body, clock.now()))
            .then(
              () => 'ack' as const,
              () => 'nack' as const,
            )
            .finally(() => (instance.busy -= 1))
        },
      },
      ackDeadlineMs: delivery.ackDeadlineSeconds * 1_000,
      retry: {
        minBackoffMs: delivery.minimumBackoffSeconds * 1_000,
        maxBackoffMs: delivery.maximumBackoffSeconds * 1_000,
      },
      maxOutstanding: concurrency * maxInstances,
    })
  }
  const publish = (topic: string, data: string): void => void pubsub.publish(topicName(topic), { data })
  const every = (ms: number, run: () => void): void => {
    clock.after(ms, () => {
      run()
      every(ms, run)
    })
  }
  await clock.runUntil(clock.now() + 5_000)
  for (const [name, cluster] of clusters) {
    for (const one of Object.values(application('web')))
      await cluster.handle({
        method: 'POST',
        path: pathOf(one),
        query: {},
        headers: { 'content-type': 'application/json' },
        body: one,
      })
    publish(
      'cluster-changes',
      JSON.stringify({ cluster: name, register: { server: `https://${name}.example`, project } }),
    )
  }
  await clock.runUntil(clock.now() + 60_000)
  every(60_000, () => publish('scheduler-ticks', '{}'))
  // The clusters' instance groups are there, as they are where anything is served already.
  publish('ingress-specs', simpleIngress('first', 'web'))
  const given = clock.now() + 600_000
  while (!becameReady.has('first')) {
    if (clock.now() > given) throw new Error('the first Ingress does not become Ready')
    await clock.runUntil(clock.now() + 1_000)
  }
  if (noisy) {
    let version = 0
    every(1_000, () =>
      publish(
        'ingress-specs',
        simpleIngress('noisy', 'absent', {
          annotations: { 'kubernetes.io/ingress.global-static-ip-name': 'none', note: String((version += 1)) },
        }),
      ),
    )
  }
  Object.assign(counts, { requests: 0, writes: 0, refused: 0 })
  const before = { cpu: process.cpuUsage(), heap: heapUsed() }
  const begun = clock.now()
  const names = Array.from({ length: ingresses }, (_, index) => `lb-${index}`)
  for (const name of names) publish('ingress-specs', simpleIngress(name, 'web'))
  while (names.some((name) => !becameReady.has(name)) && clock.now() - begun < patience)
    await clock.runUntil(clock.now() + 1_000)
  const ready = names.flatMap((name) => becameReady.get(name) ?? [])
  const { user, system } = process.cpuUsage(before.cpu)
  const needed = counts.writes - counts.refused
  const loaded: Loaded = {
    seconds: (Math.max(...ready) - begun) / 1_000,
    ready: ready.length,
    ...counts,
    quotaSeconds: writes === null ? 0 : Math.max(0, needed - writes.burst) / writes.perSecond,
    processorMs: (user + system) / 1_000 / ingresses,
    kilobytes: (heapUsed() - before.heap) / 1_024 / ingresses,
  }
  pubsub.close()
  for (const cluster of clusters.values()) cluster.close()
  return loaded
}

function pathOf(object: object): string {
  const { kind } = object as { kind: string }
  return kind === 'Service' ? '/api/v1/namespaces/default/services' : '/apis/apps/v1/namespaces/default/deployments'
}

function heapUsed(): number {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}
