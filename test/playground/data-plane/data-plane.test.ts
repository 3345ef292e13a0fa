import { describe, expect, it } from 'vitest'
import { CHECK, FIREWALL, G, IP, MAP, NETWORK, RULE, SERVICE, url, world, type GroupSpec } from './world.ts'

const US: GroupSpec = { zone: 'us-central1-a', nodes: 1, nodePort: 30001 }
const US_B: GroupSpec = { zone: 'us-central1-b', nodes: 1, nodePort: 30001 }
const EU: GroupSpec = { zone: 'europe-west1-b', nodes: 1, nodePort: 31234 }

const client = (region: string): { headers: Record<string, string> } => ({ headers: { 'x-client-region': region } })

describe('health', () => {
  it('starts unhealthy, and the first probe that passes brings traffic', async () => {
    const w = world([US])
    expect(await w.ask()).toBe('502 lb')
    await w.clock.advance(0)
    expect(await w.ask()).toBe('200 gke-c-us-central1-a-0')
    expect(w.probes[0]).toMatchObject({ path: '/healthz', host: '10.0.1.0' })
  })

  it('needs as many passes as the healthy threshold says', async () => {
    const w = world([US], { check: { healthyThreshold: 3 } })
    await w.clock.advance(19_999)
    expect(await w.ask()).toBe('502 lb')
    await w.clock.advance(1)
    expect(await w.ask()).toBe('200 gke-c-us-central1-a-0')
  })

  it('is noticed only by the checks: a broken backend gets requests until the unhealthy threshold', async () => {
    const w = world([US])
    await w.settle()
    w.pods.clear()
    const before = await w.get()
    expect(before?.status).toBe(502)
    expect(before?.body).toContain('refused the connection')
    await w.settle()
    expect((await w.get())?.body).toContain('No backend')
  })

  it('runs faster by the health scale', async () => {
    const w = world([US], { healthScale: 100, check: { healthyThreshold: 2 } })
    await w.clock.advance(99)
    expect(await w.ask()).toBe('502 lb')
    await w.clock.advance(1)
    expect(await w.ask()).toBe('200 gke-c-us-central1-a-0')
  })

  const rows: { reason: string; check: Record<string, unknown>; nodePort?: number; answer?: string; want: string }[] = [
    { reason: 'USE_SERVING_PORT follows the named port', check: {}, want: '200' },
    {
      reason: 'a fixed port that serves',
      check: { httpHealthCheck: { portSpecification: 'USE_FIXED_PORT', port: 30001 } },
      want: '200',
    },
    {
      reason: 'a fixed port where nobody listens',
      check: { httpHealthCheck: { portSpecification: 'USE_FIXED_PORT', port: 30002 } },
      want: '502',
    },
    { reason: 'a port alone is a fixed port', check: { httpHealthCheck: { port: 30001 } }, want: '200' },
    { reason: 'no port at all is port 80', check: { httpHealthCheck: {} }, want: '502' },
    { reason: 'the member of another type is not read', check: { type: 'HTTPS' }, want: '502' },
    {
      reason: 'a TCP check wants only a connection',
      check: { type: 'TCP', tcpHealthCheck: { port: 30001 } },
      answer: 'unused',
      want: '200',
    },
    { reason: 'the wanted response', check: { httpHealthCheck: { port: 30001, response: 'gke-c' } }, want: '200' },
    { reason: 'another response', check: { httpHealthCheck: { port: 30001, response: 'nope' } }, want: '502' },
  ]
  it.each(rows)('$reason', async ({ check, want }) => {
    const w = world([US], { check })
    await w.settle()
    expect(String((await w.get())?.status)).toBe(want)
  })

  it.each([
    { reason: '204 is not healthy', status: 204 },
    { reason: 'a redirect is not healthy', status: 301 },
    { reason: '500 is not healthy', status: 500 },
  ])('$reason', async ({ status }) => {
    const w = world([US])
    w.pods.set(`${w.machineLink(US, 0)}:30001`, () => ({ status, body: '' }))
    await w.settle()
    expect(await w.ask()).toBe('502 lb')
  })

  it('does not wait for a probe beyond its timeout', async () => {
    const w = world([US])
    w.pods.set(`${w.machineLink(US, 0)}:30001`, ({ path }) =>
      path === '/healthz' ? new Promise(() => undefined) : { status: 200, body: 'x' },
    )
    await w.settle()
    expect(await w.ask()).toBe('502 lb')
  })

  it('cuts a backend off when the firewall rule goes', async () => {
    const w = world([US])
    await w.settle()
    expect(await w.ask()).toBe('200 gke-c-us-central1-a-0')
    w.config.remove(FIREWALL)
    expect(await w.ask()).toBe('502 lb')
    await w.settle()
    w.config.put(FIREWALL, { network: url(NETWORK), sourceRanges: ['0.0.0.0/0'], allowed: [{ IPProtocol: 'tcp' }] })
    expect((await w.get())?.body).toContain('No backend')
    await w.settle()
    expect(await w.ask()).toBe('200 gke-c-us-central1-a-0')
  })

  it('never becomes healthy without a health check', async () => {
    const w = world([US])
    w.config.patch(SERVICE, { healthChecks: [] })
    await w.settle()
    expect(await w.ask()).toBe('502 lb')
  })

  it('keeps the health of what stays when the service changes', async () => {
    const w = world([US])
    await w.settle()
    w.addGroup(EU)
    w.config.patch(SERVICE, {
      backends: [
        { group: url(w.groupLink(US)), capacityScaler: 1 },
        { group: url(w.groupLink(EU)), capacityScaler: 1 },
      ],
    })
    expect(await w.ask()).toBe('200 gke-c-us-central1-a-0')
    expect(await w.ask(client('europe-west4'))).toBe('200 gke-c-us-central1-a-0')
    await w.settle()
    expect(await w.ask(client('europe-west4'))).toBe('200 gke-c-europe-west1-b-0')
  })

  it('tells getHealth per group, by URL or by path', async () => {
    const w = world([US, EU])
    await w.settle()
    w.pods.delete(`${w.machineLink(EU, 0)}:31234`)
    await w.settle()
    expect(w.plane.healthOf(url(SERVICE), url(w.groupLink(US)))).toEqual([
      { instance: url(w.machineLink(US, 0)), ipAddress: '10.0.1.0', port: 30001, healthState: 'HEALTHY' },
    ])
    expect(w.plane.healthOf(SERVICE, w.groupLink(EU))).toMatchObject([{ port: 31234, healthState: 'UNHEALTHY' }])
    expect(w.plane.healthOf(SERVICE, 'projects/p/zones/z/instanceGroups/none')).toEqual([])
  })
})

