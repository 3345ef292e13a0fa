import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Bench, bench, loadBalancer, make, refusal } from './harness.ts'

const pem = (name: string) => readFileSync(join(import.meta.dirname, 'certificates', name), 'utf8')

interface Row {
  /** What is refused and why. */
  reason: string
  /** What is there before. */
  given?: (world: Bench) => Promise<unknown>
  send: [method: string, path: string, body?: unknown, query?: Record<string, string>]
  status: number
  code: string
  /** The whole message, or a part of it. */
  message: string | RegExp
}

const zone = 'zones/us-central1-a'
const group = (name: string) => make.url(`${zone}/instanceGroups/${name}`)
const neg = (name: string) => make.url(`${zone}/networkEndpointGroups/${name}`)
const rate = { balancingMode: 'RATE', maxRatePerInstance: 100 }
const rateNeg = { balancingMode: 'RATE', maxRatePerEndpoint: 100 }

async function healthCheck(world: Bench): Promise<void> {
  await world.done('POST', 'global/healthChecks', make.healthCheck('hc'))
}

async function groups(world: Bench): Promise<void> {
  await healthCheck(world)
  await world.done('POST', `${zone}/instanceGroups`, { name: 'ig' })
  await world.done('POST', `${zone}/instanceGroups`, { name: 'ig2' })
  await world.done('POST', `${zone}/networkEndpointGroups`, { name: 'neg' })
}

const backend = (...backends: unknown[]): Row['send'] => [
  'POST',
  'global/backendServices',
  make.backendService('be', { backends: backends as never }),
]

const urlMap = (more: object): Row['send'] => ['POST', 'global/urlMaps', make.urlMap('um2', 'be', more as never)]
const matcher = (more: object) => ({
  hostRules: [{ hosts: ['a.example.com'], pathMatcher: 'm' }],
  pathMatchers: [{ name: 'm', defaultService: 'global/backendServices/be', ...more }],
})
const rule = (more: object): Row['send'] => [
  'POST',
  'global/forwardingRules',
  {
    name: 'fw2',
    target: 'global/targetHttpProxies/tp',
    portRange: '8080',
    loadBalancingScheme: 'EXTERNAL_MANAGED',
    ...more,
  },
]
const certificate = (more: object): Row['send'] => ['POST', 'global/sslCertificates', { name: 'crt', ...more }]
const check = (more: object): Row['send'] => ['POST', 'global/healthChecks', { ...make.healthCheck('hc2'), ...more }]
const firewall = (more: object): Row['send'] => [
  'POST',
  'global/firewalls',
  { name: 'fr', allowed: [{ IPProtocol: 'tcp' }], ...more },
]

