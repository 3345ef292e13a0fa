import type { EventFunction } from '../../functions/registry.ts'
import { kinds as allKinds } from '../../functions/reconcile/index.ts'
import { budget } from '../../functions/runtime.ts'
import type { Event } from '../../functions/event.ts'
import { createCompute, type SimulatedCompute } from '../../playground/compute/compute.ts'
import { createCluster, type SimulatedCluster } from '../../playground/kubernetes/cluster.ts'
import type { PushBody } from '../../playground/pubsub/message.ts'
import type { WireRequest } from '../../playground/world.ts'
import type { Compute } from '../../shared/cloud/compute-port.ts'
import type { Deps } from '../../shared/engine/deps.ts'
import type { AnyKind } from '../../shared/engine/kind.ts'
import { createTurns } from '../../shared/engine/turns.ts'
import type { Store } from '../../shared/state/store.ts'
import { createCalls, randomFates, who, type Calls, type Fates, type Invocation } from './calls.ts'
import { chanceOf, type Chance } from './chance.ts'
import { simulationClock, type SimulationClock } from './clock.ts'
import { clusterWire } from './cluster-wire.ts'
import { clustersInProcess } from './clusters-in-process.ts'
import { computeInProcess } from './compute-in-process.ts'
import { computeWire, operationDelays, type Answered } from './compute-wire.ts'
import { createFaults, type FaultKind, type Faults } from './faults.ts'
import { createPlatform, type Platform } from './functions-in-process.ts'
import { createMessages, type Messages } from './messages.ts'
import { faultyStore, storeWire } from './store-wire.ts'
import { createTrace, type Trace } from './trace.ts'

export const project = 'playground'

/** A call of an operation's wait is answered after this at the latest; milliseconds. */
const longestWait = 15_000

/** A deliberate bug, put between the system and the world. */
export interface Mutation {
  deps?: (deps: Deps, invocation: Invocation) => Deps
  event?: (event: Event, now: number) => Event
  /** A kind that is wrong for the system and for whoever looks from outside. */
  kind?: (kind: AnyKind) => AnyKind
}

/** What a world is made from. The same plan makes the same world, to the last millisecond. */
export interface WorldPlan {
  seed: number
  faults: readonly FaultKind[]
  /** In a VPC-native cluster Services ask for network endpoint groups by themselves. */
  clusters: readonly { name: string; zones: readonly string[]; vpcNative: boolean }[]
  nodesPerZone: number
  /** From the moment a managed certificate serves until it is ACTIVE; milliseconds. */
  certificateDelay: number
  /** Absent: at random, as the faults have it. */
  fates?: Fates
  /** Whether fates or faults stop functions, or keep messages from them. */
  disturbed: boolean
  mutation?: Mutation
  traced: boolean
}

/** Things to be told of as they happen. */
export interface Watchers {
  mutation: ((answered: Answered) => void)[]
  clusterMutation: ((invocation: Invocation, cluster: string, request: WireRequest) => void)[]
  set: ((invocation: Invocation, collection: string, id: string, doc: unknown) => void)[]
  handled: ((target: EventFunction, body: PushBody) => void)[]
  published: ((topic: string, body: unknown) => void)[]
  logged: ((level: string, fields: Readonly<Record<string, unknown>>, message: string) => void)[]
}

/** The whole system in a simulated world. */
export interface World {
  plan: WorldPlan
  clock: SimulationClock
  chance: Chance
  faults: Faults
  trace: Trace
  compute: SimulatedCompute
  clusters: Map<string, SimulatedCluster>
  store: Store
  messages: Messages
  platform: Platform
  calls: Calls
  watchers: Watchers
  /** Called before anything that Compute does by itself, such as the end of an operation. */
  beforeOperationEnds: (() => void)[]
  /** Ports without faults and without kills, for whoever looks at the world from outside. */
  outside: Deps
  close(): void
}

