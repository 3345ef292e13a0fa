import type { Clock } from '../../playground/world.ts'

/** A clock that stands still until it is told to go on. */
export interface VirtualClock extends Clock {
  /** Runs everything due in the next `ms` milliseconds, in order, letting promises settle after each step. */
  advance(ms: number): Promise<void>
}

/** Starts at a fixed moment, so that a test's dates are always the same. */
export function virtualClock(start: number = Date.UTC(2026, 0, 1)): VirtualClock {
  let now = start
  let sequence = 0
  const timers = new Map<number, { at: number; run: () => void }>()

  // setImmediate comes after every pending microtask: whatever the last step resolved has then run.
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

  function next(until: number): { id: number; at: number; run: () => void } | undefined {
    let first: { id: number; at: number; run: () => void } | undefined
    for (const [id, timer] of timers)
      if (timer.at <= until && (first === undefined || timer.at < first.at)) first = { id, ...timer }
    return first
  }

  return {
    now: () => now,
    after(ms, run) {
      const id = sequence++
      timers.set(id, { at: now + Math.max(0, ms), run })
      return { cancel: () => void timers.delete(id) }
    },
    async advance(ms) {
      const until = now + ms
      await settle()
      for (let due = next(until); due !== undefined; due = next(until)) {
        timers.delete(due.id)
        now = due.at
        due.run()
        await settle()
      }
      now = until
      await settle()
    },
  }
}
