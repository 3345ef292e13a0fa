import { reachable } from './firewall.ts'
import type { Connection, Dialler } from './pods.ts'
import { regionOfZone } from './regions.ts'
import type { Replica } from './replica.ts'
import type { Backend, Firewall } from './resources.ts'

/** One place that a backend service can send requests to. */
export interface Endpoint {
  /** Tells endpoints of a backend service apart: group, machine or address, and port. */
  key: string
  backend: Backend
  region: string
  /** A machine of an instance group, or an address of a network endpoint group. */
  kind: 'node' | 'pod'
  /** projects/P/zones/Z/instances/I; '' for an address that names no machine. */
  instance: string
  ipAddress: string
  /** Undefined when the instance group lacks the named port: nothing can be sent there. */
  port: number | undefined
}

/** Everything that a backend service's groups hold now, and the links that this rests on. */
export function expand(replica: Replica, serviceLink: string): { endpoints: Endpoint[]; restsOn: string[] } {
  const service = replica.get('backendServices', serviceLink)
  if (service === undefined) return { endpoints: [], restsOn: [serviceLink] }
  const restsOn = [serviceLink]
  const endpoints = service.backends.flatMap((backend): Endpoint[] => {
    restsOn.push(backend.group)
    const { zone, region } = whereIs(backend.group)
    const place = { backend, region }
    const group = replica.get('instanceGroups', backend.group)
    if (group !== undefined) {
      const ports = (group.namedPorts.get(service.portName) ?? []).map(({ port }) => port)
      return group.members.flatMap(({ instance }) => {
        restsOn.push(instance)
        const ipAddress = replica.get('instances', instance)?.networkInterfaces[0]?.networkIP ?? ''
        return (ports.length === 0 ? [undefined] : ports).map((port) => ({
          ...place,
          key: `${backend.group} ${instance} ${port ?? 'none'}`,
          kind: 'node' as const,
          instance,
          ipAddress,
          port,
        }))
      })
    }
    const neg = replica.get('networkEndpointGroups', backend.group)
    return (neg?.members ?? []).map((endpoint) => {
      const instance = endpoint.instance === undefined ? '' : instanceLink(endpoint.instance, backend.group, zone)
      restsOn.push(instance)
      return {
        ...place,
        key: `${backend.group} ${endpoint.ipAddress} ${endpoint.port}`,
        kind: 'pod' as const,
        instance,
        ipAddress: endpoint.ipAddress,
        port: endpoint.port,
      }
    })
  })
  return { endpoints, restsOn }
}

/** Zone and region of a zonal or regional group. */
function whereIs(group: string): { zone: string; region: string } {
  const zone = /\/zones\/([^/]+)\//.exec(group)?.[1] ?? ''
  const region = /\/regions\/([^/]+)\//.exec(group)?.[1] ?? regionOfZone(zone)
  return { zone, region }
}

/** An endpoint names its machine by URL or by bare name in the group's zone. */
function instanceLink(named: string, group: string, zone: string): string {
  const at = named.indexOf('projects/')
  if (at >= 0) return named.slice(at)
  const project = /^projects\/([^/]+)\//.exec(group)?.[1] ?? ''
  return `projects/${project}/zones/${zone}/instances/${named.slice(named.lastIndexOf('/') + 1)}`
}

/** Opens a connection to a port of an endpoint as a Google front end would: through the network's firewall. */
export type DialEndpoint = (endpoint: Endpoint, port: number) => Connection | undefined

/** Firewall rules are read anew at every connection: a rule that goes cuts probes and requests at once. */
export function createDialEndpoint(replica: Replica, dialler: Dialler): DialEndpoint {
  let byNetwork: Map<string, Firewall[]> | undefined
  replica.onApplied((collection) => {
    if (collection === 'firewalls') byNetwork = undefined
  })

  function rulesOf(network: string): readonly Firewall[] {
    byNetwork ??= Map.groupBy(replica.all('firewalls').values(), (rule) => rule.network ?? '')
    return byNetwork.get(network) ?? []
  }

  return (endpoint, port) => {
    const machine = replica.get('instances', endpoint.instance)
    const network =
      machine?.networkInterfaces[0]?.network ??
      replica.get('networkEndpointGroups', endpoint.backend.group)?.network ??
      ''
    if (!reachable(rulesOf(network), { network, tags: machine?.tags.items ?? [] }, port)) return undefined
    return endpoint.kind === 'node'
      ? dialler.dialNode(endpoint.instance, port)
      : dialler.dialPod(endpoint.ipAddress, port)
  }
}
