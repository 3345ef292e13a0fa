import type { WireRequest } from '../world.ts'
import { ApiError } from './api-error.ts'
import type { MatchedRoute } from './api-table.ts'
import type { Operation } from './operations.ts'

/** Remembered ids; the oldest are forgotten beyond this. */
const kept = 20_000
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const zero = '00000000-0000-0000-0000-000000000000'

/** `requestId`: a repeated request is not carried out again and answers with the first one's operation. */
export function createRequestIds() {
  const known = new Map<string, { route: string; operation: Operation }>()

  function keyOf(match: MatchedRoute, request: WireRequest): string | undefined {
    const id = request.query['requestId'] ?? ''
    if (id === '') return undefined
    // The text is not checked against the real service.
    if (!uuid.test(id) || id === zero) {
      throw new ApiError(
        400,
        'invalid',
        `Invalid value for field 'requestId': '${id.slice(0, 80)}'. Must be a valid, non-zero UUID.`,
      )
    }
    return `${match.project} ${id.toLowerCase()}`
  }

  return {
    /** The operation that the same request began earlier. */
    find(match: MatchedRoute, request: WireRequest): Operation | undefined {
      const key = keyOf(match, request)
      const first = key === undefined ? undefined : known.get(key)
      if (first === undefined) return undefined
      if (first.route !== `${request.method} ${request.path}`) {
        throw new ApiError(
          400,
          'invalid',
          `Invalid value for field 'requestId': '${request.query['requestId'] ?? ''}'. The id was used for another request.`,
        )
      }
      return first.operation
    },
    keep(match: MatchedRoute, request: WireRequest, operation: Operation): void {
      const key = keyOf(match, request)
      if (key === undefined) return
      known.set(key, { route: `${request.method} ${request.path}`, operation })
      if (known.size > kept) {
        const [oldest] = known.keys()
        if (oldest !== undefined) known.delete(oldest)
      }
    },
  }
}