describe('ports', () => {
  it('a named port that changes is followed at once, and the new port starts unhealthy', async () => {
    const w = world([US])
    await w.settle()
    w.config.patch(w.groupLink(US), { namedPorts: [{ name: 'mci-zone-printer', port: 30009 }] })
    w.pods.set(`${w.machineLink(US, 0)}:30009`, () => ({ status: 200, body: 'new port' }))
    expect(await w.ask()).toBe('502 lb')
    await w.settle()
    expect(await w.ask()).toBe('200 new port')
  })

  it('a NodePort that changes under an unchanged named port is dead', async () => {
    const w = world([US])
    await w.settle()
    w.pods.delete(`${w.machineLink(US, 0)}:30001`)
    w.pods.set(`${w.machineLink(US, 0)}:30009`, () => ({ status: 200, body: 'new port' }))
    await w.settle()
    expect(await w.ask()).toBe('502 lb')
  })

  it('a named port that is missing leaves the group without a backend, and says so in getHealth', async () => {
    const w = world([US])
    w.config.patch(w.groupLink(US), { namedPorts: [{ name: 'port30001', port: 30001 }] })
    await w.settle()
    expect(await w.ask()).toBe('502 lb')
    expect(w.plane.healthOf(SERVICE, w.groupLink(US))).toEqual([
      { instance: url(w.machineLink(US, 0)), ipAddress: '10.0.1.0', healthState: 'UNHEALTHY' },
    ])
  })
})

