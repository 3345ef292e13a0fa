import { describe, expect, it } from 'vitest'
import { createCompute } from '../../shared/cloud/compute.ts'
import type { ComputeCollection, ComputeCollections, ComputeRef } from '../../shared/cloud/compute-port.ts'
import type { Common, HttpCheck, PathMatcher } from '../../shared/cloud/compute-resources.ts'
import { runningOperation, serve } from './server.ts'

const common: Required<Omit<Common, 'fingerprint'>> = {
  name: 'x',
  description: '',
  id: '18446744073709551615',
  selfLink: 'projects/p/global/any/x',
  creationTimestamp: '2026-01-01T00:00:00.000-08:00',
}

/** Of the collections that have one; the API's messages for the others do not. */
const fingerprint = 'abcdef0123A='

const check: Required<HttpCheck> = {
  port: 80,
  portSpecification: 'USE_SERVING_PORT',
  portName: 'http',
  requestPath: '/',
  host: '',
  proxyHeader: 'NONE',
}

const redirect = {
  hostRedirect: 'a.example',
  httpsRedirect: false,
  pathRedirect: '/p',
  prefixRedirect: '/q',
  redirectResponseCode: 'FOUND',
  stripQuery: false,
}

const route = {
  faultInjectionPolicy: { abort: { httpStatus: 404, percentage: 0.5 } },
  weightedBackendServices: [{ backendService: 'projects/p/global/backendServices/b', weight: 0 }],
}

const matcher: Required<PathMatcher> = {
  name: 'm',
  description: 'd',
  defaultService: 'projects/p/global/backendServices/b',
  defaultRouteAction: route,
  defaultUrlRedirect: redirect,
  pathRules: [{ paths: ['/*'], service: 'projects/p/global/backendServices/b' }],
}

type Whole<T extends Common> = Required<Omit<T, 'fingerprint'>> & Pick<T, 'fingerprint'>

