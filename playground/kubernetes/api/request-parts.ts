import type { WireRequest } from '../../world.ts'
import { badRequest } from '../api-error.ts'
import { at, fields, frozenCopy, isObject, number, text, texts, type Json, type JsonObject } from '../json.ts'
import { apiVersionOf, type Kind } from '../kinds.ts'
import type { KubeObject } from '../object.ts'
import type { DeleteOptions, WriteOptions } from './writes.ts'

/** True when the client prints what the server lays out (`kubectl get`). */
export function wantsTable(request: WireRequest): boolean {
  return (request.headers['accept'] ?? '').includes('as=Table')
}

/** The media type of the body, without parameters. */
export function mediaType(request: WireRequest): string {
  return (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
}

/** How a write is meant: manager, dry run, force. Throws 400 for a manager that is too long. */
export function optionsOf(request: WireRequest, subresource: WriteOptions['subresource']): WriteOptions {
  const agent = (request.headers['user-agent'] ?? 'unknown').split('/')[0] ?? 'unknown'
  const manager = request.query['fieldManager'] ?? ''
  if (manager.length > 128) throw badRequest('fieldManager: Too long: may not be more than 128 bytes')
  return {
    manager: manager === '' ? agent.slice(0, 128) : manager,
    dryRun: request.query['dryRun'] === 'All',
    force: request.query['force'] === 'true' || request.query['force'] === '1',
    subresource,
  }
}

/** How a delete is meant, from its body or its query. */
export function deleteOptions(request: WireRequest): DeleteOptions {
  const body =
    request.body === undefined || request.body === null || request.body === '' ? {} : frozenCopy(request.body)
  const grace = number(body, 'gracePeriodSeconds') ?? Number(request.query['gracePeriodSeconds'] ?? '-1')
  return {
    dryRun: request.query['dryRun'] === 'All' || Boolean(at(body, 'dryRun', 0)),
    preconditions: texts(body, 'preconditions'),
    now: grace === 0,
  }
}

/** The body as an object of the kind. Throws 400 when it is something else. */
export function objectBody(kind: Kind, request: WireRequest): JsonObject {
  if (request.body === undefined || request.body === null || request.body === '')
    throw badRequest('the body of the request is empty')
  return typed(kind, frozenCopy(request.body))
}

/** A body that says that it is of the kind. Throws 400 when it is something else. */
export function typed(kind: Kind, body: Json): JsonObject {
  if (!isObject(body)) throw badRequest('the body of the request is not an object')
  const apiVersion = text(body, 'apiVersion')
  const name = text(body, 'kind')
  if (apiVersion === undefined || name === undefined)
    throw badRequest("Object 'Kind' is missing: an object needs apiVersion and kind")
  if (apiVersion !== apiVersionOf(kind) || name !== kind.kind) {
    throw badRequest(
      `the API version in the data (${apiVersion}, kind ${name}) does not match the expected API version (${apiVersionOf(kind)}, kind ${kind.kind})`,
    )
  }
  return body
}

/** The scale subresource of a Deployment or ReplicaSet. */
export function scaleOf(object: KubeObject): JsonObject {
  const selector = Object.entries(texts(object, 'spec', 'selector', 'matchLabels')).map(
    ([key, value]) => `${key}=${value}`,
  )
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: number(object, 'spec', 'replicas') ?? 0 },
    status: { replicas: number(fields(object, 'status'), 'replicas') ?? 0, selector: selector.join(',') },
  }
}
