import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { claimId, type CollectionName, type Collections } from '../../shared/state/documents.ts'
import { queries, type Query, type Store } from '../../shared/state/store.ts'
import { storeOneDocument } from './store-one-document.ts'
import { storeRaces } from './store-races.ts'
import { storeRefusals } from './store-refusals.ts'
import { claim, cluster, deadLetter, idOf, ingress, lease, resource } from './store-documents.ts'

/** How a store is made for the suite: each call answers an empty one of its own. */
export interface StoreMaker {
  makeStore: () => Promise<Store>
  /** Transactions that fight over one document; the official emulator takes a second for each. */
  contenders: number
}

/** The one suite that every Store passes: what the engine relies on, asserted on the state that is left. */
export function storeContract(name: string, maker: StoreMaker): void {
  describe(`${name}: documents`, () => documents(maker))
  describe(`${name}: queries`, () => queried(maker))
  describe(`${name}: transactions`, () => transactions(maker))
  describe(`${name}: transactions on one document`, () => storeOneDocument(maker))
  describe(`${name}: refusals`, () => storeRefusals(maker))
  describe(`${name}: races`, () => storeRaces(maker))
}

function documents({ makeStore }: StoreMaker): void {
  let store: Store
  beforeEach(async () => void (store = await makeStore()))
  afterEach(() => store.close())

  it('gives back each kind of document as it was written', async () => {
    const x = resource('x', {
      wakeAt: 1_700_000_000_000,
      output: {
        ip: '192.0.2.1',
        nested: [{ list: [1, 2.5, -3], empty: {}, none: null, yes: true }],
        'a.b/c`d': 'ü€😀',
      },
      operation: { project: 'p', zone: null, name: 'op', does: 'create' },
    })
    await put(store, 'resources', x.id, x)
    await put(store, 'claims', claimId(x.id, 'default/shop'), claim(x.id, 'default/shop'))
    await put(store, 'ingresses', 'default/shop', ingress('default/shop'))
    await put(store, 'clusters', 'us', cluster('us'))
    await put(store, 'leases', x.id, lease(x.id))
    await put(store, 'deadLetters', 'm1', deadLetter('m1', 5))

    expect(await store.get('resources', x.id)).toEqual(x)
    expect(await store.get('claims', claimId(x.id, 'default/shop'))).toEqual(claim(x.id, 'default/shop'))
    expect(await store.get('ingresses', 'default/shop')).toEqual(ingress('default/shop'))
    expect(await store.get('clusters', 'us')).toEqual(cluster('us'))
    expect(await store.get('leases', x.id)).toEqual(lease(x.id))
    expect(await store.get('deadLetters', 'm1')).toEqual(deadLetter('m1', 5))
  })

  it('knows nothing of what was never written, or is deleted', async () => {
    await put(store, 'leases', 'x', lease('x'))
    await store.transact(async (tx) => {
      tx.delete('leases', 'x')
      tx.delete('leases', 'never')
    })
    expect(await store.getAll('leases', ['x', 'never'])).toEqual([undefined, undefined])
    expect(await store.get('leases', 'x')).toBeUndefined()
  })

  it('answers getAll in the order of the ids, also with absent and repeated ones', async () => {
    for (const id of ['a', 'b']) await put(store, 'leases', id, lease(id))
    const found = await store.getAll('leases', ['b', 'none', 'a', 'b'])
    expect(found.map((doc) => doc?.id)).toEqual(['b', undefined, 'a', 'b'])
    expect(await store.getAll('leases', [])).toEqual([])
  })

  it('keeps documents apart whose ids look alike', async () => {
    const ids = ['a/b', 'a%2Fb', 'a:b', 'a', 'a|b', '.', '..', '__x__', '__x', 'é', 'a b', 'A', "it's #1?*[~]`"]
    for (const id of ids) await put(store, 'leases', id, lease(id))
    expect((await store.getAll('leases', ids)).map((doc) => doc?.id)).toEqual(ids)
  })

  it('keeps the claims of one resource apart from those of another, and from the resource', async () => {
    const [x, y] = [idOf('x'), idOf('y')]
    await put(store, 'claims', claimId(x, 'default/shop'), claim(x, 'default/shop'))
    await put(store, 'resources', x, resource('x'))
    await put(store, 'resources', x, undefined)
    expect(await store.get('claims', claimId(x, 'default/shop'))).toEqual(claim(x, 'default/shop'))
    expect(await store.get('claims', claimId(y, 'default/shop'))).toBeUndefined()
    expect(await store.get('resources', x)).toBeUndefined()
  })

  it('gives copies: whoever changes what it read or wrote changes nothing in the store', async () => {
    const written = resource('x', { output: { list: ['a'] } })
    const untouched = structuredClone(written)
    await store.transact(async (tx) => {
      tx.set('resources', written.id, written)
      spoil(written)
    })
    expect(await store.get('resources', written.id)).toEqual(untouched)
    spoil(await store.get('resources', written.id))
    spoil((await store.getAll('resources', [written.id]))[0])
    spoil((await store.find(queries.ownedBy('default/shop')))[0])
    await store.transact(async (tx) => {
      spoil(await tx.get('resources', written.id))
      spoil((await tx.find(queries.ownedBy('default/shop')))[0])
    })
    expect(await store.get('resources', written.id)).toEqual(untouched)
  })

  it('refuses every call once it is closed', async () => {
    await put(store, 'leases', 'x', lease('x'))
    await store.close()
    await expect(store.get('leases', 'x')).rejects.toThrow()
    await expect(store.transact(async () => 1)).rejects.toThrow()
  })
}

