import { freeze } from './json.ts'
import type { Kind } from './kinds.ts'
import type { KubeObject } from './object.ts'

/** One write, as watchers and controllers see it. */
export interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly kind: Kind
  readonly object: KubeObject
  /** What was there before a MODIFIED or DELETED. */
  readonly previous: KubeObject | undefined
  readonly version: number
}

/** The objects of one cluster: one counter of versions, and a bounded memory of what changed. */
export interface ObjectStore {
  /** The version of the latest write. */
  version(): number
  get(kind: Kind, namespace: string | undefined, name: string): KubeObject | undefined
  /** Sorted by namespace, then name. */
  list(kind: Kind, namespace?: string): readonly KubeObject[]
  /** Stores under a new resourceVersion and returns what is stored now. */
  put(kind: Kind, object: KubeObject): KubeObject
  remove(kind: Kind, object: KubeObject): void
  /** The changes of a kind after a version; 'expired' when that is further back than the memory reaches. */
  changesSince(kind: Kind, version: number): readonly Change[] | 'expired'
  /** Forgets all changes, as a compaction of etcd does. */
  compact(): void
  /** Listeners run after the write, in the order of the versions, also when a listener writes itself. Returns how to stop. */
  onChange(listener: (change: Change) => void): () => void
}

interface Shelf {
  readonly namespaces: Map<string, Map<string, KubeObject>>
  sorted: readonly KubeObject[] | undefined
  readonly log: Change[]
  /** Changes up to and including this version are forgotten. */
  forgotten: number
}

/** An empty store that remembers `history` changes of each kind. */
export function createStore(history: number): ObjectStore {
  let latest = 0
  const shelves = new Map<Kind, Shelf>()
  const listeners = new Set<(change: Change) => void>()
  const pending: Change[] = []
  let telling = false

  function shelfOf(kind: Kind): Shelf {
    let shelf = shelves.get(kind)
    if (shelf === undefined)
      shelves.set(kind, (shelf = { namespaces: new Map(), sorted: undefined, log: [], forgotten: 0 }))
    return shelf
  }

  function record(shelf: Shelf, change: Change): void {
    shelf.sorted = undefined
    shelf.log.push(change)
    // Trimmed in lumps, so that a write does not move the whole log.
    if (shelf.log.length > 2 * history) {
      const dropped = shelf.log.splice(0, shelf.log.length - history)
      shelf.forgotten = dropped.at(-1)?.version ?? shelf.forgotten
    }
    pending.push(change)
    if (telling) return
    telling = true
    try {
      for (let next = pending.shift(); next !== undefined; next = pending.shift())
        for (const listener of [...listeners]) listener(next)
    } finally {
      telling = false
    }
  }

  return {
    version: () => latest,
    get: (kind, namespace, name) =>
      shelfOf(kind)
        .namespaces.get(namespace ?? '')
        ?.get(name),
    list(kind, namespace) {
      const shelf = shelfOf(kind)
      if (namespace !== undefined) return [...(shelf.namespaces.get(namespace)?.values() ?? [])].sort(byName)
      shelf.sorted ??= [...shelf.namespaces.keys()]
        .sort()
        .flatMap((key) => [...(shelf.namespaces.get(key)?.values() ?? [])].sort(byName))
      return shelf.sorted
    },
    put(kind, object) {
      const shelf = shelfOf(kind)
      const namespace = object.metadata.namespace ?? ''
      let names = shelf.namespaces.get(namespace)
      if (names === undefined) shelf.namespaces.set(namespace, (names = new Map<string, KubeObject>()))
      const previous = names.get(object.metadata.name)
      latest += 1
      const stored = freeze({ ...object, metadata: { ...object.metadata, resourceVersion: String(latest) } })
      names.set(stored.metadata.name, stored)
      record(shelf, {
        type: previous === undefined ? 'ADDED' : 'MODIFIED',
        kind,
        object: stored,
        previous,
        version: latest,
      })
      return stored
    },
    remove(kind, object) {
      const shelf = shelfOf(kind)
      const namespace = object.metadata.namespace ?? ''
      const names = shelf.namespaces.get(namespace)
      const previous = names?.get(object.metadata.name)
      if (names === undefined || previous === undefined) return
      names.delete(object.metadata.name)
      if (names.size === 0) shelf.namespaces.delete(namespace)
      latest += 1
      const last = freeze({ ...previous, metadata: { ...previous.metadata, resourceVersion: String(latest) } })
      record(shelf, { type: 'DELETED', kind, object: last, previous, version: latest })
    },
    changesSince(kind, version) {
      const shelf = shelfOf(kind)
      if (version < shelf.forgotten) return 'expired'
      let start = shelf.log.length
      while (start > 0 && (shelf.log[start - 1]?.version ?? 0) > version) start -= 1
      return shelf.log.slice(start)
    },
    compact() {
      for (const shelf of shelves.values()) {
        shelf.log.length = 0
        shelf.forgotten = latest
      }
    },
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

function byName(a: KubeObject, b: KubeObject): number {
  return a.metadata.name < b.metadata.name ? -1 : a.metadata.name > b.metadata.name ? 1 : 0
}
