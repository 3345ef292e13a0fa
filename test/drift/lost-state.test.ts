import { afterEach, describe, expect, it } from 'vitest'
import { sourcesOf } from '../../shared/engine/sources.ts'
import type { Records } from '../../shared/engine/preview.ts'
import { recoverable, type Recoverable } from '../../shared/engine/recover.ts'
import { simpleIngress } from '../support/manifests.ts'
import { project, register, smallWorld, type SmallWorld } from './small-world.ts'
import { httpCollections } from '../support/collections.ts'

const hour = 3_600_000
const day = 24 * hour
let world: SmallWorld

afterEach(() => world.close())

async function served(...names: string[]): Promise<void> {
  world = await smallWorld()
  for (const cluster of world.clusters.keys()) await world.deploy(cluster, 'web')
  for (const name of names) await world.serve(name, 'web')
}

/** Everything that is in Compute, with its id, so that a thing made anew is another one. */
function everything(): string[] {
  return httpCollections
    .flatMap((collection) => world.compute.list(collection, project))
    .map(({ path, body }) => `${path} ${JSON.stringify(body['id'])}`)
    .sort()
}

/** Ticks as Cloud Scheduler sends them, seldom enough for a test: never with a long pause, which begins the sooner the more there is to look at. */
async function ticksOver(ms: number, pause = 2 * hour): Promise<void> {
  for (let passed = 0; passed < ms; passed += pause) {
    await world.clock.advance(pause)
    await world.tick()
  }
}

function lost(): Promise<Recoverable[]> {
  const sources = async (ingress: string): Promise<Records> => {
    const known = await sourcesOf(world.store, ingress)
    if (known === undefined) return { doc: null, clusters: [], claims: [], resources: [] }
    return { ...known, resources: [...known.resources.values()] }
  }
  return recoverable(world.deps, { sources }, [{ project, networks: [`projects/${project}/global/networks/default`] }])
}

describe('a state that was lost', () => {
  it('deletes nothing, however long nobody publishes anything', async () => {
    await served('web')
    const before = everything()
    world.loseState()
    await ticksOver(3 * day)
    expect(everything()).toEqual(before)
    for (const name of world.clusters.keys()) await register(world, name)
    await ticksOver(3 * day)
    expect(everything()).toEqual(before)
  })

  it('lists what has no spec, and adopts it in place when its spec is published again', async () => {
    await served('web', 'shop')
    const before = everything()
    world.loseState()
    for (const name of world.clusters.keys()) await register(world, name)
    const listed = await lost()
    const clusters = ['east', 'west']
    expect(listed).toMatchObject([
      { ingress: 'default/shop', loadBalancer: 'shop', clusters, is: 'unknown' },
      { ingress: 'default/web', loadBalancer: 'web', clusters, is: 'unknown' },
    ])
    expect(listed[0]?.resources).toHaveLength(7)
    const { writes } = world.compute.counters()
    await world.serve('web', 'web')
    expect(everything(), 'the same resources, not new ones').toEqual(before)
    expect(world.compute.counters().writes, 'and nothing had to be changed').toBe(writes)
    expect((await lost()).map(({ ingress }) => ingress)).toEqual(['default/shop'])
  })
})

/** Our document of a resource is lost, as a restored backup would have lost it. */
async function forget(id: string): Promise<void> {
  await world.store.transact((tx) => {
    tx.delete('resources', id)
    return Promise.resolve()
  })
}

