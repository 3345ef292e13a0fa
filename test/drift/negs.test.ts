import { afterEach, describe, expect, it } from 'vitest'
import { application } from '../support/manifests.ts'
import { project, smallWorld, type SmallWorld } from './small-world.ts'

let world: SmallWorld

afterEach(() => world.close())

const negKey = 'cloud.google.com/neg'
const asks = { [negKey]: '{"ingress":true}' }
const service = '/api/v1/namespaces/default/services/web'
const deployment = '/apis/apps/v1/namespaces/default/deployments/web'

/** A service of type ClusterIP whose pods are reached by network endpoint groups. */
async function deployNeg(cluster: string, annotations: Record<string, string> = asks): Promise<void> {
  const { deployment: pods, service: made } = application('web')
  const { metadata, spec } = made as { metadata: object; spec: object }
  await world.request(cluster, 'POST', '/apis/apps/v1/namespaces/default/deployments', pods)
  const clusterIp = { ...made, metadata: { ...metadata, annotations }, spec: { ...spec, type: 'ClusterIP' } }
  await world.request(cluster, 'POST', '/api/v1/namespaces/default/services', clusterIp)
  await world.clock.advance(2_000)
}

async function everywhere(act: (cluster: string) => Promise<void>): Promise<void> {
  for (const cluster of world.clusters.keys()) await act(cluster)
}

/** Annotates the Service, gives the in-cluster controller its time, and asks for a look as a person would. */
async function annotate(cluster: string, annotations: Record<string, string | null>): Promise<void> {
  await world.request(cluster, 'PATCH', service, { metadata: { annotations } })
  await world.clock.advance(5_000)
  await world.publish('cluster-changes', JSON.stringify({ cluster }))
}

type Backend = { group: string; balancingMode: string; maxRatePerEndpoint?: number; capacityScaler: number }
const all = (collection: string): Record<string, unknown>[] =>
  world.compute.list(collection, project).map(({ body }) => body)
const names = (collection: string): string[] => all(collection).map(({ name }) => String(name))
const backends = (): Backend[] => all('backendServices').flatMap((one) => (one['backends'] ?? []) as Backend[])
const groups = (): string[] =>
  backends()
    .map(({ group }) => group.split('/').slice(-3, -1).join('/'))
    .sort()
const openPorts = (): string[] =>
  all('firewalls').flatMap((rule) => (rule['allowed'] as { ports: string[] }[]).flatMap(({ ports }) => ports))
const conditions = async (): Promise<string> =>
  JSON.stringify((await world.store.get('ingresses', 'default/web'))?.conditions)

async function ticks(count: number): Promise<void> {
  for (let done = 0; done < count; done += 1) await world.tick()
}

const inNegs = [
  'us-east1-b/networkEndpointGroups',
  'us-west1-a/networkEndpointGroups',
  'us-west1-b/networkEndpointGroups',
]
const inGroups = inNegs.map((path) => path.replace('networkEndpointGroups', 'instanceGroups'))

