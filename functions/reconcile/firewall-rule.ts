import type { Firewall } from '../../shared/cloud/compute-resources.ts'
import { CloudError, type ComputeRef } from '../../shared/cloud/compute-port.ts'
import { classify } from '../../shared/engine/faults.ts'
import type { Desired, Held, Kind } from '../../shared/engine/kind.ts'
import type { Layout } from '../../shared/planning/layout.ts'
import { projectOfNetwork } from '../../shared/planning/networks.ts'
import { ownership, stamped } from '../../shared/planning/stamp.ts'
import { resourceId } from '../../shared/resource-id.ts'
import { firewallCommand } from './firewall-command.ts'
import { body, changed, globalRef, stampedWant, type Stamped } from './common.ts'

/** What is wanted of a firewall rule: the API's own fields. */
export interface FirewallWant extends Firewall, Stamped {
  targetTags: string[]
}

/** Where Google's load balancers and health checks come from (kubemci §5.9). */
const sourceRanges = ['130.211.0.0/22', '35.191.0.0/16']

/**
 * One rule per load balancer and network. A cluster that is being taken out stays open until its backends are gone: traffic
 * may still be on its way there.
 */
function desire(layout: Layout): (Desired<FirewallWant> | Held)[] {
  return layout.networks.map((network) => inNetwork(layout, network))
}

function inNetwork(
  layout: Layout,
  { network, firewallName: name, clusters }: Layout['networks'][number],
): Desired<FirewallWant> | Held {
  const project = projectOfNetwork(network) ?? layout.project
  const id = resourceId('firewall-rule', project, name)
  const members = new Set(clusters.map((cluster) => cluster.doc.name))
  const ports = layout.services.flatMap(({ backends, leaving, health }) => {
    const here = [
      // Pods are reached at their own ports: a network endpoint group serves there.
      ...backends.map(({ cluster, nodePort, pods }) => ({
        cluster,
        ports: pods?.ports ?? (nodePort === null ? [] : [nodePort]),
      })),
      ...leaving,
    ].filter((backend) => members.has(backend.cluster))
    const probed = here.length > 0 && health.port !== undefined ? [health.port] : []
    return [...here.flatMap((backend) => backend.ports), ...probed]
  })
  const tags = clusters.flatMap((cluster) => cluster.doc.sight?.nodeTags ?? [])
  // A rule without target tags would open every machine of the network: there is none then.
  if (tags.length === 0)
    return { id, hold: `no network tag of the nodes of ${[...members].join(', ')} is known that no other machine has` }
  // What a service leaves says nothing more; what it moves to must be let in.
  const hold = layout.services.find((service) => service.hold !== null && service.role !== 'retained')?.hold
  if (hold) return { id, hold }
  if (ports.length === 0) return { id, hold: `waits for the groups of ${[...members].join(', ')}` }
  return {
    id,
    want: {
      ...stampedWant(layout),
      name,
      description: stamped(`Firewall rule for kubernetes multicluster loadbalancer ${layout.lb}`, layout.ingress),
      network,
      direction: 'INGRESS',
      sourceRanges,
      targetTags: [...new Set(tags)].sort(),
      allowed: [{ IPProtocol: 'tcp', ports: [...new Set(ports)].sort((a, b) => a - b).map(String) }],
    },
    refs: [],
  }
}

const ref = (id: string): ComputeRef<'firewalls'> => globalRef(id, 'firewalls')

export const firewallRule: Kind<FirewallWant, Firewall> = {
  name: 'firewall-rule',
  collections: ['firewalls'],
  lives: ['networks'],
  owned: ['description', 'network', 'direction', 'sourceRanges', 'targetTags', 'allowed'],
  desire,
  async observe(cloud, id, want) {
    // Whoever may not even look cannot know whether it is there already.
    const got = await byAdministrator(id, want === null ? 'delete' : 'create', want ?? {}, () =>
      cloud.compute.get(ref(id)),
    )
    return { got, ...ownership(got, want) }
  },
  project: (got) => ({
    ...got,
    sourceRanges: [...(got.sourceRanges ?? [])].sort(),
    targetTags: [...(got.targetTags ?? [])].sort(),
    // One entry a protocol, however somebody else wrote it.
    allowed: [...Map.groupBy(got.allowed ?? [], (rule) => rule.IPProtocol ?? '')].map(([IPProtocol, rules]) => ({
      IPProtocol,
      ports: rules.flatMap((rule) => rule.ports ?? []).sort((a, b) => Number(a) - Number(b)),
    })),
  }),
  create: (cloud, id, want, requestId) =>
    byAdministrator(id, 'create', want, () => cloud.compute.insert(ref(id), body(want), requestId)),
  update: (cloud, id, want, _got, changes, requestId) =>
    byAdministrator(id, 'update', want, () => cloud.compute.patch(ref(id), changed(body(want), changes), requestId)),
  remove: (cloud, id, _got, requestId) =>
    byAdministrator(id, 'delete', {}, () => cloud.compute.remove(ref(id), requestId)),
}

/** Firewall rules of a Shared VPC are often somebody else's to change: who may not is told the command for who may. */
async function byAdministrator<T>(
  id: string,
  verb: 'create' | 'update' | 'delete',
  want: Partial<FirewallWant>,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof CloudError) || classify(error).forbidden !== true) throw error
    const { project, name } = ref(id)
    throw new CloudError(
      error.status,
      error.reason,
      `the administrator of the networks in project ${project} must run: ${firewallCommand(verb, project, name, want)} (or let us: ${error.message.slice(0, 500)})`,
    )
  }
}
