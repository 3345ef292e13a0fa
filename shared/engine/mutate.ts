import { hashOf } from '../json.ts'
import { scopeOf, type ResourceId } from '../resource-id.ts'
import type { OperationRef, StartedOperation } from '../cloud/compute-port.ts'
import type { Step } from './decide.ts'
import { classify } from './faults.ts'
import { changesInWords } from './history.ts'
import type { Observation } from './kind.ts'
import { begin } from './gate.ts'
import * as ledger from './ledger.ts'
import { wakeWaiters, type Cause } from './nudge.ts'
import type { Turn } from './turns.ts'
import { read, type View } from './view.ts'
import { inBackground, outcomeOf, settle, type Round, type Visit } from './visit.ts'

/**
 * The one mutation of a round: its intent is written through the gate, the operation is begun, its name is recorded before anybody
 * waits for it, and its end is confirmed.
 */
export async function mutate(
  visit: Visit,
  view: View,
  seen: Observation<unknown>,
  step: Step & { do: 'create' | 'update' | 'remove' },
): Promise<Round> {
  const { deps, id, token } = visit
  // The lease must outlast the call that is about to be made; whoever comes next begins afresh.
  if (deps.clock.now() > visit.deadline)
    return settle({ is: 'again', after: 0, why: `${step.why}; out of time for now` }, seen)
  const gate = await begin(deps, visit.kind, view, token, step, noteOf(step, visit.cause))
  if (gate.is === 'stale' || gate.is === 'waiting') return { is: 'over' }
  if (gate.is === 'changed') return { is: 'look-again' }
  deps.log.info(
    { resource: id, step: step.do, why: step.why, changes: step.changes, token, trace: visit.cause.trace },
    'mutation',
  )
  let turn: Turn<StartedOperation | null | 'moved'>
  try {
    // What differs is part of it: a want may take several calls, all within one tick of the clock.
    const requestId = requestIdOf(id, token, step.do, view.wantHash, hashOf(step.changes), gate.doc.updatedAt)
    turn = await deps.turns.run(scopeOf(id), visit.deadline, async (waited) =>
      waited > longWait && (await moved(visit, view)) ? 'moved' : perform(visit, view, seen, step, requestId),
    )
  } catch (error) {
    const fault = classify(error)
    if (fault.kind === 'absent' && step.do === 'remove') return ended(visit, 'remove', [])
    // A clear refusal began nothing; an earlier attempt may have.
    const unclear = fault.kind === 'transient' || fault.kind === 'conflict'
    // The answer of an earlier attempt may have been lost: the world knows better than we do. One look is free, then with patience.
    return unclear ? settle(outcomeOf(fault), seen) : nothingBegun(visit, view, step, settle(outcomeOf(fault), seen))
  }
  if (turn.is === 'late') {
    const why = `${step.why}; its turn has not come yet, because there are too many changes at once: ${turn.why}`
    return nothingBegun(visit, view, step, settle({ is: 'again', after: 0, why }, seen))
  }
  const started = turn.answer
  if (started === 'moved') return nothingBegun(visit, view, step, { is: 'look-again' })
  if (started === null) return ended(visit, step.do, view.holds)
  const operation: OperationRef = { ...started, does: step.do }
  const recorded = await ledger.recordOperation(deps, id, token, operation)
  if (recorded.is !== 'written') return { is: 'over' }
  return awaitOperation(visit, view, operation, step.do === 'remove' ? [] : view.holds)
}

/** Milliseconds after which what was wanted when the wait began is compared with what is wanted now. */
const longWait = 1_000

async function moved({ deps, kind, id }: Visit, view: View): Promise<boolean> {
  return (await read(deps.store, kind, id))?.wantHash !== view.wantHash
}

/** Takes back what the intent of a creation said; a doubt that an earlier attempt left stays. */
async function nothingBegun(visit: Visit, view: View, step: Step, next: Round): Promise<Round> {
  if (step.do !== 'create') return next
  const entry = await ledger.forgetOperation(visit.deps, visit.id, visit.token, view.doc.mayAppearUntil)
  return entry.is === 'written' ? next : { is: 'over' }
}

/** For the history: what differed, and which message led to it. */
function noteOf(step: Step, cause: Cause): string {
  const what = step.changes.length === 0 ? step.why : changesInWords(step.changes)
  return `${what} (${cause.why})`.slice(0, 1_000)
}

function perform(
  visit: Visit,
  view: View,
  seen: Observation<unknown>,
  step: Step,
  requestId: string,
): Promise<StartedOperation | null> {
  const { kind, cloud, id } = visit
  if (step.do === 'create') return kind.create(cloud, id, view.want, requestId)
  if (step.do === 'remove') return kind.remove(cloud, id, seen.got, requestId)
  if (kind.update === undefined) throw new Error(`${kind.name} cannot be updated`)
  return kind.update(cloud, id, view.want, seen.got, step.changes, requestId)
}

/** Waits for an operation as long as the visit lasts; `refs` are what the resource refers to once it has ended well. */
export async function awaitOperation(
  visit: Visit,
  view: View,
  operation: OperationRef,
  refs: readonly ResourceId[],
): Promise<Round> {
  const { deps, id, token } = visit
  let state
  try {
    state = await deps.compute.wait(operation, Math.max(1, visit.deadline - deps.clock.now()))
  } catch (error) {
    const fault = classify(error)
    // Operations are forgotten by the API after a while: what it did is there to be seen.
    if (fault.kind === 'absent')
      return (await ledger.forgetOperation(deps, id, token)).is === 'written' ? { is: 'look-again' } : { is: 'over' }
    return settle({
      is: 'working',
      operation,
      why: `${view.doc.why}; its operation could not be asked for: ${fault.why}`,
    })
  }
  if (!state.done) {
    if (deps.clock.now() < visit.deadline) return { is: 'look-again' }
    return settle({ is: 'working', operation, why: view.doc.why })
  }
  if (state.error === null) return ended(visit, operation.does, refs)
  if ((await ledger.forgetOperation(deps, id, token)).is !== 'written') return { is: 'over' }
  const fault = classify(state.error)
  if (fault.kind === 'absent' && operation.does === 'remove') return ended(visit, 'remove', [])
  return settle(outcomeOf(fault))
}

/** The mutation ended well: others may build on it from now on, before we have looked at it again. */
async function ended(visit: Visit, does: OperationRef['does'], refs: readonly ResourceId[]): Promise<Round> {
  const entry = await ledger.confirm(visit.deps, visit.id, visit.token, does, refs)
  if (entry.is !== 'written') return { is: 'over' }
  wake(visit)
  return { is: 'look-again' }
}

function wake(visit: Visit): void {
  inBackground(visit, wakeWaiters(visit.deps, visit.id, { ...visit.cause, why: `${ledger.list([visit.id])} changed` }))
}

/** The same attempt has the same id, so that a request repeated below us is one operation; a new attempt has a new one. */
function requestIdOf(...parts: readonly (string | number)[]): string {
  const hex = hashOf(parts) + hashOf([...parts, 'more'])
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
