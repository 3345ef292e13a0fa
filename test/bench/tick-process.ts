import { deployments } from '../../functions/deployment.ts'
import { eventFunctions } from '../../functions/registry.ts'
import { makeDeps } from '../../functions/runtime.ts'
import type { BusMessage } from '../../shared/cloud/bus-port.ts'
import { readConfig } from '../../shared/config.ts'
import type { Deps } from '../../shared/engine/deps.ts'
import { remoteStore } from './remote-store.ts'

/**
 * One instance of the functions, alone in its process, that does a whole tick with all that follows: what a deployment
 * spreads over many instances. Clients of Compute and the clusters are the real ones; the Store is the parent's.
 */

/** The parent's order, and what came of it. */
export interface Tick {
  /** Milliseconds since the epoch, in the parent's world. */
  tick: number
}
export interface Ticked {
  ticked: true
  seconds: number
  processorSeconds: number
  messages: number
  /** The most memory that this process ever held. */
  megabytes: number
  /** What was logged at level warn or error. */
  complaints: string[]
}

const atOnce = deployments.find(({ name }) => name === 'scheduler-tick')?.concurrency ?? 1
const made = makeDeps(readConfig())
const store = remoteStore()

async function tick(now: number): Promise<Ticked> {
  const begun = performance.now()
  const processor = process.cpuUsage()
  const complaints: string[] = []
  const complain = (fields: object, message: string): void =>
    void complaints.push(`${message} ${JSON.stringify(fields)}`)
  const queue: { topic: string; data: string }[] = [{ topic: 'scheduler-ticks', data: '{}' }]
  let messages = 0
  const deps: Deps = {
    ...made,
    store,
    clock: { ...made.clock, now: () => now + (performance.now() - begun) },
    log: { info: () => undefined, warn: complain, error: complain },
    bus: {
      publish(published: readonly BusMessage[]) {
        queue.push(...published.map(({ topic, body }) => ({ topic, data: JSON.stringify(body) })))
        return Promise.resolve()
      },
      resend: () => Promise.reject(new Error('nothing is sent again here')),
    },
  }
  const running = new Set<Promise<void>>()
  while (queue.length > 0 || running.size > 0) {
    const message = running.size < atOnce ? queue.shift() : undefined
    if (message === undefined) {
      await Promise.race(running)
      continue
    }
    messages += 1
    const target = eventFunctions.find(({ topic }) => topic === message.topic)
    const event = { id: `message-${messages}`, publishedAt: now, attributes: {}, data: message.data }
    const work = (target?.handle(deps, event) ?? Promise.resolve()).finally(() => running.delete(work))
    running.add(work)
  }
  const { user, system } = process.cpuUsage(processor)
  return {
    ticked: true,
    seconds: (performance.now() - begun) / 1_000,
    processorSeconds: (user + system) / 1_000_000,
    messages,
    megabytes: Math.round(process.resourceUsage().maxRSS / 1_024),
    complaints,
  }
}

process.on('message', (message: object) => {
  if (!('tick' in message)) return
  void tick((message as Tick).tick).then(
    (ticked) => process.send?.(ticked),
    (error: unknown) => {
      throw error
    },
  )
})
process.on('disconnect', () => process.exit(0))
