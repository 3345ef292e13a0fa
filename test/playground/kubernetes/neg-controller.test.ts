import { describe, expect, it } from 'vitest'
import { negName, trimEvenly } from '../../../playground/kubernetes/ingress-gce/names.ts'
import { apps, core, deployment, ingress, networking, patch, service, testWorld, type TestWorld } from './world.ts'

const negKey = 'cloud.google.com/neg'
const zones = ['us-central1-a', 'us-central1-b']

async function withNeg(
  neg: unknown,
  options: Parameters<typeof testWorld>[0] = {},
  withIngress = true,
): Promise<TestWorld> {
  const world = await testWorld(options)
  await world.call('POST', `${apps}/deployments`, deployment('web', 4, { probe: '/' }))
  await world.call(
    'POST',
    `${core}/services`,
    service('web', { type: 'ClusterIP' }, neg === undefined ? {} : { [negKey]: JSON.stringify(neg) }),
  )
  if (withIngress) await world.call('POST', `${networking}/ingresses`, ingress('web', ['web']))
  await world.clock.advance(5000)
  return world
}

const nameOf = (world: TestWorld, name = 'web') => negName(world.cluster.uid, 'default', name, 80)

async function podEndpoints(world: TestWorld, zone: string): Promise<string[]> {
  const names = new Set(
    world.cluster
      .nodes()
      .filter((node) => node.zone === zone)
      .map((node) => node.name),
  )
  const { items } = (await world.call('GET', `${core}/pods`)).body
  return items
    .map((pod) => ({
      node: (pod['spec'] as { nodeName: string }).nodeName,
      ip: (pod['status'] as { podIP: string }).podIP,
    }))
    .filter((pod) => names.has(pod.node))
    .map((pod) => `${pod.ip}:8080@${pod.node}`)
    .sort()
}

async function annotations(world: TestWorld): Promise<Readonly<Record<string, string>>> {
  return (await world.call('GET', `${core}/services/web`)).body.metadata.annotations ?? {}
}

describe('names of NEGs', () => {
  it('carry the cluster, the Service and the port, cut evenly, with a hash', () => {
    expect(negName('0123456789abcdef', 'default', 'web', 80)).toMatch(/^k8s1-01234567-default-web-80-[0-9a-f]{8}$/)
    const long = negName('0123456789abcdef', 'n'.repeat(40), 's'.repeat(60), 8080)
    expect(long.length).toBeLessThanOrEqual(63)
    expect(trimEvenly(['n'.repeat(40), 's'.repeat(60), '8080'], 38).join('')).toHaveLength(38)
  })
})

describe('NEGs of an Ingress', () => {
  it('hold the ready pods of each zone, at the target port', async () => {
    const world = await withNeg({ ingress: true })
    for (const zone of zones) {
      expect(world.neg(zone, nameOf(world))).toEqual(await podEndpoints(world, zone))
      expect(world.neg(zone, nameOf(world))).toHaveLength(2)
    }
  })

  it('leave no instance groups and no annotation of groups when every Service has NEGs', async () => {
    const world = await withNeg({ ingress: true })
    expect(world.group('us-central1-a')).toBeUndefined()
    const { body } = await world.call('GET', `${networking}/ingresses/web`)
    expect(Object.keys(body.metadata.annotations ?? {})).toEqual(['kubernetes.io/ingress.class'])
  })

  it('leave instance groups to the other Services of a mixed Ingress', async () => {
    const world = await testWorld()
    await world.call('POST', `${core}/services`, service('web', {}, { [negKey]: '{"ingress":true}' }))
    await world.call('POST', `${core}/services`, service('old', { ports: [{ port: 80, nodePort: 30_777 }] }))
    await world.call('POST', `${networking}/ingresses`, ingress('both', ['web', 'old']))
    await world.clock.advance(5000)
    expect(world.group('us-central1-a')?.ports).toEqual(['port30777=30777'])
    expect(world.neg('us-central1-a', nameOf(world))).toEqual([])
  })

  it('are not made while no Ingress refers to the Service', async () => {
    const world = await withNeg({ ingress: true }, {}, false)
    expect(world.neg('us-central1-a', nameOf(world))).toBeUndefined()
    await world.call('POST', `${networking}/ingresses`, ingress('web', ['web']))
    await world.clock.advance(3000)
    expect(world.neg('us-central1-a', nameOf(world))).toHaveLength(2)
  })

  it('follow pods that come, go, and stop being ready', async () => {
    const world = await withNeg({ ingress: true })
    await world.call('PATCH', `${apps}/deployments/web/scale`, { spec: { replicas: 6 } }, patch('merge'))
    await world.clock.advance(3000)
    expect(world.neg('us-central1-a', nameOf(world))).toHaveLength(3)
    const [pod] = (await world.call('GET', `${core}/pods`)).body.items
    await world.call(
      'PATCH',
      `${core}/pods/${pod?.metadata.name ?? ''}`,
      { metadata: { labels: { 'playground/status': '500' } } },
      patch('merge'),
    )
    await world.clock.advance(3000)
    const all = zones.flatMap((zone) => world.neg(zone, nameOf(world)) ?? [])
    expect(all).toHaveLength(5)
    expect(all.join()).not.toContain(`${(pod?.['status'] as { podIP: string }).podIP}:`)
  })

  it('come in a new zone by themselves, and stay, empty, in a zone that lost its nodes', async () => {
    const world = await withNeg({ ingress: true })
    const adding = world.cluster.addZone('us-central1-f')
    await world.clock.advance(3000)
    await adding
    expect(world.neg('us-central1-f', nameOf(world))).toEqual([])
    const removing = world.cluster.removeZone('us-central1-b')
    await world.clock.advance(5000)
    await removing
    expect(world.neg('us-central1-b', nameOf(world))).toEqual([])
    expect(JSON.parse((await annotations(world))['cloud.google.com/neg-status'] ?? '{}')).toMatchObject({
      zones: ['us-central1-a', 'us-central1-f'],
    })
  })
})

