import type { Clock } from '../world.ts'
import { createBalancer, type Balancer } from './balancer.ts'
import { expand, type DialEndpoint, type Endpoint } from './endpoints.ts'
import { startProber, type Prober } from './prober.ts'
import type { Replica } from './replica.ts'

/** One entry of backendServices.getHealth. */
export interface EndpointHealth {
  /** The machine's full URL. */
  instance?: string
  ipAddress?: string
  /** Absent when the instance group lacks the named port. */
  port?: number
  healthState: 'HEALTHY' | 'UNHEALTHY'
}

/** The backend services at work: who is in them, how they fare, and what is under way to them. */
export interface Services {
  /** An endpoint for the next request; undefined when no backend can take it. */
  pick(service: string, clientRegion: string): Endpoint | undefined
  /**
   * Notes a request under way; `cut` is called when its backend has left and the draining time is over. Returns the
   * function that ends the note.
   */
  enter(service: string, endpoint: Endpoint, cut: () => void): () => void
  health(service: string, group: string): EndpointHealth[]
  close(): void
}

const COMPUTE_URL = 'https://www.googleapis.com/compute/v1/'

interface Service {
  endpoints: Endpoint[]
  restsOn: readonly string[]
  probers: Map<string, Prober>
  balancer: Balancer
  drainingMs: number
  underWay: Map<string, Set<UnderWay>>
}

interface UnderWay {
  cut: () => void
  draining: boolean
}

/** Follows every backend service of the replica; `scale` divides the health checks' times. */
export function createServices(replica: Replica, clock: Clock, dial: DialEndpoint, scale: number): Services {
  const services = new Map<string, Service>()
  const dependants = new Map<string, Set<string>>()
  const stale = new Set<string>()
  let closed = false

  const unsubscribe = replica.onApplied((collection, link) => {
    if (collection === 'backendServices') touch(link)
    for (const service of dependants.get(link) ?? []) touch(service)
  })
  for (const link of replica.all('backendServices').keys()) touch(link)

  // Many changes at once cost one look; a request that comes before it looks by itself.
  function touch(link: string): void {
    stale.add(link)
    if (stale.size === 1) queueMicrotask(() => [...stale].forEach(refresh))
  }

  function fresh(link: string): Service | undefined {
    if (stale.has(link)) refresh(link)
    return services.get(link)
  }

  function refresh(link: string): void {
    if (!stale.delete(link) || closed) return
    const config = replica.get('backendServices', link)
    const known = services.get(link)
    if (config === undefined && known === undefined) return
    const service = known ?? create(link)
    const { endpoints, restsOn } = expand(replica, link)
    for (const old of service.restsOn) dependants.get(old)?.delete(link)
    for (const now of restsOn) dependants.set(now, (dependants.get(now) ?? new Set()).add(link))
    service.restsOn = restsOn
    service.endpoints = endpoints
    if (config !== undefined) service.drainingMs = config.connectionDraining.drainingTimeoutSec * 1000
    followProbers(link, service)
    drain(service)
    if (config === undefined) {
      services.delete(link)
      for (const old of restsOn) dependants.get(old)?.delete(link)
    }
  }

  function create(link: string): Service {
    const made: Service = {
      endpoints: [],
      restsOn: [],
      probers: new Map(),
      balancer: createBalancer(),
      drainingMs: 0,
      underWay: new Map(),
    }
    services.set(link, made)
    return made
  }

  /** An endpoint that stays keeps its health; a new one, also an old machine on a new port, starts unhealthy. */
  function followProbers(link: string, service: Service): void {
    const keys = new Set(service.endpoints.map(({ key }) => key))
    for (const [key, prober] of service.probers) {
      if (keys.has(key)) continue
      prober.stop()
      service.probers.delete(key)
    }
    for (const endpoint of service.endpoints) {
      if (service.probers.has(endpoint.key)) continue
      const check = (): ReturnType<typeof replica.get<'healthChecks'>> =>
        replica.get('healthChecks', replica.get('backendServices', link)?.healthChecks[0])
      service.probers.set(endpoint.key, startProber(endpoint, { clock, scale, dial, check }))
    }
  }

  function drain(service: Service): void {
    const open = new Set(service.endpoints.filter(takesTraffic).map(({ key }) => key))
    for (const [key, requests] of service.underWay) {
      if (open.has(key)) continue
      const leaving = [...requests].filter(({ draining }) => !draining)
      if (leaving.length === 0) continue
      for (const request of leaving) request.draining = true
      clock.after(service.drainingMs, () => {
        for (const request of leaving) if (requests.has(request)) request.cut()
      })
    }
  }

  return {
    pick(link, clientRegion) {
      const service = fresh(link)
      if (service === undefined) return undefined
      const usable = service.endpoints.filter(
        (endpoint) =>
          takesTraffic(endpoint) &&
          endpoint.port !== undefined &&
          (service.probers.get(endpoint.key)?.healthy() ?? false),
      )
      return service.balancer.pick(usable, clientRegion)
    },
    enter(link, endpoint, cut) {
      const service = fresh(link)
      if (service === undefined) return () => undefined
      const requests = service.underWay.get(endpoint.key) ?? new Set()
      service.underWay.set(endpoint.key, requests)
      const request = { cut, draining: false }
      requests.add(request)
      return () => {
        requests.delete(request)
        if (requests.size === 0 && service.underWay.get(endpoint.key) === requests)
          service.underWay.delete(endpoint.key)
      }
    },
    health(link, group) {
      const service = fresh(link)
      return (service?.endpoints ?? [])
        .filter(({ backend }) => backend.group === group)
        .map(({ key, instance, ipAddress, port }) => ({
          ...(instance === '' ? {} : { instance: `${COMPUTE_URL}${instance}` }),
          ...(ipAddress === '' ? {} : { ipAddress }),
          ...(port === undefined ? {} : { port }),
          healthState: service?.probers.get(key)?.healthy() === true ? 'HEALTHY' : 'UNHEALTHY',
        }))
    },
    close() {
      closed = true
      unsubscribe()
      for (const { probers } of services.values()) for (const prober of probers.values()) prober.stop()
      services.clear()
    },
  }
}

/** A scaler of 0 drains: no new requests. */
function takesTraffic({ backend }: Endpoint): boolean {
  return backend.capacityScaler > 0
}
