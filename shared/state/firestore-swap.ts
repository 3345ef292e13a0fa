import { setTimeout as sleep } from 'node:timers/promises'
import type { DocumentReference, DocumentSnapshot, Firestore } from '@google-cloud/firestore'
import type { CollectionName, Collections } from './documents.ts'
import { runBody } from './firestore-body.ts'
import { docOf, refOf, stored } from './firestore-documents.ts'
import { isChangedMeanwhile } from './firestore-faults.ts'
import type { Transaction } from './store.ts'

/** Of n that write one document at the same time, one wins each round. */
const mostAttempts = 24

/** Pauses between attempts grow from the first to the longest, each by chance shorter; milliseconds. */
const firstPause = 10
const longestPause = 500

/** Somebody else wrote between the read and the write, in every attempt. */
export class LostEveryRace extends Error {}

/**
 * A transaction on one document without a lock: read, and written only if nobody wrote since (its update time, as a
 * precondition). Under locks two that have read the same document wait for each other until the service ends one of them
 * (seconds on the emulator), and a crowd, such as twenty nudges for one resource, does nothing but wait. Whoever holds no
 * lock keeps nobody waiting: of those that meet, one wins at once.
 */
export async function compareAndSwap<T>(
  db: Firestore,
  body: (tx: Transaction) => Promise<T>,
  expired: () => boolean,
): Promise<T> {
  for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
    if (attempt > 0) await sleep(Math.random() * Math.min(longestPause, firstPause * 2 ** attempt))
    const run = createRun(db)
    const result = await runBody(run.tx, body, 'one-document', expired)
    try {
      await run.commit()
      return result
    } catch (error) {
      if (!isChangedMeanwhile(error)) throw error
    }
  }
  throw new LostEveryRace(`the document was changed by others during each of ${mostAttempts} attempts`)
}

/** What an attempt read, and what it is to write. The guard sees to it that both are the same document. */
function createRun(db: Firestore): { tx: Transaction; commit(): Promise<unknown> } {
  let seen: Promise<DocumentSnapshot> | undefined
  let commit = (): Promise<unknown> => Promise.resolve()

  const read = async <C extends CollectionName>(collection: C, id: string): Promise<Collections[C] | undefined> =>
    docOf(collection, await (seen ??= refOf(db, collection, id).get()))

  return {
    commit: () => commit(),
    tx: {
      get: read,
      getAll: (collection, ids) => Promise.all(ids.map((id) => read(collection, id))),
      find: () => Promise.reject(new Error('a transaction on one document asks a query')),
      set(collection, id, doc) {
        const data = stored(collection, doc)
        commit = async () => replace(refOf(db, collection, id), await seen, data)
      },
      delete(collection, id) {
        commit = async () => {
          const before = await seen
          const ref = refOf(db, collection, id)
          if (before === undefined) return ref.delete()
          return before.updateTime && ref.delete({ lastUpdateTime: before.updateTime })
        }
      },
    },
  }
}

/** Writes the whole document if it still is as it was seen; without a look, in any case. */
async function replace(ref: DocumentReference, before: DocumentSnapshot | undefined, data: object): Promise<unknown> {
  if (before === undefined) return ref.set(data)
  if (before.updateTime === undefined) return ref.create(data)
  // Only an update takes a precondition, and it leaves fields alone that it does not name.
  const { FieldValue } = await import('@google-cloud/firestore')
  const gone = Object.keys(before.data() ?? {}).filter((field) => !(field in data))
  const whole = { ...Object.fromEntries(gone.map((field) => [field, FieldValue.delete()])), ...data }
  return ref.update(whole, { lastUpdateTime: before.updateTime })
}
