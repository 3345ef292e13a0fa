import type { Backend, BackendService } from '../../shared/cloud/compute-resources.ts'
import { CloudError, type ComputeRef, type StartedOperation } from '../../shared/cloud/compute-port.ts'
import type { Cloud, Desired, Held, Kind } from '../../shared/engine/kind.ts'
import type { Layout, ServiceLayout } from '../../shared/planning/layout.ts'
import { names, projectPath, zonePath } from '../../shared/planning/names.ts'
import { ownership, readStamp, serviceText, stamped } from '../../shared/planning/stamp.ts'
import { resourceId } from '../../shared/resource-id.ts'
import {
  configured,
  configuredFields,
  empties,
  isApart,
  keyNames,
  keyValue,
  nextKey,
  over,
  withoutQuoting,
  written,
  type Configured,
} from './backend-settings.ts'
import { body, changed, globalRef, stampedWant, type Stamped } from './common.ts'

/** What is wanted of a backend service: the API's own fields. */
export interface BackendServiceWant extends BackendService, Configured, Stamped {
  /** Which groups, and whether they take traffic; how they are balanced is written once and then the operator's. */
  backends: { group: string; capacityScaler: 0 | 1 }[]
}

/** Practically unlimited, as kubemci has it: traffic goes to the nearest healthy backend and is not spread by rate. */
const byRate: Backend = { balancingMode: 'RATE', maxRatePerInstance: 1e14 }

/** For a group that another backend service balances so: the API wants one mode per group (decision 6). */
const byUtilization: Backend = { balancingMode: 'UTILIZATION', maxUtilization: 1 }

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
      place.groups
        .filter((group) => group.missing !== true)
        .map((group): BackendServiceWant['backends'][number] => ({
          group: zonePath(group.project, group.zone, 'instanceGroups', group.name),
          capacityScaler: place.drained || group.leaving === true ? 0 : 1,
        })),
    )
    .sort(byGroup)
  const namedPorts = service.backends.flatMap((place) =>
    place.groups.map((group) => resourceId('named-ports', group.project, group.zone, group.name)),
  )
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
      ...configured(layout, service),
    },
    // The groups go with the Ingress object of their cluster: it must outlast our use of them.
    refs: [
      service.healthCheckId,
      ...layout.clusters.filter((cluster) => serving.has(cluster.name)).map((cluster) => cluster.ingressId),
      // kubemci's already serves, under another named port: ours must be there before it is changed over.
      ...(service.adopted ? namedPorts : []),
    ],
    // A group that leaves keeps its named port until nothing is sent there.
    ...(namedPorts.length === 0 ? {} : { uses: namedPorts }),
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
const byGroup = (a: { group?: string }, b: { group?: string }): number => ((a.group ?? '') < (b.group ?? '') ? -1 : 1)

/** All backend services of a layout, those that have to wait included: what its URL map refers to. */
export function backendServices(layout: Layout): (Desired<BackendServiceWant> | Held)[] {
  return [...layout.services.map((service) => wantOf(layout, service)), ...noBackend(layout)]
}

export const backendService: Kind<BackendServiceWant, BackendService> = {
  name: 'backend-service',
  collections: ['backendServices'],
  owned: ['description', 'protocol', 'portName', 'healthChecks', 'backends', ...configuredFields],
  desire: backendServices,
  async observe(cloud, id, want) {
    const got = await cloud.compute.get(ref(id))
    return { got, ...ownership(got, want) }
  },
  project: (got) => ({
    ...got,
    backends: (got.backends ?? [])
      .map(({ group = '', capacityScaler }) => ({
        group,
        capacityScaler: capacityScaler === 0 ? (0 as const) : (1 as const),
      }))
      .sort(byGroup),
    signedUrlKeyNames: keyNames(got),
  }),
  async create(cloud, id, want, requestId) {
    const whole = await written(cloud, body(want), true)
    return withoutQuoting(whole.iap?.oauth2ClientSecret, () =>
      withMode(cloud, id, requestId, (modes, attempt) =>
        cloud.compute.insert(
          ref(id),
          { ...atCreation, ...whole, backends: merged(want, [], modes).map(sent) },
          attempt,
        ),
      ),
    )
  },
  async update(cloud, id, want, got, changes, requestId) {
    const plain = changes.filter((change) => !isApart(change))
    if (plain.length === 0) return changeApart(cloud, id, want, got, changes, requestId)
    const { backends: _backends, ...members } = await written(
      cloud,
      body(want),
      plain.some(({ field }) => field === 'iap'),
    )
    return withoutQuoting(members.iap?.oauth2ClientSecret, () =>
      withMode(cloud, id, requestId, (modes, attempt) => {
        const backends = merged(want, got.backends ?? [], modes).map(sent)
        const whole = { ...members, backends }
        // The client library drops empty lists from a PATCH: what empties one is a PUT of everything that was read.
        if ((backends.length === 0 && (got.backends ?? []).length > 0) || empties(want, plain))
          return cloud.compute.update(ref(id), over(got, whole), attempt)
        return cloud.compute.patch(
          ref(id),
          {
            ...changed(whole, plain),
            ...takenOver(got),
            ...(got.fingerprint === undefined ? {} : { fingerprint: got.fingerprint }),
          },
          attempt,
        )
      }),
    )
  },
  remove: (cloud, id, _got, requestId) => cloud.compute.remove(ref(id), requestId),
}

