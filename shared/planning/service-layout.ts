import type { BackendRef, IngressModel } from '../ingress/model.ts'
import { resourceId, type ResourceId } from '../resource-id.ts'
import type { Problem } from '../state/documents.ts'
import type { ClusterFacts, Facts, PortFact, ServedGroup } from './facts.ts'
import { backendConfigOf, type BackendConfigLayout } from './configs.ts'
import { healthOf, type HealthSettings } from './health.ts'
import { words, type BackendMode } from './modes.ts'
import { names } from './names.ts'
import { capacityOf, negKey, type Capacity, type NegFact } from './negs.ts'
import { portProtocol, type BackendProtocol } from './protocols.ts'
import { succeeding } from './successors.ts'
import { keepOneGroup, zoneGroups, type ZoneGroup } from './zones.ts'

/** One port of one Service, over all clusters. */
export interface ServiceLayout {
  name: string
  /** The project of its backend service and health check: its clusters' own. */
  project: string
  port: number
  mode: BackendMode
  /**
   * One that changes its mode is laid out twice: as it serves (`retained`), and as it will once that was seen to work
   * (`awaited`).
   */
  role: 'serves' | 'retained' | 'awaited'
  protocol: BackendProtocol
  health: HealthSettings
  /** What its BackendConfig asks for; null = it has none. */
  config: BackendConfigLayout | null
  /** What is wrong with that, and what is worth knowing. */
  configWrong: Problem[]
  configNotices: Problem[]
  healthCheckId: ResourceId
  healthCheckName: string
  backendServiceId: ResourceId
  backendServiceName: string
  /** Its names are kubemci's: it served before us, under another named port. */
  adopted: boolean
  /** The named port that maps to each cluster's own NodePort; of no meaning for network endpoint groups. */
  namedPort: string
  backends: ServiceBackend[]
  /** Where traffic may still be on its way to, and by which ports: clusters that are being taken out, or another mode. */
  leaving: { cluster: string; ports: number[] }[]
  /** Set while it is not known which groups serve it: why its backend service has to wait. */
  hold: string | null
}

/** Where one cluster serves a service. */
export interface ServiceBackend {
  cluster: string
  /** null = by network endpoint groups, which need none. */
  nodePort: number | null
  groups: ZoneGroup[]
  drained: boolean
  /** Absent = by instance groups. */
  pods?: PodBackend
  /** Groups, by path, that are to be healthy before those go whose place they take; absent = none. */
  successors?: string[]
}

/** What is peculiar to pods that are reached without a NodePort. */
export interface PodBackend {
  /** The container ports. */
  ports: number[]
  /** Requests per second of one endpoint; null = whatever it is. */
  rate: number | null
  /** Share of the capacity; null = whatever it is. */
  share: number | null
}

/** A port of a service in one cluster. */
export interface Place {
  cluster: ClusterFacts
  port: PortFact
  appProtocols: string | null
  neg: string | null
  /** Its network endpoint groups; undefined = it was not asked for any. */
  negs: readonly NegFact[] | undefined
  capacity: Capacity
}

/** What a service's layout depends on. */
export interface ServiceContext {
  lb: string
  model: Pick<IngressModel, 'namespace' | 'name' | 'services' | 'configs'>
  /** The service's own. */
  project: string
  /** Names kept from before, by what they name. */
  kept: Readonly<Record<string, string>>
  drained: readonly string[]
  /** What backend services were last wanted to have. */
  served: Facts['served']
}

/** The key under which a service's kept names are noted: `backend-service <service>:<port>`. */
export function serviceKey(kind: 'backend-service' | 'health-check', service: string, port: number | string): string {
  return `${kind} ${service}:${port}`
}

/** The names that the backend service of one port of a service can have. */
export function backendServiceNames(
  { lb, model, kept }: Pick<ServiceContext, 'lb' | 'model' | 'kept'>,
  service: string,
  port: number,
  known: readonly Place[],
): string[] {
  const ports = [port, ...known.map((place) => place.port.name)]
  const identity = { namespace: model.namespace, service, port }
  return [
    ...ports.flatMap((one) => kept[serviceKey('backend-service', service, one)] ?? []),
    names.backendService(lb, identity, 'instance-groups'),
    names.backendService(lb, identity, 'neg'),
  ]
}

/** The places of one port of a service: `places` serve it, `leaving` did, `known` say what it is like. */
export interface ServicePlaces {
  places: readonly Place[]
  leaving: readonly Place[]
  known: readonly Place[]
}

