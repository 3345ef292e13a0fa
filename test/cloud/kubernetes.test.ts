import { afterEach, describe, expect, it } from 'vitest'
import { CloudError } from '../../shared/cloud/compute-port.ts'
import { parseServerRules } from '../../shared/cloud/cluster-servers.ts'
import { createClusters, type ClustersOptions } from '../../shared/cloud/kubernetes.ts'
import type { Cluster, ClusterRegistration, Clusters, IngressObject } from '../../shared/cloud/kubernetes-port.ts'
import { testCertificate, testKey } from './certificate.ts'
import { serve, type Answer, type Seen, type TestServer } from './server.ts'

const servers: TestServer[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

async function started(answer: (request: Seen) => Answer, secure = false): Promise<TestServer> {
  const server = await serve(answer, secure ? { key: testKey, cert: testCertificate } : undefined)
  servers.push(server)
  return server
}

async function against(
  answer: (request: Seen) => Answer,
  timeoutMs = 5_000,
): Promise<{ cluster: Cluster; seen: Seen[] }> {
  const { url, seen } = await started(answer)
  return { cluster: listed({ timeoutMs }).connect({ name: 'us-east', server: url, project: 'p' }), seen }
}

async function thrownBy(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
}

/** Clusters of this machine, as the playground and the emulators have them. */
function listed(options: ClustersOptions = {}): Clusters {
  return createClusters({ servers: parseServerRules('http://127.0.0.1:*,https://127.0.0.1:*').rules, ...options })
}

async function errorOf(work: Promise<unknown>): Promise<CloudError> {
  const error = await thrownBy(work)
  if (!(error instanceof CloudError)) throw new Error(`want a CloudError, got ${String(error)}`)
  return error
}

function status(code: number, reason: string, message: string): Answer {
  return {
    status: code,
    body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code },
  }
}

const ingress: IngressObject = {
  metadata: {
    name: 'web',
    namespace: 'shop',
    labels: { app: 'web' },
    annotations: { 'kubernetes.io/ingress.class': 'gce-multi-cluster' },
  },
  spec: {
    defaultBackend: { service: { name: 'web', port: { number: 80 } } },
    rules: [
      {
        host: 'a.example',
        http: {
          paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'web', port: { name: 'http' } } } }],
        },
      },
    ],
    tls: [{ secretName: 'cert' }],
  },
}

