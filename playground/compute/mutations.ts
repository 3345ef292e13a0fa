import { isDeepStrictEqual } from 'node:util'
import { alreadyExists, invalid, type LateError, notFound, notReady, required, staleFingerprint } from './api-error.ts'
import { type MatchedRoute, type Scope, scopePath } from './api-table.ts'
import { deepFreeze, type JsonObject, mergePatch, textAt, without } from './json.ts'
import type { Kind, Place, Resource } from './kind.ts'
import type { Operation, Operations } from './operations.ts'
import { timestamp } from './operations.ts'
import { fullUrl, type Reference, resolveReferences, splitPath } from './references.ts'
import { outputOnlyMembers, readShape } from './shapes.ts'
import { sameFingerprint, type World } from './world.ts'

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
  /** Projects exist from the moment that something names them. */
  ensureProject(project: string): void
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
function checkReferences(context: MutationContext, references: readonly Reference[]): void {
  const { world } = context
  for (const { path } of references) {
    context.ensureProject(splitPath(path)?.project ?? '')
    const target = world.find(path)
    if (target === undefined) throw notFound(path)
    if (target.state !== 'ready') throw notReady(path)
  }
}

function holdsOf(kind: Kind, spec: JsonObject, place: Place, references: readonly Reference[]): string[] {
  return [...new Set([...references.map(({ path }) => path), ...(kind.tokens?.(spec, place) ?? [])])]
}

/** The checked new state of a resource: everything but the fingerprint. */
export function prepare(
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
  checkReferences(context, references)
  kind.relate?.(context.world, spec, place, references, before)
  return { spec, references }
}

/** Starts an operation; `finish` applies its change at the end, or undoes it when a failure was injected. */
export function begin(
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

/** POST to a collection. */
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

/** The `operationType` that a method's operations show. */
export function operationType(kind: Kind, method: string): string {
  return kind.operationTypes?.[method] ?? method
}

/** 400 while another change of the resource is under way. */
export function checkFree(resource: Resource): void {
  if (resource.state !== 'ready' || resource.busyWith !== undefined) throw notReady(resource.path)
}

/** Where a resource is. */
export function placeOf(resource: Resource): Place {
  const { project, scope, collection, name, path } = resource
  return { project, scope, collection, name, path }
}

/** Swaps a resource's state at the end of an operation; what it will reference is held from now on. */
export function change(
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

/** PATCH (JSON merge patch) and PUT (replacement) of a resource. */
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
  if (
    fingerprint !== '' &&
    kind.fingerprint !== 'none' &&
    !sameFingerprint(fingerprint, resource.meta['fingerprint'])
  ) {
    throw staleFingerprint()
  }
  checkFree(resource)
  return change(context, request, resource, { spec, references }, operationType(kind, how), false)
}
