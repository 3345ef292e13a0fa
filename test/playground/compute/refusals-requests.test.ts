import { describe, expect, it } from 'vitest'
import { bench, loadBalancer, make } from './harness.ts'
import { backend, check, group, groups, healthCheck, rate, testRefusals, zone } from './refusal-table.ts'

testRefusals('requests', [
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
    reason: 'a filter pattern that would take exponential time here',
    send: ['GET', 'global/urlMaps', undefined, { filter: 'name eq "(a+)+b"' }],
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
])

describe('the body of a refusal', () => {
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