describe('reading', () => {
  it('gets the version', async () => {
    const { cluster, seen } = await against(() => ({
      body: { major: '1', minor: '35', gitVersion: 'v1.35.1-gke.100' },
    }))
    expect(await cluster.version()).toBe('v1.35.1-gke.100')
    expect(seen).toMatchObject([{ method: 'GET', path: '/version' }])
  })

  it.each([
    [200, { body: { metadata: { name: 'kube-system', uid: 'u-1' } } }, 'u-1'],
    [403, status(403, 'Forbidden', 'namespaces "kube-system" is forbidden'), undefined],
    [404, status(404, 'NotFound', 'the server could not find the requested resource'), undefined],
  ] as const)('gets the uid of kube-system, where it may (%s)', async (_, answer, uid) => {
    const { cluster, seen } = await against(() => answer)
    expect(await cluster.uid()).toBe(uid)
    expect(seen).toMatchObject([{ method: 'GET', path: '/api/v1/namespaces/kube-system' }])
  })

  it('does not take a server that fails for one that may not be asked', async () => {
    const { cluster } = await against(() => status(500, 'InternalError', 'etcd is away'))
    expect(await errorOf(cluster.uid())).toMatchObject({ status: 500 })
  })

  it('reads a secret and a ManagedCertificate; what is absent, or not known to the cluster, is undefined', async () => {
    const { cluster, seen } = await against(({ path }) => {
      if (path.endsWith('/secrets/tls'))
        return { body: { metadata: { name: 'tls' }, type: 'kubernetes.io/tls', data: { 'tls.crt': 'YQ==' } } }
      if (path.endsWith('/managedcertificates/shop'))
        return { body: { metadata: { name: 'shop' }, spec: { domains: ['a.example'] }, status: {} } }
      return status(404, 'NotFound', 'the server could not find the requested resource')
    })
    expect(await cluster.secret('shop', 'tls')).toEqual({
      metadata: { name: 'tls' },
      type: 'kubernetes.io/tls',
      data: { 'tls.crt': 'YQ==' },
    })
    expect(await cluster.managedCertificate('shop', 'shop')).toEqual({
      metadata: { name: 'shop' },
      domains: ['a.example'],
    })
    expect(await cluster.secret('shop', 'other')).toBeUndefined()
    expect(await cluster.managedCertificate('shop', 'other')).toBeUndefined()
    expect(seen.map(({ path }) => path)).toEqual([
      '/api/v1/namespaces/shop/secrets/tls',
      '/apis/networking.gke.io/v1/namespaces/shop/managedcertificates/shop',
      '/api/v1/namespaces/shop/secrets/other',
      '/apis/networking.gke.io/v1/namespaces/shop/managedcertificates/other',
    ])
  })

  it('takes over the fields of the port and no others', async () => {
    const { cluster, seen } = await against(() => ({
      body: {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'Ingress',
        metadata: {
          ...ingress.metadata,
          uid: 'u',
          resourceVersion: '7',
          generation: 2,
          creationTimestamp: null,
          managedFields: [{ manager: 'x' }],
        },
        spec: { ...ingress.spec, somethingNew: true },
        status: { loadBalancer: { ingress: [{ ip: '203.0.113.1', ports: [{ port: 80 }] }] } },
      },
    }))
    expect(await cluster.ingress('shop', 'web')).toEqual({
      metadata: { ...ingress.metadata, uid: 'u', resourceVersion: '7', generation: 2 },
      spec: ingress.spec,
      status: { loadBalancer: { ingress: [{ ip: '203.0.113.1' }] } },
    })
    expect(seen).toMatchObject([{ method: 'GET', path: '/apis/networking.k8s.io/v1/namespaces/shop/ingresses/web' }])
  })

  it('reads a backend that is no service as none', async () => {
    const resource = { resource: { apiGroup: 'x', kind: 'Bucket', name: 'b' } }
    const { cluster } = await against(() => ({
      body: {
        metadata: { name: 'web' },
        spec: {
          defaultBackend: resource,
          rules: [{ http: { paths: [{ pathType: 'Prefix', path: '/', backend: resource }] } }],
        },
      },
    }))
    expect(await cluster.ingress('shop', 'web')).toEqual({
      metadata: { name: 'web' },
      spec: { rules: [{ http: { paths: [] } }] },
    })
  })

  it('reads a service', async () => {
    const spec = {
      type: 'NodePort',
      selector: { app: 'web' },
      ports: [{ name: 'http', port: 80, targetPort: 'web', nodePort: 30080, protocol: 'TCP' }],
    }
    const { cluster } = await against(() => ({
      body: { metadata: { name: 'web' }, spec: { ...spec, clusterIP: '10.0.0.1' } },
    }))
    expect(await cluster.service('shop', 'web')).toEqual({ metadata: { name: 'web' }, spec })
  })

  it('prefers a ready pod, and flattens its probe', async () => {
    const container = {
      name: 'c',
      image: 'i',
      ports: [{ containerPort: 8080, protocol: 'TCP' }],
      readinessProbe: {
        httpGet: { path: '/healthz', port: 'web', scheme: 'HTTP' },
        periodSeconds: 7,
        timeoutSeconds: 1,
      },
    }
    const pods = ['starting', 'ready'].map((name) => ({
      metadata: { name },
      spec: {
        containers: [
          container,
          { name: 'side' },
          { name: 'tcp', readinessProbe: { tcpSocket: { port: 1 }, periodSeconds: 3 } },
        ],
      },
      status: { conditions: [{ type: 'Ready', status: name === 'ready' ? 'True' : 'False' }] },
    }))
    const { cluster, seen } = await against(() => ({ body: { kind: 'PodList', metadata: {}, items: pods } }))
    expect((await cluster.pods('shop', { app: 'web', tier: 'front' }))[0]).toEqual({
      metadata: { name: 'ready' },
      containers: [
        {
          name: 'c',
          ports: [{ containerPort: 8080 }],
          readinessProbe: { path: '/healthz', port: 'web', scheme: 'HTTP', periodSeconds: 7, timeoutSeconds: 1 },
        },
        { name: 'side', ports: [] },
        { name: 'tcp', ports: [] },
      ],
    })
    expect(seen).toMatchObject([
      { path: '/api/v1/namespaces/shop/pods', query: { labelSelector: 'app=web,tier=front', limit: '100' } },
    ])
  })

  it('finds no pod for a service without a selector, and does not ask', async () => {
    const { cluster, seen } = await against(() => ({ body: { items: [{}] } }))
    expect(await cluster.pods('shop', {})).toEqual([])
    expect(seen).toEqual([])
  })

  it('is undefined when the selector matches nothing', async () => {
    const { cluster } = await against(() => ({ body: { items: null } }))
    expect(await cluster.pods('shop', { app: 'web' })).toEqual([])
  })

  it('reads the nodes of all pages, and leaves out those that are not initialised', async () => {
    const node = (name: string, labels: Record<string, string>, providerID?: string) => ({
      metadata: { name, labels },
      spec: providerID === undefined ? { taints: [] } : { providerID },
      status: { conditions: [{ type: 'Ready', status: name === 'n2' ? 'Unknown' : 'True' }] },
    })
    const { cluster, seen } = await against(({ query }) =>
      query['continue'] === undefined
        ? {
            body: {
              metadata: { continue: 'more' },
              items: [node('n1', { 'topology.kubernetes.io/zone': 'z1' }, 'gce://p/z1/n1'), node('new', {})],
            },
          }
        : { body: { metadata: {}, items: [node('n2', {}, 'gce://p/z2/n2')] } },
    )
    expect(await cluster.nodes()).toEqual([
      {
        metadata: { name: 'n1', labels: { 'topology.kubernetes.io/zone': 'z1' } },
        providerID: 'gce://p/z1/n1',
        zone: 'z1',
        ready: true,
      },
      { metadata: { name: 'n2', labels: {} }, providerID: 'gce://p/z2/n2', zone: 'z2', ready: false },
    ])
    expect(seen.map(({ query }) => query)).toEqual([{ limit: '500' }, { limit: '500', continue: 'more' }])
  })
})

