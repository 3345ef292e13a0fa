import { Firestore, Timestamp } from '@google-cloud/firestore'
import { PassThroughClient } from 'google-auth-library'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startFirestoreEmulator, type Emulator } from '../../playground/emulators.ts'
import { createFirestoreStore } from '../../shared/state/firestore.ts'
import { emulatorsFor } from '../support/emulators.ts'
import { storeContract } from './store.ts'

const programs = await emulatorsFor('the Store contract on Firestore')

describe.skipIf(programs === null)('on the official emulator', () => {
  let emulator: Emulator
  let projects = 0
  const began = performance.now()

  beforeAll(async () => {
    if (programs !== null) emulator = await startFirestoreEmulator(programs)
  })
  afterAll(async () => {
    await emulator.stop()
    process.stderr.write(
      `The Store contract on the Firestore emulator took ${Math.round((performance.now() - began) / 1000)} s.\n`,
    )
  })

  it('keeps the time by which a document is to go as a timestamp, since the TTL policy reads no number', async () => {
    const store = createFirestoreStore({ projectId: 'store-ttl', host: emulator.host, timeoutMs: 15_000 })
    const expireAt = 1_700_000_000_123
    const doc = { id: 'm', topic: 't', data: '', attributes: {}, why: 'w', at: 1, expireAt }
    await store.transact(async (tx) => tx.set('deadLetters', 'm', doc))
    const db = new Firestore({
      projectId: 'store-ttl',
      host: emulator.host,
      ssl: false,
      authClient: new PassThroughClient(),
    })
    const raw: unknown = (await db.doc('deadLetters/m').get()).get('expireAt')
    expect(raw).toEqual(Timestamp.fromMillis(expireAt))
    expect(await store.get('deadLetters', 'm'), 'and the program sees the number').toEqual(doc)
    await Promise.all([db.terminate(), store.close()])
  })

  storeContract('firestore', {
    // The emulator takes any project, and keeps their databases apart.
    makeStore: async () =>
      createFirestoreStore({ projectId: `store-${++projects}`, host: emulator.host, timeoutMs: 15_000 }),
    contenders: 4,
  })
})
