import { afterEach, describe, expect, it } from 'vitest'
import { createCompute } from '../../shared/cloud/compute.ts'
import { CloudError, type Compute, type ComputeRef, type ComputeVerb } from '../../shared/cloud/compute-port.ts'
import { computeError, runningOperation, serve, type Answer, type Seen, type TestServer } from './server.ts'

const site = 'https://www.googleapis.com/compute/v1'
const global = (collection: ComputeRef['collection'], name = 'x'): ComputeRef => ({ collection, project: 'p', name })
const zonal = (collection: ComputeRef['collection'], name = 'x'): ComputeRef => ({
  ...global(collection, name),
  zone: 'z',
})

let server: TestServer | undefined
afterEach(async () => {
  await server?.close()
  server = undefined
})

async function against(
  answer: (request: Seen) => Answer,
  timeoutMs = 5_000,
): Promise<{ compute: Compute; seen: Seen[] }> {
  server = await serve(answer)
  return { compute: createCompute({ endpoint: server.url, timeoutMs }), seen: server.seen }
}

async function errorOf(work: Promise<unknown>): Promise<CloudError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof CloudError)) throw new Error(`want a CloudError, got ${String(error)}`)
  return error
}

describe('paths and bodies', () => {
  const verbs: { reason: string; run: (compute: Compute) => Promise<unknown>; want: Partial<Seen> }[] = [
    {
      reason: 'addresses are global, not those of a region',
      run: (c) => c.insert(global('addresses'), { name: 'x', ipVersion: 'IPV6' }, 'r1'),
      want: {
        method: 'POST',
        path: '/compute/v1/projects/p/global/addresses',
        query: { requestId: 'r1' },
        body: { name: 'x', ipVersion: 'IPV6' },
      },
    },
    {
      reason: 'false, 0 and an empty text are values',
      run: (c) =>
        c.patch(global('backendServices'), { enableCDN: false, affinityCookieTtlSec: 0, description: '' }, 'r2'),
      want: { method: 'PATCH', path: '/compute/v1/projects/p/global/backendServices/x', query: { requestId: 'r2' } },
    },
    {
      reason: 'references go out as relative paths',
      run: (c) =>
        c.update(
          global('urlMaps'),
          { name: 'x', fingerprint: 'f', defaultService: 'projects/p/global/backendServices/b' },
          'r3',
        ),
      want: {
        method: 'PUT',
        path: '/compute/v1/projects/p/global/urlMaps/x',
        body: { name: 'x', fingerprint: 'f', defaultService: 'projects/p/global/backendServices/b' },
      },
    },
    {
      reason: 'a firewall is patched by name',
      run: (c) => c.patch(global('firewalls'), { allowed: [{ IPProtocol: 'tcp', ports: ['30000-32767'] }] }, 'r'),
      want: {
        path: '/compute/v1/projects/p/global/firewalls/x',
        body: { allowed: [{ IPProtocol: 'tcp', ports: ['30000-32767'] }] },
      },
    },
    {
      reason: 'capital letters of protocol fields are kept',
      run: (c) =>
        c.insert(
          global('forwardingRules'),
          { name: 'x', IPAddress: '203.0.113.1', IPProtocol: 'TCP', portRange: '80-80' },
          'r',
        ),
      want: {
        path: '/compute/v1/projects/p/global/forwardingRules',
        body: { name: 'x', IPAddress: '203.0.113.1', IPProtocol: 'TCP', portRange: '80-80' },
      },
    },
    {
      reason: 'removal has no body',
      run: (c) => c.remove(global('sslCertificates'), 'r4'),
      want: {
        method: 'DELETE',
        path: '/compute/v1/projects/p/global/sslCertificates/x',
        query: { requestId: 'r4' },
        body: undefined,
      },
    },
    {
      reason: 'a zonal collection',
      run: (c) => c.remove(zonal('networkEndpointGroups'), 'r'),
      want: { path: '/compute/v1/projects/p/zones/z/networkEndpointGroups/x' },
    },
  ]
  it.each(verbs)('$reason', async ({ run, want }) => {
    const { compute, seen } = await against(() => runningOperation('any'))
    await run(compute)
    expect(seen).toMatchObject([want])
  })

  const special: { verb: ComputeVerb; ref: ComputeRef; body: object; path: string }[] = [
    {
      verb: 'setTarget',
      ref: global('forwardingRules'),
      body: { target: 't' },
      path: 'global/forwardingRules/x/setTarget',
    },
    {
      verb: 'setUrlMap',
      ref: global('targetHttpProxies'),
      body: { urlMap: 'u' },
      path: 'targetHttpProxies/x/setUrlMap',
    },
    {
      verb: 'setUrlMap',
      ref: global('targetHttpsProxies'),
      body: { urlMap: 'u' },
      path: 'targetHttpsProxies/x/setUrlMap',
    },
    {
      verb: 'setSslCertificates',
      ref: global('targetHttpsProxies'),
      body: { sslCertificates: ['c', 'd'] },
      path: 'targetHttpsProxies/x/setSslCertificates',
    },
    {
      verb: 'setSslPolicy',
      ref: global('targetHttpsProxies'),
      body: { sslPolicy: '' },
      path: 'global/targetHttpsProxies/x/setSslPolicy',
    },
    {
      verb: 'setSecurityPolicy',
      ref: global('backendServices'),
      body: { securityPolicy: 's' },
      path: 'global/backendServices/x/setSecurityPolicy',
    },
    {
      verb: 'setNamedPorts',
      ref: zonal('instanceGroups'),
      body: { namedPorts: [{ name: 'port80', port: 80 }], fingerprint: 'f' },
      path: 'zones/z/instanceGroups/x/setNamedPorts',
    },
  ]
  it.each(special)('$verb on $ref.collection', async ({ verb, ref, body, path }) => {
    const { compute, seen } = await against(() => runningOperation(verb))
    await compute.call(ref, verb, body, 'r')
    expect(seen).toMatchObject([
      { method: 'POST', path: `/compute/v1/projects/p/${path}`, query: { requestId: 'r' }, body },
    ])
  })

  it('names the scope of the operation that was begun', async () => {
    const { compute } = await against(() => runningOperation('any'))
    expect(await compute.insert(global('urlMaps'), { name: 'x' }, 'r')).toEqual({
      project: 'p',
      zone: null,
      name: 'operation-1',
    })
    expect(await compute.remove(zonal('instanceGroups'), 'r')).toEqual({ project: 'p', zone: 'z', name: 'operation-1' })
  })
})

