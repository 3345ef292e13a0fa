import type { ChildProcess } from 'node:child_process'
import type { CollectionName, Collections } from '../../shared/state/documents.ts'
import { StoreBusy, type Query, type Reader, type Store, type Transaction } from '../../shared/state/store.ts'

/**
 * A Store that another process keeps, over the channel between parent and child, so that the memory of the functions can be
 * measured without that of the documents, which Firestore has in a deployment.
 */

type Read =
  | { is: 'get'; collection: CollectionName; id: string }
  | { is: 'getAll'; collection: CollectionName; ids: readonly string[] }
  | { is: 'find'; query: Query<CollectionName> }

type Write =
  | { collection: CollectionName; id: string; doc: Collections[CollectionName] }
  | { collection: CollectionName; id: string }

/** `of`: the transaction that a question belongs to. */
type Question = { question: number } & (
  { do: 'read'; read: Read; of?: number } | { do: 'transact' } | { do: 'commit'; of: number; writes: Write[] | null }
)

/** `attempt`: run the body. */
type Answer = { answer: number } & (
  { is: 'value'; value: unknown } | { is: 'attempt' } | { is: 'failed'; error: string; busy: boolean }
)

function run(reader: Reader, read: Read): Promise<unknown> {
  switch (read.is) {
    case 'get':
      return reader.get(read.collection, read.id)
    case 'getAll':
      return reader.getAll(read.collection, read.ids)
    case 'find':
      return reader.find(read.query)
    default:
      return read satisfies never
  }
}

/** The body threw, in the child, which knows what. */
class Abandoned extends Error {}

/** The parent's end: answers the child from a Store. */
export function serveStore(store: Store, child: ChildProcess): void {
  const open = new Map<number, { tx: Transaction; end: (writes: Write[] | null) => void }>()
  const reply = (answer: Answer): void => void child.send(answer)
  const answering = (question: number, work: Promise<unknown>): void =>
    void work.then(
      (value) => reply({ answer: question, is: 'value', value }),
      (error: unknown) =>
        reply({ answer: question, is: 'failed', error: String(error), busy: error instanceof StoreBusy }),
    )
  /** Lets the child run the body of its transaction, and writes what it wrote. */
  async function replay(tx: Transaction, question: number): Promise<void> {
    const writes = await new Promise<Write[] | null>((end) => {
      open.set(question, { tx, end })
      reply({ answer: question, is: 'attempt' })
    })
    if (writes === null) throw new Abandoned()
    for (const write of writes) {
      if ('doc' in write) tx.set(write.collection, write.id, write.doc)
      else tx.delete(write.collection, write.id)
    }
  }
  child.on('message', (message: object) => {
    if (!('question' in message)) return
    const asked = message as Question
    switch (asked.do) {
      case 'read': {
        const reader = asked.of === undefined ? store : (open.get(asked.of)?.tx ?? store)
        answering(asked.question, run(reader, asked.read))
        return
      }
      case 'transact':
        answering(
          asked.question,
          store.transact((tx) => replay(tx, asked.question)),
        )
        return
      case 'commit':
        open.get(asked.of)?.end(asked.writes)
        return
      default:
        asked satisfies never
    }
  })
}

/** The child's end. */
export function remoteStore(): Store {
  const waiting = new Map<number, (answer: Answer) => void>()
  let ids = 0
  process.on('message', (message: object) => {
    if ('answer' in message) waiting.get((message as Answer).answer)?.(message as Answer)
  })
  type Asked<Q = Question> = Q extends Question ? Omit<Q, 'question'> : never
  function ask(asked: Asked, attempt?: (id: number) => void): Promise<unknown> {
    const question = (ids += 1)
    return new Promise((resolve, reject) => {
      waiting.set(question, (answer) => {
        if (answer.is === 'attempt') return attempt?.(question)
        waiting.delete(question)
        if (answer.is === 'value') resolve(answer.value)
        else reject(answer.busy ? new StoreBusy(answer.error) : new Error(answer.error))
      })
      process.send?.({ question, ...asked })
    })
  }
  const readerOf = (of?: number): Reader => {
    const read = (what: Read): Promise<unknown> => ask({ do: 'read', read: what, ...(of === undefined ? {} : { of }) })
    return {
      get: (collection, id) => read({ is: 'get', collection, id }) as Promise<never>,
      getAll: (collection, ids) => read({ is: 'getAll', collection, ids }) as Promise<never>,
      find: (query) => read({ is: 'find', query: query as unknown as Query<CollectionName> }) as Promise<never>,
    }
  }
  return {
    ...readerOf(),
    async transact<T>(body: (tx: Transaction) => Promise<T>): Promise<T> {
      let outcome: { result: T } | { error: unknown } | undefined
      const attempt = (of: number): void => {
        const writes: Write[] = []
        const tx: Transaction = {
          ...readerOf(of),
          set: (collection, id, doc) => void writes.push({ collection, id, doc }),
          delete: (collection, id) => void writes.push({ collection, id }),
        }
        void body(tx).then(
          (result) => {
            outcome = { result }
            process.send?.({ question: (ids += 1), do: 'commit', of, writes } satisfies Question)
          },
          (error: unknown) => {
            outcome = { error }
            process.send?.({ question: (ids += 1), do: 'commit', of, writes: null } satisfies Question)
          },
        )
      }
      try {
        await ask({ do: 'transact' }, attempt)
      } catch (error) {
        throw outcome !== undefined && 'error' in outcome ? outcome.error : error
      }
      if (outcome === undefined || 'error' in outcome) throw new Error('the transaction ended without its body')
      return outcome.result
    },
    close: () => Promise.resolve(),
  }
}