const rows: Row[] = [
  // Names and shapes.
  {
    reason: 'an upper case name',
    send: ['POST', 'global/healthChecks', { ...make.healthCheck('Hc') }],
    status: 400,
    code: 'invalid',
    message: /^Invalid value for field 'resource\.name': 'Hc'\. Must be a match of regex/,
  },
  {
    reason: 'a name that ends in a hyphen',
    send: ['POST', 'global/addresses', { name: 'a-' }],
    status: 400,
    code: 'invalid',
    message: /resource\.name/,
  },
  {
    reason: 'a name of 64 characters',
    send: ['POST', 'global/addresses', { name: 'a'.repeat(64) }],
    status: 400,
    code: 'invalid',
    message: /resource\.name/,
  },
  {
    reason: 'an empty name',
    send: ['POST', 'global/addresses', { name: '' }],
    status: 400,
    code: 'required',
    message: "Required field 'resource.name' not specified",
  },
  {
    reason: 'no body',
    send: ['POST', 'global/addresses'],
    status: 400,
    code: 'required',
    message: "Required field 'resource.name' not specified",
  },
  {
    reason: 'a number where a text belongs',
    send: ['POST', 'global/addresses', { name: 'a', description: 7 }],
    status: 400,
    code: 'invalid',
    message: "Invalid value for field 'resource.description': '7'. A text is expected.",
  },
  {
    reason: 'a text where an object belongs',
    send: check({ httpHealthCheck: 'x' }),
    status: 400,
    code: 'invalid',
    message: /resource\.httpHealthCheck/,
  },
  {
    reason: 'a value that the enum does not have',
    send: ['POST', 'global/addresses', { name: 'a', addressType: 'PUBLIC' }],
    status: 400,
    code: 'invalid',
    message: /'resource\.addressType': 'PUBLIC'/,
  },
  {
    reason: 'a list as body',
    send: ['POST', 'global/addresses', []],
    status: 400,
    code: 'invalid',
    message: /An object is expected/,
  },
  // Absence and presence.
  {
    reason: 'GET of nothing',
    send: ['GET', 'global/urlMaps/x'],
    status: 404,
    code: 'notFound',
    message: "The resource 'projects/p/global/urlMaps/x' was not found",
  },
  {
    reason: 'DELETE of nothing',
    send: ['DELETE', 'global/urlMaps/x'],
    status: 404,
    code: 'notFound',
    message: "The resource 'projects/p/global/urlMaps/x' was not found",
  },
  {
    reason: 'PATCH of nothing',
    send: ['PATCH', 'global/urlMaps/x', { fingerprint: 'AAAAAAAAAAA=' }],
    status: 404,
    code: 'notFound',
    message: /urlMaps\/x/,
  },
  {
    reason: 'an unknown zone',
    send: ['POST', 'zones/nowhere-a/instanceGroups', { name: 'g' }],
    status: 404,
    code: 'notFound',
    message: "The resource 'projects/p/zones/nowhere-a' was not found",
  },
  {
    reason: 'an unknown method',
    send: ['POST', 'global/urlMaps/x/fly'],
    status: 404,
    code: 'notFound',
    message: /no method POST/,
  },
  {
    reason: 'a name that is taken',
    given: healthCheck,
    send: ['POST', 'global/healthChecks', make.healthCheck('hc')],
    status: 409,
    code: 'alreadyExists',
    message: "The resource 'projects/p/global/healthChecks/hc' already exists",
  },
  {
    reason: 'a reference to nothing',
    send: ['POST', 'global/backendServices', make.backendService('be')],
    status: 404,
    code: 'notFound',
    message: "The resource 'projects/p/global/healthChecks/hc' was not found",
  },
  {
    reason: 'a malformed reference',
    send: ['POST', 'global/backendServices', make.backendService('be', { healthChecks: ['hc'] })],
    status: 400,
    code: 'invalid',
    message: "Invalid value for field 'resource.healthChecks[0]': 'hc'. The URL is malformed.",
  },
  {
    reason: 'a reference to the wrong collection',
    given: healthCheck,
    send: ['POST', 'global/targetHttpProxies', { name: 'tp', urlMap: 'global/healthChecks/hc' }],
    status: 400,
    code: 'invalid',
    message: /Unexpected resource collection 'healthChecks'/,
  },
  // In use.
  {
    reason: 'a health check in use',
    given: loadBalancer,
    send: ['DELETE', 'global/healthChecks/hc'],
    status: 400,
    code: 'resourceInUseByAnotherResource',
    message:
      /^The health_check resource 'GLOBAL:global\/PROJECT:\d+\/HEALTH_CHECK:hc' is already being used by 'GLOBAL:global\/PROJECT:\d+\/BACKEND_SERVICE:be'$/,
  },
  {
    reason: 'a backend service in use',
    given: loadBalancer,
    send: ['DELETE', 'global/backendServices/be'],
    status: 400,
    code: 'resourceInUseByAnotherResource',
    message:
      "The backend_service resource 'projects/p/global/backendServices/be' is already being used by 'projects/p/global/urlMaps/um'",
  },
  {
    reason: 'a URL map in use',
    given: loadBalancer,
    send: ['DELETE', 'global/urlMaps/um'],
    status: 400,
    code: 'resourceInUseByAnotherResource',
    message:
      "The url_map resource 'projects/p/global/urlMaps/um' is already being used by 'projects/p/global/targetHttpProxies/tp'",
  },
  {
    reason: 'a proxy in use',
    given: loadBalancer,
    send: ['DELETE', 'global/targetHttpProxies/tp'],
    status: 400,
    code: 'resourceInUseByAnotherResource',
    message:
      "The target_http_proxy resource 'projects/p/global/targetHttpProxies/tp' is already being used by 'projects/p/global/forwardingRules/fw'",
  },
  {
    reason: 'an address in use',
    given: loadBalancer,
    send: ['DELETE', 'global/addresses/ip'],
    status: 400,
    code: 'resourceInUseByAnotherResource',
    message:
      "The address resource 'projects/p/global/addresses/ip' is already being used by 'projects/p/global/forwardingRules/fw'",
  },
  {
    reason: 'an instance group in use',
    given: async (world) => {
      await groups(world)
      await world.done(...backend({ group: group('ig'), ...rate }))
    },
    send: ['DELETE', `${zone}/instanceGroups/ig`],
    status: 400,
    code: 'resourceInUseByAnotherResource',
    message: `The instance_group resource 'projects/p/${zone}/instanceGroups/ig' is already being used by 'projects/p/global/backendServices/be'`,
  },
  // Fingerprints.
  {
    reason: 'PATCH of a URL map without fingerprint',
    given: loadBalancer,
    send: ['PATCH', 'global/urlMaps/um', { description: 'x' }],
    status: 400,
    code: 'required',
    message: "Required field 'resource.fingerprint' not specified",
  },
  {
    reason: 'PUT of a URL map without fingerprint',
    given: loadBalancer,
    send: ['PUT', 'global/urlMaps/um', make.urlMap('um')],
    status: 400,
    code: 'required',
    message: "Required field 'resource.fingerprint' not specified",
  },
  {
    reason: 'PATCH of a backend service without fingerprint',
    given: loadBalancer,
    send: ['PATCH', 'global/backendServices/be', { timeoutSec: 9 }],
    status: 400,
    code: 'required',
    message: "Required field 'resource.fingerprint' not specified",
  },
  {
    reason: 'PATCH of a proxy without fingerprint',
    given: loadBalancer,
    send: ['PATCH', 'global/targetHttpProxies/tp', { description: 'x' }],
    status: 400,
    code: 'required',
    message: "Required field 'resource.fingerprint' not specified",
  },
  {
    reason: 'a stale fingerprint',
    given: loadBalancer,
    send: ['PATCH', 'global/urlMaps/um', { description: 'x', fingerprint: 'AAAAAAAAAAA=' }],
    status: 412,
    code: 'conditionNotMet',
    message: 'Invalid fingerprint.',
  },
  {
    reason: 'a stale label fingerprint',
    given: loadBalancer,
    send: ['POST', 'global/addresses/ip/setLabels', { labels: { a: 'b' }, labelFingerprint: 'AAAAAAAAAAA=' }],
    status: 412,
    code: 'conditionNotMet',
    message: 'Labels fingerprint either invalid or resource labels have changed',
  },
  {
    reason: 'an empty label fingerprint',
    given: loadBalancer,
    send: ['POST', 'global/forwardingRules/fw/setLabels', { labels: { a: 'b' } }],
    status: 412,
    code: 'conditionNotMet',
    message: 'Labels fingerprint either invalid or resource labels have changed',
  },
  {
    reason: 'a stale fingerprint of named ports',
    given: groups,
    send: [
      'POST',
      `${zone}/instanceGroups/ig/setNamedPorts`,
      { namedPorts: [{ name: 'http', port: 80 }], fingerprint: 'AAAAAAAAAAA=' },
    ],
    status: 412,
    code: 'conditionNotMet',
    message: 'Invalid fingerprint.',
  },
  {
    reason: 'a name that is not that of the path',
    given: loadBalancer,
    send: ['PUT', 'global/healthChecks/hc', make.healthCheck('other')],
    status: 400,
    code: 'invalid',
    message: /resource\.name/,
  },
  // requestId.
  {
    reason: 'a requestId that is no UUID',
    send: ['POST', 'global/addresses', { name: 'a' }, { requestId: '7' }],
    status: 400,
    code: 'invalid',
    message: /requestId/,
  },
  {
    reason: 'the zero requestId',
    send: ['POST', 'global/addresses', { name: 'a' }, { requestId: '00000000-0000-0000-0000-000000000000' }],
    status: 400,
    code: 'invalid',
    message: /non-zero/,
  },
  // Health checks.
  {
    reason: 'no type',
    send: ['POST', 'global/healthChecks', { name: 'hc2' }],
    status: 400,
    code: 'required',
    message: "Required field 'resource.type' not specified",
  },
  {
    reason: 'settings of another type',
    send: check({ httpHealthCheck: undefined, tcpHealthCheck: { port: 1 } }),
    status: 400,
    code: 'invalid',
    message: /tcpHealthCheck/,
  },
  {
    reason: 'an interval of 0',
    send: check({ checkIntervalSec: 0 }),
    status: 400,
    code: 'invalid',
    message: /between 1 and 300/,
  },
  {
    reason: 'an interval of 301',
    send: check({ checkIntervalSec: 301 }),
    status: 400,
    code: 'invalid',
    message: /between 1 and 300/,
  },
  {
    reason: 'a timeout longer than the interval',
    send: check({ checkIntervalSec: 5, timeoutSec: 6 }),
    status: 400,
    code: 'invalid',
    message: /must not exceed the interval/,
  },
  {
    reason: 'a timeout longer than the default interval',
    send: check({ timeoutSec: 6 }),
    status: 400,
    code: 'invalid',
    message: /must not exceed the interval/,
  },
  {
    reason: 'a threshold of 11',
    send: check({ unhealthyThreshold: 11 }),
    status: 400,
    code: 'invalid',
    message: /between 1 and 10/,
  },
  {
    reason: 'a threshold of 0',
    send: check({ healthyThreshold: 0 }),
    status: 400,
    code: 'invalid',
    message: /between 1 and 10/,
  },
  {
    reason: 'a port of 70000',
    send: check({ httpHealthCheck: { port: 70_000 } }),
    status: 400,
    code: 'invalid',
    message: /httpHealthCheck\.port/,
  },
  {
    reason: 'a port beside USE_SERVING_PORT',
    send: check({ httpHealthCheck: { port: 80, portSpecification: 'USE_SERVING_PORT' } }),
    status: 400,
    code: 'invalid',
    message: /USE_SERVING_PORT/,
  },
  {
    reason: 'USE_NAMED_PORT',
    send: check({ httpHealthCheck: { portSpecification: 'USE_NAMED_PORT' } }),
    status: 400,
    code: 'invalid',
    message: /not supported/,
  },
  {
    reason: 'a request path without slash',
    send: check({ httpHealthCheck: { requestPath: 'healthz' } }),
    status: 400,
    code: 'invalid',
    message: /must start with/,
  },
  // Backend services.
  {
    reason: 'a group by a partial URL',
    given: groups,
    send: backend({ group: `${zone}/instanceGroups/ig`, ...rate }),
    status: 400,
    code: 'invalid',
    message: /backends\[0\]\.group.*malformed/,
  },
  {
    reason: 'a group of another project',
    given: groups,
    send: backend({ group: group('ig').replace('/p/', '/other/'), ...rate }),
    status: 400,
    code: 'invalid',
    message: /'resource\.backends\[0\]\.group'.*Cross project referencing is not allowed for this resource\.$/,
  },
  {
    reason: 'a health check of another project',
    given: healthCheck,
    send: [
      'POST',
      'global/backendServices',
      make.backendService('be', { healthChecks: ['projects/other/global/healthChecks/hc'] }),
    ],
    status: 400,
    code: 'invalid',
    message: /Cross project referencing/,
  },
  {
    reason: 'a group that does not exist',
    given: healthCheck,
    send: backend({ group: group('ig'), ...rate }),
    status: 404,
    code: 'notFound',
    message: `The resource 'projects/p/${zone}/instanceGroups/ig' was not found`,
  },
  {
    reason: 'groups and NEGs mixed',
    given: groups,
    send: backend({ group: group('ig'), ...rate }, { group: neg('neg'), ...rateNeg }),
    status: 400,
    code: 'invalid',
    message: /cannot be mixed/,
  },
  {
    reason: 'a group twice',
    given: groups,
    send: backend({ group: group('ig'), ...rate }, { group: group('ig'), ...rate }),
    status: 400,
    code: 'invalid',
    message: /listed twice/,
  },
  {
    reason: '51 backends',
    given: groups,
    send: backend(...Array.from({ length: 51 }, (_, n) => ({ group: group(`ig${n}`), ...rate }))),
    status: 400,
    code: 'invalid',
    message: /at most 50/,
  },
  {
    reason: 'a capacity scaler of 0.05',
    given: groups,
    send: backend({ group: group('ig'), ...rate, capacityScaler: 0.05 }),
    status: 400,
    code: 'invalid',
    message: /0 or between 0\.1 and 1/,
  },
  {
    reason: 'a capacity scaler of 1.5',
    given: groups,
    send: backend({ group: group('ig'), ...rate, capacityScaler: 1.5 }),
    status: 400,
    code: 'invalid',
    message: /0 or between 0\.1 and 1/,
  },
  {
    reason: 'a capacity scaler of 0 for the only backend',
    given: groups,
    send: backend({ group: group('ig'), ...rate, capacityScaler: 0 }),
    status: 400,
    code: 'invalid',
    message: /only one backend/,
  },
  {
    reason: 'RATE without a rate',
    given: groups,
    send: backend({ group: group('ig'), balancingMode: 'RATE' }),
    status: 400,
    code: 'invalid',
    message: /maximum rate/,
  },
  {
    reason: 'RATE with connections',
    given: groups,
    send: backend({ group: group('ig'), ...rate, maxConnections: 5 }),
    status: 400,
    code: 'invalid',
    message: /Maximum connections/,
  },
  {
    reason: 'a rate per endpoint for a group',
    given: groups,
    send: backend({ group: group('ig'), ...rateNeg }),
    status: 400,
    code: 'invalid',
    message: /maxRatePerEndpoint/,
  },
  {
    reason: 'a rate per instance for a NEG',
    given: groups,
    send: backend({ group: neg('neg'), ...rate }),
    status: 400,
    code: 'invalid',
    message: /maxRatePerInstance/,
  },
  {
    reason: 'UTILIZATION for a NEG',
    given: groups,
    send: backend({ group: neg('neg') }),
    status: 400,
    code: 'invalid',
    message: /UTILIZATION is not supported/,
  },
  {
    reason: 'CONNECTION for HTTP',
    given: groups,
    send: backend({ group: group('ig'), balancingMode: 'CONNECTION', maxConnectionsPerInstance: 5 }),
    status: 400,
    code: 'invalid',
    message: /CONNECTION balancing mode is not supported for protocol HTTP$/,
  },
  {
    reason: 'backends without a health check',
    given: groups,
    send: ['POST', 'global/backendServices', { name: 'be', backends: [{ group: group('ig'), ...rate }] }],
    status: 400,
    code: 'invalid',
    message: /must have a health check/,
  },
  {
    reason: 'a group balanced by RATE in one service and by UTILIZATION in another (kubemci issue 216)',
    given: async (world) => {
      await groups(world)
      await world.done(...backend({ group: group('ig'), ...rate }))
    },
    send: ['POST', 'global/backendServices', make.backendService('be2', { backends: [{ group: group('ig') }] })],
    status: 400,
    code: 'invalid',
    message: /^Validation failed for instance group .*incompatible balancing_mode/,
  },
  {
    reason: 'a machine in two groups that are backends',
    given: async (world) => {
      await groups(world)
      await world.done('POST', `${zone}/instances`, make.instance('vm'))
      await world.done('POST', `${zone}/instanceGroups/ig/addInstances`, {
        instances: [{ instance: `${zone}/instances/vm` }],
      })
      await world.done('POST', `${zone}/instanceGroups/ig2/addInstances`, {
        instances: [{ instance: `${zone}/instances/vm` }],
      })
      await world.done(...backend({ group: group('ig'), ...rate }))
    },
    send: [
      'POST',
      'global/backendServices',
      make.backendService('be2', { backends: [{ group: group('ig2'), ...rate }] }),
    ],
    status: 400,
    code: 'invalid',
    message: /instance may belong to at most one load-balanced instance group\.$/,
  },
  {
    reason: 'another scheme for a living backend service',
    given: loadBalancer,
    send: ['PATCH', 'global/backendServices/be', { loadBalancingScheme: 'EXTERNAL', fingerprint: 'AAAAAAAAAAA=' }],
    status: 400,
    code: 'invalid',
    message: /loadBalancingScheme of an existing resource cannot be changed/,
  },
  // URL maps.
  {
    reason: 'no way to answer',
    given: loadBalancer,
    send: ['POST', 'global/urlMaps', { name: 'um2' }],
    status: 400,
    code: 'required',
    message: "Required field 'resource.defaultService' not specified",
  },
  {
    reason: 'a service and a redirect',
    given: loadBalancer,
    send: urlMap({ defaultUrlRedirect: { httpsRedirect: true } }),
    status: 400,
    code: 'invalid',
    message: /Only one of/,
  },
  {
    reason: 'a path without slash',
    given: loadBalancer,
    send: urlMap(matcher({ pathRules: [{ paths: ['a'], service: 'global/backendServices/be' }] })),
    status: 400,
    code: 'invalid',
    message: /'resource\.pathMatchers\[0\]\.pathRules\[0\]\.paths\[0\]': 'a'\. The path must start with \//,
  },
  {
    reason: 'a star within a path',
    given: loadBalancer,
    send: urlMap(matcher({ pathRules: [{ paths: ['/a/*/b'], service: 'global/backendServices/be' }] })),
    status: 400,
    code: 'invalid',
    message: /only at the end/,
  },
  {
    reason: 'a star that follows no slash',
    given: loadBalancer,
    send: urlMap(matcher({ pathRules: [{ paths: ['/a*'], service: 'global/backendServices/be' }] })),
    status: 400,
    code: 'invalid',
    message: /only at the end/,
  },
  {
    reason: 'a query in a path',
    given: loadBalancer,
    send: urlMap(matcher({ pathRules: [{ paths: ['/a?b'], service: 'global/backendServices/be' }] })),
    status: 400,
    code: 'invalid',
    message: /must not contain/,
  },
  {
    reason: 'a path twice',
    given: loadBalancer,
    send: urlMap(matcher({ pathRules: [{ paths: ['/a', '/a'], service: 'global/backendServices/be' }] })),
    status: 400,
    code: 'invalid',
    message: /stands twice/,
  },
  {
    reason: 'path rules and route rules',
    given: loadBalancer,
    send: urlMap(
      matcher({
        pathRules: [{ paths: ['/a'], service: 'global/backendServices/be' }],
        routeRules: [{ priority: 1, service: 'global/backendServices/be' }],
      }),
    ),
    status: 400,
    code: 'invalid',
    message: /Only one of pathRules and routeRules/,
  },
  {
    reason: 'two route rules of one priority',
    given: loadBalancer,
    send: urlMap(
      matcher({
        routeRules: [
          { priority: 1, service: 'global/backendServices/be' },
          { priority: 1, service: 'global/backendServices/be' },
        ],
      }),
    ),
    status: 400,
    code: 'invalid',
    message: /same priority/,
  },
  {
    reason: 'a host in two host rules',
    given: loadBalancer,
    send: urlMap({
      ...matcher({}),
      hostRules: [
        { hosts: ['a.example.com'], pathMatcher: 'm' },
        { hosts: ['A.example.com'], pathMatcher: 'm' },
      ],
    }),
    status: 400,
    code: 'invalid',
    message: /two host rules/,
  },
  {
    reason: 'a star within a host',
    given: loadBalancer,
    send: urlMap({ ...matcher({}), hostRules: [{ hosts: ['a.*.com'], pathMatcher: 'm' }] }),
    status: 400,
    code: 'invalid',
    message: /hostRules\[0\]\.hosts\[0\]/,
  },
  {
    reason: 'a star that is followed by a letter',
    given: loadBalancer,
    send: urlMap({ ...matcher({}), hostRules: [{ hosts: ['*a.com'], pathMatcher: 'm' }] }),
    status: 400,
    code: 'invalid',
    message: /hostRules\[0\]\.hosts\[0\]/,
  },
  {
    reason: 'an empty host',
    given: loadBalancer,
    send: urlMap({ ...matcher({}), hostRules: [{ hosts: [''], pathMatcher: 'm' }] }),
    status: 400,
    code: 'invalid',
    message: /hosts\[0\]/,
  },
  {
    reason: 'a path matcher that does not exist',
    given: loadBalancer,
    send: urlMap({ hostRules: [{ hosts: ['a.example.com'], pathMatcher: 'm' }] }),
    status: 400,
    code: 'invalid',
    message: /no such path matcher/,
  },
  {
    reason: 'a path matcher that nothing uses',
    given: loadBalancer,
    send: urlMap({ ...matcher({}), hostRules: [] }),
    status: 400,
    code: 'invalid',
    message: /No host rule uses/,
  },
  {
    reason: 'backend services of two schemes',
    given: async (world) => {
      await loadBalancer(world)
      await world.done(
        'POST',
        'global/backendServices',
        make.backendService('classic', { loadBalancingScheme: 'EXTERNAL' }),
      )
    },
    send: urlMap(matcher({ defaultService: 'global/backendServices/classic' })),
    status: 400,
    code: 'invalid',
    message: /must have one load balancing scheme; these have EXTERNAL and EXTERNAL_MANAGED/,
  },
  {
    reason: 'fault injection for a classic load balancer',
    given: (world) => loadBalancer(world, 'EXTERNAL'),
    send: urlMap({ defaultRouteAction: { faultInjectionPolicy: { abort: { httpStatus: 503, percentage: 1 } } } }),
    status: 400,
    code: 'invalid',
    message:
      /'resource\.defaultRouteAction\.faultInjectionPolicy': ''\. The field is incompatible with LB Type Global EXTERNAL$/,
  },
  {
    reason: 'a header action for a classic load balancer',
    given: (world) => loadBalancer(world, 'EXTERNAL'),
    send: urlMap({ headerAction: { requestHeadersToRemove: ['x'] } }),
    status: 400,
    code: 'invalid',
    message: /headerAction/,
  },
  {
    reason: 'more than 64 KB for a classic load balancer',
    given: (world) => loadBalancer(world, 'EXTERNAL'),
    send: urlMap({ description: 'x'.repeat(66_000) }),
    status: 400,
    code: 'invalid',
    message: /limit for the scheme EXTERNAL is 65536 bytes/,
  },
  {
    reason: 'more than 1 MB for a managed load balancer',
    given: loadBalancer,
    send: urlMap({ description: 'x'.repeat(1_050_000) }),
    status: 400,
    code: 'invalid',
    message: /limit for the scheme EXTERNAL_MANAGED is 1048576 bytes/,
  },
  {
    reason: 'a test of its own that fails',
    given: loadBalancer,
    send: urlMap({ tests: [{ host: 'a.example.com', path: '/', service: 'global/backendServices/other' }] }),
    status: 400,
    code: 'invalid',
    message: /1 of the URL map's tests failed/,
  },
  {
    reason: 'a service of another project for a classic load balancer',
    given: async (world) => {
      await loadBalancer(world)
      for (const [path, body] of [
        ['healthChecks', make.healthCheck('hc')],
        ['backendServices', make.backendService('be', { loadBalancingScheme: 'EXTERNAL' })],
      ] as const) {
        await world.compute.handle({
          method: 'POST',
          path: `/compute/v1/projects/other/global/${path}`,
          query: {},
          headers: {},
          body,
        })
        world.clock.advance(1000)
      }
    },
    send: ['POST', 'global/urlMaps', { name: 'um2', defaultService: 'projects/other/global/backendServices/be' }],
    status: 400,
    code: 'invalid',
    message: /Cross project referencing/,
  },
  // Proxies and certificates.
  {
    reason: 'a proxy without URL map',
    send: ['POST', 'global/targetHttpProxies', { name: 'tp' }],
    status: 400,
    code: 'required',
    message: "Required field 'resource.urlMap' not specified",
  },
  {
    reason: 'an HTTPS proxy without certificate',
    given: loadBalancer,
    send: ['POST', 'global/targetHttpsProxies', { name: 'tps', urlMap: 'global/urlMaps/um' }],
    status: 400,
    code: 'required',
    message: "Required field 'resource.sslCertificates' not specified",
  },
  {
    reason: '16 certificates',
    given: loadBalancer,
    send: [
      'POST',
      'global/targetHttpsProxies',
      {
        name: 'tps',
        urlMap: 'global/urlMaps/um',
        sslCertificates: Array.from({ length: 16 }, (_, n) => `global/sslCertificates/c${n}`),
      },
    ],
    status: 400,
    code: 'invalid',
    message: /at most 15/,
  },
  {
    reason: 'classic and Certificate Manager certificates mixed',
    given: loadBalancer,
    send: [
      'POST',
      'global/targetHttpsProxies',
      {
        name: 'tps',
        urlMap: 'global/urlMaps/um',
        sslCertificates: [
          'global/sslCertificates/c',
          '//certificatemanager.googleapis.com/projects/p/locations/global/certificates/x',
        ],
      },
    ],
    status: 400,
    code: 'invalid',
    message: /cannot be mixed/,
  },
  {
    reason: 'a certificate map that is no reference',
    given: loadBalancer,
    send: ['POST', 'global/targetHttpsProxies', { name: 'tps', urlMap: 'global/urlMaps/um', certificateMap: 'x' }],
    status: 400,
    code: 'invalid',
    message:
      /^Invalid value for field 'resource\.certificateMap': 'x'\. x is not a valid reference\. It should have the format \/\/certificatemanager/,
  },
  {
    reason: 'a certificate that is none',
    send: certificate({ certificate: 'x', privateKey: pem('rsa.key.pem') }),
    status: 400,
    code: 'sslCertificateCouldNotParseCert',
    message: 'The SSL certificate could not be parsed.',
  },
  {
    reason: 'a key that is none',
    send: certificate({ certificate: pem('rsa.cert.pem'), privateKey: 'x' }),
    status: 400,
    code: 'sslCertificateCouldNotParseKey',
    message: 'The SSL key could not be parsed.',
  },
  {
    reason: "another certificate's key",
    send: certificate({ certificate: pem('rsa.cert.pem'), privateKey: pem('ec.key.pem') }),
    status: 400,
    code: 'sslCertificateKeyMismatch',
    message: /do not match/,
  },
  {
    reason: 'no key',
    send: certificate({ certificate: pem('rsa.cert.pem') }),
    status: 400,
    code: 'required',
    message: "Required field 'resource.privateKey' not specified",
  },
  {
    reason: 'a managed certificate for a wildcard',
    send: certificate({ type: 'MANAGED', managed: { domains: ['*.example.com'] } }),
    status: 400,
    code: 'invalid',
    message: /without wildcards/,
  },
  {
    reason: 'a managed certificate for nothing',
    send: certificate({ type: 'MANAGED' }),
    status: 400,
    code: 'required',
    message: "Required field 'resource.managed.domains' not specified",
  },
  {
    reason: 'a URL map for a proxy that a rule of another scheme sends to',
    given: async (world) => {
      await loadBalancer(world)
      await world.done(
        'POST',
        'global/backendServices',
        make.backendService('classic', { loadBalancingScheme: 'EXTERNAL' }),
      )
      await world.done('POST', 'global/urlMaps', make.urlMap('um2', 'classic'))
    },
    send: ['POST', 'targetHttpProxies/tp/setUrlMap', { urlMap: 'global/urlMaps/um2' }],
    status: 400,
    code: 'invalid',
    message:
      /Load balancing scheme EXTERNAL_MANAGED does not match the backend service load balancing scheme EXTERNAL\.$/,
  },
  // Forwarding rules.
  {
    reason: 'a rule without target',
    send: ['POST', 'global/forwardingRules', { name: 'fw', portRange: '80' }],
    status: 400,
    code: 'required',
    message: "Required field 'resource.target' not specified",
  },
  {
    reason: 'a rule without port',
    given: loadBalancer,
    send: rule({ portRange: undefined }),
    status: 400,
    code: 'required',
    message: "Required field 'resource.portRange' not specified",
  },
  {
    reason: 'a range of ports for an HTTP proxy',
    given: loadBalancer,
    send: rule({ portRange: '80-90' }),
    status: 400,
    code: 'invalid',
    message: /has one port/,
  },
  {
    reason: 'a scheme that is not that of the services',
    given: loadBalancer,
    send: rule({ loadBalancingScheme: 'EXTERNAL' }),
    status: 400,
    code: 'invalid',
    message:
      "Invalid value for field 'resource.backendService': ''. Load balancing scheme EXTERNAL does not match the backend service load balancing scheme EXTERNAL_MANAGED.",
  },
  {
    reason: 'the same IP and port',
    given: loadBalancer,
    send: rule({ portRange: '80', IPAddress: 'global/addresses/ip' }),
    status: 400,
    code: 'invalid',
    message:
      "Invalid value for field 'resource.IPAddress': '203.0.113.1'. Specified IP address is in-use and would result in a conflict.",
  },
  {
    reason: "an IP that is not the project's",
    given: loadBalancer,
    send: rule({ IPAddress: '198.51.100.9' }),
    status: 400,
    code: 'invalid',
    message: "Invalid value for field 'resource.IPAddress': '198.51.100.9'. Invalid IP address specified.",
  },
  {
    reason: 'an address that does not exist',
    given: loadBalancer,
    send: rule({ IPAddress: 'global/addresses/none' }),
    status: 404,
    code: 'notFound',
    message: "The resource 'projects/p/global/addresses/none' was not found",
  },
  {
    reason: 'a regional address for a global rule',
    given: async (world) => {
      await loadBalancer(world)
      await world.done('POST', 'regions/us-central1/addresses', { name: 'regional' })
    },
    send: rule({ IPAddress: '203.0.113.2' }),
    status: 400,
    code: 'invalid',
    message: /Invalid IP address specified/,
  },
  {
    reason: 'an address of one’s own choice',
    send: ['POST', 'global/addresses', { name: 'a', address: '203.0.113.77' }],
    status: 400,
    code: 'invalid',
    message: /not an ephemeral address in use/,
  },
  {
    reason: 'a URL map that a classic rule cannot have',
    given: async (world) => {
      await loadBalancer(world)
      await world.done('POST', 'global/urlMaps', {
        name: 'um2',
        defaultUrlRedirect: { httpsRedirect: true },
        headerAction: { requestHeadersToRemove: ['x'] },
      })
      await world.done('POST', 'global/targetHttpProxies', { name: 'tp2', urlMap: 'global/urlMaps/um2' })
    },
    send: rule({ loadBalancingScheme: 'EXTERNAL', target: 'global/targetHttpProxies/tp2' }),
    status: 400,
    code: 'invalid',
    message: /incompatible with LB Type Global EXTERNAL/,
  },
  // Firewalls.
  {
    reason: 'neither allowed nor denied',
    send: firewall({ allowed: undefined }),
    status: 400,
    code: 'required',
    message: "Required field 'resource.allowed' not specified",
  },
  {
    reason: 'allowed and denied',
    send: firewall({ denied: [{ IPProtocol: 'tcp' }] }),
    status: 400,
    code: 'invalid',
    message: /Only one of allowed and denied/,
  },
  {
    reason: 'a network of another project',
    send: firewall({ network: 'projects/host/global/networks/default' }),
    status: 400,
    code: 'invalid',
    message:
      /'resource\.network': 'projects\/host\/global\/networks\/default'\. Cross project referencing is not allowed for this resource\.$/,
  },
  {
    reason: 'a range that is none',
    send: firewall({ sourceRanges: ['10.0.0.0/33'] }),
    status: 400,
    code: 'invalid',
    message: /CIDR/,
  },
  {
    reason: 'IPv4 and IPv6 ranges mixed',
    send: firewall({ sourceRanges: ['10.0.0.0/8', '2600::/32'] }),
    status: 400,
    code: 'invalid',
    message: /cannot be mixed/,
  },
  {
    reason: 'ports in the wrong order',
    send: firewall({ allowed: [{ IPProtocol: 'tcp', ports: ['90-80'] }] }),
    status: 400,
    code: 'invalid',
    message: /allowed\[0\]\.ports\[0\]/,
  },
  {
    reason: 'a tag that is no name',
    send: firewall({ targetTags: ['A b'] }),
    status: 400,
    code: 'invalid',
    message: /targetTags\[0\]/,
  },
  // Groups.
  {
    reason: 'a named port that is no name',
    given: groups,
    send: ['POST', `${zone}/instanceGroups/ig/setNamedPorts`, { namedPorts: [{ name: 'Http', port: 80 }] }],
    status: 400,
    code: 'invalid',
    message: /namedPorts\[0\]\.name/,
  },
  {
    reason: 'a machine that does not exist',
    given: groups,
    send: ['POST', `${zone}/instanceGroups/ig/addInstances`, { instances: [{ instance: `${zone}/instances/vm` }] }],
    status: 404,
    code: 'notFound',
    message: `The resource 'projects/p/${zone}/instances/vm' was not found`,
  },
  {
    reason: 'a machine of another zone',
    given: async (world) => {
      await groups(world)
      await world.done('POST', 'zones/us-central1-b/instances', make.instance('vm'))
    },
    send: [
      'POST',
      `${zone}/instanceGroups/ig/addInstances`,
      { instances: [{ instance: 'zones/us-central1-b/instances/vm' }] },
    ],
    status: 400,
    code: 'invalid',
    message: /not in the group's zone/,
  },
  {
    reason: 'a machine that is a member already',
    given: async (world) => {
      await groups(world)
      await world.done('POST', `${zone}/instances`, make.instance('vm'))
      await world.done('POST', `${zone}/instanceGroups/ig/addInstances`, {
        instances: [{ instance: `${zone}/instances/vm` }],
      })
    },
    send: ['POST', `${zone}/instanceGroups/ig/addInstances`, { instances: [{ instance: `${zone}/instances/vm` }] }],
    status: 400,
    code: 'memberAlreadyExists',
    message: /already a member/,
  },
  {
    reason: 'an endpoint without a machine',
    given: groups,
    send: [
      'POST',
      `${zone}/networkEndpointGroups/neg/attachNetworkEndpoints`,
      { networkEndpoints: [{ ipAddress: '10.0.0.1', port: 80 }] },
    ],
    status: 400,
    code: 'required',
    message: /networkEndpoints\[0\]\.instance/,
  },
  {
    reason: 'an endpoint without a port',
    given: groups,
    send: [
      'POST',
      `${zone}/networkEndpointGroups/neg/attachNetworkEndpoints`,
      { networkEndpoints: [{ instance: 'vm', ipAddress: '10.0.0.1' }] },
    ],
    status: 400,
    code: 'required',
    message: /networkEndpoints\[0\]\.port/,
  },
  {
    reason: 'an endpoint that is not there',
    given: groups,
    send: [
      'POST',
      `${zone}/networkEndpointGroups/neg/detachNetworkEndpoints`,
      { networkEndpoints: [{ instance: 'vm', ipAddress: '10.0.0.1', port: 80 }] },
    ],
    status: 400,
    code: 'invalid',
    message: /is not in/,
  },
  {
    reason: 'the health of a group that is no backend',
    given: loadBalancer,
    send: ['POST', 'global/backendServices/be/getHealth', { group: group('ig') }],
    status: 400,
    code: 'invalid',
    message: /not a backend/,
  },
  // Lists.
  {
    reason: 'more than 500 results a page',
    send: ['GET', 'global/urlMaps', undefined, { maxResults: '501' }],
    status: 400,
    code: 'invalidParameter',
    message: /\[0, 500\]/,
  },
  {
    reason: 'an order that is not supported',
    send: ['GET', 'global/urlMaps', undefined, { orderBy: 'id' }],
    status: 400,
    code: 'invalid',
    message: /orderBy/,
  },
  {
    reason: 'a filter that is none',
    send: ['GET', 'global/urlMaps', undefined, { filter: '(name =' }],
    status: 400,
    code: 'invalid',
    message: /Invalid list filter expression/,
  },
  {
    reason: 'a page token that is none',
    send: ['GET', 'global/urlMaps', undefined, { pageToken: 'x' }],
    status: 400,
    code: 'invalid',
    message: /pageToken/,
  },
]

