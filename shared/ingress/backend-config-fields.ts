import { z } from 'zod'
import { flag, listOfAtMost, whole, word, type ConfigField } from './config-fields.ts'
import { text } from './fields.ts'
import { checkDnsSubdomain, checkGceName } from './names.ts'

/** Longest TTL of the CDN, in seconds (BackendServiceCdnPolicy of the API). */
const year = 31_622_400

const header = text.refine((value) => /^[-!#$%&'*+.^_`|~0-9A-Za-z]+:/.test(value) && value.length <= 8_192, {
  error: () => 'holds a header that is not written "Name: value"',
})
const headers = listOfAtMost(100, 'headers', header)
const parameters = listOfAtMost(100, 'names of query parameters', text)

/** Codes that may be cached although they are errors or redirects (API, and ingress-gce without 302 and 307). */
const negativeCodes = [300, 301, 302, 307, 308, 404, 405, 410, 421, 451, 501]

const negativeCaching = z.object(
  {
    code: z
      .number()
      .refine((code) => negativeCodes.includes(code), { error: () => `allows the codes ${negativeCodes.join(', ')}` }),
    ttl: whole(0, 1_800).optional(),
  },
  { error: () => 'must be a list of code and ttl' },
)

const signedKey = z.object(
  { keyName: text, keyValue: text.optional(), secretName: text.optional() },
  { error: () => 'must be a list of keyName and secretName' },
)

/** A key for signed URLs as the object has it; the value is never kept. */
export type SignedKey = z.infer<typeof signedKey>

const isCached = ({ cacheMode }: Readonly<Record<string, unknown>>): boolean => cacheMode !== 'USE_ORIGIN_HEADERS'
/** ingress-gce: without a cache policy everything is part of the key; with one, what it does not say is not. */
const wholeKey = ({ cachePolicy }: Readonly<Record<string, unknown>>): boolean => cachePolicy === undefined
const ttl = (
  to: string,
  seconds: number,
  holds: NonNullable<ConfigField['otherwise']>,
): Omit<ConfigField, 'field' | 'meaning'> => ({
  read: whole(0, year),
  to: `service.cdnPolicy.${to}`,
  otherwise: (cdn) => (holds(cdn) === true ? seconds : undefined),
  default: `${seconds} while CDN is on`,
  bounds: `0 to ${year} s`,
})

const row = (field: string, meaning: string, rest: Omit<ConfigField, 'field' | 'meaning'>): ConfigField => ({
  field,
  meaning,
  ...rest,
})
const leave = 'left alone'

