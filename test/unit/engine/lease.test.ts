import { beforeEach, describe, expect, it } from 'vitest'
import { acquire, release, type Lease } from '../../../shared/engine/lease.ts'
import { testDeps, type TestDeps } from './deps.ts'

let deps: TestDeps
beforeEach(() => {
  deps = testDeps()
})
const take = () => acquire(deps, 'url-map/p/u')
const giveBack = (lease: Lease) => release(deps, lease, () => Promise.resolve())
const held = async (): Promise<Lease> => {
  const lease = await take()
  if (lease === undefined) throw new Error('somebody else holds the lease')
  return lease
}

describe('leases', () => {
  it('are held by one at a time', async () => {
    const taken = await Promise.all([take(), take(), take()])
    expect(taken.filter((lease) => lease !== undefined)).toHaveLength(1)
  })

  it('of different resources have nothing to do with each other', async () => {
    await held()
    expect(await acquire(deps, 'url-map/p/other')).toBeDefined()
  })

  it('end with their time and not before', async () => {
    await held()
    deps.clock.at += deps.budget.lease - 1
    expect(await take()).toBeUndefined()
    deps.clock.at += 1
    expect(await take()).toBeDefined()
  })

  it('have a higher token every time, given back or not', async () => {
    const first = await held()
    await giveBack(first)
    const second = await held()
    deps.clock.at += deps.budget.lease
    const third = await held()
    expect([first.token, second.token, third.token]).toEqual([1, 2, 3])
  })

  it('that were lost are left alone by who lost them', async () => {
    const lost = await held()
    deps.clock.at += deps.budget.lease
    await held()
    await giveBack(lost)
    expect(await take()).toBeUndefined()
  })

  it('give back and look in one transaction', async () => {
    const lease = await held()
    await deps.store.transact(async (tx) => tx.set('ingresses', 'x', { id: 'x' } as never))
    expect(await release(deps, lease, async (tx) => (await tx.get('ingresses', 'x'))?.id)).toBe('x')
  })
})
