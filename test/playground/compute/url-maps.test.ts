import { describe, expect, it } from 'vitest'
import { type Bench, bench, loadBalancer, make } from './harness.ts'

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
