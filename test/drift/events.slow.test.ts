import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { publish } from '../../playground/publish.ts'
import { deploy, simpleIngress } from '../support/manifests.ts'
import { startSystem, type Report, type System } from '../support/system.ts'
import { firstAnswer, hammer } from '../support/traffic.ts'

const operation = 1_000
/** From an audit-log entry to what it led to, besides the operations; milliseconds. */
const allowed = 1_500

const ready = (report: Report | undefined): boolean => report?.phase === 'Ready'

describe('what somebody else changes comes back, by the audit log', () => {
  let system: System
  let url: string

  beforeAll(async () => {
    // No tick helps: what is measured is the event.
    system = await startSystem({ clusters: 3, operationDelayMs: operation, tickMs: 600_000 })
    for (const { server } of system.environment.clusters) await deploy(server, 'web')
    await system.publish(simpleIngress('web', 'web'))
    const report = await system.until('default/web', 'Ready', ready, 30_000)
    url = await system.url(report?.vip)
    await firstAnswer(url)
  }, 60_000)
  afterAll(() => system.close())

  const path = (collection: string, name: string): string =>
    `${system.environment.compute.url}/compute/v1/projects/playground/global/${collection}/${name}`
  const ask = async (collection: string, name: string, method: string, body?: object): Promise<void> => {
    const init =
      body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
    const answer = await fetch(path(collection, name), { method, ...init })
    if (!answer.ok) throw new Error(await answer.text())
  }
  const got = async (collection: string, name: string): Promise<Record<string, unknown> | undefined> => {
    const answer = await fetch(path(collection, name))
    return answer.status === 404 ? undefined : ((await answer.json()) as Record<string, unknown>)
  }
  async function only(collection: string): Promise<string> {
    const [name] = await system.holds(collection)
    if (name === undefined) throw new Error(`there is nothing in ${collection}`)
    return name
  }
  /** Milliseconds until it holds. */
  async function until(what: string, holds: () => Promise<boolean>, atMost: number): Promise<number> {
    const begun = performance.now()
    while (!(await holds())) {
      if (performance.now() - begun > atMost + 10_000) throw new Error(`not so within ${atMost + 10_000} ms: ${what}`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    return performance.now() - begun
  }

  it.each([
    { collection: 'forwardingRules', reason: 'nothing refers to it' },
    { collection: 'firewalls', reason: 'it stands alone' },
  ])('a deleted resource of $collection: $reason', async ({ collection }) => {
    const name = await only(collection)
    await ask(collection, name, 'DELETE')
    await until('it is gone', async () => (await got(collection, name)) === undefined, operation)
    const took = await until('it is back', async () => (await got(collection, name)) !== undefined, operation + allowed)
    process.stdout.write(`${collection}: back ${Math.round(took)} ms after its deletion had ended\n`)
    expect(took).toBeLessThan(operation + allowed)
    const report = await system.until('default/web', 'Ready', ready)
    const resource = report?.resources.find((one) => one.name === name)
    expect(resource?.phase).toBe('Ready')
  })

  it('a chain that was taken down from its end comes back in order', async () => {
    const chain = ['forwardingRules', 'targetHttpProxies', 'urlMaps', 'backendServices', 'healthChecks'] as const
    const names = new Map<string, string>()
    for (const collection of chain) names.set(collection, await only(collection))
    // The log is off while somebody works through the chain: otherwise we would win the race for each part.
    system.environment.auditLog.setDelivering(false)
    for (const collection of chain) {
      const name = names.get(collection) ?? ''
      await ask(collection, name, 'DELETE')
      await until('it is gone', async () => (await got(collection, name)) === undefined, operation)
    }
    system.environment.auditLog.setDelivering(true)
    const { rest } = system.environment.pubsub
    for (const collection of chain) {
      const service = collection === 'forwardingRules' ? 'globalForwardingRules' : collection
      const entry = {
        protoPayload: {
          methodName: `v1.compute.${service}.delete`,
          resourceName: `projects/playground/global/${collection}/${names.get(collection) ?? ''}`,
        },
        operation: { id: `operation-${collection}`, last: true },
      }
      await publish(rest, 'playground', 'cluster-changes', JSON.stringify(entry))
    }
    const back = (): Promise<boolean> =>
      got('forwardingRules', names.get('forwardingRules') ?? '').then((rule) => rule !== undefined)
    const took = await until('the forwarding rule is back', back, 5 * operation + allowed)
    process.stdout.write(`a chain of five: back ${Math.round(took)} ms after the entries\n`)
    expect(took).toBeLessThan(5 * operation + allowed)
    await system.until('default/web', 'Ready', ready)
    await firstAnswer(url)
  }, 60_000)

  it('an edited health check is as wanted again, and says what it was changed from', async () => {
    const name = await only('healthChecks')
    const before = await got('healthChecks', name)
    await ask('healthChecks', name, 'PATCH', { checkIntervalSec: 77, timeoutSec: 7 })
    await until('it is changed', async () => (await got('healthChecks', name))?.['checkIntervalSec'] === 77, operation)
    const same = async (): Promise<boolean> =>
      (await got('healthChecks', name))?.['checkIntervalSec'] === before?.['checkIntervalSec']
    const took = await until('it is as before', same, operation + allowed)
    expect(took).toBeLessThan(operation + allowed)
    const report = await system.until('default/web', 'Ready', ready)
    const history = JSON.stringify(report)
    expect(history).toContain('checkIntervalSec from 77')
  })

  it('our own operations are no news: everything rests once it is as wanted', async () => {
    const { writes } = system.environment.compute.counters()
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    expect(system.environment.compute.counters().writes).toBe(writes)
  })

  it('a NodePort that changes fails requests in its own cluster only, and only until it is taken up', async () => {
    const [first, second] = system.environment.clusters
    const path = '/api/v1/namespaces/default/services/web'
    const before = (await (await fetch(`${first?.server ?? ''}${path}`)).json()) as {
      spec: { ports: { nodePort: number }[] }
    }
    const nodePort = before.spec.ports[0]?.nodePort === 31_999 ? 31_998 : 31_999
    const here = hammer(url, 50, { region: 'us-central1' })
    const there = hammer(url, 50, { region: 'europe-west1' })
    const changed = await fetch(`${first?.server ?? ''}${path}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/merge-patch+json' },
      body: JSON.stringify({ spec: { ports: [{ name: 'http', port: 80, targetPort: 8080, nodePort }] } }),
    })
    expect(changed.ok).toBe(true)
    const open = async (): Promise<boolean> =>
      JSON.stringify(await got('firewalls', await only('firewalls'))).includes(String(nodePort))
    await until('the firewall rule has the new port', open, 3 * operation)
    await system.until('default/web', 'Ready', ready)
    await expect
      .poll(async () => (await firstAnswer(url, { region: 'us-central1' })).pod?.cluster, { timeout: 5_000 })
      .toBe(first?.name)
    const answers = await here.stop()
    const failed = answers.filter((answer) => answer.status !== 200)
    process.stdout.write(
      `NodePort changed: ${failed.length} of ${answers.length} requests failed, the last after ${failed.at(-1)?.at ?? 0} ms\n`,
    )
    expect(
      (await there.stop()).filter((answer) => answer.status !== 200),
      `cluster ${second?.name ?? ''}`,
    ).toEqual([])
    // The named port and the firewall rule, side by side, and a check.
    expect(failed.at(-1)?.at ?? 0).toBeLessThan(2 * operation + allowed)
  }, 60_000)

  it('a new zone serves soon after its group exists, and no request fails on the way', async () => {
    const [first] = system.environment.clusters
    const cluster = first?.name ?? ''
    const zone = 'us-central1-f'
    const client = hammer(url, 50, { region: 'us-central1' })
    let groupAt = 0
    const stop = system.environment.compute.onChange(({ method, phase, target }) => {
      if (method.endsWith('instanceGroups.insert') && phase === 'finished' && target.includes(zone))
        groupAt = performance.now()
    })
    await system.environment.nodePools.addZone(cluster, zone)
    await until(
      'the zone serves',
      async () => JSON.stringify(await system.report('default/web')).includes(zone),
      10_000,
    )
    const service = await only('backendServices')
    await until(
      'the group is a backend',
      async () => JSON.stringify(await got('backendServices', service)).includes(zone),
      operation + allowed,
    )
    const took = performance.now() - groupAt
    stop()
    process.stdout.write(`new zone: a backend ${Math.round(took)} ms after its group existed\n`)
    expect(took).toBeLessThan(operation + allowed)
    await system.until('default/web', 'Ready', ready)
    await expect.poll(async () => (await firstAnswer(url, { region: 'us-central1' })).pod?.cluster).toBe(cluster)
    const answers = await client.stop()
    expect(answers.filter((answer) => answer.status !== 200)).toEqual([])
  }, 60_000)

  it('a zone that goes is drained first, and no request fails on the way', async () => {
    const [first] = system.environment.clusters
    const zone = 'us-central1-f'
    const service = await only('backendServices')
    const capacities: number[] = []
    const stop = system.environment.compute.onChange(({ phase, target }) => {
      if (phase !== 'finished' || !target.endsWith(service)) return
      void got('backendServices', service).then((now) => {
        const backends = (now?.['backends'] ?? []) as { group: string; capacityScaler?: number }[]
        const one = backends.find(({ group }) => group.includes(zone))
        capacities.push(one === undefined ? -1 : (one.capacityScaler ?? 0))
      })
    })
    const client = hammer(url, 50, { region: 'us-central1' })
    await system.environment.nodePools.removeZone(first?.name ?? '', zone, 4_000)
    await until(
      'the group is no backend',
      async () => !JSON.stringify(await got('backendServices', service)).includes(zone),
      10_000,
    )
    await system.until('default/web', 'Ready', ready)
    const answers = await client.stop()
    stop()
    expect(capacities, 'first without capacity, then gone').toEqual([0, -1])
    expect(answers.filter((answer) => answer.status !== 200)).toEqual([])
    expect(JSON.stringify((await system.report('default/web'))?.clusterStates)).not.toContain(zone)
  }, 60_000)
})
