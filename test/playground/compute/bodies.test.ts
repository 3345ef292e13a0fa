import { describe, expect, it } from 'vitest'
import { type Bench, bench, loadBalancer, make, refusal } from './harness.ts'

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

  it('takes a fingerprint in either base64 alphabet, padded or not', async () => {
    const world = bench()
    await loadBalancer(world)
    const { fingerprint } = await world.get('global/urlMaps/um')
    const bytes = Buffer.from(fingerprint as string, 'base64')
    const plain = { description: 'x', fingerprint: bytes.toString('base64').replace('=', '') }
    expect((await world.send('PATCH', 'global/urlMaps/um', plain)).status).toBe(200)
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
