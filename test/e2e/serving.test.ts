import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { IngressObject } from '../../shared/cloud/kubernetes-port.ts'
import { deploy, pathsIngress, simpleIngress } from '../support/manifests.ts'
import { startSystem, type Report, type System } from '../support/system.ts'
import { ask, firstAnswer, hammer, type Answered } from '../support/traffic.ts'
import { httpCollections } from '../support/collections.ts'

const ready = (report: Report | undefined): boolean => report?.phase === 'Ready'

describe('one published Ingress becomes one load balancer over three clusters', () => {
  let system: System
  let heard: Awaited<ReturnType<System['listen']>>

  beforeAll(async () => {
    system = await startSystem({ clusters: 3 })
    heard = await system.listen('ingress-status')
    for (const { server } of system.environment.clusters)
      for (const app of ['web', 'cart', 'api']) await deploy(server, app)
  }, 60_000)
  afterAll(() => system.close())

  async function everything(): Promise<Record<string, string[]>> {
    return Object.fromEntries(
      await Promise.all(
        httpCollections.map(async (collection) => [collection, await system.holds(collection)] as const),
      ),
    )
  }

  it('serves from the nearest cluster', async () => {
    await system.publish(simpleIngress('web', 'web'))
    const report = await system.until('default/web', 'Ready', ready)
    expect(report?.clusters).toEqual(['asia-east', 'europe-west', 'us-central'])
    const url = await system.url(report?.vip)
    await firstAnswer(url)
    for (const [region, cluster] of [
      ['us-central1', 'us-central'],
      ['europe-west1', 'europe-west'],
      ['asia-east1', 'asia-east'],
    ] as const) {
      await expect.poll(async () => (await ask(url, { region })).pod?.cluster, { timeout: 5_000 }).toBe(cluster)
    }
  })

  it('uses a NodePort of its own in every cluster', async () => {
    const ports = await Promise.all(
      system.environment.clusters.map(async ({ server }) => {
        const service = (await (await fetch(`${server}/api/v1/namespaces/default/services/web`)).json()) as {
          spec: { ports: { nodePort: number }[] }
        }
        return service.spec.ports[0]?.nodePort
      }),
    )
    expect(new Set(ports).size, `NodePorts ${ports.join(', ')} differ, and all of them serve`).toBeGreaterThan(1)
  })

  it('is told of in every cluster: the IP in the status, names and Events for kubectl describe', async () => {
    const vip = (await system.report('default/web'))?.vip
    for (const { name, server } of system.environment.clusters) {
      const path = `${server}/apis/networking.k8s.io/v1/namespaces/default/ingresses/web`
      const read = async (): Promise<IngressObject> => (await (await fetch(path)).json()) as IngressObject
      await expect
        .poll(async () => (await read()).status?.loadBalancer?.ingress, { timeout: 5_000 })
        .toEqual([{ ip: vip }])
      const { metadata } = await read()
      expect(metadata.annotations).toMatchObject({
        'ingress.kubernetes.io/url-map': 'mci1-um--web',
        'ingress.kubernetes.io/forwarding-rule': 'mci1-fw--web',
      })
      const events = async (): Promise<string[]> => {
        const list = (await (await fetch(`${server}/api/v1/namespaces/default/events`)).json()) as {
          items: { reason: string; message: string; involvedObject: { uid?: string }; source?: { component: string } }[]
        }
        return list.items
          .filter(
            ({ involvedObject, source }) =>
              involvedObject.uid === metadata.uid && source?.component === 'multi-cluster-ingress',
          )
          .map(({ reason, message }) => `${reason}: ${message}`)
          .sort()
      }
      await expect
        .poll(events, { timeout: 5_000 })
        .toEqual([
          `CreateInCluster: Creating ingress "default/web" in cluster ${name}`,
          `IPChanged: IP is now ${vip ?? ''}`,
          'Sync: Served by ForwardingRule "mci1-fw--web"',
        ])
    }
  })

  it('writes nothing anywhere when the same spec is published again', async () => {
    const computeWrites = system.environment.compute.counters().writes
    const clusterWrites = system.environment.clusters.map(({ cluster }) => cluster.counters.writes)
    const published = system.environment.pubsub.counts()?.published ?? 0
    await system.publish(simpleIngress('web', 'web'))
    await expect.poll(() => system.environment.pubsub.counts()?.published).toBeGreaterThan(published)
    await quiet(system)
    expect(system.environment.compute.counters().writes).toBe(computeWrites)
    expect(system.environment.clusters.map(({ cluster }) => cluster.counters.writes)).toEqual(clusterWrites)
  })

  it('moves traffic when a cluster has no pods any more, without a failed request once health has noticed', async () => {
    const report = await system.report('default/web')
    const url = await system.url(report?.vip)
    const client = hammer(url, 50, { region: 'europe-west1' })
    const europe = system.environment.clusters.find(({ name }) => name === 'europe-west')
    await scale(europe?.server ?? '', 'web', 0)
    const moved = (answer: Answered): boolean => answer.pod !== undefined && answer.pod.cluster !== 'europe-west'
    // Long enough to see that nothing fails any more.
    await expect.poll(() => client.got().filter(moved).length, { timeout: 30_000 }).toBeGreaterThan(25)
    const answers = await client.stop()
    const firstMoved = answers.findIndex(moved)
    const failed = answers.filter((answer) => answer.status !== 200)
    const later = answers.slice(firstMoved).filter((answer) => answer.status !== 200)
    const span = (failed.at(-1)?.at ?? 0) - (failed[0]?.at ?? 0)
    console.log(
      `scaled to zero: ${failed.length} requests failed within ${span} ms, before health noticed; ${later.length} after`,
    )
    expect(firstMoved).toBeGreaterThan(0)
    expect(later).toEqual([])
    await scale(europe?.server ?? '', 'web', 2)
    await expect
      .poll(async () => (await ask(url, { region: 'europe-west1' })).pod?.cluster, { timeout: 10_000 })
      .toBe('europe-west')
  })

  it('serves a second Ingress by host and path, and answers 404 by itself where no rule matches', async () => {
    await system.publish(pathsIngress('shop', ['cart', 'api']))
    const report = await system.until('default/shop', 'Ready', ready)
    const url = await system.url(report?.vip)
    const host = 'shop.example.com'
    expect((await firstAnswer(url, { host, path: '/cart/1' })).pod?.service).toBe('cart')
    expect((await firstAnswer(url, { host, path: '/api' })).pod?.service).toBe('api')
    for (const [path, at] of [
      ['/elsewhere', host],
      ['/cartoon', host],
      ['/cart', 'other.example.com'],
    ] as const) {
      expect(await ask(url, { host: at, path }), `${at}${path}`).toMatchObject({ status: 404, byLoadBalancer: true })
    }
  })

  it('follows a changed spec: what is no longer named goes', async () => {
    await system.publish(pathsIngress('shop', ['api']))
    await system.until(
      'default/shop',
      'Ready at the new generation',
      (report) => ready(report) && report?.generation === 2,
    )
    const report = await system.report('default/shop')
    const url = await system.url(report?.vip)
    expect(await ask(url, { host: 'shop.example.com', path: '/cart' })).toMatchObject({
      status: 404,
      byLoadBalancer: true,
    })
    expect((await firstAnswer(url, { host: 'shop.example.com', path: '/api' })).pod?.service).toBe('api')
    // web's, shop's one service, and the one without backends that stands in for the default.
    expect(await system.holds('backendServices')).toHaveLength(3)
  })

  it('tells whoever listens what becomes of each', async () => {
    const of = (name: string) => heard.filter(({ attributes }) => attributes['name'] === name)
    const phases = (name: string): unknown[] => of(name).map(({ attributes }) => attributes['phase'])
    const vip = (await system.report('default/shop'))?.vip
    await expect.poll(() => phases('shop').at(-1), { timeout: 5_000 }).toBe('Ready')
    expect(phases('web')).toEqual(expect.arrayContaining(['Progressing', 'Ready']))
    expect(of('shop').at(-1)?.body).toMatchObject({
      namespace: 'default',
      name: 'shop',
      phase: 'Ready',
      vip,
      gone: false,
    })
  })

  it('leaves nothing behind when the last one is withdrawn but the address that was there before', async () => {
    await fetch(`${system.environment.compute.url}/compute/v1/projects/playground/global/addresses`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'mine' }),
    })
    await expect.poll(() => system.holds('addresses')).toContain('mine')
    await system.publish(
      simpleIngress('pinned', 'web', { annotations: { 'kubernetes.io/ingress.global-static-ip-name': 'mine' } }),
    )
    await system.until('default/pinned', 'Ready', ready)
    for (const name of ['web', 'shop', 'pinned'])
      await system.publish('', { action: 'delete', namespace: 'default', name })
    for (const name of ['web', 'shop', 'pinned'])
      await system.until(`default/${name}`, 'gone', (report) => report === undefined)
    await expect
      .poll(everything)
      .toEqual({ ...Object.fromEntries(httpCollections.map((collection) => [collection, []])), addresses: ['mine'] })
    await expect
      .poll(() =>
        heard.filter(({ attributes }) => attributes['gone'] === 'true').map(({ attributes }) => attributes['name']),
      )
      .toEqual(expect.arrayContaining(['web', 'shop', 'pinned']))
    for (const { server } of system.environment.clusters) {
      const left = (await (await fetch(`${server}/apis/networking.k8s.io/v1/ingresses`)).json()) as { items: unknown[] }
      expect(left.items).toEqual([])
    }
  })
})

/** Until no message is under way and none follows. */
async function quiet(system: System): Promise<void> {
  const busy = (): number =>
    Object.values(system.environment.pubsub.counts()?.subscriptions ?? {}).reduce((sum, one) => sum + one.backlog, 0)
  await expect.poll(busy, { timeout: 10_000, interval: 50 }).toBe(0)
}

async function scale(server: string, name: string, replicas: number): Promise<void> {
  const answer = await fetch(`${server}/apis/apps/v1/namespaces/default/deployments/${name}/scale`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/merge-patch+json' },
    body: JSON.stringify({ spec: { replicas } }),
  })
  if (!answer.ok) throw new Error(await answer.text())
}