describe('writing', () => {
  it.each([true, false])('applies what is given and no more (force %s)', async (force) => {
    const { cluster, seen } = await against(({ body }) => ({ body }))
    const extra = {
      ...ingress,
      metadata: { ...ingress.metadata, uid: 'u', resourceVersion: '7' },
      status: { loadBalancer: {} },
    }
    expect(await cluster.applyIngress(extra, force)).toEqual(ingress)
    expect(seen).toMatchObject([
      {
        method: 'PATCH',
        path: '/apis/networking.k8s.io/v1/namespaces/shop/ingresses/web',
        query: { fieldManager: 'multi-cluster-ingress', force: String(force) },
      },
    ])
    expect(seen[0]?.headers['content-type']).toBe('application/apply-patch+yaml')
    expect(seen[0]?.body).toEqual({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: ingress.metadata,
      spec: ingress.spec,
    })
  })

  it('reports a conflict with another field manager', async () => {
    const { cluster, seen } = await against(() =>
      status(409, 'Conflict', 'Apply failed with 1 conflict: conflict with "kubectl": .spec.rules'),
    )
    const error = await errorOf(cluster.applyIngress(ingress, false))
    expect(error).toMatchObject({ status: 409, reason: 'Conflict' })
    expect(error.message).toBe(
      'cluster us-east, apply ingress shop/web: Apply failed with 1 conflict: conflict with "kubectl": .spec.rules',
    )
    expect(seen).toHaveLength(1)
  })

  it('takes a spec over as it was read: when somebody wrote meanwhile it is a conflict, and nothing is applied again', async () => {
    const managedFields = [
      {
        manager: 'kubemci',
        operation: 'Update',
        apiVersion: 'extensions/v1beta1',
        fieldsV1: { 'f:spec': { 'f:backend': {} } },
      },
      { manager: 'glbc', operation: 'Update', subresource: 'status', fieldsV1: { 'f:status': {} } },
    ]
    const { cluster, seen } = await against(({ method, headers }) => {
      if (method === 'GET')
        return { body: { ...ingress, metadata: { ...ingress.metadata, resourceVersion: '7', managedFields } } }
      return headers['content-type'] === 'application/apply-patch+yaml'
        ? status(422, 'Invalid', 'cannot set both port name & port number')
        : status(409, 'Conflict', 'the object has been modified')
    })
    expect(await errorOf(cluster.applyIngress(ingress, true))).toMatchObject({ status: 409 })
    expect(seen.map(({ method }) => method)).toEqual(['PATCH', 'GET', 'PATCH'])
    const service = { 'f:name': {}, 'f:port': { 'f:number': {} } }
    expect(seen[2]?.body).toEqual([
      {
        op: 'replace',
        path: '/metadata/managedFields',
        value: [
          managedFields[1],
          {
            manager: 'multi-cluster-ingress',
            operation: 'Apply',
            apiVersion: 'networking.k8s.io/v1',
            fieldsType: 'FieldsV1',
            fieldsV1: { 'f:spec': { 'f:rules': {}, 'f:tls': {}, 'f:defaultBackend': { 'f:service': service } } },
          },
        ],
      },
      { op: 'replace', path: '/metadata/resourceVersion', value: '7' },
    ])
  })

  it('replaces the addresses in the status, whoever wrote them', async () => {
    const { cluster, seen } = await against(() => ({ body: ingress }))
    await cluster.setIngressAddresses('shop', 'web', ['203.0.113.7', '2001:db8::7'])
    expect(seen).toMatchObject([
      {
        method: 'PATCH',
        path: '/apis/networking.k8s.io/v1/namespaces/shop/ingresses/web/status',
        query: { fieldManager: 'multi-cluster-ingress', force: 'true' },
        body: { status: { loadBalancer: { ingress: [{ ip: '203.0.113.7' }, { ip: '2001:db8::7' }] } } },
      },
    ])
    expect(seen[0]?.headers['content-type']).toBe('application/apply-patch+yaml')
  })

  const event = {
    ingress: { namespace: 'shop', name: 'web', uid: 'u1' },
    type: 'Normal',
    reason: 'IPChanged',
    message: 'IP is now 203.0.113.7',
    at: 1_700_000_000_400,
  } as const

  it('records an Event in one request', async () => {
    const { cluster, seen } = await against(({ body }) => ({ body }))
    await cluster.recordEvent({ ...event, message: 'x'.repeat(5_000) })
    expect(seen).toMatchObject([
      {
        method: 'POST',
        path: '/api/v1/namespaces/shop/events',
        body: {
          involvedObject: {
            kind: 'Ingress',
            apiVersion: 'networking.k8s.io/v1',
            namespace: 'shop',
            name: 'web',
            uid: 'u1',
          },
          type: 'Normal',
          reason: 'IPChanged',
          // The API server takes no more.
          message: 'x'.repeat(1_024),
          source: { component: 'multi-cluster-ingress' },
          firstTimestamp: '2023-11-14T22:13:20.000Z',
          lastTimestamp: '2023-11-14T22:13:20.000Z',
          count: 1,
        },
      },
    ])
  })

  it('counts up the Event that there is already', async () => {
    const { cluster, seen } = await against(({ method }) =>
      method === 'POST'
        ? status(409, 'AlreadyExists', 'events "web.x" already exists')
        : { body: { metadata: { name: 'web.x' }, count: 4 } },
    )
    await cluster.recordEvent(event)
    const [post, get, patch] = seen
    expect([post?.method, get?.method, patch?.method]).toEqual(['POST', 'GET', 'PATCH'])
    expect(get?.path).toBe(patch?.path)
    expect(patch?.headers['content-type']).toBe('application/merge-patch+json')
    expect(patch?.body).toEqual({ count: 5, lastTimestamp: '2023-11-14T22:13:20.000Z', message: event.message })
  })

  it('keeps one Event for each object, type and reason', async () => {
    const { cluster, seen } = await against(({ body }) => ({ body }))
    await cluster.recordEvent(event)
    await cluster.recordEvent({ ...event, message: 'IP is now 203.0.113.8', at: 0 })
    await cluster.recordEvent({ ...event, reason: 'Sync' })
    await cluster.recordEvent({ ...event, type: 'Warning' })
    await cluster.recordEvent({ ...event, ingress: { ...event.ingress, uid: 'u2' } })
    await cluster.recordEvent({ ...event, ingress: { ...event.ingress, name: `${'long-'.repeat(50)}xyz` } })
    const names = seen.map(({ body }) => (body as { metadata: { name: string } }).metadata.name)
    expect(names[1]).toBe(names[0])
    expect(new Set(names).size).toBe(5)
    for (const name of names) expect(name).toMatch(/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/)
  })

  it('deletes, and absent is success', async () => {
    const { cluster, seen } = await against(({ path }) =>
      path.endsWith('/web') ? { body: { kind: 'Status', status: 'Success' } } : status(404, 'NotFound', 'not found'),
    )
    await cluster.deleteIngress('shop', 'web')
    await cluster.deleteIngress('shop', 'gone')
    expect(seen.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'DELETE /apis/networking.k8s.io/v1/namespaces/shop/ingresses/web',
      'DELETE /apis/networking.k8s.io/v1/namespaces/shop/ingresses/gone',
    ])
  })
})

