import type { ResourceId } from '../resource-id.ts'
import type { Deps } from './deps.ts'
import type { Fault } from './faults.ts'
import type { AnyKind, Cloud, Observation } from './kind.ts'
import type { Cause } from './nudge.ts'
import type { Outcome } from './outcome.ts'

/** One holder's work on one resource, from the lease to its end. */
export interface Visit {
  deps: Deps
  kind: AnyKind
  id: ResourceId
  token: number
  cause: Cause
  cloud: Cloud
  /** No new work after this. */
  deadline: number
  /** Nudges on their way; the visit does not end before they are sent. */
  background: Promise<unknown>[]
  /** How many nudges this visit has taken into account; undefined before its first look. */
  nudges: number | undefined
}

/** What one round led to: an outcome to settle, a reason to look again at once, or an end that is already written. */
export type Round =
  { is: 'settle'; outcome: Outcome; seen?: Observation<unknown> } | { is: 'look-again' } | { is: 'over' }

/** What a fault makes of a visit. */
export function outcomeOf(fault: Fault): Outcome {
  if (fault.kind !== 'refused') return { is: 'retry', fault }
  return { is: 'failed', why: fault.why, ...(fault.forbidden ? { forbidden: true } : {}) }
}

/** A round that ends with an outcome, and with what was seen if anything was. */
export function settle(outcome: Outcome, seen?: Observation<unknown>): Round {
  return seen === undefined ? { is: 'settle', outcome } : { is: 'settle', outcome, seen }
}

/** What fails here fails the visit at its end; until then a rejection without a handler would end the whole process. */
export function inBackground(visit: Visit, work: Promise<unknown>): void {
  work.catch(() => undefined)
  visit.background.push(work)
}

/** The world as kinds see it in one visit: Compute, and clusters by their registered name; `background` takes what is done aside. */
export function cloudOf(deps: Deps, background: Promise<unknown>[] = []): Cloud {
  const recalled = new Map<string, { at: number; value: unknown }>()
  return {
    compute: deps.compute,
    now: () => deps.clock.now(),
    async recall<T>(what: string, ms: number, read: () => Promise<T>): Promise<T> {
      const known = recalled.get(what)
      if (known !== undefined && deps.clock.now() - known.at <= ms) return known.value as T
      const value = await read()
      recalled.set(what, { at: deps.clock.now(), value })
      return value
    },
    async cluster(name) {
      const doc = await deps.store.get('clusters', name)
      return doc === undefined ? undefined : deps.clusters.connect(doc.registration)
    },
    aside(work) {
      background.push(
        work().catch((error: unknown) => {
          deps.log.warn({ error: error instanceof Error ? error.message : String(error) }, 'not done aside')
        }),
      )
    },
    isLeaving: async (name) => (await deps.store.get('clusters', name))?.leaving === true,
  }
}
