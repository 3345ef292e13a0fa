import { beforeEach, describe, expect, it } from 'vitest'
import { begin } from '../../../shared/engine/gate.ts'
import * as ledger from '../../../shared/engine/ledger.ts'
import { read, type View } from '../../../shared/engine/view.ts'
import { wakeWaiters } from '../../../shared/engine/nudge.ts'
import type { Outcome } from '../../../shared/engine/outcome.ts'
import { resourceId, type ResourceId } from '../../../shared/resource-id.ts'
import { claimId, type ResourceDoc } from '../../../shared/state/documents.ts'
import { testDeps, type TestDeps } from './deps.ts'
import { claimDoc, plainKind, put, resourceDoc } from './resources.ts'

const kind = plainKind('url-map')
const map = resourceId('url-map', 'p', 'u')
const service = resourceId('backend-service', 'p', 'b')
const other = resourceId('backend-service', 'p', 'c')
const proxy = resourceId('target-proxy', 'p', 't')
const cause = { why: 'test', trace: 't' }
const operation = { project: 'p', zone: null, name: 'op', does: 'create' as const }
const create = { do: 'create', why: 'it does not exist' } as const
const ready: Outcome = { is: 'ready', why: 'it is as wanted' }

let deps: TestDeps
beforeEach(() => {
  deps = testDeps({ kinds: [kind] })
})

const view = async (): Promise<View> => {
  const found = await read(deps.store, kind, map)
  if (found === undefined) throw new Error('there is no document')
  return found
}
const stored = async (id: ResourceId = map): Promise<ResourceDoc> => {
  const doc = await deps.store.get('resources', id)
  if (doc === undefined) throw new Error(`there is no document of ${id}`)
  return doc
}
/** The map claimed, referring to a backend service that may be there. */
const claimed = async (serviceThere: boolean, parts: Partial<ResourceDoc> = {}): Promise<void> => {
  await put(deps, resourceDoc(service, { applied: serviceThere, phase: serviceThere ? 'Ready' : 'Pending' }))
  await put(deps, resourceDoc(map, parts), claimDoc(map, { refs: [service] }))
}

describe('fencing', () => {
  const writes: { name: string; write: (token: number, seen: View) => Promise<{ is: string }> }[] = [
    { name: 'begin', write: (token, seen) => begin(deps, kind, seen, token, create) },
    { name: 'recordOperation', write: (token) => ledger.recordOperation(deps, map, token, operation) },
    { name: 'confirm', write: (token) => ledger.confirm(deps, map, token, 'create', [service]) },
    { name: 'forgetOperation', write: (token) => ledger.forgetOperation(deps, map, token) },
    { name: 'settle', write: (token, seen) => ledger.settle(deps, kind, seen, token, ready, undefined) },
  ]
  for (const { name, write } of writes) {
    it(`${name} is refused to an older holder, and writes nothing`, async () => {
      await claimed(true, { token: 5 })
      const before = await stored()
      expect((await write(4, await view())).is).toBe('stale')
      expect(await stored()).toEqual(before)
    })

    it(`${name} is granted to the holder of the newest token, which then fences the older ones`, async () => {
      await claimed(true, { token: 4 })
      expect((await write(5, await view())).is).toBe('written')
      expect((await stored()).token).toBe(5)
    })

    it(`${name} of a resource that is gone is refused`, async () => {
      await claimed(true)
      const seen = await view()
      await deps.store.transact(async (tx) => tx.delete('resources', map))
      expect((await write(5, seen)).is).toBe('stale')
      expect(await deps.store.get('resources', map)).toBeUndefined()
    })
  }
})

/** Something happens after the first query for references was answered. */
function afterFirstLook(happens: () => Promise<unknown>): TestDeps {
  let looked = false
  const { store } = deps
  return {
    ...deps,
    store: {
      ...store,
      async find(query) {
        const docs = await store.find(query)
        if (!looked && query.where.some(({ field }) => field === 'appliedRefs')) {
          looked = true
          await happens()
        }
        return docs
      },
    },
  }
}

