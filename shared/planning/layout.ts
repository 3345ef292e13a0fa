import { backendRefs, ingressId, type BackendRef, type IngressModel } from '../ingress/model.ts'
import { resourceId, type ResourceId } from '../resource-id.ts'
import type { IngressDoc, Problem } from '../state/documents.ts'
import { cannotServe, gaps, nowhere, withoutGroups } from './complaints.ts'
import type { ClusterFacts, Facts, PortFact } from './facts.ts'
import { healthOf, type HealthSettings } from './health.ts'
import { defaultLoadBalancer, names } from './names.ts'
import { portProtocol, type BackendProtocol } from './protocols.ts'

/**
 * The load balancer of one Ingress, laid out: which services, served from where, under which names. The kinds read their
 * wants off it. Pure, and in a stable order.
 */
export interface Layout {
  /** `namespace/name` of the Ingress. */
  ingress: string
  model: IngressModel
  /** The load balancer's name. */
  lb: string
  project: string
  scheme: 'EXTERNAL_MANAGED' | 'EXTERNAL'
  services: ServiceLayout[]
  clusters: ClusterLayout[]
  /** The address resource, reserved by us or named by the user. */
  address: { id: ResourceId; name: string; ours: boolean }
  ip: string | null
  /** Resolves what the manifest says to a service of `services`; undefined only for refused plans. */
  service(ref: BackendRef): ServiceLayout | undefined
}

/** One selected cluster. */
export interface ClusterLayout {
  name: string
  facts: ClusterFacts
  drained: boolean
  /** The matching Ingress object there. */
  ingressId: ResourceId
}

/** One port of one Service, over all clusters. */
export interface ServiceLayout {
  name: string
  port: number
  protocol: BackendProtocol
  health: HealthSettings
  healthCheckId: ResourceId
  healthCheckName: string
  backendServiceId: ResourceId
  backendServiceName: string
  /** The named port that maps to each cluster's own NodePort. */
  namedPort: string
  backends: ServiceBackend[]
  /** Set while it is not known which groups serve it: why its backend service has to wait. */
  hold: string | null
}

/** Where one cluster serves a service. */
export interface ServiceBackend {
  cluster: string
  nodePort: number
  groups: { project: string; zone: string; name: string }[]
  drained: boolean
}

/** What laying out came to. Problems refuse the plan; warnings degrade it. */
export interface LaidOut {
  layout: Layout
  problems: Problem[]
  warnings: Problem[]
}

/** The parts of a layout that need no facts: names and ids. */
export function nameLayout(
  doc: Pick<IngressDoc, 'model' | 'names'>,
  facts: Pick<Facts, 'project'>,
): Pick<Layout, 'ingress' | 'lb' | 'address'> {
  const { model } = doc
  const lb = model.settings.loadBalancer ?? defaultLoadBalancer(model.namespace, model.name)
  const addressName = model.settings.staticIp ?? names.address(lb)
  return {
    ingress: ingressId(model),
    lb,
    address: {
      id: resourceId('address', facts.project, addressName),
      name: addressName,
      ours: model.settings.staticIp === null,
    },
  }
}

/** The id of the matching Ingress object in a cluster. */
export function clusterIngressId(cluster: string, model: { namespace: string; name: string }): ResourceId {
  return resourceId('cluster-ingress', cluster, model.namespace, model.name)
}

