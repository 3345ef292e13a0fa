import type { Clock, Random } from '../world.ts'
import { createPubSubCore, type Chaos, type SimulatedPubSub } from './core.ts'
import { createHttpPoster } from './http-push.ts'

export type { Chaos, Fate, PubSubCounts, SimulatedPubSub } from './core.ts'
export type { Delivery, DeliveryCounts } from './delivery-queue.ts'
export { PubSubError, type PubSubStatus } from './errors.ts'
export type { Message, MessageInput, PushBody } from './message.ts'
export type { Deliver, Verdict } from './push-subscriber.ts'
export { servePubSub, type ServedPubSub } from './serve.ts'
export type { SubscriptionSpec } from './subscription.ts'

/** A Pub/Sub whose push endpoints are reached over HTTP connections that stay open. */
export function createPubSub(options: { clock: Clock; random: Random; chaos?: Chaos }): SimulatedPubSub {
  const poster = createHttpPoster()
  const core = createPubSubCore({ ...options, post: poster.post })
  return {
    ...core,
    close() {
      core.close()
      poster.close()
    },
  }
}
