import { ApiError, invalid } from './api-error.ts'
import { type MatchedRoute, scopePath } from './api-table.ts'
import { type Filter, parseFilter } from './filter.ts'
import { deepFreeze, type JsonObject } from './json.ts'
import { urlRoot } from './references.ts'

/** One candidate of a list: what orders it, and its body on demand. */
export interface ListItem {
  name: string
  createdAt: number
  serial: number
  body(): JsonObject
}

/** One page and where the next begins. */
interface Page {
  items: JsonObject[]
  nextPageToken: string | undefined
}

interface ListQuery {
  filter: Filter | undefined
  maxResults: number
  newestFirst: boolean
  /** Position to go on from, or undefined. */
  after: { key: string; serial: number } | undefined
  digest: string
}

function readQuery(query: Readonly<Record<string, string>>): ListQuery {
  const { maxResults = '500', orderBy = '', pageToken = '', filter = '' } = query
  const count = /^\d+$/.test(maxResults) ? Number(maxResults) : NaN
  if (!(count >= 0 && count <= 500)) {
    throw new ApiError(
      400,
      'invalidParameter',
      `Invalid value '${maxResults.slice(0, 40)}'. Values must be within the range: [0, 500]`,
    )
  }
  const order = orderBy.trim()
  if (order !== '' && order !== 'name' && order !== 'creationTimestamp desc') {
    throw invalid('orderBy', orderBy, "Only 'name' and 'creationTimestamp desc' are supported.")
  }
  const digest = `${order}|${filter}`
  return {
    filter: filter.trim() === '' ? undefined : parseFilter(filter),
    // 0 means the default.
    maxResults: count === 0 ? 500 : count,
    newestFirst: order === 'creationTimestamp desc',
    after: pageToken === '' ? undefined : readToken(pageToken, digest),
    digest,
  }
}

function readToken(token: string, digest: string): { key: string; serial: number } {
  try {
    const parts: unknown = JSON.parse(Buffer.from(token, 'base64url').toString())
    if (Array.isArray(parts) && typeof parts[0] === 'string' && typeof parts[1] === 'number' && parts[2] === digest) {
      return { key: parts[0], serial: parts[1] }
    }
  } catch {
    // Falls through to the refusal.
  }
  throw invalid('pageToken', token, 'The page token is not one of this list, its filter and its order.')
}

/** Takes one page. `items` are in order of name unless the query asks for the newest first. */
function takePage(items: readonly ListItem[], query: ListQuery): Page {
  const ordered = query.newestFirst ? [...items].sort((a, b) => b.serial - a.serial) : items
  const { after } = query
  let start = 0
  if (after !== undefined) {
    if (query.newestFirst) start = ordered.findIndex((item) => item.serial < after.serial)
    else {
      // The list may have changed between two pages: go on behind the name, whether it still exists or not.
      let low = 0
      let high = ordered.length
      while (low < high) {
        const middle = (low + high) >> 1
        if ((ordered[middle]?.name ?? '') <= after.key) low = middle + 1
        else high = middle
      }
      start = low
    }
    if (start < 0) start = ordered.length
  }
  const page: JsonObject[] = []
  let last: ListItem | undefined
  for (const item of ordered.slice(start)) {
    const full = page.length === query.maxResults
    // Without a filter the next item is on the next page whatever it is.
    if (full && query.filter === undefined && last !== undefined)
      return { items: page, nextPageToken: token(last, query) }
    const body = item.body()
    if (query.filter?.(body) === false) continue
    if (full && last !== undefined) return { items: page, nextPageToken: token(last, query) }
    page.push(body)
    last = item
  }
  return { items: page, nextPageToken: undefined }
}

function token(last: ListItem, query: ListQuery): string {
  return Buffer.from(JSON.stringify([last.name, last.serial, query.digest])).toString('base64url')
}

/** A list of one collection in one scope. `items` is absent when there are none. */
export function answerList(
  match: MatchedRoute,
  query: Readonly<Record<string, string>>,
  kind: string,
  items: readonly ListItem[],
): JsonObject {
  const { items: page, nextPageToken } = takePage(items, readQuery(query))
  const parent =
    match.collection === 'zones' || match.collection === 'regions'
      ? `projects/${match.project}/${match.collection}`
      : `projects/${match.project}/${scopePath(match.scope ?? { type: 'global' })}/${match.collection}`
  return {
    kind,
    id: parent,
    ...(page.length === 0 ? {} : { items: page }),
    ...(nextPageToken === undefined ? {} : { nextPageToken }),
    selfLink: `${urlRoot}${parent}`,
  }
}

/** A list over all scopes, by their paths; scopes without a match on this page carry a warning. */
export function answerAggregatedList(
  match: MatchedRoute,
  query: Readonly<Record<string, string>>,
  kind: string,
  scopes: readonly string[],
  filled: readonly { scope: string; items: readonly ListItem[] }[],
): JsonObject {
  const found = new Map<string, JsonObject[]>()
  const keyed = filled.flatMap(({ scope, items }) =>
    items.map((item) => ({
      ...item,
      // The page token's key orders scope before name.
      name: `${scope}/${item.name}`,
      scope,
    })),
  )
  const scopeOf = new Map<JsonObject, string>()
  const traced = keyed.map((item) => ({
    ...item,
    body: () => {
      const body = item.body()
      scopeOf.set(body, item.scope)
      return body
    },
  }))
  traced.sort((a, b) => (a.name < b.name ? -1 : 1))
  const { items: page, nextPageToken } = takePage(traced, readQuery(query))
  for (const body of page) {
    const scope = scopeOf.get(body) ?? 'global'
    const items = found.get(scope) ?? []
    items.push(body)
    found.set(scope, items)
  }
  const parent = `projects/${match.project}/aggregated/${match.collection}`
  const shown: Record<string, JsonObject> = {}
  for (const scope of scopes) {
    const items = found.get(scope)
    shown[scope] = items === undefined ? emptyScope(scope) : { [match.collection]: items }
  }
  return {
    kind,
    id: parent,
    items: shown,
    ...(nextPageToken === undefined ? {} : { nextPageToken }),
    selfLink: `${urlRoot}${parent}`,
  }
}

/** What an aggregated list says of each scope without results; most scopes have none, and there are more than a hundred. */
const emptyScopes = new Map<string, JsonObject>()

function emptyScope(scope: string): JsonObject {
  const known = emptyScopes.get(scope)
  if (known !== undefined) return known
  const empty = deepFreeze({
    warning: {
      code: 'NO_RESULTS_ON_PAGE',
      message: `There are no results for scope '${scope}' on this page.`,
      data: [{ key: 'scope', value: scope }],
    },
  })
  emptyScopes.set(scope, empty)
  return empty
}
