import type { BackendSettings } from '../ingress/backend-config.ts'
import type { ProbeFact } from './facts.ts'
import type { BackendMode } from './modes.ts'
import type { BackendProtocol } from './protocols.ts'

/** What a health check does; times in seconds. */
export interface HealthSettings {
  type: BackendProtocol
  path: string
  host: string | null
  interval: number
  timeout: number
  healthy: number
  unhealthy: number
  /** A fixed port; absent = the one that serves. */
  port?: number
}

/**
 * For instance groups ours, not kubemci's 60 s x 10 (ten minutes to notice): DESIGN section 6. For network endpoint groups
 * those of ingress-gce.
 */
const defaults = {
  'instance-groups': { interval: 10, timeout: 5, healthy: 1, unhealthy: 3 },
  neg: { interval: 15, timeout: 15, healthy: 1, unhealthy: 2 },
} as const

/**
 * The readiness probe of the pods over our defaults, within the API's limits (interval and timeout 1 to 300 s, timeout at
 * most the interval, thresholds 1 to 10). Only a probe that speaks the port's protocol counts. Clusters without one do not
 * count; of several, the first decides. What a BackendConfig says goes over all this, field by field.
 */
export function healthOf(
  protocol: BackendProtocol,
  probes: readonly (ProbeFact | null)[],
  configured: BackendSettings['health'] = {},
  mode: BackendMode = 'instance-groups',
): HealthSettings {
  const found = { ...probed(protocol, probes, mode), ...configured }
  return { ...found, timeout: Math.min(found.timeout, found.interval) }
}

function probed(protocol: BackendProtocol, probes: readonly (ProbeFact | null)[], mode: BackendMode): HealthSettings {
  const scheme = protocol === 'HTTP' ? 'HTTP' : 'HTTPS'
  const probe = probes.find((candidate) => candidate?.scheme === scheme)
  if (!probe) return { type: protocol, path: '/', host: null, ...defaults[mode] }
  const interval = within(probe.periodSeconds, 1, 300)
  return {
    type: protocol,
    // Kubernetes takes a path without its first slash, too.
    path: probe.path.startsWith('/') ? probe.path : `/${probe.path}`,
    host: probe.host,
    interval,
    timeout: Math.min(within(probe.timeoutSeconds, 1, 300), interval),
    healthy: within(probe.successThreshold, 1, 10),
    unhealthy: within(probe.failureThreshold, 1, 10),
  }
}

function within(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, Math.round(value)))
}
