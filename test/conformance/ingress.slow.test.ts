import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { certificateFor, putSecret } from '../support/cluster-objects.ts'
import { deploy } from '../support/manifests.ts'
import { startSystem, type Report, type System } from '../support/system.ts'
import { ask, firstAnswer } from '../support/traffic.ts'

/**
 * What Kubernetes asks of an Ingress implementation (its documentation of Ingress, and the behaviours that the project
 * ingress-controller-conformance describes), as requests through the load balancer. Where Google's load balancer cannot do it, the row says
 * so, and docs/conformance.md has the reason.
 */

const services = ['one', 'two', 'three', 'four', 'fallback']
const patience = 60_000

interface Path {
  path: string
  type: 'Exact' | 'Prefix' | 'ImplementationSpecific'
  to: string
}

const rule = (host: string | null, ...paths: Path[]): object => ({
  ...(host === null ? {} : { host }),
  http: {
    paths: paths.map(({ path, type, to }) => ({
      path,
      pathType: type,
      // By name in one place, by number in the others: both name the same port.
      backend: { service: { name: to, port: to === 'four' ? { name: 'http' } : { number: 80 } } },
    })),
  },
})
const ingress = (name: string, spec: object): string =>
  JSON.stringify({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name, namespace: 'default' },
    spec,
  })
const ready = (report: Report | undefined): boolean => report?.phase === 'Ready'

/** One request, and the service that must answer; null = the load balancer itself, with 404. */
interface Row {
  reason: string
  host: string
  path: string
  by: string | null
}

let system: System

beforeAll(async () => {
  system = await startSystem({ clusters: 1 })
  for (const { server } of system.environment.clusters) for (const service of services) await deploy(server, service, 1)
}, patience)
afterAll(() => system.close())

async function served(name: string, spec: object): Promise<string> {
  await system.publish(ingress(name, spec))
  const report = await system.until(`default/${name}`, 'Ready', ready, patience)
  return system.url(report?.vip)
}

async function answer(url: string, { host, path }: Pick<Row, 'host' | 'path'>): Promise<string | null> {
  const { status, pod, byLoadBalancer } = await ask(url, { host, path })
  if (status === 404 && byLoadBalancer) return null
  if (pod === undefined) throw new Error(`${host}${path} answered ${status}`)
  expect([pod.host, pod.path], 'the request reaches the pod as it was made').toEqual([host, path])
  return pod.service
}

/** Every row, once the backends of all services have passed their health checks. */
function behaves(name: string, spec: object, warm: readonly Pick<Row, 'host' | 'path'>[], rows: readonly Row[]): void {
  let url = ''
  beforeAll(async () => {
    url = await served(name, spec)
    for (const { host, path } of warm) await firstAnswer(url, { host, path }, patience)
  }, patience)
  it.each(rows)('$reason: $host$path by $by', async (row) => {
    expect(await answer(url, row)).toBe(row.by)
  })
}

describe('paths', () => {
  const exact = 'exact.example.com'
  const prefix = 'prefix.example.com'
  const mixed = 'mixed.example.com'
  const slash = 'slash.example.com'
  behaves(
    'paths',
    {
      rules: [
        rule(exact, { path: '/foo', type: 'Exact', to: 'one' }),
        rule(
          prefix,
          { path: '/foo', type: 'Prefix', to: 'one' },
          { path: '/aaa/bbb', type: 'Prefix', to: 'two' },
          { path: '/aaa', type: 'Prefix', to: 'three' },
        ),
        rule(mixed, { path: '/foo', type: 'Prefix', to: 'one' }, { path: '/foo', type: 'Exact', to: 'two' }),
        rule(slash, { path: '/aaa/bbb/', type: 'Prefix', to: 'one' }, { path: '/foo/', type: 'Exact', to: 'two' }),
      ],
    },
    [
      { host: exact, path: '/foo' },
      { host: prefix, path: '/aaa/bbb' },
      { host: prefix, path: '/aaa' },
    ],
    [
      { reason: 'exact is that path', host: exact, path: '/foo', by: 'one' },
      { reason: 'exact is without a slash after it', host: exact, path: '/foo/', by: null },
      { reason: 'exact tells capitals apart', host: exact, path: '/FOO', by: null },
      { reason: 'exact is no other path', host: exact, path: '/bar', by: null },
      { reason: 'exact is nothing below it', host: exact, path: '/foo/bar', by: null },
      { reason: 'what comes after ? is no part of the path', host: exact, path: '/foo?x=/bar', by: 'one' },
      { reason: 'prefix is the path itself', host: prefix, path: '/foo', by: 'one' },
      { reason: 'prefix is the path with a slash', host: prefix, path: '/foo/', by: 'one' },
      { reason: 'prefix tells capitals apart', host: prefix, path: '/FOO', by: null },
      { reason: 'the longest prefix wins', host: prefix, path: '/aaa/bbb', by: 'two' },
      { reason: 'and below it', host: prefix, path: '/aaa/bbb/ccc', by: 'two' },
      { reason: 'the shorter one has the rest', host: prefix, path: '/aaa/ccc', by: 'three' },
      { reason: 'prefixes end at a slash', host: prefix, path: '/aaaccc', by: null },
      { reason: 'also of the last part', host: prefix, path: '/aaa/bbbxyz', by: 'three' },
      { reason: 'exact wins over prefix', host: mixed, path: '/foo', by: 'two' },
      { reason: 'and prefix has what is below', host: mixed, path: '/foo/bar', by: 'one' },
      { reason: 'a slash at the end of a prefix says nothing', host: slash, path: '/aaa/bbb', by: 'one' },
      { reason: 'with it', host: slash, path: '/aaa/bbb/', by: 'one' },
      { reason: 'a slash at the end of an exact path does', host: slash, path: '/foo', by: null },
      { reason: 'with it too', host: slash, path: '/foo/', by: 'two' },
    ],
  )
})

