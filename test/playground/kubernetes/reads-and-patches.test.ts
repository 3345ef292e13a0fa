import { describe, expect, it } from 'vitest'
import { core, ingress, networking, patch, service, testWorld, type Body, type TestWorld } from './world.ts'

const configMap = (name: string, data: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
})

describe('patches', () => {
  const two = () =>
    service('a', {
      ports: [
        { name: 'a', port: 80, nodePort: 30001 },
        { name: 'b', port: 81, nodePort: 30002 },
      ],
    })
  const rows = [
    {
      reason: 'a strategic merge finds the item by its merge key',
      type: 'strategic',
      body: { spec: { ports: [{ port: 81, nodePort: 30003 }] } },
      ports: ['a:80:30001', 'b:81:30003'],
    },
    {
      reason: 'a strategic merge deletes an item',
      type: 'strategic',
      body: { spec: { ports: [{ port: 80, $patch: 'delete' }] } },
      ports: ['b:81:30002'],
    },
    {
      reason: 'a strategic merge replaces a list when told',
      type: 'strategic',
      body: { spec: { ports: [{ port: 82, name: 'c', nodePort: 30004 }, { $patch: 'replace' }] } },
      ports: ['c:82:30004'],
    },
    {
      reason: 'a strategic merge orders items',
      type: 'strategic',
      body: {
        spec: {
          $setElementOrder: 1,
          '$setElementOrder/ports': [{ port: 81 }, { port: 80 }],
          ports: [{ port: 81, nodePort: 30009 }],
        },
      },
      ports: ['b:81:30009', 'a:80:30001'],
    },
    {
      reason: 'a merge patch replaces lists',
      type: 'merge',
      body: { spec: { ports: [{ name: 'b', port: 81 }] } },
      ports: ['b:81:30002'],
    },
    {
      reason: 'a JSON patch edits by position',
      type: 'json',
      body: [
        { op: 'remove', path: '/spec/ports/0' },
        { op: 'replace', path: '/spec/ports/0/nodePort', value: 30005 },
      ],
      ports: ['b:81:30005'],
    },
  ] as const
  it.each(rows)('$reason', async ({ type, body, ports }) => {
    const world = await testWorld({ zones: [] })
    await world.call('POST', `${core}/services`, two())
    const answer = await world.call('PATCH', `${core}/services/a`, body, patch(type))
    const spec = answer.body['spec'] as { ports: { name: string; port: number; nodePort: number }[] }
    expect(spec.ports.map((port) => `${port.name}:${port.port}:${port.nodePort}`)).toEqual(ports)
  })

  it('refuses a strategic merge of a kind that has no schema', async () => {
    const world = await testWorld({ zones: [] })
    const path = '/apis/networking.gke.io/v1beta1/namespaces/default/frontendconfigs'
    await world.call('POST', path, {
      apiVersion: 'networking.gke.io/v1beta1',
      kind: 'FrontendConfig',
      metadata: { name: 'a' },
      spec: {},
    })
    expect((await world.call('PATCH', `${path}/a`, { spec: { sslPolicy: 'x' } }, patch('strategic'))).status).toBe(415)
    expect((await world.call('PATCH', `${path}/a`, { spec: { sslPolicy: 'x' } }, patch('merge'))).body['spec']).toEqual(
      { sslPolicy: 'x' },
    )
  })
})

