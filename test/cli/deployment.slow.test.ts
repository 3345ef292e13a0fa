import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFirestoreStore } from '../../shared/state/firestore.ts'
import { emulatorsFor } from '../support/emulators.ts'
import { getJson, makeFolder, startPlayground, type Playground, type Ran } from './command.ts'

const programs = await emulatorsFor('mci without a status API, on the official emulators')

describe.skipIf(programs === null)('mci against a deployment without a status API', () => {
  let playground: Playground
  const elsewhere = makeFolder()
  beforeAll(async () => {
    playground = await startPlayground('--clusters', '1', '--emulators')
  }, 90_000)
  afterAll(async () => {
    elsewhere.remove()
    await playground.stop()
  })

  async function mci(...args: string[]): Promise<Ran> {
    const env = {
      GOOGLE_CLOUD_PROJECT: 'playground',
      FIRESTORE_EMULATOR_HOST: playground.firestore ?? '',
      PUBSUB_EMULATOR_HOST: playground.pubsub,
      COMPUTE_API_ENDPOINT: playground.compute,
    }
    return elsewhere.mci(args, { env })
  }

  it('reads Firestore, publishes to Pub/Sub, and shows the same as the status API', async () => {
    const file = 'examples/zone-printer/ingress.yaml'
    const planned = await mci('plan', '-f', file)
    expect(planned).toMatchObject({ code: 2, stderr: '' })
    expect(planned.stdout).toContain('  + cluster-ingress  us-central/default/zone-printer\n')
    const applied = await mci('apply', '-f', file, '--wait', '--timeout', '60s')
    expect(applied).toMatchObject({ code: 0 })
    expect(applied.stdout).toBe(
      'default/zone-printer is Ready at 203.0.113.1 from us-central\n  curl http://203.0.113.1/\n',
    )
    // The last visits may still be told of while both are asked: once they rest, both say the same.
    await expect
      .poll(async () => JSON.parse((await mci('list', '-o', 'json')).stdout) as unknown, { timeout: 20_000 })
      .toEqual(await getJson(`${playground.dashboard}/api/ingresses`))
    expect(await mci('plan', '-f', file)).toMatchObject({ code: 0 })
  }, 90_000)
})

describe('Firestore', () => {
  it('is asked as whoever the command line says: without that identity nothing is sent', async () => {
    const store = createFirestoreStore({
      projectId: 'p',
      auth: () => Promise.reject(new Error('this identity and no other')),
    })
    await expect(store.get('clusters', 'a')).rejects.toThrow('this identity and no other')
  })
})
