import { beforeEach, describe, expect, it } from 'vitest'
import { begin } from '../../../shared/engine/gate.ts'
import { settle } from '../../../shared/engine/ledger.ts'
import { isOthersChange, mayBeThere, missing } from '../../../shared/engine/existence.ts'
import { read, type View } from '../../../shared/engine/view.ts'
import { hashOf } from '../../../shared/json.ts'
import { resourceId } from '../../../shared/resource-id.ts'
import { claimId, type ClaimDoc, type ResourceDoc } from '../../../shared/state/documents.ts'
import { testDeps, type TestDeps } from './deps.ts'
import { claimDoc, plainKind, put, resourceDoc } from './resources.ts'

const kind = plainKind('named-ports', true)
const ports = resourceId('named-ports', 'p', 'zone', 'group')
const mine = 'default/zp'
const others = 'default/other'
const ready = { is: 'ready', why: 'it is as wanted' } as const

let deps: TestDeps
beforeEach(() => {
  deps = testDeps({ kinds: [kind] })
})

const shared = (parts: Partial<ResourceDoc> = {}): ResourceDoc =>
  resourceDoc(ports, { applied: true, owner: '', readyHash: 'h', phase: 'Ready', ...parts })
const part = (ingress: string, size: number): ClaimDoc => claimDoc(ports, { ingress, want: { size } })
const claim = async (one: ClaimDoc): Promise<void> =>
  deps.store.transact(async (tx) => {
    const doc = await tx.get('resources', ports)
    if (doc !== undefined) tx.set('resources', ports, { ...doc, phase: 'Pending' })
    tx.set('claims', claimId(ports, one.ingress), one)
  })
const drop = async (ingress: string): Promise<void> =>
  deps.store.transact(async (tx) => tx.delete('claims', claimId(ports, ingress)))
const view = async (): Promise<View> => {
  const found = await read(deps.store, kind, ports)
  if (found === undefined) throw new Error('there is no document')
  return found
}
const change = async (): Promise<unknown> =>
  begin(deps, kind, await view(), 0, { do: 'update', why: 'differs in ports' })
const end = async (): Promise<readonly string[]> => {
  const settled = await settle(deps, kind, await view(), 0, ready, undefined)
  return settled.is === 'written' ? settled.served : [settled.is]
}
const isThereFor = async (ingress: string): Promise<boolean> =>
  (await missing(deps.store, [ports], ingress)).length === 0

describe('what is there for those who refer to it', () => {
  const madeFor = { [mine]: hashOf({ size: 1 }) }
  const rows: { is: Partial<ResourceDoc>; there: boolean; because: string }[] = [
    { is: { owner: mine, applied: false, phase: 'Working' }, there: false, because: 'it does not exist' },
    {
      is: { owner: mine, phase: 'Pending' },
      there: true,
      because: 'it exists, and its only owner refers to it by name',
    },
    { is: {}, there: true, because: 'it is what all claim of it' },
    { is: { phase: 'Pending' }, there: false, because: 'a part of it was claimed and not looked at yet' },
    { is: { phase: 'Working', readyHash: null }, there: false, because: 'the part is being written' },
    { is: { phase: 'Retrying', readyHash: null }, there: false, because: 'the part is still to be written' },
    {
      is: { phase: 'Pending', madeFor },
      there: true,
      because: 'what was claimed and is not there yet is the part of another',
    },
    {
      is: { phase: 'Working', readyHash: null, madeFor },
      there: true,
      because: 'the part that is being written is of another',
    },
    {
      is: { phase: 'Pending', madeFor: { [mine]: hashOf({ size: 2 }) } },
      there: false,
      because: 'another part than this was made for it',
    },
    { is: { phase: 'Working' }, there: true, because: 'its group is gone, which must hold up nobody' },
    { is: { phase: 'Failed', readyHash: null }, there: true, because: 'a person must change something first' },
  ]
  for (const { is, there, because } of rows)
    it(`${there ? 'may' : 'may not'} be referred to: ${because}`, async () => {
      await put(deps, shared(is), part(mine, 1))
      expect(await missing(deps.store, [ports], mine)).toEqual(there ? [] : [ports])
      // Whoever is woken in vain waits again; who is not woken would wait for the tick.
      if (there) expect(mayBeThere(await deps.store.get('resources', ports), mine)).toBe(true)
    })
})

describe('a part of what Ingresses share', () => {
  it('is there once it was seen to be so, and then whatever others claim', async () => {
    await put(deps, shared({ phase: 'Pending', readyHash: null }), part(mine, 1))
    expect(await isThereFor(mine)).toBe(false)
    expect(await end()).toEqual([mine])
    await claim(part(others, 2))
    expect([await isThereFor(mine), await isThereFor(others)]).toEqual([true, false])
    expect(isOthersChange((await view()).doc, part(mine, 1))).toBe(true)
    expect(isOthersChange((await view()).doc, part(others, 2))).toBe(false)
    await change()
    expect([await isThereFor(mine), await isThereFor(others)]).toEqual([true, false])
    expect(await end(), 'those for whom it is news').toEqual([others])
    expect(await isThereFor(others)).toBe(true)
  })

  it('is not there any more once it is claimed otherwise', async () => {
    await put(deps, shared(), part(mine, 1))
    await end()
    await claim(part(mine, 3))
    expect(await isThereFor(mine)).toBe(false)
    expect(await end()).toEqual([mine])
  })

  it('is made anew for whoever let go of it and claims it again, once its removal has begun', async () => {
    await put(deps, shared(), part(mine, 1))
    await claim(part(others, 2))
    await end()
    await drop(mine)
    await change()
    await claim(part(mine, 1))
    expect([await isThereFor(mine), await isThereFor(others)]).toEqual([false, true])
  })

  it('is there for nobody while what somebody else changed is undone', async () => {
    await put(deps, shared(), part(mine, 1))
    await end()
    await change()
    expect(await isThereFor(mine)).toBe(false)
    expect(isOthersChange((await view()).doc, part(mine, 1))).toBe(false)
    expect(await end()).toEqual([mine])
  })

  it('is no matter of others while it cannot be written: they are told of that', async () => {
    const madeFor = { [mine]: hashOf({ size: 1 }) }
    expect(isOthersChange(shared({ phase: 'Retrying', readyHash: null, madeFor }), part(mine, 1))).toBe(false)
  })
})