describe('what cannot be asked for is a programming error, and nothing is sent', () => {
  const rows: { reason: string; run: (compute: Compute) => Promise<unknown>; says: RegExp }[] = [
    {
      reason: 'a patch that empties a list',
      run: (c) => c.patch(global('backendServices'), { backends: [] }, 'r'),
      says: /empty the list backends/,
    },
    {
      reason: 'a patch that empties a list deep inside',
      run: (c) => c.patch(global('urlMaps'), { pathMatchers: [{ name: 'm', pathRules: [] }] }, 'r'),
      says: /empty the list pathMatchers\.0\.pathRules/,
    },
    {
      reason: 'a patch that clears with null',
      run: (c) => c.patch(global('backendServices'), { cdnPolicy: { cacheMode: null } }, 'r'),
      says: /cdnPolicy\.cacheMode with null/,
    },
    {
      reason: 'certificates are immutable',
      run: (c) => c.patch(global('sslCertificates'), { description: 'd' }, 'r'),
      says: /has no patch/,
    },
    {
      reason: 'proxies cannot be replaced',
      run: (c) => c.update(global('targetHttpProxies'), { name: 'x' }, 'r'),
      says: /has no update/,
    },
    { reason: 'a zonal collection without a zone', run: (c) => c.get(global('instanceGroups')), says: /need a zone/ },
    { reason: 'a global collection with a zone', run: (c) => c.get(zonal('urlMaps')), says: /no zone/ },
    {
      reason: 'an empty body would go out as text',
      run: (c) => c.call(global('targetHttpsProxies'), 'setSslPolicy', {}, 'r'),
      says: /needs a body/,
    },
    {
      reason: 'a name that climbs out of its collection',
      run: (c) => c.get(global('urlMaps', '..')),
      says: /could not build/,
    },
  ]
  it.each(rows)('$reason', async ({ run, says }) => {
    const { compute, seen } = await against(() => runningOperation('any'))
    const error = await run(compute).then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    expect(error).toBeInstanceOf(Error)
    expect(error).not.toBeInstanceOf(CloudError)
    expect(String(error)).toMatch(says)
    expect(seen).toEqual([])
  })

  it('never puts a private key into the message', async () => {
    const { compute } = await against(() => runningOperation('any'))
    const ref: ComputeRef<'sslCertificates'> = { collection: 'sslCertificates', project: '..', name: 'x' }
    const error = await compute.insert(ref, { name: 'x', privateKey: 'SECRET' }, 'r').catch((thrown: unknown) => thrown)
    expect(String(error)).toMatch(/could not build/)
    expect(String(error)).not.toContain('SECRET')
  })
})

