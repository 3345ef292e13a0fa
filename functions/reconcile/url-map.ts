import type { UrlMap } from '../../shared/cloud/compute-resources.ts'
import type { ComputeRef } from '../../shared/cloud/compute-port.ts'
import type { Desired, Kind } from '../../shared/engine/kind.ts'
import { parseJson } from '../../shared/json.ts'
import { names, projectPath } from '../../shared/planning/names.ts'
import { named as namedPortsOf } from '../../shared/planning/named-ports.ts'
import type { Layout, ServiceLayout } from '../../shared/planning/layout.ts'
import { compare, routes } from '../../shared/planning/paths.ts'
import { ownership, stamped } from '../../shared/planning/stamp.ts'
import { resourceId, type ResourceId } from '../../shared/resource-id.ts'
import { body, globalRef, stampedWant, type Stamped } from './common.ts'
import { backendServices } from './backend-service.ts'

/** What is wanted of a URL map: the API's own fields. */
export interface UrlMapWant extends UrlMap, Stamped {}

/**
 * kubemci's status JSON (Go's field names), which its `list` and `get-status` read from here, and our stamp as one more
 * member. It says what is desired, as kubemci's did.
 */
function statusJson(layout: Layout): string {
  return JSON.stringify({
    Description: `URL map for kubernetes multicluster loadbalancer ${layout.lb}`,
    LoadBalancerName: layout.lb,
    Clusters: layout.clusters.map((cluster) => cluster.name),
    IPAddress: layout.ip ?? '',
    Stamp: `managed by multi-cluster-ingress for Ingress ${layout.ingress}`,
  })
}

function wantOf(layout: Layout): UrlMapWant {
  const url = ({ project, backendServiceName }: Pick<ServiceLayout, 'project' | 'backendServiceName'>): string =>
    projectPath(project, 'backendServices', backendServiceName)
  const nowhere = { project: layout.project, backendServiceName: names.noBackend(layout.lb) }
  const fallback = layout.model.defaultBackend === null ? null : layout.service(layout.model.defaultBackend)
  return {
    ...stampedWant(layout),
    name: layout.names.urlMap,
    description: statusJson(layout),
    ...routes(
      layout.model.rules,
      (ref) => url(layout.service(ref) ?? nowhere),
      fallback ? url(fallback) : null,
      url(nowhere),
    ),
  }
}

/** What HTTP has while it redirects: one answer for every request. */
function redirectOf(layout: Layout): Desired<UrlMapWant>[] {
  if (layout.redirect === null) return []
  const name = names.redirectMap(layout.lb)
  return [
    {
      id: resourceId('url-map', layout.project, name),
      want: {
        ...stampedWant(layout),
        name,
        description: stamped(`Redirect to HTTPS of kubernetes multicluster loadbalancer ${layout.lb}`, layout.ingress),
        defaultUrlRedirect: { httpsRedirect: true, redirectResponseCode: layout.redirect },
        hostRules: [],
        pathMatchers: [],
      },
      refs: [],
    },
  ]
}

/** The backend services that it sends to: not those that are only made ready. */
function routed(layout: Layout): ResourceId[] {
  const awaited = layout.services.filter(({ role }) => role === 'awaited').map((service) => service.backendServiceId)
  return backendServices(layout).flatMap(({ id }) => (awaited.includes(id) ? [] : [id]))
}

const ref = (id: string): ComputeRef<'urlMaps'> => globalRef(id, 'urlMaps')

export const urlMap: Kind<UrlMapWant, UrlMap> = {
  name: 'url-map',
  collections: ['urlMaps'],
  lives: ['load-balancer'],
  owned: ['description', 'defaultService', 'defaultRouteAction', 'defaultUrlRedirect', 'hostRules', 'pathMatchers'],
  desire: (layout) => [
    {
      id: resourceId('url-map', layout.project, layout.names.urlMap),
      want: wantOf(layout),
      // Traffic comes to a backend service through here: its ports must have their names by then.
      refs: [...routed(layout), ...namedPortsOf(layout, 'there').map(({ id }) => id)],
    },
    ...redirectOf(layout),
  ],
  readdress(want, { ip }) {
    const status = parseJson(want.description ?? '')
    // The redirect's description is a sentence.
    if (ip === null || typeof status !== 'object' || status === null) return want
    return { ...want, description: JSON.stringify({ ...status, IPAddress: ip }) }
  },
  async observe(cloud, id, want) {
    const got = await cloud.compute.get(ref(id))
    return { got, ...ownership(got, want) }
  },
  /** kubemci wrote rules in random order: sorted, they compare. An absent list is an empty one. */
  project: (got) => ({
    ...got,
    defaultRouteAction: got.defaultRouteAction ?? {},
    hostRules: [...(got.hostRules ?? [])].sort((a, b) => compare(a.hosts?.[0], b.hosts?.[0])),
    pathMatchers: [...(got.pathMatchers ?? [])]
      .map((matcher) => ({
        ...matcher,
        pathRules: (matcher.pathRules ?? [])
          .flatMap((rule) => (rule.paths ?? []).map((path) => ({ ...rule, paths: [path] })))
          .sort((a, b) => compare(a.paths[0], b.paths[0])),
      }))
      .sort((a, b) => compare(a.name, b.name)),
  }),
  create: (cloud, id, want, requestId) => cloud.compute.insert(ref(id), body(want), requestId),
  // PUT: routing is ours as a whole, and rules that are gone must go; the fingerprint keeps out a stale writer.
  update(cloud, id, want, got, _changes, requestId) {
    const {
      hostRules: _hosts,
      pathMatchers: _matchers,
      defaultRouteAction: _action,
      defaultUrlRedirect: _redirect,
      ...others
    } = got
    return cloud.compute.update(ref(id), { ...others, ...body(want) }, requestId)
  },
  remove: (cloud, id, _got, requestId) => cloud.compute.remove(ref(id), requestId),
}
