import { describe, expect, it } from 'vitest'
import {
  apps,
  core,
  deployment,
  ingress,
  networking,
  patch,
  service,
  testWorld,
  type Body,
  type CallOptions,
  type TestWorld,
} from './world.ts'

const configMap = (name: string, data: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
})

interface Row {
  readonly reason: string
  readonly request: readonly [method: string, path: string, body?: unknown, options?: CallOptions]
  readonly status: number
  readonly message: string
}

const refusals: readonly Row[] = [
  {
    reason: 'an object that is not there',
    request: ['GET', `${core}/services/x`],
    status: 404,
    message: 'services "x" not found',
  },
  {
    reason: 'groups are named in messages',
    request: ['GET', `${networking}/ingresses/x`],
    status: 404,
    message: 'ingresses.networking.k8s.io "x" not found',
  },
  {
    reason: 'an unknown kind',
    request: ['GET', '/apis/apps/v1/daemonsets'],
    status: 404,
    message: 'the server could not find the requested resource',
  },
  {
    reason: 'an unknown namespace',
    request: ['POST', '/api/v1/namespaces/none/configmaps', configMap('a')],
    status: 404,
    message: 'namespaces "none" not found',
  },
  {
    reason: 'a name that is taken',
    request: ['POST', `${core}/services`, service('taken')],
    status: 409,
    message: 'services "taken" already exists',
  },
  {
    reason: 'another kind than the path',
    request: ['POST', `${core}/services`, configMap('a')],
    status: 400,
    message: 'does not match the expected API version',
  },
  {
    reason: 'no body',
    request: ['POST', `${core}/services`],
    status: 400,
    message: 'the body of the request is empty',
  },
  {
    reason: 'a body nested without end',
    request: ['POST', `${core}/configmaps`, nested(200)],
    status: 400,
    message: 'nested more than 100 levels',
  },
  {
    reason: 'another name than the path',
    request: ['PUT', `${core}/services/taken`, service('other')],
    status: 400,
    message: 'does not match the name on the URL',
  },
  {
    reason: 'a stale version',
    request: [
      'PUT',
      `${core}/services/taken`,
      { ...service('taken'), metadata: { name: 'taken', resourceVersion: '1' } },
    ],
    status: 409,
    message: 'the object has been modified',
  },
  {
    reason: 'another uid',
    request: ['PUT', `${core}/services/taken`, { ...service('taken'), metadata: { name: 'taken', uid: 'u' } }],
    status: 409,
    message: 'Precondition failed: UID in precondition',
  },
  {
    reason: 'a delete of another uid',
    request: ['DELETE', `${core}/services/taken`, { preconditions: { uid: 'u' } }],
    status: 409,
    message: 'Precondition failed',
  },
  {
    reason: 'a name with capitals',
    request: ['POST', `${core}/services`, service('Bad')],
    status: 422,
    message: 'Service "Bad" is invalid: metadata.name: Invalid value: "Bad": a DNS-1035 label',
  },
  {
    reason: 'a node port out of range',
    request: ['POST', `${core}/services`, service('a', { ports: [{ port: 80, nodePort: 80 }] })],
    status: 422,
    message: 'The range of valid ports is 30000-32767',
  },
  {
    reason: 'a node port that is held',
    request: ['POST', `${core}/services`, service('a', { ports: [{ port: 80, nodePort: 30500 }] })],
    status: 422,
    message: 'spec.ports[0].nodePort: Invalid value: 30500: provided port is already allocated',
  },
  {
    reason: 'several ports need names',
    request: ['POST', `${core}/services`, service('a', { ports: [{ port: 80 }, { port: 81 }] })],
    status: 422,
    message: '[spec.ports[0].name: Required value, spec.ports[1].name: Required value]',
  },
  {
    reason: 'an Ingress without backends',
    request: ['POST', `${networking}/ingresses`, { ...ingress('a', ['b']), spec: {} }],
    status: 422,
    message: 'either `defaultBackend` or `rules` must be specified',
  },
  {
    reason: 'a path without a type',
    request: ['POST', `${networking}/ingresses`, withPath({ path: '/a' })],
    status: 422,
    message: 'spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified',
  },
  {
    reason: 'a relative path',
    request: ['POST', `${networking}/ingresses`, withPath({ path: 'a', pathType: 'Prefix' })],
    status: 422,
    message: 'must be an absolute path',
  },
  {
    reason: 'a selector that the template does not match',
    request: [
      'POST',
      `${apps}/deployments`,
      { ...deployment('a', 1), spec: { ...deployment('a', 1).spec, selector: { matchLabels: { app: 'b' } } } },
    ],
    status: 422,
    message: '`selector` does not match template `labels`',
  },
  {
    reason: 'a patch of an unknown type',
    request: ['PATCH', `${core}/services/taken`, {}, { headers: { 'content-type': 'text/plain' } }],
    status: 415,
    message: 'accepted media types include',
  },
  {
    reason: 'an apply without a manager',
    request: ['PATCH', `${core}/services/taken`, service('taken'), patch('apply')],
    status: 400,
    message: 'is required for apply patch',
  },
  {
    reason: 'a JSON patch whose test fails',
    request: ['PATCH', `${core}/services/taken`, [{ op: 'test', path: '/kind', value: 'x' }], patch('json')],
    status: 422,
    message: 'testing path /kind failed',
  },
  {
    reason: 'a field selector without an index',
    request: ['GET', `${core}/services`, undefined, { query: { fieldSelector: 'spec.foo=1' } }],
    status: 400,
    message: 'field label not supported: spec.foo',
  },
  {
    reason: 'a label selector that cannot be read',
    request: ['GET', `${core}/services`, undefined, { query: { labelSelector: 'a=b=c' } }],
    status: 400,
    message: 'unable to parse requirement',
  },
  {
    reason: 'a continue token of nobody',
    request: ['GET', `${core}/services`, undefined, { query: { continue: 'zzz' } }],
    status: 400,
    message: 'continue key is not valid',
  },
  {
    reason: 'a create over all namespaces',
    request: ['POST', '/api/v1/services', service('a')],
    status: 405,
    message: 'does not allow this method',
  },
]

