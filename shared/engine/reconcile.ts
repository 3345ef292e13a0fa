import { splitResourceId, type ResourceId } from '../resource-id.ts'
import { hashOf } from '../json.ts'
import type { OperationRef, StartedOperation } from '../cloud/compute-port.ts'
import { decide, type Step } from './decide.ts'
import type { Deps } from './deps.ts'
import { classify, type Fault } from './faults.ts'
import { changesInWords } from './history.ts'
import { observedWhy, pausedWhy } from './hold.ts'
import type { AnyKind, Cloud, Observation } from './kind.ts'
import { acquire, release } from './lease.ts'
import * as ledger from './ledger.ts'
import { nudgeOf, planNudgeOf, send, wakeWaiters, type Cause } from './nudge.ts'
import { pace, type Outcome } from './outcome.ts'

/** A visit goes round at most so often before it hands over to a fresh message. */
const mostRounds = 12

/** A pause up to this long is slept through; a longer one is left to the tick (one a minute). Milliseconds. */
const longestNap = 10_000

/**
 * Brings one resource one visit nearer to what is wanted of it. Safe to call at any time, any number of times, by anybody:
 * the document says what is wanted, the world says what is there, a message only says when.
 *
 * Throws only when the Store cannot be used; then the message must be delivered again.
 */
export async function reconcile(deps: Deps, id: ResourceId, cause: Cause): Promise<void> {
  const kind = deps.kinds.find((candidate) => candidate.name === splitResourceId(id).kind)
  if (kind === undefined) throw new UnknownKind(`there is no kind of resource "${splitResourceId(id).kind}"`)
  let lease = await acquire(deps, id)
  if (lease === undefined) {
    await ledger.nudgeBusy(deps, id)
    // The holder may have looked for nudges for the last time just before: then its lease is free by now.
    lease = await acquire(deps, id)
    if (lease === undefined) return
  }
  const visit: Visit = {
    deps,
    kind,
    id,
    token: lease.token,
    cause,
    cloud: cloudOf(deps),
    deadline: deps.clock.now() + deps.budget.work,
    background: [],
    woken: Promise.resolve(false),
    nudges: undefined,
  }
  try {
    await rounds(visit)
  } finally {
    // Whatever becomes of the nudges, the lease goes back at once: a redelivery must not wait for its end.
    const sent = await Promise.allSettled(visit.background)
    const doc = await release(deps, lease, (tx) => tx.get('resources', id))
    if (doc !== undefined && visit.nudges !== undefined && doc.nudges !== visit.nudges)
      await send(deps, [nudgeOf(id, cause)])
    for (const one of sent) if (one.status === 'rejected') throw one.reason
  }
}

/** A message for a kind that this version does not know: no retry will help. */
export class UnknownKind extends Error {
  override name = 'UnknownKind'
}

interface Visit {
  deps: Deps
  kind: AnyKind
  id: ResourceId
  token: number
  cause: Cause
  cloud: Cloud
  /** No new work after this. */
  deadline: number
  /** Nudges on their way; the visit does not end before they are sent. */
  background: Promise<unknown>[]
  /** Whether anybody waited for the last mutation to end: those will report to the planner. */
  woken: Promise<boolean>
  /** How many nudges this visit has taken into account; undefined before its first look. */
  nudges: number | undefined
}

/** What one round led to: an outcome to settle, a reason to look again at once, or an end that is already written. */
type Round = { is: 'settle'; outcome: Outcome; seen?: Observation<unknown> } | { is: 'look-again' } | { is: 'over' }

async function rounds(visit: Visit): Promise<void> {
  const { deps, kind, id, token } = visit
  for (let round = 0; round < mostRounds; round += 1) {
    const view = await ledger.read(deps.store, kind, id)
    if (view === undefined) return
    visit.nudges = view.doc.nudges
    const result = await attempt(visit, view)
    if (result.is === 'over') return
    if (result.is === 'look-again') continue
    if (
      result.outcome.is === 'again' &&
      (await napped(visit, view, result.outcome.after, result.outcome.why, result.seen?.output))
    )
      continue
    const settled = await ledger.settle(deps, kind, view, token, result.outcome, result.seen?.output)
    if (settled.is === 'stale') return
    if (settled.is === 'changed') continue
    report(visit, view, result.outcome, settled)
    const wake = settled.doc?.wakeAt ?? null
    const naps = result.outcome.is === 'retry' || result.outcome.is === 'again'
    const now = deps.clock.now()
    if (!naps || wake === null || wake - now > longestNap || wake > visit.deadline) return
    await deps.clock.sleep(Math.max(0, wake - now))
  }
  // Still not at rest, and its document says so; a fresh message goes on.
  await send(deps, [nudgeOf(id, visit.cause)])
}

