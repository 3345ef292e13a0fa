import { z } from 'zod'
import { atMost } from '../shared/bounded.ts'
import type { Deps } from '../shared/engine/deps.ts'
import type { DeadLetterDoc } from '../shared/state/documents.ts'
import { bodyOf, type Event } from './event.ts'

/** Dead letters are for people to read; after this the TTL policy takes them. Milliseconds. */
const keptFor = 30 * 24 * 3_600_000

/** So much of a payload is kept. */
const longestPayload = 100_000

/** What was published by mistake must not lie about where many can read it: members of a BackendConfig, and private keys. */
const mayHoldSecret = /clientSecret|keyValue|PRIVATE KEY/
const notKept = '(not kept: it may hold a secret)'

/** Pub/Sub's attributes of a message that it moved here, and those of its push; they are not the message's own. */
const sourceSubscription = 'CloudPubSubDeadLetterSourceSubscription'
const pubsubsOwn = /^(?:CloudPubSub|googclient_)/

/** Where messages come from: what the registry knows, which names this function too. */
export interface Routes {
  /** Topics to which a message may be sent again. */
  topics: ReadonlySet<string>
  /** The topic of a push subscription. */
  topicOf(subscription: string): string | undefined
}

/** What `mci dead-letters replay` publishes, with the attribute `action: replay`. */
const replayShape = z.object({
  replay: z
    .array(z.string().refine(...atMost(200)))
    .refine(...atMost(100))
    .refine((ids) => ids.length > 0 && !ids.includes(''), 'names no message'),
})

/**
 * Topic dead-letters: a message that was delivered often enough and never acknowledged is kept for people, and what was kept
 * is sent again when they ask for it.
 */
export async function onDeadLetter(deps: Deps, event: Event, routes: Routes): Promise<void> {
  const from = event.attributes[sourceSubscription]
  if (from === undefined && event.attributes['action'] === 'replay') {
    for (const id of bodyOf(event, replayShape).replay) await replay(deps, id, routes, event.id)
    return
  }
  await keepDeadLetter(
    deps,
    event,
    from === undefined ? 'unknown' : (routes.topicOf(from) ?? from),
    `delivered ${event.attributes['CloudPubSubDeadLetterSourceDeliveryCount'] ?? 'many'} times and never acknowledged`,
  )
}

/** Keeps a message that could not be worked on, once, and says so at error level. */
export async function keepDeadLetter(deps: Deps, event: Event, topic: string, why: string): Promise<void> {
  const at = deps.clock.now()
  const id = /^[\w-]{1,200}$/.test(event.id) ? event.id : deps.uniqueId()
  await deps.store.transact(async (tx) => {
    if (await tx.get('deadLetters', id)) return
    tx.set('deadLetters', id, {
      id,
      topic: kept(topic, 300),
      data: mayHoldSecret.test(event.data ?? '') ? notKept : kept(event.data ?? '', longestPayload),
      attributes: keptAttributes(event.attributes),
      why: kept(why, 4_000),
      at,
      expireAt: at + keptFor,
    })
  }, 'one-document')
  deps.log.error({ message_id: id, topic, why, trace: id }, 'message kept as dead letter')
}

/** Why a kept message cannot be sent again; null when it can. */
export function obstacleOf(
  { topic, data }: Pick<DeadLetterDoc, 'topic' | 'data'>,
  topics: Routes['topics'],
): string | null {
  if (!topics.has(topic)) return `it is not known from which topic it came (${topic})`
  if (data === notKept) return 'its payload was not kept, because it may hold a secret'
  if (data.length >= longestPayload) return 'its payload was too long to be kept whole'
  return null
}

/** Sent before the record goes: whoever dies between the two sends it twice, which every function bears. */
async function replay(deps: Deps, id: string, { topics }: Routes, trace: string): Promise<void> {
  const letter = await deps.store.get('deadLetters', id)
  if (letter === undefined) {
    deps.log.info({ message_id: id, trace }, 'no such dead letter: it was sent again before, or its time is over')
    return
  }
  const obstacle = obstacleOf(letter, topics)
  if (obstacle !== null) {
    deps.log.warn({ message_id: id, why: obstacle, trace }, 'dead letter not sent again')
    return
  }
  const { topic, data, attributes } = letter
  const own = Object.fromEntries(Object.entries(attributes).filter(([name]) => !pubsubsOwn.test(name)))
  await deps.bus.resend({ topic, text: data === '' ? null : data, attributes: own })
  await deps.store.transact(async (tx) => {
    tx.delete('deadLetters', id)
  }, 'one-document')
  deps.log.info({ message_id: id, topic, trace }, 'dead letter sent again')
}

/** What is wrong with a message must not keep it from being kept: text that the Store takes, of bounded length. */
function kept(text: string, longest: number): string {
  return text.slice(0, longest).toWellFormed()
}

/** As Pub/Sub bounds them. A name that no document can have is put in brackets. */
function keptAttributes(attributes: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(attributes)
      .slice(0, 100)
      .map(([key, value]) => {
        const name = kept(key, 256)
        return [name === '' || /^__.*__$/s.test(name) ? `(${name})` : name, kept(value, 1_024)]
      }),
  )
}
