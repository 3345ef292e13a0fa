import type { Chance } from './chance.ts'
import type { SimulationClock } from './clock.ts'
import type { Faults } from './faults.ts'
import type { Trace } from './trace.ts'

/** One run of a function for one delivery of a message. */
export interface Invocation {
  /** From 1, in the order of their beginning. */
  id: number
  function: string
  /** Set when it was killed: from then on none of its calls returns. */
  dead: boolean
  /** How far its clock is off; milliseconds. */
  skew: number
  /** The fencing token under which it works on each resource. */
  tokens: Map<string, number>
  /** Told once how the delivery ended. */
  end: (how: Ending) => void
}

/** `crashed` is seen at once, `silent` only by the ack deadline. */
export type Ending = 'handled' | 'failed' | 'crashed' | 'silent'

/** One external call, as kills and the trace name it. */
export interface Call {
  port: 'store' | 'compute' | 'cluster' | 'bus'
  what: string
}

/** When to kill or to put to sleep: asked at every call, with its number from 1 over all invocations. */
export type Fate = 'kill before' | 'kill after' | 'sleep' | undefined
export type Fates = (number: number, invocation: Invocation, call: Call) => Fate

/** The way of every external call of every invocation. */
export interface Calls {
  through<T>(invocation: Invocation, call: Call, run: () => Promise<T>): Promise<T>
  /** Like `through`, without a number: reads in a transaction, sleeps. */
  aside<T>(invocation: Invocation, ms: number, run: () => Promise<T> | T): Promise<T>
  /** Calls so far. */
  count(): number
}

/** Kills and sleeps at random, as the faults of the world have it. */
export function randomFates(faults: Faults): Fates {
  return (_number, _invocation, { port, what }) => {
    if (faults.strikes('killed before a call')) return 'kill before'
    if (faults.strikes('killed after a call')) return 'kill after'
    const mutates = port === 'compute' && !what.startsWith('GET') && !what.endsWith('/wait')
    if (mutates && faults.strikes('slept before a mutation')) {
      faults.reached('slept before a mutation')
      return 'sleep'
    }
    return faults.strikes('slept past its lease') ? 'sleep' : undefined
  }
}

export function createCalls(parts: {
  clock: SimulationClock
  chance: Chance
  faults: Faults
  fates: Fates
  trace: Trace
}): Calls {
  const { clock, chance, faults, fates, trace } = parts
  const latency = chance.fork('latency')
  let count = 0

  function kill(invocation: Invocation, call: Call, when: string): void {
    trace.note(who(invocation), () => `KILLED ${when} ${call.port} ${call.what}`)
    invocation.dead = true
    invocation.end(latency.hits(0.7) ? 'crashed' : 'silent')
  }

  return {
    count: () => count,
    async through(invocation, call, run) {
      if (isDead(invocation)) return never()
      count += 1
      const fate = fates(count, invocation, call)
      if (fate === 'kill before') {
        faults.reached('killed before a call')
        kill(invocation, call, 'before')
        return never()
      }
      const asleep = fate === 'sleep' ? latency.whole(92_000, 240_000) : 0
      if (asleep > 0) {
        faults.reached('slept past its lease')
        trace.note(who(invocation), () => `sleeps ${asleep} ms before ${call.port} ${call.what}`)
      }
      // Most calls are quick; a slow one now and then lets the others overtake.
      await clock.sleep(asleep + (latency.hits(0.03) ? latency.whole(200, 3_000) : latency.whole(1, 30)))
      if (isDead(invocation)) return never()
      if (fate !== 'kill after') {
        const result = await run()
        return isDead(invocation) ? never() : result
      }
      faults.reached('killed after a call')
      await run().catch(() => undefined)
      if (!isDead(invocation)) kill(invocation, call, 'after')
      return never()
    },
    async aside(invocation, ms, run) {
      if (isDead(invocation)) return never()
      if (ms > 0) await clock.sleep(ms)
      if (isDead(invocation)) return never()
      const result = await run()
      return isDead(invocation) ? never() : result
    },
  }
}

/** How the trace calls an invocation. */
export function who(invocation: Invocation): string {
  return `${invocation.function}#${invocation.id}`
}

/** Asked anew after every await: it may have been killed meanwhile. */
function isDead(invocation: Invocation): boolean {
  return invocation.dead
}

function never<T>(): Promise<T> {
  return new Promise(() => undefined)
}
