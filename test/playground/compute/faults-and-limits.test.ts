import { describe, expect, it } from 'vitest'
import { type Bench, bench, loadBalancer, make, operationMs, refusal } from './harness.ts'

const requestId = 'c0ffee00-0000-4000-8000-000000000001'

async function statusOf(world: Bench, path: string): Promise<number> {
  return (await world.send('GET', path)).status
}

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
    await world.done('POST', 'global/urlMaps', make.urlMap('um3'))
    world.compute.faults.failNext(fault, { method: 'targetHttpProxies.setUrlMap' })
    await world.done('POST', 'targetHttpProxies/tp/setUrlMap', { urlMap: 'global/urlMaps/um3' })
    expect((await world.send('DELETE', 'global/urlMaps/um3')).status, 'nothing holds it').toBe(200)
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
    world.clock.advance(900)
    expect((await read()).status, 'nine tenths of a token').toBe(403)
    world.clock.advance(100)
    expect((await read()).status).toBe(200)
    expect((await world.send('POST', 'global/addresses', { name: 'b' })).status).toBe(200)
  })

  it('refuse project ids that are none, and endless numbers of projects', async () => {
    const world = bench()
    const get = (project: string) =>
      world.compute.handle({
        method: 'GET',
        path: `/compute/v1/projects/${project}/global/addresses`,
        query: {},
        headers: {},
        body: undefined,
      })
    expect(refusal(await get('A%20B'))).toMatchObject({ status: 400, reason: 'invalid' })
    for (let n = 0; n < 1000; n++) expect((await get(`project-${n}`)).status).toBe(200)
    expect(refusal(await get('one-more'))).toMatchObject({ status: 403, reason: 'accessNotConfigured' })
    expect((await get('project-0')).status).toBe(200)
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
