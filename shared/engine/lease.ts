import type { Reader } from '../state/store.ts'
import type { Deps } from './deps.ts'

/** A lease that is held; `token` fences every write made under it. */
export interface Lease {
  id: string
  holder: string
  token: number
}

/**
 * Takes the lease, or answers undefined while somebody else holds it. Every acquisition has a higher token than any
 * before, for ever: lease documents are never deleted. The time is read inside the transaction. `ms` = how long it is held
 * at most.
 */
export async function acquire(deps: Deps, id: string, ms = deps.budget.lease): Promise<Lease | undefined> {
  const holder = deps.uniqueId()
  return deps.store.transact(async (tx) => {
    const current = await tx.get('leases', id)
    const now = deps.clock.now()
    if (current !== undefined && current.expiresAt > now) return undefined
    const token = (current?.token ?? 0) + 1
    tx.set('leases', id, { id, holder, token, expiresAt: now + ms })
    return { id, holder, token }
  }, 'one-document')
}

/**
 * Gives the lease back early, so that the next nudge need not wait for its end. A lost lease is left alone. `last` reads in the
 * same transaction: whoever found the lease held has written before this, or tries again after it.
 */
export async function release<T>(deps: Deps, lease: Lease, last: (tx: Reader) => Promise<T>): Promise<T> {
  return deps.store.transact(async (tx) => {
    const current = await tx.get('leases', lease.id)
    const seen = await last(tx)
    if (current?.token === lease.token) tx.set('leases', lease.id, { ...current, expiresAt: 0 })
    return seen
  })
}
