import { z } from 'zod'
import { atMost } from '../shared/bounded.ts'

/** One Pub/Sub message as a function sees it, however it came. */
export interface Event {
  id: string
  /** The payload as text; null when the message has attributes only. */
  data: string | null
  attributes: Record<string, string>
  /** When it was published; milliseconds since the epoch. */
  publishedAt: number
}

/** A message that no redelivery will make good: it is kept as a dead letter and acknowledged. */
export class Poison extends Error {
  override name = 'Poison'
}

const message = z.object({
  data: z.string().optional(),
  attributes: z.record(z.string(), z.string()).nullish(),
  messageId: z.string().optional(),
  message_id: z.string().optional(),
  publishTime: z.string().optional(),
  publish_time: z.string().optional(),
})

const structuredEvent = z.object({ specversion: z.string(), data: z.unknown() })
const pushBody = z.object({ message })

/**
 * Reads what Pub/Sub pushes (`{message, subscription}`, also with attributes and no data) and the same as a CloudEvent, binary
 * (ce- headers, the body as above) or structured (`{specversion, data: {message}}`).
 */
export function parseEvent(body: unknown, now: number): Event {
  // Nearly every body is a push: what is no structured event is not held against its schema, whose refusal costs more than a success.
  const structured = isStructured(body) ? structuredEvent.safeParse(body) : undefined
  const parsed = pushBody.safeParse(structured?.success === true ? structured.data.data : body)
  if (!parsed.success) throw new Poison('not a Pub/Sub push body or CloudEvent: it has no message')
  const { data, attributes, messageId, message_id, publishTime, publish_time } = parsed.data.message
  const published = Date.parse(publishTime ?? publish_time ?? '')
  return {
    id: messageId ?? message_id ?? '',
    data: data === undefined || data === '' ? null : Buffer.from(data, 'base64').toString('utf8'),
    attributes: attributes ?? {},
    publishedAt: Number.isNaN(published) ? now : published,
  }
}

function isStructured(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'specversion' in body
}

const longestBody = 64 * 1024

/** The JSON that our own messages carry, checked by a schema. */
export function bodyOf<T>(event: Event, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(jsonOf(event, longestBody))
  if (!parsed.success)
    throw new Poison(
      `the message has not the expected form: ${parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')}`,
    )
  return parsed.data
}

/** The JSON that a message carries, of at most `longest` characters. */
export function jsonOf({ data }: Event, longest: number): unknown {
  if (data === null) throw new Poison('the message has no data')
  if (data.length > longest) throw new Poison(`the message has ${data.length} characters; at most ${longest} are read`)
  try {
    return JSON.parse(data)
  } catch {
    throw new Poison('the message is not JSON')
  }
}

const causeFields = {
  why: z
    .string()
    .refine(...atMost(1_000))
    .optional(),
  trace: z
    .string()
    .refine(...atMost(200))
    .optional(),
}

/** Members that every message of ours carries beside what it names. */
export function withCause<T extends z.ZodRawShape>(shape: T): z.ZodObject<T & typeof causeFields> {
  return z.object({ ...shape, ...causeFields })
}
