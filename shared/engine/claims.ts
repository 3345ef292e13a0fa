import { splitResourceId, type ResourceId } from '../resource-id.ts'
import { claimId, type ClaimDoc, type IngressDoc, type ResourceDoc } from '../state/documents.ts'
import type { Transaction } from '../state/store.ts'
import type { Deps } from './deps.ts'
import { apart, missing } from './existence.ts'
import { list } from './ledger.ts'
import { afterStaking } from './taking-over.ts'
import { isShared } from './view.ts'

/** One change of what an Ingress claims. */
export type Stake =
  | {
      do: 'claim'
      id: ResourceId
      want: object
      refs: ResourceId[]
      uses?: ResourceId[]
      /** It is there already, and refers to these, which must not go before it lets go of them; absent = nothing is known of it. */
      standing?: ResourceId[]
      force: boolean
      hold?: ClaimDoc['hold']
    }
  /** `leave`: nobody wants it, and it is to stay where it is. */
  | { do: 'drop'; id: ResourceId; leave?: true }
  /** It was there before us and nobody wants it: to be removed as soon as what is taken over lets go of it. */
  | { do: 'retire'; id: ResourceId; refs: ResourceId[]; after: ResourceId[] }

/** So many in one transaction: far below Firestore's limits, and a planner that dies half-way is continued by the tick. */
const perTransaction = 40

/** What staking led to: `awake` can be worked on at once, everything else waits and is woken by what it waits for. */
export type Staked = { is: 'written'; awake: ResourceId[]; conflicts: string[] } | { is: 'stale' }

/**
 * Writes claims in small transactions, each fenced by the Ingress's token. A resource that another Ingress claims is not
 * touched (first come, first served) and reported; URL map and address come first, so that a load balancer name or an IP that
 * is taken stops everything before anything is written. `begins`: these are claims on a load balancer and not only looks at it, so
 * what was found of it is being taken over from the first of them on. What is shared is stirred by the caller when all is written.
 */
export async function stake(
  deps: Deps,
  doc: IngressDoc,
  token: number,
  stakes: readonly Stake[],
  begins: boolean,
): Promise<Staked> {
  const ordered = [...stakes].sort((a, b) => rank(a) - rank(b))
  const changing = new Set(ordered.flatMap(({ id }) => (isShared(deps.kinds, id) ? [id] : [])))
  const awake: ResourceId[] = []
  for (let at = 0; at < ordered.length; at += perTransaction) {
    const chunk = ordered.slice(at, at + perTransaction)
    const result = await deps.store.transact((tx) => stakeChunk(deps, tx, doc, token, chunk, changing, begins))
    if (result.is === 'stale') return result
    awake.push(...result.awake)
    if (result.conflicts.length > 0) return { is: 'written', awake, conflicts: result.conflicts }
  }
  return { is: 'written', awake, conflicts: [] }
}

function rank(one: Stake): number {
  if (['url-map', 'address'].includes(splitResourceId(one.id).kind)) return 0
  return one.do === 'retire' ? 1 : one.do === 'claim' ? 2 : 3
}

async function stakeChunk(
  deps: Deps,
  tx: Transaction,
  doc: IngressDoc,
  token: number,
  chunk: readonly Stake[],
  /** What is shared and whose claims change, in this chunk or another. */
  changing: ReadonlySet<ResourceId>,
  begins: boolean,
): Promise<Staked> {
  const ingress = await tx.get('ingresses', doc.id)
  if (ingress?.token !== token) return { is: 'stale' }
  // The documents of what is shared are not for this transaction: every planner's would hold them.
  const own = chunk.filter((one) => !isShared(deps.kinds, one.id))
  const found = await tx.getAll(
    'resources',
    own.map((one) => one.id),
  )
  const docs = new Map(found.flatMap((known) => (known ? [[known.id, known] as const] : [])))
  const conflicts = await takenByOthers(tx, doc, own, docs)
  if (conflicts.length > 0) return { is: 'written', awake: [], conflicts }
  const refs = [...new Set(chunk.flatMap((one) => (one.do === 'claim' ? one.refs : [])))]
  const absent = new Set([
    ...(await missing(tx, apart(deps, refs).own, doc.id)),
    // What is claimed now of what is shared is stirred after this, and wakes who waits for it when it is made.
    ...refs.filter((ref) => changing.has(ref)),
  ])
  const tokens = await fencingTokens(tx, own, docs)
  const now = deps.clock.now()
  const staked = chunk.flatMap((one) => (one.do === 'drop' ? [] : [one.id]))
  const noted = afterStaking(ingress, staked, begins)
  if (noted !== undefined) tx.set('ingresses', doc.id, { ...ingress, ...noted })
  const awake: ResourceId[] = []
  for (const one of chunk) writeClaim(tx, doc, one, now)
  for (const one of own) {
    const before = docs.get(one.id)
    if (one.do === 'drop') {
      if (before)
        tx.set('resources', one.id, {
          ...before,
          ...stirred(one.leave ? 'to be left as it is' : 'no longer wanted by this Ingress', now),
          ...(one.leave ? { left: true } : {}),
          updatedAt: now,
        })
      awake.push(one.id)
      continue
    }
    if (one.do === 'retire') {
      if (before !== undefined) continue
      tx.set('resources', one.id, {
        ...freshResource(one.id, tokens.get(one.id) ?? 0, now),
        owner: doc.id,
        applied: true,
        appliedRefs: one.refs,
        ...stirred('it was being taken over, and its Ingress was withdrawn', now),
        ...(one.after.length === 0
          ? {}
          : {
              phase: 'Waiting',
              why: 'kubemci left it behind: to be removed once the load balancer is taken over',
              waitingOn: one.after,
              waitingFor: 'release',
              wakeAt: now + 60_000,
            }),
      })
      if (one.after.length === 0) awake.push(one.id)
      continue
    }
    const on = one.refs.filter((ref) => absent.has(ref))
    // What never existed and cannot exist yet is not worth a visit: it is woken by what it waits for.
    const waits = on.length > 0 && before?.applied !== true && !before?.operation
    const fresh = freshResource(one.id, tokens.get(one.id) ?? 0, now)
    const { left: _left, ...known } = before ?? fresh
    const base = before || one.standing === undefined ? known : { ...fresh, appliedRefs: one.standing }
    const next: ResourceDoc = {
      ...base,
      owner: doc.id,
      refs: one.refs,
      ...stirred(before ? 'what is wanted of it changed' : 'wanted, not begun', now),
      ...(waits
        ? {
            phase: 'Waiting' as const,
            why: `waits for ${list(on)}`,
            waitingOn: on,
            waitingFor: 'exist' as const,
            wakeAt: now + 60_000,
          }
        : {}),
      failures: 0,
      updatedAt: now,
    }
    tx.set('resources', one.id, next)
    if (!waits) awake.push(one.id)
  }
  return { is: 'written', awake, conflicts: [] }
}