describe('choice of a backend', () => {
  const US_WEST: GroupSpec = { zone: 'us-west1-a', nodes: 1, nodePort: 30001 }
  const ASIA: GroupSpec = { zone: 'asia-east1-a', nodes: 1, nodePort: 30001 }

  it.each([
    { reason: 'its own region', region: 'europe-west1', want: 'gke-c-europe-west1-b-0' },
    { reason: 'the nearest region', region: 'europe-west4', want: 'gke-c-europe-west1-b-0' },
    { reason: 'across an ocean when that is nearest', region: 'southamerica-east1', want: 'gke-c-us-central1-a-0' },
    { reason: 'Asia from Australia', region: 'australia-southeast1', want: 'gke-c-asia-east1-a-0' },
    { reason: 'the west from Los Angeles', region: 'us-west2', want: 'gke-c-us-west1-a-0' },
    { reason: 'a default for a client that names no region', region: undefined, want: 'gke-c-us-central1-a-0' },
  ])('goes to $reason', async ({ region, want }) => {
    const w = world([US, EU, US_WEST, ASIA])
    await w.settle()
    expect(await w.ask(region === undefined ? {} : client(region))).toBe(`200 ${want}`)
  })

  it('leaves a region that is unhealthy or drained, and returns', async () => {
    const w = world([US, EU])
    await w.settle()
    const backends = (scaler: number): Record<string, unknown> => ({
      backends: [US, EU].map((group) => ({
        group: url(w.groupLink(group)),
        capacityScaler: group === EU ? scaler : 1,
      })),
    })
    w.config.patch(SERVICE, backends(0))
    expect(await w.ask(client('europe-west1'))).toBe('200 gke-c-us-central1-a-0')
    w.config.patch(SERVICE, backends(1))
    expect(await w.ask(client('europe-west1'))).toBe('200 gke-c-europe-west1-b-0')
    w.pods.delete(`${w.machineLink(EU, 0)}:31234`)
    await w.settle()
    expect(await w.ask(client('europe-west1'))).toBe('200 gke-c-us-central1-a-0')
  })

  it.each([
    { reason: 'equal capacity', a: {}, b: {}, want: [50, 50] },
    {
      reason: 'a rate three times as high',
      a: { maxRatePerInstance: 3 },
      b: { maxRatePerInstance: 1 },
      want: [75, 25],
    },
    { reason: 'a rate for the whole group', a: { maxRate: 1 }, b: { maxRate: 4 }, want: [20, 80] },
    { reason: 'a scaler of one quarter', a: { capacityScaler: 0.25 }, b: { capacityScaler: 0.75 }, want: [25, 75] },
  ])('spreads over the groups of a region in proportion: $reason', async ({ a, b, want }) => {
    const w = world([US, US_B])
    const common = { balancingMode: 'RATE', capacityScaler: 1, maxRatePerInstance: 1 }
    w.config.patch(SERVICE, {
      backends: [
        { group: url(w.groupLink(US)), ...common, ...a },
        { group: url(w.groupLink(US_B)), ...common, ...b },
      ],
    })
    await w.settle()
    let inA = 0
    for (let i = 0; i < 100; i++) if ((await w.ask()).includes('central1-a')) inA++
    expect([inA, 100 - inA]).toEqual(want)
  })

  it('takes turns over the machines of a group, leaving out the unhealthy', async () => {
    const w = world([{ ...US, nodes: 3 }])
    await w.settle()
    w.pods.delete(`${w.machineLink(US, 1)}:30001`)
    await w.settle()
    const got = new Set<string>()
    for (let i = 0; i < 6; i++) got.add(await w.ask())
    expect([...got].toSorted()).toEqual(['200 gke-c-us-central1-a-0', '200 gke-c-us-central1-a-2'])
  })

  it('sends to the pods of network endpoint groups by address and port', async () => {
    const w = world([US])
    const neg = 'projects/p/zones/us-central1-a/networkEndpointGroups/k8s1-x'
    w.config.put(neg, {
      network: url(NETWORK),
      members: [{ instance: 'gke-c-us-central1-a-0', ipAddress: '10.4.0.7', port: 8080 }],
    })
    w.config.patch(SERVICE, { backends: [{ group: url(neg), balancingMode: 'RATE', maxRatePerEndpoint: 100 }] })
    w.config.patch(FIREWALL, { allowed: [{ IPProtocol: 'tcp', ports: ['8080'] }] })
    w.pods.set('10.4.0.7:8080', () => ({ status: 200, body: 'pod' }))
    await w.settle()
    expect(await w.ask()).toBe('200 pod')
    expect(w.plane.healthOf(SERVICE, neg)).toEqual([
      { instance: url(w.machineLink(US, 0)), ipAddress: '10.4.0.7', port: 8080, healthState: 'HEALTHY' },
    ])
    w.config.patch(neg, { members: [] })
    expect(await w.ask()).toBe('502 lb')
  })
})

describe('what happens to requests under way', () => {
  async function underWay(
    timeoutSec: number,
  ): Promise<{ w: ReturnType<typeof world>; answer: Promise<string>; finish: () => void }> {
    const w = world([US, EU])
    w.config.patch(SERVICE, { timeoutSec })
    await w.settle()
    const pending = Promise.withResolvers<undefined>()
    w.pods.set(`${w.machineLink(EU, 0)}:31234`, async ({ path }) => {
      if (path === '/slow') await pending.promise
      return { status: 200, body: 'finished' }
    })
    const answer = w.ask({ path: '/slow', ...client('europe-west1') })
    await w.clock.advance(0)
    return { w, answer, finish: () => pending.resolve(undefined) }
  }

  const leave: { reason: string; act: (w: ReturnType<typeof world>) => void }[] = [
    {
      reason: 'the backend is removed',
      act: (w) => w.config.patch(SERVICE, { backends: [{ group: url(w.groupLink(US)) }] }),
    },
    {
      reason: 'the backend is set to zero',
      act: (w) =>
        w.config.patch(SERVICE, {
          backends: [{ group: url(w.groupLink(US)) }, { group: url(w.groupLink(EU)), capacityScaler: 0 }],
        }),
    },
    { reason: 'the machine leaves its group', act: (w) => w.config.patch(w.groupLink(EU), { members: [] }) },
  ]
  it.each(leave)('it finishes within the draining time when $reason', async ({ act }) => {
    const { w, answer, finish } = await underWay(1000)
    act(w)
    await w.clock.advance(59_000)
    expect(await w.ask(client('europe-west1'))).toBe('200 gke-c-us-central1-a-0')
    finish()
    expect(await answer).toBe('200 finished')
  })

  it.each(leave)('it is cut when the draining time is over and $reason', async ({ act }) => {
    const { w, answer } = await underWay(1000)
    act(w)
    await w.clock.advance(60_000)
    expect(await answer).toBe('502 lb')
  })

  it('is answered 504 when the backend service’s timeout is over', async () => {
    const { w, answer } = await underWay(30)
    await w.clock.advance(30_000)
    expect(await answer).toBe('504 lb')
  })

  it('is answered 502 when the backend breaks the connection', async () => {
    const w = world([US])
    await w.settle()
    w.pods.set(`${w.machineLink(US, 0)}:30001`, () => Promise.reject(new Error('reset')))
    expect(await w.ask()).toBe('502 lb')
  })
})

