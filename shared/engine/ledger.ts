import { hashOf } from '../json.ts'
import { scopeOf, type ResourceId } from '../resource-id.ts'
import type { OperationRef } from '../cloud/compute-port.ts'
import type { ResourceDoc, ResourcePhase } from '../state/documents.ts'
import type { Transaction } from '../state/store.ts'
import type { Deps } from './deps.ts'
import { apart, isStillMissing, missing, partsOf } from './existence.ts'
import type { AnyKind } from './kind.ts'
import { nextWake, type Outcome } from './outcome.ts'
import { ownersOf, read, readAgain, type View } from './view.ts'

/**
 * The transactions by which a visit reads and writes a resource's document. They carry the protocol's promises:
 *
 * - a write with an older fencing token than the document's is refused (`stale`);
 * - before a mutation its intent is written, after the gate was checked in the same transaction: what it will refer to
 *   counts as referred to, and what it will remove no longer counts as existing;
 * - a wait is committed in a transaction that re-reads what it waits for, so that no wake-up is lost;
 * - a document comes to rest only if its claims are still those that were acted on, and nobody nudged meanwhile;
 * - the claims on what Ingresses share are read after the word that they changed was taken, and are those as long as there is none.
 */

/** What the ledger answers: `stale` = a newer holder has written; `changed` = look again, the want or the gate moved. */
export type Entry = { is: 'written'; doc: ResourceDoc } | { is: 'stale' } | { is: 'changed' }

/** What a visit works from; undefined = there is nothing, or a newer holder has written. */
export async function open(deps: Deps, kind: AnyKind, id: ResourceId, token: number): Promise<View | undefined> {
  const view = await read(deps.store, kind, id)
  if (view?.doc.stirred !== true) return view
  const taken = await deps.store.transact(async (tx) => {
    const doc = await tx.get('resources', id)
    if (doc === undefined || doc.token > token) return false
    const { stirred: _, ...next } = doc
    write(tx, { ...next, token })
    return true
  }, 'one-document')
  // What is claimed from now on is told of again.
  return taken ? read(deps.store, kind, id) : undefined
}

/** Records the operation before anybody waits for it, so that whoever comes next finds it. */
export async function recordOperation(
  deps: Deps,
  id: ResourceId,
  token: number,
  operation: OperationRef,
): Promise<Entry> {
  return deps.store.transact(async (tx) => {
    const doc = await tx.get('resources', id)
    if (doc === undefined || doc.token > token) return { is: 'stale' }
    const next = { ...doc, operation, token }
    write(tx, next)
    return { is: 'written', doc: next }
  }, 'one-document')
}

/**
 * The mutation has ended well: from now on others may refer to it (create, update), and what it no longer refers to is
 * released. `refs` are those of the want that was sent.
 */
export async function confirm(
  deps: Deps,
  id: ResourceId,
  token: number,
  does: OperationRef['does'],
  refs: readonly ResourceId[],
): Promise<Entry> {
  return deps.store.transact(async (tx) => {
    const doc = await tx.get('resources', id)
    if (doc === undefined || doc.token > token) return { is: 'stale' }
    const next = {
      ...doc,
      ...(doc.operation === null ? {} : { lastOperation: doc.operation.name }),
      operation: null,
      applied: does !== 'remove',
      appliedRefs: does === 'remove' ? [] : [...refs],
      failures: 0,
      token,
    }
    // A creation counts as under way until what it made was seen: the next look may be a stale one.
    if (does === 'remove') delete next.mayAppearUntil
    write(tx, next)
    return { is: 'written', doc: next }
  }, 'one-document')
}

/**
 * Forgets an operation that failed, was refused or cannot be found; the world is looked at again. `mayAppearUntil` is what an
 * earlier creation of unknown outcome left: that this one came to nothing says nothing of that one.
 */
export async function forgetOperation(
  deps: Deps,
  id: ResourceId,
  token: number,
  mayAppearUntil?: number,
): Promise<Entry> {
  return deps.store.transact(async (tx) => {
    const doc = await tx.get('resources', id)
    if (doc === undefined || doc.token > token) return { is: 'stale' }
    const next: ResourceDoc = {
      ...doc,
      operation: null,
      // The audit log tells of failed ones too: an echo of our own failure must not end the pause after it.
      ...(doc.operation === null ? {} : { lastOperation: doc.operation.name }),
      token,
    }
    if (mayAppearUntil === undefined) delete next.mayAppearUntil
    else next.mayAppearUntil = mayAppearUntil
    write(tx, next)
    return { is: 'written', doc: next }
  }, 'one-document')
}

/** What settling told: who is to be woken, and whether the ingresses' plans see something new. */
export interface Settled {
  doc: ResourceDoc | undefined
  /** Ingresses whose part of what is shared is there from now on. */
  served: readonly string[]
  outputChanged: boolean
  phaseChanged: boolean
}

