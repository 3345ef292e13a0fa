/**
 * What every part of the playground is built on: time and chance are passed in, so that the same parts run on the wall
 * clock in `npm start` and on a virtual clock, from one seed, in the simulation.
 */

/** A pending timer. */
export interface Timer {
  cancel(): void
}

/** Time as the simulated cloud sees it; milliseconds since the epoch. */
export interface Clock {
  now(): number
  /** Runs `run` once, `ms` milliseconds from now; a pending timer must not keep the process alive. */
  after(ms: number, run: () => void): Timer
}

/** A source of numbers in [0, 1); seeded in tests. */
export type Random = () => number

/** The wall clock. */
export const wallClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms)
    timer.unref()
    return { cancel: () => clearTimeout(timer) }
  },
}

/** A small seeded generator (mulberry32): the same seed gives the same world. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** One HTTP request as the simulated services take it, from a socket or in process. */
export interface WireRequest {
  method: string
  /** Without query, percent-encoded as on the wire. */
  path: string
  query: Readonly<Record<string, string>>
  headers: Readonly<Record<string, string>>
  /** Parsed JSON; undefined when the request has no body. */
  body: unknown
}

/** One HTTP answer. */
export interface WireResponse {
  status: number
  body: unknown
}
