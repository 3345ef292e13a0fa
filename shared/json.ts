import { hash } from 'node:crypto'

/** What JSON can hold; what documents, wants and messages are made of. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

/** Text that is equal for equal values whatever the order of their keys; members that are undefined do not count. */
export function canonical(value: unknown): string {
  if (value === null || typeof value !== 'object') return value === undefined ? 'null' : JSON.stringify(value)
  // Every document and want goes through here several times a visit: no lists of pairs are made on the way.
  let text = ''
  if (Array.isArray(value)) {
    for (const item of value as unknown[]) text += text === '' ? canonical(item) : `,${canonical(item)}`
    return `[${text}]`
  }
  const members = value as Readonly<Record<string, unknown>>
  for (const key of Object.keys(members).sort()) {
    const member = members[key]
    if (member !== undefined) text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${canonical(member)}`
  }
  return `{${text}}`
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