/** Damages a document in its depths. */
function spoil(doc: { output: unknown; refs: unknown[] } | undefined): void {
  expect(doc).toBeDefined()
  ;(doc?.output as { list: string[] }).list.push('spoiled')
  doc?.refs.push('spoiled')
}

function queried({ makeStore }: StoreMaker): void {
  let store: Store
  beforeEach(async () => void (store = await makeStore()))
  afterEach(() => store.close())

  it.each([
    {
      reason: 'due resources: up to now, the earliest first, then by id, as many as asked for; those at rest never',
      query: () => queries.dueResources(20, 3),
      want: ['early', 'b-same', 'a-same'],
    },
    { reason: 'no resource is due before its time', query: () => queries.dueResources(4, 9), want: [] },
    {
      reason: 'waiters: whose list of waits names the resource',
      query: () => queries.waiters(idOf('z')),
      want: ['a-same', 'early'],
    },
    {
      reason: 'referrers: whose applied references name the resource',
      query: () => queries.referrers(idOf('z')),
      want: ['late'],
    },
    {
      reason: 'owned by an ingress, by id',
      query: () => queries.ownedBy('default/shop'),
      want: ['a-same', 'early', 'rest'],
    },
    {
      reason: 'an owner that is a prefix of another owns nothing of it',
      query: () => queries.ownedBy('default/sho'),
      want: [],
    },
    {
      reason: 'of a kind, by id',
      query: () => queries.resourcesOfKind('url-map'),
      want: ['a-same', 'early', 'late', 'rest'],
    },
    {
      reason: 'of a kind, after one',
      query: () => queries.resourcesOfKind('url-map', idOf('early')),
      want: ['late', 'rest'],
    },
    {
      reason: 'of a kind, after one that is gone meanwhile',
      query: () => queries.resourcesOfKind('url-map', idOf('f')),
      want: ['late', 'rest'],
    },
  ])('resources: $reason', async ({ query, want }) => {
    const z = idOf('z')
    await store.transact(async (tx) => {
      for (const doc of [
        resource('rest'),
        // Its id comes first: the kind is the first part of an id.
        resource('b-same', { kind: 'address', owner: 'default/other', wakeAt: 10 }),
        resource('a-same', { wakeAt: 10, waitingOn: [idOf('y'), z] }),
        resource('early', { wakeAt: 5, waitingOn: [z] }),
        resource('late', { wakeAt: 20, owner: 'default/other', appliedRefs: [z, idOf('y')], refs: [idOf('y')] }),
      ]) {
        tx.set('resources', doc.id, doc)
      }
    })
    const found = await store.find(query())
    expect(found.map((doc) => doc.id.split('/').at(-1))).toEqual(want)
    const inTransaction = await store.transact((tx) => tx.find(query()))
    expect(inTransaction).toEqual(found)
  })

  it('claims on a resource and claims of an ingress, each by id', async () => {
    const pairs = [
      ['x', 'default/b'],
      ['x', 'default/a'],
      ['x-y', 'default/a'],
      ['y', 'default/a'],
    ] as const
    await store.transact(async (tx) => {
      for (const [name, of] of pairs) tx.set('claims', claimId(idOf(name), of), claim(idOf(name), of))
    })
    const shown = (claims: { resource: string; ingress: string }[]): string[] =>
      claims.map((found) => `${found.resource.split('/').at(-1) ?? ''} ${found.ingress}`)
    expect(shown(await store.find(queries.claimsOn(idOf('x'))))).toEqual(['x default/a', 'x default/b'])
    expect(shown(await store.find(queries.claimsOn(idOf('none'))))).toEqual([])
    expect(shown(await store.find(queries.claimsOf('default/a')))).toEqual([
      'x default/a',
      'x-y default/a',
      'y default/a',
    ])
    expect(shown(await store.find(queries.claimsOf('default/none')))).toEqual([])
  })

  it('ingresses and clusters by id, after one, and those due; dead letters by time', async () => {
    await store.transact(async (tx) => {
      for (const [id, wakeAt] of [['b/b', 7] as const, ['a/z', null] as const, ['a/a', 6] as const]) {
        tx.set('ingresses', id, ingress(id, { wakeAt }))
      }
      for (const [name, wakeAt] of [['us', 3] as const, ['asia', null] as const, ['eu', 4] as const]) {
        tx.set('clusters', name, cluster(name, { wakeAt }))
      }
      for (const [id, at] of [['x', 3] as const, ['y', 1] as const, ['z', 2] as const])
        tx.set('deadLetters', id, deadLetter(id, at))
    })
    const ids = async (
      query: Query<'ingresses' | 'deadLetters'> | Query<'ingresses'> | Query<'deadLetters'>,
    ): Promise<string[]> => (await store.find(query as Query<'ingresses'>)).map((doc) => doc.id)
    expect(await ids(queries.ingresses())).toEqual(['a/a', 'a/z', 'b/b'])
    expect(await ids(queries.ingresses('a/a'))).toEqual(['a/z', 'b/b'])
    expect(await ids(queries.dueIngresses(7, 9))).toEqual(['a/a', 'b/b'])
    expect((await store.find(queries.clusters())).map((doc) => doc.name)).toEqual(['asia', 'eu', 'us'])
    expect((await store.find(queries.dueClusters(3, 9))).map((doc) => doc.name)).toEqual(['us'])
    expect(await ids(queries.deadLetters(2))).toEqual(['y', 'z'])
  })

  it('follows what changes: a value that moved is found at its new place only', async () => {
    const x = resource('x', { wakeAt: 5, waitingOn: [idOf('y')], owner: 'default/a' })
    await put(store, 'resources', x.id, x)
    await put(store, 'resources', x.id, { ...x, wakeAt: 9, waitingOn: [idOf('z'), idOf('z')], owner: 'default/b' })
    expect(await store.find(queries.dueResources(8, 9))).toHaveLength(0)
    expect(await store.find(queries.dueResources(9, 9))).toHaveLength(1)
    expect(await store.find(queries.waiters(idOf('y')))).toHaveLength(0)
    expect(await store.find(queries.waiters(idOf('z')))).toHaveLength(1)
    expect(await store.find(queries.ownedBy('default/a'))).toHaveLength(0)
    await put(store, 'resources', x.id, undefined)
    expect(await store.find(queries.dueResources(9, 9))).toHaveLength(0)
    expect(await store.find(queries.waiters(idOf('z')))).toHaveLength(0)
    expect(await store.find(queries.ownedBy('default/b'))).toHaveLength(0)
  })
}

