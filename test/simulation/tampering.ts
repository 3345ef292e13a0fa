import { CloudError, type Compute } from '../../shared/cloud/compute-port.ts'
import type { Cluster } from '../../shared/cloud/kubernetes-port.ts'
import type { Deps } from '../../shared/engine/deps.ts'
import type { AnyKind } from '../../shared/engine/kind.ts'
import type { CollectionName, Collections, ResourceDoc } from '../../shared/state/documents.ts'
import { lastPart } from '../../shared/planning/names.ts'
import { queries, type Query, type Store, type Transaction } from '../../shared/state/store.ts'
import type { Mutation } from './world.ts'

/** What deliberate bugs are made of. */

/** What a mutant changes of the documents on their way. */
export interface Tampering {
  /** A document read in a transaction. */
  seen?: (collection: string, doc: unknown) => unknown
  /** The result of a query. */
  found?: (query: Query<never>, docs: unknown[]) => unknown[]
  /** A document that is about to be written; undefined = it is not written. */
  set?: (collection: string, doc: unknown) => unknown
}

type Tamperable = <C extends CollectionName>(query: Query<C>, docs: Collections[C][]) => Collections[C][]

/** A Store whose transactions and queries are tampered with. */
export function tamper(store: Store, { seen, found, set }: Tampering): Store {
  const see = <T>(collection: string, doc: T): T =>
    doc === undefined || seen === undefined ? doc : (seen(collection, doc) as T)
  const find: Tamperable = (query, docs) =>
    found === undefined ? docs : (found(query as unknown as Query<never>, docs) as typeof docs)
  return {
    ...store,
    find: async (query) => find(query, await store.find(query)),
    transact: (body, scope) =>
      store.transact((tx) => {
        const tampered: Transaction = {
          get: async (collection, id) => see(collection, await tx.get(collection, id)),
          getAll: async (collection, ids) => (await tx.getAll(collection, ids)).map((doc) => see(collection, doc)),
          find: async (query) => find(query, await tx.find(query)),
          set(collection, id, doc) {
            const changed = set === undefined ? doc : (set(collection, doc) as typeof doc | undefined)
            if (changed !== undefined) tx.set(collection, id, changed)
          },
          delete: (collection, id) => tx.delete(collection, id),
        }
        return body(tampered)
      }, scope),
  }
}

/** A bug in how documents are read and written. */
export const inStore = (tampering: Tampering): Mutation => ({
  deps: (deps) => ({ ...deps, store: tamper(deps.store, tampering) }),
})

/** A bug in how Compute is called. */
export const inCompute = (change: (compute: Compute) => Partial<Compute>): Mutation => ({
  deps: (deps) => ({ ...deps, compute: { ...deps.compute, ...change(deps.compute) } }),
})

/** A bug in kinds of resources. */
export const inKinds = (change: (kind: AnyKind) => AnyKind): Mutation => ({
  deps: (deps) => ({ ...deps, kinds: deps.kinds.map(change) }),
})

/** Changes documents of resources only. */
export const resource =
  (change: (doc: ResourceDoc) => ResourceDoc | undefined) =>
  (collection: string, doc: unknown): unknown =>
    collection === 'resources' ? change(doc as ResourceDoc) : doc

/** Remembers what an invocation read first, and answers it again in transactions. */
export function stale(deps: Deps, of: 'resources' | 'claims'): Store {
  const known = new Map<string, unknown>()
  const { store } = deps
  const key = (query: Query<never>): string => JSON.stringify(query)
  // The document that is settled is always read anew.
  const isClaim = (collection: CollectionName): boolean => of === 'claims' && collection === of
  return {
    ...store,
    async get(collection, id) {
      const doc = await store.get(collection, id)
      if (isClaim(collection)) known.set(id, doc)
      return doc
    },
    async getAll(collection, ids) {
      const docs = await store.getAll(collection, ids)
      if (collection === of) ids.forEach((id, at) => known.set(id, docs[at]))
      return docs
    },
    async find(query) {
      const docs = await store.find(query)
      if (query.collection !== of) return docs
      known.set(key(query as unknown as Query<never>), docs)
      if (of === 'resources') for (const doc of docs as unknown as ResourceDoc[]) known.set(doc.id, doc)
      return docs
    },
    transact: (body, scope) =>
      store.transact(
        (tx) =>
          body({
            ...tx,
            get: async (collection, id) =>
              isClaim(collection) && known.has(id) ? (known.get(id) as never) : tx.get(collection, id),
            async getAll(collection, ids) {
              const docs = await tx.getAll(collection, ids)
              if (collection !== of) return docs
              return ids.map((id, at) => known.get(id) ?? docs[at]) as typeof docs
            },
            async find(query) {
              const before = known.get(key(query as unknown as Query<never>))
              return before === undefined ? tx.find(query) : (before as Awaited<ReturnType<typeof tx.find>> as never)
            },
          }),
        scope,
      ),
  }
}

/** A cluster that does not answer is taken for an empty one. */
export function emptyWhenSilent(cluster: Cluster): Cluster {
  const or =
    <T>(empty: T) =>
    (error: unknown): T => {
      if (error instanceof CloudError && error.status === 0) return empty
      throw error
    }
  return {
    ...cluster,
    version: () => cluster.version().catch(or('')),
    nodes: () => cluster.nodes().catch(or([])),
    ingress: (namespace, name) => cluster.ingress(namespace, name).catch(or(undefined)),
    service: (namespace, name) => cluster.service(namespace, name).catch(or(undefined)),
  }
}

/** A Compute whose lists are believed: what is not in one is taken for gone, by its document too. */
export function believedLists({ compute, kinds, store }: Deps): Compute {
  return {
    ...compute,
    async list(collection, project, options) {
      const items = await compute.list(collection, project, options)
      const names = (items as { name?: string }[]).map(({ name }) => name)
      const [kind] = kinds.filter(({ collections }) => collections?.length === 1 && collections[0] === collection)
      const docs = kind === undefined ? [] : await store.find(queries.resourcesOfKind(kind.name))
      const gone = docs.filter(({ id, applied }) => applied && !names.includes(lastPart(id)))
      await store.transact((tx) => {
        for (const doc of gone) tx.set('resources', doc.id, { ...doc, applied: false, appliedRefs: [] })
        return Promise.resolve()
      })
      return items
    },
  }
}

/** A copy without one member. */
export function without<T extends object>(body: T, member: string): T {
  return Object.fromEntries(Object.entries(body).filter(([key]) => key !== member)) as T
}
