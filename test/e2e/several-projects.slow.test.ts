import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import { deploy } from '../support/manifests.ts'
import { startSystem, type Report, type System } from '../support/system.ts'

/**
 * A load balancer's project `playground` and a team's project, both in the Shared VPC of a host project: over the wire, with the
 * real clients, and with requests through the data plane.
 */
const shared = 'projects/host-project/global/networks/default'
const elsewhere = {
  'us-central': { project: 'playground', network: shared },
  'europe-west': { project: 'team-project', network: shared },
  'asia-east': { project: 'team-project', network: shared },
}

let system: System
afterEach(() => system.close())

async function start(): Promise<void> {
  system = await startSystem({ clusters: 3, elsewhere })
}

const ingress = (services: { web: string; pay?: string }): string =>
  JSON.stringify({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'shop', namespace: 'default' },
    spec: {
      defaultBackend: { service: { name: services.web, port: { number: 80 } } },
      ...(services.pay === undefined
        ? {}
        : {
            rules: [
              {
                http: {
                  paths: [
                    {
                      path: '/pay',
                      pathType: 'Prefix',
                      backend: { service: { name: services.pay, port: { number: 80 } } },
                    },
                  ],
                },
              },
            ],
          }),
    },
  })

const serverOf = (name: string): string =>
  system.environment.clusters.find((cluster) => cluster.name === name)?.server ?? ''

/** Names of what a collection of another project holds. */
async function held(project: string, collection: string): Promise<string[]> {
  const url = `${system.environment.compute.url}/compute/v1/projects/${project}/global/${collection}`
  const { items = [] } = (await (await fetch(url)).json()) as { items?: { name: string }[] }
  return items.map(({ name }) => name).sort()
}

