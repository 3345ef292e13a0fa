import { isDeepStrictEqual } from 'node:util'
import {
  alreadyExists,
  ApiError,
  invalid,
  type LateError,
  notFound,
  notReady,
  required,
  staleFingerprint,
} from './api-error.ts'
import { type MatchedRoute, type Scope, scopePath } from './api-table.ts'
import { deepFreeze, type JsonObject, mergePatch, textAt, without } from './json.ts'
import type { CustomMethod, Kind, Place, Resource } from './kind.ts'
import type { Operation, Operations } from './operations.ts'
import { timestamp } from './operations.ts'
import { fullUrl, type Reference, resolveReferences } from './references.ts'
import { outputOnlyMembers, readShape } from './shapes.ts'
import { memberToken, type World } from './world.ts'

/** One mutation as the router hands it over. */
export interface MutationRequest {
  match: MatchedRoute
  body: unknown
  query: Readonly<Record<string, string>>
  actor: string
}

/** What mutations need besides the resources. */
export interface MutationContext {
  world: World
  operations: Operations
  strict: boolean
  /** Ends the operation when its time has come. */
  schedule(operation: Operation, collection: string): void
  /** Throws 403 when one more resource would exceed the quota. */
  checkQuota(kind: Kind, place: Place): void
  /** An error that a fault injection prescribes for this operation. */
  injectedFailure(match: MatchedRoute): LateError | undefined
  /** A resource that changed beside the one that the operation is for. */
  onSideEffect(path: string): void
  onStart(match: MatchedRoute, operation: Operation): void
  onEnd(match: MatchedRoute, operation: Operation, error: LateError | undefined): void
}

