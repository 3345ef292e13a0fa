import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Bus } from '../../shared/cloud/bus-port.ts'
import { resourceId } from '../../shared/resource-id.ts'
import { claimId } from '../../shared/state/documents.ts'
import { httpCollections } from '../support/collections.ts'
import { simpleIngress } from '../support/manifests.ts'
import { project, register, smallWorld, type SmallWorld } from './small-world.ts'

const urlMap = resourceId('url-map', project, 'mci1-um--web')
const rule = resourceId('forwarding-rule', project, 'mci1-fw--web')
const otherName = { 'multicluster-ingress.io/load-balancer': 'other' }
let world: SmallWorld
let bus: Bus

/** From the moment that anything of the load balancer is claimed, messages are lost until `hear`. */
function deafen(): void {
  bus = world.deps.bus
  world.deps.bus = {
    ...bus,
    async publish(messages) {
      const claimed = await world.store.get('claims', claimId(urlMap, 'default/web'))
      if (claimed === undefined) await bus.publish(messages)
    },
  }
}

function hear(): void {
  world.deps.bus = bus
}

const publish = async (service: string, annotations: Record<string, string> = {}): Promise<void> => {
  await world.clock.advance(1_000)
  await world.publish('ingress-specs', simpleIngress('web', service, { annotations }))
}
const withdraw = async (): Promise<void> => {
  await world.clock.advance(1_000)
  await world.publish('ingress-specs', '', { action: 'delete', namespace: 'default', name: 'web' })
}
const ticks = async (count: number): Promise<void> => {
  for (let tick = 0; tick < count; tick += 1) await world.tick()
}
const inCompute = (): string[] =>
  httpCollections.flatMap((collection) => world.compute.list(collection, project)).map(({ path }) => path)

/** Messages arrive again, and nothing is left. */
async function goesWhole(): Promise<void> {
  hear()
  await ticks(6)
  expect(inCompute()).toEqual([])
  expect(await world.store.get('ingresses', 'default/web')).toMatchObject({ goneAt: expect.any(Number) as number })
}

/** Its forwarding rule bears kubemci's description: what of it is forgotten is nobody's, and is tidied away by no sweep. */
async function leaveRuleByKubemci(): Promise<void> {
  const rules = `projects/${project}/global/forwardingRules`
  const { name, IPAddress, IPProtocol, portRange, loadBalancingScheme, target } =
    world.got(`${rules}/mci1-fw--web`) ?? {}
  await world.compel('DELETE', `${rules}/mci1-fw--web`)
  const description = 'http forwarding rule for kubernetes multicluster loadbalancer web'
  await world.compel('POST', rules, {
    ...{ name, description, IPAddress, IPProtocol, portRange, loadBalancingScheme, target },
  })
}

describe('a load balancer that is being taken over, and whose forwarding rule still waits to be wanted', () => {
  beforeEach(async () => {
    world = await smallWorld()
    for (const cluster of world.clusters.keys()) for (const name of ['web', 'api']) await world.deploy(cluster, name)
    await world.serve('web', 'web')
    await leaveRuleByKubemci()
    world.loseState()
    for (const name of world.clusters.keys()) await register(world, name)
    deafen()
    await publish('web')
    expect(await world.store.get('claims', claimId(urlMap, 'default/web')), 'the taking over has begun').toBeDefined()
    expect(await world.store.get('resources', rule), 'it waits').toBeUndefined()
  })
  afterEach(() => world.close())

  it('goes whole when it is withdrawn', async () => {
    await withdraw()
    await goesWhole()
  })

  it('goes whole when it is withdrawn, published and withdrawn again before anybody planned', async () => {
    await withdraw()
    await publish('api')
    await withdraw()
    await goesWhole()
  })

  it('goes whole when its Ingress takes another name for its load balancer', async () => {
    await publish('web', otherName)
    hear()
    await ticks(10)
    expect(await world.phase('default/web')).toBe('Ready')
    expect(inCompute().filter((path) => path.endsWith('--web'))).toEqual([])
    expect(inCompute().filter((path) => path.endsWith('--other')).length).toBeGreaterThan(5)
  })

  it('serves on untouched when it is published again as it was', async () => {
    const before = world.compute.list('forwardingRules', project)
    await withdraw()
    await publish('web')
    hear()
    await ticks(6)
    expect(await world.phase('default/web')).toBe('Ready')
    expect(world.compute.list('forwardingRules', project)).toEqual(before)
  })
})
