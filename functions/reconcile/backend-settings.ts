import type { BackendService } from '../../shared/cloud/compute-resources.ts'
import { CloudError } from '../../shared/cloud/compute-port.ts'
import type { Change, Cloud } from '../../shared/engine/kind.ts'
import { memberAt, sha256 } from '../../shared/ingress/config-fields.ts'
import { isMapping } from '../../shared/ingress/fields.ts'
import type { Layout, ServiceLayout } from '../../shared/planning/layout.ts'
import { projectPath } from '../../shared/planning/names.ts'
import { decoded } from './cluster-looks.ts'

/**
 * What a BackendConfig asks of a backend service, beside the API's own fields. Of secrets a want holds digests and places only:
 * they are read from a cluster at the moment of writing, as private keys are, and sent to Compute and nowhere else.
 */
export interface Configured {
  /** Names of the keys for signed URLs: the API shows no more of them. */
  signedUrlKeyNames?: string[]
  secrets?: SecretPlaces
}

/** Where the secrets are: in these clusters, the deciding one first. */
interface SecretPlaces {
  namespace: string
  /** The BackendConfig, which holds what no Secret is named for. */
  config: string
  clusters: string[]
  oauthSecret?: string
  signedUrlKeys?: { keyName: string; secretName?: string }[]
}

type ConfiguredWant = Omit<BackendService, 'backends'> & Configured

/** The fields of a backend service that a BackendConfig may ask for; what it does not say is the operator's. */
export const configuredFields = [
  'timeoutSec',
  'connectionDraining',
  'sessionAffinity',
  'affinityCookieTtlSec',
  'customRequestHeaders',
  'customResponseHeaders',
  'logConfig',
  'enableCDN',
  'cdnPolicy',
  'iap',
  'securityPolicy',
  'signedUrlKeyNames',
] as const satisfies readonly (keyof ConfiguredWant)[]

/** What the BackendConfig of a service adds to its want. */
export function configured(layout: Layout, { config, project }: ServiceLayout): ConfiguredWant {
  if (config === null) return {}
  const { service, securityPolicy, oauthSecret, signedUrlKeys } = config.settings
  const secret = service?.iap?.oauth2ClientSecretSha256 !== undefined
  return {
    ...service,
    ...(securityPolicy === undefined
      ? {}
      : { securityPolicy: securityPolicy && projectPath(project, 'securityPolicies', securityPolicy) }),
    ...(signedUrlKeys === undefined ? {} : { signedUrlKeyNames: signedUrlKeys.map(({ keyName }) => keyName).sort() }),
    ...(secret || (signedUrlKeys ?? []).length > 0
      ? {
          secrets: {
            namespace: layout.model.namespace,
            config: config.name,
            clusters: config.clusters,
            ...(secret && oauthSecret !== undefined ? { oauthSecret } : {}),
            ...(signedUrlKeys === undefined ? {} : { signedUrlKeys }),
          },
        }
      : {}),
  }
}

/** Changes that have calls of their own in the API, and come after all others. */
export function isApart({ field }: Pick<Change, 'field'>): boolean {
  return field === 'securityPolicy' || field === 'signedUrlKeyNames'
}

/** The members that are written as they are; with the OAuth client's secret when that is to be written. */
export async function written<W extends ConfiguredWant>(
  cloud: Cloud,
  want: W,
  withSecret: boolean,
): Promise<Omit<W, 'securityPolicy' | keyof Configured>> {
  const { securityPolicy: _policy, signedUrlKeyNames: _names, secrets, iap, ...plain } = want
  if (iap === undefined) return plain as Omit<W, 'securityPolicy' | keyof Configured>
  const { oauth2ClientSecretSha256: digest, ...rest } = iap
  const isGood = (value: string): boolean => sha256(value) === digest
  const secret =
    digest === undefined || !withSecret
      ? {}
      : {
          oauth2ClientSecret: await readSecret(cloud, secrets, isGood, {
            secret: secrets?.oauthSecret,
            key: 'client_secret',
            inline: (spec) => memberAt(spec, 'iap.oauthclientCredentials.clientSecret'),
          }),
        }
  return { ...plain, iap: { ...rest, ...secret } } as unknown as Omit<W, 'securityPolicy' | keyof Configured>
}

