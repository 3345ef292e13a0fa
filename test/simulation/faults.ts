import type { Chance } from './chance.ts'

/** Everything that can go wrong by itself, with the probability at which it does in a world that has it. */
const chances = {
  /** Of Pub/Sub, per message. */
  'message lost': 0.1,
  'message duplicated': 0.15,
  'message delayed': 0.2,
  'message overtakes': 0.2,
  'publish refused': 0.05,
  'publish answer lost': 0.05,
  /** Of a function, per call that it makes. */
  'killed before a call': 0.006,
  'killed after a call': 0.006,
  'slept past its lease': 0.002,
  /** The worst moment to sleep, so it comes more often. */
  'slept before a mutation': 0.06,
  /** Per invocation. */
  'function timed out': 0.003,
  'clock skewed': 0.5,
  /** Of the Store, per transaction or read. */
  'transaction lost a race': 0.05,
  'transaction aborted': 0.01,
  'commit answer lost': 0.01,
  'store unavailable': 0.005,
  /** Of Compute, per request. */
  'compute 403 rate limit': 0.03,
  'compute 409': 0.01,
  'compute 412': 0.02,
  'compute 429': 0.02,
  'compute 5xx': 0.04,
  'no answer, nothing done': 0.02,
  'done, answer lost': 0.05,
  'operation failed late': 0.05,
  'operation slow': 0.08,
  'operation forgotten': 0.01,
  'stale read': 0.15,
  'stale list': 0.15,
  /** Of a cluster's API, per request. */
  'cluster 5xx': 0.04,
  'cluster 429': 0.02,
  'cluster answer lost': 0.03,
  'cluster read stale': 0.15,
  /** Of the world, switched on and off by the story. */
  'cluster unreachable': 1,
  'compute unreachable': 1,
  'tick delayed': 1,
  /** What follows from others: it is counted and never drawn. */
  'stale holder acted': 0,
} as const

/** One way to go wrong. */
export type FaultKind = keyof typeof chances

/** All of them. */
export const faultKinds = Object.keys(chances) as FaultKind[]

/** Faults by which a wake-up may come late or not at all. */
export const disturbing: readonly FaultKind[] = [
  'message lost',
  'message delayed',
  'publish refused',
  'publish answer lost',
  'killed before a call',
  'killed after a call',
  'slept past its lease',
  'slept before a mutation',
  'function timed out',
  'clock skewed',
  'transaction aborted',
  'commit answer lost',
  'store unavailable',
]

/** The faults of one world; each that strikes is counted where it is carried out, so that a count is a proof. */
export interface Faults {
  /** Whether the kind strikes now. Draws only for kinds that this world has. */
  strikes(kind: FaultKind): boolean
  /** Whether this world has the kind at all. */
  has(kind: FaultKind): boolean
  /** It was carried out. */
  reached(kind: FaultKind): void
  /** From now on nothing strikes. */
  end(): void
  counts(): ReadonlyMap<FaultKind, number>
}

/** A world has a random part of the kinds, so that every kind also meets worlds in which little else goes wrong. */
export function chooseFaults(chance: Chance): FaultKind[] {
  const share = chance.pick([0, 0.1, 0.25, 0.5, 0.8])
  return faultKinds.filter(() => chance.hits(share))
}

export function createFaults(kinds: readonly FaultKind[], chance: Chance): Faults {
  const present = new Set(kinds)
  const counts = new Map<FaultKind, number>()
  // Some worlds are rough and some are mild.
  const harshness = chance.pick([0.3, 1, 1, 2])
  let over = false
  return {
    strikes: (kind) => !over && present.has(kind) && chance.hits(Math.min(0.6, chances[kind] * harshness)),
    has: (kind) => present.has(kind),
    reached: (kind) => void counts.set(kind, (counts.get(kind) ?? 0) + 1),
    end: () => void (over = true),
    counts: () => counts,
  }
}
