import type {
  CertificateFact,
  ClusterFacts,
  ClusterView,
  Facts,
  Ips,
  ServedGroup,
  StandingServices,
} from '../planning/facts.ts'
import type { ClusterIngressWant } from '../planning/cluster-ingress.ts'
import { withoutDisputedGroups } from '../planning/disputed-groups.ts'
import { withForeignNegs } from '../planning/foreign-negs.ts'
import { clusterIngressId, nameLayout } from '../planning/layout.ts'
import type { NegOwner } from '../planning/negs.ts'
import { groupPath } from '../planning/zones.ts'
import { resourceId, splitResourceId, type ResourceId } from '../resource-id.ts'
import { derivedInUse } from './derived-in-use.ts'
import type { ClaimDoc, ClusterDoc, IngressDoc, ResourceDoc } from '../state/documents.ts'
import { queries, type Store } from '../state/store.ts'

/** Everything that one planning run reads. */
export interface Sources {
  doc: IngressDoc
  clusters: ClusterDoc[]
  claims: ClaimDoc[]
  resources: Map<ResourceId, ResourceDoc>
}

/** Reads an Ingress with all that belongs to it; undefined when there is no such Ingress. */
export async function sourcesOf(store: Store, id: string): Promise<Sources | undefined> {
  const doc = await store.get('ingresses', id)
  if (doc === undefined) return undefined
  const [clusters, claims, owned] = await Promise.all([
    store.find(queries.clusters()),
    store.find(queries.claimsOf(id)),
    store.find(queries.ownedBy(id)),
  ])
  const resources = new Map(owned.map((resource) => [resource.id, resource]))
  const shared = claims.map((claim) => claim.resource).filter((resource) => !resources.has(resource))
  if (shared.length > 0) {
    for (const resource of await store.getAll('resources', shared)) if (resource) resources.set(resource.id, resource)
  }
  return { doc, clusters, claims, resources }
}

/** Facts from what is stored: clusters as last seen, and what each shows of this Ingress. */
export function factsOf(project: string, sources: Sources, now: number): Facts {
  const { doc, clusters, claims, resources } = sources
  const { address, address6 } = nameLayout(doc, { project })
  return {
    project,
    now,
    ip: ipOf(sources, address.id),
    ip6: ipOf(sources, address6?.id),
    certificates: Object.fromEntries(
      [...resources.values()].flatMap(({ id, kind, output }) =>
        kind === 'ssl-certificate' && output !== null ? [[id, output as CertificateFact]] : [],
      ),
    ),
    attached: claims.flatMap(({ resource, refs }) =>
      resource.startsWith('target-proxy/') ? refs.filter((ref) => ref.startsWith('ssl-certificate/')) : [],
    ),
    standing: standingOf(sources, project),
    served: Object.fromEntries(
      claims.flatMap((claim) => (claim.resource.startsWith('backend-service/') ? [servedBy(claim, resources)] : [])),
    ),
    clusters: withForeignNegs(
      doc.model,
      withoutDisputedGroups(
        clusters.map((cluster): ClusterFacts => {
          const id = clusterIngressId(cluster.name, doc.model)
          const view = resources.get(id)
          const part = claims.find((claim) => claim.resource === id)
          const troubled = view !== undefined && (view.phase === 'Retrying' || view.phase === 'Failed')
          return {
            doc: cluster,
            view: (view?.output as ClusterView | null | undefined) ?? null,
            trouble: troubled ? view.why : null,
            ...(view?.phase === 'Retrying' ? { asksAgain: true as const } : {}),
            ...groupsOf(claims, resources, cluster),
            ...derivedInUse(part, sources),
          }
        }),
        claims.flatMap(({ resource, refs }) =>
          resource.startsWith('named-ports/')
            ? refs.map((ref) => ({ id: resource, cluster: ref.split('/')[1] ?? '' }))
            : [],
        ),
      ),
    ),
  }
}

function ipOf({ resources }: Sources, address: ResourceId | undefined): string | null {
  if (address === undefined) return null
  return (resources.get(address)?.output as { ip?: string } | null | undefined)?.ip ?? null
}