/** Whether a change takes a list away: the client library sends no empty list in a PATCH, so this needs a PUT. */
export function empties(want: ConfiguredWant, changes: readonly Change[]): boolean {
  return changes.some(({ field }) => hasEmptyList(want[field as keyof ConfiguredWant]))
}

function hasEmptyList(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0
  return isMapping(value) && Object.values(value).some(hasEmptyList)
}

/** A PUT of everything that was read with what is wanted over it; members of others inside of ours stay. */
export function over<T extends object>(got: T, want: object): T {
  const merged = { ...got } as Record<string, unknown>
  for (const [key, value] of Object.entries(want)) {
    const had = merged[key]
    merged[key] = isMapping(value) && isMapping(had) ? over(had, value) : value
  }
  return merged as T
}

/** The next key to add or to delete; the API takes three, so room is made first where there is none. */
export function nextKey(want: Configured, got: BackendService): { add: string } | { remove: string } {
  const wanted = want.signedUrlKeyNames ?? []
  const present = keyNames(got)
  const add = wanted.find((name) => !present.includes(name))
  const remove = present.find((name) => !wanted.includes(name))
  return add !== undefined && (remove === undefined || present.length < 3) ? { add } : { remove: remove ?? '' }
}

/** The keys that a backend service has, by name. */
export function keyNames({ cdnPolicy }: BackendService): string[] {
  const names = cdnPolicy?.['signedUrlKeyNames']
  return Array.isArray(names) ? names.filter((name) => typeof name === 'string').sort() : []
}

/** The value of a key for signed URLs. */
export async function keyValue(cloud: Cloud, { secrets }: Configured, keyName: string): Promise<string> {
  const place = secrets?.signedUrlKeys?.find((key) => key.keyName === keyName)
  return readSecret(cloud, secrets, (value) => value !== '', {
    secret: place?.secretName,
    key: 'key_value',
    inline(spec) {
      const keys = memberAt(spec, 'cdn.signedUrlKeys')
      const list: readonly unknown[] = Array.isArray(keys) ? keys : []
      const found = list.find((one) => memberAt(one, 'keyName') === keyName)
      return memberAt(found, 'keyValue')
    },
  })
}

/** From the first cluster that holds what was planned. */
async function readSecret(
  cloud: Cloud,
  places: SecretPlaces | undefined,
  isGood: (value: string) => boolean,
  { secret, key, inline }: { secret: string | undefined; key: string; inline: (spec: unknown) => unknown },
): Promise<string> {
  const { namespace = '', config = '', clusters = [] } = places ?? {}
  const what = secret === undefined ? `BackendConfig ${namespace}/${config}` : `Secret ${namespace}/${secret}`
  for (const name of clusters) {
    const client = await cloud.cluster(name)
    const data = secret === undefined ? undefined : (await client?.secret(namespace, secret))?.data[key]
    const value =
      secret === undefined
        ? inline((await client?.config('BackendConfig', namespace, config))?.spec)
        : data === undefined
          ? undefined
          : decoded(data)
    if (typeof value === 'string' && isGood(value)) return value
  }
  throw new CloudError(0, 'secret', `${what} has no ${key} any more, or another one than was planned`)
}

/** Runs a call whose body holds a secret: the API may quote what it refuses. */
export async function withoutQuoting<T>(secret: string | undefined, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    if (!(error instanceof CloudError) || secret === undefined || secret === '') throw error
    throw new CloudError(error.status, error.reason, error.message.replaceAll(secret, '(secret)'))
  }
}
