import { setTimeout as sleep } from 'node:timers/promises'
import { PubSub } from '@google-cloud/pubsub'
import { PassThroughClient } from 'google-auth-library'
import { makeDeps } from '../../functions/runtime.ts'
import { startEnvironment, type Environment } from '../../playground/environment.ts'
import { startScheduler } from '../../playground/wiring.ts'
import { seededRandom } from '../../playground/world.ts'
import { readConfig } from '../../shared/config.ts'
import { shardsOf } from '../../shared/engine/tick.ts'
import { createFirestoreStore } from '../../shared/state/firestore.ts'
import { queries } from '../../shared/state/store.ts'
import { deploy } from '../support/manifests.ts'
import { differences, isAtRest, type Scene } from './ending.ts'
import { clusterTroubles, computeTroubles, unreliable, type Unreliable } from './faults.ts'
import { startFleet, type Fleet, type FleetOptions } from './fleet.ts'
import { foreignNames, plantForeign } from './foreign.ts'
import { startRelay } from './relay.ts'
import { shareOut } from './shares.ts'
import { services, type Act, type Wish } from './wishes.ts'

/** The whole system on the official emulators, with what fails between its parts. */
export interface Stage {
  scene: Scene
  environment: Environment
  fleet: Fleet
  compute: Unreliable
  clusters: Unreliable
  publish(acts: readonly Act[]): Promise<void>
  /** From now on it is so much later, for the functions and for whoever looks. */
  later(ms: number): Promise<void>
  /** Until nothing differs, or so long; answers what differs. */
  settled(withinMs: number): Promise<string[]>
  /** The local URL of an Ingress's load balancer. */
  urlOf(name: string): Promise<string>
  /** Ticks whose every message was handled; answers how many requests changed Compute meanwhile. */
  ticks(count: number): Promise<number>
  /** Ends everything; answers the last lines of the functions. */
  close(): Promise<string>
}

const project = 'playground'

/** The scheduler's pace; once a minute where it is deployed. */
const tickMs = 30_000

/**
 * Starts everything, with the services in the clusters and the clusters registered; nothing fails before `compute` and `clusters`
 * are begun.
 */
export async function setStage(options: {
  processes: number
  lives: FleetOptions['lives']
  wishes: readonly Wish[]
  seed: number
}): Promise<Stage> {
  const random = seededRandom(options.seed)
  const environment = await startEnvironment({
    project,
    clusters: 2,
    operationDelayMs: 50,
    requestDelayMs: 0,
    healthScale: 2,
    emulators: true,
    nextPort: () => 0,
  })
  const compute = unreliable(computeTroubles, random)
  const clusters = unreliable(clusterTroubles, random)
  const env = {
    GOOGLE_CLOUD_PROJECT: project,
    FIRESTORE_EMULATOR_HOST: environment.firestore ?? '',
    PUBSUB_EMULATOR_HOST: environment.pubsub.grpc,
    MCI_LOG_LEVEL: 'warn',
  }
  const fleet = await startFleet({
    size: options.processes,
    lives: options.lives,
    env,
    compute: environment.compute.url,
    computeFate: () => compute.fate(),
    random,
  })
  await environment.pubsub.wire(project, fleet.ports)
  await shareOut(environment.pubsub.rest, project, fleet.ports)
  const relays = await Promise.all(
    environment.clusters.map(({ server }) => startRelay({ to: () => server, fate: () => clusters.fate() })),
  )
  const pubsub = new PubSub({
    projectId: project,
    apiEndpoint: environment.pubsub.grpc,
    emulatorMode: true,
    authClient: new PassThroughClient(),
  })
  const specs = pubsub.topic('ingress-specs', { batching: { maxMessages: 1 } })
  const changes = pubsub.topic('cluster-changes', { batching: { maxMessages: 1 } })
  let ahead = 0
  const made = makeDeps(readConfig({ ...env, COMPUTE_API_ENDPOINT: environment.compute.url }))
  const deps = {
    ...made,
    // Whoever looks has time; the functions do not.
    store: createFirestoreStore({ projectId: project, host: env.FIRESTORE_EMULATOR_HOST, timeoutMs: 120_000 }),
    clock: { ...made.clock, now: () => made.clock.now() + ahead },
  }
  const scene: Scene = { deps, environment, wishes: options.wishes, foreign: foreignNames }
  await plantForeign(environment)
  for (const { server } of environment.clusters) for (const service of services) await deploy(server, service)
  for (const [index, { name }] of environment.clusters.entries())
    await changes.publishMessage({
      json: { cluster: name, register: { server: relays[index]?.url, project, labels: { name } } },
    })
  while ((await deps.store.find(queries.clusters())).filter(({ sight }) => sight !== null).length < relays.length)
    await sleep(100)
  const stopScheduler = startScheduler(environment.pubsub.rest, project, tickMs)

  return {
    scene,
    environment,
    fleet,
    compute,
    clusters,
    async publish(acts) {
      await Promise.all(
        acts.map(({ name, manifest }) =>
          specs.publishMessage(
            manifest === null
              ? { attributes: { action: 'delete', name, namespace: 'default' } }
              : { data: Buffer.from(manifest) },
          ),
        ),
      )
    },
    async later(ms) {
      ahead = ms
      await fleet.later(ms)
    },
    async settled(withinMs) {
      const end = Date.now() + withinMs
      for (;;) {
        const late = Date.now() > end
        const found = late || (await isAtRest(scene)) ? await differences(scene) : ['not at rest']
        if (found.length === 0 || late) return found
        await sleep(1_000)
      }
    },
    async urlOf(name) {
      const status = `http://127.0.0.1:${fleet.ports['status'] ?? 0}/api/ingresses/default/${name}`
      const { vip } = (await (await fetch(status)).json()) as { vip: string | null }
      await environment.loadBalancers.settled()
      const front = environment.loadBalancers.loadBalancers().find((one) => one.ip === vip)
      if (front === undefined) throw new Error(`${name}: no front end at ${String(vip)}`)
      return front.url
    },
    async ticks(count) {
      stopScheduler()
      const quiet = async (): Promise<void> => {
        for (let still = 0; still < 20; still = fleet.inFlight() === 0 ? still + 1 : 0) await sleep(100)
      }
      await quiet()
      const answered = (): number => fleet.counts.answered['scheduler-tick'] ?? 0
      const { writes } = environment.compute.counters()
      for (let tick = 0; tick < count; tick += 1) {
        const messages = 1 + shardsOf(deps, await deps.store.find(queries.clusters())).length
        const before = answered()
        await pubsub.topic('scheduler-ticks').publishMessage({ json: {} })
        while (answered() < before + messages) await sleep(50)
        await quiet()
      }
      return environment.compute.counters().writes - writes
    },
    async close() {
      stopScheduler()
      await pubsub.close()
      const printed = await fleet.close()
      await Promise.all(relays.map((relay) => relay.close()))
      await deps.store.close()
      await environment.close()
      return printed
    },
  }
}
