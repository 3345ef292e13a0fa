import { hashOf } from '../json.ts'
import type { ComputeCollection, ComputeRef } from '../cloud/compute-port.ts'
import { lastPart } from '../planning/names.ts'
import { readStamp } from '../planning/stamp.ts'
import { resourceId, type ResourceId } from '../resource-id.ts'
import { claimId, type ClaimDoc, type ResourceDoc } from '../state/documents.ts'
import { queries } from '../state/store.ts'
import { decide } from './decide.ts'
import type { Deps } from './deps.ts'
import { digitOf, dueInFull, readInventory, sinceOf, writeInventory, type Seen } from './inventory.ts'
import { isSaid } from './hold.ts'
import type { AnyKind, Cloud } from './kind.ts'
import { viewOf, type View } from './view.ts'
import { nudgeOf, send, type Cause } from './nudge.ts'
import { cloudOf } from './visit.ts'

/** What a sweep came to. */
export interface Swept {
  listed: number
  /** How many needed their documents read. */
  judged: number
  /** Not as wanted, and asked to look. */
  drifted: ResourceId[]
  /** With our stamp, and nobody's, since when (milliseconds since the epoch), counted from the last pause of sweeps. */
  orphans: { id: ResourceId; ingress: string; since: number }[]
}

/** So many documents are read at once. */
const page = 200

interface Listed {
  collection: ComputeCollection
  item: { name?: string; zone?: string; description?: string }
}

/**
 * Finds what somebody else changed among all resources of a kind in a project: lists them in bulk, reads the documents of
 * those that look otherwise than when they were last found right, and has those that differ from what is wanted looked at.
 * Changes nothing itself. Sweeps that overlap find the same.
 */
export async function sweepKind(deps: Deps, kind: AnyKind, project: string, cause: Cause): Promise<Swept> {
  const scope = `${kind.name}/${project}`
  const [listed, before, unswept] = await Promise.all([
    listAll(deps, kind, project),
    readInventory(deps.store, scope),
    deps.store.find(queries.unswept(scope)),
  ])
  const now = deps.clock.now()
  const inFull = dueInFull(before, now)
  const seen = new Map([...before.values()].flatMap((part) => [...part.entries]))
  const hashes = new Map([...listed].map(([name, one]) => [name, hashOf(one.item)]))
  const changed = new Set(unswept.map((doc) => doc.id.slice(scope.length + 1)))
  const suspects = [...new Set([...seen.keys(), ...listed.keys(), ...changed])]
    .filter((name) => changed.has(name) || digitOf(name) === inFull || seen.get(name)?.hash !== hashes.get(name))
    .sort()
  const after = new Map(seen)
  const swept: Swept = { listed: listed.size, judged: suspects.length, drifted: [], orphans: [] }
  const cloud = cloudOfList(deps, listed)
  for (let at = 0; at < suspects.length; at += page) {
    const chunk = suspects.slice(at, at + page)
    const views = await viewsOf(deps, kind, project, chunk)
    for (const name of chunk) {
      const one = listed.get(name)
      const hash = hashes.get(name) ?? ''
      const judgement = await judge(deps, kind, cloud, idOf(kind, project, name), views.get(name), one)
      if (judgement === 'right') after.set(name, { hash })
      else if (judgement === 'nothing') after.delete(name)
      else if (judgement === 'orphan') {
        const known = seen.get(name)
        after.set(name, { hash, orphan: known?.hash === hash ? (known.orphan ?? now) : now })
      } else if (judgement === 'drifted') swept.drifted.push(idOf(kind, project, name))
      if (judgement === 'right') changed.delete(name)
    }
  }
  for (const [name, { orphan }] of after) {
    const stamp = readStamp(listed.get(name)?.item.description)
    const part = before.get(digitOf(name))
    if (orphan === undefined || stamp.by !== 'us') continue
    const since = Math.max(orphan, part === undefined ? now : sinceOf(part, now))
    swept.orphans.push({ id: idOf(kind, project, name), ingress: stamp.ingress, since })
  }
  await writeInventory(deps, scope, before, byDigit(after), inFull)
  await noteSwept(
    deps,
    unswept.filter((doc) => !changed.has(doc.id.slice(scope.length + 1))),
  )
  await send(
    deps,
    swept.drifted.map((id) => nudgeOf(id, { ...cause, why: 'drift' })),
  )
  return swept
}

/** Entries by the part of the inventory that they belong to. */
export function byDigit(entries: ReadonlyMap<string, Seen>): Map<string, Map<string, Seen>> {
  const parts = new Map<string, Map<string, Seen>>()
  for (const [name, entry] of entries) {
    const digit = digitOf(name)
    parts.set(digit, (parts.get(digit) ?? new Map<string, Seen>()).set(name, entry))
  }
  return parts
}

