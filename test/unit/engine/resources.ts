import type { AnyKind } from '../../../shared/engine/kind.ts'
import { splitResourceId, type ResourceId } from '../../../shared/resource-id.ts'
import { claimId, type ClaimDoc, type ResourceDoc } from '../../../shared/state/documents.ts'
import type { TestDeps } from './deps.ts'

/** A document of a resource that is wanted and not begun, with parts replaced. */
export function resourceDoc(id: ResourceId, parts: Partial<ResourceDoc> = {}): ResourceDoc {
  return {
    id,
    kind: splitResourceId(id).kind,
    owner: 'default/zp',
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
    wakeAt: 0,
    nudges: 0,
    token: 0,
    createdAt: 0,
    updatedAt: 0,
    ...parts,
  }
}

/** A claim of default/zp, with parts replaced. */
export function claimDoc(resource: ResourceId, parts: Partial<ClaimDoc> = {}): ClaimDoc {
  return { resource, ingress: 'default/zp', want: { size: 1 }, refs: [], force: false, at: 0, ...parts }
}

/** Writes a resource and, unless there is none, its claim. */
export async function put(deps: TestDeps, doc: ResourceDoc, claim: ClaimDoc | null = claimDoc(doc.id)): Promise<void> {
  await deps.store.transact(async (tx) => {
    tx.set('resources', doc.id, doc)
    if (claim) tx.set('claims', claimId(doc.id, claim.ingress), claim)
  })
}

/** A kind of which only the name matters; `shared` ones merge their claims. */
export function plainKind(name: string, shared = false): AnyKind {
  const no = (): Promise<never> => Promise.reject(new Error(`${name} is not worked on here`))
  return {
    name,
    owned: [],
    desire: () => [],
    observe: no,
    project: () => ({}),
    create: no,
    remove: no,
    ...(shared ? { merge: (claims: readonly ClaimDoc[]) => ({ all: claims.map((claim) => claim.want) }) } : {}),
  }
}