describe('the gate', () => {
  it('of a creation opens when everything it refers to exists, and says so before anything is done', async () => {
    await claimed(true)
    expect((await begin(deps, kind, await view(), 1, create)).is).toBe('written')
    expect(await stored()).toMatchObject({
      phase: 'Working',
      applied: false,
      refs: [service],
      appliedRefs: [service],
      why: 'being created: it does not exist',
      readyHash: null,
    })
  })

  it('of a creation stays shut, and the wait is written', async () => {
    await claimed(false)
    expect(await begin(deps, kind, await view(), 1, create)).toEqual({ is: 'waiting', on: [service] })
    expect(await stored()).toMatchObject({
      phase: 'Waiting',
      waitingOn: [service],
      waitingFor: 'exist',
      appliedRefs: [],
      wakeAt: deps.clock.at + 60_000,
    })
  })

  it('of an update lets what is there go on existing, and holds what it referred to before', async () => {
    await put(deps, resourceDoc(service, { applied: true }))
    await put(deps, resourceDoc(map, { applied: true, appliedRefs: [other] }), claimDoc(map, { refs: [service] }))
    expect((await begin(deps, kind, await view(), 1, { do: 'update', why: '' })).is).toBe('written')
    expect(await stored()).toMatchObject({ applied: true, appliedRefs: [service, other].sort() })
  })

  it('of a removal stays shut while something applied refers to it', async () => {
    await put(deps, resourceDoc(map, { applied: true, phase: 'Ready' }), null)
    await put(deps, resourceDoc(proxy, { applied: true, appliedRefs: [map] }))
    expect(await begin(deps, kind, await view(), 1, { do: 'remove', why: '' })).toEqual({
      is: 'waiting',
      on: [proxy],
    })
    expect(await stored()).toMatchObject({ phase: 'Waiting', waitingOn: [proxy], waitingFor: 'release', applied: true })
  })

  it('of a removal opens when nothing refers to it, and from then on nobody may', async () => {
    await put(deps, resourceDoc(map, { applied: true, appliedRefs: [service] }), null)
    expect((await begin(deps, kind, await view(), 1, { do: 'remove', why: '' })).is).toBe('written')
    expect(await stored()).toMatchObject({ phase: 'Working', applied: false, appliedRefs: [service] })
  })

  it('says that the want has changed since the look', async () => {
    await claimed(true)
    const seen = await view()
    await deps.store.transact(async (tx) =>
      tx.set('claims', claimId(map, 'default/zp'), claimDoc(map, { refs: [service], want: { size: 2 } })),
    )
    expect((await begin(deps, kind, seen, 1, create)).is).toBe('changed')
  })

  it('lets only one through when a removal and a new reference meet', async () => {
    for (let start = 0; start < 2; start += 1) {
      deps = testDeps({ kinds: [kind, plainKind('target-proxy')] })
      await put(deps, resourceDoc(map, { applied: true }), null)
      await put(deps, resourceDoc(proxy), claimDoc(proxy, { refs: [map] }))
      const proxyView = await read(deps.store, plainKind('target-proxy'), proxy)
      const mapView = await view()
      const remove = () => begin(deps, kind, mapView, 1, { do: 'remove', why: '' })
      const refer = () => begin(deps, plainKind('target-proxy'), proxyView as View, 1, create)
      const [first, second] = await Promise.all(start === 0 ? [remove(), refer()] : [refer(), remove()])
      expect([first.is, second.is].sort()).toEqual(['waiting', 'written'])
    }
  })

  it('of a removal finds a reference that came between its look and its intent, and takes nothing away', async () => {
    await put(deps, resourceDoc(map, { applied: true, phase: 'Ready' }), null)
    const seen = await view()
    const meddled = afterFirstLook(() => put(deps, resourceDoc(proxy, { appliedRefs: [map] })))
    expect(await begin(meddled, kind, seen, 1, { do: 'remove', why: '' })).toEqual({ is: 'changed' })
    expect((await stored()).applied).toBe(true)
    expect((await begin(deps, kind, await view(), 1, { do: 'remove', why: '' })).is).toBe('waiting')
  })

  it('of a removal looks again when it was released before its wait was there to be seen', async () => {
    await put(deps, resourceDoc(map, { applied: true, phase: 'Ready' }), null)
    await put(deps, resourceDoc(proxy, { applied: true, appliedRefs: [map] }))
    const meddled = afterFirstLook(() => put(deps, resourceDoc(proxy, { applied: true, appliedRefs: [] })))
    expect(await begin(meddled, kind, await view(), 1, { do: 'remove', why: '' })).toEqual({ is: 'changed' })
    expect((await begin(deps, kind, await view(), 1, { do: 'remove', why: '' })).is).toBe('written')
  })
})

