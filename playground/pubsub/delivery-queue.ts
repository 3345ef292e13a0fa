import type { Clock, Timer } from '../world.ts'
import type { Message } from './message.ts'

/** How a delivery's lease ended. */
export type LeaseEnd = 'acked' | 'nacked' | 'expired' | 'closed'

/** A message handed out until its ack deadline. */
export interface Delivery {
  ackId: string
  message: Message
  /** 1 + nacks + missed deadlines, as ReceivedMessage.delivery_attempt counts. */
  attempt: number
}

/** Running totals of one subscription. */
export interface DeliveryCounts {
  /** Copies that entered the queue. */
  queued: number
  /** Hand-outs, redeliveries included. */
  delivered: number
  redelivered: number
  acked: number
  nacked: number
  /** Ack deadlines missed. */
  expired: number
  deadLettered: number
  /** Messages older than the retention. */
  forgotten: number
}

/** The backlog of one subscription: at least once, in order of arrival, with retries. */
export interface DeliveryQueue {
  offer(message: Message, options?: { delayMs?: number; ahead?: boolean }): void
  /** Leases up to `max` messages for `deadlineMs`; `onEnd` is told once how each lease ended. */
  take(max: number, deadlineMs: number, onEnd?: (end: LeaseEnd) => void): Delivery[]
  /** False when the lease is unknown or over: the message may come again. */
  ack(ackId: string): boolean
  nack(ackId: string): boolean
  extend(ackId: string, deadlineMs: number): boolean
  /** Called (as a microtask) whenever something can be taken; listeners are asked in turn. Returns the unsubscriber. */
  onReady(listener: () => void): () => void
  /** Messages that are neither acked nor given up. */
  backlog(): number
  readonly counts: Readonly<DeliveryCounts>
  close(): void
}

/** The parts of a subscription that a queue obeys; read anew at every use, because a subscription can be updated. */
export interface DeliveryPolicy {
  /** Wait before the next delivery after `failures` nacks or missed deadlines. */
  backoffMs(failures: number): number
  /** Tried once a message has failed; true = the message was taken over by the dead-letter topic. */
  deadLetter(message: Message, failures: number): boolean
  retentionMs: number
}

interface Entry {
  message: Message
  failures: number
}

interface Lease {
  entry: Entry
  timer: Timer
  onEnd: ((end: LeaseEnd) => void) | undefined
}

/** Makes an empty queue; `policy` is consulted on every failure. */
export function createDeliveryQueue(clock: Clock, policy: () => DeliveryPolicy): DeliveryQueue {
  let ready: Entry[] = []
  let head = 0
  let nextAck = 1
  let waking = false
  const leases = new Map<string, Lease>()
  const delayed = new Map<Entry, Timer>()
  const listeners = new Set<() => void>()
  const counts: DeliveryCounts = {
    queued: 0,
    delivered: 0,
    redelivered: 0,
    acked: 0,
    nacked: 0,
    expired: 0,
    deadLettered: 0,
    forgotten: 0,
  }

  // A microtask, not a call: whoever publishes inside a delivery must not be re-entered.
  function wake(): void {
    if (waking) return
    waking = true
    queueMicrotask(() => {
      waking = false
      for (const listener of [...listeners]) {
        if (head >= ready.length) return
        // The one just asked goes last, so that several subscribers share the work.
        if (listeners.delete(listener)) listeners.add(listener)
        listener()
      }
    })
  }

  function enter(entry: Entry, delayMs: number, ahead: boolean): void {
    if (delayMs > 0) {
      const timer = clock.after(delayMs, () => {
        delayed.delete(entry)
        enter(entry, 0, ahead)
      })
      delayed.set(entry, timer)
      return
    }
    if (ahead && head > 0) ready[--head] = entry
    else if (ahead) ready.unshift(entry)
    else ready.push(entry)
    wake()
  }

  function shift(): Entry | undefined {
    const entry = ready[head]
    if (entry === undefined) return undefined
    head++
    if (head > 1024 && head * 2 > ready.length) {
      ready = ready.slice(head)
      head = 0
    }
    return entry
  }

  function end(ackId: string, how: LeaseEnd): boolean {
    const lease = leases.get(ackId)
    if (lease === undefined) return false
    leases.delete(ackId)
    lease.timer.cancel()
    switch (how) {
      case 'acked':
        counts.acked++
        break
      case 'nacked':
      case 'expired':
        counts[how]++
        fail(lease.entry)
        break
      case 'closed':
        break
      default:
        how satisfies never
    }
    lease.onEnd?.(how)
    return true
  }

  function fail(entry: Entry): void {
    entry.failures++
    if (policy().deadLetter(entry.message, entry.failures)) {
      counts.deadLettered++
      return
    }
    enter(entry, policy().backoffMs(entry.failures), false)
  }

  return {
    counts,
    offer(message, { delayMs = 0, ahead = false } = {}) {
      counts.queued++
      enter({ message, failures: 0 }, delayMs, ahead)
    },
    take(max, deadlineMs, onEnd) {
      const taken: Delivery[] = []
      while (taken.length < max) {
        const entry = shift()
        if (entry === undefined) break
        if (clock.now() - entry.message.publishTime > policy().retentionMs) {
          counts.forgotten++
          continue
        }
        const ackId = String(nextAck++)
        const timer = clock.after(deadlineMs, () => end(ackId, 'expired'))
        leases.set(ackId, { entry, timer, onEnd })
        counts.delivered++
        if (entry.failures > 0) counts.redelivered++
        taken.push({ ackId, message: entry.message, attempt: entry.failures + 1 })
      }
      return taken
    },
    ack: (ackId) => end(ackId, 'acked'),
    nack: (ackId) => end(ackId, 'nacked'),
    extend(ackId, deadlineMs) {
      const lease = leases.get(ackId)
      if (lease === undefined) return false
      lease.timer.cancel()
      lease.timer = clock.after(deadlineMs, () => end(ackId, 'expired'))
      return true
    },
    onReady(listener) {
      listeners.add(listener)
      if (head < ready.length) wake()
      return () => void listeners.delete(listener)
    },
    backlog: () => ready.length - head + leases.size + delayed.size,
    close() {
      listeners.clear()
      for (const timer of delayed.values()) timer.cancel()
      delayed.clear()
      ready = []
      head = 0
      for (const ackId of [...leases.keys()]) end(ackId, 'closed')
    },
  }
}
