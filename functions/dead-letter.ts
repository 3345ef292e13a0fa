import type { Deps } from '../shared/engine/deps.ts'
import type { Event } from './event.ts'

/** Dead letters are for people to read; after this the TTL policy takes them. Milliseconds. */
const keptFor = 30 * 24 * 3_600_000

/** So much of a payload is kept. */
const longestPayload = 100_000

/** Topic dead-letters: a message that was delivered often enough and never acknowledged. */
export async function onDeadLetter(deps: Deps, event: Event): Promise<void> {
  const from = event.attributes['CloudPubSubDeadLetterSourceSubscription'] ?? 'unknown'
  await keepDeadLetter(
    deps,
    event,
    from,
    `delivered ${event.attributes['CloudPubSubDeadLetterSourceDeliveryCount'] ?? 'many'} times and never acknowledged`,
  )
}

/** Keeps a message that could not be worked on, once, and says so at error level. */
export async function keepDeadLetter(deps: Deps, event: Event, topic: string, why: string): Promise<void> {
  const at = deps.clock.now()
  const id = event.id === '' ? deps.uniqueId() : event.id
  await deps.store.transact(async (tx) => {
    const kept = await tx.get('deadLetters', id)
    if (kept) return
    tx.set('deadLetters', id, {
      id,
      topic,
      data: (event.data ?? '').slice(0, longestPayload),
      attributes: event.attributes,
      why: why.slice(0, 4_000),
      at,
      expireAt: at + keptFor,
    })
  }, 'one-document')
  deps.log.error({ message_id: id, topic, why, trace: id }, 'message kept as dead letter')
}
