import type { Store, Transaction } from './store.ts'

/**
 * What a store was asked for, counted as Firestore bills it: a read for every document returned, at least one for a query
 * and one for a document that is missing; attempts of a transaction that lost count too.
 */
export interface StoreCounts {
  reads: number
  writes: number
  deletes: number
  queries: number
  transactions: number
  /** Bodies run beyond the first of their transaction. */
  retries: number
}

/** A store that counts. */
export interface CountingStore extends Store {
  /** Totals since the beginning; a copy. */
  counts(): StoreCounts
}

/** Wraps a store and counts what it is asked for. Writes count when they are committed. */
export function countingStore(store: Store): CountingStore {
  const counts: StoreCounts = { reads: 0, writes: 0, deletes: 0, queries: 0, transactions: 0, retries: 0 }

  const countReads = (reader: Pick<Store, 'get' | 'getAll' | 'find'>): Pick<Store, 'get' | 'getAll' | 'find'> => ({
    get(collection, id) {
      counts.reads += 1
      return reader.get(collection, id)
    },
    getAll(collection, ids) {
      counts.reads += ids.length
      return reader.getAll(collection, ids)
    },
    async find(query) {
      counts.queries += 1
      const found = await reader.find(query)
      counts.reads += Math.max(1, found.length)
      return found
    },
  })

  return {
    ...countReads(store),
    async transact(body, scope) {
      counts.transactions += 1
      let attempts = 0
      let writes = 0
      let deletes = 0
      const result = await store.transact((tx) => {
        attempts += 1
        if (attempts > 1) counts.retries += 1
        writes = 0
        deletes = 0
        const counted: Transaction = {
          ...countReads(tx),
          set(collection, id, doc) {
            tx.set(collection, id, doc)
            writes += 1
          },
          delete(collection, id) {
            tx.delete(collection, id)
            deletes += 1
          },
        }
        return body(counted)
      }, scope)
      counts.writes += writes
      counts.deletes += deletes
      return result
    },
    close: () => store.close(),
    counts: () => ({ ...counts }),
  }
}