function transactions({ makeStore }: StoreMaker): void {
  let store: Store
  beforeEach(async () => void (store = await makeStore()))
  afterEach(() => store.close())

  it('writes all of it, and answers what the body answers', async () => {
    const answer = await store.transact(async (tx) => {
      tx.set('leases', 'x', lease('x', { token: 1 }))
      tx.set('leases', 'y', lease('y'))
      tx.set('leases', 'x', lease('x', { token: 2 }))
      tx.delete('leases', 'y')
      return 'done'
    })
    expect(answer).toBe('done')
    expect(await store.getAll('leases', ['x', 'y'])).toEqual([lease('x', { token: 2 }), undefined])
  })

  it('writes nothing when the body throws, and throws what the body threw', async () => {
    const thrown = Object.assign(new Error('no'), { code: 10 })
    let runs = 0
    const failing = store.transact(async (tx) => {
      runs += 1
      await tx.get('leases', 'x')
      tx.set('leases', 'x', lease('x'))
      throw thrown
    })
    await expect(failing).rejects.toBe(thrown)
    expect(await store.get('leases', 'x')).toBeUndefined()
    expect(runs, "an error of the body is no lost race, even when it looks like the client library's").toBe(1)
  })

  it('shows outside nothing of what it has not committed', async () => {
    let seen: unknown = 'not looked'
    await store.transact(async (tx) => {
      tx.set('leases', 'x', lease('x'))
      seen = await store.get('leases', 'x')
    })
    expect(seen).toBeUndefined()
    expect(await store.get('leases', 'x')).toBeDefined()
  })

  it('runs a body that only reads, one that only writes, and one that does nothing', async () => {
    await store.transact(async (tx) => tx.set('leases', 'x', lease('x')))
    expect(await store.transact((tx) => tx.getAll('leases', ['x', 'none']))).toEqual([lease('x'), undefined])
    expect(await store.transact(async () => 7)).toBe(7)
  })

  it('refuses the write of a holder whose lease was taken over: the fencing token', async () => {
    const acquire = (holder: string): Promise<number> =>
      store.transact(async (tx) => {
        const token = ((await tx.get('leases', 'x'))?.token ?? 0) + 1
        tx.set('leases', 'x', lease('x', { holder, token }))
        return token
      })
    const commit = (token: number, why: string): Promise<boolean> =>
      store.transact(async (tx) => {
        const doc = await tx.get('resources', idOf('x'))
        if (doc === undefined || doc.token > token) return false
        tx.set('resources', doc.id, { ...doc, token, why })
        return true
      })
    await put(store, 'resources', idOf('x'), resource('x'))
    const first = await acquire('first')
    const second = await acquire('second')
    expect(second).toBeGreaterThan(first)
    expect(await commit(second, 'written by the second holder')).toBe(true)
    expect(await commit(first, 'written by the stale holder')).toBe(false)
    expect(await store.get('resources', idOf('x'))).toMatchObject({
      token: second,
      why: 'written by the second holder',
    })
    expect(await store.get('leases', 'x')).toMatchObject({ holder: 'second', token: second })
  })
}

/** Writes or deletes one document. */
async function put<C extends CollectionName>(
  store: Store,
  collection: C,
  id: string,
  doc: Collections[C] | undefined,
): Promise<void> {
  await store.transact(async (tx) => {
    if (doc === undefined) tx.delete(collection, id)
    else tx.set(collection, id, doc)
  })
}
