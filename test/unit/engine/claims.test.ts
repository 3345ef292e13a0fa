import { beforeEach, describe, expect, it } from 'vitest'
import { stake, type Staked, type Stake } from '../../../shared/engine/claims.ts'
import { resourceId, type ResourceId } from '../../../shared/resource-id.ts'
import type { IngressDoc } from '../../../shared/state/documents.ts'
import { queries } from '../../../shared/state/store.ts'
import { ingressOf, modelOf } from '../planning/facts.ts'
import { testDeps, type TestDeps } from './deps.ts'
import { plainKind, put, resourceDoc } from './resources.ts'

const map = resourceId('url-map', 'p', 'mci1-um--zp')
const ip = resourceId('address', 'p', 'shared-ip')
const service = (name: string): ResourceId => resourceId('backend-service', 'p', name)
const group = resourceId('named-ports', 'p', 'z', 'g')
const claim = (id: ResourceId, parts: Partial<Stake & { do: 'claim' }> = {}): Stake => ({
  do: 'claim',
  id,
  want: { size: 1 },
  refs: [],
  force: false,
  ...parts,
})

let deps: TestDeps
beforeEach(() => {
  deps = testDeps({
    kinds: [
      ...['url-map', 'backend-service', 'address'].map((name) => plainKind(name)),
      plainKind('named-ports', true),
    ],
  })
})
const ingress = async (name: string, parts: Partial<IngressDoc> = {}): Promise<IngressDoc> => {
  const doc = ingressOf(modelOf({ name }), { token: 7, ...parts })
  await deps.store.transact(async (tx) => tx.set('ingresses', doc.id, doc))
  return doc
}
const stakeFor = async (name: string, stakes: Stake[], token = 7): Promise<Staked> =>
  stake(deps, await ingress(name), token, stakes, false)
const claimsOf = async (name: string): Promise<string[]> =>
  (await deps.store.find(queries.claimsOf(`default/${name}`))).map(({ resource }) => resource).sort()
const doc = (id: ResourceId) => deps.store.get('resources', id)

describe('stake, where there is a load balancer already', () => {
  const rule = resourceId('forwarding-rule', 'p', 'mci1-fw--zp')
  const found = [rule, map].map((id) => ({ id, refs: [] }))
  const begin = async (stakes: Stake[], begins: boolean): Promise<IngressDoc | undefined> => {
    const before = await ingress('zp', { living: { loadBalancer: 'zp', scheme: 'EXTERNAL', leftovers: found } })
    await stake(deps, before, 7, stakes, begins)
    return deps.store.get('ingresses', before.id)
  }

  it('has all of it taken over from the first claim on, and notes what has no document yet', async () => {
    expect(await begin([claim(map)], true)).toMatchObject({
      living: { leftovers: [] },
      takingOver: [{ id: rule, refs: [] }],
      token: 7,
    })
  })

  it('leaves it what it is while only looks are claimed', async () => {
    expect(await begin([claim(service('look'))], false)).toMatchObject({ living: { leftovers: found } })
  })

  it('leaves it what it is where another Ingress has the name', async () => {
    await stakeFor('first', [claim(map)])
    const after = await begin([claim(map)], true)
    expect(after).toMatchObject({ living: { leftovers: found } })
    expect(after?.takingOver).toBeUndefined()
  })

  it('forgets what gets a document, as a retired one does', async () => {
    await begin([claim(map)], true)
    const before = await deps.store.get('ingresses', 'default/zp')
    if (before === undefined) throw new Error('no document')
    await stake(deps, before, 7, [{ do: 'retire', id: rule, refs: [], after: [] }], false)
    expect(await deps.store.get('ingresses', before.id)).toMatchObject({ takingOver: [] })
    expect(await doc(rule)).toMatchObject({ owner: 'default/zp', why: expect.stringContaining('withdrawn') as string })
  })
})

