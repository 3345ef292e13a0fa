import { hash } from 'node:crypto'

/** What JSON can hold; what documents, wants and messages are made of. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

/** Text that is equal for equal values whatever the order of their keys; members that are undefined do not count. */
export function canonical(value: unknown): string {
  return value === undefined ? 'null' : JSON.stringify(inOrder(value))
}

/** A copy whose keys are in order: to write it in one go is several times faster than to put the text together. */
function inOrder(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(inOrder)
  const members = value as Readonly<Record<string, unknown>>
  const ordered: Record<string, unknown> = {}
  for (const key of Object.keys(members).sort()) {
    const member = members[key]
    // An assignment to this one name would be a change of the prototype.
    if (key === '__proto__') Object.defineProperty(ordered, key, { value: inOrder(member), enumerable: true })
    else if (member !== undefined) ordered[key] = inOrder(member)
  }
  return ordered
}

/** Whether two values have the same canonical text; it is what most of them are for, and needs no text. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return textless(a) === textless(b)
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false
    for (let at = 0; at < a.length; at += 1) if (!isSame(a[at], b[at])) return false
    return true
  }
  const [left, right] = [a as Readonly<Record<string, unknown>>, b as Readonly<Record<string, unknown>>]
  let members = 0
  for (const key of Object.keys(left)) {
    if (left[key] === undefined) continue
    if (!Object.hasOwn(right, key) || right[key] === undefined || !isSame(left[key], right[key])) return false
    members += 1
  }
  for (const key of Object.keys(right)) if (right[key] !== undefined) members -= 1
  return members === 0
}

/** What has no text is written as null: undefined, and numbers that are none. */
function textless(value: unknown): unknown {
  return value === undefined || (typeof value === 'number' && !Number.isFinite(value)) ? null : value
}

/** A short fingerprint of a value, independent of the order of keys: 16 hex characters of SHA-256. */
export function hashOf(value: unknown): string {
  return hash('sha256', canonical(value), 'hex').slice(0, 16)
}

/** What a text says as JSON; undefined = it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
