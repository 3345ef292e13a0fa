import { afterEach, describe, expect, it } from 'vitest'
import { simpleIngress } from '../support/manifests.ts'
import { project, smallWorld, type SmallWorld } from './small-world.ts'

const force = { 'multicluster-ingress.io/force': 'true' }
const withdraw = { action: 'delete', namespace: 'default', name: 'web' }
const proxies = `projects/${project}/global/targetHttpProxies`
const rules = `projects/${project}/global/forwardingRules`
let world: SmallWorld

afterEach(() => world.close())

/** A proxy and a forwarding rule with our names and somebody's own descriptions, which the API cannot change. */
async function theirs(): Promise<void> {
  world = await smallWorld()
  for (const cluster of world.clusters.keys()) await world.deploy(cluster, 'web')
  await world.serve('web', 'web')
  const rule = world.got(`${rules}/mci1-fw--web`) ?? {}
  await world.compel('DELETE', `${rules}/mci1-fw--web`)
  await world.compel('DELETE', `${proxies}/mci1-tp--web`)
  await world.compel('POST', proxies, {
    name: 'mci1-tp--web',
    description: 'mine',
    urlMap: `projects/${project}/global/urlMaps/mci1-um--web`,
  })
  await world.compel('POST', rules, {
    name: 'mci1-fw--web',
    description: 'mine',
    IPAddress: rule['IPAddress'],
    IPProtocol: 'TCP',
    portRange: '80-80',
    loadBalancingScheme: 'EXTERNAL_MANAGED',
    target: `projects/${project}/global/targetHttpProxies/mci1-tp--web`,
  })
  await ticks(2)
}

async function ticks(count: number): Promise<void> {
  for (let tick = 0; tick < count; tick += 1) await world.tick()
}

async function publish(annotations: Record<string, string>): Promise<void> {
  await world.publish('ingress-specs', simpleIngress('web', 'web', { annotations }))
  await ticks(3)
}

describe('a proxy and a forwarding rule that force took over, and that cannot be stamped', () => {
  it('are somebody else’s before: named, untouched, and left there when the Ingress goes', async () => {
    await theirs()
    expect(await world.phase('default/web')).toBe('Failed')
    const before = [world.got(`${proxies}/mci1-tp--web`), world.got(`${rules}/mci1-fw--web`)]
    await world.publish('ingress-specs', '', withdraw)
    await ticks(3)
    expect([world.got(`${proxies}/mci1-tp--web`), world.got(`${rules}/mci1-fw--web`)]).toEqual(before)
  })

  it('stay ours when the spec no longer says force, without being made anew', async () => {
    await theirs()
    const id = world.got(`${rules}/mci1-fw--web`)?.['id']
    await publish(force)
    expect(await world.phase('default/web')).toBe('Ready')
    await publish({})
    expect(await world.phase('default/web')).toBe('Ready')
    expect(world.got(`${rules}/mci1-fw--web`)).toMatchObject({ id, description: 'mine' })
    await world.clock.advance(3_600_000)
    await ticks(20)
    expect(await world.phase('default/web')).toBe('Ready')
  })

  it('go with the Ingress, and so does everything that they refer to', async () => {
    await theirs()
    await publish(force)
    await publish({})
    await world.publish('ingress-specs', '', withdraw)
    await ticks(5)
    expect((await world.store.get('ingresses', 'default/web'))?.goneAt).not.toBeNull()
    for (const collection of ['forwardingRules', 'targetHttpProxies', 'urlMaps', 'backendServices'])
      expect(world.compute.list(collection, project)).toEqual([])
  })

  it('but not another one that somebody has put in their place since', async () => {
    await theirs()
    await publish(force)
    await publish({})
    const body = world.got(`${rules}/mci1-fw--web`) ?? {}
    await world.compel('DELETE', `${rules}/mci1-fw--web`)
    const { name, IPAddress, IPProtocol, portRange, loadBalancingScheme, target } = body
    await world.compel('POST', rules, { name, IPAddress, IPProtocol, portRange, loadBalancingScheme, target })
    const put = world.got(`${rules}/mci1-fw--web`)
    // What was taken is changed in the world, so that it is looked at again.
    await world.publish('ingress-specs', '', withdraw)
    await ticks(5)
    expect(world.got(`${rules}/mci1-fw--web`)).toEqual(put)
  })
})
