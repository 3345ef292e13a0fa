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
  type Answer,
  type TestWorld,
} from './world.ts'

const path = `${networking}/ingresses/a`

function apply(world: TestWorld, manager: string, body: unknown, force = false, at = path): Promise<Answer> {
  return world.call('PATCH', at, body, patch('apply', { fieldManager: manager, ...(force ? { force: 'true' } : {}) }))
}

const annotated = (annotations: Record<string, string>, services: readonly string[] = ['b']) =>
  ingress('a', services, annotations)

describe('server-side apply', () => {
  it('creates, then changes nothing when nothing changed', async () => {
    const world = await testWorld({ zones: [] })
    const first = await apply(world, 'one', annotated({ x: '1' }))
    expect(first.status).toBe(201)
    await world.clock.advance(60_000)
    const second = await apply(world, 'one', annotated({ x: '1' }))
    expect(second.status).toBe(200)
    expect(second.body.metadata.resourceVersion).toBe(first.body.metadata.resourceVersion)
  })

  it('drops what the same manager leaves out, and keeps what others set', async () => {
    const world = await testWorld({ zones: [] })
    await apply(world, 'one', annotated({ mine: '1', also: '1' }))
    await world.call('PATCH', path, { metadata: { annotations: { theirs: '1' } } }, patch('merge'))
    const after = await apply(world, 'one', annotated({ mine: '2' }))
    expect(after.body.metadata.annotations).toEqual({ mine: '2', theirs: '1' })
  })

  it('keeps a field that another manager applied too', async () => {
    const world = await testWorld({ zones: [] })
    await apply(world, 'one', annotated({ shared: '1' }))
    await apply(world, 'two', annotated({ shared: '1' }))
    const after = await apply(world, 'one', annotated({}))
    expect(after.body.metadata.annotations).toEqual({ shared: '1' })
    const last = await apply(world, 'two', annotated({}))
    expect(last.body.metadata.annotations).toBeUndefined()
  })

  it.each([
    {
      reason: 'a field that another apply owns',
      other: (world: TestWorld) => apply(world, 'two', annotated({ x: 'theirs' })),
      who: 'two',
    },
    {
      reason: 'a field that an update wrote',
      other: (world: TestWorld) =>
        world.call('PUT', path, annotated({ x: 'theirs' }), { query: { fieldManager: 'editor' } }),
      who: 'editor',
    },
  ])('refuses to change $reason, unless forced', async ({ other, who }) => {
    const world = await testWorld({ zones: [] })
    await apply(world, 'one', annotated({ y: '1' }))
    await other(world)
    const refused = await apply(world, 'one', annotated({ x: 'mine' }))
    expect(refused.status).toBe(409)
    expect(refused.body.message).toContain(`conflict with "${who}"`)
    expect(refused.body.message).toContain('.metadata.annotations.x')
    const forced = await apply(world, 'one', annotated({ x: 'mine' }), true)
    expect(forced.body.metadata.annotations?.['x']).toBe('mine')
    const now = await apply(world, 'one', annotated({ x: 'again' }))
    expect(now.status, 'the field has changed hands').toBe(200)
  })

  it('owns rules as a whole, as the schema of Ingress says', async () => {
    const world = await testWorld({ zones: [] })
    await apply(world, 'one', annotated({}, ['b', 'c']))
    const other = await apply(world, 'two', annotated({}, ['b', 'd']))
    expect(other.body.message).toContain('.spec.rules')
  })

  it('merges the ports of a Service and the containers of a Deployment by their keys', async () => {
    const world = await testWorld({ zones: [] })
    const ports = (list: { name: string; port: number }[]) => ({
      ...service('s'),
      spec: { type: 'NodePort', ports: list },
    })
    await apply(world, 'one', ports([{ name: 'a', port: 80 }]), false, `${core}/services/s`)
    const both = await apply(world, 'two', ports([{ name: 'b', port: 81 }]), false, `${core}/services/s`)
    expect((both.body['spec'] as { ports: { name: string }[] }).ports.map((port) => port.name)).toEqual(['a', 'b'])
    const left = await apply(world, 'one', { ...service('s'), spec: { type: 'NodePort' } }, false, `${core}/services/s`)
    expect((left.body['spec'] as { ports: { name: string }[] }).ports.map((port) => port.name)).toEqual(['b'])

    await apply(world, 'one', deployment('d', 1), false, `${apps}/deployments/d`)
    const image = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'd' },
      spec: { template: { spec: { containers: [{ name: 'web', image: 'other:2' }] } } },
    }
    expect((await apply(world, 'two', image, false, `${apps}/deployments/d`)).body.message).toContain(
      'containers[name="web"].image',
    )
  })

  it('lets a manager that gave a field up see it go back to the default', async () => {
    const world = await testWorld({ zones: [] })
    await apply(world, 'one', deployment('d', 4), false, `${apps}/deployments/d`)
    const { replicas: _replicas, ...spec } = deployment('d', 4).spec
    const after = await apply(world, 'one', { ...deployment('d', 4), spec }, false, `${apps}/deployments/d`)
    expect((after.body['spec'] as { replicas: number }).replicas).toBe(1)
  })

  it('lets a scaler keep what it scaled', async () => {
    const world = await testWorld({ zones: [] })
    await apply(world, 'one', deployment('d', 1), false, `${apps}/deployments/d`)
    await world.call(
      'PATCH',
      `${apps}/deployments/d/scale`,
      { spec: { replicas: 3 } },
      patch('merge', { fieldManager: 'scaler' }),
    )
    expect((await apply(world, 'one', deployment('d', 1), false, `${apps}/deployments/d`)).body.message).toContain(
      'with subresource "scale"',
    )
  })

  it('applies a status beside the spec', async () => {
    const world = await testWorld({ zones: [] })
    await apply(world, 'one', annotated({ x: '1' }))
    const status = { loadBalancer: { ingress: [{ ip: '203.0.113.1' }] } }
    const body = { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: 'a' }, status }
    const after = await apply(world, 'status-writer', body, false, `${path}/status`)
    expect(after.body['status']).toEqual(status)
    expect((await apply(world, 'one', annotated({ x: '2' }))).body).toMatchObject({
      status,
      metadata: { annotations: { x: '2' } },
    })
  })
})