/** The IPs of the addresses that are claimed, which a newer version that is not planned may name otherwise. */
export function claimedIps(sources: Sources): Ips {
  const claimed = (version: string): ResourceId | undefined =>
    sources.claims.find(
      ({ resource, want }) =>
        splitResourceId(resource).kind === 'address' && (want as { ipVersion?: string }).ipVersion === version,
    )?.resource
  return { ip: ipOf(sources, claimed('IPV4')), ip6: ipOf(sources, claimed('IPV6')) }
}

/** What a backend service was last wanted to have, and whether it was seen to be so. */
function servedBy(claim: ClaimDoc, resources: Sources['resources']): [string, ServedGroup[]] {
  const { backends = [] } = claim.want as { backends?: { group: string; capacityScaler: number }[] }
  const resource = resources.get(claim.resource)
  const settled = resource?.phase === 'Ready'
  const { ready, of = [] } = (resource?.output ?? {}) as { ready?: boolean; of?: string[] }
  return [
    claim.resource,
    backends.map(({ group, capacityScaler }) => ({
      group,
      idle: settled && capacityScaler === 0,
      ...(ready === true && of.includes(group) ? { proven: true as const } : {}),
    })),
  ]
}

/** The backend services that are there, those included that are no longer wanted. */
function standingOf({ doc, claims, resources }: Sources, project: string): StandingServices {
  const services = [...resources.values()].filter(({ kind }) => kind === 'backend-service')
  const found = Object.entries(doc.names).flatMap(([key, name]) =>
    key.startsWith('backend-service ') ? [resourceId('backend-service', project, name)] : [],
  )
  const leftovers = (doc.living?.leftovers ?? []).map(({ id }) => id)
  // What was there before us serves before we want anything, and while it is being taken over.
  const routed = claims.some(({ resource }) => resource.startsWith('url-map/'))
    ? claims.flatMap(({ resource, refs }) =>
        resource.startsWith('url-map/') ? refs.filter((ref) => ref.startsWith('backend-service/')) : [],
      )
    : found.filter((id) => leftovers.includes(id))
  const applied = services.filter((one) => one.applied || one.operation !== null).map(({ id }) => id)
  return {
    routed,
    applied: [...new Set([...applied, ...routed.filter((id) => found.includes(id))])],
    proven: services.filter(({ output }) => (output as { ready?: boolean } | null)?.ready === true).map(({ id }) => id),
  }
}

/** What was seen of the groups of a cluster: which are not there, and of network endpoint groups, whose they are. */
function groupsOf(
  claims: readonly ClaimDoc[],
  resources: Sources['resources'],
  cluster: ClusterDoc,
): Pick<ClusterFacts, 'missing' | 'owners'> {
  const missing: string[] = []
  const owners: Record<string, NegOwner | null> = {}
  for (const { resource, refs } of claims) {
    const { kind, path } = splitResourceId(resource)
    const mode = kind === 'named-ports' ? 'instance-groups' : kind === 'network-endpoint-group' ? 'neg' : undefined
    if (mode === undefined || !refs.some((ref) => ref.split('/')[1] === cluster.name)) continue
    const output = resources.get(resource)?.output as { absent?: boolean; owner?: NegOwner | null } | null | undefined
    const [project = '', zone = '', name = ''] = path
    const group = groupPath(mode, { project, zone, name })
    if (output?.absent === true) missing.push(group)
    else if (output?.owner !== undefined) owners[group] = output.owner
  }
  return {
    ...(missing.length === 0 ? {} : { missing: missing.sort() }),
    ...(Object.keys(owners).length === 0 ? {} : { owners }),
  }
}

/** The wants that are held on clusters at present. */
export function clusterWants(claims: readonly ClaimDoc[]): Map<ResourceId, ClusterIngressWant> {
  return new Map(
    claims
      .filter((claim) => claim.resource.startsWith('cluster-ingress/'))
      .map((claim) => [claim.resource, claim.want as ClusterIngressWant]),
  )
}
