import { ApiError, invalid } from './api-error.ts'
import { apiMessages } from './api-table.ts'
import { type Json, type JsonObject, isList, isObject } from './json.ts'

/** How a request body is read. */
export interface ShapeOptions {
  /** Refuse members that the message does not have. The real service ignores them. */
  strict: boolean
  /** Keep null members: they clear a field in a merge patch and are absent anywhere else. */
  keepNull: boolean
}

/** Deeper bodies are refused; the deepest message of the API has about a dozen levels. */
const maxDepth = 40

const int32 = 2 ** 31

/**
 * A body checked against its message: types and enums as declared, output-only members dropped, 64-bit integers as text.
 * Throws 400 `invalid`.
 */
export function readShape(value: unknown, message: string, options: ShapeOptions): JsonObject {
  if (value === undefined || value === null) return {}
  const { messages, enums } = apiMessages()

  function readMessage(from: unknown, name: string, at: string, depth: number): JsonObject {
    if (!isObject(from)) throw invalid(at, from, 'An object is expected.')
    if (depth > maxDepth) throw invalid(at, '', `The body is nested deeper than ${maxDepth} levels.`)
    const fields = messages[name] ?? {}
    const result: Record<string, Json> = {}
    for (const [member, raw] of Object.entries(from)) {
      const code = Object.hasOwn(fields, member) ? fields[member] : undefined
      if (code === undefined) {
        if (options.strict) throw unknownMember(member, at)
        continue
      }
      if (code.startsWith('!') || raw === undefined) continue
      if (raw === null) {
        if (options.keepNull) result[member] = null
        continue
      }
      result[member] = readField(raw, code, `${at}.${member}`, depth)
    }
    return result
  }

  function readField(raw: Json, code: string, at: string, depth: number): Json {
    if (code.startsWith('[')) {
      if (!isList(raw)) throw invalid(at, raw, 'A list is expected.')
      return raw.map((item, index) => readField(item, code.slice(1), `${at}[${index}]`, depth))
    }
    if (code.startsWith('{')) {
      if (!isObject(raw)) throw invalid(at, raw, 'An object is expected.')
      const result: Record<string, Json> = {}
      for (const [key, item] of Object.entries(raw)) {
        if (item === null && options.keepNull) result[key] = null
        else if (item !== null && item !== undefined)
          result[key] = readField(item, code.slice(1), `${at}.${key}`, depth)
      }
      return result
    }
    if (code.startsWith('@')) return readMessage(raw, code.slice(1), at, depth + 1)
    if (code.startsWith('e')) {
      const allowed = enums[Number(code.slice(1))] ?? []
      if (typeof raw !== 'string') throw invalid(at, raw, 'A text is expected.')
      // An empty text stands for «not set»; several clients send it.
      if (raw !== '' && !allowed.includes(raw)) {
        throw invalid(at, raw, `The value must be one of: ${allowed.join(', ')}.`)
      }
      return raw
    }
    return readScalar(raw, code, at)
  }

  return readMessage(value, message, 'resource', 0)
}

function readScalar(raw: Json, code: string, at: string): Json {
  switch (code) {
    case 's':
      if (typeof raw !== 'string') throw invalid(at, raw, 'A text is expected.')
      return raw
    case 'b':
      if (raw === 'true' || raw === 'false') return raw === 'true'
      if (typeof raw !== 'boolean') throw invalid(at, raw, 'true or false is expected.')
      return raw
    case 'i': {
      const number = typeof raw === 'string' && /^-?\d+$/.test(raw) ? Number(raw) : raw
      if (typeof number !== 'number' || !Number.isInteger(number) || number < -int32 || number >= 2 * int32) {
        throw invalid(at, raw, 'A 32-bit integer is expected.')
      }
      return number
    }
    case 'l':
      if (typeof raw === 'number' && Number.isSafeInteger(raw)) return String(raw)
      if (typeof raw !== 'string' || !/^-?\d{1,20}$/.test(raw)) throw invalid(at, raw, 'A 64-bit integer is expected.')
      return raw
    default: {
      const number = typeof raw === 'string' && raw.trim() !== '' ? Number(raw) : raw
      if (typeof number !== 'number' || !Number.isFinite(number)) throw invalid(at, raw, 'A number is expected.')
      return number
    }
  }
}

function unknownMember(member: string, at: string): ApiError {
  // The text is that of Google's newer JSON front ends; not checked against Compute Engine, which ignores the member.
  return new ApiError(
    400,
    'invalid',
    `Invalid JSON payload received. Unknown name "${member.slice(0, 100)}" at '${at}': Cannot find field.`,
  )
}

/** Names of the message's members that clients cannot write. */
export function outputOnlyMembers(message: string): string[] {
  return Object.entries(apiMessages().messages[message] ?? {})
    .filter(([, code]) => code.startsWith('!'))
    .map(([name]) => name)
}
