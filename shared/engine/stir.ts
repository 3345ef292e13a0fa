import type { ResourceId } from '../resource-id.ts'
import { claimId, type ResourceDoc } from '../state/documents.ts'
import { freshResource, stirred } from './claims.ts'
import type { Deps } from './deps.ts'
import { nudgeOf, send, type Cause } from './nudge.ts'

/**
 * Tells resources that Ingresses share that what this one claims of them has changed. It comes after the claims are written, and
 * outside of the transactions that write them: a document that everybody reads and writes in long transactions is a queue, and on the
 * official emulator forty Ingresses published at once stood in it for minutes.
 *
 * Word that is there already will do: a visit takes it before it reads the claims, so it reads what was written before this.
 */
export async function stirAll(deps: Deps, ingress: string, ids: readonly ResourceId[], cause: Cause): Promise<void> {
  const docs = await deps.store.getAll('resources', ids)
  const now = deps.clock.now()
  const quiet = ids.filter((_, index) => !isStirred(docs[index], now))
  await Promise.all(quiet.map((id) => stir(deps, ingress, id)))
  await send(
    deps,
    quiet.map((id) => nudgeOf(id, cause)),
  )
}

function isStirred(doc: ResourceDoc | undefined, now: number): boolean {
  return doc?.stirred === true && doc.phase === 'Pending' && doc.wakeAt !== null && doc.wakeAt <= now
}

async function stir(deps: Deps, ingress: string, id: ResourceId): Promise<void> {
  const known = await deps.store.transact(async (tx) => {
    const doc = await tx.get('resources', id)
    if (doc === undefined) return false
    const now = deps.clock.now()
    const { left: _, ...rest } = doc
    // While others claim it too it belongs to nobody in particular.
    tx.set('resources', id, { ...rest, ...changed(now), owner: '' })
    return true
  }, 'one-document')
  if (!known) await make(deps, ingress, id)
}

/** The first that claims it makes its document; a claim that was dropped meanwhile needs none. */
async function make(deps: Deps, ingress: string, id: ResourceId): Promise<void> {
  await deps.store.transact(async (tx) => {
    const [doc, claim, lease] = await Promise.all([
      tx.get('resources', id),
      tx.get('claims', claimId(id, ingress)),
      tx.get('leases', id),
    ])
    const now = deps.clock.now()
    if (doc !== undefined) tx.set('resources', id, { ...doc, ...changed(now) })
    else if (claim !== undefined)
      tx.set('resources', id, {
        ...freshResource(id, lease?.token ?? 0, now),
        ...changed(now),
        why: 'wanted, not begun',
      })
  })
}

function changed(now: number): Partial<ResourceDoc> {
  return { ...stirred('what is wanted of it changed', now), stirred: true, failures: 0, updatedAt: now }
}
