import { plan, type Plan } from '../planning/plan.ts'
import { loadBalancerOf } from '../planning/layout.ts'
import type { ResourceId } from '../resource-id.ts'
import type { Happening, IngressDoc } from '../state/documents.ts'
import { lookForLoadBalancer, type Found, type Sought } from './adoption.ts'
import { stake, type Stake } from './claims.ts'
import type { Deps } from './deps.ts'
import { classify } from './faults.ts'
import { remembered } from './history.ts'
import { pausedProblem } from './hold.ts'
import { acquire, release } from './lease.ts'
import { list } from './ledger.ts'
import { nudgeOf, planNudgeOf, send, type Cause } from './nudge.ts'
import { clusterWants, factsOf, sourcesOf, type Sources } from './sources.ts'
import { withdrawn, stakesOf } from './stakes.ts'
import { stirAll } from './stir.ts'
import { isShared } from './view.ts'
import { writeStatus } from './write-status.ts'

/** A planner that dies is found by the tick after this; milliseconds. */
const planLease = 60_000

/** Planners of one Ingress take turns for at most this; one that takes longer is overtaken, and refused by the token. Milliseconds. */
const turn = 30_000

/** A planner goes round at most so often before it hands over to a fresh message. */
const mostRounds = 5

/**
 * Recomputes what an Ingress wants of every resource from its spec and the facts, writes the difference as claims, nudges
 * what changed, and recomputes its status. Safe at any time: an older planner is refused by the document's token.
 *
 * News comes in bursts, one message for each cluster or resource: whoever finds a planner at work leaves word, and that one
 * plans once more for all of them.
 */
export async function planIngress(deps: Deps, id: string, cause: Cause): Promise<void> {
  let lease = await acquire(deps, `plan/${id}`, turn)
  if (lease === undefined) {
    await leaveWord(deps, id)
    // The planner may have looked for the last time just before: then its turn is over by now.
    lease = await acquire(deps, `plan/${id}`, turn)
    if (lease === undefined) return
  }
  let again = false
  let rounds = 0
  const announcements: Promise<void>[] = []
  /** Told while the next round, or the next planner, is at work: nobody shall wait for it. */
  const tell = (announcement: Promise<void>): void => {
    announcement.catch(() => undefined)
    announcements.push(announcement)
  }
  try {
    do {
      await takeWord(deps, id)
      const more = await planOnce(deps, id, cause, tell)
      again = more || (await deps.store.get('ingresses', id))?.called === true
      rounds += 1
    } while (again && rounds < mostRounds)
  } finally {
    const doc = await release(deps, lease, (tx) => tx.get('ingresses', id))
    if (again || doc?.called === true) await send(deps, [planNudgeOf(id, cause)])
  }
  await Promise.all(announcements)
}

/**
 * Tells the planner at work that there is news. Word that is there already will do: it is taken before the documents are
 * read, so what came before this is seen by whoever takes it.
 */
async function leaveWord(deps: Deps, id: string): Promise<void> {
  const known = await deps.store.get('ingresses', id)
  if (known === undefined || known.called === true) return
  await deps.store.transact(async (tx) => {
    const doc = await tx.get('ingresses', id)
    if (doc === undefined || doc.called === true) return
    // Should the planner die, the tick finds it after its turn.
    tx.set('ingresses', id, { ...doc, called: true, wakeAt: doc.wakeAt ?? deps.clock.now() + turn })
  }, 'one-document')
}

async function takeWord(deps: Deps, id: string): Promise<void> {
  if ((await deps.store.get('ingresses', id))?.called !== true) return
  await deps.store.transact(async (tx) => {
    const doc = await tx.get('ingresses', id)
    if (doc?.called !== true) return
    const { called: _, ...taken } = doc
    tx.set('ingresses', id, taken)
  }, 'one-document')
}

