import { describe, expect, it } from 'vitest'
import { apps, core, deployment, nodePortOf, patch, service, testWorld, type Body, type TestWorld } from './world.ts'

async function pods(world: TestWorld): Promise<readonly Body[]> {
  return (await world.call('GET', `${core}/pods`)).body.items
}

async function podsByZone(world: TestWorld): Promise<Record<string, number>> {
  const zoneOf = new Map(world.cluster.nodes().map((node) => [node.name, node.zone]))
  const found: Record<string, number> = {}
  for (const pod of await pods(world)) {
    const zone = zoneOf.get((pod['spec'] as { nodeName: string }).nodeName) ?? '?'
    found[zone] = (found[zone] ?? 0) + 1
  }
  return found
}

const ask = { method: 'GET', path: '/a', host: 'shop.example', headers: {} }
const asJson = { ...ask, headers: { accept: 'application/json' } }

async function withWeb(
  replicas: number,
  options: Parameters<typeof testWorld>[0] = {},
  spec: Record<string, unknown> = {},
): Promise<TestWorld> {
  const world = await testWorld(options)
  await world.call('POST', `${apps}/deployments`, deployment('web', replicas, { probe: '/healthz' }))
  await world.call('POST', `${core}/services`, service('web', spec))
  await world.clock.advance(1000)
  return world
}

describe('deployments', () => {
  it('spread their pods over the zones, and keep what the template says', async () => {
    const world = await withWeb(4)
    expect(await podsByZone(world)).toEqual({ 'us-central1-a': 2, 'us-central1-b': 2 })
    const [pod] = await pods(world)
    expect(pod?.['spec']).toMatchObject({
      containers: [
        {
          ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
          readinessProbe: { httpGet: { path: '/healthz', port: 'http', scheme: 'HTTP' }, periodSeconds: 10 },
        },
      ],
    })
  })

  it('tell their pods as ready after a while, not at once', async () => {
    const world = await testWorld({ podStartMs: 5000 })
    await world.call('POST', `${apps}/deployments`, deployment('web', 2))
    await world.clock.advance(4900)
    const ready = async () =>
      ((await world.call('GET', `${apps}/deployments/web`)).body['status'] as { readyReplicas: number }).readyReplicas
    expect(await ready()).toBe(0)
    await world.clock.advance(200)
    expect(await ready()).toBe(2)
  })

  it.each([
    { reason: 'scaled up by the scale subresource', replicas: 7 },
    { reason: 'scaled down', replicas: 1 },
    { reason: 'scaled to nothing', replicas: 0 },
  ])('follow when $reason', async ({ replicas }) => {
    const world = await withWeb(3)
    const scale = await world.call('GET', `${apps}/deployments/web/scale`)
    const answer = await world.call('PUT', `${apps}/deployments/web/scale`, { ...scale.body, spec: { replicas } })
    expect(answer.status).toBe(200)
    await world.clock.advance(2000)
    expect(await pods(world)).toHaveLength(replicas)
  })

  it('replace all pods for a new template, and serve without a gap', async () => {
    const world = await withWeb(3)
    const port = await nodePortOf(world, 'web')
    const node = world.cluster.nodes()[0]?.name ?? ''
    const before = (await pods(world)).map((pod) => pod.metadata.name)
    await world.call(
      'PATCH',
      `${apps}/deployments/web`,
      { spec: { template: { metadata: { labels: { rev: '2' } } } } },
      patch('strategic'),
    )
    for (let step = 0; step < 20; step += 1) {
      await world.clock.advance(100)
      expect(world.cluster.dialNode(node, port), `after ${step * 100} ms`).toBeDefined()
    }
    const after = (await pods(world)).map((pod) => pod.metadata.name)
    expect(after).toHaveLength(3)
    expect(after.filter((name) => before.includes(name))).toEqual([])
  })

  it('go with their pods', async () => {
    const world = await withWeb(3)
    await world.call('DELETE', `${apps}/deployments/web`)
    await world.clock.advance(1000)
    expect(await pods(world)).toEqual([])
    expect((await world.call('GET', `${apps}/replicasets`)).body.items).toEqual([])
  })

  it('make up for a pod that is deleted and for a node that leaves', async () => {
    const world = await withWeb(4)
    const [pod] = await pods(world)
    await world.call('DELETE', `${core}/pods/${pod?.metadata.name ?? ''}`)
    const [node] = world.cluster.nodes()
    const leaving = world.cluster.removeNode(node?.name ?? '')
    await world.clock.advance(2000)
    await leaving
    expect(await pods(world)).toHaveLength(4)
    expect((await pods(world)).map((each) => (each['spec'] as { nodeName: string }).nodeName)).not.toContain(node?.name)
  })

  it('wait for a node when there is none', async () => {
    const world = await withWeb(2, { zones: [] })
    expect(await podsByZone(world)).toEqual({ '?': 2 })
    const joining = world.cluster.addZone('us-central1-f')
    await world.clock.advance(2000)
    await joining
    expect(await podsByZone(world)).toEqual({ 'us-central1-f': 2 })
  })
})