describe('lists', () => {
  const names = (answer: { body: Body }): string[] => answer.body.items.map((item) => item.metadata.name)

  async function withServices(): Promise<TestWorld> {
    const world = await testWorld({ zones: [] })
    for (const [name, tier] of [
      ['a', 'web'],
      ['b', 'web'],
      ['c', 'db'],
      ['d', ''],
    ] as const) {
      const labels = tier === '' ? {} : { tier }
      await world.call('POST', `${core}/services`, { ...service(name), metadata: { name, labels } })
    }
    return world
  }

  it.each([
    { selector: 'tier=web', want: ['a', 'b'] },
    { selector: 'tier==web', want: ['a', 'b'] },
    { selector: 'tier!=web', want: ['c', 'd'] },
    { selector: 'tier in (db, x)', want: ['c'] },
    { selector: 'tier notin (db)', want: ['a', 'b', 'd'] },
    { selector: 'tier', want: ['a', 'b', 'c'] },
    { selector: '!tier', want: ['d'] },
    { selector: 'tier,tier!=db', want: ['a', 'b'] },
  ])('labels: $selector', async ({ selector, want }) => {
    const world = await withServices()
    expect(
      names(await world.call('GET', `${core}/services`, undefined, { query: { labelSelector: selector } })),
    ).toEqual(want)
  })

  it('selects by fields', async () => {
    const world = await withServices()
    expect(
      names(await world.call('GET', '/api/v1/services', undefined, { query: { fieldSelector: 'metadata.name=c' } })),
    ).toEqual(['c'])
    expect(
      names(
        await world.call('GET', `${core}/services`, undefined, {
          query: { fieldSelector: 'metadata.name!=c,spec.type=NodePort' },
        }),
      ),
    ).toEqual(['a', 'b', 'd'])
  })

  it('pages through everything once, and refuses a page of a past that is forgotten', async () => {
    const world = await withServices()
    const first = await world.call('GET', `${core}/services`, undefined, { query: { limit: '3' } })
    expect(names(first)).toEqual(['a', 'b', 'c'])
    expect(first.body.metadata['remainingItemCount']).toBe(1)
    const token = String(first.body.metadata['continue'])
    expect(
      names(await world.call('GET', `${core}/services`, undefined, { query: { limit: '3', continue: token } })),
    ).toEqual(['d'])
    await world.call('POST', `${core}/services`, service('e'))
    world.cluster.compactHistory()
    expect((await world.call('GET', `${core}/services`, undefined, { query: { continue: token } })).body).toMatchObject(
      { code: 410, reason: 'Expired' },
    )
  })

  it('prints what kubectl shows', async () => {
    const world = await testWorld()
    await world.call('POST', `${networking}/ingresses`, {
      ...ingress('web', ['a']),
      spec: {
        rules: [
          {
            host: 'a.example',
            http: {
              paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'a', port: { number: 80 } } } }],
            },
          },
        ],
        tls: [{ secretName: 's' }],
      },
    })
    await world.call(
      'PATCH',
      `${networking}/ingresses/web/status`,
      { status: { loadBalancer: { ingress: [{ ip: '203.0.113.9' }] } } },
      patch('merge'),
    )
    await world.clock.advance(125_000)
    const table = await world.call('GET', `${networking}/ingresses`, undefined, {
      headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
    })
    const columns = table.body['columnDefinitions'] as { name: string }[]
    expect(columns.map((column) => column.name)).toEqual(['Name', 'Class', 'Hosts', 'Address', 'Ports', 'Age'])
    expect(table.body['rows']).toMatchObject([
      { cells: ['web', '<none>', 'a.example', '203.0.113.9', '80, 443', '2m5s'] },
    ])
  })
})

describe('reach', () => {
  it('answers nothing while the API is unreachable, and the same objects afterwards', async () => {
    const world = await testWorld({ zones: [] })
    await world.call('POST', `${core}/configmaps`, configMap('a', { k: 'v' }))
    world.cluster.setReachable(false)
    await expect(world.call('GET', `${core}/configmaps/a`)).rejects.toThrow('not reachable')
    world.cluster.setReachable(true)
    expect((await world.call('GET', `${core}/configmaps/a`)).body['data']).toEqual({ k: 'v' })
  })

  it('counts reads and writes', async () => {
    const world = await testWorld({ zones: [] })
    await world.call('POST', `${core}/configmaps`, configMap('a'))
    await world.call('GET', `${core}/configmaps/a`)
    await world.call('GET', `${core}/configmaps`)
    expect(world.cluster.counters).toEqual({ reads: 1, lists: 1, watches: 0, writes: 1 })
  })
})