describe('what a mutation leaves behind', () => {
  it('confirmed creation: it exists, and refers to what was sent', async () => {
    await claimed(true)
    await begin(deps, kind, await view(), 1, create)
    await ledger.recordOperation(deps, map, 1, operation)
    expect((await stored()).operation).toEqual(operation)
    await ledger.confirm(deps, map, 1, 'create', [service])
    expect(await stored()).toMatchObject({ applied: true, operation: null, appliedRefs: [service], failures: 0 })
  })

  it('confirmed update: what it no longer refers to is released', async () => {
    await put(
      deps,
      resourceDoc(map, { applied: true, appliedRefs: [service, other] }),
      claimDoc(map, { refs: [service] }),
    )
    await ledger.confirm(deps, map, 1, 'update', [service])
    expect((await stored()).appliedRefs).toEqual([service])
  })

  it('confirmed removal: it exists no more and refers to nothing', async () => {
    await put(deps, resourceDoc(map, { applied: true, appliedRefs: [service] }), null)
    await ledger.confirm(deps, map, 1, 'remove', [])
    expect(await stored()).toMatchObject({ applied: false, appliedRefs: [] })
  })

  it('a failed operation is forgotten, and nothing else', async () => {
    await put(deps, resourceDoc(map, { operation, appliedRefs: [service] }))
    await ledger.forgetOperation(deps, map, 1)
    expect(await stored()).toMatchObject({ operation: null, applied: false, appliedRefs: [service] })
  })

  it('a refused creation leaves what an earlier one of unknown outcome may still make', async () => {
    await put(deps, resourceDoc(map, { operation, mayAppearUntil: 900 }))
    await ledger.forgetOperation(deps, map, 1, 500)
    expect((await stored()).mayAppearUntil).toBe(500)
    await ledger.forgetOperation(deps, map, 1)
    expect((await stored()).mayAppearUntil).toBeUndefined()
  })
})

describe('coming to rest', () => {
  const settle = async (outcome: Outcome, output?: unknown): Promise<string> =>
    (await ledger.settle(deps, kind, await view(), 1, outcome, output)).is
  const rows: { outcome: Outcome; want: Partial<ResourceDoc>; reason: string }[] = [
    {
      outcome: ready,
      want: { phase: 'Ready', wakeAt: null, applied: true, failures: 0, appliedRefs: [service] },
      reason: 'at rest',
    },
    {
      outcome: { is: 'again', after: 7, why: 'soon' },
      want: { phase: 'Working', wakeAt: 1_000_007, failures: 3 },
      reason: 'nothing is wrong',
    },
    {
      outcome: { is: 'working', operation, why: 'being created' },
      want: { phase: 'Working', operation },
      reason: 'the operation goes on',
    },
    {
      outcome: { is: 'retry', fault: { kind: 'transient', why: '503' } },
      want: { phase: 'Retrying', why: '503', failures: 4 },
      reason: 'failures are counted',
    },
    {
      outcome: { is: 'failed', why: 'no quota' },
      want: { phase: 'Failed', why: 'no quota', failures: 4 },
      reason: 'a person is needed',
    },
  ]
  for (const { outcome, want, reason } of rows)
    it(`${outcome.is}: ${reason}`, async () => {
      await claimed(true, { failures: 3, waitingOn: [service], waitingFor: 'exist' })
      expect(await settle(outcome)).toBe('written')
      expect(await stored()).toMatchObject({ ...want, waitingOn: [], waitingFor: null })
    })

  it('what stands as wanted and is not finished can be built on, whoever heard of its creation', async () => {
    await claimed(true, { appliedRefs: [service, other], mayAppearUntil: deps.clock.at + 1_000 })
    const outcome: Outcome = { is: 'again', after: 1_000, why: 'is being made', stands: true }
    await ledger.settle(deps, kind, await view(), 1, outcome, undefined)
    expect(await stored()).toMatchObject({ phase: 'Working', applied: true, appliedRefs: [service], readyHash: null })
    expect((await stored()).mayAppearUntil).toBeUndefined()
  })

  it('gone: the document goes', async () => {
    await put(deps, resourceDoc(map), null)
    expect(await settle({ is: 'gone', why: 'it is gone' })).toBe('written')
    expect(await deps.store.get('resources', map)).toBeUndefined()
  })

  it('a want that changed keeps it awake', async () => {
    await claimed(true)
    const seen = await view()
    await deps.store.transact(async (tx) =>
      tx.set('claims', claimId(map, 'default/zp'), claimDoc(map, { refs: [service], want: { size: 2 } })),
    )
    expect((await ledger.settle(deps, kind, seen, 1, ready, undefined)).is).toBe('changed')
    expect((await stored()).phase).toBe('Pending')
  })

  it('a claim that came meanwhile keeps it from going', async () => {
    await put(deps, resourceDoc(map), null)
    const seen = await view()
    await put(deps, await stored(), claimDoc(map))
    expect((await ledger.settle(deps, kind, seen, 1, { is: 'gone', why: '' }, undefined)).is).toBe('changed')
    expect(await deps.store.get('resources', map)).toBeDefined()
  })

  it('somebody who came while it was worked on keeps it awake', async () => {
    await claimed(true)
    const seen = await view()
    await ledger.nudgeBusy(deps, map)
    expect((await ledger.settle(deps, kind, seen, 1, ready, undefined)).is).toBe('changed')
    expect((await ledger.settle(deps, kind, await view(), 1, ready, undefined)).is).toBe('written')
  })

  it('a nudge of a resource at rest sets its clock, should the holder die', async () => {
    await claimed(true, { phase: 'Ready', wakeAt: null })
    await ledger.nudgeBusy(deps, map)
    expect(await stored()).toMatchObject({ nudges: 1, wakeAt: deps.clock.at + deps.budget.lease })
  })

  it('news for the planner set its clock in the same transaction', async () => {
    await claimed(true)
    await deps.store.transact(async (tx) =>
      tx.set('ingresses', 'default/zp', { id: 'default/zp', wakeAt: null, token: 3 } as never),
    )
    expect(await settle(ready, { ip: '203.0.113.1' })).toBe('written')
    expect(await deps.store.get('ingresses', 'default/zp')).toMatchObject({ wakeAt: deps.clock.at, token: 4 })
    await settle(ready, { ip: '203.0.113.1' })
    expect(await deps.store.get('ingresses', 'default/zp')).toMatchObject({ token: 4 })
  })

  it('long messages of the API are cut', async () => {
    await claimed(true)
    await settle({ is: 'failed', why: 'x'.repeat(5000) })
    expect((await stored()).why).toHaveLength(4000)
  })
})

