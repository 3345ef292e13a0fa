import type { Firestore, Transaction as FirestoreTransaction } from '@google-cloud/firestore'
import type { AuthClient } from 'google-auth-library'
import { BodyThrew, runBody } from './firestore-body.ts'
import { readerOf, refOf, stored } from './firestore-documents.ts'
import { firestoreFault, isLostRace, NoAnswer } from './firestore-faults.ts'
import { compareAndSwap, LostEveryRace } from './firestore-swap.ts'
import { StoreBusy } from './store.ts'
import type { Reader, Store, Transaction } from './store.ts'

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
    async transact(body, scope) {
      const db = await connect()
      let expired = false
      try {
        return await within(
          timeoutMs * 3,
          scope === 'one-document'
            ? compareAndSwap(db, body, () => expired)
            : db.runTransaction((raw) => attempt(db, raw, body, () => expired), { maxAttempts }),
        )
      } catch (error) {
        expired = true
        if (error instanceof BodyThrew) throw error.thrown
        if (isLostRace(error) || error instanceof LostEveryRace)
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

/** One attempt of a transaction under Firestore's locks. */
function attempt<T>(
  db: Firestore,
  raw: FirestoreTransaction,
  body: (tx: Transaction) => Promise<T>,
  expired: () => boolean,
): Promise<T> {
  const reader = readerOf(db, { getAll: (...refs) => raw.getAll(...refs), find: (query) => raw.get(query) })
  const transaction: Transaction = {
    ...reader,
    // The library keeps the object until the commit; the caller may go on with it.
    set: (collection, id, doc) => void raw.set(refOf(db, collection, id), stored(collection, doc)),
    delete: (collection, id) => void raw.delete(refOf(db, collection, id)),
  }
  return runBody(transaction, body, 'any', expired)
}

function within<T>(ms: number, call: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new NoAnswer(ms)), ms)
  })
  return Promise.race([call, deadline]).finally(() => clearTimeout(timer))
}
