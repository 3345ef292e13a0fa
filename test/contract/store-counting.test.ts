import { expect, it } from 'vitest'
import { countingStore } from '../../shared/state/counting.ts'
import { createMemoryStore } from '../../shared/state/memory.ts'
import { queries } from '../../shared/state/store.ts'
import { storeContract } from './store.ts'
import { idOf, lease, resource } from './store-documents.ts'

storeContract('counting, on memory', { makeStore: async () => countingStore(createMemoryStore()), contenders: 5 })

it('counts what Firestore would bill: missing documents, empty queries, and reads of attempts that lost', async () => {
  let lost = 0
  const memory = createMemoryStore({
    onTransaction: ({ stage }) => (stage === 'commit' && lost++ === 0 ? 'lost' : undefined),
  })
  const store = countingStore(memory)
  await store.transact(async (tx) => {
    await tx.get('leases', 'x')
    for (const name of ['a', 'b', 'c']) tx.set('resources', idOf(name), resource(name, { wakeAt: 1 }))
    tx.delete('leases', 'x')
  })
  expect(store.counts()).toEqual({ reads: 2, writes: 3, deletes: 1, queries: 0, transactions: 1, retries: 1 })

  await store.find(queries.dueResources(1, 2))
  await store.find(queries.dueClusters(1, 2))
  await store.getAll('leases', ['x', 'y'])
  await store.get('leases', 'x')
  expect(store.counts()).toEqual({ reads: 8, writes: 3, deletes: 1, queries: 2, transactions: 1, retries: 1 })

  const before = store.counts()
  const failing = store.transact(async (tx) => {
    tx.set('leases', 'x', lease('x'))
    throw new Error('no')
  })
  await expect(failing).rejects.toThrow('no')
  expect(store.counts()).toEqual({ ...before, transactions: 2 })
})
