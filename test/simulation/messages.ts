import { eventFunctions } from '../../functions/registry.ts'
import { createPubSubCore, type Fate, type SimulatedPubSub } from '../../playground/pubsub/core.ts'
import type { Message } from '../../playground/pubsub/message.ts'
import { statusTopic } from '../../shared/engine/announce.ts'
import type { Bus } from '../../shared/cloud/bus-port.ts'
import { CloudError } from '../../shared/cloud/compute-port.ts'
import type { Calls, Invocation } from './calls.ts'
import type { Chance } from './chance.ts'
import type { SimulationClock } from './clock.ts'
import type { Faults } from './faults.ts'
import type { Platform } from './functions-in-process.ts'
import type { Trace } from './trace.ts'

const project = 'playground'
const topicName = (topic: string): string => `projects/${project}/topics/${topic}`

/** As the deployed subscriptions are; more attempts, because no person reads this world's dead letters. */
const push = { ackDeadlineMs: 150_000, retry: { minBackoffMs: 1_000, maxBackoffMs: 60_000 }, attempts: 1_000 }

/** What people and sources outside publish: at least once, never lost. */
export interface Messages {
  publish(topic: string, data: string | null, attributes?: Record<string, string>): string
  /** The bus as one invocation reaches it. */
  busOf(invocation: Invocation, calls: Calls): Bus
  /** Messages neither handled nor given up. */
  backlog(): number
  close(): void
}

export function createMessages(parts: {
  clock: SimulationClock
  chance: Chance
  faults: Faults
  trace: Trace
  platform: Platform
  /** Told of every message of ours. */
  onPublish: (topic: string, body: unknown) => void
}): Messages {
  const { clock, faults, trace, platform } = parts
  const chance = parts.chance.fork('messages')
  /** Messages that a real Pub/Sub would not lose either, and that nothing repeats. */
  const kept = new Set<string>()
  let publishing = false

  function fate(message: Message): Fate {
    const ours = !publishing && !kept.has(message.messageId)
    if (ours && strikes('message lost')) return { kind: 'lost' }
    const copies = strikes('message duplicated') ? chance.whole(2, 3) : 1
    const delayMs = strikes('message delayed')
      ? chance.pick([chance.whole(100, 5_000), chance.whole(1_000, 60_000), chance.whole(60_000, 400_000)])
      : chance.whole(2, 40)
    return { kind: 'deliver', copies, delayMs, ahead: strikes('message overtakes') }
  }

  function strikes(kind: Parameters<Faults['strikes']>[0]): boolean {
    const struck = faults.strikes(kind)
    if (struck) faults.reached(kind)
    return struck
  }

  const pubsub: SimulatedPubSub = createPubSubCore({ clock, random: chance.random, chaos: fate })
  for (const topic of [...eventFunctions.map((one) => one.topic), statusTopic]) pubsub.createTopic(topicName(topic))
  for (const target of eventFunctions) {
    pubsub.subscribe({
      name: `projects/${project}/subscriptions/${target.name}`,
      topic: topicName(target.topic),
      push: { deliver: (body) => platform.deliver(target, body) },
      ackDeadlineMs: push.ackDeadlineMs,
      retry: push.retry,
      maxOutstanding: 1_000,
      ...(target.topic === 'dead-letters'
        ? {}
        : { deadLetter: { topic: topicName('dead-letters'), maxDeliveryAttempts: push.attempts } }),
    })
  }

  return {
    publish(topic, data, attributes = {}) {
      trace.note(
        'outside',
        () =>
          `publishes to ${topic}: ${(data ?? '').replaceAll(/\s+/g, ' ').slice(0, 600)} ${JSON.stringify(attributes)}`,
      )
      publishing = true
      const [id = ''] = pubsub.publish(topicName(topic), { ...(data === null ? {} : { data }), attributes })
      publishing = false
      kept.add(id)
      return id
    },
    busOf: (invocation, calls) => ({
      publish: (messages) =>
        calls.through(invocation, { port: 'bus', what: messages.map(({ topic }) => topic).join(',') }, async () => {
          if (strikes('publish refused')) throw new CloudError(503, '', 'Pub/Sub is unavailable')
          for (const { topic, body } of messages) {
            parts.onPublish(topic, body)
            pubsub.publish(topicName(topic), { data: JSON.stringify(body) })
          }
          if (strikes('publish answer lost')) throw new CloudError(0, '', 'the answer to the publish was lost')
        }),
      // Nobody in this world replays a dead letter.
      resend: () => Promise.reject(new Error('nothing is sent again here')),
    }),
    backlog: () => Object.values(pubsub.counts().subscriptions).reduce((sum, { backlog }) => sum + backlog, 0),
    close: () => pubsub.close(),
  }
}