/** Answers true when planning can go on at once: what it worked from has changed, or was just found. */
async function planOnce(
  deps: Deps,
  id: string,
  cause: Cause,
  tell: (announcement: Promise<void>) => void,
): Promise<boolean> {
  const sources = await sourcesOf(deps.store, id)
  if (sources === undefined) return false
  const { doc } = sources
  if (doc.stirring !== undefined) await stirAll(deps, id, doc.stirring, cause)
  const made = draft(deps, sources)
  const stakes =
    doc.goneAt !== null || doc.generation === 0
      ? []
      : made === null
        ? withdrawn(deps.kinds, sources)
        : stakesOf(deps.kinds, made, sources)
  let token = doc.token
  let conflicts: string[] = []
  if (stakes.length > 0) {
    const shared = stakes.map((one) => one.id).filter((resource) => isShared(deps.kinds, resource))
    const begun = await startWriting(deps, doc, shared, planWritten(stakes, cause, deps.clock.now()))
    if (begun === undefined) return true
    token = begun
    const begins = made?.is === 'planned' && doc.model.settings.mode !== 'observe'
    const staked = await stake(deps, doc, token, stakes, begins)
    if (staked.is === 'stale') return true
    conflicts = staked.conflicts
    await stirAll(deps, id, shared, cause)
    await send(
      deps,
      staked.awake.map((resource) => nudgeOf(resource, cause)),
    )
    deps.log.info(
      {
        ingress: id,
        generation: doc.generation,
        plan: made?.is ?? 'withdrawn',
        changed: stakes.length,
        trace: cause.trace,
        cause: cause.why,
      },
      'plan written',
    )
  }
  const settled = stakes.length === 0 ? sources : await sourcesOf(deps.store, id)
  if (settled?.doc.token !== token) return settled !== undefined
  const idle = made === null || doc.model.settings.mode === 'paused'
  if (idle || isLookedFor(doc) || conflicts.length > 0) {
    await writeStatus(deps, settled, made, conflicts, cause, tell)
    return false
  }
  // The clusters are being looked at meanwhile.
  try {
    const found = await lookForLoadBalancer(deps.compute, soughtBy(deps, doc))
    return await noteFound(deps, id, token, found)
  } catch (error) {
    const { why } = classify(error)
    await writeStatus(deps, settled, notLookedFor(made, why), conflicts, cause, tell)
    return false
  }
}

/** What is wanted now; null = nothing. Until it is known what there is of the load balancer nothing but looks is wanted. */
function draft(deps: Deps, sources: Sources): Plan | null {
  const { doc, claims } = sources
  if (doc.deleted || doc.generation === 0) return null
  if (doc.model.settings.mode === 'paused')
    return { is: 'looking', desired: [], waiting: [pausedProblem], warnings: [] }
  const made = plan(deps.kinds, doc, factsOf(deps.project, sources, deps.clock.now()), clusterWants(claims))
  return isLookedFor(doc) || made.is !== 'planned' ? made : notLookedFor(made)
}

function isLookedFor(doc: IngressDoc): boolean {
  return doc.living?.loadBalancer === loadBalancerOf(doc.model)
}

function notLookedFor(made: Plan, trouble?: string): Plan {
  const message = trouble === undefined ? 'is being looked for' : `could not be looked for: ${trouble}`
  return { is: 'looking', desired: [], waiting: [{ where: 'load balancer', message }], warnings: made.warnings }
}

function soughtBy(deps: Deps, doc: IngressDoc): Sought {
  const { model } = doc
  return { project: deps.project, lb: loadBalancerOf(model), ingress: doc.id, namespace: model.namespace }
}

async function noteFound(deps: Deps, id: string, token: number, found: Found): Promise<boolean> {
  return deps.store.transact(async (tx) => {
    const doc = await tx.get('ingresses', id)
    if (doc === undefined || doc.token !== token) return false
    const { stirring: _, ...rest } = doc
    tx.set('ingresses', id, { ...rest, ...found, token: token + 1, wakeAt: deps.clock.now() + planLease })
    return true
  }, 'one-document')
}

/** What a change of the plan is to people. */
function planWritten(stakes: readonly Stake[], cause: Cause, at: number): Happening {
  const dropped = stakes.filter((one) => one.do === 'drop').map(({ id }) => id)
  const wanted = stakes.filter((one) => one.do === 'claim').map(({ id }) => id)
  const what = [
    ...(wanted.length === 0 ? [] : [`planned ${list(wanted)}`]),
    ...(dropped.length === 0 ? [] : [`no longer wanted: ${list(dropped)}`]),
  ].join('; ')
  return { at, by: cause.why.startsWith('spec') ? 'spec' : 'event', what: what || 'plan changed', why: cause.why }
}

/** Takes the document's token forward, so that a planner with older facts cannot write after this one. */
async function startWriting(
  deps: Deps,
  seen: IngressDoc,
  shared: ResourceId[],
  happening: Happening,
): Promise<number | undefined> {
  return deps.store.transact(async (tx) => {
    const doc = await tx.get('ingresses', seen.id)
    if (doc === undefined || doc.token !== seen.token) return undefined
    const token = doc.token + 1
    const history = remembered(doc.history, happening)
    // What was to be stirred before is stirred by now.
    const { stirring: _, ...rest } = doc
    tx.set('ingresses', doc.id, {
      ...rest,
      ...(shared.length === 0 ? {} : { stirring: shared }),
      history,
      token,
      wakeAt: deps.clock.now() + planLease,
    })
    return token
  }, 'one-document')
}
