import { keepDeadLetter } from '../../functions/dead-letter.ts'
import { parseEvent, Poison, type Event } from '../../functions/event.ts'
import type { EventFunction } from '../../functions/registry.ts'
import { budget } from '../../functions/runtime.ts'
import type { PushBody } from '../../playground/pubsub/message.ts'
import type { Verdict } from '../../playground/pubsub/push-subscriber.ts'
import type { Deps } from '../../shared/engine/deps.ts'
import { who, type Ending, type Invocation } from './calls.ts'
import type { Chance } from './chance.ts'
import type { SimulationClock } from './clock.ts'
import type { Faults } from './faults.ts'
import type { Trace } from './trace.ts'

/** Runs functions for deliveries, as the platform does: with a time limit, and each in a process that can die alone. */
export interface Platform {
  deliver(target: EventFunction, body: PushBody): Promise<Verdict>
  /** Invocations that have neither ended nor been killed. */
  running(): number
  /** Invocations so far. */
  count(): number
}

export function createPlatform(parts: {
  clock: SimulationClock
  chance: Chance
  faults: Faults
  trace: Trace
  depsOf: (invocation: Invocation) => Deps
  /** What a message becomes before it is handled: for deliberate bugs. */
  changeEvent?: ((event: Event, now: number) => Event) | undefined
  onHandled: (target: EventFunction, body: PushBody) => void
}): Platform {
  const { clock, faults, trace, depsOf, onHandled } = parts
  const chance = parts.chance.fork('platform')
  let ids = 0
  let running = 0

  async function run(deps: Deps, target: EventFunction, body: PushBody): Promise<Ending> {
    let event: Event = { id: '', data: null, attributes: {}, publishedAt: deps.clock.now() }
    try {
      event = parseEvent(body, deps.clock.now())
      if (parts.changeEvent) event = parts.changeEvent(event, deps.clock.now())
      await target.handle(deps, event)
      return 'handled'
    } catch (error) {
      if (error instanceof Poison) {
        await keepDeadLetter(deps, event, target.topic, error.message)
        return 'handled'
      }
      deps.log.error({ function: target.name, error: String(error) }, 'event not handled')
      return 'failed'
    }
  }

  return {
    running: () => running,
    count: () => ids,
    deliver(target, body) {
      return new Promise((resolve) => {
        let ended = false
        ids += 1
        running += 1
        const skewed = faults.strikes('clock skewed')
        if (skewed) faults.reached('clock skewed')
        const invocation: Invocation = {
          id: ids,
          function: target.name,
          dead: false,
          skew: skewed ? chance.whole(-15_000, 15_000) : 0,
          tokens: new Map(),
          end(how) {
            if (ended) return
            ended = true
            running -= 1
            limit.cancel()
            if (how === 'handled') onHandled(target, body)
            // A process that goes silent is noticed by the ack deadline only; its message is then expired, not answered.
            if (how !== 'silent') resolve(how === 'handled' ? 'ack' : 'nack')
          },
        }
        // The platform gives up on it; whether its process then dies or goes on for a while is nobody's promise.
        const limit = clock.after(
          faults.strikes('function timed out') ? chance.whole(1, 20_000) : budget.function,
          () => {
            faults.reached('function timed out')
            trace.note(who(invocation), () => 'TIMED OUT')
            invocation.dead = chance.hits(0.5)
            invocation.end('crashed')
          },
        )
        trace.note(who(invocation), () => `begins: ${describe(body)}`)
        void run(depsOf(invocation), target, body).then(invocation.end)
      })
    },
  }
}

function describe({ message, deliveryAttempt = 1 }: PushBody): string {
  const data = message.data === undefined ? '' : Buffer.from(message.data, 'base64').toString('utf8')
  const attributes = message.attributes === undefined ? '' : ` ${JSON.stringify(message.attributes)}`
  return `${data.replaceAll(/\s+/g, ' ').slice(0, 300)}${attributes}${deliveryAttempt > 1 ? ` (attempt ${deliveryAttempt})` : ''}`
}
