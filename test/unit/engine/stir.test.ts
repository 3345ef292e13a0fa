import { beforeEach, describe, expect, it } from 'vitest'
import { begin } from '../../../shared/engine/gate.ts'
import { open, settle } from '../../../shared/engine/ledger.ts'
import { stirAll } from '../../../shared/engine/stir.ts'
import type { View } from '../../../shared/engine/view.ts'
import { resourceId, type ResourceId } from '../../../shared/resource-id.ts'
import { claimId, type ResourceDoc } from '../../../shared/state/documents.ts'
import type { Store } from '../../../shared/state/store.ts'
import { testDeps, type TestDeps } from './deps.ts'
import { claimDoc, plainKind, put, resourceDoc } from './resources.ts'

const kind = plainKind('named-ports', true)
const service = plainKind('backend-service')
const ports = resourceId('named-ports', 'p', 'zone', 'group')
const backend = resourceId('backend-service', 'p', 'b')
const mine = 'default/zp'
const cause = { why: 'test', trace: 't' }
const create = { do: 'create', why: 'it does not exist' } as const

let deps: TestDeps
beforeEach(() => {
  deps = testDeps({ kinds: [kind, service] })
})

const stored = async (id: ResourceId): Promise<ResourceDoc> => {
  const doc = await deps.store.get('resources', id)
  if (doc === undefined) throw new Error(`there is no document of ${id}`)
  return doc
}
const opened = async (of = kind, id = ports): Promise<View> => {
  const view = await open(deps, of, id, 1)
  if (view === undefined) throw new Error('there is no document')
  return view
}
const claim = async (ingress: string, size: number): Promise<void> =>
  deps.store.transact(async (tx) =>
    tx.set('claims', claimId(ports, ingress), claimDoc(ports, { ingress, want: { size } })),
  )
const sizes = ({ claims }: View): unknown[] => claims.map(({ want }) => (want as { size: number }).size)
const shared = (parts: Partial<ResourceDoc> = {}): ResourceDoc =>
  resourceDoc(ports, { applied: true, owner: '', readyHash: 'h', phase: 'Ready', wakeAt: null, ...parts })

describe('what Ingresses share is stirred', () => {
  it('once, however many claim it, and is to be looked at from then on', async () => {
    await put(deps, shared(), null)
    await stirAll(deps, mine, [ports], cause)
    await stirAll(deps, 'default/other', [ports], cause)
    expect(await stored(ports)).toMatchObject({ phase: 'Pending', stirred: true, wakeAt: deps.clock.at })
    expect(deps.published.map(({ topic }) => topic)).toEqual(['reconcile-named-ports'])
  })

  it('gets its document with its first claim, behind the tokens that its lease gave, and none for a claim that is gone', async () => {
    await deps.store.transact(async (tx) =>
      tx.set('leases', ports, { id: ports, holder: 'x', token: 12, expiresAt: 0 }),
    )
    await stirAll(deps, mine, [ports], cause)
    expect(await deps.store.get('resources', ports)).toBeUndefined()
    await claim(mine, 1)
    await stirAll(deps, mine, [ports], cause)
    expect(await stored(ports)).toMatchObject({ token: 12, phase: 'Pending', stirred: true, owner: '' })
  })

  it('and its word taken before the claims are read: what comes later is told of again', async () => {
    await put(deps, shared(), null)
    await claim(mine, 1)
    await stirAll(deps, mine, [ports], cause)
    const view = await opened()
    expect(sizes(view)).toEqual([1])
    expect(await stored(ports)).not.toHaveProperty('stirred')
    await claim('default/other', 2)
    await stirAll(deps, 'default/other', [ports], cause)
    expect(await stored(ports)).toMatchObject({ stirred: true })
    const ready = { is: 'ready', why: 'it is as wanted' } as const
    expect((await begin(deps, kind, view, 1, { do: 'update', why: 'differs' })).is).toBe('changed')
    expect((await settle(deps, kind, view, 1, ready, undefined)).is).toBe('changed')
    const next = await opened()
    expect(sizes(next).sort()).toEqual([1, 2])
    expect((await settle(deps, kind, next, 1, ready, undefined)).is).toBe('written')
  })
})

/** A Store in which something happens after the transaction that makes `when` true. */
function after(store: Store, when: (doc: ResourceDoc) => boolean, happens: () => Promise<void>): Store {
  let happened = false
  return {
    ...store,
    async transact(body, scope) {
      const result = await store.transact(body, scope)
      const doc = await store.get('resources', backend)
      if (!happened && doc !== undefined && when(doc)) {
        happened = true
        await happens()
      }
      return result
    },
  }
}

describe('the gate for what Ingresses share', () => {
  const set = async (parts: Partial<ResourceDoc>): Promise<void> => put(deps, shared(parts), null)
  const referring = async (): Promise<View> => {
    await put(deps, resourceDoc(backend), claimDoc(backend, { refs: [ports] }))
    return opened(service, backend)
  }

  it('stays shut until it is there', async () => {
    await set({ applied: false, phase: 'Pending' })
    expect(await begin(deps, service, await referring(), 1, create)).toEqual({ is: 'waiting', on: [ports] })
    expect(await stored(backend)).toMatchObject({ phase: 'Waiting', waitingOn: [ports] })
  })

  it('what comes while the wait is written is seen after it', async () => {
    await set({ applied: false, phase: 'Pending' })
    const view = await referring()
    deps.store = after(
      deps.store,
      ({ phase }) => phase === 'Waiting',
      () => set({}),
    )
    expect(await begin(deps, service, view, 1, create)).toEqual({ is: 'changed' })
  })

  it('what begins to go while the intent is written is seen after it, and the intent taken back', async () => {
    await set({})
    const view = await referring()
    deps.store = after(
      deps.store,
      ({ phase }) => phase === 'Working',
      () => set({ applied: false, phase: 'Working' }),
    )
    expect(await begin(deps, service, view, 1, create)).toEqual({ is: 'changed' })
    expect(await stored(backend)).toMatchObject({ applied: false, appliedRefs: [] })
    expect(await stored(backend)).not.toHaveProperty('mayAppearUntil')
  })

  it('a wait that is settled for looks once more after it is written', async () => {
    await set({ applied: false, phase: 'Pending' })
    const view = await referring()
    const waiting = { is: 'waiting', on: [ports], why: 'waits' } as const
    deps.store = after(
      deps.store,
      ({ phase }) => phase === 'Waiting',
      () => set({}),
    )
    expect((await settle(deps, service, view, 1, { ...waiting, on: [...waiting.on] }, undefined)).is).toBe('changed')
  })
})
