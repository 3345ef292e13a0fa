import type {
  DocumentReference,
  DocumentSnapshot,
  Firestore,
  Query as FirestoreQuery,
  QuerySnapshot,
  Transaction as FirestoreTransaction,
} from '@google-cloud/firestore'
import type { AuthClient } from 'google-auth-library'
import type { CollectionName, Collections } from './documents.ts'
import { copyOf } from './copy.ts'
import { pathOf } from './document-limits.ts'
import { firestoreFault, isLostRace, NoAnswer } from './firestore-faults.ts'
import { indexFor, timeToLive } from './indexes.ts'
import type { AnyQuery } from './indexes.ts'
import { StoreBusy } from './store.ts'
import type { Query, Reader, Store, Transaction } from './store.ts'
import { guardTransaction } from './transaction-guard.ts'

/** Where the database is. */
export interface FirestoreStoreOptions {
  projectId: string
  /** Absent = `(default)`. */
  databaseId?: string
  /** `host:port` of an emulator: no TLS, no credentials. Absent = the real service, with Application Default Credentials. */
  host?: string
  /** Who asks; absent = Application Default Credentials. An emulator asks nobody. */
  auth?: () => Promise<AuthClient>
  /** The longest that a read may take (milliseconds); a transaction with all its attempts, three times as long. */
  timeoutMs?: number
}

/** Attempts of one transaction; the client library waits 1 s, then half as long again each time, before every further one. */
const maxAttempts = 5

/**
 * The store in Firestore. The client library is loaded at the first call.
 *
 * A call that found no answer in time throws; the library can't be told to give up, so a commit may still land after
 * that, as after any lost answer. It lands whole and only if what the transaction read still holds.
 */
export function createFirestoreStore(options: FirestoreStoreOptions): Store {
  const { projectId, databaseId = '(default)', timeoutMs = 10_000 } = options
  const where = { projectId, databaseId }
  let client: Promise<Firestore> | undefined
  let closed = false

  const connect = (): Promise<Firestore> => {
    if (closed) throw new Error('the store is closed')
    client ??= openClient(options)
    return client
  }

  /** One call from outside a transaction: bounded, and its errors in our words. */
  const call = async <T>(run: (reader: Reader) => Promise<T>): Promise<T> => {
    const db = await connect()
    const reader = readerOf(db, { getAll: (...refs) => db.getAll(...refs), find: (query) => query.get() })
    try {
      return await within(timeoutMs, run(reader))
    } catch (error) {
      throw firestoreFault(error, where)
    }
  }

  return {
    get: (collection, id) => call((reader) => reader.get(collection, id)),
    getAll: (collection, ids) => call((reader) => reader.getAll(collection, ids)),
    find: (query) => call((reader) => reader.find(query)),
    async transact(body) {
      const db = await connect()
      let expired = false
      try {
        return await within(
          timeoutMs * 3,
          db.runTransaction((raw) => attempt(db, raw, body, () => expired), { maxAttempts }),
        )
      } catch (error) {
        expired = true
        if (error instanceof BodyThrew) throw error.thrown
        if (isLostRace(error))
          throw new StoreBusy('a transaction lost every race against others; nothing was written', { cause: error })
        throw firestoreFault(error, where)
      }
    },
    async close() {
      closed = true
      if (client === undefined) return
      // The library waits for calls that are under way, also for those that we have given up.
      await within(timeoutMs, (await client).terminate()).catch((error: unknown) => {
        if (!(error instanceof NoAnswer)) throw error
      })
    },
  }

  async function openClient({ host, auth }: FirestoreStoreOptions): Promise<Firestore> {
    const { Firestore } = await import('@google-cloud/firestore')
    if (host === undefined)
      return new Firestore({ ...where, ...(auth === undefined ? {} : { authClient: await auth() }) })
    // Otherwise the library asks the metadata server for credentials that an emulator has no use for.
    const { PassThroughClient } = await import('google-auth-library')
    return new Firestore({ ...where, host, ssl: false, authClient: new PassThroughClient() })
  }
}

/**
 * Carries an error of a transaction's body past the client library, which would run the body again when it sees a
 * number as `code` that it takes for a lost race.
 */
class BodyThrew extends Error {
  readonly thrown: unknown
  constructor(thrown: unknown) {
    super('the body of a transaction threw')
    this.thrown = thrown
  }
}

/** One attempt of a transaction. What Firestore's reads throw goes to the library as it is: it knows which to repeat. */
async function attempt<T>(
  db: Firestore,
  raw: FirestoreTransaction,
  body: (tx: Transaction) => Promise<T>,
  expired: () => boolean,
): Promise<T> {
  const faults = new Set<unknown>()
  const noting = async <R>(read: Promise<R>): Promise<R> => {
    try {
      return await read
    } catch (error) {
      faults.add(error)
      throw error
    }
  }
  const reader = readerOf(db, { getAll: (...refs) => raw.getAll(...refs), find: (query) => raw.get(query) })
  const guard = guardTransaction({
    get: (collection, id) => noting(reader.get(collection, id)),
    getAll: (collection, ids) => noting(reader.getAll(collection, ids)),
    find: (query) => noting(reader.find(query)),
    // The library keeps the object until the commit; the caller may go on with it.
    set: (collection, id, doc) => void raw.set(refOf(db, collection, id), stored(collection, doc)),
    delete: (collection, id) => void raw.delete(refOf(db, collection, id)),
  })
  if (expired()) throw new BodyThrew(new Error('the caller of this transaction has given up'))
  try {
    return await body(guard.tx)
  } catch (error) {
    throw faults.has(error) ? error : new BodyThrew(error)
  } finally {
    guard.end()
  }
}

/** What reads: the database as it is, or within a transaction. */
interface Source {
  getAll(...refs: DocumentReference[]): Promise<DocumentSnapshot[]>
  find(query: FirestoreQuery): Promise<QuerySnapshot>
}

function readerOf(db: Firestore, source: Source): Reader {
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

function refOf(db: Firestore, collection: CollectionName, id: string): DocumentReference {
  return db.doc(pathOf(collection, id).join('/'))
}

/** What is written: the document, with the time by which Firestore is to remove it as Firestore's own kind of time. */
function stored<C extends CollectionName>(collection: C, doc: Collections[C]): object {
  const copy: Record<string, unknown> = Object.fromEntries(Object.entries(copyOf(doc)))
  const field = timeToLive[collection]
  if (field !== undefined && typeof copy[field] === 'number') copy[field] = new Date(copy[field])
  return copy
}

/** Only this program writes to these collections, and the compiler checks what it writes. */
function docOf<C extends CollectionName>(collection: C, snapshot: DocumentSnapshot): Collections[C] | undefined {
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

function within<T>(ms: number, call: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new NoAnswer(ms)), ms)
  })
  return Promise.race([call, deadline]).finally(() => clearTimeout(timer))
}