/** What has calls of its own: the policy first, then one key after the other. */
async function changeApart(
  cloud: Cloud,
  id: string,
  want: BackendServiceWant,
  got: BackendService,
  changes: readonly { field: string }[],
  requestId: string,
): Promise<StartedOperation> {
  const { securityPolicy = '' } = want
  if (changes.some(({ field }) => field === 'securityPolicy'))
    return cloud.compute.call(ref(id), 'setSecurityPolicy', { securityPolicy }, requestId)
  const key = nextKey(want, got)
  if ('remove' in key) return cloud.compute.call(ref(id), 'deleteSignedUrlKey', { keyName: key.remove }, requestId)
  const value = await keyValue(cloud, want, key.add)
  return withoutQuoting(value, () =>
    cloud.compute.call(ref(id), 'addSignedUrlKey', { keyName: key.add, keyValue: value }, requestId),
  )
}

/** What a backend already has, stays; only its group and whether it takes traffic are ours. */
function merged(want: BackendServiceWant, present: readonly Backend[], modes: ReadonlySet<string>): Backend[] {
  return want.backends.map(({ group, capacityScaler }) => {
    const had = present.find((backend) => backend.group === group)
    // An operator's share of the capacity is kept; draining, and the end of it, are ours.
    const scaler = capacityScaler === 1 && (had?.capacityScaler ?? 0) > 0 ? had?.capacityScaler : capacityScaler
    return {
      ...(had ?? (modes.has(group) ? byUtilization : byRate)),
      group,
      ...(scaler === undefined ? {} : { capacityScaler: scaler }),
    }
  })
}

/** kubemci never drained connections; what is changed over to us does, unless somebody has set it. */
function takenOver({ description, connectionDraining }: BackendService): BackendService {
  const drains = (connectionDraining?.drainingTimeoutSec ?? 0) > 0
  return readStamp(description).by === 'kubemci' && !drains
    ? { connectionDraining: atCreation.connectionDraining ?? {} }
    : {}
}

/**
 * Tries with our own balancing mode; where another backend service uses one of the groups with UTILIZATION, the API refuses a
 * second mode for it (kubemci issue 216), and then that group is balanced as the other one does it.
 */
async function withMode(
  cloud: Cloud,
  id: string,
  requestId: string,
  send: (modes: ReadonlySet<string>, requestId: string) => Promise<StartedOperation>,
): Promise<StartedOperation> {
  try {
    return await send(new Set(), requestId)
  } catch (error) {
    if (!(error instanceof CloudError) || error.status !== 400 || !/balancing.?mode/i.test(error.message)) throw error
    const { project } = ref(id)
    const others = await cloud.compute.list('backendServices', project)
    const modes = new Set(
      others.flatMap((other) =>
        (other.backends ?? []).flatMap(({ group, balancingMode }) =>
          balancingMode === 'UTILIZATION' && group !== undefined ? [group] : [],
        ),
      ),
    )
    if (modes.size === 0) throw error
    // Another request, so another id: the first was refused.
    return await send(modes, `${requestId.slice(0, -1)}${requestId.endsWith('0') ? '1' : '0'}`)
  }
}