const nameSyntax = /^[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?$/

/** The resource that a request names; 404 when it is absent or still in creation. */
export function existing(world: World, match: MatchedRoute): Resource {
  const path = pathOf(match, match.name ?? '')
  const resource = world.find(path)
  if (resource === undefined || resource.state === 'creating') throw notFound(path)
  return resource
}

function pathOf(match: MatchedRoute, name: string): string {
  return `projects/${match.project}/${scopePath(match.scope ?? { type: 'global' })}/${match.collection}/${name}`
}

/** 400 unless the name follows RFC 1035 as the service demands. */
export function checkName(name: string | undefined): asserts name is string {
  if (name === undefined || name === '') throw required('resource.name')
  if (!nameSyntax.test(name)) {
    throw invalid('resource.name', name, "Must be a match of regex '(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)'")
  }
}

function checkScope(world: World, match: MatchedRoute): void {
  const scope = match.scope
  if (scope === undefined || scope.type === 'global') return
  const path = `projects/${match.project}/${scope.type}/${scope.name}`
  if (world.find(`projects/${match.project}/global/${scope.type}/${scope.name}`) === undefined) throw notFound(path)
}

/** Every referenced resource exists and is not on its way in or out. */
function checkReferences(world: World, references: readonly Reference[]): void {
  for (const { path } of references) {
    const target = world.find(path)
    if (target === undefined) throw notFound(path)
    if (target.state !== 'ready') throw notReady(path)
  }
}

function holdsOf(kind: Kind, spec: JsonObject, place: Place, references: readonly Reference[]): string[] {
  return [...new Set([...references.map(({ path }) => path), ...(kind.tokens?.(spec, place) ?? [])])]
}

/** The checked new state of a resource: everything but the fingerprint. */
function prepare(
  context: MutationContext,
  kind: Kind,
  place: Place,
  input: JsonObject,
  before: Resource | undefined,
): { spec: JsonObject; references: Reference[] } {
  const completed = kind.defaults?.(input, place) ?? input
  for (const member of kind.immutable ?? []) {
    if (before !== undefined && !isDeepStrictEqual(before.spec[member], completed[member])) {
      const url = resolveReferences({ [member]: completed[member] }, kind.references ?? [], place.project).body[member]
      if (!isDeepStrictEqual(before.spec[member], url)) {
        throw invalid(
          `resource.${member}`,
          completed[member],
          `The ${member} of an existing resource cannot be changed.`,
        )
      }
    }
  }
  const { body: spec, references } = resolveReferences(completed, kind.references ?? [], place.project)
  checkReferences(context.world, references)
  kind.relate?.(context.world, spec, place, references, before)
  return { spec, references }
}

function begin(
  context: MutationContext,
  request: MutationRequest,
  resource: Resource,
  operationType: string,
  immediate: boolean,
  finish: (failure: LateError | undefined) => LateError | undefined,
): Operation {
  const { match, actor } = request
  const failure = context.injectedFailure(match)
  const operation = context.operations.begin({
    project: match.project,
    scope: match.scope ?? { type: 'global' },
    operationType,
    target: resource.path,
    targetId: textAt(resource.meta, 'id') ?? '',
    actor,
    finish: () => finish(failure),
    ended: (ended, error) => context.onEnd(match, ended, error),
  })
  context.onStart(match, operation)
  if (immediate) context.operations.end(operation)
  else context.schedule(operation, match.collection)
  return operation
}

export function insert(context: MutationContext, kind: Kind, request: MutationRequest): Operation {
  const { world } = context
  const { match } = request
  const input = readShape(request.body, kind.message, { strict: context.strict, keepNull: false })
  const name = textAt(input, 'name')
  checkName(name)
  const scope: Scope = match.scope ?? { type: 'global' }
  const path = pathOf(match, name)
  const place: Place = { project: match.project, scope, collection: match.collection, name, path }
  const body =
    kind.labels === true ? without(input, 'labels', 'labelFingerprint', 'fingerprint') : without(input, 'fingerprint')
  kind.check?.(body, place)
  checkScope(world, match)
  const occupant = world.find(path)
  if (occupant !== undefined) throw occupant.state === 'deleting' ? notReady(path) : alreadyExists(path)
  const { spec, references } = prepare(context, kind, place, body, undefined)
  context.checkQuota(kind, place)
  const allocated = kind.allocate?.(world, spec, place) ?? {}
  const finalSpec = { ...spec, ...allocated.spec }
  const id = world.newId()
  const meta: JsonObject = {
    kind: `compute#${kind.singular}`,
    id,
    creationTimestamp: timestamp(world.now()),
    selfLink: fullUrl(path),
    ...(kind.linkWithId === true ? { selfLinkWithId: fullUrl(path.replace(/[^/]+$/, id)) } : {}),
    ...(scope.type === 'zones' ? { zone: fullUrl(`projects/${match.project}/zones/${scope.name}`) } : {}),
    ...(scope.type === 'regions' ? { region: fullUrl(`projects/${match.project}/regions/${scope.name}`) } : {}),
    ...(kind.fingerprint === 'none' ? {} : { fingerprint: world.newFingerprint() }),
    ...(kind.labels === true ? { labelFingerprint: world.newFingerprint() } : {}),
    ...allocated.meta,
  }
  const resource: Resource = {
    path,
    project: match.project,
    scope,
    collection: match.collection,
    name,
    kind,
    createdAt: world.now(),
    serial: world.nextSerial(),
    state: 'creating',
    busyWith: undefined,
    spec: finalSpec,
    meta,
    body: {},
    holds: holdsOf(kind, finalSpec, place, references),
    secret: kind.secret?.(body),
    members: [],
  }
  world.put(resource, finalSpec, meta)
  world.add(resource)
  const operation = begin(context, request, resource, operationType(kind, 'insert'), false, (failure) => {
    resource.busyWith = undefined
    if (failure !== undefined) {
      world.remove(resource)
      return failure
    }
    resource.state = 'ready'
    kind.created?.(world, resource)
    return undefined
  })
  resource.busyWith = operation.name
  return operation
}

function operationType(kind: Kind, method: string): string {
  return kind.operationTypes?.[method] ?? method
}

function checkFree(resource: Resource): void {
  if (resource.state !== 'ready' || resource.busyWith !== undefined) throw notReady(resource.path)
}

function placeOf(resource: Resource): Place {
  const { project, scope, collection, name, path } = resource
  return { project, scope, collection, name, path }
}

/** Swaps a resource's state at the end of an operation; what it will reference is held from now on. */
function change(
  context: MutationContext,
  request: MutationRequest,
  resource: Resource,
  next: { spec: JsonObject; meta?: JsonObject | undefined; references: readonly Reference[] },
  type: string,
  immediate: boolean,
): Operation {
  const { world } = context
  const holds = holdsOf(resource.kind, next.spec, placeOf(resource), next.references)
  const spec = deepFreeze(next.spec)
  world.hold(resource, holds)
  const operation = begin(context, request, resource, type, immediate, (failure) => {
    resource.busyWith = undefined
    if (failure !== undefined) {
      world.release(resource, holds)
      return failure
    }
    const old = resource.holds
    resource.holds = holds
    world.release(resource, old)
    const meta = { ...resource.meta, ...next.meta }
    const differs = !isDeepStrictEqual(resource.spec, spec)
    world.put(
      resource,
      spec,
      differs && resource.kind.fingerprint !== 'none' ? { ...meta, fingerprint: world.newFingerprint() } : meta,
    )
    return undefined
  })
  if (!operation.done) resource.busyWith = operation.name
  return operation
}

export function update(
  context: MutationContext,
  kind: Kind,
  request: MutationRequest,
  how: 'patch' | 'update',
): Operation {
  const sent = readShape(request.body, kind.message, { strict: context.strict, keepNull: how === 'patch' })
  const resource = existing(context.world, request.match)
  const name = sent['name']
  if (typeof name === 'string' && name !== '' && name !== resource.name) {
    throw invalid('resource.name', name, `The name must be that of the request's path, '${resource.name}'.`)
  }
  const ignored = ['name', 'fingerprint', ...(kind.labels === true ? ['labels', 'labelFingerprint'] : [])]
  const written = without(sent, ...ignored)
  const kept: Record<string, JsonObject[string]> = { name: resource.name }
  if (how === 'update') {
    // A replacement clears what clients write, never what only the service or another method writes.
    for (const member of [...outputOnlyMembers(kind.message), ...(kind.labels === true ? ['labels'] : [])]) {
      const value = resource.spec[member]
      if (value !== undefined) kept[member] = value
    }
  }
  const input = how === 'patch' ? mergePatch(resource.spec, written) : { ...written, ...kept }
  // Recorded: a bad value is told before a missing fingerprint.
  kind.check?.(input, placeOf(resource))
  const fingerprint = textAt(sent, 'fingerprint') ?? ''
  if (kind.fingerprint === 'required' && fingerprint === '') throw required('resource.fingerprint')
  const { spec, references } = prepare(context, kind, placeOf(resource), input, resource)
  if (fingerprint !== '' && kind.fingerprint !== 'none' && fingerprint !== resource.meta['fingerprint']) {
    throw staleFingerprint()
  }
  checkFree(resource)
  return change(context, request, resource, { spec, references }, operationType(kind, how), false)
}

/** The refusal of a delete; the texts of health checks differ from all others. */
function inUse(world: World, resource: Resource, holder: Resource): ApiError {
  const noun = resource.kind.noun
  const shown =
    resource.collection === 'healthChecks'
      ? [internalName(world, resource), internalName(world, holder)]
      : [resource.path, holder.path]
  return new ApiError(
    400,
    'resourceInUseByAnotherResource',
    `The ${noun} resource '${shown[0] ?? ''}' is already being used by '${shown[1] ?? ''}'`,
  )
}

function internalName(world: World, resource: Resource): string {
  const where = resource.scope.type === 'regions' ? `REGION:${resource.scope.name}` : 'GLOBAL:global'
  return `${where}/PROJECT:${world.projectNumber(resource.project)}/${resource.kind.noun.toUpperCase()}:${resource.name}`
}

/** Who keeps a resource from being deleted, in a fixed order. */
export function holdersOf(world: World, resource: Resource): Resource[] {
  const keys = [resource.path, ...(resource.kind.aliases?.(resource) ?? [])]
  const holders = new Set(keys.flatMap((key) => world.holders(key)).filter((holder) => holder !== resource))
  return [...holders].sort((a, b) => a.serial - b.serial)
}

export function remove(context: MutationContext, kind: Kind, request: MutationRequest): Operation {
  const { world } = context
  const resource = existing(world, request.match)
  kind.checkDelete?.(world, resource)
  const late = kind.lateHolders ?? []
  const blocker = holdersOf(world, resource).find((holder) => !late.includes(holder.collection))
  if (blocker !== undefined) throw inUse(world, resource, blocker)
  checkFree(resource)
  resource.state = 'deleting'
  return begin(context, request, resource, operationType(kind, 'delete'), false, (failure) => {
    const error = failure ?? lateInUse(world, resource)
    if (error !== undefined) {
      resource.state = 'ready'
      return error
    }
    const left = leaveGroups(world, resource)
    world.remove(resource)
    kind.removed?.(world, resource)
    for (const group of left) context.onSideEffect(group)
    return undefined
  })
}

/** A deleted machine leaves the groups it is in; returns their paths. */
function leaveGroups(world: World, resource: Resource): string[] {
  const url = fullUrl(resource.path)
  const groups = world.holders(memberToken(url))
  for (const group of groups) {
    world.setMembers(
      group,
      group.members.filter((member) => member['instance'] !== url),
    )
  }
  return groups.map(({ path }) => path)
}

function lateInUse(world: World, resource: Resource): LateError | undefined {
  const holder = holdersOf(world, resource)[0]
  if (holder === undefined) return resource.kind.lateDeleteError?.(world, resource)
  return {
    code: 'RESOURCE_IN_USE_BY_ANOTHER_RESOURCE',
    message: inUse(world, resource, holder).message,
    httpStatus: 400,
  }
}

/** A custom method that starts an operation. */
export function runMethod(
  context: MutationContext,
  method: Exclude<CustomMethod, { does: 'read' }>,
  request: MutationRequest,
): Operation {
  const { world } = context
  const resource = existing(world, request.match)
  const message = request.match.route.body
  const body = message === null ? {} : readShape(request.body, message, { strict: context.strict, keepNull: false })
  const call = { look: world, resource, body, query: request.query }
  switch (method.does) {
    case 'nothing':
      method.check(call)
      return begin(context, request, resource, method.operationType, false, (failure) => failure)
    case 'members': {
      if (resource.state !== 'ready') throw notReady(resource.path)
      const plan = method.plan(call)
      return begin(context, request, resource, method.operationType, false, (failure) => {
        if (failure !== undefined) return failure
        if (world.find(resource.path) === resource) world.setMembers(resource, plan(resource.members))
        return undefined
      })
    }
    case 'change': {
      const next = method.change(call)
      resource.kind.check?.(next.spec, placeOf(resource))
      const { spec, references } = prepare(context, resource.kind, placeOf(resource), next.spec, resource)
      checkFree(resource)
      return change(
        context,
        request,
        resource,
        { spec, meta: next.meta, references },
        method.operationType,
        method.immediate === true,
      )
    }
  }
}
