import { invalid } from '../api-error.ts'
import { type JsonObject, listAt, numberAt, objectAt, objectsAt } from '../json.ts'

/** Longest TTL of Cloud CDN in seconds. */
const year = 31_622_400

/** Bounds of single numbers; from the comments of the proto's fields, that of draining from the documentation of GKE's policies. */
const bounds: readonly (readonly [within: string, member: string, least: number, most: number])[] = [
  ['', 'timeoutSec', 1, 2_147_483_647],
  ['', 'affinityCookieTtlSec', 0, 1_209_600],
  ['connectionDraining', 'drainingTimeoutSec', 0, 3_600],
  ['logConfig', 'sampleRate', 0, 1],
  ['cdnPolicy', 'clientTtl', 0, year],
  ['cdnPolicy', 'defaultTtl', 0, year],
  ['cdnPolicy', 'maxTtl', 0, year],
  ['cdnPolicy', 'serveWhileStale', 0, 604_800],
]

const cachedErrors: readonly number[] = [300, 301, 302, 307, 308, 404, 405, 410, 421, 451, 501]

/** Refuses settings of a backend service that the API's definitions exclude. */
export function checkSettings(body: JsonObject): void {
  for (const [within, member, least, most] of bounds) {
    const value = numberAt(within === '' ? body : objectAt(body, within), member)
    const at = within === '' ? member : `${within}.${member}`
    if (value !== undefined && !(value >= least && value <= most))
      throw invalid(`resource.${at}`, value, `The value must be between ${least} and ${most}.`)
  }
  // The one rule here that is not in the definitions: ingress-gce refuses it before the API can.
  if (objectAt(body, 'iap')['enabled'] === true && body['enableCDN'] === true)
    throw invalid('resource.iap', '', 'IAP and CDN cannot be enabled at the same time.')
  checkCaching(objectAt(body, 'cdnPolicy'))
}

function checkCaching(policy: JsonObject): void {
  const at = 'resource.cdnPolicy'
  const [byDefault, most] = [numberAt(policy, 'defaultTtl'), numberAt(policy, 'maxTtl')]
  if (byDefault !== undefined && most !== undefined && byDefault > most)
    throw invalid(`${at}.defaultTtl`, byDefault, 'The value cannot be greater than that of maxTtl.')
  if (objectsAt(policy, 'bypassCacheOnRequestHeaders').length > 5)
    throw invalid(`${at}.bypassCacheOnRequestHeaders`, '', 'Up to 5 headers can be specified.')
  const negative = objectsAt(policy, 'negativeCachingPolicy')
  if (negative.length > 0 && policy['negativeCaching'] !== true)
    throw invalid(`${at}.negativeCachingPolicy`, '', 'negativeCaching must be enabled to configure this.')
  const codes = negative.map((one) => numberAt(one, 'code'))
  const wrong = codes.findIndex((code) => code === undefined || !cachedErrors.includes(code))
  if (wrong >= 0)
    throw invalid(`${at}.negativeCachingPolicy[${wrong}].code`, codes[wrong] ?? '', 'This code cannot be specified.')
  if (new Set(codes).size < codes.length)
    throw invalid(`${at}.negativeCachingPolicy`, '', 'A status code is specified more than once.')
  const ttl = negative.map((one) => numberAt(one, 'ttl') ?? 0).find((one) => one < 0 || one > 1_800)
  if (ttl !== undefined) throw invalid(`${at}.negativeCachingPolicy.ttl`, ttl, 'The maximum allowed value is 1800.')
  const key = objectAt(policy, 'cacheKeyPolicy')
  if (listAt(key, 'queryStringWhitelist').length > 0 && listAt(key, 'queryStringBlacklist').length > 0)
    throw invalid(`${at}.cacheKeyPolicy`, '', 'Either queryStringWhitelist or queryStringBlacklist, not both.')
}
