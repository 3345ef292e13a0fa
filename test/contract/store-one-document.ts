import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Store, Transaction } from '../../shared/state/store.ts'
import type { StoreMaker } from './store.ts'
import { idOf, lease, resource } from './store-documents.ts'

/** More than functions ever nudge at once: all instances of one function, each with all its events, at one resource. */
const crowd = 20

/** Transactions that promise to touch one document: they keep nobody waiting, and everything else holds as for any other. */
export function storeOneDocument({ makeStore }: Pick<StoreMaker, 'makeStore'>): void {
  let store: Store
  beforeEach(async () => void (store = await makeStore()))
  afterEach(() => store.close())

  const add = async (tx: Transaction): Promise<number> => {
    const token = ((await tx.get('leases', 'x'))?.token ?? 0) + 1
    tx.set('leases', 'x', lease('x', { token }))
    return token
  }

  it('lets a crowd through: each of its members writes once, and none gives up as busy', async () => {
    const tokens = await Promise.all(Array.from({ length: crowd }, () => store.transact(add, 'one-document')))
    expect(tokens.sort((a, b) => a - b)).toEqual(Array.from({ length: crowd }, (_, index) => index + 1))
    expect((await store.get('leases', 'x'))?.token).toBe(crowd)
  })

  it('runs again after a transaction of the other sort has written, and loses nothing of it', async () => {
    await store.transact(add, 'one-document')
    let attempts = 0
    const token = await store.transact(async (tx) => {
      const doc = await tx.get('leases', 'x')
      attempts += 1
      if (attempts === 1) await store.transact(add)
      tx.set('leases', 'x', lease('x', { token: (doc?.token ?? 0) + 10 }))
      return doc?.token
    }, 'one-document')
    expect(attempts).toBe(2)
    expect(token).toBe(2)
    expect((await store.get('leases', 'x'))?.token).toBe(12)
  })

  it.each([
    { reason: 'made by somebody else', before: undefined, after: lease('x') },
    { reason: 'deleted by somebody else', before: lease('x'), after: undefined },
    { reason: 'written again by somebody else, the same', before: lease('x'), after: lease('x') },
  ])('notices that its document was $reason', async ({ before, after }) => {
    if (before) await store.transact(async (tx) => tx.set('leases', 'x', before))
    const seen: unknown[] = []
    await store.transact(async (tx) => {
      seen.push(await tx.get('leases', 'x'))
      if (seen.length === 1) {
        await store.transact(async (other) => {
          if (after) other.set('leases', 'x', after)
          else other.delete('leases', 'x')
        })
      }
      tx.set('leases', 'x', lease('x', { token: 99 }))
    }, 'one-document')
    expect(seen.slice(-1)).toEqual([after])
    expect((await store.get('leases', 'x'))?.token).toBe(99)
  })

  it('writes the whole document: a member that the new one lacks is gone', async () => {
    const full = resource('x', { output: { a: { b: 1 } }, mayAppearUntil: 5 })
    await store.transact(async (tx) => tx.set('resources', full.id, full), 'one-document')
    const { mayAppearUntil: _, ...less } = { ...full, output: { a: { c: 2 } } }
    await store.transact(async (tx) => {
      await tx.get('resources', full.id)
      tx.set('resources', full.id, less)
    }, 'one-document')
    expect(await store.get('resources', full.id)).toEqual(less)
  })

  it('deletes, with a look before and without one', async () => {
    for (const look of [true, false]) {
      await store.transact(add, 'one-document')
      await store.transact(async (tx) => {
        if (look) await tx.get('leases', 'x')
        tx.delete('leases', 'x')
      }, 'one-document')
      expect(await store.get('leases', 'x')).toBeUndefined()
    }
  })

  it('writes nothing when the body throws, and throws what the body threw', async () => {
    const thrown = Object.assign(new Error('no'), { code: 10 })
    let runs = 0
    const failing = store.transact(async (tx) => {
      runs += 1
      await tx.get('leases', 'x')
      tx.set('leases', 'x', lease('x'))
      throw thrown
    }, 'one-document')
    await expect(failing).rejects.toBe(thrown)
    expect(runs).toBe(1)
    expect(await store.get('leases', 'x')).toBeUndefined()
  })

  it.each<{ reason: string; body: (tx: Transaction) => Promise<unknown>; want: string }>([
    { reason: 'reads another', body: (tx) => tx.get('leases', 'y'), want: 'touches another: leases y' },
    { reason: 'reads two', body: (tx) => tx.getAll('leases', ['x', 'y']), want: 'touches another: leases y' },
    {
      reason: 'writes another',
      body: async (tx) => tx.set('leases', 'y', lease('y')),
      want: 'touches another: leases y',
    },
    { reason: 'deletes another', body: async (tx) => tx.delete('leases', 'y'), want: 'touches another: leases y' },
    {
      reason: 'reads one of the same name elsewhere',
      body: (tx) => tx.get('resources', idOf('x')),
      want: 'touches another: resources',
    },
    { reason: 'asks a query', body: (tx) => tx.find({ collection: 'clusters', where: [] }), want: 'asks a query' },
  ])('refuses a body that $reason', async ({ body, want }) => {
    const refused = store.transact(async (tx) => {
      await tx.get('leases', 'x')
      await body(tx)
    }, 'one-document')
    await expect(refused).rejects.toThrow(want)
    expect(await store.getAll('leases', ['x', 'y'])).toEqual([undefined, undefined])
  })
}
