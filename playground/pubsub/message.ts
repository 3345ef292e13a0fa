import { PubSubError } from './errors.ts'

/** A message as the service keeps it. */
export interface Message {
  readonly data: Buffer
  readonly attributes: Readonly<Record<string, string>>
  readonly messageId: string
  /** Milliseconds since the epoch. */
  readonly publishTime: number
  readonly orderingKey: string
}

/** What a publisher gives; a string is sent as UTF-8. */
export interface MessageInput {
  data?: string | Uint8Array
  attributes?: Readonly<Record<string, string>>
  orderingKey?: string
}

/** The JSON body that a wrapped push subscription POSTs; empty members are left out, as the service does. */
export interface PushBody {
  message: {
    /** Base64. */
    data?: string
    attributes?: Readonly<Record<string, string>>
    messageId: string
    message_id: string
    publishTime: string
    publish_time: string
    orderingKey?: string
  }
  /** projects/P/subscriptions/S */
  subscription: string
  /** From 1; present only when the subscription has a dead-letter policy. */
  deliveryAttempt?: number
}

// The service's published quotas (not checked against the real service).
const MAX_MESSAGES = 1000
const MAX_BYTES = 10_000_000
const MAX_ATTRIBUTES = 100
const MAX_KEY_BYTES = 256
const MAX_VALUE_BYTES = 1024

/**
 * Refuses a publish call that the service would refuse.
 * @throws PubSubError INVALID_ARGUMENT
 */
export function checkPublish(messages: readonly MessageInput[]): void {
  if (messages.length === 0) throw refused('the request has no messages')
  if (messages.length > MAX_MESSAGES)
    throw refused(`the request has ${messages.length} messages, at most ${MAX_MESSAGES} are allowed`)
  let total = 0
  for (const [index, message] of messages.entries()) total += checkMessage(message, `message ${index}`)
  if (total > MAX_BYTES) throw refused(`the request has ${total} bytes, at most ${MAX_BYTES} are allowed`)
}

function checkMessage(message: MessageInput, which: string): number {
  const attributes = Object.entries(message.attributes ?? {})
  const size = message.data === undefined ? 0 : Buffer.byteLength(message.data)
  if (size === 0 && attributes.length === 0)
    throw refused(`${which} is empty: it must have non-empty data or at least one attribute`)
  if (attributes.length > MAX_ATTRIBUTES)
    throw refused(`${which} has ${attributes.length} attributes, at most ${MAX_ATTRIBUTES} are allowed`)
  let total = size
  for (const [key, value] of attributes) {
    const keyBytes = Buffer.byteLength(key)
    const valueBytes = Buffer.byteLength(value)
    if (keyBytes === 0 || keyBytes > MAX_KEY_BYTES || key.startsWith('goog'))
      throw refused(
        `${which} has the attribute key "${key.slice(0, 64)}": a key has 1 to ${MAX_KEY_BYTES} bytes and does not start with "goog"`,
      )
    if (valueBytes > MAX_VALUE_BYTES)
      throw refused(
        `${which} has ${valueBytes} bytes in the attribute "${key}", at most ${MAX_VALUE_BYTES} are allowed`,
      )
    total += keyBytes + valueBytes
  }
  return total
}

function refused(why: string): PubSubError {
  return new PubSubError('INVALID_ARGUMENT', `Publish was refused: ${why}.`)
}

/** The body of one push; `attempt` is undefined without a dead-letter policy. */
export function pushBody(message: Message, subscription: string, attempt: number | undefined): PushBody {
  const publishTime = new Date(message.publishTime).toISOString()
  return {
    ...(attempt === undefined ? {} : { deliveryAttempt: attempt }),
    message: {
      ...(Object.keys(message.attributes).length === 0 ? {} : { attributes: message.attributes }),
      ...(message.data.length === 0 ? {} : { data: message.data.toString('base64') }),
      messageId: message.messageId,
      message_id: message.messageId,
      ...(message.orderingKey === '' ? {} : { orderingKey: message.orderingKey }),
      publishTime,
      publish_time: publishTime,
    },
    subscription,
  }
}
