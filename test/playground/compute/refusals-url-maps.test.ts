import { loadBalancer, make } from './harness.ts'
import { matcher, testRefusals, urlMap } from './refusal-table.ts'

testRefusals('url maps', [
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
    reason: 'a regular expression for a global external load balancer (proto comment)',
    given: loadBalancer,
    send: urlMap(
      matcher({
        routeRules: [{ priority: 1, service: 'global/backendServices/be', matchRules: [{ regexMatch: '/a.*' }] }],
      }),
    ),
    status: 400,
    code: 'invalid',
    message: /routeRules\[0\]\.matchRules\[0\]\.regexMatch': ''\. Regex isn't allowed$/,
  },
  {
    reason: 'services of another scheme than that of the forwarding rule',
    given: async (world) => {
      await loadBalancer(world)
      const classic = make.backendService('classic', { loadBalancingScheme: 'EXTERNAL' })
      await world.done('POST', 'global/backendServices', classic)
    },
    send: [
      'PATCH',
      'global/urlMaps/um',
      { defaultService: 'global/backendServices/classic', fingerprint: 'AAAAAAAAAAA=' },
    ],
    status: 400,
    code: 'invalid',
    message:
      /Load balancing scheme EXTERNAL_MANAGED does not match the backend service load balancing scheme EXTERNAL\.$/,
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
])
