import type { Clock, WireRequest, WireResponse } from '../../world.ts'
import { ApiError, badRequest, methodNotAllowed, notFound, unknownPath, unsupportedMediaType } from '../api-error.ts'
import { fields, frozenCopy, isObject, number, text, withValue, type Json, type JsonObject } from '../json.ts'
import { apiVersionOf, type Kind } from '../kinds.ts'
import type { KubeObject } from '../object.ts'
import type { Ownership } from '../ownership.ts'
import type { ObjectStore } from '../store.ts'
import * as discovery from './discovery.ts'
import { jsonPatch, mergePatch } from './json-patch.ts'
import { filterOf, page } from './lists.ts'
import { partsOf, targetOf, type Target } from './route.ts'
import { strategicMerge } from './strategic-merge.ts'
import { asTable } from './table.ts'
import { watch, type WatchSink } from './watch.ts'
import { deleteOptions, mediaType, objectBody, optionsOf, scaleOf, typed, wantsTable } from './request-parts.ts'
import type { Writes } from './writes.ts'

/** An answer, with its media type when that is not plain JSON. */
export interface ApiAnswer extends WireResponse {
  readonly contentType?: string
}

/** The requests that a cluster has answered, by what they ask for. */
export interface RequestCounters {
  reads: number
  lists: number
  watches: number
  writes: number
}

/** The API of one cluster, without a socket. */
export interface ApiServer {
  respond(request: WireRequest): ApiAnswer
  /** Serves a watch; throws an ApiError when the request is not a good one. Returns how to stop. */
  subscribe(request: WireRequest, sink: WatchSink): () => void
  readonly counters: RequestCounters
}

/** True for requests that `subscribe` serves. */
export function isWatch(request: WireRequest): boolean {
  const asked = request.query['watch']
  return request.method === 'GET' && (asked === 'true' || asked === '1')
}

const patchTypes = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
]

