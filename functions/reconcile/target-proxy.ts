import type { TargetHttpsProxy } from '../../shared/cloud/compute-resources.ts'
import type { ComputeRef } from '../../shared/cloud/compute-port.ts'
import type { Desired, Kind } from '../../shared/engine/kind.ts'
import type { Layout } from '../../shared/planning/layout.ts'
import { projectPath } from '../../shared/planning/names.ts'
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
  const map = layout.names.urlMap
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
          }),
    },
    refs: [resourceId('url-map', layout.project, map), ...certificates],
  }
}

/** kubemci §5.6. Its descriptions cannot be changed in place, so they are left alone. */
export const targetProxy: Kind<TargetProxyWant, TargetHttpsProxy> = {
  name: 'target-proxy',
  collections: ['targetHttpProxies', 'targetHttpsProxies'],
  owned: ['urlMap', 'sslCertificates'],
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
  create: (cloud, id, want, requestId) => cloud.compute.insert(ref(id), body(want), requestId),
  // The API changes one at a time; the next round does the other.
  update: (cloud, id, want, _got, changes, requestId) =>
    changes.some((change) => change.field === 'urlMap')
      ? cloud.compute.call(ref(id), 'setUrlMap', { urlMap: want.urlMap }, requestId)
      : cloud.compute.call(ref(id), 'setSslCertificates', { sslCertificates: want.sslCertificates }, requestId),
  remove: (cloud, id, _got, requestId) => cloud.compute.remove(ref(id), requestId),
}
