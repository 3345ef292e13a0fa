import { describe, expect, it } from 'vitest'
import type { ResourceId } from '../../shared/resource-id.ts'
import { escapeId } from '../../shared/state/document-limits.ts'
import { firestoreIndexes, indexFor, type AnyQuery } from '../../shared/state/indexes.ts'
import { queries } from '../../shared/state/store.ts'

/** Every function of `queries`, with arguments of the right kinds: a query that nobody listed anywhere is in here too. */
const all: [string, AnyQuery][] = Object.entries(queries).map(([name, query]) => {
  const numeric = name.startsWith('due') || name === 'deadLetters'
  return [name, (query as (...args: unknown[]) => AnyQuery)(...(numeric ? [1, 2] : ['kind/name' as ResourceId]))]
})

describe('the indexes that infra declares', () => {
  it.each(all)('cover the query %s', (_name, query) => {
    const { field, mode } = indexFor(query)
    // A query by nothing, or for the claims of one resource, walks its collection by document id.
    if (field === null || (query.collection === 'claims' && field === 'resource')) return
    expect(firestoreIndexes).toContainEqual({
      collection: query.collection,
      field,
      index: mode === 'array' ? 'array-contains' : 'ascending',
      scope: query.collection === 'claims' ? 'collection-group' : 'collection',
    })
  })

  it('name every field once, and only as many as queries use', () => {
    const names = firestoreIndexes.map(({ collection, field }) => `${collection}.${field}`)
    expect(new Set(names).size).toBe(names.length)
    const used = firestoreIndexes
      .filter(({ index }) => index !== 'none')
      .map(({ collection, field }) => `${collection}.${field}`)
    expect(used.sort()).toEqual([
      'claims.ingress',
      'clusters.wakeAt',
      'deadLetters.at',
      'ingresses.wakeAt',
      'inventories.scope',
      'objects.namespace',
      'resources.appliedRefs',
      'resources.kind',
      'resources.owner',
      'resources.unswept',
      'resources.waitingOn',
      'resources.wakeAt',
    ])
  })

  it.each([
    ['ingresses', 'model'],
    ['claims', 'want'],
    ['resources', 'output'],
    ['deadLetters', 'data'],
    ['inventories', 'entries'],
  ])('exempt what may be large: %s.%s', (collection, field) => {
    expect(firestoreIndexes.find((index) => index.collection === collection && index.field === field)?.index).toBe(
      'none',
    )
  })

  it.each<{ reason: string; query: AnyQuery }>([
    {
      reason: 'two conditions',
      query: {
        collection: 'resources',
        where: [
          { field: 'kind', op: '==', value: 'a' },
          { field: 'owner', op: '==', value: 'b' },
        ],
      },
    },
    {
      reason: 'a condition and the order of another field',
      query: { collection: 'resources', where: [{ field: 'kind', op: '==', value: 'a' }], orderBy: 'wakeAt' },
    },
    {
      reason: 'a range without its order',
      query: { collection: 'resources', where: [{ field: 'wakeAt', op: '<=', value: 1 }] },
    },
    {
      reason: 'an order and a place to continue by id',
      query: { collection: 'deadLetters', where: [], orderBy: 'at', after: 'x' },
    },
  ])('refuse a query that no single index answers: $reason', ({ query }) => {
    expect(() => indexFor(query)).toThrow()
  })
})

describe('escaped ids', () => {
  it.each(['a/b', 'a%2Fb', 'é/😀', '.', '..', '__all__', '__', 'plain-1.x_y', 'a b\u0000c', '____'])(
    '%j comes back',
    (id) => {
      const escaped = escapeId(id)
      expect(decodeURIComponent(escaped)).toBe(id)
      expect(escaped).toMatch(/^[!-.0-~]+$/)
      expect(escaped).not.toMatch(/^(\.\.?|__.*__)$/)
    },
  )
})