describe('what the controller writes', () => {
  it('tells the NEGs in the ServiceNetworkEndpointGroup first, in the annotation later', async () => {
    const world = await testWorld({ negStatusLagMs: 3000 })
    await world.call('POST', `${core}/services`, service('web', {}, { [negKey]: '{"ingress":true}' }))
    await world.call('POST', `${networking}/ingresses`, ingress('web', ['web']))
    await world.clock.advance(2000)
    const path = '/apis/networking.gke.io/v1beta1/namespaces/default/servicenetworkendpointgroups'
    const { body } = await world.call('GET', `${path}/${nameOf(world)}`)
    const groups = (body['status'] as { networkEndpointGroups: { selfLink: string; state: string; id: string }[] })
      .networkEndpointGroups
    expect(groups.map((group) => `${group.state} ${group.selfLink}`)).toEqual(
      zones.map(
        (zone) =>
          `ACTIVE https://www.googleapis.com/compute/v1/projects/p-1/zones/${zone}/networkEndpointGroups/${nameOf(world)}`,
      ),
    )
    expect(body.metadata['labels']).toMatchObject({
      'networking.gke.io/service-name': 'web',
      'networking.gke.io/service-port': '80',
    })
    expect((await annotations(world))['cloud.google.com/neg-status']).toBeUndefined()
    await world.clock.advance(4000)
    expect(JSON.parse((await annotations(world))['cloud.google.com/neg-status'] ?? '')).toEqual({
      network_endpoint_groups: { '80': nameOf(world) },
      zones,
    })
  })

  it('follows exposed ports, with a name of the user, without any Ingress', async () => {
    const world = await withNeg({ exposed_ports: { '80': { name: 'my-neg' } } }, {}, false)
    expect(world.neg('us-central1-a', 'my-neg')).toHaveLength(2)
  })
})

describe('the end of NEGs', () => {
  it.each([
    { reason: 'the Service goes', act: (world: TestWorld) => world.call('DELETE', `${core}/services/web`) },
    {
      reason: 'the annotation goes',
      act: (world: TestWorld) =>
        world.call('PATCH', `${core}/services/web`, { metadata: { annotations: { [negKey]: null } } }, patch('merge')),
    },
    { reason: 'the Ingress goes', act: (world: TestWorld) => world.call('DELETE', `${networking}/ingresses/web`) },
  ])('comes when $reason', async ({ act }) => {
    const world = await withNeg({ ingress: true })
    await act(world)
    await world.clock.advance(5000)
    for (const zone of zones) expect(world.neg(zone, nameOf(world))).toBeUndefined()
    const left = await world.call('GET', '/apis/networking.gke.io/v1beta1/servicenetworkendpointgroups')
    expect(left.body.items).toEqual([])
  })

  it('waits while a backend service refers to one', async () => {
    const world = await withNeg({ ingress: true }, { zones: ['us-central1-a'] })
    await world.gce('POST', 'global/healthChecks', {
      name: 'hc',
      type: 'HTTP',
      httpHealthCheck: { portSpecification: 'USE_SERVING_PORT' },
    })
    await world.clock.advance(500)
    const group = `https://www.googleapis.com/compute/v1/projects/p-1/zones/us-central1-a/networkEndpointGroups/${nameOf(world)}`
    const made = await world.gce('POST', 'global/backendServices', {
      name: 'be',
      loadBalancingScheme: 'EXTERNAL_MANAGED',
      protocol: 'HTTP',
      healthChecks: ['projects/p-1/global/healthChecks/hc'],
      backends: [{ group, balancingMode: 'RATE', maxRatePerEndpoint: 1 }],
    })
    expect(made).toMatchObject({ status: 200 })
    await world.clock.advance(500)
    await world.call('DELETE', `${core}/services/web`)
    await world.clock.advance(30_000)
    expect(world.neg('us-central1-a', nameOf(world))).toBeDefined()
    await world.gce('DELETE', 'global/backendServices/be')
    await world.clock.advance(120_000)
    expect(world.neg('us-central1-a', nameOf(world))).toBeUndefined()
  })
})

describe('a VPC-native cluster', () => {
  it('trap: marks Services that an Ingress refers to by itself, and makes no groups', async () => {
    const world = await withNeg(undefined, { vpcNative: true })
    expect((await annotations(world))[negKey]).toBe('{"ingress":true}')
    expect(world.neg('us-central1-a', nameOf(world))).toHaveLength(2)
    expect(world.group('us-central1-a')).toBeUndefined()
  })

  it('leaves a Service alone that says no, and one that no Ingress refers to', async () => {
    const world = await testWorld({ vpcNative: true })
    await world.call('POST', `${core}/services`, service('web', {}, { [negKey]: '{"ingress":false}' }))
    await world.call('POST', `${core}/services`, service('alone'))
    await world.call('POST', `${networking}/ingresses`, ingress('web', ['web']))
    await world.clock.advance(5000)
    expect((await annotations(world))[negKey]).toBe('{"ingress":false}')
    expect((await world.call('GET', `${core}/services/alone`)).body.metadata.annotations).toBeUndefined()
    expect(world.group('us-central1-a')).toBeDefined()
  })
})
