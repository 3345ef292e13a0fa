import { queries } from '../state/store.ts'
import { lookAtCluster } from './clusters.ts'
import type { Deps } from './deps.ts'
import { nudgeOf, send, type Cause } from './nudge.ts'
import { shareNext } from './share.ts'

/**
 * Somebody says that something in a cluster may have changed: its machines are looked at, and what every Ingress has there
 * (Services, secrets, the matching object), if the cluster answers at all.
 */
export function lookAgain(deps: Deps, cluster: string, cause: Cause): Promise<void> {
  // A node pool that grows is a dozen entries of the audit log, all about the same cluster.
  return shareNext(deps, `cluster/${cluster}`, async () => {
    await lookAtCluster(deps, cluster, cause)
    const doc = await deps.store.get('clusters', cluster)
    if (doc !== undefined && doc.unreachable === null) await nudgeParts(deps, cluster, cause)
  })
}

/** Has everything looked at that Ingresses have in a cluster: what waits for a cluster that left need not wait any longer. */
export async function nudgeParts(deps: Deps, cluster: string, cause: Cause): Promise<void> {
  for (let after: string | undefined; ;) {
    const page = await deps.store.find(queries.resourcesOfKind('cluster-ingress', after))
    const here = page.filter(({ id }) => id.startsWith(`cluster-ingress/${cluster}/`))
    await send(
      deps,
      here.map(({ id }) => nudgeOf(id, cause)),
    )
    after = page.at(-1)?.id
    if (page.length < 500 || after === undefined) return
  }
}
