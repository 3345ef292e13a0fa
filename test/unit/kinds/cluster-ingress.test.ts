import { beforeEach, describe, expect, it } from 'vitest'
import type { IngressObject } from '../../../shared/cloud/kubernetes-port.ts'
import { clusterIngressId } from '../../../shared/planning/layout.ts'
import { modelOf, rule, to } from '../planning/facts.ts'
import { kindWorld, type KindWorld } from './world.ts'

const edge = { namespace: 'default', name: 'edge' }
const [inA, inB] = [clusterIngressId('a', edge), clusterIngressId('b', edge)]
const model = modelOf({ name: 'edge', labels: { team: 'web' } })

let world: KindWorld
beforeEach(async () => {
  world = await kindWorld()
})
const objects = (name: string): Map<string, IngressObject> => {
  const cluster = world.clusters.get(name)
  if (cluster === undefined) throw new Error(`there is no cluster ${name}`)
  return cluster.ingresses
}
const objectIn = (name: string): IngressObject | undefined => objects(name).get('default/edge')
const change = (name: string, edit: (object: IngressObject) => void): void => {
  const object = objectIn(name)
  if (object === undefined) throw new Error('there is no object')
  edit(object)
}

describe('the matching object', () => {
  it('is in every cluster, of the class for which the controller makes groups', async () => {
    await world.publish(model)
    for (const name of ['a', 'b'])
      expect(objectIn(name)).toMatchObject({
        metadata: { labels: { team: 'web' }, annotations: { 'kubernetes.io/ingress.class': 'gce-multi-cluster' } },
        spec: { defaultBackend: { service: { name: 'web', port: { number: 80 } } } },
      })
  })

  it('loses what a new version leaves out', async () => {
    await world.publish(model)
    await world.publish({ ...model, labels: {}, defaultBackend: null, rules: [rule('', ['Prefix', '/', to('web')])] })
    expect(objectIn('a')?.spec).not.toHaveProperty('defaultBackend')
    expect(objectIn('a')?.spec.rules).toHaveLength(1)
    expect(objectIn('a')?.metadata.labels).toEqual({})
  })

  it('is not written twice', async () => {
    await world.publish(model)
    const writes = world.writes()
    await world.nudge(inA)
    expect(world.writes()).toBe(writes)
    expect(await world.doc(inA)).toMatchObject({ phase: 'Ready' })
  })

  it('comes back when somebody deletes it, in that cluster alone', async () => {
    await world.publish(model)
    const before = objectIn('b')
    objects('a').delete('default/edge')
    await world.nudge(inA)
    expect(objectIn('a')).toBeDefined()
    expect(objectIn('b')).toBe(before)
  })

  it('is repaired where it is ours, and keeps what others wrote beside it', async () => {
    await world.publish(model)
    change('a', (object) => {
      object.metadata.annotations = { ...object.metadata.annotations, 'example.com/theirs': 'yes' }
      object.spec = { defaultBackend: { service: { name: 'other', port: { number: 1 } } } }
    })
    await world.nudge(inA)
    expect(objectIn('a')).toMatchObject({
      metadata: { annotations: { 'example.com/theirs': 'yes' } },
      spec: { defaultBackend: { service: { name: 'web' } } },
    })
  })

  it('goes from every cluster when the Ingress is withdrawn, after the backends that used its groups', async () => {
    await world.publish(model)
    await world.withdraw('default/edge')
    expect([objectIn('a'), objectIn('b')]).toEqual([undefined, undefined])
    expect([await world.doc(inA), await world.doc(inB)]).toEqual([undefined, undefined])
    expect(world.compute.list('backendServices')).toEqual([])
  })

  it('is left where somebody has taken our mark away', async () => {
    await world.publish(model)
    change('a', (object) => {
      object.metadata.annotations = {}
    })
    await world.withdraw('default/edge')
    expect(objectIn('a')).toBeDefined()
    expect(objectIn('b')).toBeUndefined()
  })

  describe('an object of the same name that was there before', () => {
    const theirs = (annotations: Record<string, string>): IngressObject => ({
      metadata: { ...edge, annotations },
      spec: { defaultBackend: { service: { name: 'other', port: { number: 80 } } } },
    })

    it.each([
      { reason: 'of no class: the default controller serves it', annotations: {}, taken: false },
      {
        reason: 'of class gce: its load balancer would go',
        annotations: { 'kubernetes.io/ingress.class': 'gce' },
        taken: false,
      },
      {
        reason: "of our class: kubemci's",
        annotations: { 'kubernetes.io/ingress.class': 'gce-multi-cluster' },
        taken: true,
      },
    ])('$reason', async ({ annotations, taken }) => {
      objects('a').set('default/edge', theirs(annotations))
      await world.publish(model)
      expect(objectIn('a')?.spec.defaultBackend?.service.name).toBe(taken ? 'web' : 'other')
      expect((await world.doc(inA))?.phase).toBe(taken ? 'Ready' : 'Failed')
      expect(objectIn('b'), 'the other cluster is served all the same').toBeDefined()
    })

    it('is taken over with force', async () => {
      objects('a').set('default/edge', theirs({}))
      await world.publish({ ...model, settings: { ...model.settings, force: true } })
      expect(objectIn('a')?.spec.defaultBackend?.service.name).toBe('web')
    })
  })
})
