import { hashOf } from '../json.ts'
import { splitResourceId, type ResourceId } from '../resource-id.ts'
import { claimId, type ClaimDoc, type ResourceDoc } from '../state/documents.ts'
import { queries, type Reader } from '../state/store.ts'
import type { AnyKind } from './kind.ts'

/** What a visit works from. */
export interface View {
  doc: ResourceDoc
  claims: ClaimDoc[]
  /** The merged want; null when no claim is left. */
  want: object | null
  wantHash: string
  /** What must exist before. */
  refs: ResourceId[]
  /** What must not be removed while this is applied: `refs`, and what is used besides. */
  holds: ResourceId[]
  force: boolean
  /** Nobody wants it changed; the claims decide together. */
  hold: 'observe' | 'paused' | undefined
}

/** Reads a resource with its claims; undefined when there is none. */
export async function read(reader: Reader, kind: AnyKind, id: ResourceId): Promise<View | undefined> {
  const doc = await reader.get('resources', id)
  if (doc === undefined) return undefined
  return viewOf(kind, doc, await claimsOn(reader, kind, doc))
}

/** The same in a transaction, which asks no query: of what is shared the claims are those of `view` unless it is stirred. */
export async function readAgain(reader: Reader, kind: AnyKind, view: View): Promise<View | undefined> {
  if (kind.merge === undefined) return read(reader, kind, view.doc.id)
  const doc = await reader.get('resources', view.doc.id)
  return doc === undefined ? undefined : { ...view, doc }
}

/**
 * What is not shared only its owner can claim, so that no query is needed: in a transaction a query locks more than a document, on
 * the emulator every claim there is, and the locks of a process that dies last a minute.
 */
async function claimsOn(reader: Reader, kind: AnyKind, { id, owner }: ResourceDoc): Promise<ClaimDoc[]> {
  if (kind.merge !== undefined) return reader.find(queries.claimsOn(id))
  const claim = owner === '' ? undefined : await reader.get('claims', claimId(id, owner))
  return claim === undefined ? [] : [claim]
}

/** Whether several Ingresses may claim it. */
export function isShared(kinds: readonly AnyKind[], id: ResourceId): boolean {
  return kinds.find((kind) => kind.name === splitResourceId(id).kind)?.merge !== undefined
}

/** What a document and the claims on it say together. */
export function viewOf(kind: AnyKind, doc: ResourceDoc, claims: ClaimDoc[]): View {
  const want = merged(kind, claims)
  const refs = [...new Set(claims.flatMap((claim) => claim.refs))].sort()
  const used = claims.flatMap((claim) => claim.uses ?? [])
  const holds = kind.follows === true ? [] : union(refs, used)
  const hold = heldBy(claims)
  return {
    doc,
    claims,
    want,
    wantHash: hashOf([want, refs, holds, ...(hold === undefined ? [] : [hold])]),
    hold,
    refs,
    holds,
    force: claims.some((claim) => claim.force),
  }
}

/** Whoever wants a shared resource changed has it changed; what nobody claims is removed. */
function heldBy(claims: readonly ClaimDoc[]): View['hold'] {
  if (claims.length === 0 || claims.some((claim) => claim.hold === undefined)) return undefined
  return claims.every((claim) => claim.hold === 'paused') ? 'paused' : 'observe'
}

function merged(kind: AnyKind, claims: ClaimDoc[]): object | null {
  const [first] = claims
  if (first === undefined) return null
  if (kind.merge) return kind.merge(claims) as object
  return first.want as object
}

/** The ingresses that claim a resource, or the last that did. */
export function ownersOf(view: Pick<View, 'claims' | 'doc'>): string[] {
  const claimants = view.claims.map((claim) => claim.ingress)
  return claimants.length > 0 ? claimants : view.doc.owner === '' ? [] : [view.doc.owner]
}

/** All of both, each once, in order. */
export function union(a: readonly ResourceId[], b: readonly ResourceId[]): ResourceId[] {
  return [...new Set([...a, ...b])].sort()
}
