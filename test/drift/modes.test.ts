import { afterEach, describe, expect, it } from 'vitest'
import { simpleIngress } from '../support/manifests.ts'
import { httpCollections } from '../support/collections.ts'
import { project, register, smallWorld, type SmallWorld } from './small-world.ts'

const mode = 'multicluster-ingress.io/mode'
let world: SmallWorld

afterEach(() => world.close())

async function served(annotations: Record<string, string> = {}): Promise<void> {
  world = await smallWorld()
  for (const cluster of world.clusters.keys()) for (const name of ['web', 'other']) await world.deploy(cluster, name)
  await world.serve('web', 'web', annotations)
}

async function publish(annotations: Record<string, string>, service = 'web'): Promise<void> {
  await world.publish('ingress-specs', simpleIngress('web', service, { annotations }))
  for (let ticks = 0; ticks < 3; ticks += 1) await world.tick()
}

const only = (collection: string): string => world.compute.list(collection, project)[0]?.path ?? ''
const writes = (): number => world.compute.counters().writes
const clusterWrites = (): number => [...world.clusters.values()].reduce((sum, { counters }) => sum + counters.writes, 0)
const doc = async (name: string) =>
  (
    await world.store.find({ collection: 'resources', where: [{ field: 'owner', op: '==', value: 'default/web' }] })
  ).find(({ id }) => id.endsWith(name))

describe('an Ingress that is only observed', () => {
  it('says what differs, from what to what, and changes nothing', async () => {
    await served()
    await publish({ [mode]: 'observe' })
    const path = only('healthChecks')
    await world.compel('PATCH', path, { checkIntervalSec: 99 })
    const before = [writes(), clusterWrites()]
    for (let ticks = 0; ticks < 3; ticks += 1) await world.tick()
    expect([writes(), clusterWrites()]).toEqual(before)
    expect(world.got(path)?.['checkIntervalSec']).toBe(99)
    expect(await doc(path.split('/').at(-1) ?? '')).toMatchObject({
      phase: 'Waiting',
      why: 'differs in checkIntervalSec (checkIntervalSec from 99 to 10); left so, because its Ingress is set to observe',
    })
    expect(await world.phase('default/web')).toBe('Progressing')
  })

  it('comes to rest although it differs', async () => {
    await served()
    await publish({ [mode]: 'observe' })
    await world.compel('DELETE', only('forwardingRules'))
    for (let ticks = 0; ticks < 3; ticks += 1) await world.tick()
    const before = world.store.counts()
    for (let ticks = 0; ticks < 3; ticks += 1) await world.tick()
    expect(world.store.counts().writes).toBe(before.writes)
  })

  it('is Ready while nothing differs', async () => {
    await served()
    await publish({ [mode]: 'observe' })
    expect(await world.phase('default/web')).toBe('Ready')
  })

  it('tells what a new spec would change, and takes nothing down', async () => {
    await served()
    const before = writes()
    await publish({ [mode]: 'observe' }, 'other')
    expect(writes()).toBe(before)
    expect((await doc(only('urlMaps').split('/').at(-1) ?? ''))?.why).toMatch(
      /^(differs in .*defaultService|waits for)/,
    )
    expect(world.compute.list('backendServices', project)).toHaveLength(1)
  })

  it('is repaired once it is no longer only observed', async () => {
    await served()
    await publish({ [mode]: 'observe' })
    const path = only('healthChecks')
    await world.compel('PATCH', path, { checkIntervalSec: 99 })
    await world.tick()
    await publish({})
    expect(world.got(path)?.['checkIntervalSec']).toBe(10)
    expect(await world.phase('default/web')).toBe('Ready')
  })

  it('makes nothing when it is new', async () => {
    world = await smallWorld()
    for (const cluster of world.clusters.keys()) await world.deploy(cluster, 'web')
    const before = [writes(), clusterWrites()]
    await publish({ [mode]: 'observe' })
    expect([writes(), clusterWrites()]).toEqual(before)
  })
})

