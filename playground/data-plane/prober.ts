import type { Clock, Timer } from '../world.ts'
import type { DialEndpoint, Endpoint } from './endpoints.ts'
import type { HealthCheck, Probe } from './resources.ts'

/** The health of one endpoint, which only its own probes change. */
export interface Prober {
  /** Starts false. */
  healthy(): boolean
  stop(): void
}

export interface ProberOptions {
  clock: Clock
  /** Divides the check's interval and timeout. */
  scale: number
  dial: DialEndpoint
  /** The health check as configured now; undefined = none, nothing is probed and nothing becomes healthy. */
  check: () => HealthCheck | undefined
}

/** Probes an endpoint at once and then at the check's interval, until stopped. */
export function startProber(endpoint: Endpoint, { clock, scale, dial, check }: ProberOptions): Prober {
  let healthy = false
  let inARow = 0
  let stopped = false
  let timer: Timer

  function note(check: HealthCheck, passed: boolean): void {
    if (passed === healthy) {
      inARow = 0
      return
    }
    inARow++
    if (inARow < (passed ? check.healthyThreshold : check.unhealthyThreshold)) return
    healthy = passed
    inARow = 0
  }

  function round(): void {
    const now = check()
    timer = clock.after(((now?.checkIntervalSec ?? 5) * 1000) / scale, round)
    if (now === undefined) return
    void probeOnce(clock, endpoint, now, dial, scale).then((passed) => {
      if (!stopped) note(now, passed)
    })
  }

  timer = clock.after(0, round)
  return {
    healthy: () => healthy,
    stop() {
      stopped = true
      timer.cancel()
    },
  }
}

/** One probe: true when the endpoint answered as the check wants within its timeout. */
async function probeOnce(
  clock: Clock,
  endpoint: Endpoint,
  check: HealthCheck,
  dial: DialEndpoint,
  scale: number,
): Promise<boolean> {
  const { probe, defaultPort } = probeOf(check)
  if (probe === undefined) return false
  // USE_SERVING_PORT: for an instance group the backend service's named port, for a NEG the endpoint's own.
  const port = probe.portSpecification === 'USE_SERVING_PORT' ? endpoint.port : (probe.port ?? defaultPort)
  if (port === undefined) return false
  const connection = dial(endpoint, port)
  if (connection === undefined) return false
  if (check.type === 'TCP' || check.type === 'SSL') return true
  let timer: Timer | undefined
  const late = new Promise<'late'>((resolve) => {
    timer = clock.after((check.timeoutSec * 1000) / scale, () => resolve('late'))
  })
  try {
    const request = {
      method: 'GET',
      path: probe.requestPath,
      host: probe.host || endpoint.ipAddress,
      headers: PROBE_HEADERS,
    }
    const answer = await Promise.race([connection(request), late])
    // Only 200 passes; the wanted text must be in the first 1024 bytes (HTTPHealthCheck.response).
    return answer !== 'late' && answer.status === 200 && answer.body.slice(0, 1024).includes(probe.response)
  } catch {
    return false
  } finally {
    timer?.cancel()
  }
}

const PROBE_HEADERS = { 'user-agent': 'GoogleHC/1.0', connection: 'close' }

/** The member that belongs to the check's type, and its default port; gRPC checks are not simulated and never pass. */
function probeOf(check: HealthCheck): { probe: Probe | undefined; defaultPort: number } {
  switch (check.type) {
    case 'HTTP':
      return { probe: check.httpHealthCheck, defaultPort: 80 }
    case 'HTTPS':
      return { probe: check.httpsHealthCheck, defaultPort: 443 }
    case 'HTTP2':
      return { probe: check.http2HealthCheck, defaultPort: 443 }
    case 'TCP':
      return { probe: check.tcpHealthCheck, defaultPort: 80 }
    case 'SSL':
      return { probe: check.sslHealthCheck, defaultPort: 443 }
    default:
      return { probe: undefined, defaultPort: 80 }
  }
}
