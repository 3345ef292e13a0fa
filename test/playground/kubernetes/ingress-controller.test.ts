import { describe, expect, it } from 'vitest'
import { core, ingress, networking, nodePortOf, patch, service, testWorld, type TestWorld } from './world.ts'

const groupsKey = 'ingress.gcp.kubernetes.io/instance-groups'

async function annotation(world: TestWorld, name = 'web'): Promise<unknown> {
  const { body } = await world.call('GET', `${networking}/ingresses/${name}`)
  const value = body.metadata.annotations?.[groupsKey]
  return value === undefined ? undefined : JSON.parse(value)
}

function named(world: TestWorld, zones: readonly string[]) {
  return zones.map((zone) => ({
    Name: `k8s-ig--${world.cluster.uid}`,
    Zone: `https://www.googleapis.com/compute/v1/projects/p-1/zones/${zone}`,
  }))
}

async function withIngress(...args: Parameters<typeof testWorld>): Promise<TestWorld> {
  const world = await testWorld(...args)
  await world.call('POST', `${core}/services`, service('web'))
  await world.call('POST', `${networking}/ingresses`, ingress('web', ['web']))
  await world.clock.advance(2000)
  return world
}

const members = (world: TestWorld, zone: string) =>
  world.cluster
    .nodes()
    .filter((node) => node.zone === zone)
    .map((node) => node.name)
    .sort()
const groupPath = (world: TestWorld, zone: string) => `zones/${zone}/instanceGroups/k8s-ig--${world.cluster.uid}`

describe('instance groups', () => {
  it('are made in each zone that has nodes, with the nodes and the node ports, and written on the Ingress', async () => {
    const world = await withIngress()
    const port = await nodePortOf(world, 'web')
    expect(world.cluster.uid).toMatch(/^[0-9a-f]{16}$/)
    for (const zone of ['us-central1-a', 'us-central1-b']) {
      expect(world.group(zone)).toEqual({ ports: [`port${port}=${port}`], members: members(world, zone) })
    }
    expect(await annotation(world)).toEqual(named(world, ['us-central1-a', 'us-central1-b']))
  })

  it('are annotated only once Compute has made them', async () => {
    const world = await testWorld()
    await world.call('POST', `${core}/services`, service('web'))
    await world.call('POST', `${networking}/ingresses`, ingress('web', ['web']))
    await world.clock.advance(150)
    expect(world.group('us-central1-a')).toBeDefined()
    expect(await annotation(world)).toBeUndefined()
    await world.clock.advance(1000)
    expect(await annotation(world)).toBeDefined()
  })

  it.each([
    { reason: 'another class', annotations: { 'kubernetes.io/ingress.class': 'nginx' } },
    { reason: 'no class', annotations: {} },
  ])('are not made for $reason', async ({ annotations }) => {
    const world = await testWorld()
    await world.call('POST', `${core}/services`, service('web'))
    await world.call('POST', `${networking}/ingresses`, ingress('web', ['web'], annotations))
    await world.clock.advance(2000)
    expect(world.group('us-central1-a')).toBeUndefined()
  })

  it('wait for a Service that is missing, with an event that says so', async () => {
    const world = await testWorld()
    await world.call('POST', `${networking}/ingresses`, ingress('web', ['web']))
    await world.clock.advance(2000)
    expect(world.group('us-central1-a')).toBeUndefined()
    const events = await world.call('GET', `${core}/events`, undefined, {
      query: { fieldSelector: 'involvedObject.name=web,reason=Translate' },
    })
    expect(events.body.items).toMatchObject([
      { type: 'Warning', message: 'Translation failed: invalid ingress spec: could not find service "default/web"' },
    ])
    await world.call('POST', `${core}/services`, service('web'))
    await world.clock.advance(5000)
    expect(await annotation(world)).toBeDefined()
  })

  it('wait for a Service of type ClusterIP to become NodePort', async () => {
    const world = await testWorld()
    await world.call('POST', `${core}/services`, service('web', { type: 'ClusterIP' }))
    await world.call('POST', `${networking}/ingresses`, ingress('web', ['web']))
    await world.clock.advance(5000)
    expect(world.group('us-central1-a')).toBeUndefined()
    await world.call('PATCH', `${core}/services/web`, { spec: { type: 'NodePort' } }, patch('merge'))
    await world.clock.advance(2000)
    expect(await annotation(world)).toBeDefined()
  })

  it('trap: a new zone alone makes no group, a touched Ingress does', async () => {
    const world = await withIngress()
    const adding = world.cluster.addZone('us-central1-f')
    await world.clock.advance(60_000)
    await adding
    expect(world.group('us-central1-f')).toBeUndefined()
    expect(await annotation(world)).toEqual(named(world, ['us-central1-a', 'us-central1-b']))
    await world.call(
      'PATCH',
      `${networking}/ingresses/web`,
      { metadata: { annotations: { touched: '1' } } },
      patch('merge'),
    )
    await world.clock.advance(2000)
    expect(world.group('us-central1-f')?.members).toEqual(members(world, 'us-central1-f'))
    expect(await annotation(world)).toEqual(named(world, ['us-central1-a', 'us-central1-b', 'us-central1-f']))
  })

  it.each([
    {
      reason: 'an event of a Service',
      act: (world: TestWorld) =>
        world.call('PATCH', `${core}/services/web`, { metadata: { labels: { x: '1' } } }, patch('merge')),
      after: 2000,
    },
    { reason: 'the resync after ten minutes', act: () => Promise.resolve(), after: 10 * 60_000 },
  ])('trap: in a new zone $reason makes the group', async ({ act, after }) => {
    const world = await withIngress()
    const adding = world.cluster.addZone('us-central1-f')
    await world.clock.advance(3000)
    await adding
    await act(world)
    await world.clock.advance(after)
    expect(world.group('us-central1-f')).toBeDefined()
  })

  it('follow the nodes of their zone at once', async () => {
    const world = await withIngress()
    const adding = world.cluster.addNode('us-central1-a')
    await world.clock.advance(2000)
    await adding
    expect(world.group('us-central1-a')?.members).toHaveLength(3)
    const removing = world.cluster.removeNode(members(world, 'us-central1-a')[0] ?? '')
    await world.clock.advance(2000)
    await removing
    expect(world.group('us-central1-a')?.members).toEqual(members(world, 'us-central1-a'))
  })

  it('trap: stay, empty, in a zone that lost its nodes', async () => {
    const world = await withIngress()
    const removing = world.cluster.removeZone('us-central1-b')
    await world.clock.advance(15 * 60_000)
    await removing
    expect(world.group('us-central1-b')?.members).toEqual([])
    expect(await annotation(world)).toEqual(named(world, ['us-central1-a']))
  })

  it('come back after somebody deleted one, when an Ingress or Service event comes', async () => {
    const world = await withIngress()
    await world.gce('DELETE', groupPath(world, 'us-central1-a'))
    await world.clock.advance(60_000)
    expect(world.group('us-central1-a')).toBeUndefined()
    await world.call(
      'PATCH',
      `${networking}/ingresses/web`,
      { metadata: { annotations: { touched: '1' } } },
      patch('merge'),
    )
    await world.clock.advance(2000)
    expect(world.group('us-central1-a')?.members).toEqual(members(world, 'us-central1-a'))
  })
})

