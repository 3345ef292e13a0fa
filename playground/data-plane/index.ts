import type { Clock } from '../world.ts'
import { createDialEndpoint } from './endpoints.ts'
import { findFrontEnd, frontEnds, serve, type Answer, type ClientRequest, type FrontEnd } from './front-end.ts'
import { createListeners, type Listeners } from './listeners.ts'
import type { Dialler } from './pods.ts'
import { createReplica, type ComputeSource } from './replica.ts'
import { linkPath } from './resources.ts'
import { createServices, type EndpointHealth } from './services.ts'

export type { Answer, ClientRequest, FrontEnd } from './front-end.ts'
export type { Listeners, LocalLoadBalancer } from './listeners.ts'
export { dialAny, type Connection, type Dialler, type PodAnswer, type PodRequest } from './pods.ts'
export type { ComputeResource, ComputeSource } from './replica.ts'
export type { EndpointHealth } from './services.ts'

export interface DataPlaneOptions extends Dialler {
  compute: ComputeSource
  clock: Clock
  /** Divides the intervals and timeouts of health checks; default 1. */
  healthScale?: number
  /** How long a change of the configuration takes to arrive; default 0, at once. */
  propagationMs?: number
}

/** The load balancers as configured in Compute, at every moment. */
export interface DataPlane {
  /** One request, in process. Undefined: nothing listens at this address and port. */
  request(ip: string, port: number, request: ClientRequest): Promise<Answer | undefined>
  /** What listens, whether or not it has a local port. */
  frontEnds(): FrontEnd[]
  /** What backendServices.getHealth should answer for one group; references may be URLs. */
  healthOf: (backendService: string, group: string) => EndpointHealth[]
  /** Gives every front end a local port, those to come included. `nextPort` offers ports to try first (0 = any). */
  listen(nextPort?: () => number): Listeners
  close(): void
}

/** Follows a Compute from its present state on. */
export function createDataPlane(options: DataPlaneOptions): DataPlane {
  const { clock, compute, healthScale = 1, propagationMs = 0 } = options
  const replica = createReplica(compute, clock, propagationMs)
  const dial = createDialEndpoint(replica, options)
  const services = createServices(replica, clock, dial, healthScale)
  const serving = { replica, services, dial, clock }
  return {
    async request(ip, port, request) {
      const at = findFrontEnd(replica, ip, port)
      return at === undefined ? undefined : serve(at, request, serving)
    },
    frontEnds: () => frontEnds(replica),
    healthOf: (backendService, group) => services.health(linkPath(backendService), linkPath(group)),
    listen: (nextPort = () => 0) => createListeners(serving, nextPort),
    close() {
      services.close()
      replica.close()
    },
  }
}