describe('container-native load balancing', () => {
  it('serves a ClusterIP service by the network endpoint groups of every cluster', async () => {
    world = await smallWorld()
    await everywhere(deployNeg)
    await world.serve('web', 'web')
    expect(groups()).toEqual(inNegs)
    expect(backends()[0]).toMatchObject({ balancingMode: 'RATE', maxRatePerEndpoint: 1e14, capacityScaler: 1 })
    expect(all('healthChecks')).toMatchObject([
      { checkIntervalSec: 15, timeoutSec: 15, httpHealthCheck: { portSpecification: 'USE_SERVING_PORT' } },
    ])
    expect(openPorts()).toEqual(['8080'])
    expect(all('instanceGroups')).toEqual([])
    const { writes } = world.compute.counters()
    await ticks(3)
    expect(world.compute.counters().writes).toBe(writes)
    await world.publish('ingress-specs', '', { action: 'delete', namespace: 'default', name: 'web' })
    await ticks(3)
    expect(all('backendServices')).toEqual([])
    expect(all('networkEndpointGroups'), 'the Ingress object held them').toEqual([])
  })

  it('finds by itself that a VPC-native cluster marks the Services of an Ingress, and makes no groups for them', async () => {
    world = await smallWorld(undefined, undefined, { vpcNative: true })
    await everywhere((cluster) => world.deploy(cluster, 'web'))
    await world.serve('web', 'web')
    expect(groups()).toEqual(inNegs)
    expect(names('backendServices')).toEqual([expect.stringMatching(/^mci1-be-neg-/)])
    expect(names('healthChecks')).toEqual([expect.stringMatching(/^mci1-hc-neg-/)])
  })

  it('takes exposed ports under the names that their user gave them', async () => {
    world = await smallWorld()
    await everywhere((cluster) => deployNeg(cluster, { [negKey]: '{"exposed_ports":{"80":{"name":"shop"}}}' }))
    await world.serve('web', 'web')
    expect(backends().map(({ group }) => group.split('/').at(-1))).toEqual(['shop', 'shop', 'shop'])
  })

  it('groups that get another name join beside the old ones, which go when the new ones are healthy', async () => {
    world = await smallWorld()
    let health: 'HEALTHY' | 'UNHEALTHY' = 'HEALTHY'
    world.compute.setHealthSource(() => [{ healthState: health }])
    const called = (name: string) => ({ [negKey]: `{"exposed_ports":{"80":{"name":"${name}"}}}` })
    const used = (): string[] => backends().map(({ group }) => group.split('/').slice(-1).join(''))
    await everywhere((cluster) => deployNeg(cluster, called('old')))
    await world.serve('web', 'web')
    expect(used()).toEqual(['old', 'old', 'old'])
    health = 'UNHEALTHY'
    await annotate('west', called('new'))
    await ticks(2)
    expect(used().sort()).toEqual(['new', 'new', 'old', 'old', 'old'])
    expect(await conditions()).toContain('0 of 1 in us-west1-a')
    health = 'HEALTHY'
    await ticks(3)
    expect(used().sort()).toEqual(['new', 'new', 'old'])
    expect(await world.phase('default/web')).toBe('Ready')
    expect(names('networkEndpointGroups').sort()).toEqual(['new', 'new', 'old'])
  })

  it('leaves what was there before to whom it belongs: groups of others are never touched', async () => {
    world = await smallWorld()
    await everywhere((cluster) => deployNeg(cluster, { [negKey]: '{"exposed_ports":{"80":{}}}' }))
    await world.serve('web', 'web')
    const before = world.compute.list('networkEndpointGroups', project)
    await world.publish('ingress-specs', '', { action: 'delete', namespace: 'default', name: 'web' })
    await ticks(3)
    expect(all('backendServices')).toEqual([])
    expect(world.compute.list('networkEndpointGroups', project)).toEqual(before)
    expect(world.compute.counters().byMethod['networkEndpointGroups.delete'] ?? 0).toBe(0)
  })

  it('honours the rate and the share of the capacity that a Service says, cluster by cluster, and leaves others alone', async () => {
    world = await smallWorld()
    await everywhere(deployNeg)
    await world.serve('web', 'web')
    const east = (): Backend | undefined => backends().find(({ group }) => group.includes('us-east1'))
    await annotate('east', {
      'networking.gke.io/max-rate-per-endpoint': '25',
      'networking.gke.io/capacity-scaler': '0.5',
    })
    await ticks(1)
    expect(east()).toMatchObject({ maxRatePerEndpoint: 25, capacityScaler: 0.5 })
    expect(backends().filter(({ maxRatePerEndpoint }) => maxRatePerEndpoint === 1e14)).toHaveLength(2)
    await annotate('east', { 'networking.gke.io/capacity-scaler': '0' })
    await ticks(1)
    expect(east()).toMatchObject({ maxRatePerEndpoint: 25, capacityScaler: 0 })
    await annotate('east', { 'networking.gke.io/capacity-scaler': 'half' })
    await ticks(1)
    expect(east(), 'it takes traffic again').toMatchObject({ capacityScaler: 1 })
    expect(await conditions()).toContain('is neither 0 nor from 0.1 to 1')
  })

  it('serves without a group that is missing in a zone, and takes it in when it appears', async () => {
    world = await smallWorld()
    await everywhere((cluster) => deployNeg(cluster, { [negKey]: '{"exposed_ports":{"80":{"name":"shop"}}}' }))
    const quota = { code: 403, reason: 'quotaExceeded' }
    for (let more = 0; more < 1_000; more += 1)
      world.compute.faults.refuseNext(quota, { method: 'networkEndpointGroups.insert' })
    await world.compel('DELETE', `projects/${project}/zones/us-west1-a/networkEndpointGroups/shop`)
    await world.serve('web', 'web')
    expect(groups()).toEqual(inNegs.filter((group) => !group.startsWith('us-west1-a')))
    expect(await conditions()).toContain('network endpoint group shop of service default/web:80 does not exist in zone')
    const tried = (): unknown => {
      const { byMethod } = world.compute.counters()
      return [byMethod['backendServices.insert'], byMethod['backendServices.patch'], byMethod['backendServices.update']]
    }
    const before = tried()
    await ticks(3)
    expect(tried(), 'nothing is tried in vain').toEqual(before)
    expect(await world.phase('default/web')).toBe('Ready')
    world.compute.faults.clear()
    // A new pod has the in-cluster controller bring its groups up to date.
    await world.request('west', 'PATCH', deployment, { spec: { replicas: 4 } })
    await world.clock.advance(5_000)
    await ticks(3)
    expect(groups()).toEqual(inNegs)
    expect(await conditions()).not.toContain('does not exist')
    expect(await world.phase('default/web')).toBe('Ready')
  })

  it('a zone that comes is taken in, and one that goes is left', async () => {
    world = await smallWorld()
    await everywhere(deployNeg)
    await world.serve('web', 'web')
    const west = world.clusters.get('west')
    const adding = west?.addZone('us-west1-c')
    await world.clock.advance(5_000)
    await adding
    await ticks(3)
    expect(groups()).toEqual([...inNegs, 'us-west1-c/networkEndpointGroups'])
    const leaving = west?.removeZone('us-west1-a')
    await world.clock.advance(5_000)
    await leaving
    await ticks(4)
    expect(groups()).toEqual([inNegs[0], inNegs[2], 'us-west1-c/networkEndpointGroups'])
    expect(await world.phase('default/web')).toBe('Ready')
  })
})