function writeClaim(tx: Transaction, { id }: IngressDoc, one: Stake, now: number): void {
  const key = claimId(one.id, id)
  if (one.do === 'drop') tx.delete('claims', key)
  if (one.do !== 'claim') return
  tx.set('claims', key, {
    resource: one.id,
    ingress: id,
    want: one.want,
    refs: one.refs,
    ...(one.uses === undefined ? {} : { uses: one.uses }),
    force: one.force,
    ...(one.hold === undefined ? {} : { hold: one.hold }),
    at: now,
  })
}

/**
 * Resources of single-claimant kinds that another Ingress claims, or that are still there on its behalf: taken over now they
 * would carry the other's stamp, be refused for it and never be removed.
 */
async function takenByOthers(
  tx: Transaction,
  doc: IngressDoc,
  chunk: readonly Stake[],
  docs: ReadonlyMap<ResourceId, ResourceDoc>,
): Promise<string[]> {
  const suspects = chunk.flatMap((one) => {
    const owner = docs.get(one.id)?.owner ?? ''
    return one.do === 'claim' && owner !== '' && owner !== doc.id ? [{ id: one.id, owner }] : []
  })
  if (suspects.length === 0) return []
  const claims = await tx.getAll(
    'claims',
    suspects.map(({ id, owner }) => claimId(id, owner)),
  )
  return suspects.map(({ id, owner }, index) =>
    claims[index] === undefined
      ? `${list([id])} still belongs to Ingress ${owner} and is being removed: this goes on when it is gone`
      : `${list([id])} belongs to Ingress ${owner}: choose another ${splitResourceId(id).kind === 'address' ? 'static address' : 'load balancer name'}`,
  )
}

/** Where the tokens of resources without a document stand: one that is made anew must not let in a holder from before. */
async function fencingTokens(
  tx: Transaction,
  chunk: readonly Stake[],
  docs: ReadonlyMap<ResourceId, ResourceDoc>,
): Promise<Map<ResourceId, number>> {
  const ids = chunk.filter((one) => one.do !== 'drop' && !docs.has(one.id)).map((one) => one.id)
  const leases = ids.length === 0 ? [] : await tx.getAll('leases', ids)
  return new Map(ids.map((id, index) => [id, leases[index]?.token ?? 0]))
}

export function stirred(
  why: string,
  now: number,
): Pick<ResourceDoc, 'phase' | 'why' | 'wakeAt' | 'waitingOn' | 'waitingFor'> {
  return { phase: 'Pending', why, wakeAt: now, waitingOn: [], waitingFor: null }
}

/** A document of a resource that nothing is known of yet; `token` = the last that its lease gave. */
export function freshResource(id: ResourceId, token: number, now: number): ResourceDoc {
  return {
    id,
    kind: splitResourceId(id).kind,
    owner: '',
    refs: [],
    appliedRefs: [],
    applied: false,
    readyHash: null,
    phase: 'Pending',
    why: '',
    waitingOn: [],
    waitingFor: null,
    failures: 0,
    operation: null,
    output: null,
    wakeAt: now,
    nudges: 0,
    token,
    createdAt: now,
    updatedAt: now,
  }
}
