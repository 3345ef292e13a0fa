import { isSame } from '../json.ts'
import type { Plan } from '../planning/plan.ts'
import { splitResourceId, type ResourceId } from '../resource-id.ts'
import type { ClaimDoc, Leftover } from '../state/documents.ts'
import type { Stake } from './claims.ts'
import { leavesServing } from './ingress-docs.ts'
import type { AnyKind, Desired } from './kind.ts'
import { claimedIps, type Sources } from './sources.ts'
import { withoutDocument } from './taking-over.ts'

/** Pure: the difference between the claims that are and those that should be. */
export function stakesOf(kinds: readonly AnyKind[], made: Plan, sources: Sources): Stake[] {
  const now = new Map(sources.claims.map((claim) => [claim.resource, claim]))
  const { force, mode } = sources.doc.model.settings
  if (mode === 'paused') return sources.claims.filter((claim) => claim.hold !== mode).map(paused)
  const held = mode === 'observe' ? { hold: mode } : {}
  const standing = new Map(withoutDocument(sources.doc).map(({ id, refs }) => [id, refs]))
  const changed = made.desired
    .filter((desired) => !sameClaim(now.get(desired.id), desired, { force, ...held }))
    .map(({ id, want, refs, uses }): Stake => ({
      do: 'claim',
      id,
      want: want as object,
      refs,
      ...(uses === undefined ? {} : { uses }),
      ...(standing.has(id) && !sources.resources.has(id) ? { standing: standing.get(id) ?? [] } : {}),
      force,
      ...held,
    }))
  if (made.is !== 'planned') return [...changed, ...readdressed(kinds, sources)]
  // To observe is to change nothing: what is no longer wanted is not dropped either.
  if (mode === 'observe') return changed
  const keep = new Set<ResourceId>([...made.desired.map((desired) => desired.id), ...made.held.map((held) => held.id)])
  const after = made.desired
    .map(({ id }) => id)
    .filter((id) => ['url-map', 'target-proxy'].includes(splitResourceId(id).kind))
  const retired = retire(withoutDocument(sources.doc), sources, after).filter(({ id }) => !keep.has(id))
  const dropped = sources.claims
    .filter((claim) => !keep.has(claim.resource))
    .map((claim): Stake => ({ do: 'drop', id: claim.resource }))
  return [...changed, ...retired, ...dropped]
}

/** As it was wanted, and left alone from now on. */
function paused(claim: ClaimDoc): Stake {
  return { ...kept(claim), hold: 'paused' }
}

/** A claim as it is. */
function kept({ resource, want, refs, uses, force, hold }: ClaimDoc): Stake & { do: 'claim' } {
  return {
    do: 'claim',
    id: resource,
    want: want as object,
    refs,
    ...(uses === undefined ? {} : { uses }),
    force,
    ...(hold === undefined ? {} : { hold }),
  }
}

/** What is wanted stays while nothing can be planned; an address that was made anew has another IP all the same. */
function readdressed(kinds: readonly AnyKind[], sources: Sources): Stake[] {
  const ips = claimedIps(sources)
  return sources.claims.flatMap((claim): Stake[] => {
    const kind = kinds.find(({ name }) => name === splitResourceId(claim.resource).kind)
    const want = kind?.readdress?.(claim.want, ips) as object | undefined
    return want === undefined || isSame(want, claim.want) ? [] : [{ ...kept(claim), want }]
  })
}

function sameClaim(
  claim: ClaimDoc | undefined,
  desired: Desired,
  { force, hold }: Pick<ClaimDoc, 'force' | 'hold'>,
): boolean {
  return (
    claim !== undefined &&
    claim.force === force &&
    claim.hold === hold &&
    isSame([claim.want, claim.refs, claim.uses ?? []], [desired.want, desired.refs, desired.uses ?? []])
  )
}

/**
 * Nothing is wanted any more: everything goes, with what was still to be taken over of a load balancer that is partly ours
 * already, while what was only found stays; or, if the Ingress says so or only observed, it is left serving.
 */
export function withdrawn(kinds: readonly AnyKind[], sources: Sources): Stake[] {
  const { claims, resources, doc } = sources
  if (!leavesServing(doc)) {
    return [
      ...retire(doc.takingOver ?? [], sources, []),
      ...claims.map((claim): Stake => ({ do: 'drop', id: claim.resource })),
    ]
  }
  // What an Ingress shares with others would be changed for what is left of them, so its claim stays; it refers to nothing any more.
  const shares = ({ resource }: ClaimDoc): boolean => {
    const kind = kinds.find(({ name }) => name === splitResourceId(resource).kind)
    return kind?.merge !== undefined && kind.follows !== true
  }
  const kept = claims.filter(shares)
  const unclaimed = [...resources.values()].filter(
    ({ id, owner, left }) => owner === doc.id && left !== true && !claims.some(({ resource }) => resource === id),
  )
  return [
    ...kept
      .filter(({ refs, uses, hold }) => refs.length + (uses ?? []).length > 0 || hold === 'paused')
      .map(({ resource, want, force, hold }): Stake => ({
        do: 'claim',
        id: resource,
        want: want as object,
        refs: [],
        force,
        ...(hold === 'observe' ? { hold } : {}),
      })),
    ...[
      ...claims.filter((claim) => !shares(claim)).map(({ resource }) => resource),
      ...unclaimed.map(({ id }) => id),
    ].map((id): Stake => ({ do: 'drop', id, leave: true })),
  ]
}

function retire(leftovers: readonly Leftover[], { resources }: Sources, after: ResourceId[]): Stake[] {
  return leftovers.filter(({ id }) => !resources.has(id)).map(({ id, refs }) => ({ do: 'retire', id, refs, after }))
}
