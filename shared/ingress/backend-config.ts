import type { BackendService } from '../cloud/compute-resources.ts'
import { backendConfigFields, type SignedKey } from './backend-config-fields.ts'
import { memberAt, readConfig, sha256, translate, type ConfigOrigin, type ConfigSpec } from './config-fields.ts'
import type { Report } from './report.ts'

/**
 * What a BackendConfig (cloud.google.com/v1) asks of a backend service and its health check, under Compute's names. Holds no
 * secret: of the OAuth client's only the digest that Compute shows, of signing keys only where they are.
 */
export interface BackendSettings {
  service?: Pick<
    BackendService,
    | 'timeoutSec'
    | 'connectionDraining'
    | 'sessionAffinity'
    | 'affinityCookieTtlSec'
    | 'customRequestHeaders'
    | 'customResponseHeaders'
    | 'logConfig'
    | 'enableCDN'
    | 'cdnPolicy'
    | 'iap'
  >
  /** Name of a Cloud Armor policy of this project; '' = none. */
  securityPolicy?: string
  /** Over the health check that probe and defaults give, field by field. */
  health?: Partial<{
    type: 'HTTP' | 'HTTPS' | 'HTTP2'
    path: string
    interval: number
    timeout: number
    healthy: number
    unhealthy: number
    port: number
  }>
  /** The Kubernetes Secret with the OAuth client; absent: the object itself has it, or there is none. */
  oauthSecret?: string
  /** Keys for signed URLs; without a Secret the object itself has the value. */
  signedUrlKeys?: { keyName: string; secretName?: string }[]
}

/** What no single field can say; the words of ingress-gce where it has them. */
function check(spec: ConfigSpec, where: string, report: Report): void {
  const at = (path: string): unknown => memberAt(spec, path)
  const type = at('sessionAffinity.affinityType')
  const cookie = at('sessionAffinity.affinityCookieTtlSec')
  const rate = at('logging.sampleRate')
  if (at('iap.enabled') === true && at('cdn.enabled') === true)
    report.problem(where, 'iap and cdn cannot be enabled at the same time')
  if (typeof type === 'string' && !['NONE', 'CLIENT_IP', 'GENERATED_COOKIE'].includes(type))
    report.problem(
      `${where}sessionAffinity`,
      `unsupported AffinityType: ${type.slice(0, 80)}, should be one of NONE, CLIENT_IP, or GENERATED_COOKIE`,
    )
  if (typeof cookie === 'number' && !(Number.isInteger(cookie) && cookie >= 0 && cookie <= 86_400))
    report.problem(
      `${where}sessionAffinity`,
      `unsupported AffinityCookieTtlSec: ${cookie}, should be between 0 and 86400`,
    )
  if (typeof rate === 'number' && !(rate >= 0 && rate <= 1))
    report.problem(`${where}logging`, `unsupported SampleRate: ${rate.toFixed(6)}, should be between 0.0 and 1.0`)
  const [interval, timeout] = [at('healthCheck.checkIntervalSec'), at('healthCheck.timeoutSec')]
  if (typeof interval === 'number' && typeof timeout === 'number' && timeout > interval)
    report.problem(`${where}healthCheck`, 'timeoutSec must not be longer than checkIntervalSec')
  const [black, white] = ['queryStringBlacklist', 'queryStringWhitelist'].map((one) => at(`cdn.cachePolicy.${one}`))
  if (Array.isArray(black) && Array.isArray(white) && black.length > 0 && white.length > 0)
    report.problem(`${where}cdn.cachePolicy`, 'queryStringBlacklist and queryStringWhitelist exclude each other')
}

/** What the API would refuse of a cache, with the defaults counted in. */
function checkCaching({ service }: BackendSettings, where: string, report: Report): void {
  const policy = service?.cdnPolicy ?? {}
  const {
    defaultTtl,
    maxTtl,
    negativeCaching,
    negativeCachingPolicy = [],
  } = policy as {
    defaultTtl?: number
    maxTtl?: number
    negativeCaching?: boolean
    negativeCachingPolicy?: { code: number }[]
  }
  if (defaultTtl !== undefined && maxTtl !== undefined && defaultTtl > maxTtl)
    report.problem(
      `${where}cdn.defaultTtl`,
      `defaultTtl is ${defaultTtl} and must not be greater than maxTtl, ${maxTtl}`,
    )
  if (negativeCaching === false && negativeCachingPolicy.length > 0)
    report.problem(`${where}cdn.negativeCachingPolicy`, 'negativeCaching is off, and this is a part of it')
  if (new Set(negativeCachingPolicy.map(({ code }) => code)).size < negativeCachingPolicy.length)
    report.problem(`${where}cdn.negativeCachingPolicy`, 'a code is listed twice; keep one')
}

/** Reads the spec of a BackendConfig. With a problem in the report the answer is not to be used. */
export function readBackendConfig(
  value: unknown,
  where: string,
  report: Report,
  origin: ConfigOrigin,
): BackendSettings {
  const spec = readConfig(backendConfigFields, value, where, report, origin)
  check(spec, where, report)
  const settings = translate(backendConfigFields, spec) as BackendSettings
  checkCaching(settings, where, report)
  return { ...settings, ...secretParts(spec, settings, where, report, origin) }
}

/** The parts that hold secrets: what is kept of them, and what must not come by a message, which Pub/Sub and we keep. */
function secretParts(
  spec: ConfigSpec,
  { service }: BackendSettings,
  where: string,
  report: Report,
  origin: ConfigOrigin,
): Pick<BackendSettings, 'service' | 'signedUrlKeys'> {
  const clientSecret = memberAt(spec, 'iap.oauthclientCredentials.clientSecret')
  const keys = memberAt(spec, 'cdn.signedUrlKeys') as SignedKey[] | undefined
  const inline = typeof clientSecret === 'string' && clientSecret !== ''
  if (origin === 'message') {
    if (inline) report.problem(`${where}iap.oauthclientCredentials.clientSecret`, notInMessages)
    if (keys?.some(({ keyValue = '' }) => keyValue !== '') === true)
      report.problem(`${where}cdn.signedUrlKeys`, notInMessages)
  }
  const secretName = memberAt(spec, 'iap.oauthclientCredentials.secretName')
  const digest =
    inline && secretName === undefined && service?.iap?.enabled === true
      ? { service: { ...service, iap: { ...service.iap, oauth2ClientSecretSha256: sha256(clientSecret) } } }
      : {}
  const signed =
    keys === undefined || service?.enableCDN !== true
      ? {}
      : {
          signedUrlKeys: keys.map((key) => ({
            keyName: key.keyName,
            ...(key.secretName === undefined ? {} : { secretName: key.secretName }),
          })),
        }
  return { ...digest, ...signed }
}

const notInMessages =
  'A secret must not come by a message, which is kept on its way: put it into a Secret in the clusters and name that by secretName.'
