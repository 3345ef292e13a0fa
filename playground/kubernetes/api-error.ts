import type { JsonObject } from './json.ts'
import { qualifiedKind, resourceName, type Kind } from './kinds.ts'

/** One reason why an object is invalid, as a Status body lists it. */
export interface Cause {
  readonly reason:
    | 'FieldValueRequired'
    | 'FieldValueInvalid'
    | 'FieldValueNotSupported'
    | 'FieldManagerConflict'
    | 'FieldValueForbidden'
  /** Without the path: `Required value: pathType must be specified`. */
  readonly message: string
  /** Path of the member: `spec.rules[0].host`. */
  readonly field: string
}

/** A refusal with the Status body that the real API server writes. */
export class ApiError extends Error {
  readonly code: number
  readonly status: JsonObject

  constructor(code: number, reason: string, message: string, details?: JsonObject) {
    super(message)
    this.code = code
    this.status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      reason,
      ...(details === undefined ? {} : { details }),
      code,
    }
  }
}

function detailsOf(kind: Kind, name: string): Record<string, string> {
  return { name, ...(kind.group === '' ? {} : { group: kind.group }), kind: kind.plural }
}

/** 404 for an object. */
export function notFound(kind: Kind, name: string): ApiError {
  return new ApiError(404, 'NotFound', `${resourceName(kind)} "${name}" not found`, detailsOf(kind, name))
}

/** 404 for a path that no kind is served under. */
export function unknownPath(): ApiError {
  return new ApiError(404, 'NotFound', 'the server could not find the requested resource', {})
}

/** 409 for a create. */
export function alreadyExists(kind: Kind, name: string): ApiError {
  return new ApiError(409, 'AlreadyExists', `${resourceName(kind)} "${name}" already exists`, detailsOf(kind, name))
}

/** 409 for a write that was based on another version of the object. */
export function conflict(kind: Kind, name: string, why?: string): ApiError {
  const detail = why ?? 'the object has been modified; please apply your changes to the latest version and try again'
  return new ApiError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${resourceName(kind)} "${name}": ${detail}`,
    detailsOf(kind, name),
  )
}

/** 409 for an apply that would change fields of other managers; causes name the managers and fields. */
export function applyConflict(causes: readonly Cause[]): ApiError {
  const lines = causes.map((cause) => `${cause.message}: ${cause.field}`)
  const message =
    causes.length === 1
      ? `Apply failed with 1 conflict: ${lines.join('')}`
      : `Apply failed with ${causes.length} conflicts: ${lines.map((line) => `\n- ${line}`).join('')}`
  return new ApiError(409, 'Conflict', message, { causes: causes.map((cause) => ({ ...cause })) })
}

/** 422 with every cause. */
export function invalid(kind: Kind, name: string, causes: readonly Cause[]): ApiError {
  const lines = causes.map((cause) => `${cause.field}: ${cause.message}`)
  const text = lines.length === 1 ? lines.join('') : `[${lines.join(', ')}]`
  return new ApiError(422, 'Invalid', `${qualifiedKind(kind)} "${name}" is invalid: ${text}`, {
    name,
    ...(kind.group === '' ? {} : { group: kind.group }),
    kind: kind.kind,
    causes: causes.map((cause) => ({ ...cause })),
  })
}

/** 400. */
export function badRequest(message: string): ApiError {
  return new ApiError(400, 'BadRequest', message)
}

/** 405. */
export function methodNotAllowed(): ApiError {
  return new ApiError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {})
}

/** 415 for a body in a format that the resource does not take. */
export function unsupportedMediaType(accepted: readonly string[]): ApiError {
  return new ApiError(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
    {},
  )
}

/** 410 for a watch or a list page based on a version that is no longer remembered. */
export function expired(message: string): ApiError {
  return new ApiError(410, 'Expired', message)
}

/** A missing member. */
export function required(field: string, detail: string): Cause {
  return {
    reason: 'FieldValueRequired',
    message: detail === '' ? 'Required value' : `Required value: ${detail}`,
    field,
  }
}

/** A member with a value that is not allowed; the value is shown as JSON. */
export function invalidValue(field: string, value: unknown, detail: string): Cause {
  return { reason: 'FieldValueInvalid', message: `Invalid value: ${JSON.stringify(value)}: ${detail}`, field }
}

/** A member with a value outside a fixed list. */
export function notSupported(field: string, value: unknown, allowed: readonly string[]): Cause {
  const list = allowed.map((item) => JSON.stringify(item)).join(', ')
  return {
    reason: 'FieldValueNotSupported',
    message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${list}`,
    field,
  }
}
