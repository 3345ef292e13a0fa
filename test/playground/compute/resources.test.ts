import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Bench, bench, loadBalancer, make, refusal } from './harness.ts'

const pem = (name: string) => readFileSync(join(import.meta.dirname, 'certificates', name), 'utf8')
const zone = 'zones/us-central1-a'

describe('references', () => {
  it.each([
    { reason: 'a full URL', value: 'https://www.googleapis.com/compute/v1/projects/p/global/healthChecks/hc' },
    {
      reason: 'a full URL of another version',
      value: 'https://www.googleapis.com/compute/beta/projects/p/global/healthChecks/hc',
    },
    {
      reason: 'a full URL of the other host',
      value: 'https://compute.googleapis.com/compute/v1/projects/p/global/healthChecks/hc',
    },
    {
      reason: 'a URL of the simulator, as gcloud makes it',
      value: 'http://127.0.0.1:1/compute/v1/projects/p/global/healthChecks/hc',
    },
    { reason: 'a path of the project', value: 'projects/p/global/healthChecks/hc' },
    { reason: 'a path with version (proto comment)', value: 'compute/v1/projects/p/global/healthChecks/hc' },
    { reason: 'a partial path', value: 'global/healthChecks/hc' },
  ])('$reason is shown as a full URL of v1', async ({ value }) => {
    const world = bench()
    await world.done('POST', 'global/healthChecks', make.healthCheck('hc'))
    await world.done('POST', 'global/backendServices', make.backendService('be', { healthChecks: [value] }))
    expect((await world.get('global/backendServices/be'))['healthChecks']).toEqual([make.url('global/healthChecks/hc')])
  })

  it('serves requests to other versions as v1', async () => {
    const world = bench()
    await loadBalancer(world)
    const path = '/compute/beta/projects/p/global/urlMaps/um'
    const answer = await world.compute.handle({
      method: 'GET',
      path,
      query: { alt: 'json', prettyPrint: 'false', $alt: 'json;enum-encoding=int' },
      headers: {},
      body: undefined,
    })
    expect(answer).toMatchObject({ status: 200, body: { defaultService: make.url('global/backendServices/be') } })
  })
})

describe('bodies', () => {
  it('take null as absent, ignore unknown and output-only members, and show 64-bit integers as text', async () => {
    const world = bench()
    await world.done('POST', 'global/healthChecks', {
      ...make.healthCheck('hc'),
      description: null,
      somethingNew: true,
      id: '7',
      kind: 'x',
      selfLink: 'y',
      region: 'z',
    })
    const made = await world.get('global/healthChecks/hc')
    expect(made).toMatchObject({ kind: 'compute#healthCheck', selfLink: make.url('global/healthChecks/hc') })
    for (const absent of ['description', 'somethingNew', 'region']) expect(made).not.toHaveProperty(absent)
    expect(made['id']).not.toBe('7')
    expect(made['id']).toBeTypeOf('string')
  })

  it('are refused for unknown members when the simulator is strict', async () => {
    const world = bench({ strict: true })
    const answer = await world.send('POST', 'global/healthChecks', { ...make.healthCheck('hc'), colour: 'red' })
    expect(refusal(answer)).toEqual({
      status: 400,
      reason: 'invalid',
      message: `Invalid JSON payload received. Unknown name "colour" at 'resource': Cannot find field.`,
    })
    expect((await world.send('POST', 'global/healthChecks', make.healthCheck('hc'))).status).toBe(200)
  })

  it('never give a caller a way into the world', async () => {
    const world = bench()
    await loadBalancer(world)
    const body = await world.get('global/backendServices/be')
    expect(() => {
      ;(body['healthChecks'] as string[]).push('x')
    }).toThrow()
    const sent = { ...make.healthCheck('hc2'), httpHealthCheck: { port: 80 } }
    await world.send('POST', 'global/healthChecks', sent)
    sent.httpHealthCheck.port = 81
    world.clock.advance(1000)
    expect(await world.get('global/healthChecks/hc2')).toMatchObject({ httpHealthCheck: { port: 80 } })
  })
})

