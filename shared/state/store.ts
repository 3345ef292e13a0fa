import type { ResourceId } from '../resource-id.ts'
import type { CollectionName, Collections } from './documents.ts'

/**
 * A query is data: the two implementations run it, and the composite indexes that it needs are derived from it. Results
 * come in the order of `orderBy`, then of the document id.
 */
export interface Query<C extends CollectionName> {
  collection: C
  where: readonly {
    field: keyof Collections[C] & string
    op: '==' | '<=' | 'array-contains'
    value: string | number | boolean
  }[]
  orderBy?: keyof Collections[C] & string
  limit?: number
  /** Continue after the document with this id (only without orderBy). */
  after?: string
}

/** Every query that the program makes; nothing else is asked of the store. */
export const queries = {
  dueResources: (now: number, limit: number): Query<'resources'> => ({
    collection: 'resources',
    where: [{ field: 'wakeAt', op: '<=', value: now }],
    orderBy: 'wakeAt',
    limit,
  }),
  dueIngresses: (now: number, limit: number): Query<'ingresses'> => ({
    collection: 'ingresses',
    where: [{ field: 'wakeAt', op: '<=', value: now }],
    orderBy: 'wakeAt',
    limit,
  }),
  dueClusters: (now: number, limit: number): Query<'clusters'> => ({
    collection: 'clusters',
    where: [{ field: 'wakeAt', op: '<=', value: now }],
    orderBy: 'wakeAt',
    limit,
  }),
  /** Resources whose committed wait names this one. */
  waiters: (id: ResourceId): Query<'resources'> => ({
    collection: 'resources',
    where: [{ field: 'waitingOn', op: 'array-contains', value: id }],
  }),
  /** Resources whose applied state refers, or may refer, to this one. */
  referrers: (id: ResourceId): Query<'resources'> => ({
    collection: 'resources',
    where: [{ field: 'appliedRefs', op: 'array-contains', value: id }],
  }),
  claimsOn: (id: ResourceId): Query<'claims'> => ({
    collection: 'claims',
    where: [{ field: 'resource', op: '==', value: id }],
  }),
  claimsOf: (ingress: string): Query<'claims'> => ({
    collection: 'claims',
    where: [{ field: 'ingress', op: '==', value: ingress }],
  }),
  ownedBy: (ingress: string): Query<'resources'> => ({
    collection: 'resources',
    where: [{ field: 'owner', op: '==', value: ingress }],
  }),
  resourcesOfKind: (kind: string, after?: string): Query<'resources'> => ({
    collection: 'resources',
    where: [{ field: 'kind', op: '==', value: kind }],
    limit: 500,
    ...(after === undefined ? {} : { after }),
  }),
  ingresses: (after?: string): Query<'ingresses'> => ({
    collection: 'ingresses',
    where: [],
    limit: 500,
    ...(after === undefined ? {} : { after }),
  }),
  clusters: (): Query<'clusters'> => ({ collection: 'clusters', where: [] }),
  /** Resources that changed since the last sweep saw them; the rest comes with the next one. */
  unswept: (scope: string): Query<'resources'> => ({
    collection: 'resources',
    where: [{ field: 'unswept', op: '==', value: scope }],
    limit: 1_000,
  }),
  inventory: (scope: string): Query<'inventories'> => ({
    collection: 'inventories',
    where: [{ field: 'scope', op: '==', value: scope }],
  }),
  /** Withdrawn ones too. */
  objectsIn: (namespace: string): Query<'objects'> => ({
    collection: 'objects',
    where: [{ field: 'namespace', op: '==', value: namespace }],
  }),
  deadLetters: (limit: number): Query<'deadLetters'> => ({
    collection: 'deadLetters',
    where: [],
    orderBy: 'at',
    limit,
  }),
}

/** Reading; what is returned is the caller's own copy. */
export interface Reader {
  get<C extends CollectionName>(collection: C, id: string): Promise<Collections[C] | undefined>
  /** In the order of `ids`; undefined where there is none. */
  getAll<C extends CollectionName>(collection: C, ids: readonly string[]): Promise<(Collections[C] | undefined)[]>
  find<C extends CollectionName>(query: Query<C>): Promise<Collections[C][]>
}

/**
 * A serializable transaction: all reads, queries included, come before all writes, and hold as of the commit. The body may
 * run several times and must have no other effect.
 */
export interface Transaction extends Reader {
  /** Writes the whole document. A document over 1 MiB is refused. */
  set<C extends CollectionName>(collection: C, id: string, doc: Collections[C]): void
  delete(collection: CollectionName, id: string): void
}

/**
 * What a transaction's body touches: `one-document` promises that it reads at most one document, asks no query, and writes no
 * other document. Such a body needs no locks: it is a compare-and-swap.
 */
export type Scope = 'one-document' | 'any'

/**
 * Where the truth is kept. Implementations: memory.ts, firestore.ts; both pass test/contract/store.ts.
 *
 * Errors: `StoreBusy` when a transaction lost too many races (try again later); anything else is the backend's fault.
 */
export interface Store extends Reader {
  /** `scope` absent = `any`. */
  transact<T>(body: (tx: Transaction) => Promise<T>, scope?: Scope): Promise<T>
  close(): Promise<void>
}

/** A transaction that lost every race against others: nothing was written, try again later. */
export class StoreBusy extends Error {
  override name = 'StoreBusy'
}
