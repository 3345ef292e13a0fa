import type { Clock, WireResponse } from '../../../playground/world.ts'
import { seededRandom } from '../../../playground/world.ts'
import {
  type ComputeOptions,
  createCompute,
  type JsonObject,
  type SimulatedCompute,
} from '../../../playground/compute/index.ts'

/** A clock that stands still until it is moved; timers fire in order of their time. */
export interface ManualClock extends Clock {
  advance(ms: number): void
}

export function manualClock(start = 1_700_000_000_000): ManualClock {
  let now = start
  // In order of time; of one moment in order of making.
  const timers: { at: number; run: () => void }[] = []

  function insert(timer: { at: number; run: () => void }): void {
    let low = 0
    let high = timers.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((timers[middle]?.at ?? Infinity) <= timer.at) low = middle + 1
      else high = middle
    }
    timers.splice(low, 0, timer)
  }

  return {
    now: () => now,
    after(ms, run) {
      const timer = { at: now + ms, run }
      insert(timer)
      return {
        cancel() {
          const index = timers.indexOf(timer)
          if (index >= 0) timers.splice(index, 1)
        },
      }
    },
    advance(ms) {
      const end = now + ms
      for (let next = timers[0]; next !== undefined && next.at <= end; next = timers[0]) {
        timers.shift()
        now = next.at
        next.run()
      }
      now = end
    },
  }
}

/** A simulator on a manual clock whose operations take 100 ms. */
export interface Bench {
  clock: ManualClock
  compute: SimulatedCompute
  /** One request; `path` is below /compute/v1/projects/p/. */
  send(method: string, path: string, body?: unknown, query?: Record<string, string>): Promise<WireResponse>
  /** The same, and the operation it starts is brought to its end; throws when the answer is not 200. */
  done(method: string, path: string, body?: unknown, query?: Record<string, string>): Promise<JsonObject>
  /** The answer's body as an object. */
  get(path: string): Promise<JsonObject>
}

export const operationMs = 100

export function bench(options: Partial<ComputeOptions> = {}): Bench {
  const clock = manualClock()
  const compute = createCompute({ clock, random: seededRandom(7), operationDelayMs: operationMs, ...options })
  const send: Bench['send'] = (method, path, body, query = {}) =>
    compute.handle({ method, path: `/compute/v1/projects/p/${path}`, query, headers: {}, body })
  return {
    clock,
    compute,
    send,
    async done(method, path, body, query) {
      const answer = await send(method, path, body, query)
      if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
      clock.advance(operationMs)
      const started = answer.body as JsonObject
      const link = started['selfLink']
      if (typeof link !== 'string') throw new Error('The answer is not an operation.')
      const scope = link.replace(/^.*\/projects\/p\//, '')
      return (await send('GET', scope)).body as JsonObject
    },
    async get(path) {
      const answer = await send('GET', path)
      if (answer.status !== 200) throw new Error(`GET ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
      return answer.body as JsonObject
    },
  }
}

/** The parts of a refusal that clients look at. */
export function refusal(answer: WireResponse): { status: number; reason: string; message: string } {
  const { error } = answer.body as { error?: { code: number; message: string; errors: { reason: string }[] } }
  return { status: answer.status, reason: error?.errors[0]?.reason ?? '', message: error?.message ?? '' }
}

/** The bodies of the usual resources; references as clients write them. */
export const make = {
  url: (path: string) => `https://www.googleapis.com/compute/v1/projects/p/${path}`,
  healthCheck: (name: string): JsonObject => ({ name, type: 'HTTP', httpHealthCheck: { port: 80 } }),
  backendService: (name: string, more: JsonObject = {}): JsonObject => ({
    name,
    loadBalancingScheme: 'EXTERNAL_MANAGED',
    healthChecks: ['global/healthChecks/hc'],
    ...more,
  }),
  urlMap: (name: string, service = 'be', more: JsonObject = {}): JsonObject => ({
    name,
    defaultService: `global/backendServices/${service}`,
    ...more,
  }),
  instance: (name: string, more: JsonObject = {}): JsonObject => ({
    name,
    machineType: 'zones/us-central1-a/machineTypes/e2-medium',
    networkInterfaces: [{ network: 'global/networks/default' }],
    ...more,
  }),
}

/** hc, be, um, tp, address ip and fw: a whole HTTP load balancer. */
export async function loadBalancer(world: Bench, scheme = 'EXTERNAL_MANAGED'): Promise<void> {
  await world.done('POST', 'global/healthChecks', make.healthCheck('hc'))
  await world.done('POST', 'global/backendServices', make.backendService('be', { loadBalancingScheme: scheme }))
  await world.done('POST', 'global/urlMaps', make.urlMap('um'))
  await world.done('POST', 'global/targetHttpProxies', { name: 'tp', urlMap: 'global/urlMaps/um' })
  await world.done('POST', 'global/addresses', { name: 'ip' })
  await world.done('POST', 'global/forwardingRules', {
    name: 'fw',
    target: 'global/targetHttpProxies/tp',
    portRange: '80',
    IPAddress: 'global/addresses/ip',
    loadBalancingScheme: scheme,
  })
}
