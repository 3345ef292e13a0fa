import type { HealthSource } from '../../playground/compute/compute.ts'
import type { JsonObject } from '../../playground/compute/json.ts'
import type { SimulatedCluster } from '../../playground/kubernetes/cluster.ts'
import { project, type World } from './world.ts'

/**
 * Who is served from where, as the simulated Compute is configured and the clusters are at this moment. It reads the load
 * balancer from the front, forwarding rule to pod, and shares no code with the planner.
 */

/** One backend service that a forwarding rule leads to. */
export interface Served {
  /** `namespace/name` of the Kubernetes service that its description names; '' = none. */
  service: string
  /** Clusters from which a request would be answered by a pod of just that service. */
  clusters: ReadonlySet<string>
}

/** By backend service name, for each forwarding rule by its name. */
export type Serving = ReadonlyMap<string, ReadonlyMap<string, Served>>

export function servingOf(world: World): Serving {
  const fronts = new Map<string, ReadonlyMap<string, Served>>()
  const known = new Map<string, Served>()
  for (const [name, { urlMap }] of followed(world)) {
    const services = new Map<string, Served>()
    for (const path of backendServicesOf(urlMap)) {
      const served = known.get(path) ?? servedBy(world, path)
      known.set(path, served)
      services.set(path.split('/').at(-1) ?? '', served)
    }
    fronts.set(name, services)
  }
  return fronts
}

/** Forwarding rules, by name, whose proxy has a certificate that clients can be served with. */
export function certifiedIn(world: World): ReadonlySet<string> {
  const certified = new Set<string>()
  for (const [name, { proxy }] of followed(world)) {
    const certificates = list(proxy['sslCertificates']).map((one) => world.compute.get(relative(one))?.body)
    if (certificates.some((body) => body !== undefined && isActive(body))) certified.add(name)
  }
  return certified
}

function isActive(certificate: JsonObject): boolean {
  const managed = certificate['managed'] as JsonObject | undefined
  return managed === undefined || managed['status'] === 'ACTIVE'
}

/** What a forwarding rule leads to. */
export interface Followed {
  proxy: JsonObject
  urlMap: JsonObject
}

/** Every forwarding rule that leads to a URL map, by its name. */
export function followed(world: World): ReadonlyMap<string, Followed> {
  const fronts = new Map<string, Followed>()
  for (const { name, body } of world.compute.list('forwardingRules', project)) {
    const proxy = follow(world, body['target'])
    const urlMap = proxy === undefined ? undefined : follow(world, proxy['urlMap'])
    if (proxy !== undefined && urlMap !== undefined) fronts.set(name, { proxy, urlMap })
  }
  return fronts
}

/** Who answers for a backend service, by its path. */
export function servedBy(world: World, path: string): Served {
  const body = world.compute.get(path)?.body
  const { service } = serviceIn(body ?? {})
  const clusters = new Set<string>()
  const check = world.compute.get(relative(list(body?.['healthChecks'])[0]))
  if (body === undefined || check === undefined) return { service, clusters }
  for (const backend of list(body['backends']) as JsonObject[]) {
    if (backend['capacityScaler'] === 0) continue
    for (const member of membersOf(world, body, relative(backend['group']))) {
      const cluster = clusterOf(world, member.instance)
      if (cluster !== undefined && !clusters.has(cluster.name) && reached(world, cluster, member) === service)
        clusters.add(cluster.name)
    }
  }
  return { service, clusters }
}

/** Network endpoint groups in a backend service that are of another service than it is itself, in words. */
export function strangersIn(world: World, body: JsonObject): string[] {
  const { service } = serviceIn(body)
  return (list(body['backends']) as JsonObject[]).flatMap((backend) => {
    const group = relative(backend['group'])
    // As the in-cluster controller describes them.
    const about = text(world.compute.get(group)?.body['description'])
    const [, namespace = ''] = /"namespace":"([^"]*)"/.exec(about) ?? []
    const [, name = ''] = /"service-name":"([^"]*)"/.exec(about) ?? []
    if (service === '' || name === '' || service === `${namespace}/${name}`) return []
    return [`a backend service of ${service} has ${group}, which is of ${namespace}/${name}`]
  })
}

