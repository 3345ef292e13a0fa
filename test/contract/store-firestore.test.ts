import { afterAll, beforeAll, describe } from 'vitest'
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

  storeContract('firestore', {
    // The emulator takes any project, and keeps their databases apart.
    makeStore: async () =>
      createFirestoreStore({ projectId: `store-${++projects}`, host: emulator.host, timeoutMs: 15_000 }),
    contenders: 4,
  })
})