/** Lays out one port of a service in one mode. */
export function layService(
  { lb, model, project, kept, drained, served }: ServiceContext,
  service: string,
  port: number,
  mode: BackendMode,
  { places, leaving, known }: ServicePlaces,
): ServiceLayout {
  const identity = { namespace: model.namespace, service, port }
  // kubemci wrote the port as the manifest did, by number or by name.
  const ports = [port, ...known.map((place) => place.port.name)]
  const keptName = (kind: 'backend-service' | 'health-check'): string | undefined =>
    mode === 'neg'
      ? undefined
      : ports.map((one) => kept[serviceKey(kind, service, one)]).find((name) => name !== undefined)
  const keptBackend = keptName('backend-service')
  const healthCheckName = keptName('health-check') ?? names.healthCheck(lb, identity, mode)
  const backendServiceName = keptBackend ?? names.backendService(lb, identity, mode)
  const protocol = portProtocol(known)
  const backendServiceId = resourceId('backend-service', project, backendServiceName)
  const before = served?.[backendServiceId] ?? []
  const backends = places.flatMap((place): ServiceBackend[] => backendAt(model, service, place, mode, before, drained))
  keepOneGroup(backends)
  // A cluster that does not answer cannot say more: the others go on without what it has not said.
  const answering = places.filter((place) => place.cluster.trouble === null)
  const pending = answering.filter((place) => isPending(place, service, mode))
  const unseen = backends.filter(({ groups }) => groups.some((group) => group.unseen === true))
  const configured = backendConfigOf(model, service, known)
  return {
    name: service,
    project,
    port,
    mode,
    role: 'serves',
    protocol,
    health: healthOf(
      protocol,
      known.map((place) => place.port.probe),
      configured.config?.settings.health,
      mode,
    ),
    config: configured.config,
    configWrong: configured.wrong,
    configNotices: configured.notices,
    healthCheckId: resourceId('health-check', project, healthCheckName),
    healthCheckName,
    backendServiceId,
    backendServiceName,
    adopted: keptBackend !== undefined && keptBackend !== names.backendService(lb, identity),
    namedPort: names.namedPort(identity),
    backends,
    leaving: openPorts(leaving, mode),
    hold:
      pending.length > 0
        ? `waits for the ${words[mode]} of ${pending.map(({ cluster }) => cluster.doc.name).join(', ')}`
        : unseen.length > 0
          ? `waits for a look at the ${words[mode]} of ${unseen.map(({ cluster }) => cluster).join(', ')}`
          : null,
  }
}

/** The cluster may still say which groups it has. */
function isPending({ cluster: { view }, port, negs = [] }: Place, service: string, mode: BackendMode): boolean {
  if (mode === 'instance-groups') return view?.groups.state === 'pending' || view?.groups.state === 'none'
  const overdue = view?.lacking?.overdue === true && view.lacking.what.includes(negKey(service, port.port))
  return negs.length === 0 && !overdue
}

function backendAt(
  model: ServiceContext['model'],
  service: string,
  { cluster, port, negs = [], capacity }: Place,
  mode: BackendMode,
  before: readonly ServedGroup[],
  drained: readonly string[],
): ServiceBackend[] {
  const { name } = cluster.doc
  const isDrained = drained.includes(name)
  if (mode === 'neg') {
    if (negs.length === 0) return []
    const { groups, successors } = succeeding(model, service, port.port, cluster, negs, before)
    const pods = { ports: port.targets ?? [], rate: capacity.rate, share: capacity.share }
    return [
      {
        cluster: name,
        nodePort: null,
        groups,
        drained: isDrained || capacity.share === 0,
        pods,
        ...(successors.length === 0 ? {} : { successors }),
      },
    ]
  }
  const { groups } = cluster.view ?? {}
  if (groups?.state !== 'known' || port.nodePort === null) return []
  return [
    {
      cluster: name,
      nodePort: port.nodePort,
      groups: zoneGroups(cluster, mode, groups.groups, before),
      drained: isDrained,
    },
  ]
}

/** The ports by which a mode comes to places, as far as they are known. */
export function openPorts(places: readonly Place[], mode: BackendMode): ServiceLayout['leaving'] {
  return places.flatMap(({ cluster, port }) => {
    const ports = mode === 'neg' ? (port.targets ?? []) : port.nodePort === null ? [] : [port.nodePort]
    return ports.length === 0 ? [] : [{ cluster: cluster.doc.name, ports }]
  })
}

/** A port given by name is the number that the first cluster (by name) which has it says. */
export function portNumber(ref: BackendRef, clusters: readonly ClusterFacts[]): number | undefined {
  if (typeof ref.port === 'number') return ref.port
  for (const cluster of clusters) {
    const service = cluster.view?.services[ref.service]
    const port = service?.found === true ? service.ports.find((candidate) => candidate.name === ref.port) : undefined
    if (port !== undefined) return port.port
  }
  return undefined
}

/** Where a port of a service is. */
export function placesOf(service: string, port: number, clusters: readonly ClusterFacts[]): Place[] {
  return clusters.flatMap((cluster) => {
    const fact = cluster.view?.services[service]
    const found = fact?.found === true ? fact.ports.find((candidate) => candidate.port === port) : undefined
    if (fact?.found !== true || found === undefined) return []
    const { appProtocols, neg, negs } = fact
    return [{ cluster, port: found, appProtocols, neg, negs: negs?.[port], capacity: capacityOf(fact) }]
  })
}