/** `NAME`, or `ZONE/NAME` for zonal ones: what comes after the project in the resource's id. */
async function listAll(deps: Deps, kind: AnyKind, project: string): Promise<Map<string, Listed>> {
  const lists = await Promise.all(
    (kind.collections ?? []).map(async (collection) => {
      const items: readonly Listed['item'][] = await deps.compute.list(collection, project)
      return items.map((item): [string, Listed] => [nameOf(item), { collection, item }])
    }),
  )
  return new Map(lists.flat())
}

function nameOf({ name = '', zone }: Listed['item']): string {
  return zone === undefined ? name : `${lastPart(zone)}/${name}`
}

function idOf(kind: AnyKind, project: string, name: string): ResourceId {
  return resourceId(kind.name, project, ...name.split('/'))
}

/** Documents and claims of many resources in few reads. */
async function viewsOf(
  deps: Deps,
  kind: AnyKind,
  project: string,
  names: readonly string[],
): Promise<Map<string, View>> {
  const docs = await deps.store.getAll(
    'resources',
    names.map((name) => idOf(kind, project, name)),
  )
  const found = names.flatMap((name, index) => {
    const doc = docs[index]
    return doc === undefined ? [] : [{ name, doc }]
  })
  const claims = await claimsOf(
    deps,
    kind,
    found.map(({ doc }) => doc),
  )
  return new Map(found.map(({ name, doc }, index) => [name, viewOf(kind, doc, claims[index] ?? [])]))
}

/** A resource with one owner has that owner's claim; the claims on a shared one must be asked for. */
async function claimsOf(deps: Deps, kind: AnyKind, docs: readonly ResourceDoc[]): Promise<ClaimDoc[][]> {
  if (kind.merge) return Promise.all(docs.map((doc) => deps.store.find(queries.claimsOn(doc.id))))
  const claims = await deps.store.getAll(
    'claims',
    docs.map((doc) => claimId(doc.id, doc.owner)),
  )
  return claims.map((claim) => (claim === undefined ? [] : [claim]))
}

/** From here on the inventory knows them, unless they changed again meanwhile. */
export async function noteSwept(deps: Deps, docs: readonly ResourceDoc[]): Promise<void> {
  for (let at = 0; at < docs.length; at += page) {
    const chunk = docs.slice(at, at + page)
    await deps.store.transact(async (tx) => {
      const current = await tx.getAll(
        'resources',
        chunk.map((doc) => doc.id),
      )
      chunk.forEach((doc, index) => {
        const now = current[index]
        if (now?.unswept === undefined || now.updatedAt !== doc.updatedAt || now.token !== doc.token) return
        const { unswept: _, ...swept } = now
        tx.set('resources', doc.id, swept)
      })
    })
  }
}

type Judgement =
  /** As wanted, or nobody's business. */
  | 'right'
  | 'drifted'
  /** Our stamp, and no document. */
  | 'orphan'
  /** On its way: its own alarm clock looks after it. */
  | 'moving'
  /** Neither there nor wanted any more. */
  | 'nothing'

async function judge(
  deps: Deps,
  kind: AnyKind,
  cloud: Cloud,
  id: ResourceId,
  view: View | undefined,
  one: Listed | undefined,
): Promise<Judgement> {
  if (view === undefined) {
    if (one === undefined) return 'nothing'
    return readStamp(one.item.description).by === 'us' ? 'orphan' : 'right'
  }
  const { doc } = view
  if (doc.wakeAt !== null || doc.operation !== null) return 'moving'
  if (view.hold === 'paused') return 'right'
  try {
    const observed = await kind.observe(cloud, id, view.want, doc.output)
    if (observed.output !== undefined && hashOf(observed.output) !== hashOf(doc.output)) return 'drifted'
    if (observed.pending ?? observed.refused) return 'drifted'
    const step = decide(kind, view.want, observed, { force: view.force, ...doc })
    return step.do === 'nothing' || isSaid(view, step) ? 'right' : 'drifted'
  } catch (error) {
    deps.log.warn({ resource: id, error: String(error) }, 'not judged by the list; it looks for itself')
    return 'drifted'
  }
}

/** The world as it was listed: kinds observe it without a call. */
function cloudOfList(deps: Deps, listed: ReadonlyMap<string, Listed>): Cloud {
  const cloud = cloudOf(deps)
  return {
    ...cloud,
    recall: (_what, _ms, read) => read(),
    compute: {
      ...deps.compute,
      get: (ref: ComputeRef) => {
        const found = listed.get(ref.zone === undefined ? ref.name : `${ref.zone}/${ref.name}`)
        return Promise.resolve(found?.collection === ref.collection ? found.item : undefined)
      },
    },
  }
}
