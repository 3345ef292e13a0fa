import { hashOf } from '../json.ts'
import type { InventoryDoc } from '../state/documents.ts'
import { queries } from '../state/store.ts'
import type { Deps } from './deps.ts'

/** What a sweep keeps of one thing that it saw. */
export interface Seen {
  /** Fingerprint of how it was when it was judged. */
  hash: string
  /** Since when it has borne our stamp without an owner; absent = it has an owner, or is not ours. */
  orphan?: number
}

/** One part of an inventory; a name belongs to the same part for ever. */
export interface Part {
  digit: string
  entries: Map<string, Seen>
  since: number
  at: number
}

/** Everything is looked at in full so often, however it looks: milliseconds. */
const fullEvery = 3_600_000

/** Sweeps that stayed away for so long, or came from a restored state, know nothing of what was before: milliseconds. */
const longPause = 3 * fullEvery

/** The parts of an inventory by their digit; a part without entries does not exist. */
export async function readInventory(store: Deps['store'], scope: string): Promise<Map<string, Part>> {
  const docs = await store.find(queries.inventory(scope))
  return new Map(
    docs.map(({ id, entries, since, at }) => {
      const digit = id.slice(-1)
      const parsed = JSON.parse(entries) as Record<string, Seen>
      return [digit, { digit, entries: new Map(Object.entries(parsed)), since, at }]
    }),
  )
}

/** The part that a name belongs to: one of sixteen, so that none outgrows a document. */
export function digitOf(name: string): string {
  return hashOf(name).slice(0, 1)
}

/** At most one part a sweep is due for a full look, the one that waits longest: so that they do not all come together. */
export function dueInFull(parts: ReadonlyMap<string, Part>, now: number): string | undefined {
  const due = [...parts.values()].filter((part) => now - part.at >= fullEvery)
  return due.sort((a, b) => a.at - b.at || (a.digit < b.digit ? -1 : 1))[0]?.digit
}

/** Writes the parts that changed, or were looked at in full; nothing is written when nothing is new. */
export async function writeInventory(
  deps: Deps,
  scope: string,
  before: ReadonlyMap<string, Part>,
  after: ReadonlyMap<string, Map<string, Seen>>,
  inFull: string | undefined,
): Promise<void> {
  const now = deps.clock.now()
  const digits = new Set([...before.keys(), ...after.keys()])
  for (const digit of digits) {
    const known = before.get(digit)
    const entries = Object.fromEntries([...(after.get(digit) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1)))
    const text = JSON.stringify(entries)
    const same =
      known !== undefined &&
      text === JSON.stringify(Object.fromEntries([...known.entries].sort(([a], [b]) => (a < b ? -1 : 1))))
    if (same && digit !== inFull) continue
    const id = `${scope}/${digit}`
    const doc: InventoryDoc = {
      id,
      scope,
      entries: text,
      since: known === undefined ? now : sinceOf(known, now),
      at: known === undefined || digit === inFull ? now : known.at,
    }
    await deps.store.transact(async (tx) => {
      if (text === '{}') tx.delete('inventories', id)
      else tx.set('inventories', id, doc)
      return Promise.resolve()
    }, 'one-document')
  }
}

/** Since when sweeps have come without a long pause: what was noted before a pause, or in a restored state, no longer counts. */
export function sinceOf(part: Pick<Part, 'since' | 'at'>, now: number): number {
  return now - part.at > longPause ? now : part.since
}
