import { queries } from '../state/store.ts'
import type { Deps } from './deps.ts'
import { clusterNudgeOf, nudgeOf, planNudgeOf, send, type Cause } from './nudge.ts'

/** So many of each sort a tick; what is left is still due at the next. */
const most = 500

/**
 * The relay for everything that is due: lost messages, retries, polls of long operations. It only nudges; what is due says
 * so in its own document until it has been dealt with.
 */
export async function tick(
  deps: Deps,
  cause: Cause,
): Promise<{ resources: number; ingresses: number; clusters: number }> {
  const now = deps.clock.now()
  const [resources, ingresses, clusters] = await Promise.all([
    deps.store.find(queries.dueResources(now, most)),
    deps.store.find(queries.dueIngresses(now, most)),
    deps.store.find(queries.dueClusters(now, most)),
  ])
  await send(deps, [
    ...resources.map((doc) => nudgeOf(doc.id, cause)),
    ...ingresses.map((doc) => planNudgeOf(doc.id, cause)),
    ...clusters.map((doc) => clusterNudgeOf(doc.name, cause)),
  ])
  return { resources: resources.length, ingresses: ingresses.length, clusters: clusters.length }
}