describe('PATCH and PUT', () => {
  const change = async (world: Bench, method: string, path: string, body: object) => {
    const { fingerprint } = await world.get(path)
    await world.done(method, path, { ...body, ...(fingerprint === undefined ? {} : { fingerprint }) })
    return world.get(path)
  }

  it('PATCH merges objects, replaces lists, clears by null and keeps the rest', async () => {
    const world = bench()
    await loadBalancer(world)
    const more = {
      customRequestHeaders: ['a: 1', 'b: 2'],
      logConfig: { enable: true, sampleRate: 0.5 },
      timeoutSec: 77,
    }
    await change(world, 'PATCH', 'global/backendServices/be', more)
    const after = await change(world, 'PATCH', 'global/backendServices/be', {
      customRequestHeaders: ['c: 3'],
      logConfig: { sampleRate: 1 },
      description: 'new',
      timeoutSec: null,
    })
    expect(after).toMatchObject({
      customRequestHeaders: ['c: 3'],
      logConfig: { enable: true, sampleRate: 1 },
      description: 'new',
      healthChecks: [make.url('global/healthChecks/hc')],
      timeoutSec: 30,
    })
  })

  it('PUT clears what is absent, but not what other methods wrote', async () => {
    const world = bench()
    await loadBalancer(world)
    await world.done('POST', 'global/securityPolicies', { name: 'armor' })
    await world.done('POST', 'global/backendServices/be/setSecurityPolicy', {
      securityPolicy: 'global/securityPolicies/armor',
    })
    await change(world, 'PATCH', 'global/backendServices/be', { customRequestHeaders: ['a: 1'], description: 'x' })
    const after = await change(world, 'PUT', 'global/backendServices/be', make.backendService('be'))
    expect(after).not.toHaveProperty('customRequestHeaders')
    expect(after).toMatchObject({ description: '', securityPolicy: make.url('global/securityPolicies/armor') })
    expect((await world.send('DELETE', 'global/securityPolicies/armor')).status).toBe(400)
    await world.done('POST', 'global/backendServices/be/setSecurityPolicy', {})
    expect((await world.send('DELETE', 'global/securityPolicies/armor')).status).toBe(200)
  })

  it('an effective change makes a new fingerprint, an empty one does not', async () => {
    const world = bench()
    await loadBalancer(world)
    const { fingerprint: first } = await world.get('global/urlMaps/um')
    expect(first).toMatch(/^[\w-]{11}=$/)
    const { fingerprint: same } = await change(world, 'PATCH', 'global/urlMaps/um', {})
    expect(same).toBe(first)
    const { fingerprint: next } = await change(world, 'PATCH', 'global/urlMaps/um', { description: 'x' })
    expect(next).not.toBe(first)
  })

  it('needs no fingerprint where the API has none', async () => {
    const world = bench()
    await loadBalancer(world)
    expect(await change(world, 'PATCH', 'global/healthChecks/hc', { checkIntervalSec: 30 })).toMatchObject({
      checkIntervalSec: 30,
      timeoutSec: 5,
    })
  })
})

