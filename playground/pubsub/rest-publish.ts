import type http from 'node:http'
import { z } from 'zod'
import type { SimulatedPubSub } from './core.ts'
import { PubSubError, type PubSubStatus } from './errors.ts'

/** Base64 in either alphabet, as JSON protobuf allows. */
const base64 = z.string().regex(/^[A-Za-z0-9+/_-]*={0,2}$/, 'is not base64')

const PublishRequest = z.object({
  messages: z.array(
    z.object({
      data: base64.optional(),
      attributes: z.record(z.string(), z.string()).optional(),
      orderingKey: z.string().optional(),
    }),
  ),
})

const HTTP_CODES = {
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  INVALID_ARGUMENT: 400,
  UNIMPLEMENTED: 501,
} as const satisfies Record<PubSubStatus, number>

/** 10 MB of data in base64, and the rest of the JSON around it. */
const MAX_BODY_BYTES = 16_000_000

const PUBLISH = /^\/v1\/(projects\/[^/]+\/topics\/[^/]+):publish$/

/** The REST publish call as a request listener; every other path is 404 in words. */
export function restPublish(pubsub: SimulatedPubSub): http.RequestListener {
  return (request, response) => {
    answer(pubsub, request).then(
      (body) => send(response, 200, body),
      (error: unknown) => {
        const status: PubSubStatus | 'INTERNAL' = error instanceof PubSubError ? error.status : 'INTERNAL'
        const code = status === 'INTERNAL' ? 500 : HTTP_CODES[status]
        const message = error instanceof Error ? error.message : String(error)
        send(response, code, { error: { code, message, status } })
      },
    )
  }
}

async function answer(pubsub: SimulatedPubSub, request: http.IncomingMessage): Promise<unknown> {
  const path = decode(new URL(request.url ?? '/', 'http://localhost').pathname)
  const topic = PUBLISH.exec(path)?.[1]
  if (topic === undefined || request.method !== 'POST')
    throw new PubSubError(
      'NOT_FOUND',
      `There is no ${request.method ?? ''} ${path.slice(0, 300)} here: the playground's Pub/Sub answers POST /v1/projects/PROJECT/topics/TOPIC:publish over REST, and everything else over gRPC.`,
    )
  const parsed = PublishRequest.safeParse(await readJson(request))
  if (!parsed.success)
    throw new PubSubError('INVALID_ARGUMENT', `The publish request is malformed: ${z.prettifyError(parsed.error)}`)
  const messageIds = pubsub.publish(
    topic,
    parsed.data.messages.map(({ data, attributes, orderingKey }) => ({
      data: Buffer.from(data ?? '', 'base64'),
      attributes: attributes ?? {},
      orderingKey: orderingKey ?? '',
    })),
  )
  return { messageIds }
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    throw new PubSubError('INVALID_ARGUMENT', 'The path is not properly percent-encoded.')
  }
}

async function readJson(request: http.IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue
    size += chunk.length
    if (size > MAX_BODY_BYTES)
      throw new PubSubError('INVALID_ARGUMENT', `The request body is over ${MAX_BODY_BYTES} bytes.`)
    chunks.push(chunk)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown
  } catch {
    throw new PubSubError('INVALID_ARGUMENT', 'The request body is not JSON.')
  }
}

function send(response: http.ServerResponse, code: number, body: unknown): void {
  if (response.destroyed) return
  response.writeHead(code, { 'content-type': 'application/json; charset=UTF-8' }).end(JSON.stringify(body))
}
