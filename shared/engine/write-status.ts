import { isSame } from '../json.ts'
import type { Plan } from '../planning/plan.ts'
import { firewallKey, type NetworkLayout } from '../planning/networks.ts'
import type { Happening, IngressDoc } from '../state/documents.ts'
import { announce, announcementOf } from './announce.ts'
import type { Deps } from './deps.ts'
import { remembered } from './history.ts'
import type { Cause } from './nudge.ts'
import type { Sources } from './sources.ts'
import { statusOf, type IngressStatus } from './status.ts'
import { stillWithout, withoutDocument } from './taking-over.ts'

/** A status that is not final is looked at again after this, should every nudge have been lost; milliseconds. */
const statusPatience = 60_000

/**
 * Recomputes the status from the documents as they were read after the plan was written, and lets the Ingress rest or sets its
 * alarm clock; what is news to those who listen goes to `tell`. Nothing is written when a newer planner, or news, has taken the token forward.
 */
export async function writeStatus(
  deps: Deps,
  sources: Sources,
  made: Plan | null,
  conflicts: readonly string[],
  cause: Cause,
  tell: (announcement: Promise<void>) => void,
): Promise<void> {
  const { id, token } = sources.doc
  const now = deps.clock.now()
  const planned: IngressDoc =
    made === null ? sources.doc : { ...sources.doc, ...planFields(sources.doc, made, conflicts, now) }
  const status = statusOf({ ...sources, doc: planned }, deps.project, now)
  const written = await deps.store.transact(async (tx) => {
    const doc = await tx.get('ingresses', id)
    if (doc === undefined || doc.token !== token) return null
    const goneAt =
      doc.deleted && [...sources.resources.values()].every(({ owner }) => owner !== id)
        ? (doc.goneAt ?? now)
        : doc.goneAt
    // Nobody nudges this Ingress when what another one holds becomes free.
    const rests =
      goneAt !== null ||
      (doc.called !== true &&
        conflicts.length === 0 &&
        (status.phase === 'Ready' ||
          allHeld(doc, sources.resources) ||
          ((status.phase === 'Degraded' || status.phase === 'Failed') && status.settled)))
    // Stirred by now: it was so before these sources were read.
    const { stirring: _, ...known } = doc
    const changed: IngressDoc = {
      // As it is now: the same spec published again changes the document and not its token.
      ...known,
      plan: planned.plan,
      plannedGeneration: planned.plannedGeneration,
      living: planned.living,
      ...(planned.takingOver === undefined ? {} : { takingOver: planned.takingOver }),
      names: planned.names,
      goneAt,
      phase: status.phase,
      ...(status.phase === doc.phase ? {} : { history: remembered(doc.history, turned(doc.phase, status, now)) }),
      conditions: status.conditions,
      wakeAt: rests ? null : now + statusPatience,
      updatedAt: status.phase === doc.phase ? doc.updatedAt : now,
    }
    const news = announcementOf(changed, sources, status, deps.project, now)
    // What is not told yet is told by the tick, should this function die.
    const next: IngressDoc =
      news === changed.told ? changed : { ...changed, telling: news, wakeAt: now + statusPatience }
    if (!isSame(next, doc)) tx.set('ingresses', id, next)
    return { before: doc, next, rests }
  }, 'one-document')
  if (written === null) return
  if (written.before.phase !== status.phase) tellPhase(deps, written.before, status, now, cause)
  if (written.next.telling !== undefined)
    tell(announce(deps, written.next, written.next.telling, status.loadBalancer, written.rests))
}

/** Nothing moves before the mode changes, or the world does. */
function allHeld(doc: IngressDoc, resources: Sources['resources']): boolean {
  return (
    doc.model.settings.mode !== 'reconcile' &&
    [...resources.values()].every(({ phase, wakeAt }) => wakeAt === null && (phase === 'Ready' || phase === 'Waiting'))
  )
}

/** What metrics and alerts count: the time from publishing to Ready, and load balancers that need a person. */
function tellPhase(deps: Deps, before: IngressDoc, status: IngressStatus, now: number, cause: Cause): void {
  const fields = {
    ingress: before.id,
    generation: before.generation,
    from: before.phase,
    phase: status.phase,
    why: turned(before.phase, status, now).why,
    secondsSincePublished: (now - before.source.publishedAt) / 1_000,
    trace: cause.trace,
  }
  if (status.phase === 'Failed' || status.phase === 'Degraded') deps.log.warn(fields, 'phase changed')
  else deps.log.info(fields, 'phase changed')
}

function turned(from: IngressDoc['phase'], status: IngressStatus, at: number): Happening {
  const reason = status.conditions.find((condition) => condition.status !== 'True')
  const why = reason?.message ?? 'everything of the latest spec is applied and was seen to be so'
  return { at, by: 'progress', what: `${from} became ${status.phase}`, why: why.slice(0, 1_000) }
}

function planFields(
  doc: IngressDoc,
  made: Plan,
  conflicts: readonly string[],
  now: number,
): Pick<IngressDoc, 'plan' | 'plannedGeneration' | 'living' | 'takingOver' | 'names'> {
  const problems = [
    ...(made.is === 'refused' ? made.problems : []),
    ...conflicts.map((message) => ({ where: 'load balancer name', message })),
  ]
  const next = {
    generation: doc.generation,
    at: now,
    problems,
    warnings: made.warnings,
    waiting: made.is === 'refused' ? [] : made.waiting,
    ...(made.is === 'planned' && made.notices.length > 0 ? { notices: made.notices } : {}),
    ...(made.is === 'planned' ? { modes: made.modes } : {}),
  }
  const written = made.is === 'planned' && conflicts.length === 0
  const same = doc.plan !== null && isSame({ ...doc.plan, at: 0 }, { ...next, at: 0 })
  return {
    plan: same ? doc.plan : next,
    plannedGeneration: written ? doc.generation : doc.plannedGeneration,
    // From now on this is what there is, and what was left behind is claimed or on its way out, but for what waits to be wanted.
    ...(written ? afterPlan(doc, made) : { living: doc.living }),
    names: written ? { ...doc.names, ...firewallNames(made.layout.networks) } : doc.names,
  }
}

function firewallNames(networks: readonly NetworkLayout[]): Record<string, string> {
  return Object.fromEntries(networks.map(({ network, firewallName }) => [firewallKey(network), firewallName]))
}

/** While it is only observed nothing is taken over. */
function afterPlan(doc: IngressDoc, made: Plan & { is: 'planned' }): Pick<IngressDoc, 'living' | 'takingOver'> {
  const leftovers = doc.living?.leftovers ?? []
  const living = { loadBalancer: made.layout.lb, scheme: made.layout.scheme, leftovers }
  if (doc.model.settings.mode === 'observe') return { living }
  const waiting = new Set(made.held.map(({ id }) => id))
  return stillWithout(
    { ...doc, living },
    withoutDocument(doc).filter(({ id }) => waiting.has(id)),
  )
}
