import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { find, insert, list, patch, type Resource } from '../support/compute-api.ts'
import { deploy, simpleIngress } from '../support/manifests.ts'
import { startSystem, type Report, type System } from '../support/system.ts'
import { ask, firstAnswer, hammer, type Answered } from '../support/traffic.ts'

const ready = (report: Report | undefined): boolean => report?.phase === 'Ready'
const id = 'default/web'
const condition = (report: Report | undefined, type: string): string =>
  report?.conditions.find((one) => one.type === type)?.message ?? ''

interface Backend {
  group: string
  balancingMode: string
  capacityScaler: number
}

describe('clusters come and go under load', () => {
  let system: System

  beforeAll(async () => {
    system = await startSystem({ clusters: 3, tickMs: 2_000 })
    for (const { server } of system.environment.clusters) await deploy(server, 'web')
    await system.publish(simpleIngress('web', 'web'))
    const report = await system.until(id, 'Ready', ready)
    await firstAnswer(await system.url(report?.vip))
  }, 60_000)
  afterAll(() => system.close())

  const settled = (generation: number, phase = 'Ready'): Promise<Report | undefined> =>
    system.until(
      id,
      `${phase} at generation ${generation}`,
      (report) => report?.phase === phase && report.generation === generation,
    )
  const act = (action: string, clusters: string, more: Record<string, string> = {}): Promise<void> =>
    system.publish('', { action, clusters, namespace: 'default', name: 'web', ...more })

  async function service(): Promise<Resource> {
    const [one] = await list(system, 'backendServices')
    if (one === undefined) throw new Error('there is no backend service')
    return one
  }
  async function backends(): Promise<Backend[]> {
    return ((await service())['backends'] ?? []) as Backend[]
  }

  it('drains a cluster: capacity to zero, nothing deleted, no failed request', async () => {
    const report = await system.report(id)
    const url = await system.url(report?.vip)
    const before = { ...system.environment.compute.counters().byMethod }
    const client = hammer(url, 50, { region: 'europe-west1' })
    await act('drain-clusters', 'europe-west')
    const drained = await settled(2)
    await expect
      .poll(async () => (await ask(url, { region: 'europe-west1' })).pod?.cluster, { timeout: 5_000 })
      .not.toBe('europe-west')
    expect(failed(await client.stop())).toEqual([])
    expect(drained?.clusterStates.find(({ name }) => name === 'europe-west')?.state).toBe('Draining')
    const scalers = (await backends()).map(({ group, capacityScaler }) => [
      group.includes('europe-west'),
      capacityScaler,
    ])
    expect(new Set(scalers.map(String))).toEqual(new Set(['true,0', 'false,1']))
    expect(deletions(before, system.environment.compute.counters().byMethod)).toEqual([])
  })

  it('keeps what an operator set on fields that are not ours, when the backends change', async () => {
    const { name } = await service()
    await insert(system, 'securityPolicies', { name: 'armor' })
    const own = {
      timeoutSec: 600,
      enableCDN: true,
      logConfig: { enable: true, sampleRate: 0.5 },
      customRequestHeaders: ['x-from: here'],
      connectionDraining: { drainingTimeoutSec: 300 },
    }
    await patch(system, 'backendServices', name, own)
    await patch(system, 'backendServices', name, { iap: { enabled: false, oauth2ClientId: 'client' } })
    await act('undrain-clusters', 'europe-west')
    await settled(3)
    expect(await find(system, 'backendServices', name)).toMatchObject({ ...own, iap: { oauth2ClientId: 'client' } })
    expect((await backends()).every(({ capacityScaler }) => capacityScaler === 1)).toBe(true)
  })

  it('refuses to drain the last cluster that serves, and says so in the status', async () => {
    await act('drain-clusters', 'asia-east,europe-west,us-central')
    const report = await system.until(id, 'refused', (now) => condition(now, 'LastAction') !== '')
    expect(condition(report, 'LastAction')).toMatch(/drain-clusters .*: this would drain the last cluster/)
    expect(report?.generation).toBe(3)
    expect((await backends()).every(({ capacityScaler }) => capacityScaler === 1)).toBe(true)
  })

  it('removes a cluster: its backends, its tag and its Ingress object go, and no request fails', async () => {
    const report = await system.report(id)
    const client = hammer(await system.url(report?.vip), 50, { region: 'asia-east1' })
    await act('remove-clusters', 'asia-east')
    const removed = await settled(4)
    expect(failed(await client.stop())).toEqual([])
    expect(removed?.clusters).toEqual(['europe-west', 'us-central'])
    expect(condition(removed, 'LastAction'), 'an action that was taken ends the refusal').toBe('')
    expect((await backends()).some(({ group }) => group.includes('asia-east'))).toBe(false)
    const asia = system.environment.clusters.find(({ name }) => name === 'asia-east')
    const left = (await (await fetch(`${asia?.server}/apis/networking.k8s.io/v1/ingresses`)).json()) as {
      items: unknown[]
    }
    expect(left.items).toEqual([])
    const [firewall] = await list(system, 'firewalls')
    expect(firewall?.['targetTags']).not.toContain(asia?.cluster.nodeTag)
  })

  it('removes a cluster that no longer exists: traffic is off it at once, and unregistering it lets the rest go', async () => {
    const europe = system.environment.clusters.find(({ name }) => name === 'europe-west')
    europe?.cluster.setReachable(false)
    await act('remove-clusters', 'europe-west')
    const report = await settled(5)
    expect(report?.clusters).toEqual(['us-central'])
    expect((await backends()).some(({ group }) => group.includes('europe-west'))).toBe(false)
    expect(condition(await system.until(id, 'told', (now) => condition(now, 'Advisory') !== ''), 'Advisory')).toMatch(
      /cluster europe-west: serves no more, but its Ingress object could not be removed yet/,
    )
    await system.unregister('europe-west')
    await system.until(
      id,
      'rid of it',
      (now) => now?.resources.every((one) => !one.id.includes('europe-west')) === true,
    )
  })

  it('removes the last cluster by force only, and never opens the firewall', async () => {
    await act('remove-clusters', 'us-central')
    const refused = await system.until(id, 'refused', (now) => condition(now, 'LastAction') !== '')
    expect(condition(refused, 'LastAction')).toMatch(/last cluster that serves it: .*force/)
    await act('remove-clusters', 'us-central', { force: 'true' })
    const report = await settled(6, 'Degraded')
    expect(condition(report, 'ClustersServing')).toMatch(/every cluster was taken out/)
    expect(await backends()).toEqual([])
    expect(await list(system, 'firewalls'), 'a rule without target tags would open every machine').toEqual([])
    expect(await system.holds('forwardingRules')).toHaveLength(1)
    expect((await service())['timeoutSec'], 'what an operator set outlasts it').toBe(600)
  })

  it('serves again from the clusters that a later apply names', async () => {
    await system.publish(simpleIngress('web', 'web'), { clusters: 'us-central,asia-east' })
    const report = await settled(7)
    expect(report?.clusters).toEqual(['asia-east', 'us-central'])
    expect((await firstAnswer(await system.url(report?.vip))).status).toBe(200)
  })

  it('deletes what was recorded, whatever changed in between: no orphan', async () => {
    const us = system.environment.clusters.find(({ name }) => name === 'us-central')
    await fetch(`${us?.server}/api/v1/namespaces/default/services/web`, { method: 'DELETE' })
    await system.publish('', { action: 'delete', namespace: 'default', name: 'web' })
    await system.until(id, 'gone', (report) => report === undefined)
    const collections = [
      'forwardingRules',
      'targetHttpProxies',
      'urlMaps',
      'backendServices',
      'healthChecks',
      'firewalls',
      'addresses',
    ]
    const left = await Promise.all(collections.map((collection) => system.holds(collection)))
    expect(left.flat()).toEqual([])
  })
})

function failed(answers: readonly Answered[]): Answered[] {
  return answers.filter(({ status }) => status !== 200)
}

function deletions(before: Record<string, number>, after: Readonly<Record<string, number>>): string[] {
  return Object.entries(after).flatMap(([method, count]) =>
    method.endsWith('.delete') && count > (before[method] ?? 0) ? [method] : [],
  )
}
