import type { Clock, Timer } from '../../playground/world.ts'

/** Virtual time for a whole system in one process: it stands still while anything can still run, then jumps to the next timer. */
export interface SimulationClock extends Clock {
  sleep(ms: number): Promise<void>
  /** Runs every timer up to `until` in order, all promises settling after each. Throws what a timer throws. */
  runUntil(until: number): Promise<void>
  /** The time of the next timer; Infinity when there is none. */
  next(): number
}

interface Entry {
  at: number
  sequence: number
  run: (() => void) | undefined
}

/** More timers than this in one run means that something nudges itself without end. */
const mostTimers = 3_000_000

/** So often the event loop gets its turn, for signals and messages between processes. */
const breathEvery = 20_000

/**
 * Starts at a fixed moment. Between two timers all microtasks run: a task queued with `process.nextTick` from a microtask
 * comes after the last of them, and costs a tenth of a turn of the event loop. Nothing here waits for real time or input.
 */
export function simulationClock(start: number = Date.UTC(2026, 0, 1)): SimulationClock {
  let now = start
  let sequence = 0
  let ran = 0
  const heap: Entry[] = []

  function push(entry: Entry): void {
    let at = heap.length
    heap.push(entry)
    while (at > 0) {
      const up = (at - 1) >> 1
      const parent = heap[up] as Entry
      if (before(parent, entry)) break
      heap[at] = parent
      at = up
    }
    heap[at] = entry
  }

  function pop(): void {
    const last = heap.pop() as Entry
    if (heap.length === 0) return
    let at = 0
    for (;;) {
      let down = 2 * at + 1
      if (down >= heap.length) break
      if (down + 1 < heap.length && before(heap[down + 1] as Entry, heap[down] as Entry)) down += 1
      if (before(last, heap[down] as Entry)) break
      heap[at] = heap[down] as Entry
      at = down
    }
    heap[at] = last
  }

  function peek(): Entry | undefined {
    while (heap[0] !== undefined && heap[0].run === undefined) pop()
    return heap[0]
  }

  function after(ms: number, run: () => void): Timer {
    const entry: Entry = { at: now + Math.max(0, ms), sequence: sequence++, run }
    push(entry)
    return { cancel: () => void (entry.run = undefined) }
  }

  return {
    now: () => now,
    after,
    sleep: (ms) => new Promise((resolve) => void after(ms, resolve)),
    next: () => peek()?.at ?? Infinity,
    runUntil: (until) =>
      new Promise((resolve, reject) => {
        const again = (): void => {
          if (++ran % breathEvery === 0) setImmediate(step)
          else queueMicrotask(() => process.nextTick(step))
        }
        const step = (): void => {
          const due = peek()
          if (due === undefined || due.at > until) {
            now = Math.max(now, until)
            resolve()
            return
          }
          if (ran > mostTimers) {
            reject(new Error(`more than ${mostTimers} timers: something goes on without end`))
            return
          }
          pop()
          now = due.at
          try {
            due.run?.()
          } catch (error) {
            reject(error instanceof Error ? error : new Error(String(error)))
            return
          }
          again()
        }
        again()
      }),
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.sequence < b.sequence)
}
