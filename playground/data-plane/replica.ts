import type { Clock } from '../world.ts'
import { COLLECTIONS, collectionOf, readResource, type Collection, type Resource } from './resources.ts'

/** A resource of the simulated Compute: what a GET shows, and the members of a group. */
export interface ComputeResource {
  /** projects/p/global/urlMaps/u */
  readonly path: string
  readonly body: Readonly<Record<string, unknown>>
  /** Instances of a group (`{instance}`), endpoints of a NEG. */
  readonly members: readonly unknown[]
}

/** What the data plane asks of the simulated Compute. */
export interface ComputeSource {
  get(path: string): ComputeResource | undefined
  list(collection: string): readonly ComputeResource[]
  onChange(listener: (change: { phase: 'started' | 'finished'; target: string }) => void): () => void
  /** The key that a self-managed certificate came with, which no GET shows. */
  privateKey(path: string): string | undefined
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

/** Follows `compute`, each change `propagationMs` after it was made (0 = within the change itself). */
export function createReplica(compute: ComputeSource, clock: Clock, propagationMs: number): Replica {
  const store: Store = {}
  const listeners = new Set<(collection: Collection, link: string) => void>()

  function mapOf<C extends Collection>(collection: C): Map<string, Resource<C>> {
    // The key names the type of the value; TypeScript can't follow a generic write into a mapped type.
    const maps = store as Record<C, Map<string, Resource<C>> | undefined>
    return (maps[collection] ??= new Map<string, Resource<C>>())
  }

  function apply(collection: Collection, link: string, found: ComputeResource | undefined): void {
    if (found === undefined) {
      mapOf(collection).delete(link)
      return
    }
    const privateKey = collection === 'sslCertificates' ? compute.privateKey(link) : undefined
    const json = { ...found.body, members: found.members, ...(privateKey === undefined ? {} : { privateKey }) }
    mapOf(collection).set(link, readResource(collection, link, json))
  }

  function follow(link: string): void {
    const collection = collectionOf(link)
    if (collection === undefined) return
    const found = compute.get(link)
    const arrive = (): void => {
      apply(collection, link, found)
      for (const listener of [...listeners]) listener(collection, link)
    }
    if (propagationMs <= 0) arrive()
    else clock.after(propagationMs, arrive)
  }

  for (const collection of COLLECTIONS)
    for (const found of compute.list(collection)) apply(collection, found.path, found)
  const unsubscribe = compute.onChange(({ phase, target }) => {
    if (phase === 'finished') follow(target)
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
