import { describe, expect, it } from 'vitest'
import { backendConfigFields } from '../../../shared/ingress/backend-config-fields.ts'
import { readBackendConfig, type BackendSettings } from '../../../shared/ingress/backend-config.ts'
import { sha256, type ConfigOrigin } from '../../../shared/ingress/config-fields.ts'
import { configOfPort, namesIn, readConfigRefs } from '../../../shared/ingress/config-refs.ts'
import { readFrontendConfig, type FrontendSettings } from '../../../shared/ingress/frontend-config.ts'
import { createReport } from '../../../shared/ingress/report.ts'

function read(spec: unknown, origin: ConfigOrigin = 'cluster'): { settings: BackendSettings; problems: string[] } {
  const report = createReport()
  const settings = readBackendConfig(spec, 'spec.', report, origin)
  return { settings, problems: report.problems.map(({ where, message }) => `${where}: ${message}`) }
}

describe('what a BackendConfig asks for', () => {
  const cdn = {
    cacheMode: 'CACHE_ALL_STATIC',
    clientTtl: 3600,
    defaultTtl: 3600,
    maxTtl: 86_400,
    negativeCaching: true,
    requestCoalescing: true,
    serveWhileStale: 86_400,
    cacheKeyPolicy: { includeHost: true, includeProtocol: true, includeQueryString: true },
  }
  const rows: { reason: string; spec: unknown; want: BackendSettings }[] = [
    { reason: 'nothing, so everything is left alone', spec: {}, want: {} },
    { reason: 'an absent spec too', spec: undefined, want: {} },
    { reason: 'a timeout', spec: { timeoutSec: 40 }, want: { service: { timeoutSec: 40 } } },
    {
      reason: 'draining',
      spec: { connectionDraining: { drainingTimeoutSec: 90 } },
      want: { service: { connectionDraining: { drainingTimeoutSec: 90 } } },
    },
    {
      reason: 'affinity by cookie',
      spec: { sessionAffinity: { affinityType: 'GENERATED_COOKIE', affinityCookieTtlSec: 50 } },
      want: { service: { sessionAffinity: 'GENERATED_COOKIE', affinityCookieTtlSec: 50 } },
    },
    {
      reason: 'custom headers',
      spec: {
        customRequestHeaders: { headers: ['X-A:1'] },
        customResponseHeaders: { headers: ['X-B: {client_region}'] },
      },
      want: { service: { customRequestHeaders: ['X-A:1'], customResponseHeaders: ['X-B: {client_region}'] } },
    },
    {
      reason: 'an empty group of headers removes them',
      spec: { customRequestHeaders: {}, customResponseHeaders: { headers: [] } },
      want: { service: { customRequestHeaders: [], customResponseHeaders: [] } },
    },
    {
      reason: 'logging of everything, unless it says how much',
      spec: { logging: { enable: true } },
      want: { service: { logConfig: { enable: true, sampleRate: 1 } } },
    },
    {
      reason: 'logging off: the rate does not count',
      spec: { logging: { enable: false, sampleRate: 0.5 } },
      want: { service: { logConfig: { enable: false } } },
    },
    {
      reason: 'a security policy',
      spec: { securityPolicy: { name: 'armor' } },
      want: { securityPolicy: 'armor' },
    },
    {
      reason: 'an empty security policy removes it',
      spec: { securityPolicy: { name: '' } },
      want: { securityPolicy: '' },
    },
    {
      reason: 'a health check, part by part',
      spec: { healthCheck: { checkIntervalSec: 7, port: 8080, requestPath: '/up', type: 'HTTP2' } },
      want: { health: { interval: 7, port: 8080, path: '/up', type: 'HTTP2' } },
    },
    {
      reason: "CDN with ingress-gce's defaults",
      spec: { cdn: { enabled: true } },
      want: { service: { enableCDN: true, cdnPolicy: cdn } },
    },
    {
      reason: 'CDN by the headers of the origin has no TTLs of its own',
      spec: { cdn: { enabled: true, cacheMode: 'USE_ORIGIN_HEADERS' } },
      want: {
        service: {
          enableCDN: true,
          cdnPolicy: {
            cacheMode: 'USE_ORIGIN_HEADERS',
            negativeCaching: true,
            requestCoalescing: true,
            serveWhileStale: 86_400,
            cacheKeyPolicy: { includeHost: true, includeProtocol: true, includeQueryString: true },
          },
        },
      },
    },
    {
      reason: 'a cache policy that says half says false of the rest, as Go has it',
      spec: { cdn: { enabled: true, cacheMode: 'FORCE_CACHE_ALL', cachePolicy: { includeHost: true } } },
      want: {
        service: {
          enableCDN: true,
          cdnPolicy: {
            cacheMode: 'FORCE_CACHE_ALL',
            clientTtl: 3600,
            defaultTtl: 3600,
            negativeCaching: true,
            requestCoalescing: true,
            serveWhileStale: 86_400,
            cacheKeyPolicy: { includeHost: true, includeProtocol: false, includeQueryString: false },
          },
        },
      },
    },
    {
      reason: 'CDN off, and nothing else of it',
      spec: { cdn: { maxTtl: 5 } },
      want: { service: { enableCDN: false } },
    },
    {
      reason: 'signed URLs: the place of a key, never the key',
      spec: {
        cdn: {
          enabled: true,
          signedUrlCacheMaxAgeSec: 60,
          signedUrlKeys: [
            { keyName: 'a', secretName: 'keys' },
            { keyName: 'b', keyValue: 'c2VjcmV0LXZhbHVlLTEyMw' },
          ],
        },
      },
      want: {
        service: { enableCDN: true, cdnPolicy: { ...cdn, signedUrlCacheMaxAgeSec: '60' } },
        signedUrlKeys: [{ keyName: 'a', secretName: 'keys' }, { keyName: 'b' }],
      },
    },
    { reason: 'IAP off', spec: { iap: { enabled: false } }, want: { service: { iap: { enabled: false } } } },
    {
      reason: 'IAP with a Secret',
      spec: { iap: { enabled: true, oauthclientCredentials: { secretName: 'oauth' } } },
      want: { service: { iap: { enabled: true } }, oauthSecret: 'oauth' },
    },
    {
      reason: 'IAP with a secret in the object: its digest and no more',
      spec: { iap: { enabled: true, oauthclientCredentials: { clientID: 'me', clientSecret: 'hidden-value' } } },
      want: {
        service: {
          iap: { enabled: true, oauth2ClientId: 'me', oauth2ClientSecretSha256: sha256('hidden-value') },
        },
      },
    },
    {
      reason: 'what a newer schema in the cluster knows is passed over',
      spec: { newer: 1, timeoutSec: 4 },
      want: { service: { timeoutSec: 4 } },
    },
  ]
  for (const { reason, spec, want } of rows)
    it(reason, () => {
      const { settings, problems } = read(spec)
      expect(problems).toEqual([])
      expect(settings).toEqual(want)
      expect(JSON.stringify(settings)).not.toMatch(/hidden-value|c2VjcmV0/)
    })

  it('has every field of the table once', () => {
    const names = backendConfigFields.map(({ field }) => field)
    expect(new Set(names).size).toBe(names.length)
    expect(names.length).toBeGreaterThanOrEqual(37)
  })
})

