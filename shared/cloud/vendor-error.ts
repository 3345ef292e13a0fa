import { CloudError } from './compute-port.ts'
import { parseJson } from '../json.ts'

/**
 * What can be read from an error of Google's client libraries. They show the status only; the reason (`errors[].reason`)
 * is in the raw answer, which the library attaches under a registered symbol.
 */
export interface VendorFault {
  /** HTTP status; undefined when there was no answer. */
  status: number | undefined
  /** gRPC status code; undefined when the library failed before it sent anything. */
  code: number | undefined
  /** `errors[0].reason` of the answer; '' when there is none. */
  reason: string
  message: string
  /** The answer was a JSON error as the API defines it, not the page of a proxy in between. */
  fromApi: boolean
  /** System error of the connection, such as ECONNRESET. */
  systemCode: string
}

/** HTTP status for each gRPC status code, for errors that show nothing else (google.rpc.Code, code.proto). */
const httpStatusOfCode: Readonly<Record<number, number>> = {
  1: 0,
  2: 500,
  3: 400,
  4: 0,
  5: 404,
  6: 409,
  7: 403,
  8: 429,
  9: 400,
  10: 409,
  11: 400,
  12: 501,
  13: 500,
  14: 0,
  15: 500,
  16: 401,
}

/** Reads an error of a client library; anything else comes out without status and code. */
export function readVendorError(error: unknown): VendorFault {
  const top = asRecord(error)
  const answer = apiError(top?.[Symbol.for('google-gax.rawHttpResponsePayload')])
  const first = Array.isArray(answer?.['errors']) ? asRecord(answer['errors'][0]) : undefined
  const reason = first?.['reason']
  const answered = answer?.['message']
  const cause = asRecord(top?.['cause'])
  return {
    status: numberIn(top, 'httpStatusCode'),
    code: numberIn(top, 'code'),
    reason: typeof reason === 'string' ? reason : '',
    message: typeof answered === 'string' ? answered : error instanceof Error ? error.message : String(error),
    fromApi: answer !== undefined,
    systemCode: typeof cause?.['code'] === 'string' ? cause['code'] : '',
  }
}

/**
 * The port's error for an error of a client library. An error that the library raised before it sent anything is a fault
 * of this program and stays an ordinary error, without the library's text, which can hold the request's body (a private key).
 */
export function cloudErrorOf(error: unknown, what: string): Error {
  if (error instanceof CloudError) return error
  const fault = readVendorError(error)
  if (fault.code === undefined) return new Error(`${what}: the client library could not build this request`)
  const status = statusOf(fault)
  const reason = fault.reason === '' && status === 0 ? noAnswer(fault) : fault.reason
  return new CloudError(status, reason, `${what}: ${cut(fault.message)}`)
}

function statusOf({ status, code, fromApi }: VendorFault): number {
  if (status === undefined) return httpStatusOfCode[code ?? 2] ?? 500
  // A 404 page of something in between says nothing about the resource.
  return status === 404 && !fromApi ? 502 : status
}

function noAnswer({ code, systemCode }: VendorFault): string {
  return code === 4 ? 'timeout' : systemCode || 'unavailable'
}

function apiError(payload: unknown): Record<PropertyKey, unknown> | undefined {
  return asRecord(asRecord(typeof payload === 'string' ? parseJson(payload) : payload)?.['error'])
}

function numberIn(record: Record<PropertyKey, unknown> | undefined, key: string): number | undefined {
  const value = record?.[key]
  return typeof value === 'number' ? value : undefined
}

function asRecord(value: unknown): Record<PropertyKey, unknown> | undefined {
  return typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>) : undefined
}

/** Error texts come from outside: an HTML page must not fill a document. */
function cut(text: string): string {
  return text.length > 1000 ? `${text.slice(0, 1000)}…` : text
}
