import { eventFunctions } from './registry.ts'
import { budget } from './runtime.ts'

/**
 * Who a function runs as: one service account each, with the permissions that its functions use and no more (see
 * scripts/infra/permissions.ts).
 * - `planner` reads load balancers that were there before; writes state only.
 * - `watcher` looks at clusters and lists what is in Compute; changes neither.
 * - `balancer` makes load balancers.
 * - `backends` makes backend services, and reads in clusters the secrets that only these are given (OAuth client, signing keys).
 * - `clusters` writes Ingress objects into clusters and reads the certificates there.
 * - `certificates` reads a certificate in a cluster and brings it to Compute.
 * - `keeper` keeps dead letters.
 * - `reader` answers the status API; writes nothing.
 */
export type Identity =
  'planner' | 'watcher' | 'balancer' | 'backends' | 'clusters' | 'certificates' | 'keeper' | 'reader'

/** How one function is deployed. Cloud Functions' limits: 1 GiB goes with one CPU, and more than one request at a time needs one. */
export interface Deployment {
  name: string
  /** null: answers HTTP requests of people. */
  topic: string | null
  identity: Identity
  /** Events at the same time in one instance. A visit mostly waits for Google's operations, so one instance does many. */
  concurrency: number
  maxInstances: number
  memoryMiB: number
  timeoutSeconds: number
  /** Null where nothing is delivered. */
  delivery: Delivery | null
}

/** How Pub/Sub delivers. */
export interface Delivery {
  ackDeadlineSeconds: number
  minimumBackoffSeconds: number
  maximumBackoffSeconds: number
  /** Unacknowledged messages are kept so long. A nudge that is older is of no use: the tick has sent another. */
  retentionSeconds: number
  /** Attempts until a message becomes a dead letter; null for the dead letters themselves. */
  maxDeliveryAttempts: number | null
}

const hour = 3_600
const day = 24 * hour

const delivery: Delivery = {
  ackDeadlineSeconds: budget.ackDeadline / 1_000,
  minimumBackoffSeconds: 1,
  maximumBackoffSeconds: 60,
  retentionSeconds: day,
  maxDeliveryAttempts: 20,
}

const common = {
  concurrency: 20,
  maxInstances: 5,
  memoryMiB: 512,
  timeoutSeconds: budget.function / 1_000,
  delivery,
} as const

type Special = Partial<Omit<Deployment, 'name' | 'topic'>> & Pick<Deployment, 'identity'>

/** What differs from what is common; reconcile functions that are not here run as `balancer`. */
const special: Readonly<Record<string, Special>> = {
  // What people publish is kept as long as Pub/Sub keeps anything by default.
  'ingress-spec': { identity: 'planner', delivery: { ...delivery, retentionSeconds: 7 * day } },
  plan: { identity: 'planner' },
  'cluster-change': { identity: 'watcher' },
  // The next tick is a minute away: an old one is worth nothing. A part of a tick holds every resource of a kind in memory.
  'scheduler-tick': {
    identity: 'watcher',
    concurrency: 2,
    memoryMiB: 1024,
    delivery: { ...delivery, retentionSeconds: 600 },
  },
  'dead-letter': {
    identity: 'keeper',
    maxInstances: 2,
    delivery: { ...delivery, retentionSeconds: 7 * day, maxDeliveryAttempts: null },
  },
  'reconcile-cluster-ingress': { identity: 'clusters' },
  'reconcile-backend-service': { identity: 'backends' },
  'reconcile-cluster-status': { identity: 'clusters' },
  'reconcile-ssl-certificate': { identity: 'certificates' },
}

/** Every function, as infra deploys it. */
export const deployments: readonly Deployment[] = [
  ...eventFunctions.map(({ name, topic }) => ({
    ...common,
    ...(special[name] ?? { identity: 'balancer' as const }),
    name,
    topic,
  })),
  {
    ...common,
    name: 'status',
    topic: null,
    identity: 'reader',
    concurrency: 80,
    maxInstances: 3,
    timeoutSeconds: 60,
    delivery: null,
  },
]