describe('a load balancer that was there before its Ingress, which only observes it', () => {
  const observe = { [mode]: 'observe' }
  const all = (): unknown[] => [...httpCollections, 'instanceGroups'].flatMap((one) => world.compute.list(one, project))
  const objects = (): Promise<unknown[]> =>
    Promise.all(
      [...world.clusters.keys()].map((cluster) =>
        world.request(cluster, 'GET', '/apis/networking.k8s.io/v1/namespaces/default/ingresses/web'),
      ),
    )
  const found = async (): Promise<void> => {
    await served()
    world.loseState()
    for (const name of world.clusters.keys()) await register(world, name)
  }
  /** Longer than an orphan is waited for, with sweeps as often as they need to be believed. */
  const twoDays = async (): Promise<void> => {
    for (let passed = 0; passed < 2 * 24; passed += 1) {
      await world.clock.advance(3_600_000)
      await world.tick()
    }
  }

  it('is left as it is when that is withdrawn, and not tidied away later', async () => {
    await found()
    const before = [all(), await objects()]
    await publish(observe)
    await world.publish('ingress-specs', '', { action: 'delete', namespace: 'default', name: 'web' })
    for (let ticks = 0; ticks < 3; ticks += 1) await world.tick()
    expect((await world.store.get('ingresses', 'default/web'))?.goneAt).not.toBeNull()
    await twoDays()
    expect([all(), await objects()]).toEqual(before)
  })

  it('keeps also what the Ingress would not want', async () => {
    await found()
    const check = only('healthChecks')
    const { id: _, name: _name, ...body } = world.got(check) ?? {}
    await world.compel('POST', check.slice(0, check.lastIndexOf('/')), { ...body, name: 'mci1-hc-0000--web' })
    const before = all()
    await publish(observe)
    await twoDays()
    expect(all()).toEqual(before)
  })

  it('is taken over once it is no longer only observed, and goes with its Ingress then', async () => {
    await found()
    const before = world.compute.list('forwardingRules', project)
    await publish(observe)
    await publish({})
    expect(await world.phase('default/web')).toBe('Ready')
    expect(world.compute.list('forwardingRules', project)).toEqual(before)
    await world.publish('ingress-specs', '', { action: 'delete', namespace: 'default', name: 'web' })
    for (let ticks = 0; ticks < 5; ticks += 1) await world.tick()
    for (const collection of httpCollections) expect(world.compute.list(collection, project)).toEqual([])
  })
})

describe('a paused Ingress', () => {
  it('is neither looked at nor changed', async () => {
    await served()
    await publish({ [mode]: 'paused' })
    const path = only('forwardingRules')
    await world.compel('DELETE', path)
    const before = [writes(), clusterWrites()]
    for (let ticks = 0; ticks < 3; ticks += 1) await world.tick()
    expect([writes(), clusterWrites()]).toEqual(before)
    expect(world.got(path)).toBeUndefined()
    const conditions = JSON.stringify((await world.store.get('ingresses', 'default/web'))?.conditions)
    expect(conditions).toContain('is paused')
  })

  it('keeps what it has when its spec changes, and takes the change up when it goes on', async () => {
    await served()
    const before = writes()
    await publish({ [mode]: 'paused' }, 'other')
    expect(writes()).toBe(before)
    await publish({}, 'other')
    expect(await world.phase('default/web')).toBe('Ready')
    expect(JSON.stringify(world.got(only('backendServices')))).toContain('default/other')
  })

  it('can be withdrawn', async () => {
    await served()
    await publish({ [mode]: 'paused' })
    await world.publish('ingress-specs', '', { action: 'delete', namespace: 'default', name: 'web' })
    for (let ticks = 0; ticks < 5; ticks += 1) await world.tick()
    expect(world.compute.list('forwardingRules', project)).toEqual([])
    expect(world.compute.list('backendServices', project)).toEqual([])
  })
})