describe('what is read', () => {
  it('holds what the answer held, with relative references and nothing added', async () => {
    const answered = {
      kind: 'compute#backendService',
      id: '18446744073709551615',
      name: 'x',
      description: `${site}/projects/p/global/x is prose`,
      fingerprint: 'abcdef0123A=',
      timeoutSec: 0,
      enableCDN: false,
      sessionAffinity: 'NONE',
      selfLink: `${site}/projects/p/global/backendServices/x`,
      healthChecks: ['https://www.googleapis.com/compute/beta/projects/p/global/healthChecks/h'],
      backends: [
        {
          group: 'https://compute.googleapis.com/compute/v1/projects/p/zones/z/instanceGroups/g',
          maxRatePerInstance: 1.5,
          capacityScaler: 0,
        },
      ],
      logConfig: {},
      connectionDraining: {},
      iap: { enabled: false },
    }
    const { compute } = await against(() => ({ body: { ...answered, notKnownToTheClient: 1 } }))
    expect(await compute.get(global('backendServices'))).toEqual({
      ...answered,
      selfLink: 'projects/p/global/backendServices/x',
      healthChecks: ['projects/p/global/healthChecks/h'],
      backends: [{ group: 'projects/p/zones/z/instanceGroups/g', maxRatePerInstance: 1.5, capacityScaler: 0 }],
    })
  })

  it('keeps certificate manager references and text that only looks like a reference', async () => {
    const { compute } = await against(() => ({
      body: { name: 'x', hostRules: [{ hosts: ['a'] }], tests: [{ service: 'projects/p/global/backendServices/b' }] },
    }))
    expect(await compute.get(global('urlMaps'))).toEqual({
      name: 'x',
      hostRules: [{ hosts: ['a'] }],
      tests: [{ service: 'projects/p/global/backendServices/b' }],
    })
  })

  it('is undefined only when the API says that the resource is not there', async () => {
    const { compute, seen } = await against(({ path }) =>
      path.endsWith('/gone')
        ? computeError(404, 'notFound', "The resource 'projects/p/global/urlMaps/gone' was not found")
        : { status: 404, text: '<html>404</html>' },
    )
    expect(await compute.get(global('urlMaps', 'gone'))).toBeUndefined()
    expect(await errorOf(compute.get(global('urlMaps', 'lost')))).toMatchObject({ status: 502 })
    expect(seen).toHaveLength(2)
  })
})