export function createWorld(plan: WorldPlan): World {
  const clock = simulationClock()
  const kinds = allKinds.map((kind) => plan.mutation?.kind?.(kind) ?? kind)
  const chance = chanceOf(plan.seed)
  const trace = createTrace(() => clock.now(), plan.traced)
  const faults = createFaults(plan.faults, chance.fork('faults'))
  const watchers: Watchers = { mutation: [], clusterMutation: [], set: [], handled: [], published: [], logged: [] }
  const beforeOperationEnds: (() => void)[] = []
  const compute = createCompute({
    clock: {
      now: () => clock.now(),
      after: (ms, run) =>
        clock.after(ms, () => {
          for (const told of beforeOperationEnds) told()
          run()
        }),
    },
    random: chance.fork('compute service').random,
    operationDelayMs: operationDelays(chance, faults),
    certificateDelayMs: plan.certificateDelay,
    strict: true,
  })
  const clusters = new Map(
    plan.clusters.map(({ name, zones, vpcNative }, index) => [
      name,
      createCluster({
        ...{ name, project, zones, vpcNative, clock, nodesPerZone: plan.nodesPerZone, addressBlock: index },
        network: 'default',
        random: chance.fork(`cluster ${name}`).random,
        compute: (request) => compute.handle(request),
      }),
    ]),
  )
  const store = faultyStore(faults)
  const calls = createCalls({ clock, chance, faults, trace, fates: plan.fates ?? randomFates(faults) })
  const shared = { clock, chance, faults, trace }
  const requestCompute = computeWire({
    ...shared,
    compute,
    onMutation: (answered) => watchers.mutation.forEach((watch) => watch(answered)),
  })
  const requestCluster = clusterWire({
    ...shared,
    clusters,
    onMutation: (invocation, cluster, request) =>
      watchers.clusterMutation.forEach((watch) => watch(invocation, cluster, request)),
  })
  const watch = {
    onSet(invocation: Invocation, collection: string, id: string, doc: unknown): void {
      for (const told of watchers.set) told(invocation, collection, id, doc)
    },
  }
  const random = chance.fork('functions').random
  let ids = 0

  function depsOf(invocation: Invocation): Deps {
    const log =
      (level: string) =>
      (fields: Readonly<Record<string, unknown>>, message: string): void => {
        trace.note(who(invocation), () => `${level}: ${message} ${JSON.stringify(fields)}`)
        for (const told of watchers.logged) told(level, fields, message)
      }
    const own: Deps['clock'] = {
      now: () => clock.now() + invocation.skew,
      sleep: (ms) => calls.aside(invocation, ms, () => undefined),
    }
    const deps: Deps = {
      store: storeWire(store, invocation, { ...shared, calls, watch }),
      compute: bounded(
        computeInProcess((request) =>
          calls.through(invocation, { port: 'compute', what: `${request.method} ${request.path}` }, () =>
            requestCompute(invocation, request),
          ),
        ),
        clock,
      ),
      clusters: clustersInProcess(
        (name) => (request) =>
          calls.through(invocation, { port: 'cluster', what: `${request.method} ${name} ${request.path}` }, () =>
            requestCluster(invocation, name, request),
          ),
      ),
      bus: messages.busOf(invocation, calls),
      kinds,
      clock: own,
      // Every invocation can die alone, so that each is a process of its own here, with its own turns.
      turns: createTurns(own, random),
      log: { info: log('info'), warn: log('warn'), error: log('error') },
      random,
      uniqueId: () => `holder-${++ids}`,
      budget,
      project,
    }
    return plan.mutation?.deps?.(deps, invocation) ?? deps
  }

  const platform = createPlatform({
    ...shared,
    depsOf,
    changeEvent: plan.mutation?.event,
    onHandled: (target, body) => watchers.handled.forEach((told) => told(target, body)),
  })
  const messages = createMessages({
    ...shared,
    platform,
    onPublish: (topic, body) => watchers.published.forEach((told) => told(topic, body)),
  })
  const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
  return {
    plan,
    ...shared,
    compute,
    clusters,
    store,
    messages,
    platform,
    calls,
    watchers,
    beforeOperationEnds,
    outside: {
      store,
      compute: computeInProcess((request) => compute.handle(request)),
      clusters: clustersInProcess((name) => {
        const cluster = clusters.get(name)
        return cluster === undefined ? undefined : (request) => cluster.handle(request)
      }),
      bus: { publish: () => Promise.resolve(), resend: () => Promise.resolve() },
      kinds,
      clock,
      turns: createTurns(clock, random),
      log: silent,
      random: chance.fork('outside').random,
      uniqueId: () => `outside-${++ids}`,
      budget,
      project,
    },
    close() {
      messages.close()
      for (const cluster of clusters.values()) cluster.close()
    },
  }
}

/** The service may hold a wait for minutes; the real port gives up before, and so does this. */
function bounded(compute: Compute, clock: SimulationClock): Compute {
  return {
    ...compute,
    wait(operation, ms) {
      return new Promise((resolve, reject) => {
        const timer = clock.after(Math.min(ms, longestWait), () => resolve({ done: false }))
        compute
          .wait(operation, ms)
          .then(resolve, reject)
          .finally(() => timer.cancel())
      })
    },
  }
}