/** Ends a visit: writes its outcome, unless the claims changed or somebody nudged meanwhile. */
export async function settle(
  deps: Deps,
  kind: AnyKind,
  view: View,
  token: number,
  outcome: Outcome,
  output: unknown,
): Promise<{ is: 'stale' } | { is: 'changed' } | ({ is: 'written' } & Settled)> {
  const settled = await deps.store.transact<{ is: 'stale' } | { is: 'changed' } | ({ is: 'written' } & Settled)>(
    async (tx) => {
      const current = await readAgain(tx, kind, view)
      if (current === undefined || current.doc.token > token) return { is: 'stale' }
      const { doc } = current
      if (doc.stirred === true || current.wantHash !== view.wantHash || doc.nudges !== view.doc.nudges)
        return { is: 'changed' }
      const own = outcome.is === 'waiting' ? apart(deps, outcome.on).own : []
      if ((await missing(tx, own, doc.owner)).length < own.length) return { is: 'changed' }
      const now = deps.clock.now()
      const outputChanged = output !== undefined && hashOf(output) !== hashOf(doc.output)
      // Trouble that begins or ends changes what the Ingress says of itself, also where it had come to rest.
      const turned = outcome.is !== 'gone' && isTrouble(doc.phase) !== isTrouble(phaseOf(outcome))
      const planners = outputChanged || turned ? await tx.getAll('ingresses', ownersOf(current)) : []
      if (outcome.is === 'gone') {
        tx.delete('resources', doc.id)
        return { is: 'written', doc: undefined, served: [], outputChanged: false, phaseChanged: true }
      }
      const failures =
        outcome.is === 'retry' || outcome.is === 'failed' ? doc.failures + 1 : outcome.is === 'ready' ? 0 : doc.failures
      const phase = phaseOf(outcome)
      const stands = outcome.is === 'again' && outcome.stands === true
      const next: ResourceDoc = {
        ...doc,
        ...rest(phase, whyOf(outcome), nextWake(outcome, failures, now, deps.random)),
        refs: current.refs,
        failures,
        ...(outcome.is === 'waiting' ? { waitingOn: outcome.on, waitingFor: 'exist' as const } : {}),
        operation: outcome.is === 'working' ? outcome.operation : null,
        token,
        updatedAt: now,
        ...(outputChanged ? { output } : {}),
        ...(outcome.is === 'ready' || stands ? { applied: true, appliedRefs: current.holds } : {}),
        ...(outcome.is === 'ready' ? { readyHash: current.wantHash } : {}),
        ...(outcome.is === 'ready' && doc.readyHash !== current.wantHash ? { unswept: scopeOf(doc.id) } : {}),
      }
      if (outcome.is === 'failed' && outcome.forbidden) next.forbidden = true
      else delete next.forbidden
      if (outcome.is === 'ready' || stands) delete next.mayAppearUntil
      if (outcome.is === 'ready' && outcome.taken !== undefined) next.taken = outcome.taken
      if (outcome.is === 'again' && outcome.mayAppearUntil !== undefined) next.mayAppearUntil = outcome.mayAppearUntil
      const parts = outcome.is === 'ready' && kind.merge !== undefined ? partsOf(current.claims) : {}
      if (outcome.is === 'ready' && kind.merge !== undefined) next.madeFor = parts
      const served = Object.keys(parts).filter((ingress) => doc.madeFor?.[ingress] !== parts[ingress])
      write(tx, next)
      // The planner's own alarm clock is set with the news, so that a lost nudge costs a tick and no more.
      for (const ingress of planners) {
        if (ingress) tx.set('ingresses', ingress.id, { ...ingress, wakeAt: now, token: ingress.token + 1 })
      }
      return { is: 'written', doc: next, served, outputChanged, phaseChanged: phase !== view.doc.phase }
    },
  )
  if (settled.is !== 'written' || outcome.is !== 'waiting') return settled
  return (await isStillMissing(deps, outcome.on, view.doc.owner)) ? settled : { is: 'changed' }
}

/** Says that somebody came while a holder was at work: the holder looks again before it comes to rest. */
export async function nudgeBusy(deps: Deps, id: ResourceId): Promise<void> {
  await deps.store.transact(async (tx) => {
    const doc = await tx.get('resources', id)
    if (doc === undefined) return
    // Should the holder die, the tick finds it after the lease.
    const wakeAt = doc.wakeAt ?? deps.clock.now() + deps.budget.lease
    write(tx, { ...doc, nudges: doc.nudges + 1, wakeAt })
  }, 'one-document')
}

function phaseOf(outcome: Exclude<Outcome, { is: 'gone' }>): ResourcePhase {
  switch (outcome.is) {
    case 'ready':
      return 'Ready'
    case 'waiting':
    case 'held':
      return 'Waiting'
    case 'working':
    case 'again':
      return 'Working'
    case 'retry':
      return 'Retrying'
    case 'failed':
      return 'Failed'
    default:
      return outcome satisfies never
  }
}

function isTrouble(phase: ResourcePhase): boolean {
  return phase === 'Retrying' || phase === 'Failed'
}

function whyOf(outcome: Outcome): string {
  return outcome.is === 'retry' ? outcome.fault.why : outcome.why
}

/** The members that every commit sets; a commit ends any earlier wait. */
export function rest(
  phase: ResourcePhase,
  why: string,
  wakeAt: number | null,
): Pick<ResourceDoc, 'phase' | 'why' | 'wakeAt' | 'waitingOn' | 'waitingFor'> {
  // Not a page, because the API's messages can be long; a command for a person must stay whole.
  return { phase, why: why.slice(0, 4_000), wakeAt, waitingOn: [], waitingFor: null }
}

export function write(tx: Transaction, doc: ResourceDoc): void {
  tx.set('resources', doc.id, doc)
}

/** Names of resources for a sentence: all of a few, the first three of many. */
export function list(ids: readonly ResourceId[]): string {
  const names = ids.map((id) => `${id.split('/')[0] ?? ''} ${id.split('/').at(-1) ?? ''}`)
  return names.length <= 3 ? names.join(', ') : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`
}
