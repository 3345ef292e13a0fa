import type { Clock, Random } from '../../world.ts'
import type { Admit } from '../admission/index.ts'
import { alreadyExists, ApiError, badRequest, conflict, notFound } from '../api-error.ts'
import { suffix, timestamp, uuid } from '../identifiers.ts'
import { at, equal, fields, freeze, isObject, items, text, withValue, type Json, type JsonObject } from '../json.ts'
import { apiVersionOf, namespaces, type Kind } from '../kinds.ts'
import { isLive, withMeta, type KubeObject, type ObjectMeta } from '../object.ts'
import type { ObjectStore } from '../store.ts'
import { afterUpdate, apply, type Writer } from './managed-fields.ts'

/** Who writes and with which options. */
export interface WriteOptions {
  readonly manager: string
  readonly dryRun: boolean
  /** Server-side apply takes fields over from other managers. */
  readonly force: boolean
  readonly subresource: '' | 'status' | 'scale'
}

/** What a delete asks for. */
export interface DeleteOptions {
  readonly dryRun: boolean
  /** Refuse with 409 unless the object has this uid or resourceVersion. */
  readonly preconditions: { readonly uid?: string; readonly resourceVersion?: string }
  /** Pods vanish at once instead of stopping first. */
  readonly now: boolean
}

/** The one way in which objects change; every write is admitted and recorded in managedFields. */
export interface Writes {
  create(kind: Kind, namespace: string | undefined, input: JsonObject, options: WriteOptions): KubeObject
  replace(kind: Kind, namespace: string | undefined, name: string, input: JsonObject, options: WriteOptions): KubeObject
  /** Writes what `edit` makes of the present object; throws 404 when there is none. */
  edit(
    kind: Kind,
    namespace: string | undefined,
    name: string,
    options: WriteOptions,
    edit: (live: KubeObject) => JsonObject,
  ): KubeObject
  apply(
    kind: Kind,
    namespace: string | undefined,
    name: string,
    configuration: JsonObject,
    options: WriteOptions,
  ): { object: KubeObject; created: boolean }
  /** Marks the object, or removes it when nothing holds it. `removed` tells which. */
  remove(
    kind: Kind,
    namespace: string | undefined,
    name: string,
    options: DeleteOptions,
  ): { object: KubeObject; removed: boolean }
}

/** Options of a controller that runs inside the cluster. */
export function asManager(manager: string, subresource: WriteOptions['subresource'] = ''): WriteOptions {
  return { manager, dryRun: false, force: false, subresource }
}

