import { CloudError } from '../cloud/compute-port.ts'
import { StoreBusy } from '../state/store.ts'

/**
 * Everything that can go wrong, by what to do next. `classify` is the only reader of status codes.
 *
 * - conflict: the world is not what we thought (exists already, fingerprint stale): look again at once.
 * - absent: what we wanted to change is not there: look again at once.
 * - in-use: something still refers to it: wait for its release.
 * - not-ready: the API asks for patience.
 * - throttled: too many requests: slow down.
 * - transient: no answer, or the service's own fault: retry with backoff.
 * - refused: a person must change something.
 */
export type Fault = {
  kind: 'conflict' | 'absent' | 'in-use' | 'not-ready' | 'throttled' | 'transient' | 'refused'
  why: string
  /** A permission is lacking: whoever has it can do it instead. */
  forbidden?: true
}

/** Sorts any thrown value; programming errors come out as transient, so that they are retried, visible and never lost. */
export function classify(error: unknown): Fault {
  if (error instanceof StoreBusy) return { kind: 'transient', why: error.message }
  if (!(error instanceof CloudError))
    return { kind: 'transient', why: error instanceof Error ? `${error.name}: ${error.message}` : String(error) }
  const kind = kindOf(error)
  return { kind, why: error.message, ...(kind === 'refused' && isForbidden(error) ? { forbidden: true } : {}) }
}

/** A quota is a 403 too, and an API that is off. */
function isForbidden({ status, reason, message }: CloudError): boolean {
  return status === 403 && (/^(forbidden|PERMISSION_DENIED)$/i.test(reason) || /\bpermission\b/i.test(message))
}

function kindOf({ status, reason, message }: CloudError): Fault['kind'] {
  const text = `${reason} ${message}`
  switch (status) {
    case 404:
      return 'absent'
    case 409:
    case 412:
      return /not ready|resourceNotReady/i.test(text) ? 'not-ready' : 'conflict'
    case 400:
      if (/already being used by|resourceInUse|RESOURCE_IN_USE/i.test(text)) return 'in-use'
      if (/not ready|resourceNotReady|RESOURCE_NOT_READY/i.test(text)) return 'not-ready'
      return 'refused'
    case 403:
      // A rate limit is a matter of seconds, a resource quota of a person: both come as 403.
      return /rateLimitExceeded|RATE_LIMIT|Quota exceeded for quota (group|metric)|per 100 seconds|per minute/i.test(
        text,
      )
        ? 'throttled'
        : 'refused'
    case 429:
      return 'throttled'
    default:
      return status === 0 || status === 408 || status >= 500 ? 'transient' : 'refused'
  }
}