/** The API over a store and the writes to it. */
export function createApiServer(world: {
  store: ObjectStore
  writes: Writes
  ownership: Ownership
  clock: Clock
}): ApiServer {
  const { store, writes, ownership, clock } = world
  const counters: RequestCounters = { reads: 0, lists: 0, watches: 0, writes: 0 }

  function respond(request: WireRequest): ApiAnswer {
    try {
      return outsideResources(request) ?? onResource(request, targetOf(request.path))
    } catch (error) {
      if (error instanceof ApiError) return { status: error.code, body: error.status }
      if (error instanceof RangeError) return { status: 400, body: badRequest(error.message).status }
      throw error
    }
  }

  function onResource(request: WireRequest, target: Target): ApiAnswer {
    const { kind, name, subresource } = target
    if (isWatch(request)) throw badRequest('a watch is a stream: it is not answered with one body')
    if (request.method === 'GET') {
      if (name === undefined) return listed(request, target)
      counters.reads += 1
      const object = present(target, name)
      return subresource === 'scale' ? ok(scaleOf(object)) : ok(rendered(request, kind, object))
    }
    counters.writes += 1
    if (name === undefined) {
      if (request.method === 'POST') return created(request, target)
      if (request.method === 'DELETE') return deletedAll(request, target)
      throw methodNotAllowed()
    }
    if (subresource === 'scale') return scaled(request, target, name)
    switch (request.method) {
      case 'PUT':
        return ok(
          writes.replace(kind, target.namespace, name, objectBody(kind, request), optionsOf(request, subresource)),
        )
      case 'PATCH':
        return patched(request, target, name)
      case 'DELETE':
        if (subresource !== '') throw methodNotAllowed()
        return deleted(request, target, name)
      default:
        throw methodNotAllowed()
    }
  }

  function present(target: Target, name: string): KubeObject {
    const object = store.get(target.kind, target.namespace, name)
    if (object === undefined) throw notFound(target.kind, name)
    return object
  }

  function listed(request: WireRequest, target: Target): ApiAnswer {
    counters.lists += 1
    const { kind } = target
    const { objects, next, remaining } = page(store, target, request.query)
    const metadata: JsonObject = {
      resourceVersion: String(store.version()),
      ...(next === undefined ? {} : { continue: next, remainingItemCount: remaining }),
    }
    if (wantsTable(request))
      return ok(asTable(kind, objects, metadata, request.query['includeObject'] ?? 'Metadata', clock.now()))
    return ok({ kind: `${kind.kind}List`, apiVersion: apiVersionOf(kind), metadata, items: objects })
  }

  function rendered(request: WireRequest, kind: Kind, object: KubeObject): Json {
    if (!wantsTable(request)) return object
    const metadata = { resourceVersion: object.metadata.resourceVersion }
    return asTable(kind, [object], metadata, request.query['includeObject'] ?? 'Metadata', clock.now())
  }

  function created(request: WireRequest, target: Target): ApiAnswer {
    if (target.kind.namespaced && target.namespace === undefined) throw methodNotAllowed()
    const body = objectBody(target.kind, request)
    return { status: 201, body: writes.create(target.kind, target.namespace, body, optionsOf(request, '')) }
  }

  function patched(request: WireRequest, target: Target, name: string): ApiAnswer {
    const { kind, namespace, subresource } = target
    const options = optionsOf(request, subresource)
    const type = mediaType(request)
    const body = frozenCopy(request.body)
    const expectObject = (value: Json): JsonObject => {
      if (!isObject(value)) throw badRequest('the patched object is not an object')
      return value
    }
    switch (type) {
      case 'application/apply-patch+yaml': {
        if (request.query['fieldManager'] === undefined || request.query['fieldManager'] === '') {
          throw badRequest(
            'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
          )
        }
        const { object, created: made } = writes.apply(kind, namespace, name, typed(kind, body), options)
        return { status: made ? 201 : 200, body: object }
      }
      case 'application/json-patch+json':
        return ok(writes.edit(kind, namespace, name, options, (live) => expectObject(jsonPatch(live, body))))
      case 'application/merge-patch+json':
        return ok(
          writes.edit(kind, namespace, name, options, (live) => expectObject(mergePatch(live, expectObject(body)))),
        )
      case 'application/strategic-merge-patch+json':
        if (kind.custom) throw unsupportedMediaType(patchTypes.filter((known) => known !== type))
        return ok(writes.edit(kind, namespace, name, options, (live) => strategicMerge(kind, live, expectObject(body))))
      default:
        throw unsupportedMediaType(patchTypes)
    }
  }

  function scaled(request: WireRequest, target: Target, name: string): ApiAnswer {
    const { kind, namespace } = target
    const current = scaleOf(present(target, name))
    const body = frozenCopy(request.body)
    let wanted: Json
    if (request.method === 'PUT') wanted = body
    else if (request.method !== 'PATCH') throw methodNotAllowed()
    else
      wanted =
        mediaType(request) === 'application/json-patch+json' ? jsonPatch(current, body) : mergePatch(current, body)
    const replicas = number(wanted, 'spec', 'replicas') ?? 0
    const version = text(wanted, 'metadata', 'resourceVersion') ?? ''
    const options = optionsOf(request, 'scale')
    const object = writes.edit(kind, namespace, name, options, (live) => {
      const next = withValue(live, ['spec', 'replicas'], replicas)
      return version === '' ? next : withValue(next, ['metadata', 'resourceVersion'], version)
    })
    return ok(scaleOf(object))
  }

  function deleted(request: WireRequest, target: Target, name: string): ApiAnswer {
    const { kind } = target
    const options = deleteOptions(request)
    if (!options.dryRun && text(fields(frozenCopy(request.body ?? null)), 'propagationPolicy') === 'Orphan')
      ownership.orphan(present(target, name).metadata.uid)
    const { object, removed } = writes.remove(kind, target.namespace, name, options)
    if (!removed || kind.plural === 'pods') return ok(object)
    const details = {
      name,
      ...(kind.group === '' ? {} : { group: kind.group }),
      kind: kind.plural,
      uid: object.metadata.uid,
    }
    return ok({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details })
  }

  function deletedAll(request: WireRequest, target: Target): ApiAnswer {
    const { objects } = page(store, target, request.query)
    const options = deleteOptions(request)
    for (const object of objects) writes.remove(target.kind, object.metadata.namespace, object.metadata.name, options)
    return ok({
      kind: `${target.kind.kind}List`,
      apiVersion: apiVersionOf(target.kind),
      metadata: { resourceVersion: String(store.version()) },
      items: objects,
    })
  }

  function outsideResources(request: WireRequest): ApiAnswer | undefined {
    const parts = partsOf(request.path)
    const accept = request.headers['accept'] ?? ''
    const [first, second = '', third = ''] = parts
    switch (first) {
      case 'version':
        return ok(discovery.serverVersion)
      case 'healthz':
      case 'livez':
      case 'readyz':
        return { status: 200, body: 'ok', contentType: 'text/plain; charset=utf-8' }
      case 'openapi': {
        if (second !== 'v3') throw unknownPath()
        if (parts.length === 2) return ok(discovery.openApiIndex())
        const found =
          third === 'api'
            ? discovery.openApiDocument('', parts[3] ?? '')
            : discovery.openApiDocument(parts[3] ?? '', parts[4] ?? '')
        return okOr404(found)
      }
      case 'api':
      case 'apis': {
        const core = first === 'api'
        if (parts.length === 1 && discovery.wantsAggregated(accept))
          return { ...ok(discovery.aggregated(core)), contentType: discovery.aggregatedType }
        if (parts.length === 1)
          return ok(
            core ? { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] } : discovery.groupList(),
          )
        if (core) return parts.length === 2 ? okOr404(discovery.resourceList('', second)) : undefined
        if (parts.length === 2) return okOr404(discovery.groupByName(second))
        return parts.length === 3 ? okOr404(discovery.resourceList(second, third)) : undefined
      }
      case undefined:
      default:
        throw unknownPath()
    }
  }

  return {
    respond,
    counters,
    subscribe(request, sink) {
      const target = targetOf(request.path)
      filterOf(target, request.query)
      counters.watches += 1
      return watch(world, target, request.query, (object) => rendered(request, target.kind, object), sink)
    },
  }
}

function ok(body: Json): ApiAnswer {
  return { status: 200, body }
}

function okOr404(body: JsonObject | undefined): ApiAnswer {
  if (body === undefined) throw unknownPath()
  return ok(body)
}
