import type {
  DocumentReference,
  DocumentSnapshot,
  Firestore,
  Query as FirestoreQuery,
  QuerySnapshot,
} from '@google-cloud/firestore'
import { copyOf } from './copy.ts'
import { pathOf } from './document-limits.ts'
import type { CollectionName, Collections } from './documents.ts'
import { indexFor, timeToLive } from './indexes.ts'
import type { AnyQuery } from './indexes.ts'
import type { Query, Reader } from './store.ts'

/** What reads: the database as it is, or within a transaction. */
export interface Source {
  getAll(...refs: DocumentReference[]): Promise<DocumentSnapshot[]>
  find(query: FirestoreQuery): Promise<QuerySnapshot>
}

/** Documents and queries of the store, by way of `source`. */
export function readerOf(db: Firestore, source: Source): Reader {
  const getAll = async <C extends CollectionName>(
    collection: C,
    ids: readonly string[],
  ): Promise<(Collections[C] | undefined)[]> => {
    if (ids.length === 0) return []
    // The library answers in the order of the references, each as often as it was asked for.
    const snapshots = await source.getAll(...ids.map((id) => refOf(db, collection, id)))
    return snapshots.map((snapshot) => docOf(collection, snapshot))
  }
  return {
    getAll,
    get: async (collection, id) => (await getAll(collection, [id]))[0],
    async find<C extends CollectionName>(query: Query<C>) {
      const { docs } = await source.find(queryOf(db, query))
      return docs.map((snapshot) => docOf(query.collection, snapshot) as Collections[C])
    },
  }
}

/** Where a document is. */
export function refOf(db: Firestore, collection: CollectionName, id: string): DocumentReference {
  return db.doc(pathOf(collection, id).join('/'))
}

/** What is written: the document, with the time by which Firestore is to remove it as Firestore's own kind of time. */
export function stored<C extends CollectionName>(collection: C, doc: Collections[C]): object {
  const copy: Record<string, unknown> = Object.fromEntries(Object.entries(copyOf(doc)))
  const field = timeToLive[collection]
  if (field !== undefined && typeof copy[field] === 'number') copy[field] = new Date(copy[field])
  return copy
}

/** Only this program writes to these collections, and the compiler checks what it writes. */
export function docOf<C extends CollectionName>(collection: C, snapshot: DocumentSnapshot): Collections[C] | undefined {
  const data = snapshot.data()
  const field = timeToLive[collection]
  const time: unknown = field === undefined ? undefined : data?.[field]
  if (data !== undefined && field !== undefined && isTimestamp(time)) data[field] = time.toMillis()
  return data as Collections[C] | undefined
}

function isTimestamp(value: unknown): value is { toMillis(): number } {
  return typeof value === 'object' && value !== null && 'toMillis' in value
}

function queryOf(db: Firestore, query: AnyQuery): FirestoreQuery {
  const { field } = indexFor(query)
  const [filter] = query.where
  // The claims on one resource are a collection of their own; all others are found over all those collections.
  const resource = query.collection === 'claims' && field === 'resource' ? String(filter?.value) : undefined
  let asked: FirestoreQuery =
    resource !== undefined
      ? db.collection(pathOf('claims', `${resource}|any`).slice(0, 3).join('/'))
      : query.collection === 'claims'
        ? db.collectionGroup('claims')
        : db.collection(query.collection)
  if (filter !== undefined && resource === undefined) asked = asked.where(filter.field, filter.op, filter.value)
  if (query.orderBy !== undefined) asked = asked.orderBy(query.orderBy)
  if (query.after !== undefined) asked = asked.orderBy('__name__').startAfter(refOf(db, query.collection, query.after))
  return query.limit === undefined ? asked : asked.limit(query.limit)
}
