import type { Clock, Random, WireRequest, WireResponse } from '../world.ts'
import { ApiError, errorBody, NoAnswer, notFound } from './api-error.ts'
import { type MatchedRoute, matchRoute } from './api-table.ts'
import { remove } from './deletions.ts'
import { createFaults, type Faults } from './faults.ts'
import type { ComputeChange, ComputeCounters, ComputeView } from './inspection.ts'
import { isObject, type JsonObject } from './json.ts'
import type { Resource } from './kind.ts'
import { kinds } from './kinds/index.ts'
import { networks } from './kinds/networks.ts'
import { checkQuota, createRateLimiter, type Quotas, type RateLimits, renderQuotas } from './limits.ts'
import { createCertificateAuthority } from './managed-certificates.ts'
import { runMethod } from './methods.ts'
import { insert, type MutationContext, type MutationRequest, update } from './mutations.ts'
import { createOperations, type Operation, timestamp } from './operations.ts'
import { plant, plantLocations } from './plant.ts'
import { answerOperations, answerRead, render } from './reads.ts'
import { fullUrl } from './references.ts'
import { createRequestIds } from './request-ids.ts'
import { createWorld } from './world.ts'

/** How the simulated service behaves. Times are milliseconds of the clock that is passed in. */
export interface ComputeOptions {
  clock: Clock
  random: Random
  /** From the answer to a mutation to the end of its operation; a function is asked per operation. Default 100. */
  operationDelayMs?: number | ((collection: string, operationType: string) => number)
  /** Before every answer. Default 0. */
  requestDelayMs?: number
  /** From the moment a managed certificate serves until it is ACTIVE. Default 2000. */
  certificateDelayMs?: number
  /** Refuse request members that the API does not know; the real service ignores them. */
  strict?: boolean
  quotas?: Quotas
  rateLimits?: RateLimits
}

/** Health of one member of a backend, as getHealth shows it. */
export interface HealthStatus {
  instance?: string
  ipAddress?: string
  port?: number
  healthState: 'HEALTHY' | 'UNHEALTHY'
}

/** Who knows the health of members: the data plane. Both paths are relative. */
export type HealthSource = (backendService: string, group: string) => readonly HealthStatus[]

/** The simulated service. */
export interface SimulatedCompute {
  /** The whole API. Rejects with `NoAnswer` when no answer reaches the client. */
  handle(request: WireRequest): Promise<WireResponse>
  /** What a GET shows; undefined when it answers 404. `path` is relative: projects/p/global/urlMaps/u. */
  get(path: string): ComputeView | undefined
  /** All resources of a collection that a GET shows, over all projects and scopes, or of one project. */
  list(collection: string, project?: string): ComputeView[]
  /** The key that a self-managed certificate came with, which the API never shows; for what terminates TLS. */
  privateKey(path: string): string | undefined
  /** Called after every change; returns the way to stop. */
  onChange(listener: (change: ComputeChange) => void): () => void
  counters(): ComputeCounters
  resetCounters(): void
  faults: Faults
  /** Without a source every member is UNHEALTHY: nothing answers the probes. */
  setHealthSource(source: HealthSource): void
}

const projectSyntax = /^[a-z0-9][a-z0-9.:-]{0,62}$/
/** Each costs some hundred resources: its zones, regions and subnets. */
const maxProjects = 1000
/** The header that names the caller in operations and changes. */
export const actorHeader = 'x-playground-actor'

