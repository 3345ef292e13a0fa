import { setTimeout as sleep } from 'node:timers/promises'
import type { AuditLog } from './audit-log.ts'
import type { SimulatedCluster } from './kubernetes/index.ts'

/** What GKE does to the nodes of clusters, with its audit-log entries. */
export interface NodePools {
  /** A pool grows into a zone. */
  addZone(cluster: string, zone: string): Promise<void>
  /** A pool leaves a zone: its nodes are cordoned, their pods get `drainMs` to leave, and then the nodes go. */
  removeZone(cluster: string, zone: string, drainMs?: number): Promise<void>
}

/** How long GKE lets pods leave their nodes; in truth up to an hour, by their grace periods. */
const defaultDrainMs = 4_000

/** The node pools of running clusters. */
export function nodePools(
  clusters: readonly { name: string; cluster: SimulatedCluster }[],
  auditLog: AuditLog,
): NodePools {
  let operations = 0

  function find(name: string): SimulatedCluster {
    const found = clusters.find((one) => one.name === name)
    if (found === undefined) throw new Error(`there is no cluster ${name}`)
    return found.cluster
  }

  async function during(name: string, method: string, change: () => Promise<void>): Promise<void> {
    const operation = `operation-simulated-${(operations += 1)}`
    auditLog.gke(name, method, 'first', operation)
    await change()
    auditLog.gke(name, method, 'last', operation)
  }

  async function request(cluster: SimulatedCluster, method: string, path: string, body?: unknown): Promise<void> {
    const headers = { 'content-type': 'application/merge-patch+json' }
    const answer = await cluster.handle({ method, path, query: {}, headers, body })
    if (answer.status >= 400) throw new Error(`${method} ${path}: ${JSON.stringify(answer.body)}`)
  }

  return {
    addZone: (name, zone) => during(name, 'CreateNodePool', () => find(name).addZone(zone)),
    removeZone: (name, zone, drainMs = defaultDrainMs) =>
      during(name, 'DeleteNodePool', async () => {
        const cluster = find(name)
        const leaving = cluster.nodes().filter((node) => node.zone === zone)
        for (const node of leaving)
          await request(cluster, 'PATCH', `/api/v1/nodes/${node.name}`, { spec: { unschedulable: true } })
        await sleep(drainMs)
        await cluster.removeZone(zone)
      }),
  }
}
