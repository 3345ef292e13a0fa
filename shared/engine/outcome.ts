import type { ResourceId } from '../resource-id.ts'
import type { OperationRef } from '../cloud/compute-port.ts'
import type { Fault } from './faults.ts'

/** How one visit to a resource ended. Waiting is a value, not an error. */
export type Outcome =
  /** `taken`: the API's id of what bears no stamp of ours, and is ours by force from now on. */
  | { is: 'ready'; why: string; taken?: string }
  /** Until every one of `on` exists (create, update) or no longer refers to us (remove). */
  | { is: 'waiting'; on: ResourceId[]; why: string }
  /** An operation is under way and outlasts this visit. */
  | { is: 'working'; operation: OperationRef; why: string }
  /** Nothing is wrong, something outside takes its time. `stands`: it is there as wanted, so that others may build on it. */
  | { is: 'again'; after: number; why: string; mayAppearUntil?: number; stands?: true }
  | { is: 'retry'; fault: Fault }
  /** A person must change something; looked at again now and then. `forbidden`: one who has the permission can do it for us. */
  | { is: 'failed'; why: string; forbidden?: true }
  /** It is not to be changed, though it may differ: what is known of it is said. */
  | { is: 'held'; why: string }
  | { is: 'gone'; why: string }

/** Backoff and patience, in milliseconds. */
export const pace = {
  /** A wait is ended by a nudge; this is for the nudge that was lost. */
  waiting: 60_000,
  /** An operation that outlasts a visit is looked at again after this. */
  working: 10_000,
  /** No creation takes longer (not checked against the real service): what was not made by then will not be. */
  creation: 600_000,
  /** A read may show what was true this long ago (not checked against the real service). */
  stale: 8_000,
  retryFirst: 1_000,
  retryMost: 600_000,
  throttledFirst: 5_000,
  /** The world was not what we thought: nothing but another look is needed. */
  lookAgainFirst: 100,
  failedFirst: 30_000,
  failedMost: 600_000,
} as const

/**
 * When to look again: null = at rest. `failures` counts this one too. Retries back off exponentially with full jitter above a floor of a third, so that
 * many resources that failed together do not come back together. `random` is in [0, 1).
 */
export function nextWake(outcome: Outcome, failures: number, now: number, random: () => number): number | null {
  switch (outcome.is) {
    case 'ready':
    case 'held':
    case 'gone':
      return null
    case 'waiting':
      return now + pace.waiting
    case 'working':
      return now + pace.working
    case 'again':
      return now + outcome.after
    case 'retry':
      return now + jittered(firstPause(outcome.fault), pace.retryMost, failures, random)
    case 'failed':
      return now + jittered(pace.failedFirst, pace.failedMost, failures, random)
    default:
      return outcome satisfies never
  }
}

function firstPause(fault: Fault): number {
  switch (fault.kind) {
    case 'conflict':
    case 'absent':
      return pace.lookAgainFirst
    case 'throttled':
      return pace.throttledFirst
    case 'in-use':
    case 'not-ready':
    case 'transient':
    case 'refused':
      return pace.retryFirst
    default:
      return fault.kind satisfies never
  }
}

function jittered(first: number, most: number, failures: number, random: () => number): number {
  const ceiling = Math.min(most, first * 2 ** Math.min(Math.max(failures - 1, 0), 20))
  return Math.round(ceiling / 3 + (random() * (ceiling * 2)) / 3)
}
