import type { Clock } from '../world.ts'
import { collectionOf, linkPath, readResource, type Collection, type Resource } from './resources.ts'

/**
 * One resource as it is now. `resource` is what the API answers, undefined once it is gone, with what GET does not show:
 * `instances` of an instance group (links), `networkEndpoints` of a NEG, `privateKey` of a certificate.
 */
export interface ConfigEntry {
  link: string
  resource: unknown
}

/** Where the data plane learns what is configured. */
export interface ConfigSource {
  /** Everything that exists; other collections than the data plane's may be among it. */
  entries(): Iterable<ConfigEntry>
  /** Called after every change that a GET would show; returns the unsubscriber. */
  onChange(listener: (entry: ConfigEntry) => void): () => void
}

/** The configuration as the data plane knows it, which may lag behind Compute. Links are `projects/P/...`. */
export interface Replica {
  get<C extends Collection>(collection: C, link: string | undefined): Resource<C> | undefined
  all<C extends Collection>(collection: C): ReadonlyMap<string, Resource<C>>
  /** Called once a change has arrived here. */
  onApplied(listener: (collection: Collection, link: string) => void): () => void
  close(): void
}

type Store = { [C in Collection]?: Map<string, Resource<C>> }

/** Follows `source`, each change `propagationMs` after it was made (0 = within the change itself). */
export function createReplica(source: ConfigSource, clock: Clock, propagationMs: number): Replica {
  const store: Store = {}
  const listeners = new Set<(collection: Collection, link: string) => void>()

  function mapOf<C extends Collection>(collection: C): Map<string, Resource<C>> {
    // The key names the type of the value; TypeScript can't follow a generic write into a mapped type.
    const maps = store as Record<C, Map<string, Resource<C>> | undefined>
    return (maps[collection] ??= new Map<string, Resource<C>>())
  }

  function apply(collection: Collection, link: string, resource: unknown): void {
    if (resource === undefined) mapOf(collection).delete(link)
    else mapOf(collection).set(link, readResource(collection, link, resource))
  }

  function receive(entry: ConfigEntry, told: boolean): void {
    const link = linkPath(entry.link)
    const collection = collectionOf(link)
    if (collection === undefined) return
    apply(collection, link, entry.resource)
    if (told) for (const listener of [...listeners]) listener(collection, link)
  }

  for (const entry of source.entries()) receive(entry, false)
  const unsubscribe = source.onChange((entry) => {
    if (propagationMs <= 0) receive(entry, true)
    else clock.after(propagationMs, () => receive(entry, true))
  })

  return {
    get: (collection, link) => (link === undefined ? undefined : mapOf(collection).get(link)),
    all: (collection) => mapOf(collection),
    onApplied(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    close() {
      unsubscribe()
      listeners.clear()
    },
  }
}