/** Polling that shows nothing new is not worth a write: the document already says what is waited for. */
async function napped(visit: Visit, view: ledger.View, after: number, why: string, output: unknown): Promise<boolean> {
  const { clock } = visit.deps
  const same =
    view.doc.phase === 'Working' &&
    view.doc.why === why &&
    view.doc.wakeAt !== null &&
    hashOf(output ?? view.doc.output) === hashOf(view.doc.output)
  if (!same || after > longestNap || clock.now() + after > visit.deadline) return false
  await clock.sleep(after)
  return true
}

async function attempt(visit: Visit, view: ledger.View): Promise<Round> {
  const { deps } = visit
  if (view.doc.operation) return awaitOperation(visit, view, view.doc.operation, view.doc.appliedRefs)
  if (view.hold === 'paused') return settle({ is: 'held', why: pausedWhy })
  // Nothing of it exists yet: no look is needed to know that it has to wait.
  if (view.want !== null && !view.doc.applied) {
    const on = await ledger.missing(visit.deps.store, view.refs)
    if (on.length > 0) return settle({ is: 'waiting', on, why: `waits for ${ledger.list(on)}` })
  }
  let seen: Observation<unknown>
  try {
    seen = await visit.kind.observe(visit.cloud, visit.id, view.want, view.doc.output)
  } catch (error) {
    return settle(outcomeOf(classify(error)))
  }
  if (seen.refused !== undefined) return settle({ is: 'failed', why: seen.refused }, seen)
  if (seen.pending && seen.got === undefined && view.want !== null)
    return settle({ is: 'again', ...seen.pending }, seen)
  const step = decide(visit.kind, view.want, seen, { force: view.force, owner: view.doc.owner })
  switch (step.do) {
    case 'nothing':
      if (view.want === null) {
        const now = deps.clock.now()
        const until = view.doc.mayAppearUntil ?? (view.doc.applied ? now + pace.stale : now)
        if (seen.got === undefined && now < until) {
          const why = 'it was made, or was about to be, and is not to be seen: it may still appear'
          return settle({ is: 'again', after: Math.min(30_000, until - now), why, mayAppearUntil: until }, seen)
        }
        return settle({ is: 'gone', why: step.why }, seen)
      }
      return seen.pending
        ? settle({ is: 'again', ...seen.pending }, seen)
        : settle({ is: 'ready', why: step.why }, seen)
    case 'refuse':
      return settle({ is: 'failed', why: step.why }, seen)
    case 'create':
    case 'update':
    case 'remove':
      if (view.hold === 'observe') return settle({ is: 'held', why: observedWhy(step) }, seen)
      return mutate(visit, view, seen, step)
    default:
      return step satisfies never
  }
}

async function mutate(
  visit: Visit,
  view: ledger.View,
  seen: Observation<unknown>,
  step: Step & { do: 'create' | 'update' | 'remove' },
): Promise<Round> {
  const { deps, id, token } = visit
  // The lease must outlast the call that is about to be made; whoever comes next begins afresh.
  if (deps.clock.now() > visit.deadline)
    return settle({ is: 'again', after: 0, why: `${step.why}; out of time for now` }, seen)
  const gate = await ledger.begin(deps, visit.kind, view, token, step, noteOf(step, visit.cause))
  if (gate.is === 'stale' || gate.is === 'waiting') return { is: 'over' }
  if (gate.is === 'changed') return { is: 'look-again' }
  deps.log.info(
    { resource: id, step: step.do, why: step.why, changes: step.changes, token, trace: visit.cause.trace },
    'mutation',
  )
  let started: StartedOperation | null
  try {
    started = await perform(visit, view, seen, step, requestIdOf(id, token, step.do, view.wantHash, gate.doc.updatedAt))
  } catch (error) {
    const fault = classify(error)
    if (fault.kind === 'absent' && step.do === 'remove') return ended(visit, 'remove', [])
    // A clear refusal began nothing; an earlier attempt may have.
    const unclear = fault.kind === 'transient' || fault.kind === 'conflict'
    if (step.do === 'create' && !unclear) {
      const forgotten = await ledger.forgetOperation(deps, id, token, view.doc.mayAppearUntil)
      if (forgotten.is !== 'written') return { is: 'over' }
    }
    // The answer of an earlier attempt may have been lost: the world knows better than we do. One look is free, then with patience.
    return settle(outcomeOf(fault), seen)
  }
  if (started === null) return ended(visit, step.do, view.holds)
  const operation: OperationRef = { ...started, does: step.do }
  const recorded = await ledger.recordOperation(deps, id, token, operation)
  if (recorded.is !== 'written') return { is: 'over' }
  return awaitOperation(visit, view, operation, step.do === 'remove' ? [] : view.holds)
}