/** Lays out an Ingress over clusters that have all been seen, or been given up on for now. */
export function layOut(
  doc: Pick<IngressDoc, 'model' | 'names'>,
  clusters: readonly ClusterFacts[],
  drained: readonly string[],
  facts: Facts,
): LaidOut {
  const { model } = doc
  const named = nameLayout(doc, facts)
  const problems: Problem[] = []
  const warnings: Problem[] = []
  const services = new Map<string, ServiceLayout>()
  const byRef = new Map<string, ServiceLayout>()
  for (const ref of backendRefs(model)) {
    const port = portNumber(ref, clusters)
    const found = port === undefined ? [] : placesOf(ref.service, port, clusters)
    if (port === undefined || found.length === 0) {
      problems.push(...nowhere(model, ref, clusters))
      continue
    }
    const key = `${ref.service}:${port}`
    const service = services.get(key) ?? layService(named, doc, facts.project, ref.service, port, found, drained)
    services.set(key, service)
    byRef.set(`${ref.service}:${ref.port}`, service)
    warnings.push(...gaps(model, ref, port, clusters))
  }
  const list = [...services.values()].sort((a, b) => (a.backendServiceName < b.backendServiceName ? -1 : 1))
  for (const service of list) problems.push(...cannotServe(model, service, clusters))
  warnings.push(...clusters.flatMap(withoutGroups))
  const scheme = model.settings.scheme ?? 'EXTERNAL_MANAGED'
  if (scheme === 'EXTERNAL' && model.defaultBackend === null) {
    problems.push({
      where: 'spec.defaultBackend',
      message:
        'the classic scheme (EXTERNAL) needs a default backend: add spec.defaultBackend, or use the scheme EXTERNAL_MANAGED',
    })
  }
  return {
    layout: {
      ...named,
      model,
      project: facts.project,
      scheme,
      services: list,
      clusters: clusters.map((cluster) => ({
        name: cluster.doc.name,
        facts: cluster,
        drained: drained.includes(cluster.doc.name),
        ingressId: clusterIngressId(cluster.doc.name, model),
      })),
      ip: facts.ip,
      service: (ref) => byRef.get(`${ref.service}:${ref.port}`),
    },
    problems,
    warnings,
  }
}

/** A port of a service in one cluster. */
interface Place {
  cluster: ClusterFacts
  port: PortFact
  appProtocols: string | null
}

function layService(
  named: Pick<Layout, 'ingress' | 'lb'>,
  doc: Pick<IngressDoc, 'model' | 'names'>,
  project: string,
  service: string,
  port: number,
  places: Place[],
  drained: readonly string[],
): ServiceLayout {
  const identity = { namespace: doc.model.namespace, service, port }
  const key = `${service}:${port}`
  const healthCheckName = doc.names[`health-check ${key}`] ?? names.healthCheck(named.lb, identity)
  const backendServiceName = doc.names[`backend-service ${key}`] ?? names.backendService(named.lb, identity)
  // A cluster that does not answer cannot say more: the others go on without what it has not said.
  const pending = places.filter(
    ({ cluster }) =>
      cluster.trouble === null && (cluster.view?.groups.state === 'pending' || cluster.view?.groups.state === 'none'),
  )
  const protocol = portProtocol(places)
  return {
    name: service,
    port,
    protocol,
    health: healthOf(
      protocol,
      places.map((place) => place.port.probe),
    ),
    healthCheckId: resourceId('health-check', project, healthCheckName),
    healthCheckName,
    backendServiceId: resourceId('backend-service', project, backendServiceName),
    backendServiceName,
    namedPort: names.namedPort(identity),
    backends: places.flatMap(({ cluster, port: fact }) => {
      const groups = cluster.view?.groups
      if (groups?.state !== 'known' || fact.nodePort === null) return []
      const at = groups.groups.map((group) => ({ project: cluster.doc.registration.project, ...group }))
      return [
        { cluster: cluster.doc.name, nodePort: fact.nodePort, groups: at, drained: drained.includes(cluster.doc.name) },
      ]
    }),
    hold:
      pending.length === 0
        ? null
        : `waits for the instance groups of ${pending.map(({ cluster }) => cluster.doc.name).join(', ')}`,
  }
}

/** A port given by name is the number that the first cluster (by name) which has it says. */
function portNumber(ref: BackendRef, clusters: readonly ClusterFacts[]): number | undefined {
  if (typeof ref.port === 'number') return ref.port
  for (const cluster of clusters) {
    const service = cluster.view?.services[ref.service]
    const port = service?.found === true ? service.ports.find((candidate) => candidate.name === ref.port) : undefined
    if (port !== undefined) return port.port
  }
  return undefined
}

function placesOf(service: string, port: number, clusters: readonly ClusterFacts[]): Place[] {
  return clusters.flatMap((cluster) => {
    const fact = cluster.view?.services[service]
    const found = fact?.found === true ? fact.ports.find((candidate) => candidate.port === port) : undefined
    return fact?.found === true && found !== undefined
      ? [{ cluster, port: found, appProtocols: fact.appProtocols }]
      : []
  })
}
