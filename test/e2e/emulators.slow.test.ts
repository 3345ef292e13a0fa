import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { emulatorsFor } from '../support/emulators.ts'
import { deploy, simpleIngress } from '../support/manifests.ts'
import { startSystem, type System } from '../support/system.ts'
import { firstAnswer } from '../support/traffic.ts'
import { httpCollections } from '../support/collections.ts'

const emulators = await emulatorsFor('the system on the official emulators')

describe.skipIf(emulators === null)('the same system on the official Pub/Sub and Firestore emulators', () => {
  let system: System

  beforeAll(async () => {
    system = await startSystem({ clusters: 2, emulators: true, tickMs: 5_000 })
    for (const { server } of system.environment.clusters) await deploy(server, 'web')
  }, 120_000)
  afterAll(() => system.close())

  it('serves a published Ingress and leaves nothing behind when it is withdrawn', async () => {
    await system.publish(simpleIngress('web', 'web'))
    const report = await system.until('default/web', 'Ready', (now) => now?.phase === 'Ready', 120_000)
    await firstAnswer(await system.url(report?.vip))
    await system.publish('', { action: 'delete', name: 'web' })
    await system.until('default/web', 'gone', (now) => now === undefined, 120_000)
    for (const collection of httpCollections) {
      expect(await system.holds(collection), collection).toEqual([])
    }
  }, 250_000)
})
