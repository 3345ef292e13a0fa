import { splitResourceId, type ResourceId } from '../resource-id.ts'
import { hashOf } from '../json.ts'
import { decide, identityOf } from './decide.ts'
import type { Deps } from './deps.ts'
import { isBehind, missing } from './existence.ts'
import { classify } from './faults.ts'
import { observedWhy, pausedWhy } from './hold.ts'
import type { Observation } from './kind.ts'
import { acquire, release } from './lease.ts'
import * as ledger from './ledger.ts'
import { awaitOperation, mutate } from './mutate.ts'
import { nudgeOf, planNudgeOf, send, wakeWaiters, type Cause } from './nudge.ts'
import { pace, type Outcome } from './outcome.ts'
import { ownersOf, type View } from './view.ts'
import { cloudOf, inBackground, outcomeOf, settle, type Round, type Visit } from './visit.ts'

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
  const background: Promise<unknown>[] = []
  const visit: Visit = {
    deps,
    kind,
    id,
    token: lease.token,
    cause,
    cloud: cloudOf(deps, background),
    deadline: deps.clock.now() + deps.budget.work,
    background,
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

async function rounds(visit: Visit): Promise<void> {
  const { deps, kind, id, token } = visit
  for (let round = 0; round < mostRounds; round += 1) {
    const view = await ledger.open(deps, kind, id, token)
    if (view === undefined) return
    visit.nudges = view.doc.nudges
    const result = await attempt(visit, view)
    if (result.is === 'over') return
    if (result.is === 'look-again') continue
    if (
      result.outcome.is === 'again' &&
      !beginsToStand(view, result.outcome) &&
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
    if (!naps || wake === null || wake - now > longestNap) return
    if (wake > visit.deadline) {
      if (wake > now) return
      break
    }
    await deps.clock.sleep(Math.max(0, wake - now))
  }
  // Still not at rest, and its document says so; a fresh message goes on.
  await send(deps, [nudgeOf(id, visit.cause)])
}

/** Polling that shows nothing new is not worth a write: the document already says what is waited for. */
async function napped(visit: Visit, view: View, after: number, why: string, output: unknown): Promise<boolean> {
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

async function attempt(visit: Visit, view: View): Promise<Round> {
  const { deps } = visit
  if (view.doc.operation) return awaitOperation(visit, view, view.doc.operation, view.doc.appliedRefs)
  if (view.hold === 'paused') return settle({ is: 'held', why: pausedWhy })
  if (view.want === null && view.doc.left === true)
    return settle({ is: 'gone', why: 'its Ingress was withdrawn, and what it had is left as it is' })
  if (view.want === null && visit.kind.follows === true) return settle({ is: 'gone', why: 'there is nothing to undo' })
  // Nothing of it exists yet: no look is needed to know that it has to wait.
  if (view.want !== null && !view.doc.applied) {
    const on = await missing(visit.deps.store, view.refs, view.doc.owner)
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
  const step = decide(visit.kind, view.want, seen, { force: view.force, ...view.doc })
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
      // A certificate that Google is making becomes ACTIVE only where it is attached, whoever heard of its creation.
      return seen.pending
        ? settle({ is: 'again', ...seen.pending, stands: true }, seen)
        : settle({ is: 'ready', why: step.why, ...takenBy(seen) }, seen)
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

/** What is as wanted and still bears no stamp of ours, force has let us have: the document says so, as the resource cannot. */
function takenBy(seen: Observation<unknown>): { taken?: string } {
  const taken = seen.owner === 'foreign' ? identityOf(seen.got) : undefined
  return taken === undefined ? {} : { taken }
}

const nobody: ReadonlySet<string> = new Set()

/** Tells the log, the neighbours and the planners what a visit came to. */
function report(visit: Visit, view: View, outcome: Outcome, settled: ledger.Settled): void {
  const { deps, id, cause } = visit
  const why = outcome.is === 'retry' ? outcome.fault.why : outcome.why
  const fields = { resource: id, outcome: outcome.is, why, token: visit.token, cause: cause.why, trace: cause.trace }
  if (outcome.is === 'failed' || outcome.is === 'retry') deps.log.warn(fields, 'visit ended')
  else if (settled.phaseChanged || outcome.is === 'gone') deps.log.info(fields, 'visit ended')
  const rests = outcome.is === 'ready' || outcome.is === 'gone' || outcome.is === 'held'
  const troubled = outcome.is === 'failed' || outcome.is === 'retry'
  inBackground(
    visit,
    (async () => {
      // Who waited for the mutation alone has gone on since, and may be done before this: it is asked who waits now.
      const waited =
        beginsToStand(view, outcome) ||
        (rests && (!view.doc.applied || outcome.is === 'gone' || wasBehind(view))) ||
        holdsUpNobodyNow(view, settled)
          ? await wakeWaiters(deps, id, cause)
          : nobody
      const ends = isEnd(visit, view, outcome, waited.size > 0)
      // The planner cares for facts, for trouble, and for the last of a chain; what others wait for, they will report.
      const all = settled.outputChanged || (settled.phaseChanged && (troubled || (rests && ends)))
      const planners = all ? ownersOf(view) : settled.served.filter((ingress) => !waited.has(ingress))
      await send(
        deps,
        planners.map((ingress) => planNudgeOf(ingress, { ...cause, why: `${ledger.list([id])} is ${outcome.is}` })),
      )
    })(),
  )
}

/** Whether nobody else will report what this is the end of. */
function isEnd({ kind }: Visit, view: View, outcome: Outcome, isWaitedFor: boolean): boolean {
  if (kind.follows === true) return outcome.is === 'gone' || wasTroubled(view)
  // That others have got their part is no news for those who had theirs.
  if (kind.merge !== undefined) return outcome.is !== 'ready' || wasTroubled(view)
  return !isWaitedFor
}

/** Others may have waited for it though it was there: it was not yet what is claimed of it. */
function wasBehind({ doc, wantHash }: View): boolean {
  return doc.readyHash !== wantHash || doc.phase === 'Pending'
}

/** It cannot become as wanted for now, which was not known before: who came to wait for it goes on without. */
function holdsUpNobodyNow({ doc }: View, settled: ledger.Settled): boolean {
  return isBehind(doc) && settled.doc !== undefined && !isBehind(settled.doc)
}

/** It was made, and nobody heard of it until it was seen: others may build on it from now on. */
function beginsToStand({ doc }: View, outcome: Outcome): boolean {
  return outcome.is === 'again' && outcome.stands === true && !doc.applied
}

function wasTroubled({ doc }: View): boolean {
  return doc.phase === 'Failed' || doc.phase === 'Retrying'
}
