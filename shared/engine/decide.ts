import { isSame } from '../json.ts'
import type { AnyKind, Change, Observation } from './kind.ts'

/** What to do next about one resource, and why. */
export type Step =
  | { do: 'nothing'; why: string; changes: [] }
  | { do: 'create'; why: string; changes: [] }
  | { do: 'update'; why: string; changes: Change[] }
  | { do: 'remove'; why: string; changes: [] }
  | { do: 'refuse'; why: string; changes: Change[] }

/**
 * Pure: from what is wanted and what was seen to the next step. `force` lets it take over a resource that carries no
 * stamp of ours. What is not ours is never removed: nor what bears the stamp of another Ingress than `owner`, the last that
 * claimed it ('' = shared, which bears none), because it was refused when it was wanted. `taken` is the API's id of what force
 * has taken over: that very one is ours although it cannot be stamped; another one in its place is not.
 */
export function decide(
  kind: AnyKind,
  want: object | null,
  seen: Observation<unknown>,
  { force, owner, taken }: { force: boolean; owner: string; taken?: string },
): Step {
  const isTaken = taken !== undefined && taken === identityOf(seen.got)
  const foreign = seen.owner === 'foreign' && !isTaken
  if (want === null) {
    if (seen.got === undefined) return { do: 'nothing', why: 'it is gone', changes: [] }
    if (seen.stampedFor !== undefined && seen.stampedFor !== owner && !isTaken)
      return { do: 'nothing', why: `it belongs to Ingress ${seen.stampedFor}: left alone`, changes: [] }
    if (foreign)
      return { do: 'nothing', why: `it is not ours (${seen.ownedBy ?? 'no stamp'}): left alone`, changes: [] }
    return { do: 'remove', why: 'no Ingress wants it any more', changes: [] }
  }
  if (seen.got === undefined) return { do: 'create', why: 'it does not exist', changes: [] }
  if (foreign && !force) {
    return {
      do: 'refuse',
      why: `a resource of this name exists and is not ours (${seen.ownedBy ?? 'no stamp'}): remove it, rename the load balancer, or take it over with the annotation multicluster-ingress.io/force: "true"`,
      changes: [],
    }
  }
  const changes = differences(
    kind.owned,
    want as Record<string, unknown>,
    kind.project(seen.got) as Record<string, unknown>,
  )
  if (changes.length === 0) return { do: 'nothing', why: 'it is as wanted', changes: [] }
  const names = changes.map((change) => change.field).join(', ')
  if (kind.update === undefined)
    return { do: 'refuse', why: `${names} differs and cannot be changed in place`, changes }
  return { do: 'update', why: `differs in ${names}`, changes }
}

/** What the API calls a resource, which differs when it was made anew; undefined where it gives no such id. */
export function identityOf(got: unknown): string | undefined {
  const id = typeof got === 'object' && got !== null && 'id' in got ? got.id : undefined
  return typeof id === 'string' || typeof id === 'number' ? String(id) : undefined
}

/** The owned fields in which got is not what want says. A member that want leaves out is nobody's business. */
export function differences(
  owned: readonly string[],
  want: Record<string, unknown>,
  got: Record<string, unknown>,
): Change[] {
  const changes: Change[] = []
  for (const field of owned) {
    if (want[field] !== undefined && !covers(want[field], got[field]))
      changes.push({ field, from: got[field] ?? null, to: want[field] })
  }
  return changes
}

/** True when got has everything that want says: objects by the members that want names, lists as a whole. */
function covers(want: unknown, got: unknown): boolean {
  if (Array.isArray(want)) {
    const list: readonly unknown[] = Array.isArray(got) ? got : []
    return list.length === want.length && want.every((item, index) => covers(item, list[index]))
  }
  if (want !== null && typeof want === 'object') {
    const members = (got ?? {}) as Record<string, unknown>
    return Object.entries(want).every(([key, value]) => value === undefined || covers(value, members[key]))
  }
  // The API keeps `float` fields in 32 bits.
  if (typeof want === 'number' && typeof got === 'number') return Math.abs(want - got) <= Math.abs(want) * 1e-6
  // An unset description reads back as absent or ''.
  return isSame(want, got ?? (want === '' ? '' : null))
}
