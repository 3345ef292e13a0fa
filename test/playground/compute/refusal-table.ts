import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Bench, bench, make, refusal } from './harness.ts'

/** A PEM file of the certificates beside the tests. */
export const pem = (name: string) => readFileSync(join(import.meta.dirname, 'certificates', name), 'utf8')

/** One refusal. */
export interface Row {
  /** What is refused and why. */
  reason: string
  /** What is there before. */
  given?: (world: Bench) => Promise<unknown>
  send: [method: string, path: string, body?: unknown, query?: Record<string, string>]
  status: number
  code: string
  /** The whole message, or a part of it. */
  message: string | RegExp
}

export const zone = 'zones/us-central1-a'
export const group = (name: string) => make.url(`${zone}/instanceGroups/${name}`)
export const neg = (name: string) => make.url(`${zone}/networkEndpointGroups/${name}`)
export const rate = { balancingMode: 'RATE', maxRatePerInstance: 100 }
export const rateNeg = { balancingMode: 'RATE', maxRatePerEndpoint: 100 }

export async function healthCheck(world: Bench): Promise<void> {
  await world.done('POST', 'global/healthChecks', make.healthCheck('hc'))
}

export async function groups(world: Bench): Promise<void> {
  await healthCheck(world)
  await world.done('POST', `${zone}/instanceGroups`, { name: 'ig' })
  await world.done('POST', `${zone}/instanceGroups`, { name: 'ig2' })
  await world.done('POST', `${zone}/networkEndpointGroups`, { name: 'neg' })
}

export const backend = (...backends: unknown[]): Row['send'] => [
  'POST',
  'global/backendServices',
  make.backendService('be', { backends: backends as never }),
]

export const urlMap = (more: object): Row['send'] => ['POST', 'global/urlMaps', make.urlMap('um2', 'be', more as never)]
export const matcher = (more: object) => ({
  hostRules: [{ hosts: ['a.example.com'], pathMatcher: 'm' }],
  pathMatchers: [{ name: 'm', defaultService: 'global/backendServices/be', ...more }],
})
export const rule = (more: object): Row['send'] => [
  'POST',
  'global/forwardingRules',
  {
    name: 'fw2',
    target: 'global/targetHttpProxies/tp',
    portRange: '8080',
    loadBalancingScheme: 'EXTERNAL_MANAGED',
    ...more,
  },
]
export const certificate = (more: object): Row['send'] => ['POST', 'global/sslCertificates', { name: 'crt', ...more }]
export const check = (more: object): Row['send'] => [
  'POST',
  'global/healthChecks',
  { ...make.healthCheck('hc2'), ...more },
]
export const firewall = (more: object): Row['send'] => [
  'POST',
  'global/firewalls',
  { name: 'fr', allowed: [{ IPProtocol: 'tcp' }], ...more },
]

/** A test per row: the refusal is exact, and nothing has changed afterwards. */
export function testRefusals(title: string, rows: readonly Row[]): void {
  describe(title, () => {
    it.each(rows)('$status $code: $reason', async ({ given, send, status, code, message }) => {
      const world = bench()
      await given?.(world)
      const before = JSON.stringify(everything(world))
      const got = refusal(await world.send(...send))
      expect({ status: got.status, reason: got.reason }).toEqual({ status, reason: code })
      if (typeof message === 'string') expect(got.message).toBe(message)
      else expect(got.message).toMatch(message)
      world.clock.advance(1000)
      expect(JSON.stringify(everything(world)), 'a refusal changes nothing').toBe(before)
    })
  })
}

function everything(world: Bench): unknown {
  return [
    'healthChecks',
    'backendServices',
    'urlMaps',
    'targetHttpProxies',
    'targetHttpsProxies',
    'forwardingRules',
    'addresses',
    'sslCertificates',
    'firewalls',
    'instanceGroups',
    'networkEndpointGroups',
  ].map((collection) => world.compute.list(collection, 'p'))
}
