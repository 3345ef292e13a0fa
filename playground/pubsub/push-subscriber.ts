import type { DeliveryQueue } from './delivery-queue.ts'
import { pushBody, type Message, type PushBody } from './message.ts'

/** What a receiver makes of a message. */
export type Verdict = 'ack' | 'nack'

/** Hands one message to a receiver; `signal` is aborted when the ack deadline has passed. A rejection is a nack. */
export type Deliver = (body: PushBody, signal: AbortSignal) => Promise<Verdict>

/** Where and how a push subscription delivers; read anew for every message. */
export interface PushTarget {
  deliver: Deliver
  ackDeadlineMs: number
  /** Deliveries under way at once (flow control). */
  maxOutstanding: number
  /** Whether bodies carry deliveryAttempt. */
  countsAttempts: boolean
}

/**
 * Delivers everything that becomes ready in `queue` for as long as `target()` answers something.
 * @returns the function that stops it; deliveries under way end by themselves.
 */
export function startPushing(
  subscription: string,
  queue: DeliveryQueue,
  target: () => PushTarget | undefined,
): () => void {
  let outstanding = 0
  let stopped = false

  function pump(): void {
    for (;;) {
      const to = stopped ? undefined : target()
      if (to === undefined || outstanding >= to.maxOutstanding) return
      const overdue = new AbortController()
      const [delivery] = queue.take(1, to.ackDeadlineMs, (end) => {
        outstanding--
        if (end === 'expired' || end === 'closed') overdue.abort()
        queueMicrotask(pump)
      })
      if (delivery === undefined) return
      outstanding++
      void hand(to, delivery.message, delivery.attempt, overdue.signal).then((verdict) =>
        verdict === 'ack' ? queue.ack(delivery.ackId) : queue.nack(delivery.ackId),
      )
    }
  }

  async function hand(to: PushTarget, message: Message, attempt: number, signal: AbortSignal): Promise<Verdict> {
    try {
      return await to.deliver(pushBody(message, subscription, to.countsAttempts ? attempt : undefined), signal)
    } catch {
      return 'nack'
    }
  }

  const unsubscribe = queue.onReady(pump)
  return () => {
    stopped = true
    unsubscribe()
  }
}
