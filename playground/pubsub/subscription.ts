import { PubSubError } from './errors.ts'
import type { Deliver } from './push-subscriber.ts'

/** What a subscription is made of; names are full resource names, times are milliseconds. */
export interface SubscriptionSpec {
  /** projects/P/subscriptions/S */
  name: string
  /** projects/P/topics/T, which must exist. */
  topic: string
  /** Absent = subscribers pull. */
  push?: { endpoint: string } | { deliver: Deliver }
  /** Wait for an acknowledgement, and the time limit of a push; default 10 s, as the API's. */
  ackDeadlineMs?: number
  /** Absent: a pull is repeated at once and a push after 100 ms to 60 s (push backoff; not checked against the real service). */
  retry?: { minBackoffMs: number; maxBackoffMs: number }
  deadLetter?: { topic: string; maxDeliveryAttempts: number }
  /** Pushes under way at once; default 100. */
  maxOutstanding?: number
  /** Default 7 days, as the API's. */
  retentionMs?: number
  labels?: Readonly<Record<string, string>>
}

const DEFAULT_ACK_DEADLINE_MS = 10_000
const DEFAULT_RETENTION_MS = 7 * 24 * 3600 * 1000
const DEFAULT_MAX_OUTSTANDING = 100
const PUSH_BACKOFF = { minBackoffMs: 100, maxBackoffMs: 60_000 }

/** The effective ack deadline in milliseconds. */
export function ackDeadlineMs(spec: SubscriptionSpec): number {
  return spec.ackDeadlineMs ?? DEFAULT_ACK_DEADLINE_MS
}

/** The effective retention in milliseconds. */
export function retentionMs(spec: SubscriptionSpec): number {
  return spec.retentionMs ?? DEFAULT_RETENTION_MS
}

/** The effective number of pushes under way at once. */
export function maxOutstanding(spec: SubscriptionSpec): number {
  return spec.maxOutstanding ?? DEFAULT_MAX_OUTSTANDING
}

/** Exponential backoff from the minimum, doubled per failure up to the maximum. */
export function backoffMs(spec: SubscriptionSpec, failures: number): number {
  const retry = spec.retry ?? (spec.push === undefined ? undefined : PUSH_BACKOFF)
  if (retry === undefined) return 0
  return Math.min(retry.maxBackoffMs, retry.minBackoffMs * 2 ** Math.min(failures - 1, 40))
}

/**
 * Refuses what the service would refuse, apart from names and missing topics. The playground's own callers may use
 * shorter deadlines and fewer attempts than the API allows; the gRPC edge holds callers to the API's limits.
 * @throws PubSubError INVALID_ARGUMENT
 */
export function checkSubscription(spec: SubscriptionSpec): void {
  const positive: [string, number | undefined][] = [
    ['ackDeadlineMs', spec.ackDeadlineMs],
    ['maxOutstanding', spec.maxOutstanding],
    ['retentionMs', spec.retentionMs],
    ['deadLetter.maxDeliveryAttempts', spec.deadLetter?.maxDeliveryAttempts],
  ]
  for (const [what, value] of positive) {
    if (value !== undefined && !(value > 0)) throw refused(spec, `${what} must be above 0, it is ${value}`)
  }
  if (spec.retry !== undefined) {
    const { minBackoffMs, maxBackoffMs } = spec.retry
    if (!(minBackoffMs >= 0 && maxBackoffMs >= minBackoffMs && maxBackoffMs <= 600_000))
      throw refused(spec, `the backoff must lie between 0 and 600 s, it is ${minBackoffMs} to ${maxBackoffMs} ms`)
  }
  if (spec.push !== undefined && 'endpoint' in spec.push) {
    const url = URL.parse(spec.push.endpoint)
    if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
      throw refused(spec, `the push endpoint "${spec.push.endpoint.slice(0, 300)}" is not an http or https URL`)
  }
}

function refused(spec: SubscriptionSpec, why: string): PubSubError {
  return new PubSubError('INVALID_ARGUMENT', `The subscription ${spec.name} was refused: ${why}.`)
}
