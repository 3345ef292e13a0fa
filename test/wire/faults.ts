import type { Random } from '../../playground/world.ts'
import type { Fate } from './relay.ts'

/** A way in which a service fails, and how often: of so many requests one. */
interface Trouble {
  name: string
  oneOf: number
  fate: Fate
}

const text = (code: number, reason: string, message: string): string =>
  JSON.stringify({ error: { code, message, errors: [{ domain: 'global', reason, message }] } })

const unavailable = text(503, 'backendError', 'Backend Error')

/** As Compute fails. */
export const computeTroubles: readonly Trouble[] = [
  { name: '503', oneOf: 30, fate: { is: 'refused', status: 503, body: unavailable } },
  {
    name: '429',
    oneOf: 60,
    fate: { is: 'refused', status: 429, body: text(429, 'rateLimitExceeded', 'Too many requests') },
  },
  { name: 'done, answered 502', oneOf: 50, fate: { is: 'misanswered', status: 502, body: unavailable } },
  { name: 'done, no answer', oneOf: 50, fate: { is: 'unanswered' } },
]

const status = (code: number, reason: string): string =>
  JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, code, message: reason })

/** As the API server of a cluster fails. */
export const clusterTroubles: readonly Trouble[] = [
  { name: '503', oneOf: 40, fate: { is: 'refused', status: 503, body: status(503, 'ServiceUnavailable') } },
  { name: '429', oneOf: 50, fate: { is: 'refused', status: 429, body: status(429, 'TooManyRequests') } },
  { name: 'done, no answer', oneOf: 45, fate: { is: 'unanswered' } },
]

/** A service that fails now and then. */
export interface Unreliable {
  fate(): Fate
  /** From now on it fails; before, it works. */
  begin(): void
  /** From now on it works, once it has failed in every way. */
  end(): void
  /** How often it failed in each way. */
  counts: Readonly<Record<string, number>>
}

/** Fails at every so many requests, from one on that is drawn: which requests those are is a matter of timing. */
export function unreliable(troubles: readonly Trouble[], random: Random): Unreliable {
  const counts = Object.fromEntries(troubles.map(({ name }) => [name, 0]))
  const turns = troubles.map((trouble) => ({ ...trouble, left: 1 + Math.floor(random() * trouble.oneOf) }))
  let state: 'works' | 'fails' | 'ends' = 'works'
  return {
    counts,
    fate() {
      if (state === 'ends' && Object.values(counts).every((count) => count > 0)) state = 'works'
      if (state === 'works') return { is: 'passed' }
      for (const turn of turns) turn.left -= 1
      const met = turns.find(({ left }) => left <= 0)
      if (met === undefined) return { is: 'passed' }
      met.left += met.oneOf
      counts[met.name] = (counts[met.name] ?? 0) + 1
      return met.fate
    },
    begin: () => void (state = 'fails'),
    end: () => void (state = 'ends'),
  }
}
