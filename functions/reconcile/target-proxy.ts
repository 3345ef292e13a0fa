import type { TargetHttpProxy } from '../../shared/cloud/compute-resources.ts'
import type { ComputeRef } from '../../shared/cloud/compute-port.ts'
import type { Kind } from '../../shared/engine/kind.ts'
import { names, projectPath } from '../../shared/planning/names.ts'
import { ownership, stamped } from '../../shared/planning/stamp.ts'
import { resourceId } from '../../shared/resource-id.ts'
import { body, globalRef, stampedWant, type Stamped } from './common.ts'

/** What is wanted of a target proxy: the API's own fields. */
export interface TargetProxyWant extends TargetHttpProxy, Stamped {
  urlMap: string
}

const ref = (id: string): ComputeRef<'targetHttpProxies'> => globalRef(id, 'targetHttpProxies')

/** kubemci §5.6. Its descriptions cannot be changed in place (no mutation but setUrlMap is needed), so they are left alone. */
export const targetProxy: Kind<TargetProxyWant, TargetHttpProxy> = {
  name: 'target-proxy',
  collections: ['targetHttpProxies', 'targetHttpsProxies'],
  owned: ['urlMap'],
  desire(layout) {
    if (!layout.model.settings.allowHttp) return []
    const name = names.httpProxy(layout.lb)
    const map = names.urlMap(layout.lb)
    return [
      {
        id: resourceId('target-proxy', layout.project, name),
        want: {
          ...stampedWant(layout),
          name,
          description: stamped(
            `Target http proxy for kubernetes multicluster loadbalancer ${layout.lb}`,
            layout.ingress,
          ),
          urlMap: projectPath(layout.project, 'urlMaps', map),
        },
        refs: [resourceId('url-map', layout.project, map)],
      },
    ]
  },
  async observe(cloud, id, want) {
    const got = await cloud.compute.get(ref(id))
    return { got, ...ownership(got?.description, want?.ingress ?? null, want?.lb ?? null) }
  },
  project: (got) => got,
  create: (cloud, id, want, requestId) => cloud.compute.insert(ref(id), body(want), requestId),
  update: (cloud, id, want, _got, _changes, requestId) =>
    cloud.compute.call(ref(id), 'setUrlMap', { urlMap: want.urlMap }, requestId),
  remove: (cloud, id, _got, requestId) => cloud.compute.remove(ref(id), requestId),
}
