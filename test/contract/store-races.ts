import { expect, it } from 'vitest'
import { claimId } from '../../shared/state/documents.ts'
import { queries, StoreBusy, type Store, type Transaction } from '../../shared/state/store.ts'
import type { StoreMaker } from './store.ts'
import { claim, idOf, lease, resource } from './store-documents.ts'

/**
 * Transactions at the same time. Who wins is the store's business, and some may give up as busy; the state that is left
 * must be one that some order of those that succeeded gives.
 */
export function storeRaces({ makeStore, contenders }: StoreMaker): void {
  const race = (name: string, run: (store: Store) => Promise<void>): void => {
    // Concurrently, each on a store of its own: a lost race makes the client library wait for seconds.
    it.concurrent(name, async () => {
      const store = await makeStore()
      try {
        await run(store)
      } finally {
        await store.close()
      }
    })
  }

  race('loses no update of a counter', async (store) => {
    await store.transact(async (tx) => tx.set('leases', 'x', lease('x')))
    const outcomes = await settle(
      Array.from({ length: contenders }, () =>
        store.transact(async (tx) => {
          const doc = await tx.get('leases', 'x')
          tx.set('leases', 'x', lease('x', { token: (doc?.token ?? 0) + 1 }))
          return true
        }),
      ),
    )
    expect(outcomes.filter(Boolean).length).toBeGreaterThan(0)
    expect((await store.get('leases', 'x'))?.token).toBe(outcomes.filter(Boolean).length)
  })

  race('makes a document once when several find it absent', async (store) => {
    const meet = meeting(2)
    const create = (holder: string): Promise<boolean> => {
      const arrive = meet()
      return store.transact(async (tx) => {
        const doc = await tx.get('leases', 'x')
        await arrive()
        if (doc !== undefined) return false
        tx.set('leases', 'x', lease('x', { holder }))
        return true
      })
    }
    const [a, b] = await settle([create('a'), create('b')])
    expect([a, b].filter((made) => made === true)).toHaveLength(1)
    expect((await store.get('leases', 'x'))?.holder).toBe(a === true ? 'a' : 'b')
  })

  race('refuses write skew: of two who each leave because the other stays, one stays', async (store) => {
    await store.transact(async (tx) => {
      for (const id of ['a', 'b']) tx.set('leases', id, lease(id, { holder: 'on duty' }))
    })
    const meet = meeting(2)
    const leave = (id: string): Promise<boolean> => {
      const arrive = meet()
      return store.transact(async (tx) => {
        const docs = await tx.getAll('leases', ['a', 'b'])
        await arrive()
        if (docs.some((doc) => doc?.holder !== 'on duty')) return false
        tx.set('leases', id, lease(id, { holder: 'gone' }))
        return true
      })
    }
    await settle([leave('a'), leave('b')])
    const left = await store.getAll('leases', ['a', 'b'])
    expect(left.filter((doc) => doc?.holder === 'gone')).toHaveLength(1)
  })

  const x = idOf('x')

  race('refuses a phantom: no claim comes to a resource that goes because it has none', async (store) => {
    await store.transact(async (tx) => tx.set('resources', x, resource('x', { applied: true })))
    const [removed, claimed] = await together(
      store,
      async (tx, arrive) => {
        const [doc, claims] = [await tx.get('resources', x), await tx.find(queries.claimsOn(x))]
        await arrive()
        if (doc === undefined || claims.length > 0) return false
        tx.delete('resources', x)
        return true
      },
      async (tx, arrive) => {
        const doc = await tx.get('resources', x)
        await arrive()
        if (doc === undefined) return false
        tx.set('claims', claimId(x, 'default/shop'), claim(x, 'default/shop'))
        return true
      },
    )
    const [resourceLeft, claimsLeft] = [await store.get('resources', x), await store.find(queries.claimsOn(x))]
    expect(resourceLeft === undefined, 'the resource is gone exactly if its removal was committed').toBe(removed)
    expect(claimsLeft.length === 1, 'the claim is there exactly if it was committed').toBe(claimed)
    expect([removed, claimed], 'both can not have been right').not.toEqual([true, true])
  })

  const waits = async (tx: Transaction, arrive: () => Promise<void>): Promise<boolean> => {
    const [dependency, waiter] = await tx.getAll('resources', [x, idOf('waiter')])
    await arrive()
    if (waiter === undefined || dependency?.applied === true) return false
    tx.set('resources', waiter.id, { ...waiter, phase: 'Waiting', waitingOn: [x] })
    return true
  }
  const applies = async (tx: Transaction, arrive: () => Promise<void>): Promise<boolean> => {
    const [doc, waiters] = [await tx.get('resources', x), await tx.find(queries.waiters(x))]
    await arrive()
    if (doc === undefined) return false
    tx.set('resources', x, { ...doc, applied: true })
    for (const waiter of waiters) tx.set('resources', waiter.id, { ...waiter, waitingOn: [], nudges: 1 })
    return true
  }
  for (const [order, first, second] of [
    ['the waiter reads first', waits, applies],
    ['what it waits for reads first', applies, waits],
  ] as const) {
    race(`loses no wake-up between a wait and what it waits for: ${order}`, async (store) => {
      await store.transact(async (tx) => {
        tx.set('resources', x, resource('x'))
        tx.set('resources', idOf('waiter'), resource('waiter'))
      })
      await together(store, first, second)
      const [dependency, waiter] = await store.getAll('resources', [x, idOf('waiter')])
      const asleep = dependency?.applied === true && waiter?.waitingOn.length === 1
      expect(asleep, 'waiting for what is applied already, with nobody left to wake it').toBe(false)
    })
  }
}

type Body = (tx: Transaction, arrive: () => Promise<void>) => Promise<boolean>

/** Runs two bodies so that each has read, on its first attempt, before the other goes on. */
async function together(store: Store, first: Body, second: Body): Promise<(boolean | undefined)[]> {
  const meet = meeting(2)
  const [a, b] = [meet(), meet()]
  return settle([store.transact((tx) => first(tx, a)), store.transact((tx) => second(tx, b))])
}

/** Lets `count` parties wait for each other, each once: later attempts of a body pass. */
function meeting(count: number): () => () => Promise<void> {
  const all = Promise.withResolvers<undefined>()
  let missing = count
  return () => {
    let first = true
    return async () => {
      if (!first) return
      first = false
      missing -= 1
      if (missing === 0) all.resolve(undefined)
      await all.promise
    }
  }
}

/** What each answered; undefined for those that gave up as busy. Any other failure fails the test. */
async function settle<T>(runs: readonly Promise<T>[]): Promise<(T | undefined)[]> {
  return Promise.all(
    runs.map((run) =>
      run.catch((error: unknown) => {
        if (error instanceof StoreBusy) return undefined
        throw error
      }),
    ),
  )
}
