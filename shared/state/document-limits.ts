import type { CollectionName, Collections } from './documents.ts'

/**
 * What Firestore accepts as a document and as its name, checked before anything is sent, so that both stores refuse the
 * same things with the same words. Limits and sizes: Firestore's pages «Quotas and limits» and «Storage size calculations».
 */

/** Bytes of one document, its name included. */
export const maxDocumentBytes = 1_048_576

/** Bytes of one string: 1 MiB less 89 bytes, as the official emulator enforces it. */
const maxStringBytes = 1_048_487

/** Bytes of one document id, once escaped. */
const maxIdBytes = 1_500

/** An id that is as it has to be: nothing to escape, and no dot or underscore at its beginning. */
const plainId = /^[!-$&--0-^`-~][!-$&-.0-~]*$/

/** Maps and arrays within maps and arrays. */
const maxDepth = 20

/**
 * Bytes of all documents that one transaction writes. The API takes 10 MiB in a request, the official emulator 4 MiB of
 * gRPC message, which holds some more than the documents; beyond that the client library repeats in vain for ten minutes.
 */
export const maxTransactionBytes = 3 * 1_048_576

/** A document, an id or a transaction that no store takes: a programming error, or something from outside that is too large. */
export class DocumentRefused extends Error {
  override name = 'DocumentRefused'
}

/**
 * An id as Firestore takes it: printable ASCII without a slash, so that names sort alike by byte and by character.
 * Reversible by `decodeURIComponent`.
 */
export function escapeId(id: string): string {
  // Nearly every id is such that nothing is to be done; this is asked at every read.
  if (plainId.test(id) && id.length <= maxIdBytes) return id
  if (!id.isWellFormed()) throw new DocumentRefused(`a document id holds half a character (a lone surrogate)`)
  const escaped = id
    .replace(/[^!-$&-.0-~]/gu, (character) => encodeURIComponent(character))
    .replace(/^\.\.?$/, (dots) => '%2E'.repeat(dots.length))
    .replace(/^__(?=.*__$)/, '%5F_')
  if (escaped === '') throw new DocumentRefused('a document id is empty')
  if (escaped.length > maxIdBytes) {
    throw new DocumentRefused(
      `the document id ${id.slice(0, 60)}... takes ${escaped.length} bytes; ${maxIdBytes} are allowed`,
    )
  }
  return escaped
}

/**
 * Where a document lives: collection, id, collection, id... A claim lives below its resource, so that the claims of one
 * resource are a collection of their own.
 */
export function pathOf(collection: CollectionName, id: string): string[] {
  if (collection !== 'claims') return [collection, escapeId(id)]
  const bar = id.lastIndexOf('|')
  if (bar < 0)
    throw new DocumentRefused(`"${id.slice(0, 60)}" is not the id of a claim: it has no | between resource and ingress`)
  return ['resources', escapeId(id.slice(0, bar)), 'claims', escapeId(id.slice(bar + 1))]
}

/** Refuses a document that Firestore would refuse, or would give back changed; answers its size in bytes. */
export function checkDocument<C extends CollectionName>(collection: C, id: string, doc: Collections[C]): number {
  const path = pathOf(collection, id)
  const refuse = (problem: string): never => {
    throw new DocumentRefused(`the document ${collection} ${id.slice(0, 200)} can't be stored: ${problem}`)
  }
  if (collection === 'claims' && 'want' in doc && `${doc.resource}|${doc.ingress}` !== id) {
    refuse(`it says resource ${doc.resource} and ingress ${doc.ingress}, and its id says otherwise`)
  }
  const nameBytes = path.reduce((sum, part) => sum + part.length + 1, 16)
  const bytes = nameBytes + measure(doc, '', 0, refuse)
  if (bytes > maxDocumentBytes) refuse(`it takes ${bytes} bytes; ${maxDocumentBytes} are allowed`)
  return bytes
}

function measure(value: unknown, at: string, depth: number, refuse: (problem: string) => never): number {
  switch (typeof value) {
    case 'string': {
      if (!value.isWellFormed()) refuse(`${at} holds half a character (a lone surrogate)`)
      const bytes = Buffer.byteLength(value)
      if (bytes > maxStringBytes) refuse(`${at} is a string of ${bytes} bytes; ${maxStringBytes} are allowed`)
      return bytes + 1
    }
    case 'number':
      if (!Number.isFinite(value)) refuse(`${at} is ${value}, which JSON can't hold`)
      return 8
    case 'boolean':
      return 1
    case 'object':
      if (value === null) return 1
      if (depth > maxDepth) refuse(`${at} is nested deeper than ${maxDepth} levels`)
      return Array.isArray(value) ? measureArray(value, at, depth, refuse) : measureMap(value, at, depth, refuse)
    case 'undefined':
      return refuse(`${at} is undefined; leave the member out instead`)
    case 'bigint':
    case 'function':
    case 'symbol':
      return refuse(`${at} is a ${typeof value}, which JSON can't hold`)
  }
}

function measureArray(
  array: readonly unknown[],
  at: string,
  depth: number,
  refuse: (problem: string) => never,
): number {
  let bytes = 0
  for (let index = 0; index < array.length; index++) {
    if (Array.isArray(array[index])) refuse(`${at}[${index}] is an array in an array`)
    bytes += measure(array[index], `${at}[${index}]`, depth + 1, refuse)
  }
  return bytes
}

function measureMap(map: object, at: string, depth: number, refuse: (problem: string) => never): number {
  const prototype: unknown = Object.getPrototypeOf(map)
  if (prototype !== Object.prototype && prototype !== null) refuse(`${at || 'it'} is not a plain object`)
  let bytes = 32
  for (const [key, member] of Object.entries(map)) {
    const path = at === '' ? key : `${at}.${key}`
    if (key === '' || !key.isWellFormed()) refuse(`${at || 'it'} has a member without a proper name`)
    if (key.startsWith('__') && /^__.*__$/s.test(key))
      refuse(`${path} has a reserved name: it begins and ends with two underscores`)
    const keyBytes = Buffer.byteLength(key)
    if (keyBytes > maxIdBytes)
      refuse(`a member of ${at || 'it'} has a name of ${keyBytes} bytes; ${maxIdBytes} are allowed`)
    bytes += keyBytes + 1 + measure(member, path, depth + 1, refuse)
  }
  return bytes
}