/** Writes to a store. */
export function createWrites(world: { store: ObjectStore; clock: Clock; random: Random; admit: Admit }): Writes {
  const { store, clock, random, admit } = world

  function writer(options: WriteOptions, operation: Writer['operation']): Writer {
    return { manager: options.manager, operation, subresource: options.subresource, time: timestamp(clock.now()) }
  }

  function checkNamespace(kind: Kind, namespace: string | undefined, name: string): void {
    if (!kind.namespaced || namespace === undefined) return
    const owner = store.get(namespaces, undefined, namespace)
    if (owner === undefined) throw notFound(namespaces, namespace)
    if (!isLive(owner)) {
      const message = `${kind.plural} "${name}" is forbidden: unable to create new content in namespace ${namespace} because it is being terminated`
      throw new ApiError(403, 'Forbidden', message, {
        name,
        kind: kind.plural,
        causes: [{ reason: 'NamespaceTerminating', message }],
      })
    }
  }

  function metaForCreate(kind: Kind, namespace: string | undefined, input: JsonObject): ObjectMeta {
    const given = fields(input, 'metadata')
    const inBody = text(given, 'namespace')
    if (kind.namespaced && inBody !== undefined && inBody !== namespace) {
      throw badRequest(`the namespace of the provided object does not match the namespace sent on the request`)
    }
    const generateName = text(given, 'generateName')
    const name = text(given, 'name') ?? (generateName === undefined ? '' : generateName + suffix(random))
    return {
      ...userMeta(given),
      name,
      ...(generateName === undefined ? {} : { generateName }),
      ...(kind.namespaced && namespace !== undefined ? { namespace } : {}),
      uid: uuid(random),
      resourceVersion: '',
      creationTimestamp: timestamp(clock.now()),
      ...(kind.generation ? { generation: 1 } : {}),
    }
  }

  function commit(kind: Kind, live: KubeObject | undefined, next: KubeObject, options: WriteOptions): KubeObject {
    if (live !== undefined && equal(live, next)) return live
    if (options.dryRun) return freeze(next)
    if (
      live !== undefined &&
      !isLive(live) &&
      (next.metadata.finalizers ?? []).length === 0 &&
      kind.plural !== 'pods' &&
      kind !== namespaces
    ) {
      store.remove(kind, live)
      return freeze(next)
    }
    return store.put(kind, next)
  }

  /** The object to store: the caller's part from `input`, the server's part from `live`, admitted. */
  function assembled(kind: Kind, live: KubeObject, input: JsonObject, options: WriteOptions): KubeObject {
    if (options.subresource === 'status') return { ...live, status: at(input, 'status') }
    const given = fields(input, 'metadata')
    const metadata: ObjectMeta = {
      ...userMeta(given),
      name: live.metadata.name,
      ...(live.metadata.namespace === undefined ? {} : { namespace: live.metadata.namespace }),
      uid: live.metadata.uid,
      resourceVersion: live.metadata.resourceVersion,
      creationTimestamp: live.metadata.creationTimestamp,
      ...(live.metadata.deletionTimestamp === undefined ? {} : { deletionTimestamp: live.metadata.deletionTimestamp }),
      ...(live.metadata.generation === undefined ? {} : { generation: live.metadata.generation }),
      ...(live.metadata.managedFields === undefined ? {} : { managedFields: live.metadata.managedFields }),
    }
    const body: KubeObject = {
      ...input,
      ...(kind.status ? { status: live['status'] } : {}),
      apiVersion: live.apiVersion,
      kind: live.kind,
      metadata,
    }
    const next = admit(kind, body, live)
    const changed = kind.generation && !equal(specOf(live), specOf(next))
    return changed ? withMeta(next, { generation: (live.metadata.generation ?? 0) + 1 }) : next
  }

  function checkPrecondition(kind: Kind, live: KubeObject, input: JsonObject): void {
    const { name, uid, resourceVersion } = live.metadata
    const wantedUid = text(input, 'metadata', 'uid')
    if (wantedUid !== undefined && wantedUid !== '' && wantedUid !== uid) {
      throw conflict(kind, name, `Precondition failed: UID in precondition: ${wantedUid}, UID in object meta: ${uid}`)
    }
    const wanted = text(input, 'metadata', 'resourceVersion')
    if (wanted !== undefined && wanted !== '' && wanted !== resourceVersion) throw conflict(kind, name)
  }

  function updated(kind: Kind, live: KubeObject, input: JsonObject, options: WriteOptions): KubeObject {
    checkPrecondition(kind, live, input)
    const next = assembled(kind, live, input, options)
    const managedFields = afterUpdate(kind, live, next, writer(options, 'Update'), input)
    return commit(kind, live, withMeta(next, { managedFields: nonEmpty(managedFields) }), options)
  }

  function need(kind: Kind, namespace: string | undefined, name: string): KubeObject {
    const live = store.get(kind, namespace, name)
    if (live === undefined) throw notFound(kind, name)
    return live
  }

  function created(kind: Kind, namespace: string | undefined, input: JsonObject): KubeObject {
    const metadata = metaForCreate(kind, namespace, input)
    checkNamespace(kind, namespace, metadata.name)
    if (store.get(kind, namespace, metadata.name) !== undefined) throw alreadyExists(kind, metadata.name)
    const body: JsonObject = kind.status ? withValue(input, ['status'], undefined) : input
    return admit(kind, { ...body, apiVersion: apiVersionOf(kind), kind: kind.kind, metadata }, undefined)
  }

  return {
    create(kind, namespace, input, options) {
      const object = created(kind, namespace, input)
      const managedFields = afterUpdate(kind, undefined, withoutStatus(kind, object), writer(options, 'Update'))
      return commit(kind, undefined, withMeta(object, { managedFields: nonEmpty(managedFields) }), options)
    },
    replace(kind, namespace, name, input, options) {
      const inBody = text(input, 'metadata', 'name')
      if (inBody !== undefined && inBody !== name) {
        throw badRequest(`the name of the object (${inBody}) does not match the name on the URL (${name})`)
      }
      return updated(kind, need(kind, namespace, name), input, options)
    },
    edit(kind, namespace, name, options, edit) {
      const live = need(kind, namespace, name)
      return updated(kind, live, edit(live), options)
    },
    apply(kind, namespace, name, configuration, options) {
      const live = store.get(kind, namespace, name)
      const inBody = text(configuration, 'metadata', 'name')
      if (inBody !== undefined && inBody !== name) {
        throw badRequest(`the name of the object (${inBody}) does not match the name on the URL (${name})`)
      }
      if (items(configuration, 'metadata', 'managedFields').length > 0)
        throw badRequest('metadata.managedFields must be nil')
      if (live !== undefined) checkPrecondition(kind, live, configuration)
      else if (options.subresource !== '') throw notFound(kind, name)
      const own = ownPart(kind, configuration, options)
      const result = apply(kind, live, own, writer(options, 'Apply'), options.force)
      if (live === undefined) {
        const input = withValue(result.object, ['metadata', 'name'], name)
        const object = created(kind, namespace, input)
        return {
          object: commit(kind, undefined, withMeta(object, { managedFields: result.managedFields }), options),
          created: true,
        }
      }
      const next = assembled(kind, live, result.object, options)
      return {
        object: commit(kind, live, withMeta(next, { managedFields: result.managedFields }), options),
        created: false,
      }
    },
    remove(kind, namespace, name, options) {
      const live = need(kind, namespace, name)
      const { uid, resourceVersion } = options.preconditions
      checkPrecondition(kind, live, {
        metadata: {
          ...(uid === undefined ? {} : { uid }),
          ...(resourceVersion === undefined ? {} : { resourceVersion }),
        },
      })
      if (options.dryRun) return { object: live, removed: true }
      // Pods stop and namespaces empty themselves first; their controllers remove them.
      const lingers =
        (kind.plural === 'pods' && !options.now) || kind === namespaces || (live.metadata.finalizers ?? []).length > 0
      if (!lingers) {
        store.remove(kind, live)
        return { object: live, removed: true }
      }
      if (!isLive(live)) return { object: live, removed: false }
      const marked = withMeta(live, {
        deletionTimestamp: timestamp(clock.now()),
        ...(live.metadata.generation === undefined ? {} : { generation: live.metadata.generation + 1 }),
      })
      const phase = kind === namespaces ? { status: { phase: 'Terminating' } } : {}
      return { object: store.put(kind, { ...marked, ...phase }), removed: false }
    },
  }
}

function userMeta(given: JsonObject): JsonObject {
  const meta: Record<string, Json | undefined> = {}
  for (const key of ['labels', 'annotations']) {
    const value = given[key]
    if (isObject(value) && Object.keys(value).length > 0) meta[key] = value
  }
  for (const key of ['finalizers', 'ownerReferences']) {
    const value = items(given, key)
    if (value.length > 0) meta[key] = value
  }
  return meta
}

function ownPart(kind: Kind, configuration: JsonObject, options: WriteOptions): JsonObject {
  if (options.subresource === 'status') return { status: at(configuration, 'status') }
  return kind.status ? withValue(configuration, ['status'], undefined) : configuration
}

function specOf(object: KubeObject): JsonObject {
  const { status: _status, metadata: _metadata, ...rest } = object
  return rest
}

function withoutStatus(kind: Kind, object: KubeObject): JsonObject {
  return kind.status ? withValue(object, ['status'], undefined) : object
}

function nonEmpty(managedFields: readonly JsonObject[]): readonly JsonObject[] | undefined {
  return managedFields.length === 0 ? undefined : managedFields
}
