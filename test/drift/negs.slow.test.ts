import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { applyFile } from '../../playground/environment.ts'
import { deploy, simpleIngress } from '../support/manifests.ts'
import { startSystem, type Report, type System } from '../support/system.ts'
import { firstAnswer, hammer, type Answered } from '../support/traffic.ts'

const ready = (report: Report | undefined): boolean => report?.phase === 'Ready'
const failed = (answers: readonly Answered[]): Answered[] => answers.filter(({ status }) => status !== 200)

interface Got {
  name: string
  backends?: { group: string; capacityScaler?: number; maxRatePerEndpoint?: number }[]
}

/** What the simulated Compute holds, over the wire. */
async function all(system: System, collection: string): Promise<Got[]> {
  const answer = await fetch(`${system.environment.compute.url}/compute/v1/projects/playground/global/${collection}`)
  return ((await answer.json()) as { items?: Got[] }).items ?? []
}

async function groupsOf(system: System): Promise<string[]> {
  const services = await all(system, 'backendServices')
  return services.flatMap(({ backends = [] }) => backends.map(({ group }) => group.split('/').slice(-3, -1).join('/')))
}

/** Edits an object in a cluster, as `kubectl patch` does. */
async function edit(server: string, path: string, change: object): Promise<void> {
  const answer = await fetch(server + path, {
    method: 'PATCH',
    headers: { 'content-type': 'application/merge-patch+json' },
    body: JSON.stringify(change),
  })
  if (!answer.ok) throw new Error(await answer.text())
}

async function annotate(system: System, annotations: Record<string, string | null>): Promise<void> {
  for (const { server } of system.environment.clusters)
    await edit(server, '/api/v1/namespaces/default/services/web', { metadata: { annotations } })
}

describe('container-native load balancing over the wire', () => {
  let system: System
  let url: string

  beforeAll(async () => {
    // No tick helps, and an operation takes its time: what comes in the wrong order would show.
    system = await startSystem({ clusters: 3, operationDelayMs: 300, tickMs: 600_000, healthScale: 20 })
    for (const { server } of system.environment.clusters) await deploy(server, 'web')
    await system.publish(simpleIngress('web', 'web'))
    const report = await system.until('default/web', 'Ready', ready, 30_000)
    url = await system.url(report?.vip)
    await firstAnswer(url)
  }, 120_000)
  afterAll(() => system.close())

  const moved = (to: string) => async (): Promise<boolean> => {
    const groups = await groupsOf(system)
    return groups.length >= 3 && groups.every((group) => group.endsWith(to))
  }
  const clients = () => ['us-central1', 'europe-west1', 'asia-east1'].map((region) => hammer(url, 17, { region }))

  it('the example: a ClusterIP service answers from the nearest cluster', async () => {
    const dir = 'examples/zone-printer-neg'
    for (const { server } of system.environment.clusters) await applyFile(server, `${dir}/app.yaml`)
    await system.publish(await readFile(`${dir}/ingress.yaml`, 'utf8'))
    const report = await system.until('default/zone-printer-neg', 'Ready', ready, 30_000)
    const example = await system.url(report?.vip)
    for (const { name, zones } of system.environment.clusters) {
      const region = (zones[0] ?? '').replace(/-[a-z]$/, '')
      expect((await firstAnswer(example, { region })).pod).toMatchObject({ cluster: name, service: 'zone-printer-neg' })
    }
    await system.publish('', { action: 'delete', namespace: 'default', name: 'zone-printer-neg' })
    await system.until('default/zone-printer-neg', 'gone', (one) => one === undefined, 20_000)
  }, 60_000)

  it('a live Ingress moves from instance groups to network endpoint groups, and no request fails', async () => {
    const under = clients()
    await annotate(system, { 'cloud.google.com/neg': '{"ingress":true}' })
    await expect.poll(moved('networkEndpointGroups'), { timeout: 30_000 }).toBe(true)
    await system.until('default/web', 'Ready', ready, 20_000)
    const answers = (await Promise.all(under.map((client) => client.stop()))).flat()
    process.stdout.write(`to endpoint groups: ${failed(answers).length} of ${answers.length} requests failed\n`)
    expect(failed(answers)).toEqual([])
    expect(await all(system, 'backendServices')).toHaveLength(1)
    expect(await all(system, 'healthChecks')).toHaveLength(1)
  }, 60_000)

  it('a zone whose groups come, and go again, serves in between, and no request fails', async () => {
    const under = clients()
    const [first] = system.environment.clusters
    const zone = 'us-central1-f'
    const inZone = async (): Promise<boolean> => (await groupsOf(system)).includes(`${zone}/networkEndpointGroups`)
    await system.environment.nodePools.addZone(first?.name ?? '', zone)
    await expect.poll(inZone, { timeout: 10_000 }).toBe(true)
    // Its endpoints come with the next pods, which the scheduler puts where there are fewest.
    await edit(first?.server ?? '', '/apis/apps/v1/namespaces/default/deployments/web', { spec: { replicas: 6 } })
    await expect
      .poll(async () => (await firstAnswer(url, { region: 'us-central1' })).pod?.zone, {
        timeout: 10_000,
        interval: 20,
      })
      .toBe(zone)
    await system.environment.nodePools.removeZone(first?.name ?? '', zone, 3_000)
    await expect.poll(inZone, { timeout: 10_000 }).toBe(false)
    await system.until('default/web', 'Ready', ready, 20_000)
    const answers = (await Promise.all(under.map((client) => client.stop()))).flat()
    process.stdout.write(`a zone that comes and goes: ${failed(answers).length} of ${answers.length} requests failed\n`)
    expect(failed(answers)).toEqual([])
  }, 60_000)

  it('groups that get another name take the place of the old ones, and no request fails', async () => {
    const under = clients()
    await annotate(system, {
      'cloud.google.com/neg': '{"ingress":true,"exposed_ports":{"80":{"name":"web-pods"}}}',
    })
    const named = async (): Promise<boolean> => {
      const services = await all(system, 'backendServices')
      const used = services.flatMap(({ backends = [] }) => backends.map(({ group }) => group.split('/').at(-1)))
      return used.length >= 3 && used.every((name) => name === 'web-pods')
    }
    // No event tells that the in-cluster controller has made groups of other names: a tick sees it.
    for (let ticks = 0; ticks < 40 && !(await named()); ticks += 1) {
      system.environment.pubsub.deliver('projects/playground/topics/scheduler-ticks', { data: '{}', attributes: {} })
      await new Promise((resolve) => setTimeout(resolve, 1_000))
    }
    expect(await named()).toBe(true)
    await system.until('default/web', 'Ready', ready, 20_000)
    const answers = (await Promise.all(under.map((client) => client.stop()))).flat()
    process.stdout.write(`another name: ${failed(answers).length} of ${answers.length} requests failed\n`)
    expect(failed(answers)).toEqual([])
  }, 60_000)

  it('and back, and no request fails', async () => {
    const under = clients()
    await annotate(system, { 'cloud.google.com/neg': null })
    await expect.poll(moved('instanceGroups'), { timeout: 30_000 }).toBe(true)
    await system.until('default/web', 'Ready', ready, 20_000)
    const answers = (await Promise.all(under.map((client) => client.stop()))).flat()
    process.stdout.write(`to instance groups: ${failed(answers).length} of ${answers.length} requests failed\n`)
    expect(failed(answers)).toEqual([])
    expect(await all(system, 'backendServices')).toHaveLength(1)
  }, 60_000)
})
