import type { Clock } from '../world.ts'
import { ApiError } from './api-error.ts'
import type { JsonObject } from './json.ts'
import type { Kind, Place } from './kind.ts'
import type { World } from './world.ts'

/** A token bucket: `burst` requests at once, refilled at `perSecond`. */
export interface RateLimit {
  perSecond: number
  burst: number
}

/** Limits per project; absent = no limit. */
export interface RateLimits {
  reads?: RateLimit
  writes?: RateLimit
}

/** Resources per project (and per region or zone group) by metric, such as BACKEND_SERVICES; absent = no limit. */
export type Quotas = Readonly<Record<string, number>>

/** Takes one request from the project's bucket; throws 403 rateLimitExceeded when it is empty. */
export function createRateLimiter(clock: Clock, limits: RateLimits, projectNumber: (project: string) => string) {
  const buckets = new Map<string, { tokens: number; at: number }>()
  return function take(project: string, group: 'reads' | 'writes'): void {
    const limit = limits[group]
    if (limit === undefined) return
    const key = `${group} ${project}`
    const bucket = buckets.get(key) ?? { tokens: limit.burst, at: clock.now() }
    buckets.set(key, bucket)
    const now = clock.now()
    bucket.tokens = Math.min(limit.burst, bucket.tokens + ((now - bucket.at) / 1000) * limit.perSecond)
    bucket.at = now
    if (bucket.tokens < 1) {
      const [name, text] = group === 'reads' ? ['ReadGroup', 'Read requests'] : ['WriteGroup', 'Write requests']
      throw new ApiError(
        403,
        'rateLimitExceeded',
        `Quota exceeded for quota group '${name}' and limit '${text} per 100 seconds' of service 'compute.googleapis.com' for consumer 'project_number:${projectNumber(project)}'.`,
        { domain: 'usageLimits' },
      )
    }
    bucket.tokens -= 1
  }
}

/** Throws 403 quotaExceeded when one more resource of the kind would be too many. */
export function checkQuota(world: World, quotas: Quotas, kind: Kind, place: Place): void {
  const limit = kind.quota === undefined ? undefined : quotas[kind.quota]
  if (limit === undefined || world.count(place.project, place.collection) < limit) return
  const where =
    place.scope.type === 'global'
      ? 'globally'
      : `in ${place.scope.type === 'zones' ? 'zone' : 'region'} ${place.scope.name}`
  throw new ApiError(403, 'quotaExceeded', `Quota '${kind.quota ?? ''}' exceeded. Limit: ${limit.toFixed(1)} ${where}.`)
}

/** `quotas` of a project's resource. */
export function renderQuotas(world: World, quotas: Quotas, kinds: Iterable<Kind>, project: string): JsonObject[] {
  return [...kinds].flatMap(({ quota, collection }) => {
    const limit = quota === undefined ? undefined : quotas[quota]
    return quota === undefined || limit === undefined
      ? []
      : [{ metric: quota, limit, usage: world.count(project, collection) }]
  })
}
