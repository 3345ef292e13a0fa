import { readFileSync } from 'node:fs'
import type { ApiTable } from './generate-api-table.ts'

/** One method of the API. */
export interface Route {
  verb: string
  /** As the client library names its services: urlMaps, globalForwardingRules. */
  service: string
  method: string
  /** The message that the body must have; null = the method takes no body. */
  body: string | null
  /** Where the operation that it starts lives; null = the method only reads. */
  operationScope: 'global' | 'regions' | 'zones' | null
}

/** A route and what its path names. */
export interface MatchedRoute {
  route: Route
  project: string
  /** undefined on routes of the project itself and on aggregated lists. */
  scope: Scope | undefined
  /** The path segment after the scope; '' for projects.get. */
  collection: string
  name: string | undefined
}

/** Where a resource lives. */
export type Scope = { type: 'global' } | { type: 'regions' | 'zones'; name: string }

/** `global`, `regions/r` or `zones/z`. */
export function scopePath(scope: Scope): string {
  return scope.type === 'global' ? 'global' : `${scope.type}/${scope.name}`
}

interface Node {
  children: Map<string, Node>
  parameter: { name: string; node: Node } | undefined
  routes: Map<string, Route>
}

const newNode = (): Node => ({ children: new Map(), parameter: undefined, routes: new Map() })

let cached: { table: ApiTable; root: Node } | undefined

function load(): { table: ApiTable; root: Node } {
  if (cached !== undefined) return cached
  const table = JSON.parse(readFileSync(new URL('api-table.json', import.meta.url), 'utf8')) as ApiTable
  const root = newNode()
  for (const [verb, path, service, method, body, operationScope] of table.routes) {
    let node = root
    for (const segment of path.split('/')) {
      if (segment.startsWith('{')) {
        // Templates name the last segment differently ({resource}, {url_map}) at one place: only the first name is kept.
        node.parameter ??= { name: segment.slice(1, -1), node: newNode() }
        node = node.parameter.node
      } else {
        const child = node.children.get(segment) ?? newNode()
        node.children.set(segment, child)
        node = child
      }
    }
    node.routes.set(verb, { verb, service, method, body, operationScope })
  }
  cached = { table, root }
  return cached
}

/** The request shapes. */
export function apiMessages(): Pick<ApiTable, 'messages' | 'enums'> {
  return load().table
}

/** The route of a request, or undefined. `path` is decoded by segment; every API version is served as v1. */
export function matchRoute(verb: string, path: string): MatchedRoute | undefined {
  const segments = path.split('/').filter((segment) => segment !== '')
  if (segments[0] !== 'compute' || !/^(v1|beta|alpha)$/.test(segments[1] ?? '')) return undefined
  let node = load().root
  const parameters: { name: string; value: string }[] = []
  const fixed: string[] = []
  for (const raw of segments.slice(2)) {
    const child = node.children.get(raw)
    if (child !== undefined) {
      node = child
      fixed.push(raw)
    } else if (node.parameter !== undefined) {
      parameters.push({ name: node.parameter.name, value: decode(raw) })
      node = node.parameter.node
    } else return undefined
  }
  const route = node.routes.get(verb)
  const project = parameters[0]?.value
  if (route === undefined || project === undefined) return undefined
  const scoped = fixed[1] === 'regions' || fixed[1] === 'zones' ? fixed[1] : undefined
  // regions/R and zones/Z are resources themselves when nothing follows.
  if (scoped !== undefined && fixed.length === 2) {
    return { route, project, scope: { type: 'global' }, collection: scoped, name: parameters[1]?.value }
  }
  if (scoped !== undefined) {
    const scope: Scope = { type: scoped, name: parameters[1]?.value ?? '' }
    return { route, project, scope, collection: fixed[2] ?? '', name: parameters[2]?.value }
  }
  if (fixed[1] === 'aggregated') {
    return { route, project, scope: undefined, collection: fixed[2] ?? '', name: undefined }
  }
  // setUrlMap and setSslCertificates of target proxies have no `global/` in their path.
  const collection = fixed[1] === 'global' ? fixed[2] : fixed[1]
  return {
    route,
    project,
    scope: collection === undefined ? undefined : { type: 'global' },
    collection: collection ?? '',
    name: parameters[1]?.value,
  }
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
