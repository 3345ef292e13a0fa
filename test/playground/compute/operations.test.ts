import { describe, expect, it } from 'vitest'
import { type Bench, bench, loadBalancer, make, operationMs, refusal } from './harness.ts'

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