describe('addresses and forwarding rules', () => {
  it('an address is IN_USE by its rules, and RESERVED again after them', async () => {
    const world = bench()
    await loadBalancer(world)
    expect(await world.get('global/addresses/ip')).toMatchObject({
      address: '203.0.113.1',
      status: 'IN_USE',
      users: [make.url('global/forwardingRules/fw')],
    })
    expect(await world.get('global/forwardingRules/fw')).toMatchObject({ IPAddress: '203.0.113.1', portRange: '80-80' })
    await world.done('DELETE', 'global/forwardingRules/fw')
    const after = await world.get('global/addresses/ip')
    expect(after).toMatchObject({ status: 'RESERVED' })
    expect(after).not.toHaveProperty('users')
    expect((await world.send('DELETE', 'global/addresses/ip')).status).toBe(200)
  })

  it.each([
    { reason: 'by bare name (proto comment)', IPAddress: 'ip' },
    { reason: 'by partial path', IPAddress: 'global/addresses/ip' },
    { reason: 'by URL', IPAddress: make.url('global/addresses/ip') },
    { reason: 'by number', IPAddress: '203.0.113.1' },
  ])('a reserved address serves two ports: $reason', async ({ IPAddress }) => {
    const world = bench()
    await loadBalancer(world)
    const scheme = 'EXTERNAL_MANAGED'
    const target = 'global/targetHttpProxies/tp'
    await world.done('POST', 'global/forwardingRules', {
      name: 'fw2',
      target,
      portRange: '8080',
      IPAddress,
      loadBalancingScheme: scheme,
    })
    expect(await world.get('global/forwardingRules/fw2')).toMatchObject({ IPAddress: '203.0.113.1' })
    expect((await world.get('global/addresses/ip'))['users']).toHaveLength(2)
  })

  it('an ephemeral address is allocated, may be shared within the project, and can be promoted', async () => {
    const world = bench()
    await loadBalancer(world)
    const rule = { target: 'global/targetHttpProxies/tp', loadBalancingScheme: 'EXTERNAL_MANAGED' }
    await world.done('POST', 'global/forwardingRules', { ...rule, name: 'e1', portRange: '80' })
    const { IPAddress } = await world.get('global/forwardingRules/e1')
    expect(IPAddress).toBe('203.0.113.2')
    await world.done('POST', 'global/forwardingRules', { ...rule, name: 'e2', portRange: '443', IPAddress })
    await world.done('POST', 'global/addresses', { name: 'promoted', address: IPAddress })
    expect(await world.get('global/addresses/promoted')).toMatchObject({ address: IPAddress, status: 'IN_USE' })
    expect((await world.get('global/addresses/promoted'))['users']).toHaveLength(2)
  })

  it('IPv6 addresses are of the documentation range', async () => {
    const world = bench()
    await world.done('POST', 'global/addresses', { name: 'six', ipVersion: 'IPV6' })
    expect(await world.get('global/addresses/six')).toMatchObject({ address: '2001:db8:1::', ipVersion: 'IPV6' })
  })

  it('recorded: labels of an insert are ignored for addresses and forwarding rules', async () => {
    const world = bench()
    await world.done('POST', 'global/addresses', { name: 'a', labels: { a: 'b' } })
    expect(await world.get('global/addresses/a')).not.toHaveProperty('labels')
  })

  it('a rule moves to another proxy', async () => {
    const world = bench()
    await loadBalancer(world)
    await world.done('POST', 'global/targetHttpProxies', { name: 'tp2', urlMap: 'global/urlMaps/um' })
    await world.done('POST', 'global/forwardingRules/fw/setTarget', { target: 'global/targetHttpProxies/tp2' })
    expect((await world.get('global/forwardingRules/fw'))['target']).toBe(make.url('global/targetHttpProxies/tp2'))
    expect((await world.send('DELETE', 'global/targetHttpProxies/tp')).status).toBe(200)
  })
})

describe('backend services', () => {
  it('complete their backends and show who uses them', async () => {
    const world = bench()
    await loadBalancer(world)
    await world.done('POST', `${zone}/instanceGroups`, { name: 'ig' })
    const { fingerprint } = await world.get('global/backendServices/be')
    const group = make.url(`${zone}/instanceGroups/ig`)
    await world.done('PATCH', 'global/backendServices/be', { fingerprint, backends: [{ group }] })
    expect(await world.get('global/backendServices/be')).toMatchObject({
      backends: [{ group, balancingMode: 'UTILIZATION', capacityScaler: 1, maxUtilization: 0.8 }],
      usedBy: [{ reference: make.url('global/urlMaps/um') }],
    })
  })

  it('hide the IAP secret behind its digest, and keep it over a PATCH', async () => {
    const world = bench()
    await world.done('POST', 'global/healthChecks', make.healthCheck('hc'))
    const iap = { enabled: true, oauth2ClientId: 'id', oauth2ClientSecret: 'secret' }
    await world.done('POST', 'global/backendServices', make.backendService('be', { iap }))
    const shown = {
      enabled: true,
      oauth2ClientId: 'id',
      oauth2ClientSecretSha256: '2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b',
    }
    const { fingerprint, iap: first } = await world.get('global/backendServices/be')
    expect(first).toEqual(shown)
    await world.done('PATCH', 'global/backendServices/be', { fingerprint, timeoutSec: 5 })
    expect((await world.get('global/backendServices/be'))['iap']).toEqual(shown)
  })

  it('tell the health that the data plane sees; without one nothing is healthy', async () => {
    const world = bench()
    await loadBalancer(world)
    await world.done('POST', `${zone}/instanceGroups`, { name: 'ig' })
    await world.done('POST', `${zone}/instances`, make.instance('vm'))
    const instance = make.url(`${zone}/instances/vm`)
    await world.done('POST', `${zone}/instanceGroups/ig/addInstances`, { instances: [{ instance }] })
    const group = make.url(`${zone}/instanceGroups/ig`)
    const { fingerprint } = await world.get('global/backendServices/be')
    await world.done('PATCH', 'global/backendServices/be', { fingerprint, backends: [{ group }] })
    const ask = () => world.send('POST', 'global/backendServices/be/getHealth', { group })
    expect((await ask()).body).toEqual({
      kind: 'compute#backendServiceGroupHealth',
      healthStatus: [{ instance, healthState: 'UNHEALTHY' }],
    })
    const asked: unknown[] = []
    world.compute.setHealthSource((service, of) => {
      asked.push([service, of])
      return [{ instance, ipAddress: '10.0.0.1', port: 80, healthState: 'HEALTHY' }]
    })
    expect((await ask()).body).toMatchObject({ healthStatus: [{ healthState: 'HEALTHY', port: 80 }] })
    expect(asked).toEqual([['projects/p/global/backendServices/be', `projects/p/${zone}/instanceGroups/ig`]])
  })

  it('of another project serve a managed URL map', async () => {
    const world = bench()
    await loadBalancer(world)
    const path = '/compute/v1/projects/front/global/urlMaps'
    const body = { name: 'um', defaultService: 'projects/p/global/backendServices/be' }
    expect((await world.compute.handle({ method: 'POST', path, query: {}, headers: {}, body })).status).toBe(200)
  })
})

