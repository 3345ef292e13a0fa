import type { Delivery } from './delivery-queue.ts'
import { PubSubError } from './errors.ts'
import type { Message } from './message.ts'
import { ackDeadlineMs, retentionMs, type SubscriptionSpec } from './subscription.ts'

/**
 * The protobuf messages as the loader decodes them (camelCase, int64 as numbers, defaults filled in for scalars, null for
 * absent sub-messages). Only the fields in use are listed; the decoder guarantees their types.
 */
export interface ProtoDuration {
  seconds: number
  nanos: number
}

export interface ProtoMessage {
  data: Buffer
  attributes: Record<string, string>
  messageId: string
  publishTime: ProtoDuration | null
  orderingKey: string
}

export interface ProtoSubscription {
  name: string
  topic: string
  pushConfig: { pushEndpoint: string; attributes: Record<string, string>; noWrapper?: unknown } | null
  ackDeadlineSeconds: number
  retainAckedMessages: boolean
  messageRetentionDuration: ProtoDuration | null
  labels: Record<string, string>
  enableMessageOrdering: boolean
  filter: string
  deadLetterPolicy: { deadLetterTopic: string; maxDeliveryAttempts: number } | null
  retryPolicy: { minimumBackoff: ProtoDuration | null; maximumBackoff: ProtoDuration | null } | null
  enableExactlyOnceDelivery: boolean
  bigqueryConfig: unknown
  bigtableConfig: unknown
  cloudStorageConfig: unknown
  messageTransforms: unknown[]
}

function toDuration(ms: number): ProtoDuration {
  const seconds = Math.floor(ms / 1000)
  return { seconds, nanos: Math.round((ms - seconds * 1000) * 1e6) }
}

function fromDuration(duration: ProtoDuration | null | undefined): number | undefined {
  return duration === null || duration === undefined ? undefined : duration.seconds * 1000 + duration.nanos / 1e6
}

function present(value: unknown): boolean {
  return value !== null && value !== undefined
}

/** A kept message as a PubsubMessage. */
export function toProtoMessage(message: Message): ProtoMessage {
  return {
    data: message.data,
    attributes: { ...message.attributes },
    messageId: message.messageId,
    publishTime: toDuration(message.publishTime),
    orderingKey: message.orderingKey,
  }
}

/** A subscription as the API answers it; a receiver inside this process shows no endpoint. */
export function toProtoSubscription(spec: SubscriptionSpec): Partial<ProtoSubscription> & { state: string } {
  return {
    name: spec.name,
    topic: spec.topic,
    pushConfig: {
      pushEndpoint: spec.push !== undefined && 'endpoint' in spec.push ? spec.push.endpoint : '',
      attributes: spec.push === undefined ? {} : { 'x-goog-version': 'v1' },
    },
    ackDeadlineSeconds: Math.ceil(ackDeadlineMs(spec) / 1000),
    messageRetentionDuration: toDuration(retentionMs(spec)),
    labels: { ...spec.labels },
    state: 'ACTIVE',
    ...(spec.deadLetter === undefined
      ? {}
      : {
          deadLetterPolicy: {
            deadLetterTopic: spec.deadLetter.topic,
            maxDeliveryAttempts: spec.deadLetter.maxDeliveryAttempts,
          },
        }),
    ...(spec.retry === undefined
      ? {}
      : {
          retryPolicy: {
            minimumBackoff: toDuration(spec.retry.minBackoffMs),
            maximumBackoff: toDuration(spec.retry.maxBackoffMs),
          },
        }),
  }
}

/**
 * A Subscription from the wire, held to the limits that pubsub.proto documents.
 * @throws PubSubError INVALID_ARGUMENT, or UNIMPLEMENTED for what this Pub/Sub does not do
 */
export function fromProtoSubscription(proto: ProtoSubscription): SubscriptionSpec {
  const missing = [
    ['filter', proto.filter !== ''],
    ['enable_message_ordering', proto.enableMessageOrdering],
    ['enable_exactly_once_delivery', proto.enableExactlyOnceDelivery],
    ['retain_acked_messages', proto.retainAckedMessages],
    ['bigquery_config', present(proto.bigqueryConfig)],
    ['bigtable_config', present(proto.bigtableConfig)],
    ['cloud_storage_config', present(proto.cloudStorageConfig)],
    ['message_transforms', proto.messageTransforms.length > 0],
    ['push_config.no_wrapper', present(proto.pushConfig?.noWrapper)],
  ] as const
  for (const [field, used] of missing) {
    if (used)
      throw new PubSubError(
        'UNIMPLEMENTED',
        `The playground's Pub/Sub does not simulate ${field} (subscription ${proto.name}).`,
      )
  }
  const deadlineSeconds = proto.ackDeadlineSeconds
  if (deadlineSeconds !== 0) limits(proto.name, 'ack_deadline_seconds', deadlineSeconds, 10, 600)
  const attempts = proto.deadLetterPolicy?.maxDeliveryAttempts ?? 0
  if (attempts !== 0) limits(proto.name, 'dead_letter_policy.max_delivery_attempts', attempts, 5, 100)
  const endpoint = proto.pushConfig?.pushEndpoint ?? ''
  const retention = fromDuration(proto.messageRetentionDuration)
  return {
    name: proto.name,
    topic: proto.topic,
    ...(deadlineSeconds === 0 ? {} : { ackDeadlineMs: deadlineSeconds * 1000 }),
    ...(endpoint === '' ? {} : { push: { endpoint } }),
    ...(retention === undefined ? {} : { retentionMs: retention }),
    ...(proto.deadLetterPolicy === null
      ? {}
      : { deadLetter: { topic: proto.deadLetterPolicy.deadLetterTopic, maxDeliveryAttempts: attempts || 5 } }),
    ...(proto.retryPolicy === null
      ? {}
      : {
          retry: {
            minBackoffMs: fromDuration(proto.retryPolicy.minimumBackoff) ?? 10_000,
            maxBackoffMs: fromDuration(proto.retryPolicy.maximumBackoff) ?? 600_000,
          },
        }),
    labels: proto.labels,
  }
}

function limits(name: string, field: string, value: number, min: number, max: number): void {
  if (value < min || value > max)
    throw new PubSubError(
      'INVALID_ARGUMENT',
      `The subscription ${name} was refused: ${field} must lie between ${min} and ${max}, it is ${value}.`,
    )
}

/** @throws PubSubError INVALID_ARGUMENT outside the 0 to 600 seconds that pubsub.proto allows */
export function checkDeadline(seconds: number): void {
  if (seconds < 0 || seconds > 600)
    throw new PubSubError('INVALID_ARGUMENT', `An ack deadline must lie between 0 and 600 seconds, it is ${seconds}.`)
}

/** A ReceivedMessage on the wire. */
export interface ProtoReceived {
  ackId: string
  message: ProtoMessage
  deliveryAttempt: number
}

/** A delivery on the wire; attempts are counted for subscribers only with a dead-letter policy. */
export function toProtoReceived(delivery: Delivery, spec: SubscriptionSpec): ProtoReceived {
  return {
    ackId: delivery.ackId,
    message: toProtoMessage(delivery.message),
    deliveryAttempt: spec.deadLetter === undefined ? 0 : delivery.attempt,
  }
}
