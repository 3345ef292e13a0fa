import type { WireRequest } from '../world.ts'
import { ApiError, invalid, notFound } from './api-error.ts'
import { type MatchedRoute, type Scope, scopePath } from './api-table.ts'
import type { HealthSource } from './compute.ts'
import type { JsonObject } from './json.ts'
import { textAt } from './json.ts'
import type { Kind, Look, Resource } from './kind.ts'
import { groupsOf } from './kinds/backend-services.ts'
import { kinds } from './kinds/index.ts'
import { answerAggregatedList, answerList, type ListItem } from './lists.ts'
import { regions, zones } from './locations.ts'
import { existing } from './mutations.ts'
import type { Operation, Operations } from './operations.ts'
import { relativePath } from './references.ts'
import { readShape } from './shapes.ts'
import { collectionPath, type World } from './world.ts'

/** The longest that operations.wait holds a request. */
const maxWaitMs = 120_000

/** What a GET shows of a resource. */
export function render(look: Look, resource: Resource): JsonObject {
  const derived = resource.kind.derive?.(look, resource)
  return derived === undefined ? resource.body : { ...resource.body, ...derived }
}

/** Irregular list kinds; all others are `compute#<singular>List`. */
const aggregatedKinds: Readonly<Record<string, string>> = {
  healthChecks: 'compute#healthChecksAggregatedList',
  urlMaps: 'compute#urlMapsAggregatedList',
  securityPolicies: 'compute#securityPoliciesAggregatedList',
  sslPolicies: 'compute#sslPoliciesAggregatedList',
}
const listKinds: Readonly<Record<string, string>> = { sslPolicies: 'compute#sslPoliciesList' }

function itemsOf(world: World, parent: string): ListItem[] {
  return world.names(parent).flatMap((name) => {
    const resource = world.find(`${parent}/${name}`)
    if (resource === undefined || resource.state === 'creating') return []
    return [{ name, createdAt: resource.createdAt, serial: resource.serial, body: () => render(world, resource) }]
  })
}

const allScopes = new Map<string, readonly string[]>()

/** The paths of the scopes that an aggregated list of a collection goes through; there are more than a hundred zones. */
function scopesOf(collection: string): readonly string[] {
  const known = allScopes.get(collection) ?? listScopes(collection).map(scopePath)
  allScopes.set(collection, known)
  return known
}

function listScopes(collection: string): Scope[] {
  if (['instanceGroups', 'instanceGroupManagers', 'instances'].includes(collection))
    return zones.map((name) => ({ type: 'zones', name }))
  const regional: Scope[] = regions.map((name) => ({ type: 'regions', name }))
  if (collection === 'subnetworks') return regional
  if (collection === 'networkEndpointGroups') {
    return [{ type: 'global' }, ...regional, ...zones.map((name): Scope => ({ type: 'zones', name }))]
  }
  return [{ type: 'global' }, ...regional]
}

/** Everything that starts no operation, but operations themselves. */
export function answerRead(
  context: { world: World; strict: boolean; health: HealthSource },
  match: MatchedRoute,
  request: WireRequest,
): JsonObject {
  const { world } = context
  const kind = kinds.get(match.collection)
  if (kind === undefined) throw notFound(request.path)
  switch (match.route.method) {
    case 'get':
      return render(world, existing(world, match))
    case 'list': {
      checkLocation(world, match)
      const parent = collectionPath(match.project, match.scope ?? { type: 'global' }, match.collection)
      const shown = listKinds[match.collection] ?? `compute#${kind.singular}List`
      return answerList(match, request.query, shown, itemsOf(world, parent))
    }
    case 'aggregatedList': {
      const filled = world.collectionPaths(match.project, match.collection).map((parent) => ({
        // projects/P/SCOPE/COLLECTION
        scope: parent.split('/').slice(2, -1).join('/'),
        items: itemsOf(world, parent),
      }))
      const shown = aggregatedKinds[match.collection] ?? `compute#${kind.singular}AggregatedList`
      return answerAggregatedList(match, request.query, shown, scopesOf(match.collection), filled)
    }
    case 'getHealth':
      return getHealth(context, match, request)
    default:
      return callMethod(context, kind, match, request)
  }
}

