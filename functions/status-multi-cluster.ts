import type { Sources } from '../shared/engine/sources.ts'
import { lastPart } from '../shared/planning/names.ts'
import { splitResourceId, type ResourceId } from '../shared/resource-id.ts'
import type { MultiClusterStatus } from './dashboard/api-types.ts'

/** By the kinds of what is applied; GKE writes names, and paths of what lies in a zone. */
const lists: Readonly<Record<string, Exclude<keyof MultiClusterStatus['CloudResources'], 'UrlMap'>>> = {
  'backend-service': 'BackendServices',
  'firewall-rule': 'Firewalls',
  'forwarding-rule': 'ForwardingRules',
  'health-check': 'HealthChecks',
  'target-proxy': 'TargetProxies',
}

/** The status of a MultiClusterIngress as GKE's own has it; undefined for an Ingress. */
export function multiClusterStatusOf(
  { doc, claims, resources }: Sources,
  vip: string | null,
): MultiClusterStatus | undefined {
  if (doc.model.services === undefined) return undefined
  const status: MultiClusterStatus = {
    VIP: vip,
    CloudResources: {
      BackendServices: [],
      Firewalls: [],
      ForwardingRules: [],
      HealthChecks: [],
      NetworkEndpointGroups: [],
      TargetProxies: [],
      UrlMap: null,
    },
  }
  const { CloudResources: all } = status
  for (const { id, kind, applied } of resources.values()) {
    const list = lists[kind]
    if (applied && list !== undefined) all[list].push(nameOf(id))
  }
  for (const { resource, want } of claims) {
    const name = nameOf(resource)
    const { backends = [], defaultUrlRedirect } = want as {
      backends?: { group: string }[]
      defaultUrlRedirect?: object
    }
    if (resource.startsWith('url-map/') && defaultUrlRedirect === undefined && resources.get(resource)?.applied)
      all.UrlMap = name
    if (resource.startsWith('backend-service/') && resources.get(resource)?.applied)
      all.NetworkEndpointGroups.push(
        ...backends.flatMap(({ group }) => /zones\/[^/]+\/networkEndpointGroups\/[^/]+$/.exec(group)?.[0] ?? []),
      )
  }
  for (const list of Object.values(all)) if (Array.isArray(list)) list.sort()
  return status
}

function nameOf(id: ResourceId): string {
  return lastPart(splitResourceId(id).path.at(-1) ?? '')
}