describe('what is not there', () => {
  it('is undefined when the API server says so', async () => {
    const { cluster } = await against(() => status(404, 'NotFound', 'ingresses "web" not found'))
    expect(await cluster.ingress('shop', 'web')).toBeUndefined()
    expect(await cluster.service('shop', 'web')).toBeUndefined()
  })

  const rows: { reason: string; answer: Answer }[] = [
    { reason: 'some other server says 404', answer: { status: 404, text: '404 page not found\n' } },
    { reason: 'a redirect', answer: { status: 302, text: '', headers: { location: 'http://127.0.0.1:1/' } } },
    { reason: 'a page instead of an object', answer: { text: '<html>' } },
    { reason: 'another kind of object', answer: { body: { metadata: { name: 7 }, spec: {} } } },
  ]
  it.each(rows)('is not $reason', async ({ answer }) => {
    const { cluster, seen } = await against(() => answer)
    expect(await errorOf(cluster.ingress('shop', 'web'))).toMatchObject({ status: 502 })
    expect(seen).toHaveLength(1)
  })
})

describe('a deletion', () => {
  it.each([
    { reason: 'some other server says 404', answer: { status: 404, text: '404 page not found\n' } },
    { reason: 'a page is shown', answer: { text: '<html>' } },
  ])('has not happened when $reason', async ({ answer }) => {
    const { cluster } = await against(() => answer)
    expect(await errorOf(cluster.deleteIngress('shop', 'web'))).toMatchObject({ status: 502 })
  })
})

