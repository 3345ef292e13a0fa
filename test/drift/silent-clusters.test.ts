import { afterEach, describe, expect, it } from 'vitest'
import { simpleIngress } from '../support/manifests.ts'
import { smallWorld, type SmallWorld } from './small-world.ts'

let world: SmallWorld
afterEach(() => world.close())

describe('an Ingress that is published while no cluster answers', () => {
  it('is not refused: it waits, says for what, and is served when they answer', async () => {
    world = await smallWorld()
    for (const cluster of world.clusters.keys()) await world.deploy(cluster, 'web')
    for (const cluster of world.clusters.values()) cluster.setReachable(false)
    await world.publish('ingress-specs', simpleIngress('web', 'web'))
    await world.tick()
    const doc = await world.store.get('ingresses', 'default/web')
    expect(doc?.phase).toBe('Progressing')
    expect(doc?.conditions.find(({ type }) => type === 'Accepted')).toMatchObject({
      status: 'Unknown',
      message: expect.stringContaining('service default/web: no selected cluster has answered yet') as string,
    })
    for (const cluster of world.clusters.values()) cluster.setReachable(true)
    for (let tick = 0; tick < 6; tick += 1) await world.tick()
    expect(await world.phase('default/web')).toBe('Ready')
  })
})