function callMethod(
  context: { world: World; strict: boolean },
  kind: Kind,
  match: MatchedRoute,
  request: WireRequest,
): JsonObject {
  const method = kind.methods?.[match.route.method]
  if (method?.does !== 'read') throw notFound(request.path)
  const message = match.route.body
  const resource = existing(context.world, match)
  const body = message === null ? {} : readShape(request.body, message, { strict: context.strict, keepNull: false })
  return method.answer({ look: context.world, resource, body, query: request.query })
}

function checkLocation(world: World, match: MatchedRoute): void {
  const { scope, project } = match
  if (scope === undefined || scope.type === 'global') return
  if (world.find(`projects/${project}/global/${scope.type}/${scope.name}`) === undefined) {
    throw notFound(`projects/${project}/${scope.type}/${scope.name}`)
  }
}

function getHealth(
  context: { world: World; strict: boolean; health: HealthSource },
  match: MatchedRoute,
  request: WireRequest,
): JsonObject {
  const { world } = context
  const service = existing(world, match)
  const body = readShape(request.body, match.route.body ?? '', { strict: context.strict, keepNull: false })
  const asked = textAt(body, 'group') ?? ''
  const group = relativePath(asked, match.project)
  // The text is not checked against the real service.
  if (group === undefined || !groupsOf(service.spec).includes(group)) {
    throw invalid('resource.group', asked, 'The group is not a backend of the backend service.')
  }
  const statuses = context.health(service.path, group).map((status) => ({ ...status }))
  return {
    kind: 'compute#backendServiceGroupHealth',
    ...(statuses.length === 0 ? {} : { healthStatus: statuses }),
  }
}

function operationItem(operation: Operation): ListItem {
  return {
    name: operation.name,
    createdAt: operation.createdAt,
    serial: operation.serial,
    body: () => operation.body,
  }
}

function byName(a: ListItem, b: ListItem): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0
}

/** globalOperations, regionOperations, zoneOperations. */
export async function answerOperations(
  context: { world: World; operations: Operations },
  match: MatchedRoute,
  query: Readonly<Record<string, string>>,
): Promise<JsonObject> {
  const { operations } = context
  const scope: Scope = match.scope ?? { type: 'global' }
  switch (match.route.method) {
    case 'list': {
      checkLocation(context.world, match)
      const items = operations.list(match.project, scope).map(operationItem).sort(byName)
      return answerList(match, query, 'compute#operationList', items)
    }
    case 'aggregatedList': {
      const all = operations.all(match.project)
      const scopes = new Map<string, { scope: string; items: ListItem[] }>()
      for (const operation of all) {
        const scope = scopePath(operation.start.scope)
        const entry = scopes.get(scope) ?? { scope, items: [] }
        entry.items.push(operationItem(operation))
        scopes.set(scope, entry)
      }
      for (const { items } of scopes.values()) items.sort(byName)
      const shown = 'compute#operationAggregatedList'
      return answerAggregatedList(match, query, shown, [...scopes.keys()], [...scopes.values()])
    }
    default:
  }
  const path = `projects/${match.project}/${scopePath(scope)}/operations/${match.name ?? ''}`
  const operation = operations.find(path)
  if (operation === undefined) throw notFound(path)
  switch (match.route.method) {
    case 'wait':
      await operations.wait(operation, maxWaitMs)
      return operation.body
    case 'delete':
      if (!operation.done) throw new ApiError(400, 'invalid', `The operation '${path}' is still running.`)
      operations.forget(operation)
      return {}
    default:
      return operation.body
  }
}
