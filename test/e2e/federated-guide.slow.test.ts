import { execFile, spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeKubeconfig } from '../../playground/kubernetes/index.ts'
import { deploy, simpleIngress } from '../support/manifests.ts'
import { startSystem, type Report, type System } from '../support/system.ts'
import { ask, firstAnswer, hammer } from '../support/traffic.ts'

/** The walk through the guide of Kubernetes Federated Ingress, with kubectl: what it promised, step by step. */

const run = promisify(execFile)
const installed = spawnSync('kubectl', ['version', '--client'], { timeout: 20_000 }).status === 0
if (!installed) {
  if (process.env['MCI_REQUIRE_EVERYTHING'] !== undefined)
    throw new Error('kubectl is not installed, and MCI_REQUIRE_EVERYTHING asks for every check')
  process.stderr.write('skipped: kubectl is not installed, so the guide of Federated Ingress is not walked through\n')
}

const patience = 90_000
const europe = 'europe-west'
const id = 'default/myingress'

type State = Report['clusterStates'][number] & { why: string; requestsGoTo: string[]; healthy: number | null }

describe.skipIf(!installed)(
  'the guide of Federated Ingress',
  () => {
    let directory = ''
    let system: System
    let vip = ''

    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 'guide-'))
      system = await startSystem({ clusters: 3, tickMs: 3_000 })
      const { clusters } = system.environment
      await writeFile(join(directory, 'config'), writeKubeconfig(clusters))
      // Services without pods: the guide adds these later.
      for (const { server } of clusters) await deploy(server, 'nginx', 0)
    }, patience)
    afterAll(async () => {
      await system.close()
      await rm(directory, { recursive: true, force: true })
    })

    async function kubectl(context: string, ...args: string[]): Promise<string> {
      const { stdout } = await run('kubectl', ['--context', context, ...args], {
        timeout: 30_000,
        env: { ...process.env, KUBECONFIG: join(directory, 'config'), HOME: directory },
      })
      return stdout
    }
    const names = (): string[] => system.environment.clusters.map(({ name }) => name)
    const stateOf = (report: Report | undefined, name: string): State | undefined =>
      report?.clusterStates.find((one) => one.name === name) as State | undefined
    const clusterOf = (name: string) => system.environment.clusters.find((one) => one.name === name)?.cluster
    const from = async (region: string): Promise<string | undefined> =>
      (await ask(await system.url(vip), { region })).pod?.cluster

    it('creating it creates matching ingresses in every cluster, all with the one address', async () => {
      await system.publish(simpleIngress('myingress', 'nginx'))
      const report = await system.until(id, 'Ready', (one) => one?.phase === 'Ready', patience)
      vip = report?.vip ?? ''
      for (const name of names())
        await expect
          .poll(() => kubectl(name, 'get', 'ingress', 'myingress'), { timeout: patience, interval: 500 })
          .toContain(vip)
    })

    it('describing one shows what serves it and what happened', async () => {
      for (const name of names()) {
        await expect
          .poll(() => kubectl(name, 'describe', 'ingress', 'myingress'), { timeout: patience, interval: 500 })
          .toMatch(/IPChanged/)
        const text = await kubectl(name, 'describe', 'ingress', 'myingress')
        expect(text).toMatch(new RegExp(`Address: +${vip.replaceAll('.', '\\.')}`))
        for (const line of [
          /ingress\.kubernetes\.io\/url-map: +mci1-um--myingress/,
          /ingress\.kubernetes\.io\/target-proxy: +mci1-tp--myingress/,
          /ingress\.kubernetes\.io\/forwarding-rule: +mci1-fw--myingress/,
          /ingress\.kubernetes\.io\/backends: +\{"mci1-be-[0-9a-f]+--myingress":"Unknown"\}/,
          /Normal +CreateInCluster .*multi-cluster-ingress +Creating ingress "default\/myingress" in cluster/,
          /Normal +IPChanged .*IP is now /,
        ])
          expect(text).toMatch(line)
      }
    })

    it('without pods nobody answers but the load balancer; with pods the nearest cluster does', async () => {
      expect((await ask(await system.url(vip))).byLoadBalancer).toBe(true)
      for (const name of names()) await kubectl(name, 'scale', 'deployment', 'nginx', '--replicas=2')
      await firstAnswer(await system.url(vip), {}, patience)
      for (const [region, cluster] of [
        ['europe-west1', europe],
        ['asia-east1', 'asia-east'],
        ['us-central1', 'us-central'],
      ] as const)
        await expect.poll(() => from(region), { timeout: patience, interval: 500 }).toBe(cluster)
    })

    it('it is discovered by the address in the status of any of them', async () => {
      for (const name of names()) {
        const found = await kubectl(
          name,
          'get',
          'ingress',
          'myingress',
          '-o',
          'jsonpath={.status.loadBalancer.ingress[*].ip}',
        )
        expect((await ask(await system.url(found))).status).toBe(200)
      }
    })

    it('when the pods of a cluster fail, its clients are served by the next one, and the status says by which', async () => {
      await system.until(id, 'healthy', (one) => (stateOf(one, europe)?.healthy ?? 0) > 0, patience)
      await kubectl(europe, 'scale', 'deployment', 'nginx', '--replicas=0')
      // For a moment, until its health checks have failed, the load balancer has nobody there who answers.
      await expect
        .poll(async () => (await from('europe-west1')) ?? europe, { timeout: patience, interval: 100 })
        .not.toBe(europe)
      const client = hammer(await system.url(vip), 20, { region: 'europe-west1' })
      const report = await system.until(id, 'Unhealthy', (one) => stateOf(one, europe)?.state === 'Unhealthy', patience)
      expect(report?.phase).toBe('Degraded')
      expect(stateOf(report, europe)?.requestsGoTo.length).toBeGreaterThan(0)
      expect(report?.conditions.find(({ type }) => type === 'BackendsHealthy')?.message).toMatch(
        /^cluster europe-west: .*its requests go to /,
      )
      const answers = await client.stop()
      expect(answers.filter(({ status }) => status !== 200)).toEqual([])
      expect(new Set(answers.map(({ pod }) => pod?.cluster)).has(europe)).toBe(false)
    })

    it('troubleshooting: a cluster that cannot be reached is named, with the reason, and keeps what it has', async () => {
      clusterOf(europe)?.setReachable(false)
      await system.publish(simpleIngress('myingress', 'nginx', { annotations: { 'example.com/note': 'changed' } }))
      const report = await system.until(
        id,
        'Degraded for the cluster',
        (one) => one?.phase === 'Degraded' && stateOf(one, europe)?.state === 'Unreachable',
        patience,
      )
      expect(stateOf(report, europe)?.why).toMatch(/\S/)
      expect(report?.conditions.find(({ type }) => type === 'ClustersServing')?.message).toMatch(
        /^cluster europe-west: does not answer as it should/,
      )
      const { clusters } = (await system.get('/api/clusters')) as { clusters: { name: string }[] }
      expect(clusters.map(({ name }) => name)).toContain(europe)
      expect((await ask(await system.url(vip), { region: 'europe-west1' })).status).toBe(200)
    })

    it('a cluster that comes back is told what it missed, and serves again', async () => {
      clusterOf(europe)?.setReachable(true)
      await kubectl(europe, 'scale', 'deployment', 'nginx', '--replicas=2')
      await system.until(id, 'Ready', (one) => one?.phase === 'Ready', patience)
      await expect.poll(() => from('europe-west1'), { timeout: patience, interval: 500 }).toBe(europe)
      expect(await kubectl(europe, 'get', 'ingress', 'myingress', '-o', 'yaml')).toContain('example.com/note: changed')
      await expect
        .poll(() => kubectl(europe, 'describe', 'ingress', 'myingress'), { timeout: patience, interval: 500 })
        .toMatch(/Normal +UpdateInCluster/)
    })

    it('withdrawn, it goes from every cluster', async () => {
      await system.publish('', { action: 'delete', namespace: 'default', name: 'myingress' })
      await system.until(id, 'gone', (one) => one === undefined, patience)
      for (const name of names()) expect(await kubectl(name, 'get', 'ingress', '-o', 'name')).toBe('')
    })
  },
  240_000,
)
