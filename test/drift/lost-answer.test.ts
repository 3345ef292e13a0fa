import { afterEach, describe, expect, it } from 'vitest'
import { CloudError } from '../../shared/cloud/compute-port.ts'
import { smallWorld, type SmallWorld } from './small-world.ts'

let world: SmallWorld | undefined
afterEach(() => world?.close())

describe('a creation whose answer was lost', () => {
  it('of a managed certificate: it is put on the proxy, where alone it can become ACTIVE', async () => {
    world = await smallWorld({ east: ['us-east1-b'] })
    const { compute } = world.deps
    let lost = 0
    world.deps.compute = {
      ...compute,
      async insert(ref, body, requestId) {
        const started = await compute.insert(ref, body, requestId)
        if (ref.collection !== 'sslCertificates' || lost > 0) return started
        lost += 1
        // And its operation has ended before anybody looks.
        await world?.deps.clock.sleep(2_000)
        throw new CloudError(0, '', 'the answer was lost')
      },
    }
    await world.deploy('east', 'web')
    await world.serve('shop', 'web', { 'multicluster-ingress.io/managed-certificates': 'shop.example.com' })
    expect(lost).toBe(1)
    const [certificate] = world.compute.list('sslCertificates')
    expect(certificate?.body['managed']).toMatchObject({ status: 'ACTIVE' })
  })
})