describe('traffic', () => {
  it('reaches any ready pod of the cluster from the node port of any node', async () => {
    const world = await withWeb(2)
    const port = await nodePortOf(world, 'web')
    const seen = new Set<string>()
    for (const node of world.cluster.nodes()) {
      for (let turn = 0; turn < 20; turn += 1) {
        const answer = world.cluster.dialNode(`projects/p-1/zones/${node.zone}/instances/${node.name}`, port)?.(asJson)
        const body = JSON.parse(answer?.body ?? '{}') as { pod: string }
        expect(body).toMatchObject({
          cluster: 'us-central',
          namespace: 'default',
          service: 'web',
          host: 'shop.example',
          path: '/a',
        })
        seen.add(body.pod)
      }
    }
    expect([...seen].sort()).toEqual((await pods(world)).map((pod) => pod.metadata.name))
  })

  it('answers in words unless JSON is asked for', async () => {
    const world = await withWeb(1)
    const answer = world.cluster.dialNode(world.cluster.nodes()[0]?.name ?? '', await nodePortOf(world, 'web'))?.(ask)
    expect(answer?.headers['content-type']).toBe('text/plain; charset=utf-8')
    expect(answer?.body).toMatch(/us-central1-[ab]/)
    expect(answer?.body).toContain('of cluster us-central')
  })

  it('stays on the node with externalTrafficPolicy Local', async () => {
    const world = await withWeb(1, {}, { externalTrafficPolicy: 'Local' })
    const port = await nodePortOf(world, 'web')
    const [pod] = await pods(world)
    const home = (pod?.['spec'] as { nodeName: string }).nodeName
    const open = world.cluster.nodes().filter((node) => world.cluster.dialNode(node.name, port) !== undefined)
    expect(open.map((node) => node.name)).toEqual([home])
  })

  it.each([
    {
      reason: 'a port that no Service has',
      dial: (world: TestWorld, node: string) => world.cluster.dialNode(node, 31999),
    },
    {
      reason: 'a node of another project',
      dial: async (world: TestWorld, node: string) =>
        world.cluster.dialNode(`projects/other/zones/us-central1-a/instances/${node}`, await nodePortOf(world, 'web')),
    },
    {
      reason: 'a node that is not there',
      dial: async (world: TestWorld) => world.cluster.dialNode('nobody', await nodePortOf(world, 'web')),
    },
    { reason: 'a pod address of nobody', dial: (world: TestWorld) => world.cluster.dialPod('10.9.200.1', 8080) },
    {
      reason: 'a port on which the pod does not listen',
      dial: async (world: TestWorld) =>
        world.cluster.dialPod(((await pods(world))[0]?.['status'] as { podIP: string }).podIP, 9999),
    },
  ])('is refused at $reason', async ({ dial }) => {
    const world = await withWeb(1)
    expect(await dial(world, world.cluster.nodes()[0]?.name ?? '')).toBeUndefined()
  })

  it('is refused at once at a node port that was changed', async () => {
    const world = await withWeb(1)
    const node = world.cluster.nodes()[0]?.name ?? ''
    const old = await nodePortOf(world, 'web')
    const next = old === 30_100 ? 30_101 : 30_100
    await world.call(
      'PATCH',
      `${core}/services/web`,
      { spec: { ports: [{ port: 80, nodePort: next }] } },
      patch('strategic'),
    )
    expect(world.cluster.dialNode(node, old)).toBeUndefined()
    expect(world.cluster.dialNode(node, next)).toBeDefined()
  })

  it('reaches a pod by its address, also while it stops', async () => {
    const world = await withWeb(1)
    const [pod] = await pods(world)
    const address = (pod?.['status'] as { podIP: string }).podIP
    expect(JSON.parse(world.cluster.dialPod(address, 8080)?.(asJson).body ?? '{}')).toMatchObject({
      pod: pod?.metadata.name,
      service: 'web',
    })
    await world.call('DELETE', `${core}/pods/${pod?.metadata.name ?? ''}`)
    expect(world.cluster.dialPod(address, 8080)).toBeDefined()
    await world.clock.advance(600)
    expect(world.cluster.dialPod(address, 8080)).toBeUndefined()
  })

  it('finds no ready pod when the label says that probes fail, and an error when there is no probe', async () => {
    const world = await withWeb(1)
    const port = await nodePortOf(world, 'web')
    const node = world.cluster.nodes()[0]?.name ?? ''
    const [pod] = await pods(world)
    await world.call(
      'PATCH',
      `${core}/pods/${pod?.metadata.name ?? ''}`,
      { metadata: { labels: { 'playground/status': '500' } } },
      patch('merge'),
    )
    expect(world.cluster.dialNode(node, port)).toBeUndefined()

    const bare = await testWorld()
    await bare.call('POST', `${apps}/deployments`, deployment('web', 1, { labels: { 'playground/status': '503' } }))
    await bare.call('POST', `${core}/services`, service('web'))
    await bare.clock.advance(1000)
    expect(
      bare.cluster.dialNode(bare.cluster.nodes()[0]?.name ?? '', await nodePortOf(bare, 'web'))?.(ask).status,
    ).toBe(503)
  })

  it('goes on while the API is unreachable', async () => {
    const world = await withWeb(1)
    const port = await nodePortOf(world, 'web')
    world.cluster.setReachable(false)
    expect(world.cluster.dialNode(world.cluster.nodes()[0]?.name ?? '', port)?.(ask).status).toBe(200)
  })
})

