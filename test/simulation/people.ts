import type { ServiceName, Spec } from './manifests.ts'

/** What people want of one Ingress, had every message been handled in the order of its publishing. */
export interface Wish {
  spec: Spec | null
  deleted: boolean
  /** null = every registered cluster. */
  clusters: string[] | null
  excluded: string[]
  drained: string[]
}

/** What somebody does to an Ingress. */
export type Deed =
  | { does: 'apply'; spec: Spec; clusters: string[] | null }
  | { does: 'delete' }
  | { does: 'remove-clusters' | 'drain-clusters' | 'undrain-clusters'; clusters: string[] }

/** One Ingress as its people see it. */
export interface Owned {
  name: ServiceName
  id: string
  /** The present wish, and all others since everything was last known to be as wished. */
  wishes: Wish[]
  /** Ids of the messages about it, in the order of publishing, and those handled, in the order in which they were first handled. */
  published: string[]
  handled: string[]
  /** metadata.generation of the next spec; null = its manifests carry none. */
  generation: number | null
  /** The last good version was followed by a bad one. */
  rejected: boolean
  /** A message about it was not taken, so that the wish is not exact. */
  refused: boolean
}

export function newOwned(name: ServiceName, versioned: boolean): Owned {
  return {
    name,
    id: `${name.namespace}/${name.name}`,
    wishes: [{ spec: null, deleted: false, clusters: null, excluded: [], drained: [] }],
    published: [],
    handled: [],
    generation: versioned ? 1 : null,
    rejected: false,
    refused: false,
  }
}

/** The present wish. */
export function wishOf(owned: Owned): Wish {
  return owned.wishes.at(-1) as Wish
}

/** Notes a deed: what is wanted from now on. */
export function wish(owned: Owned, deed: Deed): void {
  owned.wishes.push(after(wishOf(owned), deed))
}

function after(before: Wish, deed: Deed): Wish {
  switch (deed.does) {
    case 'apply': {
      const kept = before.deleted || before.spec === null ? { clusters: null, excluded: [], drained: [] } : before
      const named = deed.clusters ?? deed.spec.clusters
      const selection = named === null ? kept : { ...kept, clusters: [...named].sort(), excluded: [] }
      return {
        spec: deed.spec,
        deleted: false,
        clusters: selection.clusters,
        excluded: selection.excluded,
        drained: selection.drained,
      }
    }
    case 'delete':
      return { ...before, deleted: before.spec !== null }
    case 'remove-clusters':
      return {
        ...before,
        excluded: [...new Set([...before.excluded, ...deed.clusters])].sort(),
        drained: before.drained.filter((name) => !deed.clusters.includes(name)),
      }
    case 'drain-clusters':
      return { ...before, drained: [...new Set([...before.drained, ...deed.clusters])].sort() }
    case 'undrain-clusters':
      return { ...before, drained: before.drained.filter((name) => !deed.clusters.includes(name)) }
    default:
      return deed satisfies never
  }
}

/** Whether all its messages were handled in the order in which they were published, so that the wish is exact. */
export function inOrder(owned: Owned): boolean {
  return (
    !owned.refused &&
    owned.handled.length === owned.published.length &&
    owned.handled.every((id, at) => id === owned.published[at])
  )
}
