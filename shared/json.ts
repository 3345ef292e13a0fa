import { createHash } from 'node:crypto'

/** What JSON can hold; what documents, wants and messages are made of. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

/** Text that is equal for equal values whatever the order of their keys; members that are undefined do not count. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (value !== null && typeof value === 'object') {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`).join(',')}}`
  }
  return value === undefined ? 'null' : JSON.stringify(value)
}

/** A short fingerprint of a value, independent of the order of keys: 16 hex characters of SHA-256. */
export function hashOf(value: unknown): string {
  return createHash('sha256').update(canonical(value)).digest('hex').slice(0, 16)
}
