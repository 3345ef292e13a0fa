import type { TargetHttpsProxy } from '../../shared/cloud/compute-resources.ts'
import type { ComputeRef } from '../../shared/cloud/compute-port.ts'
import type { Desired, Kind } from '../../shared/engine/kind.ts'
import type { Layout } from '../../shared/planning/layout.ts'
import { names, projectPath } from '../../shared/planning/names.ts'
import { ownership, stamped } from '../../shared/planning/stamp.ts'
import { resourceId, splitResourceId, type ResourceId } from '../../shared/resource-id.ts'
import { body, globalRef, stampedWant, type Stamped } from './common.ts'

/** What is wanted of a target proxy: the API's own fields. Certificates make it one for HTTPS. */
export interface TargetProxyWant extends TargetHttpsProxy, Stamped {
  urlMap: string
}

/** Both collections have one kind; the name says which (names.ts: `mci1-tps-` is kubemci's for HTTPS). */
function ref(id: ResourceId): ComputeRef<'targetHttpsProxies'> | ComputeRef<'targetHttpProxies'> {
  return (splitResourceId(id).path[1] ?? '').startsWith('mci1-tps-')
    ? globalRef(id, 'targetHttpsProxies')
    : globalRef(id, 'targetHttpProxies')
}

function proxy(
  layout: Layout,
  name: string,
  protocol: 'http' | 'https',
  certificates: readonly ResourceId[],
): Desired<TargetProxyWant> {
  const map = protocol === 'http' && layout.redirect !== null ? names.redirectMap(layout.lb) : layout.names.urlMap
  const policy = layout.sslPolicy
  return {
    id: resourceId('target-proxy', layout.project, name),
    want: {
      ...stampedWant(layout),
      name,
      description: stamped(
        `Target ${protocol} proxy for kubernetes multicluster loadbalancer ${layout.lb}`,
        layout.ingress,
      ),
      urlMap: projectPath(layout.project, 'urlMaps', map),
      ...(protocol === 'http'
        ? {}
        : {
            sslCertificates: certificates.map((id) =>
              projectPath(layout.project, 'sslCertificates', splitResourceId(id).path.at(-1) ?? ''),
            ),
            ...(policy === null ? {} : { sslPolicy: policy && projectPath(layout.project, 'sslPolicies', policy) }),
          }),
    },
    refs: [resourceId('url-map', layout.project, map), ...certificates],
  }
}

/** kubemci §5.6. Its descriptions cannot be changed in place, so they are left alone. */
export const targetProxy: Kind<TargetProxyWant, TargetHttpsProxy> = {
  name: 'target-proxy',
  collections: ['targetHttpProxies', 'targetHttpsProxies'],
  lives: ['load-balancer'],
  owned: ['urlMap', 'sslCertificates', 'sslPolicy'],
  desire: (layout) => [
    ...(layout.model.settings.allowHttp ? [proxy(layout, layout.names.httpProxy, 'http', [])] : []),
    ...(layout.certificates.length === 0
      ? []
      : [
          proxy(layout, layout.names.httpsProxy, 'https', [
            ...layout.certificates.map(({ id }) => id),
            ...layout.retained,
          ]),
        ]),
  ],
  async observe(cloud, id, want) {
    const got: TargetHttpsProxy | undefined = await cloud.compute.get(ref(id))
    return { got, ...ownership(got, want) }
  },
  project: (got) => got,
  create(cloud, id, want, requestId) {
    const { sslPolicy = '', ...proxied } = body(want)
    return cloud.compute.insert(ref(id), { ...proxied, ...(sslPolicy === '' ? {} : { sslPolicy }) }, requestId)
  },
  // The API changes one at a time; the next round does the next.
  update(cloud, id, want, _got, changes, requestId) {
    const { urlMap, sslCertificates, sslPolicy } = want
    const differs = (field: string): boolean => changes.some((change) => change.field === field)
    if (differs('urlMap')) return cloud.compute.call(ref(id), 'setUrlMap', { urlMap }, requestId)
    if (differs('sslCertificates'))
      return cloud.compute.call(ref(id), 'setSslCertificates', { sslCertificates }, requestId)
    return cloud.compute.call(ref(id), 'setSslPolicy', { sslPolicy }, requestId)
  },
  remove: (cloud, id, _got, requestId) => cloud.compute.remove(ref(id), requestId),
}