describe('configuration', () => {
  it('passes the request on as the client sent it, and the pod’s answer with its headers', async () => {
    const w = world([US])
    await w.settle()
    w.pods.set(`${w.machineLink(US, 0)}:30001`, (request) => ({
      status: 201,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
    }))
    const answer = await w.get({
      method: 'POST',
      host: 'example.com:80',
      path: '/a?b=c',
      headers: { accept: 'application/json' },
    })
    expect(answer).toMatchObject({ status: 201, headers: { 'content-type': 'application/json' } })
    expect(JSON.parse(answer?.body ?? '')).toMatchObject({
      method: 'POST',
      path: '/a?b=c',
      host: 'example.com:80',
      headers: { accept: 'application/json', 'x-forwarded-proto': 'http' },
    })
  })

  it.each([
    { reason: 'no forwarding rule', act: (w: ReturnType<typeof world>) => w.config.remove(RULE), want: 'refused' },
    {
      reason: 'no proxy',
      act: (w: ReturnType<typeof world>) => w.config.remove(`${G}/targetHttpProxies/lb`),
      want: 'refused',
    },
    {
      reason: 'another address',
      act: (w: ReturnType<typeof world>) => w.config.patch(RULE, { IPAddress: '203.0.113.2' }),
      want: 'refused',
    },
    {
      reason: 'another port',
      act: (w: ReturnType<typeof world>) => w.config.patch(RULE, { portRange: '8080-8080' }),
      want: 'refused',
    },
    { reason: 'no URL map', act: (w: ReturnType<typeof world>) => w.config.remove(MAP), want: '502 lb' },
    { reason: 'no backend service', act: (w: ReturnType<typeof world>) => w.config.remove(SERVICE), want: '502 lb' },
    {
      reason: 'a map that answers 404 by itself',
      act: (w: ReturnType<typeof world>) =>
        w.config.put(MAP, {
          defaultRouteAction: { faultInjectionPolicy: { abort: { httpStatus: 404, percentage: 100 } } },
        }),
      want: '404 lb',
    },
  ])('is obeyed at once: $reason', async ({ act, want }) => {
    const w = world([US])
    await w.settle()
    act(w)
    expect(await w.ask()).toBe(want)
  })

  it('arrives late when there is a propagation delay', async () => {
    const w = world([US], { propagationMs: 5000 })
    await w.settle()
    w.config.remove(RULE)
    await w.clock.advance(4999)
    expect(await w.ask()).toBe('200 gke-c-us-central1-a-0')
    await w.clock.advance(1)
    expect(await w.ask()).toBe('refused')
  })

  it('redirects with a location', async () => {
    const w = world([US])
    w.config.put(MAP, { defaultUrlRedirect: { httpsRedirect: true } })
    expect(await w.get({ path: '/a' })).toMatchObject({ status: 301, headers: { location: 'https://example.com/a' } })
  })

  it('probes with a health check as it is now', async () => {
    const w = world([US])
    await w.settle()
    w.config.patch(CHECK, { httpHealthCheck: { portSpecification: 'USE_SERVING_PORT', requestPath: '/ready' } })
    await w.clock.advance(10_000)
    expect(w.probes.at(-1)?.path).toBe('/ready')
  })

  it('stops probing a service that is gone', async () => {
    const w = world([US])
    await w.settle()
    w.config.remove(SERVICE)
    await w.clock.advance(0)
    const before = w.probes.length
    await w.settle()
    expect(w.probes).toHaveLength(before)
    expect(w.plane.frontEnds()).toMatchObject([{ ip: IP, port: 80, scheme: 'http' }])
  })
})
