import { afterEach, beforeEach, expect, it } from 'vitest'
import { claimId } from '../../shared/state/documents.ts'
import { maxTransactionBytes } from '../../shared/state/document-limits.ts'
import type { Store, Transaction } from '../../shared/state/store.ts'
import type { StoreMaker } from './store.ts'
import { claim, idOf, lease, resource } from './store-documents.ts'

/** What every store refuses, with a sentence that says why, and nothing written. */
export function storeRefusals({ makeStore }: StoreMaker): void {
  let store: Store
  beforeEach(async () => void (store = await makeStore()))
  afterEach(() => store.close())

  const output = (value: unknown) => (tx: Transaction) =>
    tx.set('resources', idOf('x'), resource('x', { output: value }))
  const nested = (levels: number): unknown => (levels === 0 ? 1 : { a: nested(levels - 1) })

  it.each<{ reason: string; body: (tx: Transaction) => unknown; want: RegExp }>([
    {
      reason: 'a document over 1 MiB',
      body: output({ a: 'x'.repeat(600_000), b: 'x'.repeat(600_000) }),
      want: /takes \d+ bytes; 1048576/,
    },
    {
      reason: 'a string over what one field holds',
      body: output('x'.repeat(1_048_488)),
      want: /output is a string of 1048488 bytes/,
    },
    {
      reason: 'an undefined member',
      body: output({ list: [{ a: undefined }] }),
      want: /output\.list\[0\]\.a is undefined/,
    },
    { reason: 'an array in an array', body: output([['a']]), want: /output\[0\] is an array in an array/ },
    { reason: 'what is not plain JSON', body: output(new Map()), want: /output is not a plain object/ },
    { reason: 'a number that JSON lacks', body: output({ a: NaN }), want: /output\.a is NaN/ },
    { reason: 'a function', body: output(() => 1), want: /output is a function/ },
    { reason: 'half a character', body: output({ a: 'x\ud800' }), want: /half a character/ },
    {
      reason: 'a reserved member name',
      body: output({ __proto: 1, __x__: 1 }),
      want: /output\.__x__ has a reserved name/,
    },
    { reason: 'a member without a name', body: output({ '': 1 }), want: /without a proper name/ },
    { reason: 'maps nested too deeply', body: output(nested(21)), want: /nested deeper than 20/ },
    {
      reason: 'an id over 1500 bytes',
      body: (tx) => tx.set('leases', 'é'.repeat(300), lease('x')),
      want: /1800 bytes; 1500 are allowed/,
    },
    { reason: 'deleting by such an id', body: (tx) => tx.delete('leases', 'x'.repeat(1_501)), want: /1501 bytes/ },
    { reason: 'an empty id', body: (tx) => tx.set('leases', '', lease('')), want: /id is empty/ },
    {
      reason: 'a claim without its ingress in the id',
      body: (tx) => tx.set('claims', idOf('x'), claim(idOf('x'), 'a/b')),
      want: /not the id of a claim/,
    },
    {
      reason: "a claim under another's id",
      body: (tx) => tx.set('claims', claimId(idOf('y'), 'a/b'), claim(idOf('x'), 'a/b')),
      want: /its id says otherwise/,
    },
    { reason: 'more than a transaction may write', body: writeMuch, want: /a transaction writes more than/ },
  ])('refuses $reason', async ({ body, want }) => {
    const refused = store.transact(async (tx) => {
      tx.set('leases', 'witness', lease('witness'))
      await body(tx)
    })
    await expect(refused).rejects.toThrow(want)
    expect(await store.get('leases', 'witness')).toBeUndefined()
    expect(await store.get('resources', idOf('x'))).toBeUndefined()
  })

  it('takes a document that is just within the limits', async () => {
    const doc = resource('x', { output: { a: 'x'.repeat(1_047_500), deep: nested(18) } })
    await store.transact(async (tx) => tx.set('resources', doc.id, doc))
    expect(await store.get('resources', doc.id)).toEqual(doc)
  })

  it.each<{ reason: string; read: (tx: Transaction) => Promise<unknown> }>([
    { reason: 'get', read: (tx) => tx.get('leases', 'x') },
    { reason: 'getAll', read: (tx) => tx.getAll('leases', ['x']) },
    { reason: 'find', read: (tx) => tx.find({ collection: 'clusters', where: [] }) },
  ])('refuses to $reason after a write', async ({ read }) => {
    const refused = store.transact(async (tx) => {
      tx.set('leases', 'witness', lease('witness'))
      await read(tx)
    })
    await expect(refused).rejects.toThrow('all reads come before all writes')
    expect(await store.get('leases', 'witness')).toBeUndefined()
  })

  it('refuses the use of a transaction after its body has ended', async () => {
    const kept = await store.transact(async (tx) => ({ tx }))
    expect(() => kept.tx.set('leases', 'x', lease('x'))).toThrow('an await is missing')
    await expect(kept.tx.get('leases', 'x')).rejects.toThrow('an await is missing')
    expect(await store.get('leases', 'x')).toBeUndefined()
  })

  it('reads and finds outside of transactions with the same limits', async () => {
    await expect(store.get('leases', 'x'.repeat(1_501))).rejects.toThrow('1501 bytes; 1500 are allowed')
    await expect(store.transact((tx) => tx.get('leases', 'x'.repeat(1_501)))).rejects.toThrow('1501 bytes')
    await expect(store.get('leases', '')).rejects.toThrow('id is empty')
    await expect(store.getAll('leases', ['x', ''])).rejects.toThrow('id is empty')
    await expect(
      store.find({ collection: 'resources', where: [{ field: 'kind', op: '==', value: 'a' }], orderBy: 'wakeAt' }),
    ).rejects.toThrow('composite index')
  })
}

function writeMuch(tx: Transaction): void {
  for (let written = 0; written <= maxTransactionBytes; written += 500_000) {
    tx.set('resources', idOf(`x${written}`), resource(`x${written}`, { output: 'x'.repeat(500_000) }))
  }
}
