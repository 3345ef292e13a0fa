import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Detail } from '../../functions/dashboard/api-types.ts'
import { deploy, simpleIngress } from '../support/manifests.ts'
import { startSystem, type System } from '../support/system.ts'

describe('health, from the simulated load balancer to the status API', () => {
  let system: System
  const detail = async (): Promise<Detail | undefined> =>
    (await system.get('/api/ingresses/default/web')) as Detail | undefined
  const cluster = async (name: string): Promise<Detail['clusterStates'][number] | undefined> =>
    (await detail())?.clusterStates.find((one) => one.name === name)

  beforeAll(async () => {
    system = await startSystem({ clusters: 3 })
    for (const { server } of system.environment.clusters) await deploy(server, 'web')
  }, 150_000)
  afterAll(() => system.close())

  it('a cluster that loses its pods is Unhealthy, the Ingress Degraded; with pods again it is Ready', async () => {
    await system.publish(simpleIngress('web', 'web'))
    await system.until('default/web', 'Ready', (report) => report?.phase === 'Ready', 45_000)
    await expect
      .poll(
        async () => (await detail())?.clusterStates.map(({ healthy, total }) => `${String(healthy)}/${String(total)}`),
        {
          timeout: 30_000,
          interval: 100,
        },
      )
      .toEqual(['4/4', '6/6', '4/4'])

    await scale(system, 'europe-west', 0)
    await expect.poll(async () => (await detail())?.phase, { timeout: 30_000, interval: 100 }).toBe('Degraded')
    expect(await cluster('europe-west')).toMatchObject({
      state: 'Unhealthy',
      healthy: 0,
      total: 6,
      requestsGoTo: ['asia-east', 'us-central'],
    })
    const list = (await system.get('/api/ingresses')) as { ingresses: { phase: string }[] }
    expect(
      list.ingresses.map(({ phase }) => phase),
      'the list agrees',
    ).toEqual(['Degraded'])

    await scale(system, 'europe-west', 2)
    await expect.poll(async () => (await detail())?.phase, { timeout: 30_000, interval: 100 }).toBe('Ready')
    expect(await cluster('europe-west')).toMatchObject({ state: 'Serving', requestsGoTo: [] })
  }, 150_000)

  it('history tells what was published, what was made and when it was Ready', async () => {
    const history = (await detail())?.history ?? []
    const told = history.map(({ by, what }) => `${by}: ${what}`)
    expect(told).toContain('spec: generation 1 was accepted')
    expect(told).toContain('progress: Progressing became Ready')
    expect(told.some((one) => one.startsWith('spec: created forwarding-rule'))).toBe(true)
    expect(history.map(({ at }) => at)).toEqual(
      history
        .map(({ at }) => at)
        .toSorted()
        .reverse(),
    )
  })

  it('polling at rest writes nothing and asks Compute a bounded number of times', async () => {
    const before = system.environment.compute.counters()
    const begun = Date.now()
    while (Date.now() - begun < 1_000) await detail()
    const after = system.environment.compute.counters()
    expect(after.writes).toBe(before.writes)
    // One backend service in seven zones, asked about every three seconds.
    expect(after.reads - before.reads).toBeLessThanOrEqual(14 + 6)
  })
})

async function scale(system: System, name: string, replicas: number): Promise<void> {
  const server = system.environment.clusters.find((one) => one.name === name)?.server ?? ''
  const answer = await fetch(`${server}/apis/apps/v1/namespaces/default/deployments/web/scale`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/merge-patch+json' },
    body: JSON.stringify({ spec: { replicas } }),
  })
  if (!answer.ok) throw new Error(await answer.text())
}