describe('URL maps', () => {
  const routed = {
    hostRules: [{ hosts: ['a.example.com', '*.b.example.com'], pathMatcher: 'm' }],
    pathMatchers: [
      {
        name: 'm',
        defaultService: 'global/backendServices/be',
        pathRules: [{ paths: ['/x/*'], service: 'global/backendServices/be2' }],
      },
    ],
  }

  async function given(): Promise<Bench> {
    const world = bench()
    await loadBalancer(world)
    await world.done('POST', 'global/backendServices', make.backendService('be2'))
    return world
  }

  it('keep references of their tests as sent, and expand all others', async () => {
    const world = await given()
    const tests = [
      { host: 'x.b.example.com', path: '/x/1', service: 'global/backendServices/be2' },
      { host: 'a.example.com', path: '/y', service: 'global/backendServices/be' },
      { host: 'c.example.com', path: '/x/1', service: 'global/backendServices/be' },
    ]
    await world.done('POST', 'global/urlMaps', make.urlMap('um2', 'be', { ...routed, tests }))
    expect(await world.get('global/urlMaps/um2')).toMatchObject({
      tests: tests.map((test) => ({ ...test, description: '' })),
      pathMatchers: [{ pathRules: [{ service: make.url('global/backendServices/be2') }] }],
    })
  })

  it.each([
    { reason: 'a good map', resource: make.urlMap('um'), result: { loadSucceeded: true, testPassed: true } },
    {
      reason: 'a map whose test fails',
      resource: make.urlMap('um', 'be', { tests: [{ host: 'a', path: '/', service: 'global/backendServices/be2' }] }),
      result: {
        loadSucceeded: true,
        testPassed: false,
        testFailures: [
          {
            host: 'a',
            path: '/',
            expectedService: 'global/backendServices/be2',
            actualService: make.url('global/backendServices/be'),
          },
        ],
      },
    },
    {
      reason: 'a map that cannot be loaded',
      resource: make.urlMap('um', 'be', { hostRules: [{ hosts: ['a'], pathMatcher: 'x' }] }),
      result: {
        loadSucceeded: false,
        testPassed: false,
        loadErrors: [expect.stringContaining('no such path matcher')],
      },
    },
    {
      reason: 'a map with a service that does not exist',
      resource: make.urlMap('um', 'none'),
      result: { loadSucceeded: false, loadErrors: [expect.stringContaining('was not found')] },
    },
  ])('validate $reason with 200 and change nothing', async ({ resource, result }) => {
    const world = await given()
    const before = await world.get('global/urlMaps/um')
    const answer = await world.send('POST', 'global/urlMaps/um/validate', { resource })
    expect(answer).toMatchObject({ status: 200, body: { result } })
    expect(await world.get('global/urlMaps/um')).toEqual(before)
    expect(world.compute.counters().byMethod['urlMaps.validate']).toBe(1)
  })

  it('invalidate caches by an operation', async () => {
    const world = await given()
    expect(await world.done('POST', 'global/urlMaps/um/invalidateCache', { path: '/*' })).toMatchObject({
      operationType: 'invalidateCache',
      status: 'DONE',
    })
    expect((await world.send('POST', 'global/urlMaps/um/invalidateCache', {})).status).toBe(400)
  })

  it('rewrites of prefix and host fit a classic load balancer', async () => {
    const world = bench()
    await loadBalancer(world, 'EXTERNAL')
    await world.done(
      'POST',
      'global/urlMaps',
      make.urlMap('um2', 'be', { defaultRouteAction: { urlRewrite: { hostRewrite: 'x' } } }),
    )
    expect((await world.get('global/urlMaps/um2'))['defaultRouteAction']).toEqual({ urlRewrite: { hostRewrite: 'x' } })
  })
})