/** Every field of a BackendConfig, one line each; names, defaults and bounds are those of ingress-gce and of the API. */
export const backendConfigFields: readonly ConfigField[] = [
  row('timeoutSec', 'How long a backend may take to answer, in seconds.', {
    read: whole(1, 2_147_483_647),
    to: 'service.timeoutSec',
    default: '30 at creation',
    bounds: '1 to 2147483647 s',
  }),
  row('connectionDraining.drainingTimeoutSec', 'How long a leaving backend may finish what it does, in seconds.', {
    read: whole(0, 3_600),
    to: 'service.connectionDraining.drainingTimeoutSec',
    default: '60 at creation',
    bounds: '0 to 3600 s',
  }),
  row('sessionAffinity.affinityType', 'Whether a client stays with its backend.', {
    read: text,
    to: 'service.sessionAffinity',
    default: 'NONE at creation',
    bounds: 'NONE, CLIENT_IP, GENERATED_COOKIE',
  }),
  row('sessionAffinity.affinityCookieTtlSec', 'How long the cookie of GENERATED_COOKIE lasts, in seconds.', {
    read: z.number({ error: () => 'must be a number' }),
    to: 'service.affinityCookieTtlSec',
    default: leave,
    bounds: '0 to 86400 s',
  }),
  row('customRequestHeaders.headers', 'Headers added to requests, "Name: value"; an empty list removes them.', {
    read: headers,
    to: 'service.customRequestHeaders',
    otherwise: () => [],
    default: leave,
  }),
  row('customResponseHeaders.headers', 'Headers added to answers, "Name: value"; an empty list removes them.', {
    read: headers,
    to: 'service.customResponseHeaders',
    otherwise: () => [],
    default: leave,
  }),
  row('logging.enable', 'Whether requests are logged.', {
    read: flag,
    to: 'service.logConfig.enable',
    otherwise: () => false,
    default: leave,
  }),
  row('logging.sampleRate', 'The share of requests that is logged.', {
    read: z.number({ error: () => 'must be a number' }),
    to: 'service.logConfig.sampleRate',
    otherwise: () => 1,
    default: '1.0 while logging is on',
    bounds: '0.0 to 1.0',
  }),
  row('securityPolicy.name', 'Cloud Armor policy of this project; "" removes it.', {
    read: text.refine((name) => name === '' || checkGceName('', name) === null, {
      error: () => 'is not the name of a security policy',
    }),
    to: 'securityPolicy',
    otherwise: () => '',
    default: leave,
  }),
  row('iap.enabled', 'Whether Identity-Aware Proxy asks who the client is.', {
    read: flag,
    to: 'service.iap.enabled',
    otherwise: () => false,
    default: leave,
  }),
  row('iap.oauthclientCredentials.clientID', 'The OAuth client; a Secret wins over it.', {
    read: text,
    to: 'service.iap.oauth2ClientId',
    default: leave,
  }),
  row('iap.oauthclientCredentials.clientSecret', 'Its secret; in objects in clusters only, never in a message.', {
    read: text,
    default: leave,
  }),
  row('iap.oauthclientCredentials.secretName', 'Secret in the clusters with client_id and client_secret.', {
    read: text.refine((name) => checkDnsSubdomain('', name) === null, { error: () => 'is not the name of a Secret' }),
    to: 'oauthSecret',
    default: leave,
  }),
  row('cdn.enabled', 'Whether Cloud CDN caches.', {
    read: flag,
    to: 'service.enableCDN',
    otherwise: () => false,
    default: leave,
  }),
  row('cdn.cacheMode', 'What is cached.', {
    read: word('CACHE_ALL_STATIC', 'USE_ORIGIN_HEADERS', 'FORCE_CACHE_ALL'),
    to: 'service.cdnPolicy.cacheMode',
    otherwise: () => 'CACHE_ALL_STATIC',
    default: 'CACHE_ALL_STATIC while CDN is on',
    bounds: 'CACHE_ALL_STATIC, USE_ORIGIN_HEADERS, FORCE_CACHE_ALL',
  }),
  row('cdn.clientTtl', 'Longest max-age that clients are told, in seconds.', ttl('clientTtl', 3_600, isCached)),
  row('cdn.defaultTtl', 'TTL of answers that say none, in seconds.', ttl('defaultTtl', 3_600, isCached)),
  row(
    'cdn.maxTtl',
    'Longest TTL that a backend may ask for, in seconds; CACHE_ALL_STATIC only.',
    ttl('maxTtl', 86_400, ({ cacheMode = 'CACHE_ALL_STATIC' }) => cacheMode === 'CACHE_ALL_STATIC'),
  ),
  row('cdn.negativeCaching', 'Whether errors and redirects are cached.', {
    read: flag,
    to: 'service.cdnPolicy.negativeCaching',
    otherwise: () => true,
    default: 'true while CDN is on',
  }),
  row('cdn.negativeCachingPolicy', 'TTL by status code.', {
    read: listOfAtMost(negativeCodes.length, 'codes with their ttl', negativeCaching),
    to: 'service.cdnPolicy.negativeCachingPolicy',
    default: leave,
    bounds: `codes ${negativeCodes.join(', ')}, ttl 0 to 1800 s`,
  }),
  row('cdn.requestCoalescing', 'Whether requests for the same are joined to one.', {
    read: flag,
    to: 'service.cdnPolicy.requestCoalescing',
    otherwise: () => true,
    default: 'true while CDN is on',
  }),
  row('cdn.serveWhileStale', 'How long stale answers serve while they are asked for anew, in seconds.', {
    read: whole(0, 604_800),
    to: 'service.cdnPolicy.serveWhileStale',
    otherwise: () => 86_400,
    default: '86400 while CDN is on',
    bounds: '0 to 604800 s',
  }),
  row('cdn.bypassCacheOnRequestHeaders', 'Requests with one of these headers are not served from the cache.', {
    read: listOfAtMost(
      5,
      'headerName',
      z.object({ headerName: text }, { error: () => 'must be a list of headerName' }),
    ),
    to: 'service.cdnPolicy.bypassCacheOnRequestHeaders',
    default: leave,
    bounds: 'at most 5',
  }),
  row('cdn.cachePolicy.includeHost', 'The host is part of the cache key.', {
    read: flag,
    to: 'service.cdnPolicy.cacheKeyPolicy.includeHost',
    otherwise: wholeKey,
    default: 'true without cachePolicy, else false',
  }),
  row('cdn.cachePolicy.includeProtocol', 'The protocol is part of the cache key.', {
    read: flag,
    to: 'service.cdnPolicy.cacheKeyPolicy.includeProtocol',
    otherwise: wholeKey,
    default: 'true without cachePolicy, else false',
  }),
  row('cdn.cachePolicy.includeQueryString', 'The query is part of the cache key.', {
    read: flag,
    to: 'service.cdnPolicy.cacheKeyPolicy.includeQueryString',
    otherwise: wholeKey,
    default: 'true without cachePolicy, else false',
  }),
  row('cdn.cachePolicy.queryStringBlacklist', 'Query parameters that are not part of the key.', {
    read: parameters,
    to: 'service.cdnPolicy.cacheKeyPolicy.queryStringBlacklist',
    default: leave,
  }),
  row('cdn.cachePolicy.queryStringWhitelist', 'The only query parameters that are part of the key.', {
    read: parameters,
    to: 'service.cdnPolicy.cacheKeyPolicy.queryStringWhitelist',
    default: leave,
  }),
  row('cdn.signedUrlCacheMaxAgeSec', 'How long answers to signed URLs are fresh, in seconds.', {
    read: whole(0, year).transform(String),
    to: 'service.cdnPolicy.signedUrlCacheMaxAgeSec',
    default: leave,
    bounds: `0 to ${year} s`,
  }),
  row(
    'cdn.signedUrlKeys',
    'Keys for signed URLs, by the Secret (key_value) that holds each; an empty list removes them.',
    {
      read: listOfAtMost(3, 'keys', signedKey),
      default: leave,
      bounds: 'at most 3',
    },
  ),
  row('healthCheck.checkIntervalSec', 'Pause between probes, in seconds.', {
    read: whole(1, 300),
    to: 'health.interval',
    default: 'the readiness probe, else 10',
    bounds: '1 to 300 s',
  }),
  row('healthCheck.timeoutSec', 'How long a probe may take, in seconds.', {
    read: whole(1, 300),
    to: 'health.timeout',
    default: 'the readiness probe, else 5',
    bounds: '1 to 300 s, at most checkIntervalSec',
  }),
  row('healthCheck.healthyThreshold', 'So many good probes make a backend healthy.', {
    read: whole(1, 10),
    to: 'health.healthy',
    default: 'the readiness probe, else 1',
    bounds: '1 to 10',
  }),
  row('healthCheck.unhealthyThreshold', 'So many failed probes make a backend unhealthy.', {
    read: whole(1, 10),
    to: 'health.unhealthy',
    default: 'the readiness probe, else 3',
    bounds: '1 to 10',
  }),
  row('healthCheck.type', 'Protocol of the probes.', {
    read: word('HTTP', 'HTTPS', 'HTTP2'),
    to: 'health.type',
    default: "the port's protocol",
    bounds: 'HTTP, HTTPS, HTTP2',
  }),
  row('healthCheck.port', 'A fixed port that is probed instead of the one that serves.', {
    read: whole(1, 65_535),
    to: 'health.port',
    default: 'the serving port',
    bounds: '1 to 65535',
  }),
  row('healthCheck.requestPath', 'Path of the probes.', {
    read: text.refine((path) => path.startsWith('/') && path.length <= 1_024, { error: () => 'must begin with "/"' }),
    to: 'health.path',
    default: 'the readiness probe, else /',
  }),
]
