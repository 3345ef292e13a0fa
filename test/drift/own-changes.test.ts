import { afterEach, describe, expect, it } from 'vitest'
import { application } from '../support/manifests.ts'
import { project, smallWorld, type SmallWorld } from './small-world.ts'

let world: SmallWorld

afterEach(() => world.close())

async function served(): Promise<void> {
  world = await smallWorld()
  for (const cluster of world.clusters.keys()) await world.deploy(cluster, 'web')
  await world.serve('web', 'web')
}

const only = (collection: string): Record<string, unknown> => world.compute.list(collection, project)[0]?.body ?? {}
const groupsOf = (region: string) =>
  world.compute.list('instanceGroups', project).filter(({ path }) => path.includes(region))
const backends = (): string[] =>
  (only('backendServices')['backends'] as { group: string }[]).map(({ group }) => group.split('/').slice(-3).join('/'))
const service = '/api/v1/namespaces/default/services/web'
const deployment = '/apis/apps/v1/namespaces/default/deployments/web'

/** The load balancer's own resources, which no change in one cluster may make anew. */
const identities = (): string[] =>
  ['addresses', 'backendServices', 'forwardingRules', 'healthChecks', 'targetHttpProxies', 'urlMaps']
    .flatMap((collection) => world.compute.list(collection, project))
    .map(({ path, body }) => `${path} ${JSON.stringify(body['id'])}`)

/** What a person who changed something does when it must not wait: asks for a look at the cluster. */
async function look(cluster: string): Promise<void> {
  await world.publish('cluster-changes', JSON.stringify({ cluster }))
}

describe('changes in a cluster', () => {
  it('a readiness probe that is added decides the health check, at the first tick after its pods are there', async () => {
    await served()
    const before = identities()
    const container = {
      name: 'web',
      image: 'example/app:1',
      ports: [{ containerPort: 8080 }],
      readinessProbe: { httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 3, timeoutSeconds: 2 },
    }
    for (const cluster of world.clusters.keys())
      await world.request(cluster, 'PATCH', deployment, { spec: { template: { spec: { containers: [container] } } } })
    await world.clock.advance(10_000)
    await world.tick()
    expect(only('healthChecks')).toMatchObject({ checkIntervalSec: 3, httpHealthCheck: { requestPath: '/healthz' } })
    expect(identities()).toEqual(before)
  })

  it('a Service that is deleted takes only its cluster out, and its return brings it back', async () => {
    await served()
    const before = identities()
    const all = backends()
    await world.request('west', 'DELETE', service)
    for (let ticks = 0; ticks < 3; ticks += 1) await world.tick()
    expect(backends()).toEqual(all.filter((group) => group.includes('us-east1')))
    expect(await world.phase('default/web')).toBe('Degraded')
    await world.request('west', 'POST', '/api/v1/namespaces/default/services', application('web').service)
    for (let ticks = 0; ticks < 4; ticks += 1) await world.tick()
    expect(backends()).toEqual(all)
    expect(await world.phase('default/web')).toBe('Ready')
    expect(identities()).toEqual(before)
  })

  it('an instance group that is deleted under us before it is attached comes back, because the controller is made to look', async () => {
    world = await smallWorld()
    for (const cluster of world.clusters.keys()) await world.deploy(cluster, 'web')
    // kubemci's race: the controller writes its annotation, and the group goes before anybody attaches it.
    const stop = world.compute.onChange(({ phase, method, target }) => {
      if (phase !== 'finished' || !method.endsWith('instanceGroups.insert') || !target.includes('us-west1-a')) return
      stop()
      void world.clock.after(1_200, () => {
        void world.compute.handle({
          method: 'DELETE',
          path: `/compute/v1/${target}`,
          query: {},
          headers: {},
          body: undefined,
        })
      })
    })
    await world.serve('web', 'web')
    expect(world.compute.counters().byMethod['instanceGroups.delete'], 'the race was lost').toBe(1)
    expect(groupsOf('us-west1').map(({ path }) => path.split('/')[3])).toEqual(['us-west1-a', 'us-west1-b'])
    expect(backends()).toHaveLength(3)
    for (const { body } of groupsOf('us-west1'))
      expect((body['namedPorts'] as { name: string }[]).some(({ name }) => name.startsWith('mci1-'))).toBe(true)
  })

  it('a zone without nodes is left, one with nodes joins, and a count of nodes is no news', async () => {
    await served()
    const west = world.clusters.get('west')
    const before = identities()
    const adding = west?.addZone('us-west1-c')
    await world.clock.advance(5_000)
    await adding
    await look('west')
    for (let ticks = 0; ticks < 2; ticks += 1) await world.tick()
    expect(backends().some((group) => group.includes('us-west1-c'))).toBe(true)
    const another = west?.addNode('us-west1-c')
    await world.clock.advance(5_000)
    await another
    const { writes } = world.compute.counters()
    await world.tick()
    expect(world.compute.counters().writes).toBe(writes)
    const leaving = west?.removeZone('us-west1-a')
    await world.clock.advance(5_000)
    await leaving
    for (let ticks = 0; ticks < 4; ticks += 1) await world.tick()
    expect(backends().filter((group) => group.includes('us-west1'))).toEqual([
      expect.stringContaining('us-west1-b'),
      expect.stringContaining('us-west1-c'),
    ])
    expect(identities()).toEqual(before)
    expect(await world.phase('default/web')).toBe('Ready')
  })

  it('a cluster that does not answer loses no zone, whatever Compute says of its machines', async () => {
    await served()
    const all = backends()
    world.clusters.get('west')?.setReachable(false)
    for (const { path } of world.compute.list('instances', project).filter((one) => one.path.includes('us-west1-a')))
      await world.compel('DELETE', path)
    for (let ticks = 0; ticks < 5; ticks += 1) await world.tick()
    expect(backends()).toEqual(all)
  })

  it('touches the Ingress in the cluster once for a change of zones, and never at rest', async () => {
    await served()
    const west = world.clusters.get('west')
    const adding = west?.addZone('us-west1-c')
    await world.clock.advance(5_000)
    await adding
    for (let ticks = 0; ticks < 3; ticks += 1) await world.tick()
    const { metadata } = (await world.request(
      'west',
      'GET',
      '/apis/networking.k8s.io/v1/namespaces/default/ingresses/web',
    )) as {
      metadata: { annotations: Record<string, string>; resourceVersion: string }
    }
    expect(metadata.annotations['multicluster-ingress.io/zones']).toBe('us-west1-a us-west1-b us-west1-c')
    const writes = west?.counters.writes
    for (let ticks = 0; ticks < 5; ticks += 1) await world.tick()
    expect(west?.counters.writes).toBe(writes)
  })
})
