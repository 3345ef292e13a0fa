import type { Backend, BackendService } from '../../shared/cloud/compute-resources.ts'
import type { ComputeRef } from '../../shared/cloud/compute-port.ts'
import type { Desired, Held, Kind } from '../../shared/engine/kind.ts'
import type { Layout, ServiceLayout } from '../../shared/planning/layout.ts'
import { names, projectPath, zonePath } from '../../shared/planning/names.ts'
import { ownership, serviceText, stamped } from '../../shared/planning/stamp.ts'
import { resourceId } from '../../shared/resource-id.ts'
import { body, changed, globalRef, stampedWant, type Stamped } from './common.ts'

/** What is wanted of a backend service: the API's own fields. */
export interface BackendServiceWant extends BackendService, Stamped {
  backends: Backend[]
}

/** Practically unlimited, as kubemci has it: traffic goes to the nearest healthy backend and is not spread by rate. */
const unlimitedRate = 1e14

/** Written at creation only; afterwards they are the operator's (kubemci reset them: issue #226). */
const atCreation: BackendService = {
  sessionAffinity: 'NONE',
  timeoutSec: 30,
  connectionDraining: { drainingTimeoutSec: 60 },
}

function wantOf(layout: Layout, service: ServiceLayout): Desired<BackendServiceWant> | Held {
  const id = service.backendServiceId
  if (service.hold !== null) return { id, hold: service.hold }
  const backends = service.backends
    .flatMap((place) =>
      place.groups.map((group): Backend => ({
        group: zonePath(group.project, group.zone, 'instanceGroups', group.name),
        balancingMode: 'RATE',
        maxRatePerInstance: unlimitedRate,
        capacityScaler: place.drained ? 0 : 1,
      })),
    )
    .sort(byGroup)
  const serving = new Set(service.backends.map((place) => place.cluster))
  return {
    id,
    want: {
      ...stampedWant(layout),
      name: service.backendServiceName,
      description: stamped(
        serviceText('Backend service', layout.model.namespace, service.name, service.port, layout.lb),
        layout.ingress,
      ),
      loadBalancingScheme: layout.scheme,
      protocol: service.protocol,
      portName: service.namedPort,
      healthChecks: [projectPath(layout.project, 'healthChecks', service.healthCheckName)],
      backends,
    },
    // The groups go with the Ingress object of their cluster: it must outlast our use of them.
    refs: [
      service.healthCheckId,
      ...layout.clusters.filter((cluster) => serving.has(cluster.name)).map((cluster) => cluster.ingressId),
    ],
  }
}

/** A URL map without a default backend needs a default service all the same: one of ours, without backends. */
function noBackend(layout: Layout): Desired<BackendServiceWant>[] {
  if (layout.model.defaultBackend !== null) return []
  const name = names.noBackend(layout.lb)
  return [
    {
      id: resourceId('backend-service', layout.project, name),
      want: {
        ...stampedWant(layout),
        name,
        description: stamped(
          `Stands in for the default backend, which the Ingress does not have, as part of kubernetes multicluster loadbalancer ${layout.lb}`,
          layout.ingress,
        ),
        loadBalancingScheme: layout.scheme,
        protocol: 'HTTP',
        backends: [],
      },
      refs: [],
    },
  ]
}

const ref = (id: string): ComputeRef<'backendServices'> => globalRef(id, 'backendServices')
/** The one reference that the API takes as a whole URL only (its proto: "fully-qualified URL ... rather than a partial URL"). */
const sent = (backend: Backend): Backend => ({
  ...backend,
  group: `https://www.googleapis.com/compute/v1/${backend.group ?? ''}`,
})
const byGroup = (a: Backend, b: Backend): number => ((a.group ?? '') < (b.group ?? '') ? -1 : 1)

/** All backend services of a layout, those that have to wait included: what its URL map refers to. */
export function backendServices(layout: Layout): (Desired<BackendServiceWant> | Held)[] {
  return [...layout.services.map((service) => wantOf(layout, service)), ...noBackend(layout)]
}

export const backendService: Kind<BackendServiceWant, BackendService> = {
  name: 'backend-service',
  collections: ['backendServices'],
  owned: ['description', 'protocol', 'portName', 'healthChecks', 'backends'],
  desire: backendServices,
  async observe(cloud, id, want) {
    const got = await cloud.compute.get(ref(id))
    return { got, ...ownership(got?.description, want?.ingress ?? null, want?.lb ?? null) }
  },
  project: (got) => ({ ...got, backends: [...(got.backends ?? [])].sort(byGroup) }),
  create: (cloud, id, want, requestId) =>
    cloud.compute.insert(ref(id), { ...atCreation, ...body(want), backends: want.backends.map(sent) }, requestId),
  update(cloud, id, want, got, changes, requestId) {
    const backends = want.backends.map((backend) => ({
      ...got.backends?.find((present) => present.group === backend.group),
      ...backend,
    }))
    const whole = { ...body(want), backends: backends.map(sent) }
    // The client library drops empty lists from a PATCH: the last backend goes by a PUT of everything that was read.
    if (backends.length === 0 && (got.backends ?? []).length > 0)
      return cloud.compute.update(ref(id), { ...got, ...whole }, requestId)
    return cloud.compute.patch(
      ref(id),
      { ...changed(whole, changes), ...(got.fingerprint === undefined ? {} : { fingerprint: got.fingerprint }) },
      requestId,
    )
  },
  remove: (cloud, id, _got, requestId) => cloud.compute.remove(ref(id), requestId),
}
