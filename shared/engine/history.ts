import type { ResourceId } from '../resource-id.ts'
import type { Happening } from '../state/documents.ts'
import { list } from './ledger.ts'
import type { Change } from './kind.ts'
import type { Sources } from './sources.ts'

/** An Ingress remembers so many happenings of its own; the oldest go first. */
const most = 30

/** What happened to an Ingress or to one of its resources. */
export type Told = Happening & { resource: ResourceId | null }

/** A history with one more happening. One that says the same as the last only moves its time. */
export function remembered(history: readonly Happening[] | undefined, happening: Happening): Happening[] {
  const before = history ?? []
  const last = before.at(-1)
  const same = last?.by === happening.by && last.what === happening.what && last.why === happening.why
  return [...(same ? before.slice(0, -1) : before), happening].slice(-most)
}

/** Field changes for people: which, from what, to what; bounded. */
export function changesInWords(changes: readonly Change[]): string {
  const shown = changes.slice(0, 5).map(({ field, from, to }) => `${field} from ${short(from)} to ${short(to)}`)
  if (changes.length > shown.length) shown.push(`and ${changes.length - shown.length} more fields`)
  return shown.join(', ')
}

/** Pure: everything that documents remember, latest first: the Ingress's own history, and the last change and repair of each resource. */
export function historyOf({ doc, resources }: Sources): Told[] {
  const own = (doc.history ?? []).map((happening): Told => ({ ...happening, resource: null }))
  const others = [...resources.values()].flatMap(({ id, lastChange, lastRepair }): Told[] => [
    ...(lastChange === undefined ? [] : [{ ...lastChange, resource: id }]),
    ...(lastRepair === undefined
      ? []
      : [
          {
            at: lastRepair.at,
            by: 'drift' as const,
            what: `repaired ${list([id])}`,
            why: lastRepair.what,
            resource: id,
          },
        ]),
  ])
  return [...own, ...others].sort((a, b) => b.at - a.at).slice(0, 100)
}

function short(value: unknown): string {
  const text =
    value === null || value === undefined ? 'nothing' : typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > 120 ? `${text.slice(0, 117)}...` : text
}