describe('named ports', () => {
  it('trap: a number that is named already gets no name of the controller', async () => {
    const world = await testWorld()
    await world.call('POST', `${core}/services`, service('first'))
    await world.call('POST', `${networking}/ingresses`, ingress('first', ['first']))
    await world.clock.advance(2000)
    const first = await nodePortOf(world, 'first')
    await world.call('POST', `${core}/services`, service('second', { ports: [{ port: 80, nodePort: 32_001 }] }))
    await world.gce('POST', `${groupPath(world, 'us-central1-a')}/setNamedPorts`, {
      namedPorts: [
        { name: `port${first}`, port: first },
        { name: 'mine', port: 32_001 },
      ],
    })
    await world.clock.advance(1000)
    await world.call('POST', `${networking}/ingresses`, ingress('second', ['second']))
    await world.clock.advance(3000)
    expect(world.group('us-central1-a')?.ports).toEqual(['mine=32001', `port${first}=${first}`].sort())
    expect(world.group('us-central1-b')?.ports).toContain('port32001=32001')
  })

  it('trap: what was written between its read and its write is lost', async () => {
    let meddle: (() => Promise<unknown>) | undefined
    const world = await withIngress({ zones: ['us-central1-a'] }, async (request, next) => {
      const ours = meddle
      if (request.path.endsWith('/setNamedPorts') && ours !== undefined) {
        meddle = undefined
        await ours()
      }
      return next()
    })
    const port = await nodePortOf(world, 'web')
    meddle = async () => {
      const path = `${groupPath(world, 'us-central1-a')}/setNamedPorts`
      await world.gce('POST', path, {
        namedPorts: [
          { name: `port${port}`, port },
          { name: 'ours', port },
        ],
      })
      await new Promise<void>((resolve) => world.clock.after(200, resolve))
      expect(world.group('us-central1-a')?.ports).toContain(`ours=${port}`)
    }
    await world.call('POST', `${core}/services`, service('second', { ports: [{ port: 80, nodePort: 32_001 }] }))
    await world.call('POST', `${networking}/ingresses`, ingress('second', ['second']))
    await world.clock.advance(3000)
    expect(meddle).toBeUndefined()
    expect(world.group('us-central1-a')?.ports).toEqual([`port${port}=${port}`, 'port32001=32001'].sort())
  })

  it('keeps entries of others that it has read, and its own of Services that are gone', async () => {
    const world = await withIngress({ zones: ['us-central1-a'] })
    const port = await nodePortOf(world, 'web')
    await world.gce('POST', `${groupPath(world, 'us-central1-a')}/setNamedPorts`, {
      namedPorts: [
        { name: `port${port}`, port },
        { name: 'ours', port },
      ],
    })
    await world.clock.advance(1000)
    await world.call(
      'PATCH',
      `${core}/services/web`,
      { spec: { ports: [{ port: 80, nodePort: 32_100 }] } },
      patch('strategic'),
    )
    await world.clock.advance(3000)
    expect(world.group('us-central1-a')?.ports).toEqual(
      [`ours=${port}`, `port${port}=${port}`, 'port32100=32100'].sort(),
    )
  })
})

