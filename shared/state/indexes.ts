import type { CollectionName, Collections } from './documents.ts'
import type { ResourceId } from '../resource-id.ts'
import { queries } from './store.ts'

/** A query whatever its collection. */
export interface AnyQuery {
  readonly collection: CollectionName
  readonly where: readonly {
    readonly field: string
    readonly op: '==' | '<=' | 'array-contains'
    readonly value: string | number | boolean
  }[]
  readonly orderBy?: string
  readonly limit?: number
  readonly after?: string
}

/** The index that a query runs on: over one field; null = over the document ids alone. */
export interface QueryIndex {
  field: string | null
  /** `array`: an entry for every element. */
  mode: 'ordered' | 'array'
}

/**
 * The single index that answers a query. Every query of the program is one range of one single-field index, so that no
 * composite index has to be made and kept; a query that would need one is a programming error.
 */
export function indexFor(query: AnyQuery): QueryIndex {
  const [filter, ...more] = query.where
  if (more.length > 0)
    throw new Error(
      `a query of ${query.collection} has ${query.where.length} conditions and would need a composite index`,
    )
  if (query.after !== undefined && query.orderBy !== undefined) {
    throw new Error(
      `a query of ${query.collection} continues after a document and has an order of its own; only one of them is possible`,
    )
  }
  if (filter === undefined) return { field: query.orderBy ?? null, mode: 'ordered' }
  // Without an order of its own, results come by document id: a range of values would come by value.
  if (filter.op === '<=' ? query.orderBy !== filter.field : query.orderBy !== undefined) {
    throw new Error(`a query of ${query.collection} by ${filter.field} has an order that would need a composite index`)
  }
  return { field: filter.field, mode: filter.op === 'array-contains' ? 'array' : 'ordered' }
}

/** One of each query, so that a query added to `queries` does not compile until it is here. */
const samples: Record<keyof typeof queries, AnyQuery> = {
  dueResources: queries.dueResources(0, 1),
  dueIngresses: queries.dueIngresses(0, 1),
  dueClusters: queries.dueClusters(0, 1),
  waiters: queries.waiters('kind/name' as ResourceId),
  referrers: queries.referrers('kind/name' as ResourceId),
  claimsOn: queries.claimsOn('kind/name' as ResourceId),
  claimsOf: queries.claimsOf('namespace/name'),
  ownedBy: queries.ownedBy('namespace/name'),
  resourcesOfKind: queries.resourcesOfKind('kind'),
  ingresses: queries.ingresses(),
  clusters: queries.clusters(),
  deadLetters: queries.deadLetters(1),
  inventory: queries.inventory('kind/project'),
  unswept: queries.unswept('kind/project'),
  objectsIn: queries.objectsIn('namespace'),
}

/** Every index that the queries of the program run on, once each. */
export const queryIndexes: readonly (QueryIndex & { collection: CollectionName })[] = [
  ...new Map(
    Object.values(samples).map((query) => {
      const index = { collection: query.collection, ...indexFor(query) }
      return [`${index.collection}.${index.field}`, index] as const
    }),
  ).values(),
]

/** The fields of every document; the compiler keeps it complete. */
const fields: { [C in CollectionName]: Record<keyof Collections[C], true> } = {
  // prettier-ignore
  ingresses: {
    id: true, model: true, source: true, generation: true, plannedGeneration: true, goneAt: true, leftServing: true, selection: true, selectedAt: true, deleted: true,
    rejected: true, plan: true, names: true, living: true, takingOver: true, refusedAction: true, conditions: true, history: true, phase: true, told: true, telling: true, wakeAt: true, called: true, stirring: true, token: true, createdAt: true, updatedAt: true,
  },
  clusters: {
    name: true,
    registration: true,
    sight: true,
    unreachable: true,
    leaving: true,
    untold: true,
    wakeAt: true,
    updatedAt: true,
  },
  // prettier-ignore
  resources: {
    id: true, kind: true, owner: true, refs: true, appliedRefs: true, applied: true, readyHash: true, madeFor: true, stirred: true, phase: true, why: true,
    waitingOn: true, waitingFor: true, failures: true, forbidden: true, operation: true, mayAppearUntil: true, left: true, taken: true, output: true, wakeAt: true, nudges: true, token: true,
    lastOperation: true, lastRepair: true, unswept: true, lastChange: true, createdAt: true, updatedAt: true,
  },
  claims: { resource: true, ingress: true, want: true, refs: true, uses: true, at: true, force: true, hold: true },
  leases: { id: true, holder: true, token: true, expiresAt: true },
  objects: { id: true, kind: true, namespace: true, name: true, content: true, source: true, updatedAt: true },
  inventories: { id: true, scope: true, entries: true, since: true, at: true },
  deadLetters: { id: true, topic: true, data: true, attributes: true, why: true, at: true, expireAt: true },
}

/** How Firestore is to index one field. */
export interface FirestoreIndex {
  /** Firestore's collection group. */
  collection: CollectionName
  field: string
  /** `none`: exempt from Firestore's automatic indexes, which cost a write each and refuse long values. */
  index: 'ascending' | 'array-contains' | 'none'
  /** `collection-group`: the query runs over all collections of this name, wherever they live. */
  scope: 'collection' | 'collection-group'
}

/**
 * What infra declares: for every field of every document, the one index that a query needs, or none. Firestore orders by
 * document id for nothing, and the claims of one resource are a collection of their own (see `pathOf`).
 */
export const firestoreIndexes: readonly FirestoreIndex[] = (Object.keys(fields) as CollectionName[]).flatMap(
  (collection) =>
    Object.keys(fields[collection]).map((field): FirestoreIndex => {
      const used = queryIndexes.find((index) => index.collection === collection && index.field === field)
      const group = collection === 'claims'
      if (used === undefined || (group && field === 'resource'))
        return { collection, field, index: 'none', scope: 'collection' }
      return {
        collection,
        field,
        index: used.mode === 'array' ? 'array-contains' : 'ascending',
        scope: group ? 'collection-group' : 'collection',
      }
    }),
)

/** Fields by whose time Firestore removes a document (milliseconds here; there a timestamp, since its policy reads no number). */
export const timeToLive: { readonly [C in CollectionName]?: keyof Collections[C] & string } = {
  deadLetters: 'expireAt',
}
