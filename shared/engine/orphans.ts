import { splitResourceId, type ResourceId } from '../resource-id.ts'
import { wasLeftServing } from './ingress-docs.ts'
import type { ResourceDoc } from '../state/documents.ts'
import { queries } from '../state/store.ts'
import { freshResource } from './claims.ts'
import type { Deps } from './deps.ts'
import { nudgeOf, send, type Cause } from './nudge.ts'

/** A resource with our stamp that no document knows. */
export interface Orphan {
  id: ResourceId
  /** The Ingress that its stamp names. */
  ingress: string
  /** Since when it has been seen so, without a long pause of sweeps; milliseconds since the epoch. */
  since: number
}

/** An orphan is left alone so long: somebody may be about to publish its Ingress again. Milliseconds. */
const grace = 24 * 3_600_000

/**
 * Takes orphans away whose Ingress is known here, and planned as it was published, and does not want them. Of an Ingress that this state has
 * never heard of nothing is taken away, ever: the state may have been lost or restored, and what it does not know may be
 * serving. Those are listed for people (recover.ts).
 */
export async function judgeOrphans(deps: Deps, orphans: readonly Orphan[], cause: Cause): Promise<ResourceId[]> {
  const now = deps.clock.now()
  const taken: ResourceId[] = []
  for (const { id, ingress, since } of orphans) {
    if (now - since < grace && !(await isGoing(deps, ingress))) continue
    const due = await deps.store.transact(async (tx) => {
      const [owner, doc, claims] = await Promise.all([
        tx.get('ingresses', ingress),
        tx.get('resources', id),
        tx.find(queries.claimsOn(id)),
      ])
      if (owner === undefined || doc !== undefined || claims.length > 0) return false
      // It was left on purpose.
      if (wasLeftServing(owner)) return false
      if (!owner.deleted && owner.model.settings.mode !== 'reconcile') return false
      // Its claims are those of its latest version. It need not be at rest: what is left may be what it waits for.
      const planned = owner.plannedGeneration === owner.generation
      if (owner.goneAt === null && !owner.deleted && !planned) return false
      const lease = await tx.get('leases', id)
      tx.set('resources', id, orphanDoc(id, ingress, lease?.token ?? 0, now))
      return true
    })
    if (due) taken.push(id)
  }
  if (taken.length > 0) deps.log.warn({ resources: taken, trace: cause.trace }, 'orphans are removed')
  await send(
    deps,
    taken.map((id) => nudgeOf(id, { ...cause, why: 'nobody wants it' })),
  )
  return taken
}

/** What is left of an Ingress that is being withdrawn holds up the rest of it, and goes with it. */
async function isGoing(deps: Deps, ingress: string): Promise<boolean> {
  const owner = await deps.store.get('ingresses', ingress)
  return owner?.deleted === true && owner.goneAt === null
}

/** A document without a claim: the engine removes what it stands for, and waits as always until nothing refers to it. */
function orphanDoc(id: ResourceId, ingress: string, token: number, now: number): ResourceDoc {
  return {
    ...freshResource(id, token, now),
    kind: splitResourceId(id).kind,
    owner: ingress,
    applied: true,
    why: 'nobody wants it',
  }
}
