import { status, type handleUnaryCall, type ServiceError } from '@grpc/grpc-js'
import { PubSubError } from './errors.ts'

const CODES = {
  NOT_FOUND: status.NOT_FOUND,
  ALREADY_EXISTS: status.ALREADY_EXISTS,
  INVALID_ARGUMENT: status.INVALID_ARGUMENT,
  UNIMPLEMENTED: status.UNIMPLEMENTED,
} as const

/** Any thrown thing as the gRPC error that a client sees; our own bugs are INTERNAL, in words. */
export function toServiceError(error: unknown): Partial<ServiceError> {
  if (error instanceof PubSubError) return { code: CODES[error.status], details: error.message }
  return { code: status.INTERNAL, details: `The playground's Pub/Sub failed: ${String(error)}` }
}

/** A unary method from a plain function. */
export function unary<Request, Response>(answer: (request: Request) => Response): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    let response: Response
    try {
      response = answer(call.request)
    } catch (error) {
      callback(toServiceError(error))
      return
    }
    callback(null, response)
  }
}

/** One page of a list; the token is the index to go on from. */
export function page<Item>(
  items: readonly Item[],
  request: { pageSize: number; pageToken: string },
): { items: Item[]; nextPageToken: string } {
  const start = request.pageToken === '' ? 0 : Number(request.pageToken)
  if (!Number.isInteger(start) || start < 0)
    throw new PubSubError('INVALID_ARGUMENT', 'The page token is not one that this service gave out.')
  const end = start + (request.pageSize > 0 ? Math.min(request.pageSize, 1000) : 1000)
  return { items: items.slice(start, end), nextPageToken: end < items.length ? String(end) : '' }
}

/** P of "projects/P". */
export function projectOf(resource: string): string {
  const match = /^projects\/([^/]+)$/.exec(resource)
  if (match?.[1] === undefined)
    throw new PubSubError('INVALID_ARGUMENT', `"${resource.slice(0, 300)}" is not projects/PROJECT.`)
  return match[1]
}
