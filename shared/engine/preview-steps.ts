import { parseResourceId, splitResourceId, type ResourceId } from '../resource-id.ts'
import type { Problem } from '../state/documents.ts'
import { decide, type Step } from './decide.ts'
import type { AnyKind, Observation } from './kind.ts'
import type { View } from './view.ts'

/** What would happen to one resource. `later` = it is known only when what comes before is done. */
export interface PreviewStep {
  id: ResourceId
  kind: string
  name: string
  do: Step['do'] | 'later'
  why: string
  changes: Step['changes']
  /** null = it is to go, or not known yet. */
  want: object | null
}

/** One look at a resource, for one want. */
export interface Seen {
  wantHash: string
  observation: Observation<unknown> | { unreachable: string }
}

/** What would happen to every resource, from what is wanted of it and what was seen of it, in the order of the registry. */
export function stepsOf(
  kinds: readonly AnyKind[],
  views: readonly { kind: AnyKind; view: View }[],
  seen: ReadonlyMap<ResourceId, Seen>,
  waiting: readonly Problem[],
): PreviewStep[] {
  const held = new Map(waiting.flatMap(({ where, message }) => heldId(kinds, where, message)))
  const steps = views
    .filter(({ view }) => !held.has(view.doc.id))
    .map(({ kind, view }) => stepOf(kind, view, seen.get(view.doc.id)?.observation))
  for (const [resource, why] of held) steps.push(later(resource, why))
  return inOrder(kinds, steps)
}

/** In the order of the registry, in which what is referred to comes first. */
function inOrder(kinds: readonly AnyKind[], steps: readonly PreviewStep[]): PreviewStep[] {
  const rank = new Map(kinds.map((kind, index) => [kind.name, index]))
  return [...steps].sort((a, b) => (rank.get(a.kind) ?? 0) - (rank.get(b.kind) ?? 0) || (a.id < b.id ? -1 : 1))
}

/** What a plan waits for is a resource that is held, or something else, which is left out. */
function heldId(kinds: readonly AnyKind[], where: string, message: string): [ResourceId, string][] {
  const id = parseResourceId(where)
  return id !== undefined && kinds.some((kind) => kind.name === splitResourceId(id).kind) ? [[id, message]] : []
}

function stepOf(kind: AnyKind, { doc, want, force }: View, observation: Seen['observation'] | undefined): PreviewStep {
  if (observation === undefined || 'unreachable' in observation)
    return later(doc.id, observation?.unreachable ?? 'it was not looked at')
  const at = { id: doc.id, kind: kind.name, name: splitResourceId(doc.id).path.at(-1) ?? '', want }
  if (observation.refused !== undefined) return { ...at, do: 'refuse', why: observation.refused, changes: [] }
  if (observation.pending && observation.got === undefined && want !== null)
    return later(doc.id, observation.pending.why)
  return { ...at, ...decide(kind, want, observation, { force, ...doc }) }
}

function later(id: ResourceId, why: string): PreviewStep {
  const { kind, path } = splitResourceId(id)
  return { id, kind, name: path.at(-1) ?? '', do: 'later', why, changes: [], want: null }
}
