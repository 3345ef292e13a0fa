import { required } from '../api-error.ts'
import { textAt } from '../json.ts'
import type { Kind } from '../kind.ts'
import { fullUrl } from '../references.ts'

export const backendBuckets: Kind = {
  collection: 'backendBuckets',
  message: 'BackendBucket',
  singular: 'backendBucket',
  noun: 'backend_bucket',
  fingerprint: 'none',
  quota: 'BACKEND_BUCKETS',
  check(body) {
    if ((textAt(body, 'bucketName') ?? '') === '') throw required('resource.bucketName')
  },
  defaults: (body) => ({ ...body, enableCdn: body['enableCdn'] ?? false }),
  derive(look, resource) {
    const maps = look.holders(resource.path).filter(({ collection }) => collection === 'urlMaps')
    return maps.length === 0 ? {} : { usedBy: maps.map(({ path }) => ({ reference: fullUrl(path) })) }
  },
}
