import type { RedirectAction, RouteAction, UrlMap } from './resources.ts'

/** What a client asked for; `path` includes the query. */
export interface Asked {
  scheme: 'http' | 'https'
  /** As in the Host header, port and all. */
  host: string
  path: string
}

/** What a URL map makes of a request. */
export type Route =
  /** `host` and `path` are what the backend gets to see. */
  | { kind: 'service'; service: string; host: string; path: string }
  | { kind: 'redirect'; status: number; location: string }
  /** An injected fault: the load balancer answers by itself. */
  | { kind: 'abort'; status: number }
  /** Nothing is configured for this request, or something that is not simulated; `why` is for the person who asked. */
  | { kind: 'unroutable'; why: string }

interface Target {
  service?: string | undefined
  redirect?: RedirectAction | undefined
  action?: RouteAction | undefined
  /** The path pattern that led here, for prefix redirects and rewrites. */
  matched: string
}

/** Routes one request: host rule, then path matcher, then the defaults, as the UrlMap messages document. */
export function route(map: UrlMap, asked: Asked): Route {
  const matcherName = matchHost(map, asked.host)
  const matcher = map.pathMatchers.find(({ name }) => name === matcherName)
  if (matcher === undefined)
    return follow(
      { service: map.defaultService, redirect: map.defaultUrlRedirect, action: map.defaultRouteAction, matched: '/' },
      asked,
    )
  if (matcher.routeRules.length > 0)
    return {
      kind: 'unroutable',
      why: `The playground's load balancer does not simulate route rules (path matcher ${matcher.name}).`,
    }

  const path = pathOf(asked.path)
  const best = bestPath(
    path,
    matcher.pathRules.flatMap((rule) => rule.paths.map((pattern) => ({ pattern, rule }))),
  )
  if (best !== undefined)
    return follow(
      {
        service: best.rule.service,
        redirect: best.rule.urlRedirect,
        action: best.rule.routeAction,
        matched: best.pattern.replace(/\*$/, ''),
      },
      asked,
    )
  return follow(
    {
      service: matcher.defaultService,
      redirect: matcher.defaultUrlRedirect,
      action: matcher.defaultRouteAction,
      matched: '/',
    },
    asked,
  )
}

function withoutPort(host: string): string {
  return host.replace(/:\d+$/, '')
}

function pathOf(path: string): string {
  return path.replace(/[?#].*$/s, '')
}

/** Exact names first, then the longest wildcard; `*.x` matches at any depth but not `x` itself. */
function matchHost(map: UrlMap, header: string): string | undefined {
  const full = header.toLowerCase()
  const bare = withoutPort(full)
  let best: { length: number; pathMatcher: string } | undefined
  for (const rule of map.hostRules) {
    for (const written of rule.hosts) {
      const pattern = written.toLowerCase()
      const host = /:\d+$/.test(pattern) ? full : bare
      if (pattern === host) return rule.pathMatcher
      if (!pattern.startsWith('*')) continue
      const suffix = pattern.slice(1)
      if (host.endsWith(suffix) && (best === undefined || suffix.length > best.length))
        best = { length: suffix.length, pathMatcher: rule.pathMatcher }
    }
  }
  return best?.pathMatcher
}

/** An equal path first, then the longest `/*` pattern; `/a/*` matches `/a/` and below, not `/a`. */
function bestPath<T extends { pattern: string }>(path: string, rules: readonly T[]): T | undefined {
  let best: T | undefined
  for (const rule of rules) {
    if (rule.pattern === path) return rule
    if (!rule.pattern.endsWith('/*') || !path.startsWith(rule.pattern.slice(0, -1))) continue
    if (best === undefined || rule.pattern.length > best.pattern.length) best = rule
  }
  return best
}

function follow(target: Target, asked: Asked): Route {
  if (target.redirect !== undefined) return redirectTo(target.redirect, target.matched, asked)
  const abort = target.action?.faultInjectionPolicy?.abort
  // A share under 100 % would need chance; nobody who is simulated here configures one.
  if (abort?.httpStatus !== undefined && (abort.percentage ?? 0) >= 100)
    return { kind: 'abort', status: abort.httpStatus }
  const service =
    target.service ?? target.action?.weightedBackendServices?.find(({ weight }) => (weight ?? 0) > 0)?.backendService
  if (service === undefined) return { kind: 'unroutable', why: 'The URL map has no backend service for this request.' }
  const rewrite = target.action?.urlRewrite
  return {
    kind: 'service',
    service,
    host: rewrite?.hostRewrite ?? asked.host,
    path:
      rewrite?.pathPrefixRewrite === undefined
        ? asked.path
        : replacePrefix(asked.path, target.matched, rewrite.pathPrefixRewrite),
  }
}

function replacePrefix(path: string, prefix: string, by: string): string {
  return by + path.slice(prefix.length)
}

const REDIRECT_STATUS: Readonly<Record<string, number>> = {
  MOVED_PERMANENTLY_DEFAULT: 301,
  FOUND: 302,
  SEE_OTHER: 303,
  TEMPORARY_REDIRECT: 307,
  PERMANENT_REDIRECT: 308,
}

function redirectTo(redirect: RedirectAction, matched: string, asked: Asked): Route {
  const scheme = redirect.httpsRedirect === true ? 'https' : asked.scheme
  const path = pathOf(asked.path)
  const query = redirect.stripQuery === true ? '' : asked.path.slice(path.length)
  let target = path
  if (redirect.pathRedirect !== undefined) target = redirect.pathRedirect
  else if (redirect.prefixRedirect !== undefined) target = replacePrefix(path, matched, redirect.prefixRedirect)
  return {
    kind: 'redirect',
    status: REDIRECT_STATUS[redirect.redirectResponseCode ?? ''] ?? 301,
    location: `${scheme}://${redirect.hostRedirect ?? withoutPort(asked.host)}${target}${query}`,
  }
}