describe('nodes', () => {
  it('are instances in Compute, named, tagged and placed like GKE names them', async () => {
    const world = await testWorld()
    const [node] = world.cluster.nodes()
    const instance = world.compute.get(`projects/p-1/zones/${node?.zone ?? ''}/instances/${node?.name ?? ''}`)
    expect(node?.name).toMatch(/^gke-us-central-default-pool-[0-9a-f]{8}-[a-z0-9]{4}$/)
    expect(instance?.body).toMatchObject({ tags: { items: [world.cluster.nodeTag] } })
    expect(world.cluster.nodeTag).toMatch(/^gke-us-central-[0-9a-f]{8}-node$/)
    const { body } = await world.call('GET', `/api/v1/nodes/${node?.name ?? ''}`)
    expect(body['spec']).toMatchObject({ providerID: `gce://p-1/${node?.zone ?? ''}/${node?.name ?? ''}` })
    expect(body['status']).toMatchObject({
      addresses: [
        {
          type: 'InternalIP',
          address: (instance?.body['networkInterfaces'] as unknown as { networkIP: string }[])[0]?.networkIP,
        },
        { type: 'Hostname' },
      ],
    })
    expect(body.metadata['labels']).toMatchObject({
      'topology.kubernetes.io/zone': node?.zone,
      'failure-domain.beta.kubernetes.io/zone': node?.zone,
    })
  })

  it('join when Compute answers again', async () => {
    const world = await testWorld({ zones: [] })
    world.compute.faults.outage('unavailable')
    const joining = world.cluster.addNode('us-central1-c')
    await world.clock.advance(8000)
    expect(world.cluster.zones()).toEqual([])
    world.compute.faults.outage('off')
    await world.clock.advance(10_000)
    await joining
    expect(world.cluster.zones()).toEqual(['us-central1-c'])
  })

  it('leave Compute when they are removed', async () => {
    const world = await testWorld()
    const removing = world.cluster.removeZone('us-central1-b')
    await world.clock.advance(1000)
    await removing
    expect(world.cluster.zones()).toEqual(['us-central1-a'])
    expect(world.compute.list('instances').map((view) => view.scope)).toEqual(
      [1, 2].map(() => ({ type: 'zones', name: 'us-central1-a' })),
    )
  })
})