describe('certificates', () => {
  it('never show the key, and tell when they expire', async () => {
    const world = bench()
    const certificate = pem('rsa.cert.pem')
    await world.done('POST', 'global/sslCertificates', { name: 'crt', certificate, privateKey: pem('rsa.key.pem') })
    const made = await world.get('global/sslCertificates/crt')
    expect(made).toMatchObject({
      type: 'SELF_MANAGED',
      certificate,
      selfManaged: { certificate },
      subjectAlternativeNames: ['zone-printer.example.com', 'www.example.com'],
    })
    expect(made['expireTime']).toMatch(/^21\d\d-/)
    expect(JSON.stringify([made, world.compute.list('sslCertificates')])).not.toContain('PRIVATE KEY')
    expect(world.compute.privateKey('projects/p/global/sslCertificates/crt')).toBe(pem('rsa.key.pem'))
  })

  it('may be ECDSA, and given under selfManaged', async () => {
    const world = bench()
    const selfManaged = { certificate: pem('ec.cert.pem'), privateKey: pem('ec.key.pem') }
    await world.done('POST', 'global/sslCertificates', { name: 'crt', type: 'SELF_MANAGED', selfManaged })
    expect(JSON.stringify(await world.get('global/sslCertificates/crt'))).not.toContain('PRIVATE KEY')
  })

  it('that Google manages become ACTIVE some time after a forwarding rule sends to them', async () => {
    const world = bench({ certificateDelayMs: 5000 })
    await loadBalancer(world)
    const status = async () => (await world.get('global/sslCertificates/crt'))['managed']
    await world.done('POST', 'global/sslCertificates', {
      name: 'crt',
      type: 'MANAGED',
      managed: { domains: ['a.example.com'] },
    })
    world.clock.advance(60_000)
    expect(await status()).toEqual({
      domains: ['a.example.com'],
      status: 'PROVISIONING',
      domainStatus: { 'a.example.com': 'PROVISIONING' },
    })
    await world.done('POST', 'global/targetHttpsProxies', {
      name: 'tps',
      urlMap: 'global/urlMaps/um',
      sslCertificates: ['global/sslCertificates/crt'],
    })
    world.clock.advance(60_000)
    expect(await status()).toMatchObject({ status: 'PROVISIONING' })
    const changes: string[] = []
    world.compute.onChange(({ target, actor }) => actor === 'system' && changes.push(target))
    await world.done('POST', 'global/forwardingRules', {
      name: 'fws',
      target: 'global/targetHttpsProxies/tps',
      portRange: '443',
      IPAddress: 'ip',
      loadBalancingScheme: 'EXTERNAL_MANAGED',
    })
    world.clock.advance(4000)
    expect(await status()).toMatchObject({ status: 'PROVISIONING' })
    world.clock.advance(1000)
    expect(await status()).toMatchObject({ status: 'ACTIVE', domainStatus: { 'a.example.com': 'ACTIVE' } })
    expect(changes).toEqual(['projects/p/global/sslCertificates/crt'])
  })

  it('are swapped on a living proxy', async () => {
    const world = bench()
    await loadBalancer(world)
    for (const name of ['old', 'new']) {
      await world.done('POST', 'global/sslCertificates', {
        name,
        certificate: pem('rsa.cert.pem'),
        privateKey: pem('rsa.key.pem'),
      })
    }
    await world.done('POST', 'global/targetHttpsProxies', {
      name: 'tps',
      urlMap: 'global/urlMaps/um',
      sslCertificates: ['global/sslCertificates/old'],
    })
    await world.done('POST', 'targetHttpsProxies/tps/setSslCertificates', {
      sslCertificates: ['global/sslCertificates/new'],
    })
    expect((await world.get('global/targetHttpsProxies/tps'))['sslCertificates']).toEqual([
      make.url('global/sslCertificates/new'),
    ])
    expect((await world.send('DELETE', 'global/sslCertificates/old')).status).toBe(200)
    expect((await world.send('DELETE', 'global/sslCertificates/new')).status).toBe(400)
    expect(
      refusal(await world.send('POST', 'targetHttpsProxies/tps/setSslCertificates', { sslCertificates: [] })).reason,
    ).toBe('required')
  })
})

