import { setTimeout as sleep } from 'node:timers/promises'
import { PubSub, type Message, type Subscription } from '@google-cloud/pubsub'
import { PassThroughClient } from 'google-auth-library'
import { startEnvironment, type Environment } from '../../playground/environment.ts'
import { startFunctions } from '../../playground/functions-process.ts'
import { startScheduler } from '../../playground/wiring.ts'

/** What the status API tells of one Ingress, as far as tests read it. */
export interface Report {
  phase: string
  vip: string | null
  generation: number
  clusters: string[]
  resources: { id: string; kind: string; name: string; phase: string; why: string; dependsOn: string[] }[]
  clusterStates: { name: string; state: string; zones: string[] }[]
  conditions: { type: string; status: string; reason: string; message: string }[]
}

/** The whole system over the wire: simulated cloud here, the functions in a process of their own. */
export interface System {
  environment: Environment
  dashboard: string
  /** Publishes to ingress-specs by the real Pub/Sub client. */
  publish(manifest: string, attributes?: Record<string, string>): Promise<void>
  /** Subscribes to a topic by the real client; answers what has come so far. */
  listen(topic: string): Promise<{ attributes: Record<string, string>; body: unknown }[]>
  register(cluster: string): Promise<void>
  unregister(cluster: string): Promise<void>
  report(id: string): Promise<Report | undefined>
  /** Polls the status until it satisfies; throws with the last report when it does not in time. */
  until(
    id: string,
    what: string,
    holds: (report: Report | undefined) => boolean,
    timeoutMs?: number,
  ): Promise<Report | undefined>
  get(path: string): Promise<unknown>
  /** The local URL of a load balancer's HTTP front end, once it is there. */
  url(vip: string | null | undefined, scheme?: 'http' | 'https'): Promise<string>
  /** Names of what a global collection of the simulated Compute holds, read over the wire. */
  holds(collection: string): Promise<string[]>
  /** Everything that the functions wrote, sent or logged; only with the host test/support/dumping-host.ts. */
  dump(): Promise<string[]>
  /** What the Store was asked for, where the host counts it. */
  storeCounts(): Promise<{ reads: number; writes: number } | undefined>
  /** The phase in an Ingress's document, without asking the status function; only with a host that counts. */
  phase(id: string): Promise<string | null>
  close(): Promise<void>
}

/** How to start it; delays in milliseconds. */
export interface SystemOptions {
  clusters: number
  /** Clusters of other projects (playground/environment.ts). */
  elsewhere?: Readonly<Record<string, { project: string; network: string }>>
  operationDelayMs?: number
  requestDelayMs?: number
  healthScale?: number
  tickMs?: number
  /** On the official emulators of Pub/Sub and Firestore. */
  emulators?: boolean
  /** Registers every cluster at once; default true. */
  register?: boolean
  env?: Record<string, string>
  /** Another program than functions/local.ts to host the functions. */
  host?: string
}

const project = 'playground'

