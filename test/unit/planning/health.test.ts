import { describe, expect, it } from 'vitest'
import type { ProbeFact } from '../../../shared/planning/facts.ts'
import { healthOf, type HealthSettings } from '../../../shared/planning/health.ts'
import type { BackendProtocol } from '../../../shared/planning/protocols.ts'

const probe = (parts: Partial<ProbeFact> = {}): ProbeFact => ({
  path: '/ready',
  host: null,
  scheme: 'HTTP',
  periodSeconds: 7,
  timeoutSeconds: 3,
  successThreshold: 2,
  failureThreshold: 4,
  ...parts,
})
const ours = { path: '/', host: null, interval: 10, timeout: 5, healthy: 1, unhealthy: 3 }

describe('healthOf', () => {
  const rows: {
    reason: string
    protocol?: BackendProtocol
    probes: (ProbeFact | null)[]
    want: Partial<HealthSettings>
  }[] = [
    { reason: 'no probe: our defaults', probes: [null, null], want: { type: 'HTTP', ...ours } },
    { reason: 'no cluster', probes: [], want: ours },
    {
      reason: 'the probe over our defaults',
      probes: [probe()],
      want: { path: '/ready', interval: 7, timeout: 3, healthy: 2, unhealthy: 4 },
    },
    { reason: 'clusters without a probe do not count', probes: [null, probe()], want: { path: '/ready' } },
    {
      reason: 'of several the first decides',
      probes: [probe({ path: '/a' }), probe({ path: '/b' })],
      want: { path: '/a' },
    },
    {
      reason: 'the host of the probe',
      probes: [probe({ host: 'shop.example.com' })],
      want: { host: 'shop.example.com' },
    },
    { reason: 'a path without its slash', probes: [probe({ path: 'healthz' })], want: { path: '/healthz' } },
    { reason: 'a probe of another scheme does not count', probes: [probe({ scheme: 'HTTPS' })], want: ours },
    {
      reason: 'HTTPS to HTTPS',
      protocol: 'HTTPS',
      probes: [probe({ scheme: 'HTTPS' })],
      want: { type: 'HTTPS', path: '/ready' },
    },
    {
      reason: 'HTTP2 is probed through TLS',
      protocol: 'HTTP2',
      probes: [probe({ scheme: 'HTTPS' })],
      want: { type: 'HTTP2', path: '/ready' },
    },
    { reason: 'HTTP2 and a plain probe', protocol: 'HTTP2', probes: [probe()], want: { type: 'HTTP2', ...ours } },
    {
      reason: 'an interval over the limit',
      probes: [probe({ periodSeconds: 3600, timeoutSeconds: 400 })],
      want: { interval: 300, timeout: 300 },
    },
    {
      reason: 'an interval under the limit',
      probes: [probe({ periodSeconds: 0, timeoutSeconds: 0 })],
      want: { interval: 1, timeout: 1 },
    },
    {
      reason: 'a timeout longer than the interval',
      probes: [probe({ periodSeconds: 2, timeoutSeconds: 5 })],
      want: { interval: 2, timeout: 2 },
    },
    {
      reason: 'thresholds over the limit',
      probes: [probe({ successThreshold: 11, failureThreshold: 40 })],
      want: { healthy: 10, unhealthy: 10 },
    },
    {
      reason: 'thresholds under the limit',
      probes: [probe({ successThreshold: 0, failureThreshold: 0 })],
      want: { healthy: 1, unhealthy: 1 },
    },
  ]
  for (const { reason, protocol, probes, want } of rows)
    it(reason, () => expect(healthOf(protocol ?? 'HTTP', probes)).toMatchObject(want))
})