describe('what is wrong with a BackendConfig', () => {
  const rows: { spec: unknown; want: RegExp; origin?: ConfigOrigin; reason: string }[] = [
    {
      reason: "ingress-gce's words",
      spec: { iap: { enabled: true }, cdn: { enabled: true } },
      want: /^spec: iap and cdn cannot be enabled at the same time$/,
    },
    {
      reason: "ingress-gce's words",
      spec: { sessionAffinity: { affinityType: 'HEADER' } },
      want: /unsupported AffinityType: HEADER, should be one of NONE, CLIENT_IP, or GENERATED_COOKIE$/,
    },
    {
      reason: "ingress-gce's words",
      spec: { sessionAffinity: { affinityType: 'GENERATED_COOKIE', affinityCookieTtlSec: 86_401 } },
      want: /unsupported AffinityCookieTtlSec: 86401, should be between 0 and 86400$/,
    },
    {
      reason: "ingress-gce's words",
      spec: { logging: { enable: true, sampleRate: 1.5 } },
      want: /unsupported SampleRate: 1.500000, should be between 0.0 and 1.0$/,
    },
    { reason: 'too long', spec: { timeoutSec: 0 }, want: /spec.timeoutSec: .*from 1 to 2147483647/ },
    { reason: 'text', spec: { timeoutSec: '30' }, want: /whole number/ },
    { reason: 'a header', spec: { customRequestHeaders: { headers: ['no colon'] } }, want: /"Name: value"/ },
    {
      reason: 'codes',
      spec: { cdn: { enabled: true, negativeCachingPolicy: [{ code: 200, ttl: 1 }] } },
      want: /codes 300/,
    },
    {
      reason: 'negative caching is bounded',
      spec: { cdn: { enabled: true, negativeCachingPolicy: [{ code: 404, ttl: 1801 }] } },
      want: /0 to 1800/,
    },
    {
      reason: 'a TTL above the longest, which is a default here',
      spec: { cdn: { enabled: true, defaultTtl: 90_000 } },
      want: /defaultTtl is 90000 and must not be greater than maxTtl, 86400/,
    },
    {
      reason: 'a code twice',
      spec: { cdn: { enabled: true, negativeCachingPolicy: [{ code: 404 }, { code: 404, ttl: 5 }] } },
      want: /listed twice/,
    },
    {
      reason: 'a part of what is off',
      spec: { cdn: { enabled: true, negativeCaching: false, negativeCachingPolicy: [{ code: 404, ttl: 5 }] } },
      want: /negativeCaching is off/,
    },
    {
      reason: 'both lists of parameters',
      spec: { cdn: { enabled: true, cachePolicy: { queryStringBlacklist: ['a'], queryStringWhitelist: ['b'] } } },
      want: /exclude each other/,
    },
    { reason: 'bounds of the API', spec: { healthCheck: { unhealthyThreshold: 11 } }, want: /from 1 to 10/ },
    {
      reason: 'probes that overlap',
      spec: { healthCheck: { checkIntervalSec: 5, timeoutSec: 6 } },
      want: /must not be longer/,
    },
    { reason: 'no such mode', spec: { cdn: { cacheMode: 'ALL' } }, want: /one of CACHE_ALL_STATIC/ },
    { reason: 'a typo in a message', spec: { timeoutsec: 5 }, origin: 'message', want: /did you mean timeoutSec/ },
    { reason: 'not a mapping', spec: 'x', want: /must be a mapping/ },
    {
      reason: 'a secret in a message would be kept on its way',
      spec: { iap: { enabled: true, oauthclientCredentials: { clientID: 'a', clientSecret: 'b' } } },
      origin: 'message',
      want: /must not come by a message/,
    },
    {
      reason: 'so would a signing key',
      spec: { cdn: { enabled: true, signedUrlKeys: [{ keyName: 'a', keyValue: 'b' }] } },
      origin: 'message',
      want: /must not come by a message/,
    },
  ]
  for (const { spec, want, origin, reason } of rows)
    it(`${reason}: ${JSON.stringify(spec)}`, () => {
      const { problems } = read(spec, origin)
      expect(problems).toEqual([expect.stringMatching(want)])
    })
})

