import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { find, insert, list, patch, type Resource } from '../support/compute-api.ts'
import { plantKubemci, readGolden } from '../support/kubemci.ts'
import { deploy } from '../support/manifests.ts'
import { startSystem, type Report, type System } from '../support/system.ts'
import { firstAnswer } from '../support/traffic.ts'

/** What kubemci did wrong, by name, and what happens here. Others are in serving, https, adoption and lifecycle. */

const ready = (report: Report | undefined): boolean => report?.phase === 'Ready'
const condition = (report: Report | undefined, type: string): string =>
  report?.conditions.find((one) => one.type === type)?.message ?? ''

type Path = [path: string, service: string, port?: number]

function manifest(
  name: string,
  paths: readonly Path[],
  more: { annotations?: Record<string, string>; namespace?: string; secrets?: string[] } = {},
): string {
  const backend = (service: string, port = 80): object => ({ service: { name: service, port: { number: port } } })
  return JSON.stringify({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name, namespace: more.namespace ?? 'default', annotations: more.annotations ?? {} },
    spec: {
      ...(more.secrets ? { tls: more.secrets.map((secretName) => ({ secretName })) } : {}),
      rules: [
        {
          host: `${name}.example.com`,
          http: {
            paths: paths.map(([path, service, port]) => ({
              path,
              pathType: 'Prefix',
              backend: backend(service, port),
            })),
          },
        },
      ],
    },
  })
}