describe('refusals', () => {
  it.each(rows)('$status $code: $reason', async ({ given, send, status, code, message }) => {
    const world = bench()
    await given?.(world)
    const before = JSON.stringify(everything(world))
    const got = refusal(await world.send(...send))
    expect({ status: got.status, reason: got.reason }).toEqual({ status, reason: code })
    if (typeof message === 'string') expect(got.message).toBe(message)
    else expect(got.message).toMatch(message)
    world.clock.advance(1000)
    expect(JSON.stringify(everything(world)), 'a refusal changes nothing').toBe(before)
  })

  it('has the error members of Compute Engine, and no status', async () => {
    const world = bench()
    await loadBalancer(world)
    expect((await world.send('GET', 'global/urlMaps/x')).body).toEqual({
      error: {
        code: 404,
        message: "The resource 'projects/p/global/urlMaps/x' was not found",
        errors: [
          { message: "The resource 'projects/p/global/urlMaps/x' was not found", domain: 'global', reason: 'notFound' },
        ],
      },
    })
    const labels = await world.send('POST', 'global/addresses/ip/setLabels', { labelFingerprint: '' })
    expect(labels.body).toMatchObject({ error: { errors: [{ location: 'If-Match', locationType: 'header' }] } })
  })
})

function everything(world: Bench): unknown {
  return [
    'healthChecks',
    'backendServices',
    'urlMaps',
    'targetHttpProxies',
    'targetHttpsProxies',
    'forwardingRules',
    'addresses',
    'sslCertificates',
    'firewalls',
    'instanceGroups',
    'networkEndpointGroups',
  ].map((collection) => world.compute.list(collection, 'p'))
}
