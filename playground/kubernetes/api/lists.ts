import { badRequest, expired } from '../api-error.ts'
import { isObject, type Json } from '../json.ts'
import type { KubeObject } from '../object.ts'
import type { ObjectStore } from '../store.ts'
import type { Target } from './route.ts'
import { fieldSelector, labelSelector, type Filter } from './selectors.ts'

/** One page of a list. */
export interface Page {
  readonly objects: readonly KubeObject[]
  /** Token of the next page; undefined on the last. */
  readonly next: string | undefined
  readonly remaining: number
}

/** What a query's selectors let through. */
export function filterOf(target: Target, query: Readonly<Record<string, string>>): Filter {
  const byLabel = labelSelector(query['labelSelector'] ?? '')
  const byField = fieldSelector(target.kind, query['fieldSelector'] ?? '')
  const { name } = target
  return (object) => (name === undefined || object.metadata.name === name) && byLabel(object) && byField(object)
}

/**
 * The objects of a list or of one page of it. A token holds the version of the first page and the last key; it is refused with 410
 * once that version is forgotten. Unlike the real server a later page shows the present, not a snapshot.
 */
export function page(store: ObjectStore, target: Target, query: Readonly<Record<string, string>>): Page {
  const filter = filterOf(target, query)
  const single = singleName(query['fieldSelector'])
  const start = query['continue'] === undefined || query['continue'] === '' ? undefined : readToken(query['continue'])
  if (start !== undefined && store.changesSince(target.kind, start.version) === 'expired') {
    throw expired(
      'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.',
    )
  }
  const candidates =
    single !== undefined && target.namespace !== undefined
      ? one(store, target, single)
      : store.list(target.kind, target.namespace)
  const matching = candidates.filter(
    (object) => filter(object) && (start === undefined || isAfter(object, start.after)),
  )
  const limit = readLimit(query['limit'])
  if (limit === 0 || matching.length <= limit) return { objects: matching, next: undefined, remaining: 0 }
  const objects = matching.slice(0, limit)
  const last = objects.at(-1)
  const next = JSON.stringify({
    version: start?.version ?? store.version(),
    after: [last?.metadata.namespace ?? '', last?.metadata.name ?? ''],
  })
  return { objects, next: Buffer.from(next).toString('base64url'), remaining: matching.length - limit }
}

function one(store: ObjectStore, target: Target, name: string): readonly KubeObject[] {
  const found = store.get(target.kind, target.namespace, name)
  return found === undefined ? [] : [found]
}

function singleName(selector: string | undefined): string | undefined {
  return /^metadata\.name==?([^,=!]+)$/.exec(selector ?? '')?.[1]
}

function isAfter(object: KubeObject, [namespace, name]: readonly [string, string]): boolean {
  const own = object.metadata.namespace ?? ''
  return own > namespace || (own === namespace && object.metadata.name > name)
}

function readLimit(limit: string | undefined): number {
  if (limit === undefined || limit === '') return 0
  if (!/^\d{1,9}$/.test(limit)) throw badRequest(`limit: Invalid value: "${limit}": must be a whole number`)
  return Number(limit)
}

function readToken(token: string): { version: number; after: readonly [string, string] } {
  let parsed: unknown
  try {
    parsed = JSON.parse(Buffer.from(token, 'base64url').toString())
  } catch {
    throw badRequest('continue key is not valid: it is not a token of this server')
  }
  const after: Json | undefined = isObject(parsed) ? parsed['after'] : undefined
  const version = isObject(parsed) ? parsed['version'] : undefined
  const [namespace, name] = Array.isArray(after) ? (after as Json[]) : []
  if (typeof version !== 'number' || typeof namespace !== 'string' || typeof name !== 'string')
    throw badRequest('continue key is not valid: it is not a token of this server')
  return { version, after: [namespace, name] }
}
