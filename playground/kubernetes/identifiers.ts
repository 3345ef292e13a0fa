import { createHash } from 'node:crypto'
import type { Random } from '../world.ts'

/** A version 4 UUID from the world's randomness. */
export function uuid(random: Random): string {
  const hex = hexDigits(random, 32)
  const variant = '89ab'[Math.floor(random() * 4)] ?? '8'
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`
}

/** Hexadecimal digits. */
export function hexDigits(random: Random, count: number): string {
  return Array.from({ length: count }, () => Math.floor(random() * 16).toString(16)).join('')
}

/** Letters and digits that cannot spell words, as generated names of Kubernetes use. */
export function suffix(random: Random, count = 5): string {
  const alphabet = 'bcdfghjklmnpqrstvwxz2456789'
  return Array.from({ length: count }, () => alphabet[Math.floor(random() * alphabet.length)] ?? 'x').join('')
}

/** The first hexadecimal digits of the SHA-256 of a text. */
export function shortHash(content: string, length: number): string {
  return createHash('sha256').update(content).digest('hex').slice(0, length)
}

/** RFC 3339 with seconds, as Kubernetes writes times. */
export function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d{3}Z$/, 'Z')
}
