import { CloudError } from '../../shared/cloud/compute-port.ts'
import type { Cluster } from '../../shared/cloud/kubernetes-port.ts'
import type { Cloud, Desired, Held, Kind } from '../../shared/engine/kind.ts'
import { clusterStatusId, type Layout } from '../../shared/planning/layout.ts'
import { splitResourceId, type ResourceId } from '../../shared/resource-id.ts'
import { forwardingRuleIds } from './forwarding-rule.ts'

/** What is wanted of the status of one cluster's Ingress object. */
export interface ClusterStatusWant {
  /** The one IP, and the IPv6 one beside it. */
  addresses: string[]
  /** Names of the forwarding rules that serve there; for people. */
  rules: string[]
}

interface Got {
  addresses: string[]
  uid: string | undefined
}

/** An Ingress object that somebody removed comes back by its own resource. Milliseconds. */
const missingPace = 15_000

/**
 * `status.loadBalancer.ingress` of the Ingress object in one cluster, by which people and external-dns find the IP. It is written once
 * the front end is there, and again when it, or somebody, changes it.
 */
export const clusterStatus: Kind<ClusterStatusWant, Got> = {
  name: 'cluster-status',
  follows: true,
  owned: ['addresses'],
  desire: (layout) => layout.clusters.map((cluster) => wantOf(layout, cluster)),

  readdress: (want, { ip, ip6 }) => ({
    ...want,
    addresses: want.addresses.map((address) => (address.includes(':') ? ip6 : ip) ?? address),
  }),

  async observe(cloud, id) {
    const { client, namespace, name } = await clusterOf(cloud, id)
    const object = await client.ingress(namespace, name)
    if (object === undefined)
      return {
        got: undefined,
        owner: 'ours',
        pending: { after: missingPace, why: 'waits for the Ingress object in the cluster' },
      }
    const entries = object.status?.loadBalancer?.ingress ?? []
    return {
      got: { addresses: entries.map(({ ip, hostname }) => ip ?? hostname ?? ''), uid: object.metadata.uid },
      owner: 'ours',
    }
  },

  project: ({ addresses }) => ({ addresses }),
  create: () => Promise.reject(new Error('an Ingress object is made by its own resource')),

  async update(cloud, id, { addresses, rules }, { uid }) {
    const { client, namespace, name } = await clusterOf(cloud, id)
    await client.setIngressAddresses(namespace, name, addresses)
    const ingress = { namespace, name, ...(uid === undefined ? {} : { uid }) }
    const at = cloud.now()
    const news = [
      ['IPChanged', `IP is now ${addresses.join(', ')}`],
      ['Sync', `Served by ForwardingRule ${rules.map((rule) => `"${rule}"`).join(', ')}`],
    ] as const
    for (const [reason, message] of news)
      cloud.aside(() => client.recordEvent({ ingress, type: 'Normal', reason, message, at }))
    return null
  },

  remove: () => Promise.resolve(null),
}

/** It comes last: the IP is told once something answers there. */
function wantOf(layout: Layout, { name, ingressId }: Layout['clusters'][number]): Desired<ClusterStatusWant> | Held {
  const id = clusterStatusId(name, layout.model)
  const rules = forwardingRuleIds(layout)
  const { ip, ip6, address6 } = layout
  if (ip === null || (address6 !== null && ip6 === null)) return { id, hold: 'waits for the IP' }
  return {
    id,
    want: {
      addresses: [ip, ...(address6 === null || ip6 === null ? [] : [ip6])],
      rules: rules.map((rule) => splitResourceId(rule).path.at(-1) ?? ''),
    },
    refs: [ingressId, ...rules],
  }
}

async function clusterOf(cloud: Cloud, id: ResourceId): Promise<{ client: Cluster; namespace: string; name: string }> {
  const [cluster = '', namespace = '', name = ''] = splitResourceId(id).path
  const client = await cloud.cluster(cluster)
  if (client === undefined) throw new CloudError(0, '', `cluster ${cluster} is not registered`)
  return { client, namespace, name }
}