export function createCompute(options: ComputeOptions): SimulatedCompute {
  const { clock, random, operationDelayMs = 100, requestDelayMs = 0, quotas = {} } = options
  const world = createWorld(clock, random)
  const operations = createOperations(clock, { ...world, random })
  const faults = createFaults()
  const requestIds = createRequestIds()
  const takeRate = createRateLimiter(clock, options.rateLimits ?? {}, (project) => world.projectNumber(project))
  const listeners = new Set<(change: ComputeChange) => void>()
  const projects = new Set<string>()
  let counted = emptyCounters()
  let health: HealthSource = unhealthy
  const checkCertificates = createCertificateAuthority(world, clock, options.certificateDelayMs ?? 2000, announceOwn)

  function announce(change: ComputeChange): void {
    for (const listener of listeners) listener(change)
  }

  /** What the service changes by itself. */
  function announceOwn(target: string): void {
    const change = { method: '', operationType: 'update', operation: '', actor: 'system', at: clock.now(), error: null }
    announce({ phase: 'finished', target, ...change })
  }

  function changeOf(match: MatchedRoute, operation: Operation): Omit<ComputeChange, 'phase' | 'error'> {
    const { operationType, target, actor } = operation.start
    return {
      method: `v1.compute.${match.route.service}.${match.route.method}`,
      operationType,
      operation: operation.name,
      target,
      actor,
      at: clock.now(),
    }
  }

  /** Any project exists from its first use, with regions, zones and the network `default`. */
  function ensureProject(project: string): void {
    if (projects.has(project)) return
    if (!projectSyntax.test(project)) {
      throw new ApiError(
        400,
        'invalid',
        `Invalid value for field 'project': '${project.slice(0, 80)}'. The project id is malformed.`,
      )
    }
    if (projects.size >= maxProjects) {
      throw new ApiError(403, 'accessNotConfigured', `The simulator takes at most ${maxProjects} projects.`)
    }
    projects.add(project)
    plantLocations(world, project)
    const path = `projects/${project}/global/networks/default`
    const spec = networks.defaults?.(
      {},
      { project, scope: { type: 'global' }, collection: 'networks', name: 'default', path },
    )
    networks.created?.(world, plant(world, networks, path, { ...spec }))
  }

  const context: MutationContext = {
    world,
    operations,
    strict: options.strict ?? false,
    ensureProject,
    schedule(operation, collection) {
      const type = operation.start.operationType
      const delay = typeof operationDelayMs === 'number' ? operationDelayMs : operationDelayMs(collection, type)
      clock.after(delay, () => operations.end(operation))
    },
    checkQuota: (kind, place) => checkQuota(world, quotas, kind, place),
    injectedFailure: (match) => faults.takeFailure({ method: methodOf(match), name: match.name ?? '' }),
    onSideEffect: announceOwn,
    onStart: (match, operation) => announce({ phase: 'started', ...changeOf(match, operation), error: null }),
    onEnd(match, operation, error) {
      checkCertificates(match.project)
      announce({
        phase: 'finished',
        ...changeOf(match, operation),
        error: error === undefined ? null : { code: error.code, message: error.message },
      })
    },
  }

  function mutate(match: MatchedRoute, request: WireRequest): JsonObject {
    const kind = kinds.get(match.collection)
    if (kind === undefined) throw notFoundRoute(request)
    const actor = request.headers[actorHeader] ?? 'user@example.com'
    const mutation: MutationRequest = { match, body: request.body, query: request.query, actor }
    const repeated = requestIds.find(match, request)
    if (repeated !== undefined) return repeated.body
    const name = nameIn(match, request)
    faults.checkRefusal({ method: methodOf(match), name })
    const named: MatchedRoute = { ...match, name }
    let operation: Operation
    switch (match.route.method) {
      case 'insert':
        operation = insert(context, kind, { ...mutation, match: named })
        break
      case 'patch':
      case 'update':
        operation = update(context, kind, mutation, match.route.method)
        break
      case 'delete':
        operation = remove(context, kind, mutation)
        break
      default: {
        const method = kind.methods?.[match.route.method]
        if (method === undefined || method.does === 'read') throw notFoundRoute(request)
        operation = runMethod(context, method, mutation)
      }
    }
    requestIds.keep(match, request, operation)
    return operation.body
  }

  async function answer(match: MatchedRoute, request: WireRequest): Promise<JsonObject> {
    const { route, project } = match
    ensureProject(project)
    faults.checkPermission(project, { method: methodOf(match), name: nameIn(match, request) }, request.headers)
    takeRate(project, route.operationScope === null ? 'reads' : 'writes')
    if (route.operationScope !== null) return mutate(match, request)
    if (match.collection === 'operations') return answerOperations({ world, operations }, match, request.query)
    if (match.collection === '') {
      return {
        kind: 'compute#project',
        id: world.projectNumber(project),
        name: project,
        creationTimestamp: timestamp(0),
        defaultNetworkTier: 'PREMIUM',
        xpnProjectStatus: 'UNSPECIFIED_XPN_PROJECT_STATUS',
        quotas: renderQuotas(world, quotas, kinds.values(), project),
        selfLink: fullUrl(`projects/${project}`),
      }
    }
    return answerRead({ world, strict: context.strict, health }, match, request)
  }

  function count(match: MatchedRoute): void {
    const { route } = match
    counted.byMethod[methodOf(match)] = (counted.byMethod[methodOf(match)] ?? 0) + 1
    if (match.collection === 'operations') counted.operationReads += 1
    else if (route.operationScope !== null) counted.writes += 1
    else if (route.method === 'list' || route.method === 'aggregatedList') counted.lists += 1
    else counted.reads += 1
  }

  async function handle(request: WireRequest): Promise<WireResponse> {
    if (requestDelayMs > 0) await new Promise<void>((resolve) => clock.after(requestDelayMs, resolve))
    const match = matchRoute(request.method, request.path)
    try {
      faults.checkOutage()
      if (match === undefined) throw notFoundRoute(request)
      count(match)
      const body = await answer(match, request)
      if (faults.takeDrop({ method: methodOf(match), name: match.name ?? '' })) throw new NoAnswer()
      return { status: 200, body }
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      counted.refused[error.reason] = (counted.refused[error.reason] ?? 0) + 1
      return { status: error.status, body: errorBody(error) }
    }
  }

  function view(resource: Resource): ComputeView {
    const { path, project, scope, name, members } = resource
    return { path, project, scope, name, members, body: render(world, resource) }
  }

  return {
    handle,
    get(path) {
      const resource = world.find(path)
      return resource === undefined || resource.state === 'creating' ? undefined : view(resource)
    },
    list: (collection, project) =>
      [...(project === undefined ? projects : [project])]
        .flatMap((id) => [...world.collectionPaths(id, collection)].sort())
        .flatMap((path) => world.list(path))
        .filter(({ state }) => state !== 'creating')
        .map(view),
    privateKey: (path) => world.find(path)?.secret,
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    counters: () => ({ ...counted, byMethod: { ...counted.byMethod }, refused: { ...counted.refused } }),
    resetCounters() {
      counted = emptyCounters()
    },
    faults,
    setHealthSource(source) {
      health = source
    },
  }

  function unhealthy(_backendService: string, group: string): readonly HealthStatus[] {
    return (world.find(group)?.members ?? []).map((member) => ({
      ...(typeof member['instance'] === 'string' ? { instance: member['instance'] } : {}),
      ...(typeof member['ipAddress'] === 'string' ? { ipAddress: member['ipAddress'] } : {}),
      ...(typeof member['port'] === 'number' ? { port: member['port'] } : {}),
      healthState: 'UNHEALTHY' as const,
    }))
  }
}

/** The resource that a request names, in its path or its body; '' = none. */
function nameIn(match: MatchedRoute, { body }: WireRequest): string {
  return match.name ?? (isObject(body) && typeof body['name'] === 'string' ? body['name'] : '')
}

function methodOf(match: MatchedRoute): string {
  return `${match.route.service}.${match.route.method}`
}

function notFoundRoute(request: WireRequest): ApiError {
  return request.path.startsWith('/compute/')
    ? new ApiError(404, 'notFound', `The simulator has no method ${request.method} ${request.path.slice(0, 300)}`)
    : notFound(request.path.slice(0, 300))
}

function emptyCounters() {
  return {
    reads: 0,
    lists: 0,
    writes: 0,
    operationReads: 0,
    byMethod: {} as Record<string, number>,
    refused: {} as Record<string, number>,
  }
}
