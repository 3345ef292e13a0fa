import { beforeEach, describe, expect, it } from 'vitest'
import type { PublishedObject } from '../../../shared/ingress/published-object.ts'
import { clusterIngressId } from '../../../shared/planning/layout.ts'
import { modelOf, rule, to } from '../planning/facts.ts'
import { kindWorld, type KindWorld } from './world.ts'

const service = (name: string, parts: { clusters?: string[]; port?: number } = {}): PublishedObject => ({
  namespace: 'default',
  name,
  content: {
    kind: 'MultiClusterService',
    settings: {
      selector: { app: name },
      ports: [{ name: 'http', port: parts.port ?? 80, targetPort: 8080, protocol: 'TCP' }],
      clusters: parts.clusters ?? null,
      annotations: { 'cloud.google.com/app-protocols': '{"http":"HTTP2"}' },
    },
  },
  source: { uid: null, generation: null },
})
/** By instance groups: the clusters here have no controller of endpoint groups. */
const mci = (...services: string[]) =>
  modelOf({
    name: 'edge',
    defaultBackend: to('shop'),
    rules: services
      .filter((name) => name !== 'shop')
      .map((name) => rule(`${name}.example.com`, ['Prefix', '/', to(name)])),
    settings: { backends: 'instance-groups' },
    services: Object.fromEntries(services.map((name) => [name, null])),
  })

let world: KindWorld
beforeEach(async () => {
  world = await kindWorld()
})
const derived = (cluster: string): Record<string, unknown>[] =>
  [...(world.clusters.get(cluster)?.services.values() ?? [])]
    .filter(({ metadata }) => metadata.name.startsWith('mci-'))
    .map(({ metadata, spec }) => ({ of: metadata.annotations?.['multicluster-ingress.io/service'], ...spec }))
const names = (cluster: string): unknown[] =>
  derived(cluster)
    .map(({ of }) => of)
    .sort()
const phase = async (): Promise<string | undefined> => (await world.deps.store.get('ingresses', 'default/edge'))?.phase

describe('Services derived from a MultiClusterService', () => {
  it('are in every cluster, with NodePorts of their own, and the Ingress objects name them', async () => {
    await world.publish(mci('shop'), [service('shop')])
    expect(await phase()).toBe('Ready')
    for (const cluster of ['a', 'b']) {
      expect(derived(cluster)).toMatchObject([{ of: 'shop', type: 'NodePort', selector: { app: 'shop' } }])
      const object = world.clusters.get(cluster)?.ingresses.get('default/edge')
      expect(object?.spec.defaultBackend?.service.name).toMatch(/^mci-shop-svc-[0-9a-f]{8}$/)
    }
  })

  it('are not written twice', async () => {
    await world.publish(mci('shop'), [service('shop')])
    const writes = world.writes()
    await world.nudge(clusterIngressId('a', { namespace: 'default', name: 'edge' }))
    expect(world.writes()).toBe(writes)
  })

  it('follow their template, and come back when somebody takes or changes them', async () => {
    await world.publish(mci('shop'), [service('shop')])
    const id = clusterIngressId('a', { namespace: 'default', name: 'edge' })
    const services = world.clusters.get('a')?.services
    const [name = ''] = [...(services?.keys() ?? [])].filter((one) => one.includes('/mci-'))
    services?.delete(name)
    await world.nudge(id)
    expect(names('a')).toEqual(['shop'])
    const found = services?.get(name)
    if (found) found.spec.selector = { app: 'other' }
    await world.nudge(id)
    expect(derived('a')).toMatchObject([{ selector: { app: 'shop' } }])
  })

  it('are only where they are linked; a cluster without any has no part', async () => {
    await world.publish(mci('shop', 'cart'), [service('shop'), service('cart', { clusters: ['somewhere/b'] })])
    expect([names('a'), names('b')]).toEqual([['shop'], ['cart', 'shop']])
    expect(world.clusters.get('a')?.ingresses.get('default/edge')?.spec.rules ?? []).toEqual([])
    await world.publish(mci('shop', 'cart'), [
      service('shop', { clusters: ['somewhere/b'] }),
      service('cart', { clusters: ['somewhere/b'] }),
    ])
    expect([names('a'), names('b')]).toEqual([[], ['cart', 'shop']])
    expect(world.clusters.get('a')?.ingresses.size).toBe(0)
    expect(await phase()).toBe('Ready')
  })

  it('go when their backend service is gone, and with the withdrawal', async () => {
    await world.publish(mci('shop', 'cart'), [service('shop'), service('cart')])
    expect(names('a')).toEqual(['cart', 'shop'])
    await world.publish(mci('shop'))
    expect(names('a')).toEqual(['shop'])
    await world.withdraw('default/edge')
    expect([names('a'), names('b')]).toEqual([[], []])
  })

  it('go when the same load balancer becomes an Ingress, whose Services are there', async () => {
    await world.publish(mci('shop'), [service('shop')])
    const before = await world.idsOf('url-map')
    await world.publish(modelOf({ name: 'edge' }))
    expect(await phase()).toBe('Ready')
    expect([names('a'), names('b')]).toEqual([[], []])
    expect(await world.idsOf('url-map')).toEqual(before)
  })

  it('a link to no registered cluster is a mistake, and said', async () => {
    await world.publish(mci('shop'), [service('shop', { clusters: ['us-west1-a/gke-9'] })])
    const doc = await world.deps.store.get('ingresses', 'default/edge')
    expect(JSON.stringify(doc?.plan?.problems)).toMatch(/us-west1-a\/gke-9.*is not registered/)
  })
})

describe('a MultiClusterIngress that was never applied, and is only observed', () => {
  it.each(['instance-groups', 'neg', 'auto'] as const)('says what would be made (backends: %s)', async (backends) => {
    const model = mci('shop')
    const observed = { ...model, settings: { ...model.settings, backends, mode: 'observe' as const } }
    const before = world.writes()
    await world.publish(observed, [service('shop')])
    expect(world.writes()).toBe(before)
    const doc = await world.deps.store.get('ingresses', 'default/edge')
    expect(doc?.plan?.problems).toEqual([])
    expect(doc?.plannedGeneration).toBe(1)
    for (const cluster of ['a', 'b']) expect(derived(cluster)).toEqual([])
    expect(await world.doc(clusterIngressId('a', model))).toMatchObject({
      phase: 'Waiting',
      why: 'it does not exist; left so, because its Ingress is set to observe',
    })
    expect(doc?.plan?.waiting.map(({ message }) => message).join()).toMatch(/^waits for the .* of a, b/)
  })
})
