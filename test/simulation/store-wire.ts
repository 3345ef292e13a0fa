import { createMemoryStore } from '../../shared/state/memory.ts'
import { StoreBusy, type Reader, type Store, type Transaction } from '../../shared/state/store.ts'
import type { Calls, Invocation } from './calls.ts'
import type { Chance } from './chance.ts'
import type { Faults } from './faults.ts'

/** The Store of a world; it loses races, aborts and loses answers as the faults have it. */
export function faultyStore(faults: Faults): Store {
  return createMemoryStore({
    onTransaction({ stage }) {
      if (stage === 'committed') {
        if (strikes('commit answer lost')) throw new Error('the answer to the commit was lost')
        return undefined
      }
      if (strikes('transaction aborted')) throw new StoreBusy('the transaction was aborted')
      return strikes('transaction lost a race') ? 'lost' : undefined
    },
  })

  function strikes(kind: Parameters<Faults['strikes']>[0]): boolean {
    const struck = faults.strikes(kind)
    if (struck) faults.reached(kind)
    return struck
  }
}

/** Told of every document that a transaction is about to write, and of every lease that was taken. */
export interface StoreWatch {
  onSet(invocation: Invocation, collection: string, id: string, doc: unknown): void
}

/** The Store as one invocation reaches it. */
export function storeWire(
  store: Store,
  invocation: Invocation,
  parts: { calls: Calls; chance: Chance; faults: Faults; watch: StoreWatch },
): Store {
  const { calls, faults, watch } = parts
  const chance = parts.chance.fork(`store ${invocation.id}`)

  function read<T>(what: string, run: () => Promise<T>): Promise<T> {
    return calls.through(invocation, { port: 'store', what }, () => {
      if (!faults.strikes('store unavailable')) return run()
      faults.reached('store unavailable')
      return Promise.reject(new Error('the store is unavailable'))
    })
  }

  /** Reads of a transaction take time, so that others can commit between them. */
  function inside(tx: Transaction): Transaction {
    const aside = <T>(run: () => Promise<T>): Promise<T> =>
      calls.aside(invocation, chance.hits(0.4) ? chance.whole(1, 25) : 0, run)
    return {
      get: (collection, id) => aside(() => tx.get(collection, id)),
      getAll: (collection, ids) => aside(() => tx.getAll(collection, ids)),
      find: (query) => aside(() => tx.find(query)),
      set(collection, id, doc) {
        watch.onSet(invocation, collection, id, doc)
        tx.set(collection, id, doc)
      },
      delete: (collection, id) => tx.delete(collection, id),
    }
  }

  const reader: Reader = {
    get: (collection, id) => read(`get ${collection} ${id}`, () => store.get(collection, id)),
    getAll: (collection, ids) => read(`getAll ${collection}`, () => store.getAll(collection, ids)),
    find: (query) => read(`find ${query.collection}`, () => store.find(query)),
  }
  return {
    ...reader,
    transact: (body, scope) =>
      calls.through(invocation, { port: 'store', what: 'transact' }, () =>
        store.transact((tx) => body(inside(tx)), scope),
      ),
    close: () => Promise.resolve(),
  }
}