describe('hosts', () => {
  const all: Path = { path: '/', type: 'Prefix', to: 'one' }
  behaves(
    'hosts',
    {
      rules: [
        rule('*.foo.com', all),
        rule('foo.bar.com', { ...all, to: 'four' }),
        rule('exact.foo.com', { ...all, to: 'two' }),
      ],
    },
    [
      { host: 'bar.foo.com', path: '/' },
      { host: 'foo.bar.com', path: '/' },
      { host: 'exact.foo.com', path: '/' },
    ],
    [
      { reason: 'a host, its port by name', host: 'foo.bar.com', path: '/', by: 'four' },
      { reason: 'another host', host: 'subdomain.bar.com', path: '/', by: null },
      { reason: 'a wildcard is one label', host: 'bar.foo.com', path: '/', by: 'one' },
      { reason: 'a wildcard is not no label', host: 'foo.com', path: '/', by: null },
      { reason: 'a full name wins over a wildcard', host: 'exact.foo.com', path: '/x', by: 'two' },
      // Kubernetes: 404. A URL map's wildcard matches at any depth.
      { reason: 'DEVIATION: a wildcard is several labels too', host: 'baz.bar.foo.com', path: '/', by: 'one' },
    ],
  )
})

describe('default backend', () => {
  const spec = { defaultBackend: { service: { name: 'fallback', port: { number: 80 } } } }
  describe('without rules', () => {
    behaves(
      'default',
      spec,
      [{ host: 'any.example.com', path: '/' }],
      [
        { reason: 'every host', host: 'some-host', path: '/', by: 'fallback' },
        { reason: 'every path', host: 'my-host', path: '/sub-path', by: 'fallback' },
      ],
    )
  })
  describe('with rules', () => {
    behaves(
      'both',
      { ...spec, rules: [rule('a.example.com', { path: '/one', type: 'Prefix', to: 'one' })] },
      [
        { host: 'a.example.com', path: '/one' },
        { host: 'b.example.com', path: '/' },
      ],
      [
        { reason: 'a rule', host: 'a.example.com', path: '/one', by: 'one' },
        { reason: 'no rule for this path', host: 'a.example.com', path: '/two', by: 'fallback' },
        { reason: 'no rule for this host', host: 'b.example.com', path: '/one', by: 'fallback' },
      ],
    )
  })
  describe('a rule without a host', () => {
    behaves(
      'hostless',
      { rules: [rule(null, { path: '/one', type: 'Prefix', to: 'one' })] },
      [{ host: 'x.example.com', path: '/one' }],
      [
        { reason: 'is for every host', host: 'y.example.com', path: '/one', by: 'one' },
        { reason: 'and its paths only', host: 'y.example.com', path: '/', by: null },
      ],
    )
  })
})

describe('class', () => {
  it('of another controller: it gets no address, and says why', async () => {
    await system.publish(
      ingress('other-class', {
        ingressClassName: 'some-other-class',
        rules: [rule('class.example.com', { path: '/', type: 'Prefix', to: 'one' })],
      }),
    )
    const report = await system.until('default/other-class', 'refused', (one) => one?.phase === 'Failed', patience)
    expect(report?.vip).toBeNull()
    expect(JSON.stringify(report?.conditions)).toContain('some-other-class')
  })
})

describe('TLS', () => {
  it('presents the certificate of the secret, and routes as over HTTP', async () => {
    const certificate = certificateFor(['foo.bar.com'])
    await putSecret(system, 'conformance', certificate)
    await served('secure', {
      tls: [{ hosts: ['foo.bar.com'], secretName: 'conformance' }],
      rules: [rule('foo.bar.com', { path: '/', type: 'Prefix', to: 'one' })],
    })
    const vip = (await system.report('default/secure'))?.vip
    for (const scheme of ['https', 'http'] as const) {
      const answered = await firstAnswer(
        await system.url(vip, scheme),
        { host: 'foo.bar.com', ...(scheme === 'https' ? { serverName: 'foo.bar.com' } : {}) },
        patience,
      )
      expect(answered.pod?.service).toBe('one')
      if (scheme === 'https') expect(answered.certificate).toBe(certificate.fingerprint)
    }
  })
})

describe('the status in the cluster', () => {
  it('has the address by which all of these are reached', async () => {
    for (const { server } of system.environment.clusters)
      for (const name of ['paths', 'hosts', 'default']) {
        const vip = (await system.report(`default/${name}`))?.vip
        const path = `${server}/apis/networking.k8s.io/v1/namespaces/default/ingresses/${name}`
        const object = (await (await fetch(path)).json()) as { status?: { loadBalancer?: unknown } }
        expect(object.status?.loadBalancer).toEqual({ ingress: [{ ip: vip }] })
      }
  })
})
