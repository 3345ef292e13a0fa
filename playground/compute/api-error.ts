import type { JsonObject } from './json.ts'

/** A refusal, thrown anywhere below the router and rendered as Compute Engine renders it. */
export class ApiError extends Error {
  override name = 'ApiError'
  readonly status: number
  /** lowerCamel, as in `errors[].reason`. */
  readonly reason: string
  /** Further members of `errors[0]`, such as location; `domain` other than global. */
  readonly detail: Readonly<Record<string, string>>

  constructor(status: number, reason: string, message: string, detail: Readonly<Record<string, string>> = {}) {
    super(message)
    this.status = status
    this.reason = reason
    this.detail = detail
  }
}

/** The body of a refusal: the message twice, no `status` member. */
export function errorBody(error: ApiError): JsonObject {
  return {
    error: {
      code: error.status,
      message: error.message,
      errors: [{ message: error.message, domain: 'global', reason: error.reason, ...error.detail }],
    },
  }
}

/** 404; `path` is relative: projects/p/global/urlMaps/u. */
export function notFound(path: string): ApiError {
  return new ApiError(404, 'notFound', `The resource '${path}' was not found`)
}

/** 409 on the name of an insert. */
export function alreadyExists(path: string): ApiError {
  return new ApiError(409, 'alreadyExists', `The resource '${path}' already exists`)
}

/** 400: something is still under way on the resource. */
export function notReady(path: string): ApiError {
  return new ApiError(400, 'resourceNotReady', `The resource '${path}' is not ready`)
}

/** 400; `field` is the path below the body, such as `resource.backends[0].group`. */
export function invalid(field: string, value: unknown, detail: string): ApiError {
  const shown = typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value)
  return new ApiError(400, 'invalid', `Invalid value for field '${field}': '${shown.slice(0, 200)}'. ${detail}`)
}

/** 400; `field` as in `invalid`. */
export function required(field: string): ApiError {
  return new ApiError(400, 'required', `Required field '${field}' not specified`)
}

/** 412 on a stale fingerprint. The text is not checked against the real service. */
export function staleFingerprint(): ApiError {
  return new ApiError(412, 'conditionNotMet', 'Invalid fingerprint.')
}

/** 412 on a stale or empty labelFingerprint. */
export function staleLabelFingerprint(): ApiError {
  return new ApiError(412, 'conditionNotMet', 'Labels fingerprint either invalid or resource labels have changed', {
    location: 'If-Match',
    locationType: 'header',
  })
}

/** How an operation that fails late names its error. */
export interface LateError {
  /** UPPER_SNAKE. */
  code: string
  message: string
  httpStatus: number
}

const phrases: Readonly<Record<number, string>> = {
  400: 'BAD REQUEST',
  403: 'FORBIDDEN',
  404: 'NOT FOUND',
  409: 'CONFLICT',
  412: 'PRECONDITION FAILED',
  429: 'TOO MANY REQUESTS',
  500: 'INTERNAL SERVER ERROR',
  503: 'SERVICE UNAVAILABLE',
}

/** `httpErrorMessage` of a failed operation. */
export function httpPhrase(status: number): string {
  return phrases[status] ?? 'ERROR'
}

/** No answer reaches the client: the connection breaks. In process, `handle` rejects with it. */
export class NoAnswer extends Error {
  override name = 'NoAnswer'
  readonly code = 'ECONNRESET'
  constructor() {
    super('The connection was closed before an answer came.')
  }
}