/** Which cluster answers, once one does. */
async function answers(base: string, path: string, from: string): Promise<{ cluster: string; service: string }> {
  for (let attempt = 0; ; attempt += 1) {
    const answer = await fetch(base + path, { headers: { accept: 'application/json', 'x-client-region': from } })
    if (answer.ok) return (await answer.json()) as { cluster: string; service: string }
    if (attempt > 200) throw new Error(`HTTP ${answer.status} ${await answer.text()}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const settled = (report: Report | undefined): boolean => ['Ready', 'Degraded'].includes(report?.phase ?? '')

async function serveBoth(): Promise<Report> {
  await deploy(serverOf('us-central'), 'web')
  await deploy(serverOf('europe-west'), 'pay')
  await deploy(serverOf('asia-east'), 'pay')
  await system.publish(ingress({ web: 'web', pay: 'pay' }))
  const report = await system.until('default/shop', 'settled', settled, 30_000)
  if (report === undefined) throw new Error('there is no report')
  return report
}

describe('a service whose clusters all live in another project', { timeout: 120_000 }, () => {
  it('is served from there, behind the one IP; nothing is left behind anywhere', async () => {
    await start()
    const report = await serveBoth()
    expect([report.phase, report.conditions.filter(({ status }) => status !== 'True')]).toEqual(['Ready', []])
    const url = await system.url(report.vip)
    expect(await answers(url, '/', 'us-central1')).toMatchObject({ cluster: 'us-central', service: 'web' })
    expect(await answers(url, '/pay', 'europe-west1')).toMatchObject({ cluster: 'europe-west', service: 'pay' })
    expect(await answers(url, '/pay', 'asia-east1')).toMatchObject({ cluster: 'asia-east', service: 'pay' })
    expect(await held('team-project', 'backendServices')).toHaveLength(1)
    expect(await held('team-project', 'healthChecks')).toHaveLength(1)
    expect(await held('playground', 'backendServices')).toHaveLength(1)
    expect(await held('host-project', 'firewalls')).toEqual(['mci1-fr--shop'])
    const { clusters } = (await system.get('/api/clusters')) as { clusters: object[] }
    expect(clusters).toMatchObject([
      { name: 'asia-east', project: 'team-project', network: shared, hostProject: 'host-project' },
      { name: 'europe-west', project: 'team-project', network: shared, hostProject: 'host-project' },
      { name: 'us-central', project: 'playground', network: shared, hostProject: 'host-project' },
    ])

    // Drift in the other projects is repaired, by the audit log and, without it, by the tick.
    for (const [project, collection, delivering] of [
      ['team-project', 'healthChecks', true],
      ['host-project', 'firewalls', true],
      ['host-project', 'firewalls', false],
    ] as const) {
      system.environment.auditLog.setDelivering(delivering)
      const [name = ''] = await held(project, collection)
      const path = `${system.environment.compute.url}/compute/v1/projects/${project}/global/${collection}/${name}`
      const edit = collection === 'firewalls' ? { targetTags: ['nobody'] } : { checkIntervalSec: 77 }
      const before = JSON.stringify(await rest('GET', path))
      await rest('PATCH', path, edit)
      await expect
        .poll(async () => without(await rest('GET', path)), { timeout: 15_000, interval: 50 })
        .toEqual(without(JSON.parse(before)))
    }

    await system.publish('', { action: 'delete', namespace: 'default', name: 'shop' })
    await system.until('default/shop', 'gone', (gone) => gone === undefined, 30_000)
    for (const project of ['playground', 'team-project', 'host-project'])
      for (const collection of ['backendServices', 'healthChecks', 'firewalls', 'urlMaps', 'addresses'])
        expect(await held(project, collection), `${collection} of ${project}`).toEqual([])
  })

  it('is a mistake when it is in clusters of both projects, which is said, and nothing is made', async () => {
    await start()
    for (const { server } of system.environment.clusters) await deploy(server, 'web')
    await system.publish(ingress({ web: 'web' }))
    const report = await system.until('default/shop', 'Failed', (one) => one?.phase === 'Failed', 30_000)
    expect(report?.conditions.find(({ type }) => type === 'Accepted')?.message).toBe(
      'service default/web: is in clusters of several projects (playground: us-central; team-project: asia-east, europe-west), and a backend service takes no backends of another project: select clusters of one project (annotation multicluster-ingress.io/clusters), or give the Service another name in the other project',
    )
    expect(await held('playground', 'backendServices')).toEqual([])
    await system.publish(ingress({ web: 'web' }), { clusters: 'asia-east,europe-west' })
    const good = await system.until('default/shop', 'Ready', (one) => one?.phase === 'Ready', 30_000)
    expect(await answers(await system.url(good?.vip), '/', 'us-central1')).toMatchObject({ service: 'web' })
    expect(await held('playground', 'backendServices')).toEqual([])
    expect(await held('team-project', 'backendServices')).toHaveLength(1)
  })
})

describe('without permission in the host project', { timeout: 120_000 }, () => {
  const writes = ['firewalls.insert', 'firewalls.patch', 'firewalls.delete']
  // Who may is known by the tool.
  const whose = (headers: Readonly<Record<string, string>>): boolean => !/gcloud/.test(headers['user-agent'] ?? '')

  it.each([
    { reason: 'to write', looks: [] },
    { reason: 'even to look', looks: ['firewalls.get', 'firewalls.list'] },
  ])(
    '$reason: the rest goes on, the exact command is told, and what it makes is taken as wanted',
    async ({ looks }) => {
      await start()
      const { faults } = system.environment.compute
      faults.forbid({ project: 'host-project', methods: writes, whose })
      const allowLooks = faults.forbid({ project: 'host-project', methods: looks, whose })
      const report = await serveBoth()
      expect(report.phase).toBe('Degraded')
      expect(report.resources.filter(({ phase }) => phase !== 'Ready').map(({ kind }) => kind)).toEqual([
        'firewall-rule',
      ])
      // What cannot be reached is not healthy, which is said apart.
      const untrue = report.conditions.filter(({ status }) => status !== 'True').map(({ type }) => type)
      expect(untrue.filter((type) => type !== 'BackendsHealthy')).toEqual(['FirewallsOpen'])
      const { message = '' } = report.conditions.find(({ type }) => type === 'FirewallsOpen') ?? {}
      const command = /must run: (gcloud .*?) \(or let us: /.exec(message)?.[1] ?? message
      expect(command).toMatch(
        /^gcloud compute firewall-rules create mci1-fr--shop --project=host-project --network=default --direction=INGRESS --description='Firewall rule .*' --allow=tcp:\d+,tcp:\d+,tcp:\d+ --source-ranges=130\.211\.0\.0\/22,35\.191\.0\.0\/16 --target-tags=gke-[\w,-]+$/,
      )
      if (!(await hasGcloud())) return
      // What is made while nobody may look is found at the next attempt, minutes later; this is about who may look and not write.
      allowLooks()
      await inShell(command)
      const done = await system.until('default/shop', 'Ready', (one) => one?.phase === 'Ready', 60_000)
      expect(done?.conditions.map(({ type }) => type)).not.toContain('FirewallsOpen')
      const url = await system.url(done?.vip)
      expect(await answers(url, '/pay', 'asia-east1')).toMatchObject({ cluster: 'asia-east', service: 'pay' })
    },
  )
})

async function rest(method: string, url: string, body?: object): Promise<unknown> {
  const answer = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return answer.json()
}

/** A resource without what any change changes. */
function without(resource: unknown): unknown {
  const { fingerprint: _, ...rest } = resource as Record<string, unknown>
  return rest
}

async function hasGcloud(): Promise<boolean> {
  try {
    await promisify(execFile)('gcloud', ['--version'])
    return true
  } catch {
    console.log('skipped: gcloud is not installed, so the command is not run')
    return false
  }
}

/** Runs the command as an administrator would, against the simulated Compute. */
async function inShell(command: string): Promise<void> {
  await promisify(execFile)('sh', ['-c', `${command} --quiet`], {
    env: {
      ...process.env,
      CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE: `${system.environment.compute.url}/compute/v1/`,
      CLOUDSDK_AUTH_ACCESS_TOKEN: 'none',
      CLOUDSDK_CORE_DISABLE_PROMPTS: '1',
    },
  })
}
