import type { CollectionName, Collections } from './documents.ts'
import { copyOf } from './copy.ts'
import { escapeId, pathOf } from './document-limits.ts'
import { indexFor, queryIndexes } from './indexes.ts'
import { createOrderedIndex } from './ordered-index.ts'
import type { IndexValue, OrderedIndex } from './ordered-index.ts'
import { StoreBusy } from './store.ts'
import type { Query, Store, Transaction } from './store.ts'
import { guardTransaction } from './transaction-guard.ts'

/**
 * A transaction at one of the two points where the real store can fail it. `commit`: the body has ended, nothing is
 * written yet. `committed`: everything is written, the answer is on its way.
 */
export interface TransactionPoint {
  stage: 'commit' | 'committed'
  /** From 1. */
  attempt: number
}

/** How a memory store misbehaves on purpose. */
export interface MemoryStoreOptions {
  /**
   * Called at every point of every transaction. What it throws, the transaction throws: `StoreBusy` at `commit` is an abort,
   * anything at `committed` is a lost answer. `'lost'` at `commit` is a lost race: the body runs again.
   */
  onTransaction?(point: TransactionPoint): 'lost' | undefined
}

/**
 * Lost races before `StoreBusy`. When n equal transactions start together, one wins each round; more than this many
 * contenders for one document are a fault of design that tests should see.
 */
const maxAttempts = 32

/** A stored document; never changed, only replaced, so that identity tells whether it is still the same. */
interface Entry<C extends CollectionName> {
  doc: Collections[C]
}

interface Table<C extends CollectionName> {
  entries: Map<string, Entry<C>>
  /** By field; null = by key alone. */
  indexes: Map<string | null, OrderedIndex>
}

/**
 * The store in memory: serializable as Firestore is, but optimistic. A transaction's reads, results of queries included,
 * are compared at the commit; who finds them changed runs again. Nothing here takes time or chance; each call gives way once.
 */
export function createMemoryStore(options: MemoryStoreOptions = {}): Store {
  const tables = createTables()
  let closed = false

  const begin = async (): Promise<void> => {
    if (closed) throw new Error('the store is closed')
    await Promise.resolve()
  }
  return {
    async get(collection, id) {
      await begin()
      return docOf(tables[collection].entries.get(keyOf(collection, id)))
    },
    async getAll(collection, ids) {
      await begin()
      return ids.map((id) => docOf(tables[collection].entries.get(keyOf(collection, id))))
    },
    async find(query) {
      await begin()
      return scan(tables, query).map((entry) => copyOf(entry.doc))
    },
    async transact(body, scope) {
      for (let attempt = 1; attempt <= maxAttempts; attempt++) {
        await begin()
        const run = createRun(tables, begin)
        const guard = guardTransaction(run.tx, scope)
        const outcome = await body(guard.tx).then(
          (result) => ({ result }),
          (error: unknown) => ({ error }),
        )
        guard.end()
        if ('error' in outcome) {
          // What was read may never have been true at one time: only a body that saw a true state may fail.
          if (run.holds()) throw outcome.error
          continue
        }
        if (options.onTransaction?.({ stage: 'commit', attempt }) === 'lost' || !run.holds()) continue
        run.write()
        options.onTransaction?.({ stage: 'committed', attempt })
        return outcome.result
      }
      throw new StoreBusy(`a transaction lost ${maxAttempts} races against others; nothing was written`)
    },
    async close() {
      closed = true
    },
  }
}

/** One attempt of a transaction: remembers what it read, keeps what it will write. */
function createRun(tables: Tables, begin: () => Promise<void>): { tx: Transaction; holds(): boolean; write(): void } {
  const checks: (() => boolean)[] = []
  const writes = new Map<string, () => void>()

  const read = <C extends CollectionName>(collection: C, id: string): Collections[C] | undefined => {
    const key = keyOf(collection, id)
    const entry = tables[collection].entries.get(key)
    checks.push(() => tables[collection].entries.get(key) === entry)
    return docOf(entry)
  }
  const put = <C extends CollectionName>(collection: C, id: string, doc: Collections[C] | undefined): void => {
    const key = keyOf(collection, id)
    writes.set(`${collection} ${key}`, () => replace(tables[collection], key, doc))
  }
  return {
    tx: {
      async get(collection, id) {
        await begin()
        return read(collection, id)
      },
      async getAll(collection, ids) {
        await begin()
        return ids.map((id) => read(collection, id))
      },
      async find(query) {
        await begin()
        const found = scan(tables, query)
        checks.push(() => {
          const now = scan(tables, query)
          return now.length === found.length && now.every((entry, index) => entry === found[index])
        })
        return found.map((entry) => copyOf(entry.doc))
      },
      set: (collection, id, doc) => put(collection, id, copyOf(doc)),
      delete: (collection, id) => put(collection, id, undefined),
    },
    holds: () => checks.every((check) => check()),
    write: () => {
      for (const write of writes.values()) write()
    },
  }
}