describe('no wake-up is lost', () => {
  const waits = async (): Promise<string> =>
    (await ledger.settle(deps, kind, await view(), 1, { is: 'waiting', on: [service], why: 'waits' }, undefined)).is

  it('when what it waits for comes first: the wait is not written', async () => {
    await claimed(false)
    const seen = await view()
    await ledger.confirm(deps, service, 1, 'create', [])
    await wakeWaiters(deps, service, cause)
    expect(deps.published).toEqual([])
    expect((await ledger.settle(deps, kind, seen, 1, { is: 'waiting', on: [service], why: '' }, undefined)).is).toBe(
      'changed',
    )
  })

  it('when the wait is written first: it is found and woken', async () => {
    await claimed(false)
    expect(await waits()).toBe('written')
    await ledger.confirm(deps, service, 1, 'create', [])
    await wakeWaiters(deps, service, cause)
    expect(deps.published.map(({ body }) => body['id'])).toEqual([map])
  })

  it('when both happen at once, whoever is first', async () => {
    for (const confirmFirst of [true, false]) {
      deps = testDeps({ kinds: [kind] })
      await claimed(false)
      const confirm = async () => {
        await ledger.confirm(deps, service, 1, 'create', [])
        await wakeWaiters(deps, service, cause)
      }
      const [settled] = confirmFirst
        ? await Promise.all([confirm().then(() => undefined), waits()]).then(([, is]) => [is])
        : await Promise.all([waits(), confirm()])
      expect(settled === 'changed' || deps.published.length === 1).toBe(true)
    }
  })

  it('of several that it waits for only the last wakes it', async () => {
    await put(deps, resourceDoc(service))
    await put(deps, resourceDoc(other))
    await put(deps, resourceDoc(map, { phase: 'Waiting', waitingOn: [service, other], waitingFor: 'exist' }))
    await ledger.confirm(deps, service, 1, 'create', [])
    await wakeWaiters(deps, service, cause)
    expect(deps.published).toEqual([])
    await ledger.confirm(deps, other, 1, 'create', [])
    await wakeWaiters(deps, other, cause)
    expect(deps.published.map(({ body }) => body['id'])).toEqual([map])
  })

  it('one that waits for its release is woken by each that lets go', async () => {
    await put(deps, resourceDoc(service, { phase: 'Waiting', waitingOn: [map, proxy], waitingFor: 'release' }), null)
    await wakeWaiters(deps, map, cause)
    expect(deps.published.map(({ topic }) => topic)).toEqual(['reconcile-backend-service'])
  })
})

describe('lists for people', () => {
  const ids = ['a', 'b', 'c', 'd', 'e'].map((name) => resourceId('backend-service', 'p', name))
  const rows: { count: number; want: string }[] = [
    { count: 1, want: 'backend-service a' },
    { count: 3, want: 'backend-service a, backend-service b, backend-service c' },
    { count: 5, want: 'backend-service a, backend-service b, backend-service c and 2 more' },
  ]
  for (const { count, want } of rows) it(`${count}: ${want}`, () => expect(ledger.list(ids.slice(0, count))).toBe(want))
})
