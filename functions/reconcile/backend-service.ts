import type { Backend, BackendService } from '../../shared/cloud/compute-resources.ts'
import { CloudError, type ComputeRef, type StartedOperation } from '../../shared/cloud/compute-port.ts'
import type { Cloud, Desired, Held, Kind } from '../../shared/engine/kind.ts'
import type { Layout, ServiceLayout } from '../../shared/planning/layout.ts'
import { names, projectPath } from '../../shared/planning/names.ts'
import { negId } from '../../shared/planning/negs.ts'
import { ownership, readStamp, serviceText, stamped } from '../../shared/planning/stamp.ts'
import { groupPath, isThere, type ZoneGroup } from '../../shared/planning/zones.ts'
import { resourceId } from '../../shared/resource-id.ts'
import { readinessOf, type Readiness } from './backend-readiness.ts'
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
  /**
   * Which groups, and whether they take traffic; how they are balanced is written once and then the operator's, unless the
   * Service says it: `share` is the capacity scaler while they take traffic.
   */
  backends: { group: string; capacityScaler: 0 | 1; share?: number; maxRatePerEndpoint?: number }[]
  /** Nothing is sent to it before its backends are healthy. */
  awaited?: true
  /** Of these groups it is told when they are healthy: others go then. */
  successors?: string[]
}

/** Practically unlimited, as kubemci has it: traffic goes to the nearest healthy backend and is not spread by rate. */
const byRate: Backend = { balancingMode: 'RATE', maxRatePerInstance: 1e14 }
const byEndpoint: Backend = { balancingMode: 'RATE', maxRatePerEndpoint: 1e14 }

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
  const { mode } = service
  const backends = service.backends.flatMap((place) => place.groups.flatMap((group) => backendOf(mode, place, group)))
  const groups = service.backends.flatMap((place) => place.groups)
  const namedPorts =
    mode === 'neg' ? [] : groups.map((group) => resourceId('named-ports', group.project, group.zone, group.name))
  // A network endpoint group that is not there would have the API refuse all of them; of one that was not seen it is not known whose it is.
  const negs = mode === 'neg' ? groups.filter(isThere).map(negId) : []
  const successors = service.backends.flatMap((place) => place.successors ?? []).sort()
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
      ...(mode === 'neg' ? {} : { portName: service.namedPort }),
      healthChecks: [projectPath(service.project, 'healthChecks', service.healthCheckName)],
      backends: backends.sort(byGroup),
      ...(service.role === 'awaited' ? { awaited: true as const } : {}),
      ...(service.role === 'awaited' || successors.length === 0 ? {} : { successors }),
      ...configured(layout, service),
    },
    // The groups go with the Ingress object of their cluster: it must outlast our use of them.
    refs: [
      service.healthCheckId,
      ...layout.clusters.filter((cluster) => serving.has(cluster.name)).map((cluster) => cluster.ingressId),
      // kubemci's already serves, under another named port: ours must be there before it is changed over.
      ...(service.adopted ? namedPorts : []),
      ...negs,
    ],
    // A group that leaves keeps its named port until nothing is sent there.
    ...(namedPorts.length === 0 ? {} : { uses: namedPorts }),
  }
}

function backendOf(
  mode: ServiceLayout['mode'],
  { drained, pods }: ServiceLayout['backends'][number],
  group: ZoneGroup,
): BackendServiceWant['backends'] {
  if (!isThere(group)) return []
  const takes = !drained && group.leaving !== true
  return [
    {
      group: groupPath(mode, group),
      capacityScaler: takes ? 1 : 0,
      ...(takes && pods?.share ? { share: pods.share } : {}),
      ...(typeof pods?.rate === 'number' ? { maxRatePerEndpoint: pods.rate } : {}),
    },
  ]
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
  lives: ['load-balancer', 'clusters'],
  owned: ['description', 'protocol', 'portName', 'healthChecks', 'backends', ...configuredFields],
  desire: backendServices,
  async observe(cloud, id, want, before) {
    const got = await cloud.compute.get(ref(id))
    const readiness =
      got === undefined || want === null || (want.awaited !== true && want.successors === undefined)
        ? {}
        : await readinessOf(cloud, ref(id), got, before as Readiness | null, want.successors)
    return { got, ...ownership(got, want), ...readiness }
  },
  project: (got) => ({
    ...got,
    backends: (got.backends ?? [])
      .map(({ group = '', capacityScaler = 1, maxRatePerEndpoint }) => ({
        group,
        capacityScaler: capacityScaler === 0 ? (0 as const) : (1 as const),
        share: capacityScaler,
        ...(maxRatePerEndpoint === undefined ? {} : { maxRatePerEndpoint }),
      }))
      .sort(byGroup),
    signedUrlKeyNames: keyNames(got),
  }),
  async create(cloud, id, want, requestId) {
    const whole = await written(cloud, bodyOf(want), true)
    return withoutQuoting(whole.iap?.oauth2ClientSecret, () =>
      withMode(cloud, id, requestId, (modes, attempt) =>
        cloud.compute.insert(
          ref(id),
          // A policy can only be given to what exists: until it has its own, nothing stands behind it.
          { ...atCreation, ...whole, backends: isGuarded(want) ? [] : merged(want, [], modes).map(sent) },
          attempt,
        ),
      ),
    )
  },
  async update(cloud, id, want, got, changes, requestId) {
    const plain = changes.filter((change) => !isApart(change))
    const unguarded = isGuarded(want) && changes.some(({ field }) => field === 'securityPolicy')
    if (plain.length === 0 || unguarded) return changeApart(cloud, id, want, got, changes, requestId)
    const members = await written(
      cloud,
      bodyOf(want),
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

/** Requests must not get past a security policy. */
function isGuarded({ securityPolicy = '' }: BackendServiceWant): boolean {
  return securityPolicy !== ''
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

/** What is sent, without what only we need and the backends, which are merged with what is there. */
function bodyOf({
  awaited: _awaited,
  successors: _successors,
  backends: _backends,
  ...want
}: BackendServiceWant): Omit<BackendServiceWant, keyof Stamped | 'awaited' | 'successors' | 'backends'> {
  return body(want)
}

/** What a backend already has, stays; its group, whether it takes traffic, and what its Service says, are ours. */
function merged(want: BackendServiceWant, present: readonly Backend[], modes: ReadonlySet<string>): Backend[] {
  return want.backends.map(({ group, capacityScaler, share, maxRatePerEndpoint }) => {
    const had = present.find((backend) => backend.group === group)
    // An operator's share of the capacity is kept; draining, and the end of it, are ours.
    const kept = capacityScaler === 1 && (had?.capacityScaler ?? 0) > 0 ? had?.capacityScaler : capacityScaler
    const scaler = share ?? kept
    const first = group.includes('/networkEndpointGroups/') ? byEndpoint : modes.has(group) ? byUtilization : byRate
    return {
      ...(had ?? first),
      group,
      ...(scaler === undefined ? {} : { capacityScaler: scaler }),
      ...(maxRatePerEndpoint === undefined ? {} : { maxRatePerEndpoint }),
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