describe('one mode over all clusters', () => {
  it('a mixture is refused in words that name the clusters, and nothing is made', async () => {
    world = await smallWorld()
    await world.deploy('west', 'web')
    await deployNeg('east')
    await expect(world.serve('web', 'web')).rejects.toThrow()
    expect(await world.phase('default/web')).toBe('Failed')
    expect(await conditions()).toMatch(
      /asks for network endpoint groups in cluster east and not in west.*true.* in west/,
    )
    expect(all('backendServices')).toEqual([])
    await annotate('west', asks)
    await ticks(3)
    expect(await world.phase('default/web')).toBe('Ready')
    expect(groups()).toEqual(inNegs)
  })

  it('by annotation a cluster that has none is waited for, said, and then left out until it has some', async () => {
    world = await smallWorld()
    await deployNeg('east')
    await world.deploy('west', 'web')
    await expect(world.serve('web', 'web', { 'multicluster-ingress.io/backends': 'neg' })).rejects.toThrow('west')
    expect(await world.phase('default/web')).toBe('Degraded')
    expect(groups()).toEqual([inNegs[0]])
    expect(await conditions()).toContain('set the annotation cloud.google.com/neg: {')
    await annotate('west', asks)
    await ticks(3)
    expect(groups()).toEqual(inNegs)
    expect(await world.phase('default/web')).toBe('Ready')
  })
})

describe('a service that moves between instance groups and network endpoint groups', () => {
  let health: 'HEALTHY' | 'UNHEALTHY'

  async function served(): Promise<void> {
    world = await smallWorld()
    health = 'HEALTHY'
    world.compute.setHealthSource(() => [{ healthState: health }])
    await everywhere((cluster) => world.deploy(cluster, 'web'))
    await world.serve('web', 'web')
    expect(groups()).toEqual(inGroups)
  }

  const [toNegs, toGroups] = [asks, { [negKey]: null }]

  it.each([
    { reason: 'there', first: {}, then: toNegs, to: inNegs },
    { reason: 'and back', first: toNegs, then: toGroups, to: inGroups },
  ])('$reason: a new backend service, the URL map, and only then the old one goes', async ({ first, then, to }) => {
    await served()
    await everywhere((cluster) => annotate(cluster, first))
    await ticks(3)
    const told: string[] = []
    let together = 0
    const stop = world.compute.onChange(({ phase, method, error }) => {
      if (phase !== 'finished' || error !== null || !/backendServices|urlMaps/.test(method)) return
      told.push(method.replace(/^.*compute\./, ''))
      // The NodePorts of both clusters and the port of the pods.
      if (!method.endsWith('insert') && openPorts().length === 3) together += 1
    })
    await everywhere((cluster) => annotate(cluster, then))
    await ticks(4)
    stop()
    expect(told).toEqual(['backendServices.insert', 'urlMaps.update', 'backendServices.delete'])
    expect(together, 'both ways are open before the URL map changes and until the old one is gone').toBe(2)
    expect(groups()).toEqual(to)
    expect(names('healthChecks')).toHaveLength(1)
    expect(openPorts()).toHaveLength(to === inNegs ? 1 : 2)
    expect(await world.phase('default/web')).toBe('Ready')
  })

  it('nothing is sent there while its backends are not healthy, and it says what is waited for', async () => {
    await served()
    health = 'UNHEALTHY'
    await everywhere((cluster) => annotate(cluster, asks))
    await ticks(5)
    expect(names('backendServices')).toHaveLength(2)
    expect(names('backendServices').filter((name) => JSON.stringify(all('urlMaps')).includes(`/${name}"`))).toEqual([
      expect.not.stringContaining('neg'),
    ])
    expect(await conditions()).toContain('0 of 1 in us-east1-b')
    health = 'HEALTHY'
    await ticks(3)
    expect(groups()).toEqual(inNegs)
  })

  it('who changes his mind on the way keeps what serves', async () => {
    await served()
    const [before] = names('backendServices')
    health = 'UNHEALTHY'
    await everywhere((cluster) => annotate(cluster, asks))
    await ticks(2)
    await everywhere((cluster) => annotate(cluster, { [negKey]: null }))
    await ticks(3)
    expect(names('backendServices')).toEqual([before])
    expect(all('networkEndpointGroups')).toEqual([])
    expect(await world.phase('default/web')).toBe('Ready')
  })

  it('keeps serving by the groups that it had while its NodePort is gone', async () => {
    await served()
    health = 'UNHEALTHY'
    const before = backends()
    await everywhere(async (cluster) => {
      await world.request(cluster, 'PATCH', service, {
        spec: { type: 'ClusterIP', ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
      })
      await annotate(cluster, asks)
    })
    await ticks(3)
    expect(backends()).toEqual(expect.arrayContaining(before))
    health = 'HEALTHY'
    await ticks(3)
    expect(groups()).toEqual(inNegs)
  })
})