describe('errors', () => {
  const rows: { reason: string; answer: Answer; want: { status: number; reason: string } }[] = [
    {
      reason: 'unauthorized',
      answer: status(401, 'Unauthorized', 'Unauthorized'),
      want: { status: 401, reason: 'Unauthorized' },
    },
    { reason: 'forbidden', answer: status(403, 'Forbidden', 'no'), want: { status: 403, reason: 'Forbidden' } },
    {
      reason: 'throttled',
      answer: status(429, 'TooManyRequests', 'slow down'),
      want: { status: 429, reason: 'TooManyRequests' },
    },
    {
      reason: 'a page that expired half way',
      answer: status(410, 'Expired', 'The provided continue parameter is too old'),
      want: { status: 503, reason: 'Expired' },
    },
    { reason: 'overloaded', answer: { status: 503, text: 'upstream' }, want: { status: 503, reason: 'notKubernetes' } },
    { reason: 'connection closed', answer: 'hang up', want: { status: 0, reason: 'ECONNRESET' } },
    { reason: 'silence', answer: 'silence', want: { status: 0, reason: 'timeout' } },
    {
      reason: 'a list without an end',
      answer: { body: { metadata: { continue: 'x' }, items: [] } },
      want: { status: 502, reason: 'endless' },
    },
  ]
  it.each(rows)('$reason', async ({ answer, want }) => {
    // Silence is to be short; twenty pages may take their time.
    const { cluster, seen } = await against(() => answer, want.reason === 'endless' ? 5_000 : 300)
    expect(await errorOf(cluster.nodes())).toMatchObject(want)
    expect(seen).toHaveLength(want.reason === 'endless' ? 20 : 1)
  })

  it('has status 0 when nothing listens', async () => {
    const { cluster } = await against(() => 'hang up')
    await servers[0]?.close()
    expect(await errorOf(cluster.version())).toMatchObject({ status: 0, reason: 'ECONNREFUSED' })
  })

  it('refuses an answer that does not end', async () => {
    const { cluster } = await against(() => ({ text: ' '.repeat(65 * 1024 * 1024) }))
    expect(await errorOf(cluster.version())).toMatchObject({ status: 502, reason: 'tooLarge' })
  })

  it.each([false, true])(
    'sends once more what went into a connection that was closed meanwhile (https: %s)',
    async (secure) => {
      let calls = 0
      const answer = (): Answer => (++calls === 2 ? 'hang up' : { body: { gitVersion: 'v1' } })
      const { url, seen } = await started(answer, secure)
      const caData = Buffer.from(testCertificate).toString('base64')
      const cluster = listed().connect({ name: 'c', server: url, project: 'p', ...(secure ? { caData } : {}) })
      await cluster.version()
      expect(await cluster.version()).toBe('v1')
      expect(seen).toHaveLength(3)
    },
  )

  const names: { reason: string; run: (cluster: Cluster) => Promise<unknown> }[] = [
    { reason: 'a name that climbs out of its path', run: (c) => c.ingress('shop', '..') },
    { reason: 'a namespace that climbs out of its path', run: (c) => c.service('..', 'web') },
    { reason: 'a selector with a second condition in its value', run: (c) => c.pods('shop', { app: 'web,tier!=x' }) },
  ]
  it.each(names)('refuses $reason', async ({ run }) => {
    const { cluster, seen } = await against(() => ({ body: {} }))
    expect(await errorOf(run(cluster))).toMatchObject({ status: 400, reason: 'badName' })
    expect(seen).toEqual([])
  })
})

