import type { Bus } from '../cloud/bus-port.ts'
import type { Compute } from '../cloud/compute-port.ts'
import type { Clusters } from '../cloud/kubernetes-port.ts'
import type { Store } from '../state/store.ts'
import type { AnyKind } from './kind.ts'
import type { Turns } from './turns.ts'

/** Time, chance and ids, passed in so that a run can be repeated. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  sleep(ms: number): Promise<void>
}

/** One structured line: a constant message and fields. */
export interface Log {
  info(fields: Readonly<Record<string, unknown>>, message: string): void
  warn(fields: Readonly<Record<string, unknown>>, message: string): void
  error(fields: Readonly<Record<string, unknown>>, message: string): void
}

/** How long things may take, each strictly inside the next; milliseconds. */
export interface Budget {
  /** One visit to one resource: observe, mutate, wait for the operation. */
  work: number
  /** The lease; longer than the work and one API call together. */
  lease: number
}

/** Everything that the engine needs of the world. */
export interface Deps {
  store: Store
  compute: Compute
  clusters: Clusters
  bus: Bus
  kinds: readonly AnyKind[]
  clock: Clock
  /** Paces the changes that this process asks for. */
  turns: Turns
  log: Log
  /** In [0, 1). */
  random: () => number
  /** A fresh unique id for lease holders. */
  uniqueId: () => string
  budget: Budget
  /** The project of the load balancers. */
  project: string
}
