import { afterEach, describe, expect, it } from 'vitest'
import { smallWorld, type SmallWorld } from './small-world.ts'

let world: SmallWorld
afterEach(() => world.close())

const manifest = JSON.stringify({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    defaultBackend: { service: { name: 'web', port: { number: 80 } } },
    rules: [
      {
        http: {
          paths: [{ path: '/api', pathType: 'Prefix', backend: { service: { name: 'api', port: { number: 80 } } } }],
        },
      },
    ],
  },
})

const zonesOf = (service: string): string[] =>
  world.compute
    .list('backendServices', 'playground')
    .filter(({ body }) => JSON.stringify(body['description']).includes(`default/${service}\\`))
    .flatMap(({ body }) => (body['backends'] ?? []) as { group: string }[])
    .map(({ group }) => group.split('/').at(-3) ?? '')
    .sort()

describe('a cluster that lacks one of several Services of an Ingress', () => {
  it('serves the others, by its instance groups, and this one too when it comes', async () => {
    world = await smallWorld()
    for (const cluster of world.clusters.keys()) await world.deploy(cluster, 'web')
    await world.deploy('west', 'api')
    await world.publish('ingress-specs', manifest)
    for (let tick = 0; tick < 6; tick += 1) await world.tick()
    const everywhere = ['us-east1-b', 'us-west1-a', 'us-west1-b']
    expect(zonesOf('web')).toEqual(everywhere)
    expect(zonesOf('api')).toEqual(['us-west1-a', 'us-west1-b'])
    expect(await world.phase('default/web')).toBe('Degraded')
    await world.deploy('east', 'api')
    for (let tick = 0; tick < 4; tick += 1) await world.tick()
    expect(zonesOf('api')).toEqual(everywhere)
    expect(await world.phase('default/web')).toBe('Ready')
  })
})
