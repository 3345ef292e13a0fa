import { kinds, namespaces, type Kind } from './kinds.ts'
import { isLive, withMeta, type KubeObject } from './object.ts'
import type { ObjectStore } from './store.ts'
import type { Writes } from './api/writes.ts'

/** Which objects belong to which owner, followed from the store. */
export interface Ownership {
  /** Objects of a kind whose ownerReferences name the uid, in no order. */
  dependents(kind: Kind, uid: string): KubeObject[]
  /** Makes every dependent of the uid forget it, so that it stays when the owner goes. */
  orphan(uid: string): void
}

const gone = { dryRun: false, preconditions: {}, now: false } as const

/**
 * Follows owners, and removes what has lost its owner or its namespace (the garbage collector and the namespace controller).
 */
export function createOwnership(store: ObjectStore, writes: Writes): Ownership {
  const byOwner = new Map<string, Map<string, { kind: Kind; namespace: string | undefined; name: string }>>()
  /** Objects per namespace, so that an empty namespace is known without looking. */
  const inNamespace = new Map<string, number>()

  function file(kind: Kind, object: KubeObject, present: boolean): void {
    for (const owner of object.metadata.ownerReferences ?? []) {
      const owned =
        byOwner.get(owner.uid) ?? new Map<string, { kind: Kind; namespace: string | undefined; name: string }>()
      if (present)
        owned.set(object.metadata.uid, { kind, namespace: object.metadata.namespace, name: object.metadata.name })
      else owned.delete(object.metadata.uid)
      if (owned.size > 0) byOwner.set(owner.uid, owned)
      else byOwner.delete(owner.uid)
    }
  }

  function finishNamespace(name: string): void {
    const namespace = store.get(namespaces, undefined, name)
    if (namespace !== undefined && !isLive(namespace) && (inNamespace.get(name) ?? 0) === 0)
      store.remove(namespaces, namespace)
  }

  store.onChange(({ type, kind, object, previous }) => {
    if (previous !== undefined) file(kind, previous, false)
    if (type !== 'DELETED') file(kind, object, true)
    const { namespace, name, uid } = object.metadata
    if (namespace !== undefined && type !== 'MODIFIED')
      inNamespace.set(namespace, (inNamespace.get(namespace) ?? 0) + (type === 'ADDED' ? 1 : -1))
    if (type === 'DELETED') {
      for (const entry of [...(byOwner.get(uid)?.values() ?? [])])
        removeIfPresent(entry.kind, entry.namespace, entry.name)
      if (namespace !== undefined) finishNamespace(namespace)
    }
    if (kind === namespaces && type === 'MODIFIED' && !isLive(object)) {
      for (const each of kinds)
        if (each.namespaced)
          for (const content of store.list(each, name)) removeIfPresent(each, name, content.metadata.name)
      finishNamespace(name)
    }
  })

  function removeIfPresent(kind: Kind, namespace: string | undefined, name: string): void {
    if (store.get(kind, namespace, name) !== undefined) writes.remove(kind, namespace, name, gone)
  }

  return {
    orphan(uid) {
      for (const entry of [...(byOwner.get(uid)?.values() ?? [])]) {
        const object = store.get(entry.kind, entry.namespace, entry.name)
        if (object === undefined) continue
        const left = (object.metadata.ownerReferences ?? []).filter((owner) => owner.uid !== uid)
        store.put(entry.kind, withMeta(object, { ownerReferences: left.length === 0 ? undefined : left }))
      }
    },
    dependents: (kind, uid) =>
      [...(byOwner.get(uid)?.values() ?? [])].flatMap((entry) => {
        const object = entry.kind === kind ? store.get(kind, entry.namespace, entry.name) : undefined
        return object === undefined ? [] : [object]
      }),
  }
}