describe('groups', () => {
  async function given(): Promise<Bench> {
    const world = bench()
    for (const name of ['vm1', 'vm2']) await world.done('POST', `${zone}/instances`, make.instance(name))
    await world.done('POST', `${zone}/instanceGroups`, { name: 'ig' })
    await world.done('POST', `${zone}/networkEndpointGroups`, { name: 'neg', defaultPort: 8080 })
    return world
  }
  const vm = (name: string) => ({ instance: make.url(`${zone}/instances/${name}`) })

  it('take machines, their network with the first, and lose machines that are deleted', async () => {
    const world = await given()
    expect(await world.get(`${zone}/instanceGroups/ig`)).toMatchObject({ size: 0, zone: make.url(zone) })
    await world.done('POST', `${zone}/instanceGroups/ig/addInstances`, { instances: [vm('vm1'), vm('vm2')] })
    await world.done('POST', `${zone}/instanceGroups/ig/setNamedPorts`, {
      namedPorts: [{ name: 'http', port: 30_061 }],
    })
    expect(await world.get(`${zone}/instanceGroups/ig`)).toMatchObject({
      size: 2,
      network: make.url('global/networks/default'),
      namedPorts: [{ name: 'http', port: 30_061 }],
    })
    const list = await world.send('POST', `${zone}/instanceGroups/ig/listInstances`, {})
    expect(list.body).toEqual({
      kind: 'compute#instanceGroupsListInstances',
      items: ['vm1', 'vm2'].map((name) => ({
        ...vm(name),
        status: 'RUNNING',
        namedPorts: [{ name: 'http', port: 30_061 }],
      })),
    })
    const changes: string[] = []
    world.compute.onChange(({ target, actor }) => actor === 'system' && changes.push(target))
    await world.done('DELETE', `${zone}/instances/vm1`)
    expect(changes).toEqual([`projects/p/${zone}/instanceGroups/ig`])
    await world.done('POST', `${zone}/instanceGroups/ig/removeInstances`, { instances: [vm('vm2')] })
    expect((await world.send('POST', `${zone}/instanceGroups/ig/listInstances`)).body).not.toHaveProperty('items')
  })

  it('may be changed by two callers at once: both changes hold', async () => {
    const world = await given()
    await world.send('POST', `${zone}/instanceGroups/ig/addInstances`, { instances: [vm('vm1')] })
    await world.send('POST', `${zone}/instanceGroups/ig/addInstances`, { instances: [vm('vm2')] })
    world.clock.advance(1000)
    expect((await world.get(`${zone}/instanceGroups/ig`))['size']).toBe(2)
  })

  it('named ports without a fingerprint overwrite, with one they do not', async () => {
    const world = await given()
    const { fingerprint } = await world.get(`${zone}/instanceGroups/ig`)
    const set = (port: number, more = {}) =>
      world.done('POST', `${zone}/instanceGroups/ig/setNamedPorts`, { namedPorts: [{ name: 'http', port }], ...more })
    await set(1)
    await set(2)
    await expect(set(3, { fingerprint })).rejects.toThrow('412')
    expect((await world.get(`${zone}/instanceGroups/ig`))['namedPorts']).toEqual([{ name: 'http', port: 2 }])
  })

  it('of endpoints take endpoints by name of the machine, once each', async () => {
    const world = await given()
    const endpoints = [
      { instance: 'vm1', ipAddress: '10.4.0.2', port: 80 },
      { instance: 'vm2', ipAddress: '10.4.1.2' },
    ]
    await world.done('POST', `${zone}/networkEndpointGroups/neg/attachNetworkEndpoints`, {
      networkEndpoints: endpoints,
    })
    await world.done('POST', `${zone}/networkEndpointGroups/neg/attachNetworkEndpoints`, {
      networkEndpoints: endpoints,
    })
    expect((await world.get(`${zone}/networkEndpointGroups/neg`))['size']).toBe(2)
    await world.done('POST', `${zone}/networkEndpointGroups/neg/detachNetworkEndpoints`, {
      networkEndpoints: endpoints.slice(1),
    })
    const list = await world.send('POST', `${zone}/networkEndpointGroups/neg/listNetworkEndpoints`, {})
    expect(list.body).toMatchObject({ items: [{ networkEndpoint: { ...vm('vm1'), ipAddress: '10.4.0.2', port: 80 } }] })
  })

  it('machines get an address and tags with a fingerprint', async () => {
    const world = await given()
    const before = await world.get(`${zone}/instances/vm1`)
    expect(before).toMatchObject({
      status: 'RUNNING',
      networkInterfaces: [{ network: make.url('global/networks/default'), name: 'nic0' }],
    })
    const { fingerprint } = before['tags'] as { fingerprint: string }
    await world.done('POST', `${zone}/instances/vm1/setTags`, { items: ['node'], fingerprint })
    expect((await world.get(`${zone}/instances/vm1`))['tags']).toMatchObject({ items: ['node'] })
    expect((await world.send('POST', `${zone}/instances/vm1/setTags`, { items: [], fingerprint })).status).toBe(412)
  })
})

