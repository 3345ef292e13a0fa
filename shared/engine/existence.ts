import { hashOf } from '../json.ts'
import type { ResourceId } from '../resource-id.ts'
import { claimId, type ClaimDoc, type ResourceDoc } from '../state/documents.ts'
import type { Reader } from '../state/store.ts'
import type { Deps } from './deps.ts'
import { isShared, type View } from './view.ts'

/**
 * Of `refs`, those that do not exist yet for `ingress`; '' = for nobody in particular. Read in the transaction that commits the wait.
 * What several Ingresses share is there for the others already: for whoever has just claimed a part of it, it is there once that part is.
 */
export async function missing(tx: Reader, refs: readonly ResourceId[], ingress: string): Promise<ResourceId[]> {
  if (refs.length === 0) return []
  const docs = await tx.getAll('resources', refs)
  const changing = docs.flatMap((doc) => (doc?.applied === true && isBehind(doc) ? [doc] : []))
  if (changing.length === 0) return refs.filter((_, index) => docs[index]?.applied !== true)
  const keys = changing.map(({ id }) => claimId(id, ingress))
  const claims = ingress === '' ? [] : await tx.getAll('claims', keys)
  const behind = new Set(changing.filter((doc, index) => !isMadeFor(doc, claims[index])).map(({ id }) => id))
  return refs.filter((ref, index) => docs[index]?.applied !== true || behind.has(ref))
}

/** One that cannot become as wanted for now, because its instance group is gone, or a person must do something, holds up nobody. */
export function isBehind(doc: ResourceDoc): boolean {
  if (doc.owner !== '') return false
  return doc.phase === 'Pending' || (doc.readyHash === null && (doc.phase === 'Working' || doc.phase === 'Retrying'))
}

/** Whether it is worth a look for `ingress` whether it is there: as `missing` has it, but for a part whose claim has changed since. */
export function mayBeThere(doc: ResourceDoc | undefined, ingress: string): boolean {
  return doc?.applied === true && (!isBehind(doc) || doc.madeFor?.[ingress] !== undefined)
}

/** Whether only other Ingresses' parts of what is shared are still to be made: the one that this claim wants is there. */
export function isOthersChange(doc: ResourceDoc, claim: ClaimDoc | undefined): boolean {
  return doc.applied && doc.phase !== 'Retrying' && isBehind(doc) && isMadeFor(doc, claim)
}

function isMadeFor({ madeFor }: ResourceDoc, claim: ClaimDoc | undefined): boolean {
  return claim !== undefined && madeFor?.[claim.ingress] === hashOf(claim.want)
}

/** The parts of what is shared, as they are claimed. */
export function partsOf(claims: readonly ClaimDoc[]): Record<string, string> {
  return Object.fromEntries(claims.map(({ ingress, want }) => [ingress, hashOf(want)]))
}

/** Those of whose parts it was made that are claimed as they were; a change undone by somebody else has taken all of them. */
export function stillMade({ doc, wantHash, claims }: View): Record<string, string> {
  if (doc.readyHash === wantHash) return {}
  return Object.fromEntries(
    Object.entries(partsOf(claims)).filter(([ingress, part]) => doc.madeFor?.[ingress] === part),
  )
}

/** What is read in transactions, and what Ingresses share: no transaction reads that, because everybody's would. */
export function apart(deps: Deps, ids: readonly ResourceId[]): { own: ResourceId[]; common: ResourceId[] } {
  const common = ids.filter((id) => isShared(deps.kinds, id))
  return { own: ids.filter((id) => !common.includes(id)), common }
}

/** What a committed wait waits for can have come before the wait was there to be seen. */
export async function isStillMissing(deps: Deps, on: readonly ResourceId[], owner: string): Promise<boolean> {
  const { common } = apart(deps, on)
  return common.length === 0 || (await missing(deps.store, common, owner)).length === common.length
}