describe('identity', () => {
  const caData = Buffer.from(testCertificate).toString('base64')
  const gkeName = 'projects/p/locations/l-a/clusters/c'
  const version: Answer = { body: { gitVersion: 'v1' } }
  const registration = { name: 'c', project: 'p', gke: gkeName }

  it('shows a fresh token to the server that GKE names, and to no other', async () => {
    const named = await started(() => version, true)
    const evil = await started(() => version, true)
    let tokens = 0
    const cluster = createClusters({
      accessToken: async () => `token-${++tokens}`,
      gke: async () => ({ servers: [named.url], caData }),
    }).connect({ ...registration, server: evil.url, caData })
    await cluster.version()
    await cluster.version()
    expect(named.seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer token-1', 'Bearer token-2'])
    expect(evil.seen).toEqual([])
  })
  it('lets a registration choose among the servers that GKE names', async () => {
    const first = await started(() => version, true)
    const clusters = createClusters({
      accessToken: async () => 'token',
      // Another name for the same machine.
      gke: async () => ({ servers: ['https://192.0.2.1', first.url], caData }),
    })
    expect(await clusters.connect({ ...registration, server: 'https://127.0.0.1:9' }).version()).toBe('v1')
    expect(first.seen).toHaveLength(1)
  })
  it.each([
    { reason: 'a server on the list that is not Google’s own', part: {}, secure: true },
    { reason: 'the same, called a GKE cluster', part: { gke: gkeName }, secure: true },
    { reason: 'plain http', part: { gke: gkeName }, secure: false },
  ])('shows no token to $reason', async ({ part, secure }) => {
    const { url, seen } = await started(() => version, secure)
    const clusters = listed({ accessToken: () => Promise.reject(new Error('no token is asked for')) })
    const cluster = clusters.connect({ name: 'c', server: url, project: 'p', ...(secure ? { caData } : {}), ...part })
    await cluster.version()
    expect(seen.map(({ headers }) => headers.authorization)).toEqual([undefined])
  })
  it('sends no token in the clear, even where GKE were to say so', async () => {
    const { url, seen } = await started(() => version)
    const clusters = createClusters({
      accessToken: async () => 'token',
      gke: async () => ({ servers: [url], caData: undefined }),
    })
    await clusters.connect({ ...registration, server: url }).version()
    expect(seen.map(({ headers }) => headers.authorization)).toEqual([undefined])
  })
  it('asks GKE again when the control plane has gone elsewhere, but not at every call', async () => {
    const before = await started(() => version, true)
    const after = await started(() => version, true)
    let now = 0
    let asked = 0
    let named = before.url
    const cluster = createClusters({
      accessToken: async () => 'token',
      gke: async () => {
        asked += 1
        return { servers: [named], caData }
      },
      now: () => now,
    }).connect({ ...registration, server: before.url })
    await cluster.version()
    await before.close()
    named = after.url
    now = 29_000
    expect(await errorOf(cluster.version())).toMatchObject({ status: 0 })
    now = 31_000
    expect(await errorOf(cluster.version())).toMatchObject({ status: 0 })
    expect(asked).toBe(1)
    expect(await cluster.version()).toBe('v1')
    expect(asked).toBe(2)
    now += 10 * 60_000
    await cluster.version()
    expect(asked, 'a kept answer grows old').toBe(3)
  })
  it('does not keep a failure to ask GKE', async () => {
    const { url } = await started(() => version, true)
    let down = true
    const cluster = createClusters({
      accessToken: async () => 'token',
      gke: async () => {
        if (down) throw new CloudError(0, 'timeout', 'GKE is silent')
        return { servers: [url], caData }
      },
    }).connect({ ...registration, server: url })
    expect(await errorOf(cluster.version())).toMatchObject({ status: 0, reason: 'timeout' })
    down = false
    expect(await cluster.version()).toBe('v1')
  })

  it('does not talk to a server whose certificate the CA of GKE has not signed, whatever the message brought', async () => {
    const { url, seen } = await started(() => version, true)
    const clusters = createClusters({
      accessToken: async () => 'token',
      gke: async () => ({ servers: [url], caData: undefined }),
    })
    const cluster = clusters.connect({ ...registration, server: url, caData })
    expect(await errorOf(cluster.version())).toMatchObject({ status: 0, reason: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
    expect(seen).toEqual([])
  })

  it('is a failed call when there is no token', async () => {
    const { url, seen } = await started(() => version, true)
    const accessToken = async (): Promise<string> => {
      throw new CloudError(401, 'credentials', 'none found')
    }
    const clusters = createClusters({ accessToken, gke: async () => ({ servers: [url], caData }) })
    const cluster = clusters.connect({ ...registration, server: url })
    expect(await errorOf(cluster.version())).toMatchObject({ status: 401, reason: 'credentials' })
    expect(seen).toEqual([])
  })

  const refused: { reason: string; part: Partial<ClusterRegistration> }[] = [
    { reason: 'a file', part: { server: 'file:///etc/passwd' } },
    { reason: 'no URL at all', part: { server: 'cluster' } },
    { reason: 'a URL with a password', part: { server: 'https://user:pass@127.0.0.1/' } },
    { reason: 'a URL with a query', part: { server: 'https://127.0.0.1/?x=' } },
    { reason: 'a server that nobody names', part: { server: 'https://203.0.113.9' } },
    { reason: 'the metadata server', part: { server: 'http://169.254.169.254/computeMetadata/v1', gke: gkeName } },
  ]
  it.each(refused)('refuses a registration with $reason before anything is sent', async ({ part }) => {
    const clusters = createClusters({ gke: () => Promise.reject(new Error('GKE is not asked')) })
    const whole = { name: 'c', server: '', project: 'p', ...part }
    expect(clusters.refusal(whole)).toBeTypeOf('string')
    expect(await errorOf(clusters.connect(whole).version())).toMatchObject({ status: 403, reason: 'serverNotAllowed' })
  })
  it('refuses a CA that is no certificate', async () => {
    const cluster = listed().connect({ name: 'c', server: 'https://127.0.0.1/', project: 'p', caData: 'aGVsbG8=' })
    expect(await errorOf(cluster.version())).toMatchObject({ status: 400, reason: 'badRegistration' })
  })
})

describe('connections', () => {
  it('are kept while the registration stays, and made anew when it changes', async () => {
    const { url } = await started(() => ({ body: {} }))
    const clusters = listed()
    const first = clusters.connect({ name: 'c', server: url, project: 'p' })
    expect(clusters.connect({ name: 'c', server: url, project: 'p', labels: { a: 'b' } })).toBe(first)
    expect(clusters.connect({ name: 'c', server: 'http://127.0.0.1:1', project: 'p' })).not.toBe(first)
  })
})
