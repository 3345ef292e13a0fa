import type { HealthCheck } from '../../shared/cloud/compute-resources.ts'
import type { ComputeRef } from '../../shared/cloud/compute-port.ts'
import type { Kind } from '../../shared/engine/kind.ts'
import type { Layout, ServiceLayout } from '../../shared/planning/layout.ts'
import { ownership, serviceText, stamped } from '../../shared/planning/stamp.ts'
import { body, changed, globalRef, stampedWant, type Stamped } from './common.ts'

/** What is wanted of a health check: the API's own fields. */
export interface HealthCheckWant extends HealthCheck, Stamped {}

/** kubemci §5.1, with the serving port instead of one NodePort for all clusters (DESIGN section 6). */
function wantOf(layout: Layout, service: ServiceLayout): HealthCheckWant {
  const { health } = service
  const check = {
    ...(health.port === undefined
      ? { portSpecification: 'USE_SERVING_PORT' }
      : { portSpecification: 'USE_FIXED_PORT', port: health.port }),
    requestPath: health.path,
    proxyHeader: 'NONE',
    // Set even when empty, so that a host header that a probe no longer asks for goes away.
    host: health.host ?? '',
  }
  return {
    ...stampedWant(layout),
    name: service.healthCheckName,
    description: stamped(
      serviceText('Health check', layout.model.namespace, service.name, service.port, layout.lb),
      layout.ingress,
    ),
    type: health.type,
    checkIntervalSec: health.interval,
    timeoutSec: health.timeout,
    healthyThreshold: health.healthy,
    unhealthyThreshold: health.unhealthy,
    ...(health.type === 'HTTP'
      ? { httpHealthCheck: check }
      : health.type === 'HTTPS'
        ? { httpsHealthCheck: check }
        : { http2HealthCheck: check }),
  }
}

const ref = (id: string): ComputeRef<'healthChecks'> => globalRef(id, 'healthChecks')

export const healthCheck: Kind<HealthCheckWant, HealthCheck> = {
  name: 'health-check',
  collections: ['healthChecks'],
  lives: ['load-balancer', 'clusters'],
  owned: [
    'description',
    'type',
    'checkIntervalSec',
    'timeoutSec',
    'healthyThreshold',
    'unhealthyThreshold',
    'httpHealthCheck',
    'httpsHealthCheck',
    'http2HealthCheck',
  ],
  desire: (layout) =>
    layout.services.map((service) => ({ id: service.healthCheckId, want: wantOf(layout, service), refs: [] })),
  async observe(cloud, id, want) {
    const got = await cloud.compute.get(ref(id))
    return { got, ...ownership(got, want) }
  },
  project: (got) => got,
  create: (cloud, id, want, requestId) => cloud.compute.insert(ref(id), body(want), requestId),
  update(cloud, id, want, got, changes, requestId) {
    // No fingerprint: a whole-object write of a stale holder could land, and is repaired at the next look.
    // Another type leaves the old type's settings behind, and the serving port kubemci's fixed one: only a PUT takes them away.
    const fixedPort = [got.httpHealthCheck, got.httpsHealthCheck, got.http2HealthCheck].some(
      (check) => check?.port !== undefined,
    )
    if (fixedPort || changes.some((change) => change.field === 'type')) {
      const { httpHealthCheck: _http, httpsHealthCheck: _https, http2HealthCheck: _http2, ...others } = got
      return cloud.compute.update(ref(id), { ...others, ...body(want) }, requestId)
    }
    return cloud.compute.patch(ref(id), changed(body(want), changes), requestId)
  },
  remove: (cloud, id, _got, requestId) => cloud.compute.remove(ref(id), requestId),
}
