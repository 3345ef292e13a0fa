import { createHash } from 'node:crypto'
import type { PathMatcher, UrlMap } from '../cloud/compute-resources.ts'
import type { BackendRef, PathModel, RuleModel } from '../ingress/model.ts'
import type { Problem } from '../state/documents.ts'

/** The routing part of a URL map. */
export type Routes = Pick<UrlMap, 'defaultService' | 'defaultRouteAction' | 'hostRules' | 'pathMatchers'>

/** Size that a URL map may have as JSON, in bytes, by scheme (peers.md, limits seen in the documentation). */
export const urlMapLimit = { EXTERNAL: 64 * 1024, EXTERNAL_MANAGED: 1024 * 1024 } as const

/** Answers 404 by itself, before any backend (not checked against the real service; see docs). */
const notFound = { faultInjectionPolicy: { abort: { httpStatus: 404, percentage: 100 } } } as const

/**
 * Translates rules into host rules and path matchers. Kubernetes' meaning, within what a URL map can say: Prefix `/foo` is
 * `/foo` and `/foo/*`; the longest path wins in the URL map itself; for the same path text Exact beats Prefix beats
 * ImplementationSpecific. Output is in a stable order. `service` answers the URL of a backend's backend service;
 * `fallback` is the default one, and `none` stands in where the Ingress has no default backend.
 */
export function routes(
  rules: readonly RuleModel[],
  service: (ref: BackendRef) => string,
  fallback: string | null,
  none: string,
): Routes {
  const defaults =
    fallback === null ? { defaultService: none, defaultRouteAction: notFound } : { defaultService: fallback }
  const withPaths = rules.filter((rule) => rule.paths.length > 0)
  return {
    ...defaults,
    // Sorted as what is read back is sorted (url-map.ts), so that wanted and observed compare place by place.
    hostRules: withPaths
      .map((rule) => ({ hosts: [rule.host === '' ? '*' : rule.host], pathMatcher: matcherName(rule.host) }))
      .sort((a, b) => compare(a.hosts[0], b.hosts[0])),
    pathMatchers: withPaths.map((rule) => matcher(rule, service, defaults)).sort((a, b) => compare(a.name, b.name)),
  }
}

function matcher(
  rule: RuleModel,
  service: (ref: BackendRef) => string,
  defaults: Pick<PathMatcher, 'defaultService' | 'defaultRouteAction'>,
): PathMatcher {
  const byPath = new Map<string, string>()
  for (const path of [...rule.paths].sort((a, b) => rank[a.type] - rank[b.type])) {
    // Later, stronger types overwrite.
    for (const text of texts(path)) byPath.set(text, service(path.backend))
  }
  // `/*` is the path matcher's own default, and needs no rule.
  const everything = byPath.get('/*')
  byPath.delete('/*')
  return {
    name: matcherName(rule.host),
    ...(everything === undefined ? defaults : { defaultService: everything }),
    pathRules: [...byPath.entries()]
      .sort(([a], [b]) => compare(a, b))
      .map(([path, url]) => ({ paths: [path], service: url })),
  }
}

const rank = { ImplementationSpecific: 0, Prefix: 1, Exact: 2 } as const

/** What a path is in the language of URL maps. */
export function texts(path: Pick<PathModel, 'type' | 'path'>): string[] {
  if (path.type !== 'Prefix') return [path.path]
  const trimmed = path.path.replace(/\/+$/, '')
  return trimmed === '' ? ['/*'] : [trimmed, `${trimmed}/*`]
}

/** The order of everything in a URL map that has no order of its own. */
export function compare(a: string | undefined, b: string | undefined): number {
  return (a ?? '') < (b ?? '') ? -1 : (a ?? '') > (b ?? '') ? 1 : 0
}

/** kubemci's and ingress-gce's name of a path matcher: `host` and the MD5 of the host as the URL map has it. */
function matcherName(host: string): string {
  return `host${createHash('md5')
    .update(host === '' ? '*' : host)
    .digest('hex')}`
}

/** What a URL map cannot hold: too large for its scheme. */
export function routeProblems(map: Routes, scheme: keyof typeof urlMapLimit): Problem[] {
  const size = Buffer.byteLength(JSON.stringify(map))
  const limit = urlMapLimit[scheme]
  if (size <= limit) return []
  return [
    {
      where: 'spec.rules',
      message: `these rules make a URL map of ${size} bytes, and ${scheme} allows ${limit}: split the Ingress`,
    },
  ]
}