describe('errors', () => {
  const rows: { reason: string; answer: Answer; want: { status: number; reason: string; message: RegExp } }[] = [
    {
      reason: 'exists already',
      answer: computeError(409, 'alreadyExists', "The resource 'x' already exists"),
      want: { status: 409, reason: 'alreadyExists', message: /already exists/ },
    },
    {
      reason: 'stale fingerprint',
      answer: computeError(412, 'conditionNotMet', 'Invalid fingerprint.'),
      want: { status: 412, reason: 'conditionNotMet', message: /fingerprint/ },
    },
    {
      reason: 'in use',
      answer: computeError(
        400,
        'resourceInUseByAnotherResource',
        "The url_map resource 'x' is already being used by 'y'",
      ),
      want: { status: 400, reason: 'resourceInUseByAnotherResource', message: /already being used/ },
    },
    {
      reason: 'not ready',
      answer: computeError(400, 'resourceNotReady', "The resource 'x' is not ready"),
      want: { status: 400, reason: 'resourceNotReady', message: /not ready/ },
    },
    {
      reason: 'resource quota',
      answer: computeError(403, 'quotaExceeded', "Quota 'URL_MAPS' exceeded."),
      want: { status: 403, reason: 'quotaExceeded', message: /exceeded/ },
    },
    {
      reason: 'rate limit',
      answer: computeError(403, 'rateLimitExceeded', 'Quota exceeded for quota group'),
      want: { status: 403, reason: 'rateLimitExceeded', message: /quota group/ },
    },
    {
      reason: 'no permission',
      answer: computeError(401, 'authError', 'Invalid Credentials'),
      want: { status: 401, reason: 'authError', message: /Invalid Credentials/ },
    },
    {
      reason: 'too many requests',
      answer: computeError(429, 'rateLimitExceeded', 'slow down'),
      want: { status: 429, reason: 'rateLimitExceeded', message: /slow down/ },
    },
    {
      reason: 'missing reference',
      answer: computeError(404, 'notFound', "The resource 'h' was not found"),
      want: { status: 404, reason: 'notFound', message: /'h' was not found/ },
    },
    {
      reason: 'backend error',
      answer: computeError(503, 'backendError', 'try later'),
      want: { status: 503, reason: 'backendError', message: /try later/ },
    },
    {
      reason: 'a page of a proxy',
      answer: { status: 502, text: '<html>bad gateway</html>' },
      want: { status: 502, reason: '', message: /bad gateway/ },
    },
    { reason: 'connection closed', answer: 'hang up', want: { status: 0, reason: 'ECONNRESET', message: /hang up/ } },
    { reason: 'silence', answer: 'silence', want: { status: 0, reason: 'timeout', message: /did not respond/ } },
    {
      reason: 'an answer that is not JSON',
      answer: { text: 'hello' },
      want: { status: 0, reason: 'unavailable', message: /JSON/ },
    },
    {
      reason: 'an answer without an operation',
      answer: { body: { kind: 'x' } },
      want: { status: 502, reason: 'unexpectedAnswer', message: /name/ },
    },
  ]
  it.each(rows)('$reason, and a mutation is sent once', async ({ answer, want }) => {
    const { compute, seen } = await against(() => answer, 300)
    const error = await errorOf(compute.insert(global('backendServices'), { name: 'x' }, 'r'))
    expect(error).toMatchObject({ status: want.status, reason: want.reason })
    expect(error.message).toMatch(want.message)
    expect(error.message).toContain('insert projects/p/global/backendServices/x')
    expect(seen).toHaveLength(1)
  })

  it('does not repeat a read that the service answered with 503', async () => {
    const { compute, seen } = await against(() => computeError(503, 'backendError', 'try later'))
    expect(await errorOf(compute.get(global('urlMaps')))).toMatchObject({ status: 503 })
    expect(seen).toHaveLength(1)
  })

  it('sends a read once more when the connection turns out to be closed', async () => {
    let calls = 0
    const { compute, seen } = await against(() => (++calls === 1 ? 'hang up' : { body: { name: 'x' } }))
    expect(await compute.get(global('urlMaps'))).toEqual({ name: 'x' })
    expect(seen).toHaveLength(2)
  })

  it('has status 0 when nothing listens', async () => {
    const { compute } = await against(() => 'hang up')
    await server?.close()
    expect(await errorOf(compute.get(global('urlMaps')))).toMatchObject({ status: 0, reason: 'ECONNREFUSED' })
  })
})

