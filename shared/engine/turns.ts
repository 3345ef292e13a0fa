import type { Clock } from './deps.ts'
import { classify } from './faults.ts'

/**
 * Changes take turns where an API says that there are too many of them. Nobody knows how many it takes (a project's quota can be
 * anything, and other processes use it too), so the pace is found by trying: a refusal halves it, time doubles it. Waiting for a turn
 * is no failure and costs no request; who was refused is the next to go again.
 *
 * One process paces what it sends itself. Many of them share a quota as senders share a line, each by what it sees: nothing is shared
 * that could run hot, and nobody has to say what the quota is.
 */
export interface Turns {
  /**
   * Sends when it is its turn: at once, unless changes of `place` (a kind of resource in a project or a cluster: a function deals with
   * one kind) were refused lately. Refused for the rate, it sends again, until `until` (ms since the epoch). `waited`: milliseconds
   * since `run` was called. Other errors of `send` are thrown.
   */
  run<T>(place: string, until: number, send: (waited: number) => Promise<T>): Promise<Turn<T>>
}

/** `late`: not before `until`, and nothing was begun; `why` is what the API said. */
export type Turn<T> = { is: 'sent'; answer: T } | { is: 'late'; why: string }

/** Changes a second of one process; measured with quotas of 5, 10, 20 and 50 a second for 40 processes together (`npm run bench -- load`). */
const pace = {
  /** After the first refusal. */
  first: 0.5,
  /** However often it was refused. */
  least: 0.1,
  /** From here on no pace is kept. */
  most: 50,
} as const

/** The pace doubles in this time; milliseconds. A second more and the last of many wait long for what is free by then, a second less and far more is asked in vain. */
const doubling = 2_000

/** A pace that grows while somebody waits is looked at so often; milliseconds. */
const longestSleep = 500

interface Waiter {
  until: number
  go: (turn: boolean) => void
}

interface Lane {
  /** At `refusedAt`; it has grown since. Null: nothing has been refused. */
  pace: number | null
  refusedAt: number
  lastAt: number
  why: string
  /** By `until`: whoever began first, and may have been refused since, goes first. */
  queue: Waiter[]
  moving: boolean
}

/** The turns of one process. `random` (in [0, 1)) keeps processes that were refused together from coming back together. */
export function createTurns(clock: Clock, random: () => number): Turns {
  const lanes = new Map<string, Lane>()

  function laneOf(place: string): Lane {
    const fresh = { pace: null, refusedAt: -Infinity, lastAt: -Infinity, why: '', queue: [], moving: false }
    const lane = lanes.get(place) ?? fresh
    lanes.set(place, lane)
    return lane
  }

  function take(lane: Lane, until: number): Promise<boolean> {
    const now = clock.now()
    if (lane.queue.length === 0 && paceAt(lane, now) === null) return Promise.resolve(now <= until)
    return new Promise((go) => {
      const after = lane.queue.findIndex((other) => other.until > until)
      lane.queue.splice(after === -1 ? lane.queue.length : after, 0, { until, go })
      if (!lane.moving) void move(lane)
    })
  }

  /** Lets one after the other go, and those whose time is over. */
  async function move(lane: Lane): Promise<void> {
    lane.moving = true
    let spread = 0.5 + random()
    for (let head = lane.queue[0]; head !== undefined; head = lane.queue[0]) {
      const now = clock.now()
      const current = paceAt(lane, now)
      const at = current === null ? now : lane.lastAt + (1_000 / current) * spread
      const late = now > head.until
      if (!late && at > now) {
        await clock.sleep(Math.min(at - now, head.until + 1 - now, longestSleep))
        continue
      }
      lane.queue.shift()
      if (!late) {
        lane.lastAt = now
        spread = 0.5 + random()
      }
      head.go(!late)
    }
    lane.moving = false
  }

  return {
    async run(place, until, send) {
      const lane = laneOf(place)
      const begunAt = clock.now()
      while (await take(lane, until)) {
        const sentAt = clock.now()
        try {
          return { is: 'sent', answer: await send(sentAt - begunAt) }
        } catch (error) {
          const fault = classify(error)
          if (fault.kind !== 'throttled') throw error
          lane.why = fault.why
          // What was sent before the last refusal came tells of a pace that is kept no more.
          if (sentAt >= lane.refusedAt) slowDown(lane, sentAt, clock.now())
        }
      }
      return { is: 'late', why: lane.why }
    },
  }
}

/** Null: as fast as they come. */
function paceAt(lane: Lane, now: number): number | null {
  if (lane.pace === null) return null
  const grown = lane.pace * 2 ** ((now - lane.refusedAt) / doubling)
  return grown > pace.most ? null : grown
}

function slowDown(lane: Lane, sentAt: number, now: number): void {
  const was = paceAt(lane, sentAt)
  lane.pace = was === null ? pace.first : Math.max(pace.least, was / 2)
  lane.refusedAt = now
  lane.lastAt = now
}