describe('what a FrontendConfig asks for', () => {
  const rows: { spec: unknown; want: FrontendSettings }[] = [
    { spec: {}, want: {} },
    { spec: { sslPolicy: 'modern' }, want: { sslPolicy: 'modern' } },
    { spec: { sslPolicy: '' }, want: { sslPolicy: '' } },
    { spec: { redirectToHttps: {} }, want: { redirect: { enabled: false } } },
    {
      spec: { redirectToHttps: { enabled: true, responseCodeName: 'FOUND' } },
      want: { redirect: { enabled: true, code: 'FOUND' } },
    },
  ]
  it.each(rows)('$spec', ({ spec, want }) => {
    const report = createReport()
    expect(readFrontendConfig(spec, 'spec.', report, 'message')).toEqual(want)
    expect(report.problems).toEqual([])
  })
  it('takes no other code', () => {
    const report = createReport()
    readFrontendConfig({ redirectToHttps: { enabled: true, responseCodeName: '302' } }, 'spec.', report, 'message')
    expect(report.problems).toEqual([expect.objectContaining({ where: 'spec.redirectToHttps.responseCodeName' })])
  })
})

describe('how a Service names BackendConfigs', () => {
  const web = { name: 'web', port: 80 }
  const rows: { reason: string; text: string; want: string | null }[] = [
    { reason: 'the default', text: '{"default":"a"}', want: 'a' },
    { reason: 'by name of the port', text: '{"default":"a","ports":{"web":"b"}}', want: 'b' },
    { reason: 'by number', text: '{"ports":{"80":"c"}}', want: 'c' },
    { reason: 'another port', text: '{"ports":{"81":"c"}}', want: null },
    { reason: "a name that is also every object's", text: '{"ports":{"81":"c"},"default":"d"}', want: 'd' },
  ]
  it.each(rows)('$reason', ({ text, want }) => {
    const refs = readConfigRefs(text)
    expect(typeof refs === 'string' ? refs : configOfPort(refs, web)).toBe(want)
  })
  it.each(['', '[]', '{}', '{"ports":["a"]}', 'null', '{"default":5}', '{"default":"A b"}', 'x'.repeat(20_000)])(
    'refuses %.30s',
    (text) => {
      expect(readConfigRefs(text)).toEqual(expect.any(String))
      expect(namesIn(text)).toEqual([])
    },
  )
})
