import type { Reader, Scope, Transaction } from './store.ts'
import { guardTransaction } from './transaction-guard.ts'

/**
 * Carries an error of a transaction's body past the client library, which would run the body again when it sees a
 * number as `code` that it takes for a lost race.
 */
export class BodyThrew extends Error {
  readonly thrown: unknown
  constructor(thrown: unknown) {
    super('the body of a transaction threw')
    this.thrown = thrown
  }
}

/**
 * Runs a transaction's body once. What Firestore's reads throw comes out as it is, for whoever knows which to repeat;
 * anything else that the body throws as BodyThrew.
 */
export async function runBody<T>(
  raw: Transaction,
  body: (tx: Transaction) => Promise<T>,
  scope: Scope,
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
  const reader: Reader = {
    get: (collection, id) => noting(raw.get(collection, id)),
    getAll: (collection, ids) => noting(raw.getAll(collection, ids)),
    find: (query) => noting(raw.find(query)),
  }
  const guard = guardTransaction({ ...raw, ...reader }, scope)
  if (expired()) throw new BodyThrew(new Error('the caller of this transaction has given up'))
  try {
    return await body(guard.tx)
  } catch (error) {
    throw faults.has(error) ? error : new BodyThrew(error)
  } finally {
    guard.end()
  }
}