describe('stake', () => {
  it('writes claims and their documents, awake, with their clocks set', async () => {
    expect(await stakeFor('zp', [claim(map)])).toEqual({ is: 'written', awake: [map], conflicts: [] })
    expect(await doc(map)).toMatchObject({
      owner: 'default/zp',
      phase: 'Pending',
      wakeAt: deps.clock.at,
      applied: false,
      token: 0,
    })
    expect(await claimsOf('zp')).toEqual([map])
  })

  it('is refused to a planner with older facts, and writes nothing', async () => {
    expect(await stakeFor('zp', [claim(map)], 6)).toEqual({ is: 'stale' })
    expect(await claimsOf('zp')).toEqual([])
    expect(await doc(map)).toBeUndefined()
  })

  it('lets what cannot exist yet wait, without a visit', async () => {
    const staked = await stakeFor('zp', [claim(map, { refs: [service('b')] }), claim(service('b'))])
    expect(staked).toMatchObject({ awake: [service('b')] })
    expect(await doc(map)).toMatchObject({
      phase: 'Waiting',
      waitingOn: [service('b')],
      waitingFor: 'exist',
      wakeAt: deps.clock.at + 60_000,
    })
  })

  it('wakes what exists, though something new that it will refer to does not', async () => {
    await put(deps, resourceDoc(map, { applied: true, phase: 'Ready', wakeAt: null }))
    const staked = await stakeFor('zp', [claim(map, { refs: [service('b')] }), claim(service('b'))])
    expect(staked).toMatchObject({ awake: [map, service('b')] })
    expect(await doc(map)).toMatchObject({ phase: 'Pending', applied: true, wakeAt: deps.clock.at })
  })

  it('wakes what is being created by an operation, so that it is waited for', async () => {
    await put(deps, resourceDoc(map, { operation: { project: 'p', zone: null, name: 'op', does: 'create' } }))
    expect(await stakeFor('zp', [claim(map, { refs: [service('b')] })])).toMatchObject({ awake: [map] })
  })

  it('drops a claim, keeps the document and wakes it', async () => {
    await stakeFor('zp', [claim(map)])
    deps.clock.at += 5
    expect(await stakeFor('zp', [{ do: 'drop', id: map }])).toMatchObject({ is: 'written', awake: [map] })
    expect(await claimsOf('zp')).toEqual([])
    expect(await doc(map)).toMatchObject({ owner: 'default/zp', phase: 'Pending', wakeAt: deps.clock.at })
  })

  it('does not let a holder from before into a document that is made anew', async () => {
    await deps.store.transact(async (tx) => tx.set('leases', map, { id: map, holder: 'x', token: 12, expiresAt: 0 }))
    await stakeFor('zp', [claim(map)])
    expect(await doc(map)).toMatchObject({ token: 12 })
  })

  it('begins a failed one afresh', async () => {
    await put(deps, resourceDoc(map, { phase: 'Failed', failures: 9 }))
    await stakeFor('zp', [claim(map, { want: { size: 2 } })])
    expect(await doc(map)).toMatchObject({ phase: 'Pending', failures: 0 })
  })
})

describe('many', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => claim(service(`b${index}`)))

  it('go in several transactions', async () => {
    const staked = await stakeFor('zp', hundred)
    expect(staked.is === 'written' && staked.awake).toHaveLength(100)
    expect(await claimsOf('zp')).toHaveLength(100)
  })

  it('stop where a newer planner begins, and what is written is whole', async () => {
    let commits = 0
    const meanwhile = testDeps({
      kinds: deps.kinds,
      store: {
        onTransaction: ({ stage }) => {
          if (stage === 'committed') commits += 1
          return undefined
        },
      },
    })
    deps = meanwhile
    const doc = await ingress('zp')
    const before = commits
    const racing = stake(deps, doc, 7, hundred, true)
    while (commits === before) await Promise.resolve()
    await deps.store.transact(async (tx) => tx.set('ingresses', doc.id, { ...doc, token: 8 }))
    expect(await racing).toEqual({ is: 'stale' })
    const claims = await claimsOf('zp')
    expect(claims.length).toBeGreaterThan(0)
    expect(claims.length).toBeLessThan(100)
    const documents = await deps.store.getAll('resources', claims)
    expect(documents.every((one) => one !== undefined)).toBe(true)
  })
})

describe('two Ingresses on one name', () => {
  it('conflict, and the second writes nothing, however much it wants', async () => {
    await stakeFor('first', [claim(map)])
    const before = await doc(map)
    const staked = await stakeFor('second', [
      ...Array.from({ length: 60 }, (_, index) => claim(service(`b${index}`))),
      claim(map, { want: { size: 2 } }),
    ])
    expect(staked).toEqual({
      is: 'written',
      awake: [],
      conflicts: [
        expect.stringMatching(
          /^url-map mci1-um--zp belongs to Ingress default\/first: choose another load balancer name$/,
        ),
      ],
    })
    expect(await claimsOf('second')).toEqual([])
    expect(await doc(map)).toEqual(before)
    expect(await doc(service('b0'))).toBeUndefined()
  })

  it('conflict on one address, before anything is written', async () => {
    await stakeFor('first', [claim(ip)])
    const staked = await stakeFor('second', [
      ...Array.from({ length: 60 }, (_, index) => claim(service(`b${index}`))),
      claim(ip),
    ])
    expect(staked).toMatchObject({
      conflicts: [
        expect.stringMatching(/address shared-ip belongs to Ingress default\/first: choose another static address/),
      ],
    })
    expect(await claimsOf('second')).toEqual([])
  })

  it('conflict while the first is being removed: its resources carry its stamp', async () => {
    await stakeFor('first', [claim(map)])
    await stakeFor('first', [{ do: 'drop', id: map }])
    expect(await stakeFor('second', [claim(map)])).toMatchObject({
      conflicts: [expect.stringMatching(/still belongs to Ingress default\/first and is being removed/)],
    })
    expect(await claimsOf('second')).toEqual([])
  })

  it('do not conflict once the first is gone', async () => {
    await stakeFor('first', [claim(map)])
    await stakeFor('first', [{ do: 'drop', id: map }])
    await deps.store.transact(async (tx) => tx.delete('resources', map))
    expect(await stakeFor('second', [claim(map)])).toMatchObject({ awake: [map], conflicts: [] })
  })

  it('do not conflict on what they share', async () => {
    await stakeFor('first', [claim(group)])
    deps.clock.at += 1
    expect(await stakeFor('second', [claim(group, { want: { size: 2 } })])).toMatchObject({ conflicts: [] })
    expect((await deps.store.find(queries.claimsOn(group))).map(({ ingress: by }) => by)).toEqual([
      'default/first',
      'default/second',
    ])
  })
})
