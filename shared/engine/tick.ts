import { queries } from '../state/store.ts'
import type { BusMessage } from '../cloud/bus-port.ts'
import type { ClusterDoc } from '../state/documents.ts'
import type { Deps } from './deps.ts'
import { clusterNudgeOf, nudgeOf, planNudgeOf, send, type Cause } from './nudge.ts'
import { projectsOf, whereaboutsOf } from './projects.ts'

/** So many of each sort a tick; what is left is still due at the next. */
const most = 500

/** One part of a tick, small enough for one function, and failing alone. */
export type Shard =
  /** Everything of one kind in one project. */
  | { sweep: 'kind'; kind: string; project: string }
  /** The machines of all clusters of a project: they share one list of instances. */
  | { sweep: 'machines'; project: string }
  /** Ingresses and Services in one cluster. */
  | { sweep: 'cluster'; cluster: string }

/**
 * The relay for everything that is due: lost messages, retries, polls of long operations. It only nudges; what is due says
 * so in its own document until it has been dealt with. What is at rest is looked at by sweeps, one message each.
 */
export async function tick(
  deps: Deps,
  cause: Cause,
): Promise<{ resources: number; ingresses: number; clusters: number }> {
  const now = deps.clock.now()
  const [resources, ingresses, clusters, registered] = await Promise.all([
    deps.store.find(queries.dueResources(now, most)),
    deps.store.find(queries.dueIngresses(now, most)),
    deps.store.find(queries.dueClusters(now, most)),
    deps.store.find(queries.clusters()),
  ])
  await send(deps, [
    ...resources.map((doc) => nudgeOf(doc.id, cause)),
    ...ingresses.map((doc) => planNudgeOf(doc.id, cause)),
    ...clusters.map((doc) => clusterNudgeOf(doc.name, cause)),
    ...shardsOf(deps, registered).map((shard) => shardMessage(shard, cause)),
  ])
  return { resources: resources.length, ingresses: ingresses.length, clusters: clusters.length }
}

/** The parts of a tick: pure. */
export function shardsOf(deps: Pick<Deps, 'project' | 'kinds'>, clusters: readonly ClusterDoc[]): Shard[] {
  const present = clusters.filter((cluster) => !cluster.leaving)
  const machines = [...new Set(present.map(({ registration }) => registration.project))].sort()
  const places = clusters.map(whereaboutsOf)
  return [
    ...deps.kinds.flatMap((kind) =>
      projectsOf(kind, deps.project, places).map((project): Shard => ({ sweep: 'kind', kind: kind.name, project })),
    ),
    ...machines.map((project): Shard => ({ sweep: 'machines', project })),
    // One that is leaving may serve for long: an Ingress that names no other has nothing to go over to.
    ...clusters.map((cluster): Shard => ({ sweep: 'cluster', cluster: cluster.name })),
  ]
}

function shardMessage(shard: Shard, cause: Cause): BusMessage {
  return { topic: 'scheduler-ticks', body: { ...shard, why: cause.why, trace: cause.trace } }
}