describe('lists', () => {
  it('reads all pages, empty ones included, 500 a page, and passes the filter on', async () => {
    const { compute, seen } = await against(({ query }) => {
      const page = Number(query['pageToken'] ?? 0)
      const items = page === 0 || page === 14 ? [{ name: `n${page}` }] : undefined
      return { body: { ...(items ? { items } : {}), ...(page < 14 ? { nextPageToken: String(page + 1) } : {}) } }
    })
    expect(await compute.list('urlMaps', 'p', { filter: 'name eq n.*' })).toEqual([{ name: 'n0' }, { name: 'n14' }])
    expect(seen).toHaveLength(15)
    expect(seen[3]).toMatchObject({
      path: '/compute/v1/projects/p/global/urlMaps',
      query: { maxResults: '500', filter: 'name eq n.*', pageToken: '3' },
    })
  })

  it('lists one zone, or all of them', async () => {
    const { compute } = await against(({ path }) =>
      path.endsWith('/zones/z/instanceGroups')
        ? { body: { items: [{ name: 'g' }] } }
        : {
            body: {
              items: {
                'zones/a': { instanceGroups: [{ name: 'a', zone: `${site}/projects/p/zones/a` }] },
                'zones/b': { warning: { code: 'NO_RESULTS_ON_PAGE', message: 'none' } },
                'zones/c': { instanceGroups: [{ name: 'c', size: 0 }] },
                'regions/r': { instanceGroups: [{ name: 'regional' }] },
              },
            },
          },
    )
    expect(await compute.list('instanceGroups', 'p', { zone: 'z' })).toEqual([{ name: 'g' }])
    expect(await compute.list('instanceGroups', 'p')).toEqual([
      { name: 'a', zone: 'projects/p/zones/a' },
      { name: 'c', size: 0 },
    ])
  })

  const broken: { reason: string; answer: (request: Seen) => Answer; want: object }[] = [
    {
      reason: 'the second page fails',
      answer: ({ query }) =>
        query['pageToken']
          ? computeError(503, 'backendError', 'no')
          : { body: { items: { 'zones/a': { instances: [{ name: 'i' }] } }, nextPageToken: '1' } },
      want: { status: 503, reason: 'backendError' },
    },
    {
      reason: 'a zone could not be reached',
      answer: () => ({
        body: {
          items: {
            'zones/a': { instances: [{ name: 'i' }] },
            'zones/b': { warning: { code: 'UNREACHABLE', message: 'zone b' } },
          },
        },
      }),
      want: { status: 503, reason: 'incomplete' },
    },
    {
      reason: 'some scopes are named as unreachable',
      answer: () => ({ body: { items: {}, unreachables: ['zones/b'] } }),
      want: { status: 503, reason: 'incomplete' },
    },
    {
      reason: 'the list as a whole is partial',
      answer: () => ({ body: { items: {}, warning: { code: 'PARTIAL_SUCCESS' } } }),
      want: { status: 503, reason: 'incomplete' },
    },
    {
      reason: 'the list never ends',
      answer: () => ({ body: { nextPageToken: 'again' } }),
      want: { status: 502, reason: 'endless' },
    },
    {
      reason: 'the project is not there',
      answer: () => computeError(404, 'notFound', "The resource 'projects/p' was not found"),
      want: { status: 404 },
    },
  ]
  it.each(broken)('throws when $reason', async ({ answer, want }) => {
    const { compute } = await against(answer)
    expect(await errorOf(compute.list('instances', 'p'))).toMatchObject(want)
  })
})