describe('a resource with our stamp and without an owner', () => {
  const path = `projects/${project}/global/healthChecks/mci1-hc-orphan--web`
  const stampFor = (ingress: string): string => `Health check; managed by multi-cluster-ingress for Ingress ${ingress}`

  async function orphan(ingress: string): Promise<void> {
    await world.compel('POST', `projects/${project}/global/healthChecks`, {
      name: 'mci1-hc-orphan--web',
      description: stampFor(ingress),
      type: 'HTTP',
      httpHealthCheck: {},
    })
  }

  it('of an Ingress that is known and at rest goes after a day, and not before', async () => {
    await served('web')
    const before = everything()
    await orphan('default/web')
    await ticksOver(day - 4 * hour)
    expect(world.got(path)).toBeDefined()
    await ticksOver(8 * hour)
    expect(world.got(path)).toBeUndefined()
    expect(everything()).toEqual(before)
  })

  it('of an Ingress that nobody here has heard of stays for ever, and is listed', async () => {
    await served('web')
    await orphan('default/elsewhere')
    await ticksOver(4 * day)
    expect(world.got(path)).toBeDefined()
    expect(await lost()).toMatchObject([{ ingress: 'default/elsewhere', is: 'unknown' }])
  })

  it('of a withdrawn Ingress goes after a day', async () => {
    await served('web')
    await world.publish('ingress-specs', '', { action: 'delete', namespace: 'default', name: 'web' })
    for (let ticks = 0; ticks < 5; ticks += 1) await world.tick()
    await orphan('default/web')
    await ticksOver(day + 8 * hour)
    expect(world.got(path)).toBeUndefined()
  })

  it('of an Ingress that is being withdrawn goes at once, because it may hold up the rest', async () => {
    await served('web')
    const [rule] = world.compute.list('forwardingRules', project)
    await forget(`forwarding-rule/${project}/${rule?.name ?? ''}`)
    await world.publish('ingress-specs', '', { action: 'delete', namespace: 'default', name: 'web' })
    await ticksOver(4 * hour)
    expect(world.compute.list('forwardingRules', project)).toEqual([])
    expect(world.compute.list('urlMaps', project)).toEqual([])
  })

  it('goes after a day also where it holds up what its Ingress has left, which is then not at rest', async () => {
    await served('web')
    for (const cluster of world.clusters.keys()) await world.deploy(cluster, 'other')
    const [check] = world.compute.list('healthChecks', project)
    const service = `projects/${project}/global/backendServices/mci1-be-orphan--web`
    await world.compel('POST', `projects/${project}/global/backendServices`, {
      name: 'mci1-be-orphan--web',
      description: stampFor('default/web'),
      loadBalancingScheme: 'EXTERNAL_MANAGED',
      protocol: 'HTTP',
      healthChecks: [check?.path],
    })
    await world.publish('ingress-specs', simpleIngress('web', 'other'))
    await ticksOver(4 * hour, hour)
    expect(world.got(check?.path ?? '')).toBeDefined()
    expect((await world.store.get('ingresses', 'default/web'))?.wakeAt).not.toBeNull()
    await ticksOver(day + 4 * hour, hour)
    expect(world.got(service)).toBeUndefined()
    expect(world.got(check?.path ?? '')).toBeUndefined()
    expect(await world.phase('default/web')).toBe('Ready')
  })

  it('waits a day anew when somebody changes it', async () => {
    await served('web')
    await orphan('default/web')
    await ticksOver(day - 4 * hour)
    await world.compel('PATCH', path, { checkIntervalSec: 33 })
    await ticksOver(8 * hour)
    expect(world.got(path)).toBeDefined()
  })

  it('waits a day anew after ticks stayed away, because the state may be a restored one', async () => {
    await served('web')
    await orphan('default/web')
    await ticksOver(day - 4 * hour)
    await world.clock.advance(7 * day)
    await world.tick()
    await ticksOver(8 * hour)
    expect(world.got(path)).toBeDefined()
    await ticksOver(day)
    expect(world.got(path)).toBeUndefined()
  })

  it('is adopted when its Ingress wants it again', async () => {
    await served('web')
    const [rule] = world.compute.list('forwardingRules', project)
    const id = rule?.body['id']
    await forget(`forwarding-rule/${project}/${rule?.name ?? ''}`)
    await world.publish('ingress-specs', simpleIngress('web', 'web', { annotations: { note: 'again' } }))
    await ticksOver(2 * day)
    expect(world.got(rule?.path ?? '')?.['id']).toBe(id)
  })
})

describe('an Ingress that is withdrawn with on-delete: orphan', () => {
  const orphaned = { 'multicluster-ingress.io/on-delete': 'orphan' }
  const withdraw = async (name: string): Promise<void> => {
    await world.publish('ingress-specs', '', { action: 'delete', namespace: 'default', name })
    for (let ticks = 0; ticks < 3; ticks += 1) await world.tick()
  }
  const objectIn = (cluster: string): Promise<unknown> =>
    world.request(cluster, 'GET', '/apis/networking.k8s.io/v1/namespaces/default/ingresses/web')

  it('serves on as it is, in Compute and in the clusters, for ever', async () => {
    await served('web')
    await world.serve('web', 'web', orphaned)
    const before = everything()
    const objects = [await objectIn('east'), await objectIn('west')]
    const { writes } = world.compute.counters()
    await withdraw('web')
    expect(await world.store.get('ingresses', 'default/web')).toMatchObject({
      deleted: true,
      goneAt: expect.any(Number) as number,
    })
    await ticksOver(3 * day)
    // A bad version of it says nothing about what serves.
    await world.publish(
      'ingress-specs',
      'kind: Ingress\napiVersion: networking.k8s.io/v1\nmetadata: {name: web, namespace: default}\nspec: {rules: 7}',
    )
    await ticksOver(3 * day)
    expect(everything()).toEqual(before)
    expect(world.compute.counters().writes).toBe(writes)
    expect([await objectIn('east'), await objectIn('west')]).toEqual(objects)
  })

  it('is taken over in place when it is published again, and goes when it is withdrawn without', async () => {
    await served('web')
    await world.serve('web', 'web', orphaned)
    const before = everything()
    await withdraw('web')
    await world.serve('web', 'web')
    expect(everything(), 'the same resources, not new ones').toEqual(before)
    await withdraw('web')
    for (let ticks = 0; ticks < 5; ticks += 1) await world.tick()
    expect(everything()).toEqual([])
  })

  it('loses nothing that it shares with one that goes', async () => {
    await served('web')
    for (const cluster of world.clusters.keys()) await world.deploy(cluster, 'cart')
    await world.serve('web', 'web', orphaned)
    await world.serve('shop', 'cart')
    const ports = (): unknown[] => world.compute.list('instanceGroups', project).map(({ body }) => body['namedPorts'])
    const before = ports()
    await withdraw('web')
    await world.publish('ingress-specs', '', { action: 'delete', namespace: 'default', name: 'shop' })
    for (let ticks = 0; ticks < 5; ticks += 1) await world.tick()
    expect(JSON.stringify(before)).toContain('mci1-')
    expect(world.compute.list('urlMaps', project).map(({ path }) => path.split('/').at(-1))).toEqual(['mci1-um--web'])
    const [backend] = world.compute.list('backendServices', project)
    const portName = JSON.stringify(backend?.body['portName'])
    for (const group of ports()) expect(JSON.stringify(group)).toContain(portName)
  })
})
