import { describe, expect, it } from 'vitest'
import { claimId } from '../../shared/state/documents.ts'
import { createMemoryStore, type TransactionPoint } from '../../shared/state/memory.ts'
import { queries, StoreBusy } from '../../shared/state/store.ts'
import { storeContract } from './store.ts'
import { claim, idOf, lease, resource } from './store-documents.ts'

storeContract('memory', { makeStore: async () => createMemoryStore(), contenders: 20 })

describe('memory: who commits second runs again, in either order', () => {
  const x = idOf('x')

  it('a claim committed between the reads and the commit of a removal is seen by its second attempt', async () => {
    const store = createMemoryStore()
    await store.transact(async (tx) => tx.set('resources', x, resource('x')))
    const seen: number[] = []
    await store.transact(async (tx) => {
      const claims = await tx.find(queries.claimsOn(x))
      seen.push(claims.length)
      if (seen.length === 1) {
        await store.transact(async (other) => other.set('claims', claimId(x, 'a/b'), claim(x, 'a/b')))
      }
      if (claims.length === 0) tx.delete('resources', x)
    })
    expect(seen).toEqual([0, 1])
    expect(await store.get('resources', x)).toBeDefined()
  })

  it('a wait committed between the query for waiters and the commit of what they wait for is woken', async () => {
    const store = createMemoryStore()
    let attempts = 0
    await store.transact(async (tx) => {
      const waiters = await tx.find(queries.waiters(x))
      attempts += 1
      if (attempts === 1) {
        await store.transact(async (other) => other.set('resources', idOf('w'), resource('w', { waitingOn: [x] })))
      }
      for (const waiter of waiters) tx.set('resources', waiter.id, { ...waiter, waitingOn: [], nudges: 1 })
      tx.set('resources', x, resource('x', { applied: true }))
    })
    expect(await store.get('resources', idOf('w'))).toMatchObject({ waitingOn: [], nudges: 1 })
  })

  it('what a wait is for, applied between its read and its commit, is seen by its second attempt', async () => {
    const store = createMemoryStore()
    let attempts = 0
    const waited = await store.transact(async (tx) => {
      const dependency = await tx.get('resources', x)
      attempts += 1
      if (attempts === 1) {
        await store.transact(async (other) => other.set('resources', x, resource('x', { applied: true })))
      }
      if (dependency?.applied === true) return false
      tx.set('resources', idOf('w'), resource('w', { waitingOn: [x] }))
      return true
    })
    expect(waited).toBe(false)
    expect(await store.get('resources', idOf('w'))).toBeUndefined()
  })

  it('does not fail for what a body concluded from reads that were never true together', async () => {
    const store = createMemoryStore()
    await store.transact(async (tx) => {
      for (const id of ['a', 'b']) tx.set('leases', id, lease(id, { token: 1 }))
    })
    let attempts = 0
    const sum = await store.transact(async (tx) => {
      attempts += 1
      const a = await tx.get('leases', 'a')
      if (attempts === 1) {
        await store.transact(async (other) => {
          for (const id of ['a', 'b']) other.set('leases', id, lease(id, { token: 2 }))
        })
      }
      const b = await tx.get('leases', 'b')
      if (a?.token !== b?.token) throw new Error('the tokens are always equal')
      return (a?.token ?? 0) + (b?.token ?? 0)
    })
    expect(sum).toBe(4)
  })

  it('gives up as busy when it loses every race, with nothing written', async () => {
    const store = createMemoryStore()
    let rival = 0
    const losing = store.transact(async (tx) => {
      await tx.get('leases', 'x')
      rival += 1
      await store.transact(async (other) => other.set('leases', 'x', lease('x', { token: rival })))
      tx.set('leases', 'mine', lease('mine'))
    })
    await expect(losing).rejects.toThrow(StoreBusy)
    expect(await store.get('leases', 'mine')).toBeUndefined()
    expect((await store.get('leases', 'x'))?.token).toBe(rival)
  })
})

describe('memory: faults on purpose', () => {
  it.each<{ reason: string; fault: (point: TransactionPoint) => 'lost' | undefined; written: number; throws: boolean }>(
    [
      {
        reason: 'an abort: StoreBusy, nothing written',
        fault: ({ stage }) => {
          if (stage === 'commit') throw new StoreBusy('aborted on purpose')
          return undefined
        },
        written: 0,
        throws: true,
      },
      {
        reason: 'a lost answer: an error, all written',
        fault: ({ stage }) => {
          if (stage === 'committed') throw new Error('the answer was lost on purpose')
          return undefined
        },
        written: 1,
        throws: true,
      },
      {
        reason: 'lost races: the body runs again, and counts once',
        fault: ({ attempt }) => (attempt < 3 ? 'lost' : undefined),
        written: 1,
        throws: false,
      },
      { reason: 'races lost for ever: StoreBusy, nothing written', fault: () => 'lost', written: 0, throws: true },
    ],
  )('$reason', async ({ fault, written, throws }) => {
    const store = createMemoryStore({ onTransaction: fault })
    const counting = store.transact(async (tx) => {
      const token = ((await tx.get('leases', 'x'))?.token ?? 0) + 1
      tx.set('leases', 'x', lease('x', { token }))
    })
    const threw = await counting.then(
      () => false,
      () => true,
    )
    expect(threw).toBe(throws)
    expect((await store.get('leases', 'x'))?.token ?? 0).toBe(written)
  })
})
