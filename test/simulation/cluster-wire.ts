import type { SimulatedCluster } from '../../playground/kubernetes/index.ts'
import type { WireRequest, WireResponse } from '../../playground/world.ts'
import { CloudError } from '../../shared/cloud/compute-port.ts'
import { who, type Invocation } from './calls.ts'
import type { Chance } from './chance.ts'
import type { SimulationClock } from './clock.ts'
import type { Faults } from './faults.ts'
import { laggingServer, longestLag, type LaggingServer } from './lagging-cluster.ts'
import type { Trace } from './trace.ts'

/** The APIs of the clusters as our functions reach them. */
export function clusterWire(parts: {
  clusters: ReadonlyMap<string, SimulatedCluster>
  clock: SimulationClock
  chance: Chance
  faults: Faults
  trace: Trace
  onMutation: (invocation: Invocation, cluster: string, request: WireRequest) => void
}): (invocation: Invocation, cluster: string, request: WireRequest) => Promise<WireResponse> {
  const { clusters, clock, faults, trace, onMutation } = parts
  const chance = parts.chance.fork('clusters')

  function strikes(kind: Parameters<Faults['strikes']>[0]): boolean {
    const struck = faults.strikes(kind)
    if (struck) faults.reached(kind)
    return struck
  }

  const servers = new Map<string, LaggingServer>(
    [...clusters.values()].map((cluster) => [cluster.name, laggingServer(cluster, clock)]),
  )

  /** What a server answers that lags; undefined = the same as any other, or none lags. */
  function past(cluster: SimulatedCluster, request: WireRequest): WireResponse | undefined {
    if (!faults.has('cluster read stale')) return undefined
    const answer = servers.get(cluster.name)?.read(request, chance.whole(1, longestLag))
    return answer !== undefined && strikes('cluster read stale') ? answer : undefined
  }

  return async (invocation, name, request) => {
    const cluster = clusters.get(name)
    if (cluster === undefined) throw new CloudError(0, '', `there is no cluster ${name}`)
    if (!cluster.reachable()) {
      // Refused at once, or nothing until the time is over.
      if (chance.hits(0.5)) await clock.sleep(15_000)
      throw new CloudError(0, '', `cluster ${name} does not answer`)
    }
    if (strikes('cluster 5xx')) return refused(chance.pick([500, 503]), 'InternalError', 'the server is troubled')
    if (strikes('cluster 429')) return refused(429, 'TooManyRequests', 'too many requests')
    const then = request.method === 'GET' ? past(cluster, request) : undefined
    const answer = then ?? (await cluster.handle(request))
    if (request.method !== 'GET') {
      trace.note(who(invocation), () => `${request.method} ${name} ${request.path} -> ${answer.status}`)
      onMutation(invocation, name, request)
    }
    if (strikes('cluster answer lost')) throw new CloudError(0, '', `the answer of cluster ${name} was lost`)
    return answer
  }
}

function refused(status: number, reason: string, message: string): WireResponse {
  return { status, body: { kind: 'Status', status: 'Failure', code: status, reason, message } }
}
