import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { plantKubemci, readGolden, type Planted, type PlantOptions } from '../support/kubemci.ts'
import { startSystem, type Report, type System } from '../support/system.ts'
import { firstAnswer, hammer, type ask } from '../support/traffic.ts'

const ready = (report: Report | undefined): boolean => report?.phase === 'Ready'
const collections = [
  'forwardingRules',
  'targetHttpProxies',
  'targetHttpsProxies',
  'urlMaps',
  'backendServices',
  'healthChecks',
  'sslCertificates',
  'firewalls',
] as const

/** What must neither be made anew nor go: each would mean another IP, or requests that fail. */
const untouchable =
  /^(forwardingRules|globalForwardingRules|targetHttpProxies|targetHttpsProxies|urlMaps|backendServices|healthChecks|sslCertificates)\.(insert|delete)$/

describe('a load balancer of kubemci is taken over in place', () => {
  let system: System

  beforeAll(async () => {
    system = await startSystem({ clusters: 3, tickMs: 2_000 })
  }, 60_000)
  afterAll(() => system.close())
  beforeEach(async () => {
    for (const { server } of system.environment.clusters) await clear(server)
  })

  const rows: { golden: string; reason: string; options?: PlantOptions }[] = [
    { golden: 'zone-printer-two-clusters', reason: 'the zone printer' },
    { golden: 'create-twice', reason: 'a host and a path' },
    { golden: 'hosts-and-paths', reason: 'rules in random order, the default backend in each' },
    { golden: 'https-tls-secret', reason: 'a certificate of a TLS secret keeps its name' },
    { golden: 'pre-shared-cert-https-only', reason: 'without HTTP' },
    { golden: 'long-name', reason: 'names that kubemci cut' },
    { golden: 'namespace-and-static-ip-flags', reason: 'another namespace, the address by flag' },
    { golden: 'readiness-probe-path', reason: 'service port 8080 and a probe' },
    { golden: 'remove-one-cluster', reason: 'a cluster was removed before' },
    { golden: 'https-tls-secret', reason: 'status in the forwarding rules (before 0.4)', options: { before04: true } },
  ]
  for (const { golden, reason, options } of rows)
    it(`${golden}: ${reason}`, { timeout: 30_000 }, async () => {
      const planted = await plantKubemci(system, readGolden(golden), options)
      const urls = await urlsOf(system, planted)
      for (const url of urls) await firstAnswer(url, requestFor(planted))
      const clients = urls.map((url) => hammer(url, 50, requestFor(planted)))
      const before = { ...system.environment.compute.counters().byMethod }

      await system.publish(planted.manifest, { clusters: planted.clusters.join(',') })
      const id = `${planted.model.namespace}/${planted.model.name}`
      const report = await system.until(id, 'Ready', ready)

      const answers = (await Promise.all(clients.map((client) => client.stop()))).flat()
      expect(answers.filter(({ status }) => status !== 200)).toEqual([])
      expect(report?.vip).toBe(planted.ip)
      expect(touched(before, system.environment.compute.counters().byMethod)).toEqual([])
      for (const collection of collections)
        expect(await system.holds(collection), collection).toEqual([...(planted.names[collection] ?? [])].sort())
      await statusIsReadable(system, planted)
      await isOursInPlace(system, planted)
      await system.publish('', { action: 'delete', namespace: planted.model.namespace, name: planted.model.name })
      await system.until(id, 'gone', (now) => now === undefined)
      await leavesNothing(system, planted)
    })
})

function requestFor({ certificate }: Planted): Parameters<typeof ask>[1] {
  return { path: '/', ...(certificate === undefined ? {} : { serverName: 'zp.example.com' }) }
}

async function urlsOf(system: System, planted: Planted): Promise<string[]> {
  const schemes = (planted.names['forwardingRules'] ?? []).map((name) =>
    name.startsWith('mci1-fws-') ? ('https' as const) : ('http' as const),
  )
  return Promise.all(schemes.map((scheme) => system.url(planted.ip, scheme)))
}

function touched(before: Record<string, number>, after: Readonly<Record<string, number>>): string[] {
  return Object.entries(after).flatMap(([method, count]) =>
    untouchable.test(method) && count !== (before[method] ?? 0) ? [`${method} ${count - (before[method] ?? 0)}`] : [],
  )
}

/** kubemci's `list` and `get-status` read it. */
async function statusIsReadable(system: System, { names, lb, clusters, ip }: Planted): Promise<void> {
  const map = await read(system, 'urlMaps', names['urlMaps']?.[0] ?? '')
  expect(JSON.parse(String(map['description']))).toMatchObject({
    LoadBalancerName: lb,
    Clusters: [...clusters].sort(),
    IPAddress: ip,
  })
}

/** Health checks on the serving port, backend services on our named port, connections drained. */
async function isOursInPlace(system: System, { names }: Planted): Promise<void> {
  for (const name of names['healthChecks'] ?? []) {
    const { httpHealthCheck } = await read(system, 'healthChecks', name)
    expect(httpHealthCheck).toMatchObject({ portSpecification: 'USE_SERVING_PORT' })
    expect(httpHealthCheck).not.toHaveProperty('port')
  }
  for (const name of names['backendServices'] ?? [])
    expect(await read(system, 'backendServices', name)).toMatchObject({
      portName: expect.stringMatching(/^mci1-[0-9a-f]{8}$/) as string,
      loadBalancingScheme: 'EXTERNAL',
      connectionDraining: { drainingTimeoutSec: 60 },
    })
}

/** The address and a pre-shared certificate are the user's; what is removed for the next row is its own. */
async function leavesNothing(system: System, { names }: Planted): Promise<void> {
  const left = await Promise.all(collections.map((collection) => system.holds(collection)))
  expect(left.flat()).toEqual(names['sslCertificates']?.includes('corp-cert') === true ? ['corp-cert'] : [])
  expect(await system.holds('addresses')).toEqual(['zp-ip'])
  for (const [collection, name] of [
    ['addresses', 'zp-ip'],
    ['sslCertificates', 'corp-cert'],
  ] as const) {
    await fetch(urlOf(system, collection, name), { method: 'DELETE' })
    await expect.poll(() => system.holds(collection)).not.toContain(name)
  }
}

/** The applications go, so that the next row's have the same names and NodePorts. */
async function clear(server: string): Promise<void> {
  for (const namespace of ['default', 'prod'])
    for (const kind of [
      'apis/apps/v1/namespaces/NS/deployments',
      'api/v1/namespaces/NS/services',
      'api/v1/namespaces/NS/secrets',
    ]) {
      const path = `${server}/${kind.replace('NS', namespace)}`
      const { items = [] } = (await (await fetch(path)).json()) as { items?: { metadata: { name: string } }[] }
      for (const { metadata } of items) await fetch(`${path}/${metadata.name}`, { method: 'DELETE' })
    }
}

function urlOf(system: System, collection: string, name: string): string {
  return `${system.environment.compute.url}/compute/v1/projects/playground/global/${collection}/${name}`
}

async function read(system: System, collection: string, name: string): Promise<Record<string, unknown>> {
  return (await (await fetch(urlOf(system, collection, name))).json()) as Record<string, unknown>
}