describe('what kubemci did wrong', () => {
  let system: System
  const published: [namespace: string, name: string][] = []

  beforeAll(async () => {
    system = await startSystem({ clusters: 2, tickMs: 2_000 })
    for (const { server } of system.environment.clusters) for (const app of ['web', 'api']) await deploy(server, app)
  }, 60_000)
  afterAll(() => system.close())
  beforeEach(async () => {
    system.environment.compute.faults.clear()
    for (const [namespace, name] of published) await system.publish('', { action: 'delete', namespace, name })
    for (const [namespace, name] of published.splice(0))
      await system.until(`${namespace}/${name}`, 'gone', (report) => report === undefined)
  })

  async function publish(
    name: string,
    ...rest: Parameters<typeof manifest> extends [string, ...infer R] ? R : never
  ): Promise<void> {
    const namespace = rest[1]?.namespace ?? 'default'
    if (!published.some(([, one]) => one === name)) published.push([namespace, name])
    await system.publish(manifest(name, ...rest))
  }
  const isReady = (id: string): Promise<Report | undefined> => system.until(id, 'Ready', ready)

  it('errors of asynchronous operations ignored: a quota is said, and a fault of the service is tried again', async () => {
    const { faults } = system.environment.compute
    const message = "Quota 'TARGET_HTTP_PROXIES' exceeded. Limit: 10.0 globally."
    // A visit that was nudged meanwhile looks, and tries, once more: a quota lasts.
    for (let times = 0; times < 20; times += 1)
      faults.failNext({ code: 'QUOTA_EXCEEDED', message, httpStatus: 403 }, { method: 'targetHttpProxies.insert' })
    await publish('quota', [['/', 'web']])
    const report = await system.until('default/quota', 'Failed', (now) => now?.phase === 'Failed')
    expect(condition(report, 'Programmed')).toContain(message)
    faults.clear()
    faults.failNext(
      { code: 'INTERNAL_ERROR', message: 'try again', httpStatus: 500 },
      { method: 'targetHttpProxies.insert' },
    )
    await publish('fault', [['/', 'web']])
    await isReady('default/fault')
    expect(faults.pending()).toBe(0)
  })

  it('long names that begin alike collide: each load balancer has resources of its own', async () => {
    const stem = 'a-very-long-name-of-a-load-balancer-that-goes-on-and-on-and'
    for (const end of ['one', 'two'])
      await publish(end, [['/', 'web']], { annotations: { 'multicluster-ingress.io/load-balancer': `${stem}-${end}` } })
    await isReady('default/one')
    await isReady('default/two')
    const names = (await list(system, 'urlMaps')).map(({ name }) => name)
    expect(new Set(names).size).toBe(2)
    for (const name of names) expect(name.length).toBeLessThanOrEqual(63)
  })

  it('two ports of one service collide, and services of one name in two namespaces: each has its own backend service', async () => {
    for (const { server } of system.environment.clusters) {
      await post(`${server}/api/v1/namespaces`, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'other' } })
      await post(`${server}/api/v1/namespaces/other/services`, service('web', 'other', [80]))
      await post(`${server}/api/v1/namespaces/default/services`, service('many', 'default', [80, 8080]))
    }
    await publish('ports', [
      ['/a', 'many', 80],
      ['/b', 'many', 8080],
      ['/c', 'many', 80],
      ['/web', 'web'],
    ])
    await publish('namesake', [['/', 'web']], { namespace: 'other' })
    await isReady('default/ports')
    await isReady('other/namesake')
    const serves = (await list(system, 'backendServices')).flatMap(
      ({ description }) =>
        /"kubernetes.io\/service-name":"([^"]+)","kubernetes.io\/service-port":"(\d+)"/
          .exec(String(description))
          ?.slice(1, 3)
          .join(':') ?? [],
    )
    expect(serves.sort()).toEqual(['default/many:80', 'default/many:8080', 'default/web:80', 'other/web:80'])
  })

  it('firewall ports once per path: each port once, and only the tags of the nodes', async () => {
    await publish('once', [
      ['/a', 'web'],
      ['/b', 'web'],
      ['/c', 'web'],
    ])
    await isReady('default/once')
    const [rule] = await list(system, 'firewalls')
    const { ports } = (rule?.['allowed'] as { ports: string[] }[])[0] ?? { ports: [] }
    expect(ports).toHaveLength(new Set(ports).size)
    expect(rule?.['targetTags']).toEqual(system.environment.clusters.map(({ cluster }) => cluster.nodeTag).sort())
  })

  it('an update erases the instance-groups annotation and waits for it for ever: it stays, and the update is quick', async () => {
    await publish('stays', [['/', 'web']])
    await isReady('default/stays')
    await publish('stays', [
      ['/', 'web'],
      ['/api', 'api'],
    ])
    await system.until('default/stays', 'changed', (report) => ready(report) && report?.generation === 2)
    for (const { server } of system.environment.clusters) {
      const path = `${server}/apis/networking.k8s.io/v1/namespaces/default/ingresses/stays`
      const object = (await (await fetch(path)).json()) as { metadata: { annotations: Record<string, string> } }
      expect(object.metadata.annotations['ingress.gcp.kubernetes.io/instance-groups']).toMatch(/k8s-ig--/)
    }
  })

  it('a refused spec names one problem: it names all of them, and nothing is touched', async () => {
    await publish(
      'wrong',
      [
        ['/a', 'nowhere'],
        ['/b', 'web', 81],
      ],
      { secrets: ['absent'] },
    )
    const report = await system.until('default/wrong', 'Failed', (now) => now?.phase === 'Failed')
    const said = condition(report, 'Accepted')
    for (const part of ['default/nowhere', 'no port 81', 'default/absent']) expect(said).toContain(part)
    expect(await list(system, 'healthChecks')).toEqual([])
  })

  it('tries to delete certificates that it never made, and sets the forwarding rule’s target for nothing', async () => {
    const before = { ...system.environment.compute.counters().byMethod }
    await publish('plain', [['/', 'web']])
    await isReady('default/plain')
    await system.publish('', { action: 'remove-clusters', clusters: 'us-central', namespace: 'default', name: 'plain' })
    await system.until('default/plain', 'smaller', (report) => ready(report) && report?.generation === 2)
    await system.publish('', { action: 'delete', namespace: 'default', name: 'plain' })
    await system.until('default/plain', 'gone', (report) => report === undefined)
    const after = system.environment.compute.counters().byMethod
    for (const method of Object.keys(after).filter((one) => /sslCertificates\.(insert|delete)|setTarget/.test(one)))
      expect(after[method], method).toBe(before[method] ?? 0)
  })

  it('issue 216, RATE against UTILIZATION on one instance group: ours follows the other user of the group', async () => {
    const [first] = system.environment.clusters
    // Somebody else's Ingress makes the groups, and their backend service balances them by utilization.
    await publish('first', [['/', 'web']])
    await isReady('default/first')
    const [ours] = await list(system, 'backendServices')
    const groups = ((ours?.['backends'] ?? []) as { group: string }[]).filter(({ group }) =>
      group.includes(`${first?.zones[0] ?? ''}/`),
    )
    await post(`${first?.server}/apis/networking.k8s.io/v1/namespaces/default/ingresses`, {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'theirs', annotations: { 'kubernetes.io/ingress.class': 'gce-multi-cluster' } },
      spec: { defaultBackend: { service: { name: 'web', port: { number: 80 } } } },
    })
    await system.publish('', { action: 'delete', namespace: 'default', name: 'first' })
    await system.until('default/first', 'gone', (report) => report === undefined)
    published.length = 0
    await insert(system, 'healthChecks', { name: 'theirs', type: 'TCP', tcpHealthCheck: { port: 80 } })
    await insert(system, 'backendServices', {
      name: 'theirs',
      loadBalancingScheme: 'EXTERNAL_MANAGED',
      healthChecks: ['global/healthChecks/theirs'],
      backends: groups.map(({ group }) => ({ group, balancingMode: 'UTILIZATION' })),
    })
    await publish('second', [['/', 'web']])
    await isReady('default/second')
    const made = (await list(system, 'backendServices')).find(({ description }) =>
      String(description).includes('default/second'),
    )
    const modes = ((made?.['backends'] ?? []) as { group: string; balancingMode: string }[]).map((one) => [
      groups.some(({ group }) => group === one.group),
      one.balancingMode,
    ])
    expect(modes.length).toBeGreaterThan(1)
    for (const [shared, mode] of modes) expect(mode).toBe(shared === true ? 'UTILIZATION' : 'RATE')
    await remove(system, 'backendServices', 'theirs')
    await remove(system, 'healthChecks', 'theirs')
  })

  it('takes an address that others use, without a word: it is said who uses it', async () => {
    await publish('web', [['/', 'web']])
    await isReady('default/web')
    const { address } = await insert(system, 'addresses', { name: 'used' })
    await insert(system, 'forwardingRules', {
      name: 'theirs',
      IPAddress: address,
      portRange: '80',
      loadBalancingScheme: 'EXTERNAL_MANAGED',
      target: 'global/targetHttpProxies/mci1-tp--web',
    })
    await publish('late', [['/', 'web']], { annotations: { 'kubernetes.io/ingress.global-static-ip-name': 'used' } })
    const report = await system.until('default/late', 'Failed', (now) => now?.phase === 'Failed')
    expect(condition(report, 'Programmed')).toMatch(
      /address "used" is used by .*forwardingRules\/theirs \(ports 80-80\)/,
    )
    await remove(system, 'forwardingRules', 'theirs')
  })

  it('overwrites what is not its own with --force only, and says which: a foreign resource is named and untouched, until force', async () => {
    const mine: Resource = { name: 'mci1-fr--taken', description: 'mine', allowed: [{ IPProtocol: 'icmp' }] }
    await insert(system, 'firewalls', mine)
    await publish('taken', [['/', 'web']])
    const report = await system.until('default/taken', 'Failed', (now) => now?.phase === 'Failed')
    expect(condition(report, 'Programmed')).toMatch(/firewall-rule\/playground\/mci1-fr--taken: .*not ours/)
    expect(await find(system, 'firewalls', mine.name)).toMatchObject({ description: 'mine' })
    await publish('taken', [['/', 'web']], { annotations: { 'multicluster-ingress.io/force': 'true' } })
    await isReady('default/taken')
    expect(await find(system, 'firewalls', mine.name)).toMatchObject({ allowed: [{ IPProtocol: 'tcp' }] })
  })

  it('resets what operators set, with --force (issue 226): an unowned field outlasts a change of an owned one', async () => {
    await publish('owned', [['/', 'web']])
    await isReady('default/owned')
    const [check] = await list(system, 'healthChecks')
    await patch(system, 'healthChecks', check?.name ?? '', { logConfig: { enable: true } })
    await expect.poll(async () => (await find(system, 'healthChecks', check?.name ?? ''))?.['logConfig']).toBeDefined()
    await system.publish('', { action: 'drain-clusters', clusters: 'us-central', namespace: 'default', name: 'owned' })
    await system.until('default/owned', 'drained', (report) => ready(report) && report?.generation === 2)
    expect(await find(system, 'healthChecks', check?.name ?? '')).toMatchObject({ logConfig: { enable: true } })
  })

  it('cannot change the scheme, and does not say so: a scheme that contradicts the living one is refused, and it serves on', async () => {
    await publish('scheme', [['/', 'web']])
    const report = await isReady('default/scheme')
    const url = await system.url(report?.vip)
    await system.publish(
      JSON.stringify({
        apiVersion: 'networking.k8s.io/v1',
        kind: 'Ingress',
        metadata: { name: 'scheme', annotations: { 'multicluster-ingress.io/scheme': 'EXTERNAL' } },
        spec: { defaultBackend: { service: { name: 'web', port: { number: 80 } } } },
      }),
    )
    const refused = await system.until('default/scheme', 'Failed', (now) => now?.phase === 'Failed')
    expect(condition(refused, 'Accepted')).toMatch(/exists with the scheme EXTERNAL_MANAGED, which cannot be changed/)
    expect((await firstAnswer(url, { host: 'scheme.example.com' })).status).toBe(200)
  })

  it('leaves orphans after a NodePort or a path has gone: taking over removes what nothing refers to', async () => {
    const golden = readGolden('zone-printer-two-clusters')
    const text = (what: string, name: string): string =>
      `${what} for service {"kubernetes.io/service-name":"default/${name}","kubernetes.io/service-port":"80"} as part of kubernetes multicluster loadbalancer zone-printer`
    const check = (port: number, name: string): Resource => ({
      name: `mci1-hc-${port}--zone-printer`,
      description: text('Health check', name),
      type: 'HTTP',
      httpHealthCheck: { port, requestPath: '/' },
    })
    const backend = (port: number, name: string): Resource => ({
      name: `mci1-be-${port}--zone-printer`,
      description: text('Backend service', name),
      loadBalancingScheme: 'EXTERNAL',
      healthChecks: [`projects/playground/global/healthChecks/mci1-hc-${port}--zone-printer`],
    })
    const planted = await plantKubemci(system, golden, {
      more: {
        healthChecks: [check(30001, 'zoneprinter'), check(30002, 'gone')],
        backendServices: [backend(30001, 'zoneprinter'), backend(30002, 'gone')],
      },
    })
    published.push(['default', planted.model.name])
    await system.publish(planted.manifest)
    await isReady(`default/${planted.model.name}`)
    expect(await system.holds('backendServices')).toEqual(['mci1-be-30061--zone-printer'])
    expect(await system.holds('healthChecks')).toEqual(['mci1-hc-30061--zone-printer'])
  })
})

function service(name: string, namespace: string, ports: readonly number[]): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: {
      type: 'NodePort',
      selector: { app: 'web' },
      ports: ports.map((port) => ({ name: `p${port}`, port, targetPort: 8080 })),
    },
  }
}

async function post(url: string, body: object): Promise<void> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!answer.ok && answer.status !== 409) throw new Error(`${url}: ${answer.status} ${await answer.text()}`)
}

async function remove(system: System, collection: string, name: string): Promise<void> {
  await fetch(`${system.environment.compute.url}/compute/v1/projects/playground/global/${collection}/${name}`, {
    method: 'DELETE',
  })
  await expect.poll(() => find(system, collection, name)).toBeUndefined()
}
