import { afterEach, describe, expect, it } from 'vitest'
import { CloudError } from '../../shared/cloud/compute-port.ts'
import { createGkeReader, isGkeName } from '../../shared/cloud/gke.ts'
import { serve, type Answer, type TestServer } from './server.ts'

const servers: TestServer[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

const name = 'projects/example-project/locations/us-central1/clusters/blue'
const noToken = (): Promise<string> => Promise.reject(new Error('a stand-in of GKE gets no token'))

async function readerOf(answer: Answer): Promise<{ read: ReturnType<typeof createGkeReader>; server: TestServer }> {
  const server = await serve(() => answer)
  servers.push(server)
  return { read: createGkeReader({ endpoint: server.url, accessToken: noToken, timeoutMs: 500 }), server }
}

async function errorOf(work: Promise<unknown>): Promise<CloudError> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof CloudError)) throw new Error(`want a CloudError, got ${String(error)}`)
  return error
}

/** Parts of answers that others recorded of the real API (v1beta1 and v1), with example names and addresses. */
const dns = 'gke-0123456789abcdef0123456789abcdef0123-123456789012.northamerica-south1-a.gke.goog'
const masterAuth = { clientCertificateConfig: {}, clusterCaCertificate: 'Q0E=' }
const recorded: { reason: string; answer: object; want: string[] }[] = [
  {
    reason: 'with an address and a DNS name',
    answer: {
      controlPlaneEndpointsConfig: {
        dnsEndpointConfig: { allowExternalTraffic: true, enableK8sTokensViaDns: false, endpoint: dns },
        ipEndpointsConfig: {
          authorizedNetworksConfig: { gcpPublicCidrsAccessEnabled: true },
          enablePublicEndpoint: true,
          enabled: true,
          globalAccess: false,
          privateEndpoint: '10.128.0.2',
          publicEndpoint: '203.0.113.20',
        },
      },
      endpoint: '203.0.113.20',
      masterAuth,
      privateClusterConfig: { privateEndpoint: '10.128.0.2', publicEndpoint: '203.0.113.20' },
    },
    want: ['https://203.0.113.20', `https://${dns}`, 'https://10.128.0.2'],
  },
  {
    reason: 'with a DNS name alone',
    answer: {
      controlPlaneEndpointsConfig: {
        dnsEndpointConfig: { allowExternalTraffic: true, enableK8sTokensViaDns: false, endpoint: dns },
        ipEndpointsConfig: { enabled: false },
      },
      endpoint: dns,
      masterAuth,
      privateClusterConfig: { enablePrivateNodes: true },
    },
    want: [`https://${dns}`],
  },
  {
    reason: 'with a private address',
    answer: {
      controlPlaneEndpointsConfig: {
        dnsEndpointConfig: { allowExternalTraffic: false, enableK8sTokensViaDns: false, endpoint: dns },
        ipEndpointsConfig: { enablePublicEndpoint: false, enabled: true, privateEndpoint: '10.128.0.2' },
      },
      endpoint: '10.128.0.2',
      masterAuth,
      privateClusterConfig: {
        enablePrivateEndpoint: true,
        privateEndpoint: '10.128.0.2',
        publicEndpoint: '203.0.113.20',
      },
    },
    want: ['https://10.128.0.2', `https://${dns}`, 'https://203.0.113.20'],
  },
  {
    reason: 'of before there were DNS names',
    answer: {
      endpoint: '203.0.113.20',
      masterAuth,
      privateClusterConfig: { privateEndpoint: '10.10.0.2', publicEndpoint: '203.0.113.20' },
    },
    want: ['https://203.0.113.20', 'https://10.10.0.2'],
  },
]

describe('GKE is asked where a cluster is', () => {
  it.each(recorded)('$reason', async ({ answer, want }) => {
    const { read, server } = await readerOf({ body: answer })
    expect(await read(name)).toEqual({ servers: want, caData: 'Q0E=' })
    expect(server.seen.map(({ method, path }) => `${method} ${path}`)).toEqual([`GET /v1/${name}`])
  })

  const failing: { reason: string; answer: Answer; want: { status: number; says: string } }[] = [
    {
      reason: 'a cluster that is not there is no answer about its objects',
      answer: { status: 404, body: { error: { code: 404, message: 'Not found: blue.', status: 'NOT_FOUND' } } },
      want: { status: 502, says: 'HTTP 404: Not found: blue.' },
    },
    {
      reason: 'no permission',
      answer: { status: 403, body: { error: { code: 403, message: 'Required "container.clusters.get"' } } },
      want: { status: 403, says: 'container.clusters.get' },
    },
    { reason: 'a redirect', answer: { status: 302, text: '' }, want: { status: 502, says: 'HTTP 302' } },
    { reason: 'no JSON', answer: { text: '<html>' }, want: { status: 502, says: 'not documented' } },
    { reason: 'no endpoint', answer: { body: { masterAuth } }, want: { status: 502, says: 'not documented' } },
    { reason: 'silence', answer: 'silence', want: { status: 0, says: 'no answer within 500 ms' } },
    ...['169.254.169.254', '127.0.0.1', '::1', '0.0.0.0', 'evil.example', 'gke.goog.evil.example', 'x.gke.goog/y'].map(
      (endpoint) => ({
        reason: `an endpoint that cannot be a control plane: ${endpoint}`,
        answer: { body: { endpoint, masterAuth } },
        want: { status: 502, says: `"${endpoint}" cannot be a control plane` },
      }),
    ),
  ]
  it.each(failing)('and fails by $reason', async ({ answer, want }) => {
    const { read } = await readerOf(answer)
    const error = await errorOf(read(name))
    expect(error.status).toBe(want.status)
    expect(error.message).toContain(want.says)
    expect(error.message).toContain(name)
  })

  it.each([
    'projects/../locations/x/clusters/y',
    'projects/p/locations/us/clusters/../x',
    'p/l/c',
    `${name}/nodePools/x`,
  ])('never about "%s"', async (bad) => {
    const { read, server } = await readerOf({ body: recorded[0]?.answer })
    expect(isGkeName(bad)).toBe(false)
    expect(await errorOf(read(bad))).toMatchObject({ status: 400 })
    expect(server.seen).toEqual([])
  })
  it.each([
    name,
    'projects/example.com:shop/locations/us-central1-a/clusters/a',
    'projects/123456/locations/us-east1/clusters/b1',
  ])('about %s', (good) => expect(isGkeName(good)).toBe(true))
})
