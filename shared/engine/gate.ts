import type { ResourceId } from '../resource-id.ts'
import type { ResourceDoc } from '../state/documents.ts'
import { queries, type Reader } from '../state/store.ts'
import type { Deps } from './deps.ts'
import { apart, isStillMissing, missing, stillMade } from './existence.ts'
import type { AnyKind } from './kind.ts'
import { list, rest, write, type Entry } from './ledger.ts'
import { pace } from './outcome.ts'
import { readAgain, union, type View } from './view.ts'

/**
 * The gate before a mutation: what it will refer to must exist, and what it removes must not be referred to. Each side writes what it
 * intends before it looks at the other, so of two that exclude each other at least one sees the other and steps back. What is an Ingress's
 * own is read in the transaction that writes; what Ingresses share, and who refers to what, is looked at before and after it.
 */

/** Opens the gate for a mutation and writes its intent, with a note for people, or commits the wait. */
export async function begin(
  deps: Deps,
  kind: AnyKind,
  view: View,
  token: number,
  step: { do: 'create' | 'update' | 'remove'; why: string },
  note = step.why,
): Promise<Entry | { is: 'waiting'; on: ResourceId[] }> {
  const { id } = view.doc
  const held = step.do === 'remove' ? await referrers(deps.store, id) : []
  const { own, common } = apart(deps, view.refs)
  const behind = step.do === 'remove' ? [] : await missing(deps.store, common, view.doc.owner)
  const entry = await deps.store.transact(async (tx): Promise<Begun> => {
    const current = await readAgain(tx, kind, view)
    if (current === undefined || current.doc.token > token) return { is: 'stale' }
    if (current.doc.stirred === true || current.wantHash !== view.wantHash) return { is: 'changed' }
    const on = step.do === 'remove' ? held : [...(await missing(tx, own, current.doc.owner)), ...behind]
    const now = deps.clock.now()
    if (on.length > 0) {
      const why =
        step.do === 'remove' ? `to be removed once ${list(on)} no longer refers to it` : `waits for ${list(on)}`
      write(tx, {
        ...current.doc,
        ...rest('Waiting', why, now + 60_000),
        waitingOn: on,
        waitingFor: step.do === 'remove' ? 'release' : 'exist',
        token,
        updatedAt: now,
      })
      return { is: 'waiting', on, owner: current.doc.owner }
    }
    const doc: ResourceDoc = {
      ...current.doc,
      ...rest('Working', `${verb[step.do]}: ${step.why}`, now + deps.budget.lease),
      refs: view.refs,
      appliedRefs: step.do === 'remove' ? current.doc.appliedRefs : union(current.doc.appliedRefs, view.holds),
      applied: step.do === 'update' ? current.doc.applied : false,
      readyHash: null,
      ...(current.doc.madeFor === undefined ? {} : { madeFor: stillMade(current) }),
      ...(step.do === 'create' ? { mayAppearUntil: now + pace.creation } : {}),
      // What was as wanted and is not any more was changed by somebody else: that is told as a repair.
      ...(current.doc.readyHash === current.wantHash
        ? { lastRepair: { at: now, what: note } }
        : { lastChange: { at: now, by: 'spec', what: `${done[step.do]} ${list([current.doc.id])}`, why: note } }),
      token,
      updatedAt: now,
    }
    write(tx, doc)
    return { is: 'written', doc, before: current.doc }
  })
  return step.do === 'remove' ? checked(deps, id, entry) : checkedCommon(deps, id, common, entry)
}

/**
 * The other half of the gate for what is shared: whoever is to remove that takes `applied` back and then looks who refers to it. Either it
 * sees this intent, or this sees that it goes, and takes the intent back.
 */
async function checkedCommon(
  deps: Deps,
  id: ResourceId,
  common: readonly ResourceId[],
  entry: Begun,
): Promise<Entry | { is: 'waiting'; on: ResourceId[] }> {
  if (entry.is === 'stale' || entry.is === 'changed') return entry
  if (entry.is === 'waiting') {
    const { on, owner } = entry
    return (await isStillMissing(deps, on, owner)) ? { is: 'waiting', on } : { is: 'changed' }
  }
  if (common.length === 0 || !('before' in entry)) return entry
  const { before, doc } = entry
  const on = await missing(deps.store, common, doc.owner)
  if (on.length === 0) return entry
  return deps.store.transact(async (tx) => {
    const current = await tx.get('resources', id)
    if (current === undefined || current.token > doc.token) return { is: 'stale' }
    const { applied, appliedRefs, readyHash } = before
    const { mayAppearUntil: _, ...rest } = { ...current, applied, appliedRefs, readyHash }
    write(tx, before.mayAppearUntil === undefined ? rest : { ...rest, mayAppearUntil: before.mayAppearUntil })
    return { is: 'changed' }
  }, 'one-document')
}

type Begun =
  Entry | { is: 'written'; doc: ResourceDoc; before: ResourceDoc } | { is: 'waiting'; on: ResourceId[]; owner: string }

/**
 * The other half of a removal's gate. Whoever is to refer to it reads `applied` when it writes its intent: it came before
 * this one's, and is seen now, or it waits. A query in the transaction would say the same, with locks on all that it looks through.
 */
async function checked(deps: Deps, id: ResourceId, entry: Begun): Promise<Entry | { is: 'waiting'; on: ResourceId[] }> {
  if (entry.is === 'stale' || entry.is === 'changed') return entry
  const on = await referrers(deps.store, id)
  // Who let go of it before the wait was there to be seen could wake nobody.
  if (entry.is === 'waiting')
    return entry.on.every((one) => on.includes(one)) ? { is: 'waiting', on: entry.on } : { is: 'changed' }
  if (on.length === 0 || !('before' in entry)) return entry
  const { before, doc } = entry
  return deps.store.transact(async (tx) => {
    const current = await tx.get('resources', id)
    if (current === undefined || current.token > doc.token) return { is: 'stale' }
    write(tx, { ...current, applied: before.applied })
    return { is: 'changed' }
  }, 'one-document')
}

/** Who refers to it, or may. */
async function referrers(reader: Reader, id: ResourceId): Promise<ResourceId[]> {
  return (await reader.find(queries.referrers(id))).map((doc) => doc.id).filter((one) => one !== id)
}

const done = { create: 'created', update: 'changed', remove: 'removed' } as const
const verb = { create: 'being created', update: 'being changed', remove: 'being removed' } as const
