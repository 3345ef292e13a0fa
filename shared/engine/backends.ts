import type { Backend } from '../cloud/compute-resources.ts'
import type { ClusterView } from '../planning/facts.ts'
import { readService } from '../planning/stamp.ts'
import { groupPath, groupsInView } from '../planning/zones.ts'
import { splitResourceId, type ResourceId } from '../resource-id.ts'
import type { Sources } from './sources.ts'

/** One group that a backend service sends requests to. */
export interface BackendGroup {
  /** `projects/P/zones/Z/instanceGroups/N`, or `.../networkEndpointGroups/N`. */
  group: string
  zone: string
  /** The cluster whose machines or pods it holds; null when none of the clusters says that it is its own. */
  cluster: string | null
}

/** One backend service as it is wanted at present, and what it serves. */
export interface BackendServiceGroups {
  id: ResourceId
  project: string
  name: string
  /** The Kubernetes service; null for the one that stands in for a default backend. */
  service: { namespace: string; name: string; port: string } | null
  /** When what is wanted of it last changed; milliseconds. */
  claimedAt: number
  /** It is there: its health can be asked for. */
  applied: boolean
  groups: BackendGroup[]
}

/** Which groups serve an Ingress, and from which clusters: from its claims, and from what the clusters say is theirs. */
export function backendGroups(sources: Sources): BackendServiceGroups[] {
  const owners = groupOwners(sources)
  return sources.claims
    .filter((claim) => claim.resource.startsWith('backend-service/'))
    .map((claim) => {
      const { path } = splitResourceId(claim.resource)
      const want = claim.want as { description?: string; backends?: Backend[] }
      const service = readService(want.description)
      return {
        id: claim.resource,
        project: path[0] ?? '',
        name: path.at(-1) ?? '',
        service:
          service === undefined ? null : { namespace: service.namespace, name: service.service, port: service.port },
        claimedAt: claim.at,
        applied: sources.resources.get(claim.resource)?.applied === true,
        groups: (want.backends ?? []).flatMap(({ group }) =>
          group === undefined
            ? []
            : [{ group, zone: /\/zones\/([^/]+)\//.exec(group)?.[1] ?? '', cluster: owners.get(group) ?? null }],
        ),
      }
    })
    .sort((a, b) => (a.id < b.id ? -1 : 1))
}

function groupOwners({ resources, clusters }: Sources): Map<string, string> {
  const owners = new Map<string, string>()
  for (const resource of resources.values()) {
    if (resource.kind !== 'cluster-ingress') continue
    const name = splitResourceId(resource.id).path[0] ?? ''
    const project = clusters.find((cluster) => cluster.name === name)?.registration.project
    if (project === undefined) continue
    for (const { mode, ...group } of groupsInView(resource.output as ClusterView | null))
      owners.set(groupPath(mode, { project, ...group }), name)
  }
  return owners
}