describe('defaults', () => {
  it.each([
    {
      reason: 'a firewall rule is open to the world unless it says otherwise',
      path: 'global/firewalls',
      body: { name: 'x', allowed: [{ IPProtocol: 'tcp', ports: ['80', '8080-8090'] }] },
      shown: {
        direction: 'INGRESS',
        priority: 1000,
        disabled: false,
        logConfig: { enable: false },
        network: make.url('global/networks/default'),
        sourceRanges: ['0.0.0.0/0'],
      },
    },
    {
      reason: 'a health check has the documented times',
      path: 'global/healthChecks',
      body: { name: 'x', type: 'HTTPS' },
      shown: {
        checkIntervalSec: 5,
        timeoutSec: 5,
        healthyThreshold: 2,
        unhealthyThreshold: 2,
        httpsHealthCheck: { port: 443, requestPath: '/', proxyHeader: 'NONE' },
      },
    },
    {
      reason: 'USE_SERVING_PORT brings no port',
      path: 'global/healthChecks',
      body: { name: 'x', type: 'HTTP', httpHealthCheck: { portSpecification: 'USE_SERVING_PORT' } },
      shown: { httpHealthCheck: { portSpecification: 'USE_SERVING_PORT', requestPath: '/', proxyHeader: 'NONE' } },
    },
    {
      reason: 'a backend service is classic HTTP unless it says otherwise (recorded)',
      path: 'global/backendServices',
      body: { name: 'x' },
      shown: {
        loadBalancingScheme: 'EXTERNAL',
        protocol: 'HTTP',
        port: 80,
        portName: 'http',
        timeoutSec: 30,
        sessionAffinity: 'NONE',
        affinityCookieTtlSec: 0,
        enableCDN: false,
        description: '',
      },
    },
    {
      reason: 'a zonal NEG is of machines in the default network',
      path: `${zone}/networkEndpointGroups`,
      body: { name: 'x' },
      shown: {
        networkEndpointType: 'GCE_VM_IP_PORT',
        network: make.url('global/networks/default'),
        size: 0,
        zone: make.url(zone),
      },
    },
  ])('$reason', async ({ path, body, shown }) => {
    const world = bench()
    await world.done('POST', path, body)
    const made = await world.get(`${path}/x`)
    expect(made).toMatchObject(shown)
    for (const [name, value] of Object.entries(shown)) expect(made[name]).toEqual(value)
  })
})