/** Starts everything on free ports. */
export async function startSystem(options: SystemOptions): Promise<System> {
  const { operationDelayMs = 5, requestDelayMs = 0, healthScale = 100, tickMs = 500 } = options
  const environment = await startEnvironment({
    project,
    clusters: options.clusters,
    ...(options.elsewhere === undefined ? {} : { elsewhere: options.elsewhere }),
    operationDelayMs,
    requestDelayMs,
    healthScale,
    emulators: options.emulators ?? false,
    nextPort: () => 0,
  })
  const functions = await startFunctions(
    {
      GOOGLE_CLOUD_PROJECT: project,
      ...(environment.firestore === null
        ? { MCI_STATE: 'memory' }
        : { FIRESTORE_EMULATOR_HOST: environment.firestore }),
      PUBSUB_EMULATOR_HOST: environment.pubsub.grpc,
      COMPUTE_API_ENDPOINT: environment.compute.url,
      MCI_LOG_LEVEL: 'warn',
      ...options.env,
    },
    'ignore',
    options.host,
  )
  const { storeCounts, dump, ...functionPorts } = functions.ports
  await environment.pubsub.wire(project, functionPorts)
  const stopScheduler = startScheduler(environment.pubsub.rest, project, tickMs)
  const dashboard = `http://127.0.0.1:${functions.ports['status']}`
  const pubsub = new PubSub({
    projectId: project,
    apiEndpoint: environment.pubsub.grpc,
    emulatorMode: true,
    authClient: new PassThroughClient(),
  })
  const listeners: Subscription[] = []
  const specs = pubsub.topic('ingress-specs', { batching: { maxMessages: 1 } })
  const changes = pubsub.topic('cluster-changes', { batching: { maxMessages: 1 } })

  async function get(path: string): Promise<unknown> {
    const answer = await fetch(dashboard + path)
    return answer.status === 404 ? undefined : answer.json()
  }

  async function register(name: string): Promise<void> {
    const cluster = environment.clusters.find((candidate) => candidate.name === name)
    await changes.publishMessage({
      json: { cluster: name, register: { server: cluster?.server, project: cluster?.project, labels: { name } } },
    })
    for (;;) {
      const { clusters } = (await get('/api/clusters')) as { clusters: { name: string; version: string | null }[] }
      if (clusters.some((known) => known.name === name && known.version !== null)) return
      await sleep(20)
    }
  }

  const system: System = {
    environment,
    dashboard,
    get,
    register,
    async unregister(cluster) {
      await changes.publishMessage({ json: { cluster, unregister: true } })
    },
    async publish(manifest, attributes = {}) {
      await specs.publishMessage({ ...(manifest === '' ? {} : { data: Buffer.from(manifest) }), attributes })
    },
    report: async (id) => (await get(`/api/ingresses/${id}`)) as Report | undefined,
    async until(id, what, holds, timeoutMs = 45_000) {
      const end = Date.now() + timeoutMs
      for (;;) {
        const report = await system.report(id)
        if (holds(report)) return report
        if (Date.now() > end) throw new Error(`${id}: not ${what} after ${timeoutMs} ms:\n${describe(report)}`)
        // Who asks more often only slows down what it waits for.
        await sleep(20)
      }
    },
    async listen(topic) {
      const heard: { attributes: Record<string, string>; body: unknown }[] = []
      const [subscription] = await pubsub.topic(topic).createSubscription(`listener-of-${topic}`)
      subscription.on('message', (message: Message) => {
        heard.push({ attributes: { ...message.attributes }, body: JSON.parse(message.data.toString()) as unknown })
        message.ack()
      })
      listeners.push(subscription)
      return heard
    },
    async url(vip, scheme = 'http') {
      await environment.loadBalancers.settled()
      const local = environment.loadBalancers.loadBalancers().find((one) => one.ip === vip && one.scheme === scheme)
      if (local === undefined) throw new Error(`no ${scheme} front end at ${String(vip)}`)
      return local.url
    },
    async holds(collection) {
      const answer = await fetch(`${environment.compute.url}/compute/v1/projects/${project}/global/${collection}`)
      return (((await answer.json()) as { items?: { name: string }[] }).items ?? []).map(({ name }) => name).sort()
    },
    async dump() {
      if (dump === undefined) throw new Error('this host dumps nothing')
      return (await (await fetch(`http://127.0.0.1:${dump}`)).json()) as string[]
    },
    async storeCounts() {
      if (storeCounts === undefined) return undefined
      return (await (await fetch(`http://127.0.0.1:${storeCounts}`)).json()) as { reads: number; writes: number }
    },
    async phase(id) {
      if (storeCounts === undefined) throw new Error('this host tells no phases')
      return (await (await fetch(`http://127.0.0.1:${storeCounts}/${id}`)).json()) as string | null
    },
    async close() {
      stopScheduler()
      for (const listener of listeners) await listener.close()
      await pubsub.close()
      await functions.stop()
      await environment.close()
    },
  }
  if (options.register !== false) for (const { name } of environment.clusters) await register(name)
  return system
}

/** A report for people: the phase, and everything that is not as it should be. */
export function describe(report: Report | undefined): string {
  if (report === undefined) return 'there is no such Ingress'
  const open = report.resources
    .filter((resource) => resource.phase !== 'Ready')
    .map((resource) => `  ${resource.phase} ${resource.id}: ${resource.why}`)
  const conditions = report.conditions
    .filter((condition) => condition.status !== 'True')
    .map((condition) => `  ${condition.type} ${condition.reason}: ${condition.message}`)
  return [`phase ${report.phase}, generation ${report.generation}`, ...open, ...conditions].join('\n')
}
