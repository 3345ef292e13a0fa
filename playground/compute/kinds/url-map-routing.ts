import { type JsonObject, numberAt, objectAt, objectsAt, stringsAt, textAt } from '../json.ts'
import { wholePattern } from '../pattern.ts'

/** Where a URL map sends a request. */
export interface Routed {
  /** URL of the backend service or bucket; for weighted services the one of the highest weight. */
  service: string | undefined
  /** The redirect, when the rule is one. */
  redirect: JsonObject | undefined
}

/** A request as a URL map sees it. */
export interface RoutedRequest {
  host: string
  path: string
  headers: Readonly<Record<string, string>>
}

/** 0 = no match; longer patterns win, an exact host wins over all. */
function hostRank(pattern: string, host: string): number {
  const wanted = pattern.toLowerCase()
  const given = host.toLowerCase()
  const bare = given.replace(/:\d+$/, '')
  if (wanted === given || wanted === bare) return 10_000
  if (wanted === '*') return 1
  if (wanted.startsWith('*') && bare.endsWith(wanted.slice(1))) return 1 + wanted.length
  return 0
}

function pathRank(pattern: string, path: string): number {
  if (pattern === path) return 100_000
  if (!pattern.endsWith('/*')) return 0
  const prefix = pattern.slice(0, -1)
  // «/a/*» also takes «/a/».
  return path.startsWith(prefix) ? prefix.length : 0
}

function best<T>(items: readonly T[], rank: (item: T) => number): T | undefined {
  let found: T | undefined
  let highest = 0
  for (const item of items) {
    const value = rank(item)
    if (value > highest) {
      highest = value
      found = item
    }
  }
  return found
}

function routed(rule: JsonObject, names: readonly [string, string, string]): Routed {
  const redirect = rule[names[1]]
  const weighted = objectsAt(objectAt(rule, names[2]), 'weightedBackendServices')
  const heaviest = best(weighted, (item) => (numberAt(item, 'weight') ?? 0) + 1)
  return {
    service: textAt(rule, names[0]) ?? (heaviest === undefined ? undefined : textAt(heaviest, 'backendService')),
    redirect: typeof redirect === 'object' && redirect !== null ? (redirect as JsonObject) : undefined,
  }
}

const byDefault = ['defaultService', 'defaultUrlRedirect', 'defaultRouteAction'] as const
const byRule = ['service', 'urlRedirect', 'routeAction'] as const

function matches(rule: JsonObject, request: RoutedRequest): boolean {
  const path = textAt(rule, 'fullPathMatch')
  const prefix = textAt(rule, 'prefixMatch')
  const regex = textAt(rule, 'regexMatch')
  const fold = rule['ignoreCase'] === true ? (text: string) => text.toLowerCase() : (text: string) => text
  if (path !== undefined && fold(path) !== fold(request.path)) return false
  if (prefix !== undefined && !fold(request.path).startsWith(fold(prefix))) return false
  if (regex !== undefined && wholePattern(regex)?.test(request.path) !== true) return false
  return objectsAt(rule, 'headerMatches').every((match) => {
    const value = request.headers[(textAt(match, 'headerName') ?? '').toLowerCase()]
    const found =
      match['presentMatch'] === true
        ? value !== undefined
        : textAt(match, 'exactMatch') !== undefined
          ? value === textAt(match, 'exactMatch')
          : (value?.startsWith(textAt(match, 'prefixMatch') ?? '') ?? false) &&
            (value?.endsWith(textAt(match, 'suffixMatch') ?? '') ?? false)
    return found !== (match['invertMatch'] === true)
  })
}

/** Evaluates a URL map for one request. */
export function routeRequest(urlMap: JsonObject, request: RoutedRequest): Routed {
  const hostRule = best(objectsAt(urlMap, 'hostRules'), (rule) =>
    Math.max(0, ...stringsAt(rule, 'hosts').map((host) => hostRank(host, request.host))),
  )
  if (hostRule === undefined) return routed(urlMap, byDefault)
  const matcher = objectsAt(urlMap, 'pathMatchers').find((item) => item['name'] === hostRule['pathMatcher'])
  if (matcher === undefined) return routed(urlMap, byDefault)
  const path = request.path.replace(/[?#].*$/, '')
  const pathRule = best(objectsAt(matcher, 'pathRules'), (rule) =>
    Math.max(0, ...stringsAt(rule, 'paths').map((pattern) => pathRank(pattern, path))),
  )
  const routeRule = [...objectsAt(matcher, 'routeRules')]
    .sort((a, b) => (numberAt(a, 'priority') ?? 0) - (numberAt(b, 'priority') ?? 0))
    .find((rule) => {
      const rules = objectsAt(rule, 'matchRules')
      return rules.length === 0 || rules.some((match) => matches(match, { ...request, path }))
    })
  const rule = pathRule ?? routeRule
  return rule === undefined ? routed(matcher, byDefault) : routed(rule, byRule)
}

/** The URL map's own tests; only `service` is evaluated, not the rewritten URL. */
export function runTests(urlMap: JsonObject): { failures: JsonObject[] } {
  const failures: JsonObject[] = []
  for (const test of objectsAt(urlMap, 'tests')) {
    const expected = textAt(test, 'service')
    if (expected === undefined) continue
    const headers = Object.fromEntries(
      objectsAt(test, 'headers').map((header) => [
        (textAt(header, 'name') ?? '').toLowerCase(),
        textAt(header, 'value') ?? '',
      ]),
    )
    const host = textAt(test, 'host') ?? ''
    const path = textAt(test, 'path') ?? '/'
    const actual = routeRequest(urlMap, { host, path, headers }).service
    if (tail(actual) !== tail(expected)) {
      failures.push({
        host,
        path,
        headers: test['headers'] ?? [],
        expectedService: expected,
        actualService: actual ?? '',
      })
    }
  }
  return { failures }
}

/** Tests keep their references as sent: compare what all forms have in common. */
function tail(url: string | undefined): string {
  return (url ?? '').replace(/^.*?((?:global|regions)\/)/, '$1')
}