function nested(depth: number): unknown {
  return depth === 0 ? {} : { a: nested(depth - 1) }
}

function withPath(path: Record<string, string>): unknown {
  const backend = { service: { name: 'a', port: { number: 80 } } }
  return { ...ingress('a', ['b']), spec: { rules: [{ http: { paths: [{ ...path, backend }] } }] } }
}

describe('refusals', () => {
  it.each(refusals)('$status for $reason', async ({ request, status, message }) => {
    const world = await testWorld({ zones: [] })
    await world.call('POST', `${core}/services`, service('taken', { ports: [{ port: 80, nodePort: 30500 }] }))
    const before = world.cluster.store.version()
    const answer = await world.call(...request)
    expect(answer.body).toMatchObject({ kind: 'Status', status: 'Failure', code: status })
    expect(answer.status).toBe(status)
    expect(answer.body.message).toContain(message)
    expect(world.cluster.store.version(), 'a refusal writes nothing').toBe(before)
  })
})

describe('writes', () => {
  const read = async (world: TestWorld, path: string): Promise<Body> => (await world.call('GET', path)).body

  it('gives an object its identity, and keeps it through a replace', async () => {
    const world = await testWorld({ zones: [] })
    const made = await world.call('POST', `${networking}/ingresses`, {
      ...ingress('a', ['b']),
      metadata: { name: 'a', uid: 'mine', creationTimestamp: '1999-01-01T00:00:00Z' },
    })
    expect(made.status).toBe(201)
    expect(made.body.metadata).toMatchObject({
      generation: 1,
      namespace: 'default',
      creationTimestamp: '2026-01-01T00:00:01Z',
    })
    expect(made.body.metadata['uid']).not.toBe('mine')
    const replaced = await world.call('PUT', `${networking}/ingresses/a`, ingress('a', ['c']))
    expect(replaced.body.metadata).toMatchObject({ generation: 2, uid: made.body.metadata['uid'] })
  })

  it('counts generations for changes of the spec only, and writes nothing when nothing changes', async () => {
    const world = await testWorld({ zones: [] })
    await world.call('POST', `${networking}/ingresses`, ingress('a', ['b']))
    const annotated = await world.call(
      'PATCH',
      `${networking}/ingresses/a`,
      { metadata: { annotations: { x: '1' } } },
      patch('merge'),
    )
    expect(annotated.body.metadata['generation']).toBe(1)
    const again = await world.call(
      'PATCH',
      `${networking}/ingresses/a`,
      { metadata: { annotations: { x: '1' } } },
      patch('merge'),
    )
    expect(again.body.metadata.resourceVersion).toBe(annotated.body.metadata.resourceVersion)
  })

  it('keeps status and spec apart', async () => {
    const world = await testWorld({ zones: [] })
    await world.call('POST', `${networking}/ingresses`, {
      ...ingress('a', ['b']),
      status: { loadBalancer: { ingress: [{ ip: '1.1.1.1' }] } },
    })
    expect((await read(world, `${networking}/ingresses/a`))['status']).toEqual({ loadBalancer: {} })
    const status = { loadBalancer: { ingress: [{ ip: '203.0.113.1' }] } }
    await world.call(
      'PATCH',
      `${networking}/ingresses/a/status`,
      { status, spec: { defaultBackend: null } },
      patch('merge'),
    )
    await world.call('PUT', `${networking}/ingresses/a`, ingress('a', ['c']))
    const after = await read(world, `${networking}/ingresses/a`)
    expect(after['status']).toEqual(status)
    expect(after['spec']).toEqual(ingress('a', ['c']).spec)
  })

  it('answers a dry run with what would be, and writes nothing', async () => {
    const world = await testWorld({ zones: [] })
    const answer = await world.call('POST', `${core}/services`, service('a'), { query: { dryRun: 'All' } })
    expect(answer.status).toBe(201)
    expect((await world.call('GET', `${core}/services/a`)).status).toBe(404)
  })

  it('keeps a node port through an update that does not name one, and draws another for each cluster', async () => {
    const ports = await Promise.all(
      [1, 2].map(async (seed) => {
        const { seededRandom } = await import('../../../playground/world.ts')
        const world = await testWorld({ zones: [], random: seededRandom(seed) })
        await world.call('POST', `${core}/services`, service('a'))
        const before = (await read(world, `${core}/services/a`))['spec']
        await world.call('PUT', `${core}/services/a`, service('a'))
        expect((await read(world, `${core}/services/a`))['spec']).toEqual(before)
        return (before as { ports: { nodePort: number }[] }).ports[0]?.nodePort
      }),
    )
    expect(new Set(ports).size).toBe(2)
  })

  it('holds a deleted object back until its finalizers are gone', async () => {
    const world = await testWorld({ zones: [] })
    await world.call('POST', `${core}/configmaps`, {
      ...configMap('a'),
      metadata: { name: 'a', finalizers: ['example.com/hold'] },
    })
    const deleted = await world.call('DELETE', `${core}/configmaps/a`)
    expect(deleted.body.metadata['deletionTimestamp']).toBe('2026-01-01T00:00:01Z')
    expect((await world.call('GET', `${core}/configmaps/a`)).status).toBe(200)
    await world.call('PATCH', `${core}/configmaps/a`, { metadata: { finalizers: null } }, patch('merge'))
    expect((await world.call('GET', `${core}/configmaps/a`)).status).toBe(404)
  })

  it('empties a namespace before it goes, and takes nothing new meanwhile', async () => {
    const world = await testWorld()
    await world.call('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } })
    await world.call('POST', '/apis/apps/v1/namespaces/team/deployments', deployment('web', 2))
    await world.clock.advance(1000)
    await world.call('DELETE', '/api/v1/namespaces/team')
    const late = await world.call('POST', '/api/v1/namespaces/team/configmaps', configMap('late'))
    expect(late.status).toBe(403)
    await world.clock.advance(1000)
    expect((await world.call('GET', '/api/v1/namespaces/team')).status).toBe(404)
    expect((await world.call('GET', '/api/v1/pods')).body.items).toEqual([])
  })

  it('lets dependents of an orphaning delete live', async () => {
    const world = await testWorld()
    await world.call('POST', `${apps}/deployments`, deployment('web', 2))
    await world.clock.advance(1000)
    await world.call('DELETE', `${apps}/deployments/web`, { propagationPolicy: 'Orphan' })
    await world.clock.advance(1000)
    expect((await world.call('GET', `${core}/pods`)).body.items).toHaveLength(2)
  })
})
