import type { CollectionName, Collections } from './documents.ts'
import { checkDocument, DocumentRefused, maxTransactionBytes, pathOf } from './document-limits.ts'
import type { Query, Scope, Transaction } from './store.ts'

/**
 * The rules of a transaction that hold whatever the store: reads before writes, only documents that Firestore takes,
 * nothing after the body has ended (a promise that nobody awaited), and nothing outside of its scope.
 */
export function guardTransaction(raw: Transaction, scope: Scope = 'any'): { tx: Transaction; end(): void } {
  let state: 'reading' | 'writing' | 'over' = 'reading'
  let bytes = 0
  let only: string | undefined
  const touch = (what: string): void => {
    if (scope === 'any') return
    only ??= what
    if (what !== only) throw new Error(`a transaction on one document, ${only}, touches another: ${what}`)
  }
  const beforeRead = (): void => {
    if (state === 'over') throw new Error('a transaction was read after its body had ended: an await is missing')
    if (state === 'writing') throw new Error('a transaction read after it wrote: all reads come before all writes')
  }
  const beforeWrite = (): void => {
    if (state === 'over') throw new Error('a transaction was written to after its body had ended: an await is missing')
    state = 'writing'
  }
  const tx: Transaction = {
    async get<C extends CollectionName>(collection: C, id: string) {
      beforeRead()
      touch(`${collection} ${id}`)
      return raw.get(collection, id)
    },
    async getAll<C extends CollectionName>(collection: C, ids: readonly string[]) {
      beforeRead()
      for (const id of ids) touch(`${collection} ${id}`)
      return raw.getAll(collection, ids)
    },
    async find<C extends CollectionName>(query: Query<C>) {
      beforeRead()
      if (scope === 'one-document') throw new Error('a transaction on one document asks a query')
      return raw.find(query)
    },
    set<C extends CollectionName>(collection: C, id: string, doc: Collections[C]) {
      beforeWrite()
      touch(`${collection} ${id}`)
      bytes += checkDocument(collection, id, doc)
      if (bytes > maxTransactionBytes) {
        throw new DocumentRefused(
          `a transaction writes more than ${maxTransactionBytes} bytes, the last to ${collection} ${id}`,
        )
      }
      raw.set(collection, id, doc)
    },
    delete(collection: CollectionName, id: string) {
      beforeWrite()
      touch(`${collection} ${id}`)
      pathOf(collection, id)
      raw.delete(collection, id)
    },
  }
  return { tx, end: () => void (state = 'over') }
}