/** For the history: what differed, and which message led to it. */
function noteOf(step: Step, cause: Cause): string {
  const what = step.changes.length === 0 ? step.why : changesInWords(step.changes)
  return `${what} (${cause.why})`.slice(0, 1_000)
}

function perform(
  visit: Visit,
  view: ledger.View,
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
async function awaitOperation(
  visit: Visit,
  view: ledger.View,
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
  visit.woken = wakeWaiters(visit.deps, visit.id, { ...visit.cause, why: `${ledger.list([visit.id])} changed` })
  inBackground(visit, visit.woken)
}

/** What fails here fails the visit at its end; until then a rejection without a handler would end the whole process. */
function inBackground(visit: Visit, work: Promise<unknown>): void {
  work.catch(() => undefined)
  visit.background.push(work)
}

/** Tells the log, the neighbours and the planners what a visit came to. */
function report(visit: Visit, view: ledger.View, outcome: Outcome, settled: ledger.Settled): void {
  const { deps, id, cause, woken } = visit
  const why = outcome.is === 'retry' ? outcome.fault.why : outcome.why
  const fields = { resource: id, outcome: outcome.is, why, token: visit.token, cause: cause.why, trace: cause.trace }
  if (outcome.is === 'failed' || outcome.is === 'retry') deps.log.warn(fields, 'visit ended')
  else if (settled.phaseChanged || outcome.is === 'gone') deps.log.info(fields, 'visit ended')
  const rests = outcome.is === 'ready' || outcome.is === 'gone' || outcome.is === 'held'
  const troubled = outcome.is === 'failed' || outcome.is === 'retry'
  inBackground(
    visit,
    (async () => {
      const stirs = !view.doc.applied || outcome.is === 'gone' || view.doc.readyHash !== view.wantHash
      const waited = rests && ((stirs && (await wakeWaiters(deps, id, cause))) || (await woken))
      // The planner cares for facts, for trouble, and for the last of a chain; what others wait for, they will report.
      if (settled.outputChanged || (settled.phaseChanged && (troubled || (rests && !waited)))) {
        await send(
          deps,
          ledger
            .ownersOf(view)
            .map((ingress) => planNudgeOf(ingress, { ...cause, why: `${ledger.list([id])} is ${outcome.is}` })),
        )
      }
    })(),
  )
}

function outcomeOf(fault: Fault): Outcome {
  return fault.kind === 'refused' ? { is: 'failed', why: fault.why } : { is: 'retry', fault }
}

function settle(outcome: Outcome, seen?: Observation<unknown>): Round {
  return seen === undefined ? { is: 'settle', outcome } : { is: 'settle', outcome, seen }
}

/** The same attempt has the same id, so that a request repeated below us is one operation; a new attempt has a new one. */
function requestIdOf(...parts: readonly (string | number)[]): string {
  const hex = hashOf(parts) + hashOf([...parts, 'more'])
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

/** The world as kinds see it in one visit: Compute, and clusters by their registered name. */
export function cloudOf(deps: Deps): Cloud {
  const recalled = new Map<string, { at: number; value: unknown }>()
  return {
    compute: deps.compute,
    now: () => deps.clock.now(),
    async recall<T>(what: string, ms: number, read: () => Promise<T>): Promise<T> {
      const known = recalled.get(what)
      if (known !== undefined && deps.clock.now() - known.at <= ms) return known.value as T
      const value = await read()
      recalled.set(what, { at: deps.clock.now(), value })
      return value
    },
    async cluster(name) {
      const doc = await deps.store.get('clusters', name)
      return doc === undefined ? undefined : deps.clusters.connect(doc.registration)
    },
    isLeaving: async (name) => (await deps.store.get('clusters', name))?.leaving === true,
  }
}