/** Every field of the port, with the values that are lost most easily. A new field does not compile until it is here. */
const resources: { [C in ComputeCollection]: Whole<ComputeCollections[C]> } = {
  addresses: {
    ...common,
    address: '203.0.113.1',
    addressType: 'EXTERNAL',
    ipVersion: 'IPV4',
    status: 'IN_USE',
    networkTier: 'PREMIUM',
    purpose: 'SHARED_LOADBALANCER_VIP',
    users: ['projects/p/global/forwardingRules/r'],
  },
  backendServices: {
    ...common,
    fingerprint,
    protocol: 'HTTP2',
    port: 80,
    portName: 'http',
    loadBalancingScheme: 'EXTERNAL_MANAGED',
    healthChecks: ['projects/p/global/healthChecks/h'],
    backends: [
      {
        group: 'projects/p/zones/z/instanceGroups/g',
        balancingMode: 'RATE',
        maxRatePerInstance: 1.5,
        maxRatePerEndpoint: 0.1,
        capacityScaler: 0,
      },
    ],
    sessionAffinity: 'NONE',
    affinityCookieTtlSec: 0,
    timeoutSec: 30,
    connectionDraining: { drainingTimeoutSec: 0 },
    enableCDN: false,
    securityPolicy: 'projects/p/global/securityPolicies/s',
    customRequestHeaders: ['X-A: b'],
    customResponseHeaders: ['X-C: d'],
    logConfig: { enable: true, sampleRate: 0 },
    iap: { enabled: false, oauth2ClientId: '', oauth2ClientSecret: 's', oauth2ClientSecretSha256: 'e3b0' },
    cdnPolicy: {
      cacheMode: 'CACHE_ALL_STATIC',
      defaultTtl: 0,
      negativeCaching: false,
      cacheKeyPolicy: { includeHost: false },
    },
  },
  firewalls: {
    ...common,
    network: 'projects/p/global/networks/n',
    direction: 'INGRESS',
    priority: 0,
    disabled: false,
    sourceRanges: ['0.0.0.0/0'],
    targetTags: ['t'],
    allowed: [{ IPProtocol: 'tcp', ports: ['1-65535'] }],
  },
  forwardingRules: {
    ...common,
    fingerprint,
    IPAddress: '203.0.113.1',
    IPProtocol: 'TCP',
    portRange: '443-443',
    target: 'projects/p/global/targetHttpsProxies/t',
    loadBalancingScheme: 'EXTERNAL',
    ipVersion: 'IPV6',
    networkTier: 'PREMIUM',
  },
  healthChecks: {
    ...common,
    type: 'HTTP',
    checkIntervalSec: 10,
    timeoutSec: 5,
    healthyThreshold: 1,
    unhealthyThreshold: 3,
    httpHealthCheck: check,
    httpsHealthCheck: check,
    http2HealthCheck: check,
  },
  instanceGroups: {
    ...common,
    fingerprint,
    zone: 'projects/p/zones/z',
    network: 'projects/p/global/networks/n',
    namedPorts: [{ name: 'port80', port: 80 }],
    size: 0,
  },
  instances: {
    ...common,
    fingerprint,
    zone: 'projects/p/zones/z',
    tags: { items: ['t'] },
    networkInterfaces: [{ network: 'projects/p/global/networks/n', networkIP: '10.0.0.1' }],
  },
  networkEndpointGroups: {
    ...common,
    zone: 'projects/p/zones/z',
    network: 'projects/p/global/networks/n',
    networkEndpointType: 'GCE_VM_IP_PORT',
    size: 0,
  },
  sslCertificates: {
    ...common,
    type: 'SELF_MANAGED',
    certificate: '-----BEGIN CERTIFICATE-----\n',
    privateKey: 'k',
    expireTime: '2027-01-01T00:00:00.000-08:00',
    subjectAlternativeNames: ['a.example'],
    managed: { domains: ['a.example'], status: 'ACTIVE', domainStatus: { 'a.example': 'ACTIVE' } },
  },
  targetHttpProxies: { ...common, fingerprint, urlMap: 'projects/p/global/urlMaps/u' },
  targetHttpsProxies: {
    ...common,
    fingerprint,
    urlMap: 'projects/p/global/urlMaps/u',
    sslCertificates: ['projects/p/global/sslCertificates/c'],
    sslPolicy: 'projects/p/global/sslPolicies/s',
  },
  urlMaps: {
    ...common,
    fingerprint,
    defaultService: 'projects/p/global/backendServices/b',
    defaultRouteAction: route,
    defaultUrlRedirect: redirect,
    hostRules: [{ hosts: ['*'], pathMatcher: 'm' }],
    pathMatchers: [matcher],
  },
}

describe('every field of the port', () => {
  it.each(Object.keys(resources) as ComputeCollection[])(
    'of %s arrives as sent and is read as answered',
    async (collection) => {
      const resource = resources[collection]
      const server = await serve(({ method }) => (method === 'POST' ? runningOperation('insert') : { body: resource }))
      try {
        const compute = createCompute({ endpoint: server.url })
        const zonal = ['instanceGroups', 'instances', 'networkEndpointGroups'].includes(collection)
        const ref: ComputeRef = { collection, project: 'p', name: 'x', ...(zonal ? { zone: 'z' } : {}) }
        await compute.insert(ref, resource, 'r')
        // The library adds an empty map (labels, annotations, metadatas) where there is none: in a merge it changes nothing.
        expect(withoutEmptyMaps(server.seen[0]?.body)).toEqual(resource)
        expect(await compute.get(ref)).toEqual(resource)
      } finally {
        await server.close()
      }
    },
  )
})

function withoutEmptyMaps(body: unknown): unknown {
  const isEmptyMap = (value: unknown) => JSON.stringify(value) === '{}'
  return Object.fromEntries(Object.entries(body as object).filter(([, value]) => !isEmptyMap(value)))
}
