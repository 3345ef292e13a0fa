import type { ClusterDoc } from '../state/documents.ts'
import type { ClusterFacts } from './facts.ts'
import { names } from './names.ts'

/** One network with clusters of a load balancer in it. */
export interface NetworkLayout {
  /** `projects/P/global/networks/N`. */
  network: string
  firewallName: string
  clusters: ClusterFacts[]
}

/** The project of `projects/P/global/networks/N`. */
export function projectOfNetwork(network: string): string | undefined {
  return /^projects\/([^/]+)\//.exec(network)?.[1]
}

/** The host project of the Shared VPC that a cluster is in; null = it is in a network of its own project, or not known. */
export function hostProjectOf({ registration, sight }: Pick<ClusterDoc, 'registration' | 'sight'>): string | null {
  const host = projectOfNetwork(registration.network ?? sight?.network ?? '') ?? registration.project
  return host === registration.project ? null : host
}

/** The key under which a network's firewall rule is noted in an Ingress's kept names. */
export function firewallKey(network: string): string {
  return `firewall-rule ${network}`
}

/**
 * The networks of clusters, in a stable order. The plain name goes to the first network that ever wants one, and is noted:
 * a network that comes later must not rename a rule that is in use.
 */
export function layNetworks(of: {
  lb: string
  /** The name of a load balancer's only firewall rule. */
  plain: string
  kept: Readonly<Record<string, string>>
  clusters: readonly ClusterFacts[]
}): NetworkLayout[] {
  const byNetwork = new Map<string, ClusterFacts[]>()
  for (const cluster of of.clusters) {
    const network = cluster.doc.registration.network ?? cluster.doc.sight?.network
    // Of a cluster that was never seen nothing is known, and nothing is opened.
    if (network !== undefined) byNetwork.set(network, [...(byNetwork.get(network) ?? []), cluster])
  }
  let plainTaken = Object.entries(of.kept).some(([key, name]) => key.startsWith('firewall-rule ') && name === of.plain)
  return [...byNetwork.keys()].sort().map((network) => {
    const clusters = byNetwork.get(network) ?? []
    const kept = of.kept[firewallKey(network)]
    if (kept !== undefined) return { network, firewallName: kept, clusters }
    const firewallName = plainTaken ? names.firewallIn(of.lb, network) : of.plain
    plainTaken = true
    return { network, firewallName, clusters }
  })
}
