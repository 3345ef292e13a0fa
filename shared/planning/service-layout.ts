import type { BackendRef } from '../ingress/model.ts'
import { resourceId, type ResourceId } from '../resource-id.ts'
import type { Problem } from '../state/documents.ts'
import type { ClusterFacts, Facts, PortFact } from './facts.ts'
import { backendConfigOf, type BackendConfigLayout } from './configs.ts'
import { healthOf, type HealthSettings } from './health.ts'
import { names } from './names.ts'
import { portProtocol, type BackendProtocol } from './protocols.ts'
import { keepOneGroup, zoneGroups, type ZoneGroup } from './zones.ts'

/** One port of one Service, over all clusters. */
export interface ServiceLayout {
  name: string
  port: number
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
  /** The named port that maps to each cluster's own NodePort. */
  namedPort: string
  backends: ServiceBackend[]
  /** Clusters that no longer serve, while their part is being taken down: traffic may still be on its way to them. */
  leaving: { cluster: string; nodePort: number }[]
  /** Set while it is not known which groups serve it: why its backend service has to wait. */
  hold: string | null
}

/** Where one cluster serves a service. */
export interface ServiceBackend {
  cluster: string
  nodePort: number
  groups: ZoneGroup[]
  drained: boolean
}

/** A port of a service in one cluster. */
export interface Place {
  cluster: ClusterFacts
  port: PortFact
  appProtocols: string | null
}

/** What a service's layout depends on. */
export interface ServiceContext {
  lb: string
  namespace: string
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

/** Lays out one port of a service: `places` serve it, `leaving` did, `known` say what it is like. */
export function layService(
  { lb, namespace, project, kept, drained, served }: ServiceContext,
  service: string,
  port: number,
  { places, leaving, known }: { places: readonly Place[]; leaving: readonly Place[]; known: readonly Place[] },
): ServiceLayout {
  const identity = { namespace, service, port }
  // kubemci wrote the port as the manifest did, by number or by name.
  const ports = [port, ...known.map((place) => place.port.name)]
  const keptName = (kind: 'backend-service' | 'health-check'): string | undefined =>
    ports.map((one) => kept[serviceKey(kind, service, one)]).find((name) => name !== undefined)
  const keptBackend = keptName('backend-service')
  const healthCheckName = keptName('health-check') ?? names.healthCheck(lb, identity)
  const backendServiceName = keptBackend ?? names.backendService(lb, identity)
  // A cluster that does not answer cannot say more: the others go on without what it has not said.
  const pending = places.filter(
    ({ cluster }) =>
      cluster.trouble === null && (cluster.view?.groups.state === 'pending' || cluster.view?.groups.state === 'none'),
  )
  const protocol = portProtocol(known)
  const backendServiceId = resourceId('backend-service', project, backendServiceName)
  const backends = places.flatMap(({ cluster, port: fact }): ServiceBackend[] => {
    const groups = zoneGroups(cluster, served?.[backendServiceId] ?? [])
    if (cluster.view?.groups.state !== 'known' || fact.nodePort === null) return []
    return [{ cluster: cluster.doc.name, nodePort: fact.nodePort, groups, drained: drained.includes(cluster.doc.name) }]
  })
  keepOneGroup(backends)
  const configured = backendConfigOf(namespace, service, known)
  return {
    name: service,
    port,
    protocol,
    health: healthOf(
      protocol,
      known.map((place) => place.port.probe),
      configured.config?.settings.health,
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
    leaving: leaving.flatMap(({ cluster, port: fact }) =>
      fact.nodePort === null ? [] : [{ cluster: cluster.doc.name, nodePort: fact.nodePort }],
    ),
    hold:
      pending.length === 0
        ? null
        : `waits for the instance groups of ${pending.map(({ cluster }) => cluster.doc.name).join(', ')}`,
  }
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
    return fact?.found === true && found !== undefined
      ? [{ cluster, port: found, appProtocols: fact.appProtocols }]
      : []
  })
}