describe('the end of the last Ingress', () => {
  it('deletes the groups, not before', async () => {
    const world = await withIngress()
    await world.call('POST', `${networking}/ingresses`, ingress('other', ['web']))
    await world.clock.advance(2000)
    await world.call('DELETE', `${networking}/ingresses/web`)
    await world.clock.advance(2000)
    expect(world.group('us-central1-a')).toBeDefined()
    await world.call('DELETE', `${networking}/ingresses/other`)
    await world.clock.advance(2000)
    expect(world.group('us-central1-a')).toBeUndefined()
    expect(world.group('us-central1-b')).toBeUndefined()
  })

  it('tries again while Compute refuses because a backend service refers to a group', async () => {
    const world = await withIngress({ zones: ['us-central1-a'] })
    await world.gce('POST', 'global/healthChecks', {
      name: 'hc',
      type: 'HTTP',
      httpHealthCheck: { portSpecification: 'USE_SERVING_PORT' },
    })
    await world.clock.advance(500)
    const group = `https://www.googleapis.com/compute/v1/projects/p-1/${groupPath(world, 'us-central1-a')}`
    const made = await world.gce('POST', 'global/backendServices', {
      name: 'be',
      loadBalancingScheme: 'EXTERNAL_MANAGED',
      protocol: 'HTTP',
      healthChecks: ['projects/p-1/global/healthChecks/hc'],
      backends: [{ group, balancingMode: 'RATE', maxRatePerInstance: 1 }],
    })
    expect(made).toMatchObject({ status: 200 })
    await world.clock.advance(500)
    await world.call('DELETE', `${networking}/ingresses/web`)
    await world.clock.advance(30_000)
    expect(world.group('us-central1-a')).toBeDefined()
    await world.gce('DELETE', 'global/backendServices/be')
    await world.clock.advance(120_000)
    expect(world.group('us-central1-a')).toBeUndefined()
  })

  it('is not the end when a new Ingress comes meanwhile', async () => {
    const world = await withIngress()
    await world.call('DELETE', `${networking}/ingresses/web`)
    await world.call('POST', `${networking}/ingresses`, ingress('next', ['web']))
    await world.clock.advance(5000)
    expect(world.group('us-central1-a')?.members).toEqual(members(world, 'us-central1-a'))
    expect(await annotation(world, 'next')).toBeDefined()
  })
})

describe('an outage of Compute', () => {
  it('is told as an event, and passes', async () => {
    const world = await testWorld()
    await world.call('POST', `${core}/services`, service('web'))
    world.compute.faults.outage('unavailable')
    await world.call('POST', `${networking}/ingresses`, ingress('web', ['web']))
    await world.clock.advance(20_000)
    const events = await world.call('GET', `${core}/events`, undefined, {
      query: { fieldSelector: 'involvedObject.name=web' },
    })
    expect(events.body.items).toMatchObject([{ reason: 'Sync', type: 'Warning' }])
    expect(String(events.body.items[0]?.message)).toContain('Error syncing to GCP')
    world.compute.faults.outage('off')
    await world.clock.advance(60_000)
    expect(await annotation(world)).toBeDefined()
  })
})