describe('operations', () => {
  const done = { name: 'operation-1', status: 'DONE', progress: 100 }
  const ended: { reason: string; answer: Answer; want: object }[] = [
    { reason: 'still running', answer: { body: { name: 'operation-1', status: 'RUNNING' } }, want: { done: false } },
    { reason: 'not begun', answer: { body: { name: 'operation-1', status: 'PENDING' } }, want: { done: false } },
    { reason: 'no answer within the time', answer: 'silence', want: { done: false } },
    { reason: 'done', answer: { body: done }, want: { done: true, error: null } },
    {
      reason: 'forgotten',
      answer: computeError(404, 'notFound', "The resource 'operation-1' was not found"),
      want: { done: true, error: null },
    },
    {
      reason: 'failed',
      answer: {
        body: {
          ...done,
          error: {
            errors: [{ code: 'RESOURCE_IN_USE_BY_ANOTHER_RESOURCE', message: "'n' is already being used by 'f'" }],
          },
          httpErrorMessage: 'BAD REQUEST',
          httpErrorStatusCode: 400,
        },
      },
      want: {
        done: true,
        error: {
          status: 400,
          reason: 'RESOURCE_IN_USE_BY_ANOTHER_RESOURCE',
          message: "operation operation-1: 'n' is already being used by 'f'",
        },
      },
    },
    {
      reason: 'failed without a status',
      answer: { body: { ...done, error: { errors: [{ code: 'INTERNAL' }] } } },
      want: { done: true, error: { status: 500, reason: 'INTERNAL' } },
    },
  ]
  it.each(ended)('$reason', async ({ answer, want }) => {
    const { compute } = await against(() => answer)
    expect(await compute.wait({ project: 'p', zone: null, name: 'operation-1' }, 100)).toMatchObject(want)
  })

  it('waits in the scope of the operation', async () => {
    const { compute, seen } = await against(() => ({ body: done }))
    await compute.wait({ project: 'p', zone: null, name: 'operation-1' }, 100)
    await compute.wait({ project: 'p', zone: 'z', name: 'operation-2' }, 100)
    expect(seen.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /compute/v1/projects/p/global/operations/operation-1/wait',
      'POST /compute/v1/projects/p/zones/z/operations/operation-2/wait',
    ])
  })

  it('throws when the wait itself is refused', async () => {
    const { compute } = await against(() => computeError(403, 'forbidden', 'no'))
    expect(await errorOf(compute.wait({ project: 'p', zone: null, name: 'operation-1' }, 100))).toMatchObject({
      status: 403,
    })
  })
})

describe('health', () => {
  it('asks about one group and answers its members', async () => {
    const group = 'projects/p/zones/z/instanceGroups/g'
    const { compute, seen } = await against(() => ({
      body: {
        kind: 'compute#backendServiceGroupHealth',
        healthStatus: [
          {
            instance: `${site}/projects/p/zones/z/instances/i`,
            ipAddress: '10.0.0.1',
            port: 30080,
            healthState: 'HEALTHY',
          },
          { ipAddress: '10.0.0.2', port: 8080, healthState: 'UNHEALTHY' },
        ],
      },
    }))
    expect(await compute.health({ collection: 'backendServices', project: 'p', name: 'b' }, group)).toEqual([
      { instance: 'projects/p/zones/z/instances/i', ipAddress: '10.0.0.1', port: 30080, healthState: 'HEALTHY' },
      { ipAddress: '10.0.0.2', port: 8080, healthState: 'UNHEALTHY' },
    ])
    expect(seen).toMatchObject([{ path: '/compute/v1/projects/p/global/backendServices/b/getHealth', body: { group } }])
  })

  it('is empty when the service knows nothing yet', async () => {
    const { compute } = await against(() => ({ body: { kind: 'compute#backendServiceGroupHealth' } }))
    expect(await compute.health({ collection: 'backendServices', project: 'p', name: 'b' }, 'g')).toEqual([])
  })
})
