import { afterEach, describe, expect, it } from 'vitest'
import { application } from '../support/manifests.ts'
import { project, smallWorld, type SmallWorld } from './small-world.ts'

let world: SmallWorld

afterEach(() => world.close())

const asks = { 'cloud.google.com/neg': '{"ingress":true}' }

/** A service of type ClusterIP whose pods are reached by network endpoint groups. */
async function deployNeg(cluster: string, annotations: Record<string, string> = asks): Promise<void> {
  const { deployment, service: made } = application('web')
  const { metadata, spec } = made as { metadata: object; spec: object }
  await world.request(cluster, 'POST', '/apis/apps/v1/namespaces/default/deployments', deployment)
  await world.request(cluster, 'POST', '/api/v1/namespaces/default/services', {
    ...made,
    metadata: { ...metadata, annotations },
    spec: { ...spec, type: 'ClusterIP' },
  })
  await world.clock.advance(2_000)
}

const all = (collection: string): Record<string, unknown>[] =>
  world.compute.list(collection, project).map(({ body }) => body)
const backends = (): { group: string; balancingMode: string; maxRatePerEndpoint?: number; capacityScaler: number }[] =>
  all('backendServices').flatMap((one) => (one['backends'] ?? []) as ReturnType<typeof backends>)
const groups = (): string[] =>
  backends()
    .map(({ group }) => group.split('/').slice(-3, -1).join('/'))
    .sort()

async function ticks(count: number): Promise<void> {
  for (let done = 0; done < count; done += 1) await world.tick()
}

describe('container-native load balancing', () => {
  it('serves a ClusterIP service by the network endpoint groups of every cluster', async () => {
    world = await smallWorld()
    for (const cluster of world.clusters.keys()) await deployNeg(cluster)
    await world.serve('web', 'web')
    expect(groups()).toEqual([
      'us-east1-b/networkEndpointGroups',
      'us-west1-a/networkEndpointGroups',
      'us-west1-b/networkEndpointGroups',
    ])
    expect(backends()[0]).toMatchObject({ balancingMode: 'RATE', maxRatePerEndpoint: 1e14, capacityScaler: 1 })
    expect(all('healthChecks')).toMatchObject([
      { checkIntervalSec: 15, timeoutSec: 15, httpHealthCheck: { portSpecification: 'USE_SERVING_PORT' } },
    ])
    expect(all('firewalls')).toMatchObject([{ allowed: [{ IPProtocol: 'tcp', ports: ['8080'] }] }])
    expect(all('instanceGroups')).toEqual([])
    const { writes } = world.compute.counters()
    await ticks(3)
    expect(world.compute.counters().writes).toBe(writes)
    await world.publish('ingress-specs', '', { action: 'delete', namespace: 'default', name: 'web' })
    await ticks(3)
    expect(all('backendServices')).toEqual([])
    expect(all('networkEndpointGroups'), 'the Ingress object held them').toEqual([])
  })
})
