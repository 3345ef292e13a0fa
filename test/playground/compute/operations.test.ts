import { describe, expect, it } from 'vitest'
import { type Bench, bench, loadBalancer, make, operationMs, refusal } from './harness.ts'

const requestId = 'c0ffee00-0000-4000-8000-000000000001'

async function statusOf(world: Bench, path: string): Promise<number> {
  return (await world.send('GET', path)).status
}

describe('operations', () => {
  it('answer every mutation with 200 and RUNNING, and are DONE after the delay', async () => {
    const world = bench()
    const answer = await world.send('POST', 'global/healthChecks', make.healthCheck('hc'))
    expect(answer).toMatchObject({
      status: 200,
      body: {
        kind: 'compute#operation',
        operationType: 'insert',
        status: 'RUNNING',
        progress: 0,
        user: 'user@example.com',
        targetLink: make.url('global/healthChecks/hc'),
      },
    })
    expect(answer.body).not.toHaveProperty('endTime')
    const name = (answer.body as { name: string }).name
    expect(name).toMatch(/^operation-\d{13}-[0-9a-f]{13}-[0-9a-f]{8}-[0-9a-f]{8}$/)
    world.clock.advance(operationMs - 1)
    expect(await world.get(`global/operations/${name}`)).toMatchObject({ status: 'RUNNING' })
    world.clock.advance(1)
    expect(await world.get(`global/operations/${name}`)).toMatchObject({ status: 'DONE', progress: 100 })
    expect(await world.get(`global/operations/${name}`)).not.toHaveProperty('response')
    const made = await world.get('global/healthChecks/hc')
    expect(made['id']).toBe((answer.body as { targetId: string }).targetId)
    expect(made['id']).toMatch(/^\d{19}$/)
  })

  it('take the time that is asked for each of them', async () => {
    const world = bench({ operationDelayMs: (collection) => (collection === 'urlMaps' ? 500 : 10) })
    await world.send('POST', 'global/healthChecks', make.healthCheck('hc'))
    world.clock.advance(10)
    expect(await statusOf(world, 'global/healthChecks/hc')).toBe(200)
    await world.send('POST', 'global/backendServices', make.backendService('be'))
    world.clock.advance(10)
    await world.send('POST', 'global/urlMaps', make.urlMap('um'))
    world.clock.advance(499)
    expect(await statusOf(world, 'global/urlMaps/um')).toBe(404)
    world.clock.advance(1)
    expect(await statusOf(world, 'global/urlMaps/um')).toBe(200)
  })

  it('live in the scope of their resource', async () => {
    const world = bench()
    const zonal = await world.done('POST', 'zones/us-central1-a/instanceGroups', { name: 'ig' })
    expect(zonal).toMatchObject({ zone: make.url('zones/us-central1-a'), status: 'DONE' })
    expect(zonal['selfLink']).toMatch(/\/zones\/us-central1-a\/operations\//)
    const regional = await world.done('POST', 'regions/us-central1/addresses', { name: 'a' })
    expect(regional).toMatchObject({ region: make.url('regions/us-central1') })
    const list = await world.get('zones/us-central1-a/operations')
    expect(list).toMatchObject({ kind: 'compute#operationList', items: [{ name: zonal['name'] }] })
    const all = await world.get('aggregated/operations')
    expect(Object.keys(all['items'] as object).sort()).toEqual(['regions/us-central1', 'zones/us-central1-a'])
  })

  it('are waited for until they end, or for two minutes', async () => {
    const world = bench({ operationDelayMs: 130_000 })
    const { name } = (await world.send('POST', 'global/addresses', { name: 'a' })).body as { name: string }
    const first = world.send('POST', `global/operations/${name}/wait`)
    await Promise.resolve()
    world.clock.advance(120_000)
    expect((await first).body).toMatchObject({ status: 'RUNNING' })
    const second = world.send('POST', `global/operations/${name}/wait`)
    await Promise.resolve()
    world.clock.advance(10_000)
    expect((await second).body).toMatchObject({ status: 'DONE' })
  })

  it('can be deleted when they are done', async () => {
    const world = bench()
    const { name } = (await world.send('POST', 'global/addresses', { name: 'a' })).body as { name: string }
    expect((await world.send('DELETE', `global/operations/${name}`)).status).toBe(400)
    world.clock.advance(operationMs)
    expect(await world.send('DELETE', `global/operations/${name}`)).toEqual({ status: 200, body: {} })
    expect(await statusOf(world, `global/operations/${name}`)).toBe(404)
  })

  it.each([
    { reason: 'recorded: setLabels of an address is DONE at once', path: 'global/addresses/ip' },
    { reason: 'recorded: setLabels of a forwarding rule is DONE at once', path: 'global/forwardingRules/fw' },
  ])('$reason', async ({ path }) => {
    const world = bench()
    await loadBalancer(world)
    const { labelFingerprint } = await world.get(path)
    const answer = await world.send('POST', `${path}/setLabels`, { labels: { a: 'b' }, labelFingerprint })
    expect(answer.body).toMatchObject({ operationType: 'setLabels', status: 'DONE', progress: 100 })
    const after = await world.get(path)
    expect(after['labels']).toEqual({ a: 'b' })
    expect(after['labelFingerprint']).not.toBe(labelFingerprint)
  })
})

describe('what is under way', () => {
  it('is not shown before it is made, and shown until it is gone', async () => {
    const world = bench()
    await world.send('POST', 'global/addresses', { name: 'a' })
    expect(await statusOf(world, 'global/addresses/a')).toBe(404)
    expect(await world.get('global/addresses')).not.toHaveProperty('items')
    world.clock.advance(operationMs)
    expect(await statusOf(world, 'global/addresses/a')).toBe(200)
    await world.send('DELETE', 'global/addresses/a')
    expect(await statusOf(world, 'global/addresses/a')).toBe(200)
    world.clock.advance(operationMs)
    expect(await statusOf(world, 'global/addresses/a')).toBe(404)
  })

  it('holds its references from the start of the insert to the end of the delete', async () => {
    const world = bench()
    await world.done('POST', 'global/healthChecks', make.healthCheck('hc'))
    await world.send('POST', 'global/backendServices', make.backendService('be'))
    expect(refusal(await world.send('DELETE', 'global/healthChecks/hc')).reason).toBe('resourceInUseByAnotherResource')
    world.clock.advance(operationMs)
    await world.send('DELETE', 'global/backendServices/be')
    expect(refusal(await world.send('DELETE', 'global/healthChecks/hc')).reason).toBe('resourceInUseByAnotherResource')
    world.clock.advance(operationMs)
    expect((await world.send('DELETE', 'global/healthChecks/hc')).status).toBe(200)
  })

  it('holds old and new references while a change is under way', async () => {
    const world = bench()
    await loadBalancer(world)
    await world.done('POST', 'global/urlMaps', make.urlMap('um2'))
    await world.send('POST', 'targetHttpProxies/tp/setUrlMap', { urlMap: 'global/urlMaps/um2' })
    expect((await world.get('global/targetHttpProxies/tp'))['urlMap']).toBe(make.url('global/urlMaps/um'))
    expect((await world.send('DELETE', 'global/urlMaps/um')).status).toBe(400)
    expect((await world.send('DELETE', 'global/urlMaps/um2')).status).toBe(400)
    world.clock.advance(operationMs)
    expect((await world.get('global/targetHttpProxies/tp'))['urlMap']).toBe(make.url('global/urlMaps/um2'))
    expect((await world.send('DELETE', 'global/urlMaps/um')).status).toBe(200)
    expect((await world.send('DELETE', 'global/urlMaps/um2')).status).toBe(400)
  })

  it.each([
    { reason: 'insert of a name in creation', begin: 'POST', then: 'POST', status: 409, code: 'alreadyExists' },
    { reason: 'insert of a name in deletion', begin: 'DELETE', then: 'POST', status: 400, code: 'resourceNotReady' },
    {
      reason: 'delete of what is being deleted',
      begin: 'DELETE',
      then: 'DELETE',
      status: 400,
      code: 'resourceNotReady',
    },
    { reason: 'delete of what is being made', begin: 'POST', then: 'DELETE', status: 404, code: 'notFound' },
  ])('refuses: $reason', async ({ begin, then, status, code }) => {
    const world = bench()
    if (begin === 'DELETE') await world.done('POST', 'global/addresses', { name: 'a' })
    const send = (method: string) =>
      method === 'POST'
        ? world.send('POST', 'global/addresses', { name: 'a' })
        : world.send('DELETE', 'global/addresses/a')
    await send(begin)
    expect(refusal(await send(then))).toMatchObject({ status, reason: code })
  })

  it('refuses a second change and a delete while one is under way', async () => {
    const world = bench()
    await loadBalancer(world)
    await world.done('POST', 'global/urlMaps', make.urlMap('free'))
    const { fingerprint } = await world.get('global/urlMaps/free')
    await world.send('PATCH', 'global/urlMaps/free', { description: 'a', fingerprint })
    const second = await world.send('PATCH', 'global/urlMaps/free', { description: 'b', fingerprint })
    expect(refusal(second)).toEqual({
      status: 400,
      reason: 'resourceNotReady',
      message: "The resource 'projects/p/global/urlMaps/free' is not ready",
    })
    expect(refusal(await world.send('DELETE', 'global/urlMaps/free')).reason).toBe('resourceNotReady')
    world.clock.advance(operationMs)
    const third = await world.send('PATCH', 'global/urlMaps/free', { description: 'b', fingerprint })
    expect(refusal(third).status, 'the fingerprint is stale now').toBe(412)
  })

  it('cannot be referenced before it is made nor while it goes', async () => {
    const world = bench()
    await world.send('POST', 'global/healthChecks', make.healthCheck('hc'))
    expect(refusal(await world.send('POST', 'global/backendServices', make.backendService('be'))).reason).toBe(
      'resourceNotReady',
    )
    world.clock.advance(operationMs)
    await world.send('DELETE', 'global/healthChecks/hc')
    expect(refusal(await world.send('POST', 'global/backendServices', make.backendService('be'))).reason).toBe(
      'resourceNotReady',
    )
  })

  it('recorded: the delete of a network with a firewall rule begins, and fails at its end', async () => {
    const world = bench()
    await world.done('POST', 'global/networks', { name: 'n' })
    await world.done('POST', 'global/firewalls', {
      name: 'f',
      network: 'global/networks/n',
      allowed: [{ IPProtocol: 'tcp' }],
    })
    const operation = await world.done('DELETE', 'global/networks/n')
    expect(operation).toMatchObject({
      status: 'DONE',
      progress: 100,
      httpErrorStatusCode: 400,
      httpErrorMessage: 'BAD REQUEST',
      error: {
        errors: [
          {
            code: 'RESOURCE_IN_USE_BY_ANOTHER_RESOURCE',
            message:
              "The network resource 'projects/p/global/networks/n' is already being used by 'projects/p/global/firewalls/f'",
          },
        ],
      },
    })
    expect(await statusOf(world, 'global/networks/n')).toBe(200)
    await world.done('DELETE', 'global/firewalls/f')
    expect(await world.done('DELETE', 'global/networks/n')).not.toHaveProperty('error')
    expect(await statusOf(world, 'global/networks/n')).toBe(404)
    expect(await statusOf(world, 'regions/us-central1/subnetworks/n'), 'its own subnets go with it').toBe(404)
  })
})

describe('requestId', () => {
  it('answers a repeated request with the first operation, and does nothing again', async () => {
    const world = bench()
    const body = { name: 'a' }
    const first = await world.send('POST', 'global/addresses', body, { requestId })
    const again = await world.send('POST', 'global/addresses', body, { requestId })
    expect(again.status).toBe(200)
    expect((again.body as { name: string }).name).toBe((first.body as { name: string }).name)
    world.clock.advance(operationMs)
    expect((await world.send('POST', 'global/addresses', body, { requestId })).body).toMatchObject({ status: 'DONE' })
    await world.done('DELETE', 'global/addresses/a', undefined, { requestId: requestId.replace(/1$/, '2') })
    expect((await world.send('POST', 'global/addresses', body, { requestId })).body).toMatchObject({ status: 'DONE' })
    expect(await statusOf(world, 'global/addresses/a')).toBe(404)
    expect(world.compute.counters().byMethod).toMatchObject({ 'globalAddresses.insert': 4 })
  })

  it('of a refused request may be used again', async () => {
    const world = bench()
    const service = make.backendService('be')
    expect((await world.send('POST', 'global/backendServices', service, { requestId })).status).toBe(404)
    await world.done('POST', 'global/healthChecks', make.healthCheck('hc'))
    expect((await world.send('POST', 'global/backendServices', service, { requestId })).status).toBe(200)
  })

  it('of one request does not fit another', async () => {
    const world = bench()
    await world.done('POST', 'global/addresses', { name: 'a' }, { requestId })
    expect(refusal(await world.send('DELETE', 'global/addresses/a', undefined, { requestId })).status).toBe(400)
  })
})

describe('injected faults', () => {
  it('refuse one request and change nothing', async () => {
    const world = bench()
    world.compute.faults.refuseNext({ code: 503, reason: 'backendError' }, { method: 'globalAddresses.insert' })
    await world.done('POST', 'global/healthChecks', make.healthCheck('hc'))
    expect(refusal(await world.send('POST', 'global/addresses', { name: 'a' }))).toMatchObject({
      status: 503,
      reason: 'backendError',
    })
    expect((await world.send('POST', 'global/addresses', { name: 'a' })).status).toBe(200)
    expect(world.compute.faults.pending()).toBe(0)
  })

  it('let an operation fail late: what it made is gone, what it changed is as before', async () => {
    const world = bench()
    await loadBalancer(world)
    const fault = { code: 'QUOTA_EXCEEDED', message: 'Quota.', httpStatus: 403 }
    world.compute.faults.failNext(fault, { name: 'um2' })
    const insert = await world.done('POST', 'global/urlMaps', make.urlMap('um2'))
    expect(insert).toMatchObject({
      error: { errors: [{ code: 'QUOTA_EXCEEDED', message: 'Quota.' }] },
      httpErrorStatusCode: 403,
      httpErrorMessage: 'FORBIDDEN',
    })
    expect(await statusOf(world, 'global/urlMaps/um2')).toBe(404)
    const before = await world.get('global/urlMaps/um')
    world.compute.faults.failNext(fault, { method: 'urlMaps.patch' })
    const patch = { description: 'x', fingerprint: before['fingerprint'] }
    expect(await world.done('PATCH', 'global/urlMaps/um', patch)).toHaveProperty('error')
    expect(await world.get('global/urlMaps/um')).toEqual(before)
    world.compute.faults.failNext(fault, { method: 'globalForwardingRules.delete' })
    expect(await world.done('DELETE', 'global/forwardingRules/fw')).toHaveProperty('error')
    expect(await statusOf(world, 'global/forwardingRules/fw')).toBe(200)
    expect(await world.done('DELETE', 'global/forwardingRules/fw')).not.toHaveProperty('error')
    expect((await world.get('global/addresses/ip'))['status']).toBe('RESERVED')
  })

  it('lose the answer of a request that was carried out', async () => {
    const world = bench()
    world.compute.faults.dropNextAnswer({ method: 'globalAddresses.insert' })
    await expect(world.send('POST', 'global/addresses', { name: 'a' }, { requestId })).rejects.toMatchObject({
      code: 'ECONNRESET',
    })
    world.clock.advance(operationMs)
    expect(await statusOf(world, 'global/addresses/a')).toBe(200)
    expect((await world.send('POST', 'global/addresses', { name: 'a' }, { requestId })).status).toBe(200)
  })

  it('take the whole service away', async () => {
    const world = bench()
    world.compute.faults.outage('unavailable')
    expect(refusal(await world.send('GET', 'global/addresses'))).toMatchObject({ status: 503, reason: 'backendError' })
    world.compute.faults.outage('silent')
    await expect(world.send('GET', 'global/addresses')).rejects.toMatchObject({ code: 'ECONNRESET' })
    world.compute.faults.outage('off')
    expect((await world.send('GET', 'global/addresses')).status).toBe(200)
  })
})

describe('limits', () => {
  it('refuse one resource more than the quota, and count what is being made', async () => {
    const world = bench({ quotas: { STATIC_ADDRESSES: 2 } })
    await world.send('POST', 'global/addresses', { name: 'a' })
    await world.send('POST', 'global/addresses', { name: 'b' })
    expect(refusal(await world.send('POST', 'global/addresses', { name: 'c' }))).toEqual({
      status: 403,
      reason: 'quotaExceeded',
      message: "Quota 'STATIC_ADDRESSES' exceeded. Limit: 2.0 globally.",
    })
    world.clock.advance(operationMs)
    await world.done('DELETE', 'global/addresses/a')
    expect((await world.send('POST', 'global/addresses', { name: 'c' })).status).toBe(200)
    const project = await world.compute.handle({
      method: 'GET',
      path: '/compute/v1/projects/p',
      query: {},
      headers: {},
      body: undefined,
    })
    expect(project.body).toMatchObject({
      kind: 'compute#project',
      name: 'p',
      quotas: [{ metric: 'STATIC_ADDRESSES', limit: 2, usage: 2 }],
    })
  })

  it('refuse too many reads or writes, each by its own bucket, and let go as time passes', async () => {
    const world = bench({ rateLimits: { reads: { perSecond: 1, burst: 2 }, writes: { perSecond: 1, burst: 1 } } })
    const read = () => world.send('GET', 'global/addresses')
    expect([(await read()).status, (await read()).status]).toEqual([200, 200])
    const third = await read()
    expect(refusal(third)).toMatchObject({ status: 403, reason: 'rateLimitExceeded' })
    expect(third.body).toMatchObject({ error: { errors: [{ domain: 'usageLimits' }] } })
    expect((await world.send('POST', 'global/addresses', { name: 'a' })).status).toBe(200)
    expect((await world.send('POST', 'global/addresses', { name: 'b' })).status).toBe(403)
    world.clock.advance(1000)
    expect((await read()).status).toBe(200)
    expect((await world.send('POST', 'global/addresses', { name: 'b' })).status).toBe(200)
  })

  it('hold every answer for the request delay', async () => {
    const world = bench({ requestDelayMs: 50 })
    let answered = false
    const answer = world.send('GET', 'global/addresses').then(() => (answered = true))
    world.clock.advance(49)
    await new Promise((resolve) => setImmediate(resolve))
    expect(answered).toBe(false)
    world.clock.advance(1)
    await answer
    expect(answered).toBe(true)
  })
})

describe('what others see', () => {
  it('tells each change when it starts and when it ends, with who made it', async () => {
    const world = bench()
    const seen: unknown[] = []
    const stop = world.compute.onChange(({ phase, method, operationType, target, actor, error }) => {
      seen.push([phase, method, operationType, target, actor, error?.code])
    })
    const headers = { 'x-playground-actor': 'controller@us-central' }
    const path = '/compute/v1/projects/p/global/addresses'
    await world.compute.handle({ method: 'POST', path, query: {}, headers, body: { name: 'a' } })
    world.clock.advance(operationMs)
    world.compute.faults.failNext({ code: 'INTERNAL_ERROR', message: 'x' })
    await world.done('DELETE', 'global/addresses/a')
    stop()
    await world.done('DELETE', 'global/addresses/a')
    const target = 'projects/p/global/addresses/a'
    const insert = ['v1.compute.globalAddresses.insert', 'insert', target, 'controller@us-central', undefined]
    const remove = ['v1.compute.globalAddresses.delete', 'delete', target, 'user@example.com']
    expect(seen).toEqual([
      ['started', ...insert],
      ['finished', ...insert],
      ['started', ...remove, undefined],
      ['finished', ...remove, 'INTERNAL_ERROR'],
    ])
  })

  it('counts requests by what they do', async () => {
    const world = bench()
    await world.done('POST', 'global/addresses', { name: 'a' })
    await world.get('global/addresses')
    await world.get('global/addresses/a')
    await world.send('GET', 'global/addresses/b')
    expect(world.compute.counters()).toEqual({
      reads: 2,
      lists: 1,
      writes: 1,
      operationReads: 1,
      byMethod: {
        'globalAddresses.insert': 1,
        'globalAddresses.list': 1,
        'globalAddresses.get': 2,
        'globalOperations.get': 1,
      },
      refused: { notFound: 1 },
    })
    world.compute.resetCounters()
    expect(world.compute.counters()).toMatchObject({ reads: 0, byMethod: {} })
  })

  it('gives the same world for the same seed', async () => {
    const [a, b] = [bench(), bench()]
    for (const world of [a, b]) await loadBalancer(world)
    expect(await a.get('global/forwardingRules/fw')).toEqual(await b.get('global/forwardingRules/fw'))
    expect(await a.get('global/operations')).toEqual(await b.get('global/operations'))
  })
})
