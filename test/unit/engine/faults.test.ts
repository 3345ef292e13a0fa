import { describe, expect, it } from 'vitest'
import { CloudError } from '../../../shared/cloud/compute-port.ts'
import { classify, type Fault } from '../../../shared/engine/faults.ts'
import { StoreBusy } from '../../../shared/state/store.ts'

describe('classify', () => {
  const rows: { status: number; reason: string; message: string; want: Fault['kind']; because: string }[] = [
    {
      status: 404,
      reason: 'notFound',
      message: "The resource 'projects/p/global/urlMaps/x' was not found",
      want: 'absent',
      because: 'missing',
    },
    {
      status: 409,
      reason: 'alreadyExists',
      message: "The resource 'projects/p/global/addresses/x' already exists",
      want: 'conflict',
      because: 'duplicate name',
    },
    {
      status: 412,
      reason: 'conditionNotMet',
      message: 'Invalid fingerprint.',
      want: 'conflict',
      because: 'stale fingerprint',
    },
    {
      status: 412,
      reason: 'conditionNotMet',
      message: 'Labels fingerprint either invalid or resource labels have changed',
      want: 'conflict',
      because: 'stale label fingerprint',
    },
    {
      status: 409,
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "kubectl"',
      want: 'conflict',
      because: 'server-side apply',
    },
    {
      status: 400,
      reason: 'resourceInUseByAnotherResource',
      message:
        "The backend_service resource 'projects/p/global/backendServices/b' is already being used by 'projects/p/global/urlMaps/u'",
      want: 'in-use',
      because: 'delete, in use',
    },
    {
      status: 400,
      reason: 'RESOURCE_IN_USE_BY_ANOTHER_RESOURCE',
      message:
        "The network resource 'projects/p/global/networks/n' is already being used by 'projects/p/global/firewalls/f'",
      want: 'in-use',
      because: 'the same, from a failed operation',
    },
    {
      status: 400,
      reason: 'resourceNotReady',
      message: "The resource 'projects/p/global/networks/n' is not ready",
      want: 'not-ready',
      because: 'not settled',
    },
    {
      status: 409,
      reason: 'resourceNotReady',
      message: "The resource 'x' is not ready",
      want: 'not-ready',
      because: 'a name whose delete is under way',
    },
    {
      status: 400,
      reason: 'RESOURCE_NOT_READY',
      message: 'later',
      want: 'not-ready',
      because: 'the same, from a failed operation',
    },
    {
      status: 400,
      reason: 'required',
      message: "Required field 'resource.fingerprint' not specified",
      want: 'refused',
      because: 'a fault of ours',
    },
    {
      status: 400,
      reason: 'invalid',
      message: "Invalid value for field 'resource.port': '0'.",
      want: 'refused',
      because: 'bad field value',
    },
    {
      status: 403,
      reason: 'quotaExceeded',
      message: "Quota 'BACKEND_SERVICES' exceeded. Limit: 5.0 globally.",
      want: 'refused',
      because: 'a person raises a quota',
    },
    {
      status: 403,
      reason: 'QUOTA_EXCEEDED',
      message: "Quota 'BACKEND_SERVICES' exceeded.  Limit: 5.0 globally.",
      want: 'refused',
      because: 'the same, from a failed operation',
    },
    {
      status: 403,
      reason: 'rateLimitExceeded',
      message:
        "Quota exceeded for quota group 'ReadGroup' and limit 'Read requests per 100 seconds' of service 'compute.googleapis.com' for consumer 'project_number:1'.",
      want: 'throttled',
      because: 'rate limit',
    },
    {
      status: 403,
      reason: 'userRateLimitExceeded',
      message: 'slow down',
      want: 'throttled',
      because: 'rate limit of a caller',
    },
    {
      status: 403,
      reason: 'RATE_LIMIT_EXCEEDED',
      message: 'slow down',
      want: 'throttled',
      because: 'rate limit, from a failed operation',
    },
    {
      status: 403,
      reason: '',
      message:
        "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute' of service 'compute.googleapis.com'",
      want: 'throttled',
      because: 'metric style, without a reason',
    },
    {
      status: 403,
      reason: 'accessNotConfigured',
      message: 'Project 1 is not found and cannot be used for API calls',
      want: 'refused',
      because: 'API off',
    },
    {
      status: 403,
      reason: 'forbidden',
      message: "Required 'compute.urlMaps.create' permission",
      want: 'refused',
      because: 'no permission',
    },
    { status: 401, reason: 'authError', message: 'Invalid Credentials', want: 'refused', because: 'no identity' },
    { status: 429, reason: '', message: 'Too many requests', want: 'throttled', because: 'to be retried, too' },
    { status: 408, reason: '', message: 'Request timeout', want: 'transient', because: 'no answer' },
    {
      status: 500,
      reason: 'backendError',
      message: 'Internal error',
      want: 'transient',
      because: "the service's fault",
    },
    {
      status: 503,
      reason: 'SERVICE_UNAVAILABLE',
      message: 'try later',
      want: 'transient',
      because: "the service's fault",
    },
    { status: 0, reason: 'timeout', message: 'no answer in time', want: 'transient', because: 'no answer' },
    {
      status: 422,
      reason: 'Invalid',
      message: 'Ingress is invalid',
      want: 'refused',
      because: 'Kubernetes validation',
    },
  ]
  for (const { status, reason, message, want, because } of rows)
    it(`${status} ${reason}: ${because}`, () =>
      expect(classify(new CloudError(status, reason, message))).toMatchObject({ kind: want, why: message }))

  const others: { thrown: unknown; why: string; because: string }[] = [
    { thrown: new StoreBusy('lost every race'), why: 'lost every race', because: 'the store is busy' },
    {
      thrown: new TypeError('x is undefined'),
      why: 'TypeError: x is undefined',
      because: 'a fault of ours is retried, seen and never lost',
    },
    { thrown: 'text', why: 'text', because: 'anything may be thrown' },
  ]
  for (const { thrown, why, because } of others)
    it(because, () => expect(classify(thrown)).toEqual({ kind: 'transient', why }))
})

describe('what is forbidden', () => {
  const rows: { reason: string; message: string; forbidden: boolean; because: string }[] = [
    {
      reason: 'forbidden',
      message: "Required 'compute.firewalls.create' permission for 'projects/host/global/firewalls/f'",
      forbidden: true,
      because: 'a permission is lacking',
    },
    {
      reason: '',
      message: "Required 'compute.firewalls.create' permission for 'projects/host/global/firewalls/f'",
      forbidden: true,
      because: 'the same from a client that shows no reason',
    },
    {
      reason: 'quotaExceeded',
      message: "Quota 'FIREWALLS' exceeded. Limit: 5.0 globally.",
      forbidden: false,
      because: 'a quota',
    },
    {
      reason: 'accessNotConfigured',
      message: 'Project 1 is not found and cannot be used for API calls.',
      forbidden: false,
      because: 'an API that is off',
    },
  ]
  for (const { reason, message, forbidden, because } of rows)
    it(`${String(forbidden)}: ${because}`, () => {
      const fault = classify(new CloudError(403, reason, message))
      expect([fault.kind, fault.forbidden === true]).toEqual(['refused', forbidden])
    })
})