type Tables = { [C in CollectionName]: Table<C> }

function createTables(): Tables {
  const table = <C extends CollectionName>(collection: C): Table<C> => {
    const indexed = queryIndexes.filter((index) => index.collection === collection).map((index) => index.field)
    return { entries: new Map(), indexes: new Map([null, ...indexed].map((field) => [field, createOrderedIndex()])) }
  }
  return {
    ingresses: table('ingresses'),
    clusters: table('clusters'),
    resources: table('resources'),
    claims: table('claims'),
    leases: table('leases'),
    deadLetters: table('deadLetters'),
    inventories: table('inventories'),
    objects: table('objects'),
  }
}

/** Sorts as Firestore sorts the paths of one collection group: NUL is below every character of an escaped id. */
function keyOf(collection: CollectionName, id: string): string {
  if (collection !== 'claims') return escapeId(id)
  return pathOf(collection, id)
    .filter((_, index) => index % 2 === 1)
    .join('\0')
}

function replace<C extends CollectionName>(table: Table<C>, key: string, doc: Collections[C] | undefined): void {
  const before = table.entries.get(key)
  for (const [field, index] of table.indexes) {
    const old = before === undefined ? [] : valuesOf(before.doc, field)
    const values = doc === undefined ? [] : valuesOf(doc, field)
    // Most writes change few indexed values, and moving a place costs more than looking.
    if (old.length === values.length && old.every((value, at) => value === values[at])) continue
    for (const value of old) index.remove(value, key)
    for (const value of values) index.add(value, key)
  }
  if (doc === undefined) table.entries.delete(key)
  else table.entries.set(key, { doc })
}

/** What a document puts into the index of a field; elements of an array once each. */
function valuesOf(doc: object, field: string | null): IndexValue[] {
  if (field === null) return [null]
  const value: unknown = (doc as Record<string, unknown>)[field]
  return Array.isArray(value) ? [...new Set(value.filter(isIndexValue))] : isIndexValue(value) ? [value] : []
}

function isIndexValue(value: unknown): value is IndexValue {
  return value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}

function scan<C extends CollectionName>(tables: Tables, query: Query<C>): Entry<C>[] {
  const table = tables[query.collection]
  const { field } = indexFor(query)
  const index = table.indexes.get(field)
  if (index === undefined) {
    throw new Error(`no query of the program asks ${query.collection} by ${field}: there is no index`)
  }
  const [filter] = query.where
  const first = filter === undefined ? null : filter.op === '<=' ? lowest(filter.value) : filter.value
  const after = query.after === undefined ? '' : `${keyOf(query.collection, query.after)}\0`
  const found: Entry<C>[] = []
  for (const place of index.from(first, after)) {
    if (found.length === (query.limit ?? Infinity)) break
    if (
      filter !== undefined &&
      !(filter.op === '<=' ? isUpTo(place.value, filter.value) : place.value === filter.value)
    )
      break
    found.push(table.entries.get(place.key) as Entry<C>)
  }
  return found
}

/** Where the values of the same type begin: Firestore compares within a type only. */
function lowest(value: string | number | boolean): IndexValue {
  return typeof value === 'string' ? '' : typeof value === 'number' ? -Infinity : false
}

function isUpTo(value: IndexValue, limit: IndexValue): boolean {
  return typeof value === typeof limit && (value as number) <= (limit as number)
}

function docOf<Doc>(entry: { doc: Doc } | undefined): Doc | undefined {
  return entry === undefined ? undefined : copyOf(entry.doc)
}
