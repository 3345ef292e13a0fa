import { NoAnswer, type SimulatedCompute } from '../../playground/compute/index.ts'
import type { JsonObject } from '../../playground/compute/json.ts'
import type { WireRequest, WireResponse } from '../../playground/world.ts'
import { CloudError } from '../../shared/cloud/compute-port.ts'
import { lastPart } from '../../shared/planning/names.ts'
import { who, type Invocation } from './calls.ts'
import type { Chance } from './chance.ts'
import type { SimulationClock } from './clock.ts'
import type { Faults } from './faults.ts'
import { rememberCompute } from './stale-compute.ts'
import type { Trace } from './trace.ts'

/** The name under which our functions act in Compute. */
export const ourActor = 'multi-cluster-ingress@playground'

/** A mutation by one of our functions that Compute answered. */
export interface Answered {
  invocation: Invocation
  request: WireRequest
  /** Relative path of the resource. */
  target: string
  status: number
  reason: string
  message: string
}

/** Compute as our functions reach it: behind everything that can happen to a request. */
export function computeWire(parts: {
  compute: SimulatedCompute
  clock: SimulationClock
  chance: Chance
  faults: Faults
  trace: Trace
  onMutation: (answered: Answered) => void
}): (invocation: Invocation, request: WireRequest) => Promise<WireResponse> {
  const { compute, clock, faults, trace, onMutation } = parts
  const chance = parts.chance.fork('compute')
  const past = rememberCompute(compute, clock)

  async function pass(request: WireRequest): Promise<WireResponse> {
    try {
      return await compute.handle(request)
    } catch (error) {
      if (error instanceof NoAnswer) throw new CloudError(0, '', 'no answer from Compute')
      throw error
    }
  }

  function refusal(request: WireRequest): WireResponse | undefined {
    if (strikes('compute 403 rate limit'))
      return refused(403, 'rateLimitExceeded', "Quota exceeded for quota metric 'Queries' per minute")
    if (strikes('compute 429')) return refused(429, 'rateLimitExceeded', 'Too many requests')
    if (strikes('compute 5xx')) return refused(chance.pick([500, 502, 503]), 'backendError', 'Backend Error')
    if (isInsert(request) && strikes('compute 409'))
      return refused(409, 'alreadyExists', 'The resource already exists (it does not)')
    if (hasFingerprint(request) && strikes('compute 412'))
      return refused(412, 'conditionNotMet', 'Invalid fingerprint.')
    return undefined
  }

  function strikes(kind: Parameters<Faults['strikes']>[0]): boolean {
    const struck = faults.strikes(kind)
    if (struck) faults.reached(kind)
    return struck
  }

  async function mutate(invocation: Invocation, request: WireRequest): Promise<WireResponse> {
    const target = targetOf(request)
    const injected = refusal(request)
    if (injected !== undefined) return injected
    if (strikes('no answer, nothing done')) throw new CloudError(0, '', 'the request timed out')
    const fails = faults.strikes('operation failed late')
    if (fails) compute.faults.failNext(chance.pick(lateErrors), { name: lastPart(target) })
    const prepared = compute.faults.pending()
    const answer = await pass({ ...request, headers: { ...request.headers, 'x-playground-actor': ourActor } })
    if (compute.faults.pending() < prepared) faults.reached('operation failed late')
    const { error } = (answer.body ?? {}) as { error?: { message?: string; errors?: { reason?: string }[] } }
    const { status } = answer
    const answered = { status, reason: error?.errors?.[0]?.reason ?? '', message: error?.message ?? '' }
    trace.note(who(invocation), () => `${request.method} ${target}${verbOf(request)} -> ${status} ${answered.message}`)
    onMutation({ invocation, request, target, ...answered })
    if (strikes('done, answer lost')) throw new CloudError(0, '', 'the answer was lost')
    return answer
  }

  async function read(request: WireRequest): Promise<WireResponse> {
    if (strikes('no answer, nothing done')) throw new CloudError(0, '', 'the request timed out')
    if (strikes('compute 5xx')) return refused(503, 'backendError', 'Backend Error')
    if (strikes('compute 403 rate limit'))
      return refused(403, 'rateLimitExceeded', "Quota exceeded for quota metric 'Queries' per minute")
    const old = past.of(targetOf(request))
    if (old !== undefined && strikes('stale read'))
      return old.body === undefined
        ? refused(404, 'notFound', `The resource '${targetOf(request)}' was not found`)
        : { status: 200, body: old.body }
    const answer = await pass(request)
    if (answer.status !== 200 || !isList(answer.body) || !faults.has('stale list')) return answer
    const then = past.ofList(request, answer.body)
    return then !== undefined && strikes('stale list') ? { status: 200, body: then } : answer
  }

  return async (invocation, request) => {
    if (request.path.endsWith('/wait')) {
      if (strikes('no answer, nothing done')) throw new CloudError(0, '', 'the request timed out')
      const answer = await pass(request)
      const ended = (answer.body as { status?: string }).status === 'DONE'
      return ended && strikes('operation forgotten') ? refused(404, 'notFound', 'The operation was not found') : answer
    }
    const reads = request.method === 'GET' || request.path.endsWith('/getHealth')
    return reads ? read(request) : mutate(invocation, request)
  }
}

function isList(body: unknown): body is JsonObject {
  return /List$/.test(String((body as { kind?: unknown } | null)?.kind))
}

const lateErrors = [
  { code: 'INTERNAL_ERROR', message: 'An internal error occurred.', httpStatus: 500 },
  { code: 'SERVICE_UNAVAILABLE', message: 'The service is unavailable.', httpStatus: 503 },
  { code: 'RESOURCE_NOT_READY', message: 'The resource is not ready', httpStatus: 400 },
]

/** How long operations take in this world. */
export function operationDelays(chance: Chance, faults: Faults): () => number {
  const draw = chance.fork('operations')
  return () => {
    if (faults.strikes('operation slow')) {
      faults.reached('operation slow')
      return draw.whole(60_000, 400_000)
    }
    return draw.whole(500, 12_000)
  }
}

function refused(status: number, reason: string, message: string): WireResponse {
  return { status, body: { error: { code: status, message, errors: [{ reason, message }] } } }
}

/** The resource that a request is about, as a relative path. */
export function targetOf(request: WireRequest): string {
  const path = request.path.replace('/compute/v1/', '')
  const parts = path.split('/')
  const base = parts[2] === 'global' || parts[2] === undefined ? 3 : parts[2] === 'zones' ? 4 : 2
  // The two verbs whose path has no `global/`.
  const full = base === 2 ? [parts[0], parts[1], 'global', ...parts.slice(2)] : parts
  const at = base === 2 ? 3 : base
  if (isInsert(request)) return [...full.slice(0, at + 1), (request.body as { name?: string }).name ?? ''].join('/')
  return full.slice(0, at + 2).join('/')
}

function verbOf(request: WireRequest): string {
  const verb = /\/(set[A-Za-z]+)$/.exec(request.path)?.[1]
  return verb === undefined ? '' : `:${verb}`
}

function isInsert(request: WireRequest): boolean {
  return request.method === 'POST' && verbOf(request) === ''
}

function hasFingerprint(request: WireRequest): boolean {
  return (request.body as { fingerprint?: string } | undefined)?.fingerprint !== undefined
}
