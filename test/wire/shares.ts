import { putSubscription } from '../../playground/broker.ts'
import { subscriptionsOf } from '../../playground/wiring.ts'
import type { Fate, Relayed } from './relay.ts'

/**
 * The Pub/Sub emulator has two pushes of a subscription under way at a time, where the service has up to thousands: two messages that
 * stand before what a dead process has locked would hold up all others for a minute. So every function has several subscriptions, each of
 * which gets every message and takes its share of them.
 */
const shares = 2

/** Makes the further subscriptions, beside those that are there. */
export async function shareOut(rest: string, project: string, ports: Readonly<Record<string, number>>): Promise<void> {
  for (const subscription of subscriptionsOf(project, ports))
    for (let share = 1; share < shares; share += 1)
      await putSubscription(rest, {
        ...subscription,
        name: `${subscription.name}-${share}`,
        endpoint: `${subscription.endpoint}?share=${share}`,
      })
}

/** A message of another share is acknowledged at once. */
export function fateOfShare({ path, body }: Relayed): Fate {
  const message = messageIdOf(body)
  const share = Number(/\?share=(\d+)$/.exec(path)?.[1] ?? 0)
  return message === null || Number(BigInt(message) % BigInt(shares)) === share
    ? { is: 'passed' }
    : { is: 'refused', status: 204, body: '' }
}

/** The id of the message of a push; null = it is none. */
export function messageIdOf(body: Buffer): string | null {
  return /"messageId"\s*:\s*"(\d+)"/.exec(body.toString())?.[1] ?? null
}
