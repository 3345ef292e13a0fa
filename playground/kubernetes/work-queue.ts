import type { Clock } from '../world.ts'

/** Keys to work on: each at most once at a time, failures again later, as the work queues of Kubernetes controllers. */
export interface WorkQueue {
  add(key: string): void
  /** Takes no more work; what runs ends. */
  close(): void
}

const firstRetryMs = 1000
const lastRetryMs = 60_000

/**
 * A queue with so many workers. A key whose work throws is tried again after 1 s, then twice as long up to a minute; `failed`
 * hears why. (The real queue starts at 5 ms and grows to 1000 s; the middle is what tests and demonstrations can watch.)
 */
export function createWorkQueue(parts: {
  clock: Clock
  workers: number
  work: (key: string) => Promise<void>
  failed: (key: string, why: string) => void
}): WorkQueue {
  const waiting = new Set<string>()
  const running = new Set<string>()
  const failures = new Map<string, number>()
  let closed = false
  let woken = false

  function wake(): void {
    if (woken || closed) return
    woken = true
    // One turn later, so that a burst of events for a key is one piece of work.
    parts.clock.after(0, () => {
      woken = false
      fill()
    })
  }

  function fill(): void {
    for (const key of waiting) {
      if (closed || running.size >= parts.workers) return
      if (running.has(key)) continue
      waiting.delete(key)
      running.add(key)
      void run(key)
    }
  }

  async function run(key: string): Promise<void> {
    try {
      await parts.work(key)
      failures.delete(key)
    } catch (error) {
      const times = failures.get(key) ?? 0
      failures.set(key, times + 1)
      parts.failed(key, error instanceof Error ? error.message : String(error))
      parts.clock.after(Math.min(firstRetryMs * 2 ** times, lastRetryMs), () => add(key))
    } finally {
      running.delete(key)
      wake()
    }
  }

  function add(key: string): void {
    if (closed) return
    waiting.add(key)
    wake()
  }

  return {
    add,
    close() {
      closed = true
      waiting.clear()
    },
  }
}

/** A coalescing queue for work that takes no time: each key once per turn, in the order of the first asking. */
export function createTurnQueue(clock: Clock, work: (key: string) => void): (key: string) => void {
  const waiting = new Set<string>()
  return (key) => {
    if (waiting.size === 0) {
      clock.after(0, () => {
        const turn = [...waiting]
        waiting.clear()
        for (const entry of turn) work(entry)
      })
    }
    waiting.add(key)
  }
}
