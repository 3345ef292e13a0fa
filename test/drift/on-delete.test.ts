import { afterEach, describe, expect, it } from 'vitest'
import { simpleIngress } from '../support/manifests.ts'
import { project, smallWorld, type SmallWorld } from './small-world.ts'
import { httpCollections } from '../support/collections.ts'

const day = 24 * 3_600_000
const orphan = { 'multicluster-ingress.io/on-delete': 'orphan' }
const withdraw = { action: 'delete', namespace: 'default', name: 'web' }
let world: SmallWorld

afterEach(() => world.close())

async function served(): Promise<void> {
  world = await smallWorld()
  for (const cluster of world.clusters.keys()) for (const name of ['web', 'other']) await world.deploy(cluster, name)
  await world.serve('web', 'web', orphan)
}

/** Everything in Compute and in the clusters that serves, as it is. */
async function everything(): Promise<unknown> {
  const ingresses = await Promise.all(
    [...world.clusters.keys()].map((cluster) =>
      world.request(cluster, 'GET', '/apis/networking.k8s.io/v1/namespaces/default/ingresses'),
    ),
  )
  return {
    compute: httpCollections.flatMap((collection) => world.compute.list(collection, project)).map(({ body }) => body),
    namedPorts: namedPorts(),
    ingresses: ingresses.flatMap((list) => (list as { items: { metadata: { name: string } }[] }).items),
  }
}

/** Each named port of each group, as text. */
function namedPorts(): string[] {
  return world.compute
    .list('instanceGroups', project)
    .flatMap(({ path, body }) =>
      (body['namedPorts'] as { name: string; port: number }[]).map(({ name, port }) => `${path} ${name}:${port}`),
    )
    .sort()
}

const known = async (): Promise<string[]> =>
  (
    await world.store.find({ collection: 'resources', where: [{ field: 'owner', op: '==', value: 'default/web' }] })
  ).map(({ id }) => id)

describe('an Ingress that is withdrawn with on-delete: orphan', () => {
  it('is forgotten, and everything of it stays as it is: in Compute, in the groups, in the clusters', async () => {
    await served()
    const before = await everything()
    const writes = world.compute.counters().writes
    await world.publish('ingress-specs', '', withdraw)
    for (let ticks = 0; ticks < 3; ticks += 1) await world.tick()
    expect(await known()).toEqual([])
    expect((await world.store.get('ingresses', 'default/web'))?.goneAt).not.toBeNull()
    expect(world.compute.counters().writes).toBe(writes)
    expect(await everything()).toEqual(before)
  })

  it('is not tidied away later either, however long nobody publishes it again', async () => {
    await served()
    await world.publish('ingress-specs', '', withdraw)
    const before = await everything()
    for (let passed = 0; passed < 3 * day; passed += 3_600_000) {
      await world.clock.advance(3_600_000)
      await world.tick()
    }
    expect(await everything()).toEqual(before)
  })

  it('goes on serving while others on the same instance groups come and go', async () => {
    await served()
    await world.publish('ingress-specs', '', withdraw)
    const ours = namedPorts().filter((port) => port.includes('mci1-'))
    expect(ours.length).toBeGreaterThan(0)
    await world.serve('other', 'other')
    await world.publish('ingress-specs', '', { ...withdraw, name: 'other' })
    for (let ticks = 0; ticks < 5; ticks += 1) await world.tick()
    expect((await world.store.get('ingresses', 'default/other'))?.goneAt).not.toBeNull()
    expect(namedPorts().filter((port) => port.includes('mci1-'))).toEqual(ours)
    expect(world.compute.list('backendServices', project)).toHaveLength(1)
  })

  it('is taken over in place when it is published again, and goes for good when it says delete', async () => {
    await served()
    await world.publish('ingress-specs', '', withdraw)
    const ids = (): unknown[] => world.compute.list('forwardingRules', project).map(({ body }) => body['id'])
    const before = ids()
    await world.serve('web', 'web')
    expect(ids()).toEqual(before)
    await world.publish('ingress-specs', '', withdraw)
    for (let ticks = 0; ticks < 5; ticks += 1) await world.tick()
    expect(await known()).toEqual([])
    for (const collection of ['forwardingRules', 'urlMaps', 'backendServices', 'addresses'])
      expect(world.compute.list(collection, project)).toEqual([])
  })

  it('leaves also what it no longer wanted, and had not removed yet', async () => {
    await served()
    await world.publish('ingress-specs', simpleIngress('web', 'other', { annotations: orphan }))
    await world.publish('ingress-specs', '', withdraw)
    for (let ticks = 0; ticks < 3; ticks += 1) await world.tick()
    expect(await known()).toEqual([])
    expect((await world.store.get('ingresses', 'default/web'))?.goneAt).not.toBeNull()
    expect(world.compute.list('forwardingRules', project)).toHaveLength(1)
  })
})