/** What Compute says of the health of a group's members: as a check would find them. */
export function healthIn(world: World): HealthSource {
  return (path, group) => {
    const body = world.compute.get(path)?.body
    if (body === undefined) return []
    const { service } = serviceIn(body)
    return membersOf(world, body, group).map((member) => {
      const cluster = clusterOf(world, member.instance)
      const healthy = cluster !== undefined && reached(world, cluster, member) === service
      return { instance: member.instance, healthState: healthy ? 'HEALTHY' : 'UNHEALTHY' }
    })
  }
}

function serviceIn(body: JsonObject): { service: string } {
  return { service: /"kubernetes.io\/service-name":"([^"]+)"/.exec(text(body['description']))?.[1] ?? '' }
}

/** A machine behind a named port, or a pod at its own port. */
interface Member {
  instance: string
  port: number
  /** The pod's address; undefined = the port is a NodePort. */
  address: string | undefined
}

function membersOf(world: World, service: JsonObject, path: string): Member[] {
  const group = world.compute.get(path)
  if (group === undefined) return []
  if (path.includes('/networkEndpointGroups/'))
    return group.members.map((member) => ({
      instance: relative(member['instance']),
      port: Number(member['port']),
      address: text(member['ipAddress']),
    }))
  const named = list(group.body['namedPorts']) as { name?: string; port?: number }[]
  const port = named.find(({ name }) => name === service['portName'])?.port
  if (port === undefined) return []
  return group.members.map((member) => ({ instance: relative(member['instance']), port, address: undefined }))
}

/** The service that answers a request to a member, through the firewall. */
function reached(world: World, cluster: SimulatedCluster, { instance, port, address }: Member): string | undefined {
  if (!isOpen(world, instance, port)) return undefined
  return answers(address === undefined ? cluster.dialNode(instance, port) : cluster.dialPod(address, port))
}

/** The service whose pod answers; undefined when nobody does. */
function answers(connection: ReturnType<SimulatedCluster['dialNode']>): string | undefined {
  if (connection === undefined) return undefined
  const answer = connection({ method: 'GET', path: '/', host: '', headers: { accept: 'application/json' } })
  const { namespace, service } = JSON.parse(answer.body) as { namespace: string; service: string }
  return `${namespace}/${service}`
}

function isOpen(world: World, instance: string, port: number): boolean {
  const tags = list((world.compute.get(instance)?.body['tags'] as JsonObject | undefined)?.['items'])
  return world.compute.list('firewalls', project).some(({ body }) => {
    const reaches = list(body['targetTags']).some((tag) => tags.includes(tag))
    const allowed = list(body['allowed']) as { ports?: string[] }[]
    return reaches && allowed.some(({ ports }) => ports?.includes(String(port)))
  })
}

function clusterOf(world: World, instance: string): SimulatedCluster | undefined {
  const name = instance.split('/').at(-1) ?? ''
  return [...world.clusters.values()].find((cluster) => cluster.nodes().some((node) => node.name === name))
}

function backendServicesOf(map: JsonObject): Set<string> {
  const found = new Set<string>()
  const add = (reference: unknown): void => {
    if (typeof reference === 'string') found.add(relative(reference))
  }
  add(map['defaultService'])
  for (const matcher of list(map['pathMatchers']) as JsonObject[]) {
    add(matcher['defaultService'])
    for (const rule of list(matcher['pathRules']) as JsonObject[]) add(rule['service'])
  }
  return found
}

function follow(world: World, reference: unknown): JsonObject | undefined {
  return typeof reference === 'string' ? world.compute.get(relative(reference))?.body : undefined
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : []
}

/** A reference as a path. */
export function relative(reference: unknown): string {
  return typeof reference === 'string' ? reference.replace(/^.*\/compute\/v1\//, '') : ''
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
