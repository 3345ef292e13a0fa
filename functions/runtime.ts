import { randomUUID } from 'node:crypto'
import { createCompute } from '../shared/cloud/compute.ts'
import { createCredentials } from '../shared/cloud/credentials.ts'
import { createGkeReader } from '../shared/cloud/gke.ts'
import { createClusters } from '../shared/cloud/kubernetes.ts'
import { createBus } from '../shared/cloud/pubsub.ts'
import { readConfig, type Config } from '../shared/config.ts'
import type { Budget, Clock, Deps } from '../shared/engine/deps.ts'
import { createTurns } from '../shared/engine/turns.ts'
import { createFirestoreStore } from '../shared/state/firestore.ts'
import { createMemoryStore } from '../shared/state/memory.ts'
import type { Store } from '../shared/state/store.ts'
import { createLog } from './log.ts'
import { kinds } from './reconcile/index.ts'

/**
 * How long things take, each strictly inside the next (milliseconds): one API call < the work of a visit < its lease < the
 * function < the ack deadline. The last two are in infra, read from here.
 */
export const budget: Budget & { call: number; function: number; ackDeadline: number } = {
  call: 15_000,
  work: 60_000,
  lease: 90_000,
  function: 120_000,
  ackDeadline: 150_000,
}

let deps: Deps | undefined

/** The functions' dependencies, made at the first event and kept: clients outlive events. */
export function runtime(): Deps {
  deps ??= makeDeps(readConfig())
  return deps
}

/** Everything that the engine needs, from the configuration. */
export function makeDeps(config: Config): Deps {
  const clock: Clock = { now: () => Date.now(), sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) }
  const credentials = createCredentials({ timeoutMs: budget.call })
  return {
    store: makeStore(config),
    compute: createCompute({
      timeoutMs: budget.call,
      auth: credentials.authClient,
      ...(config.computeEndpoint === undefined ? {} : { endpoint: config.computeEndpoint }),
    }),
    clusters: createClusters({
      timeoutMs: budget.call,
      accessToken: credentials.accessToken,
      gke: createGkeReader({
        timeoutMs: budget.call,
        accessToken: credentials.accessToken,
        ...(config.containerEndpoint === undefined ? {} : { endpoint: config.containerEndpoint }),
      }),
      servers: config.clusterServers,
      gkeProjects: config.clusterProjects,
    }),
    bus: createBus({
      projectId: config.project,
      topicPrefix: config.topicPrefix,
      timeoutMs: budget.call,
      auth: credentials.authClient,
      ...(config.pubsubHost === undefined ? {} : { emulatorHost: config.pubsubHost }),
    }),
    kinds,
    clock,
    turns: createTurns(clock, Math.random),
    log: createLog(config.logLevel, config),
    random: () => Math.random(),
    uniqueId: randomUUID,
    budget,
    project: config.project,
  }
}

function makeStore(config: Config): Store {
  if (config.state === 'memory') return createMemoryStore()
  return createFirestoreStore({
    projectId: config.project,
    databaseId: config.firestoreDatabase,
    ...(config.firestoreHost === undefined ? {} : { host: config.firestoreHost }),
  })
}
