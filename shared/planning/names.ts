import { hashOf } from '../json.ts'
import type { BackendMode } from './modes.ts'

/**
 * Names of Compute resources: kubemci's scheme (`mci1-<kind>--<load balancer>`), so that what it made is found again.
 * Backend services and health checks carry a hash of what they serve instead of kubemci's NodePort, which differs between
 * clusters. A name over 63 characters ends in a hash of the whole, where kubemci cut it and collided.
 */

/** GCE: 1 to 63 characters, a lower-case letter first, then letters, digits and hyphens, no hyphen last. */
export const gceName = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/

const longest = 63

function fit(name: string): string {
  return name.length <= longest ? name : `${name.slice(0, longest - 9).replace(/-+$/, '')}-${hashOf(name).slice(0, 8)}`
}

/** The letters are kubemci's: `fw` is the HTTP forwarding rule and `fr` the firewall rule. */
export const names = {
  healthCheck: (lb: string, service: ServiceIdentity, mode: BackendMode = 'instance-groups') =>
    fit(`mci1-hc-${sort(mode)}${serviceHash(service)}--${lb}`),
  /** Another name in each mode (decision 13): a service moves from the one to the other without a gap. */
  backendService: (lb: string, service: ServiceIdentity, mode: BackendMode = 'instance-groups') =>
    fit(`mci1-be-${sort(mode)}${serviceHash(service)}--${lb}`),
  /** The backend service without backends that a URL map without a default backend needs. */
  noBackend: (lb: string) => fit(`mci1-be-none--${lb}`),
  urlMap: (lb: string) => fit(`mci1-um--${lb}`),
  /** HTTP's own URL map while it redirects; the letters are ingress-gce's. */
  redirectMap: (lb: string) => fit(`mci1-rm--${lb}`),
  httpProxy: (lb: string) => fit(`mci1-tp--${lb}`),
  httpsProxy: (lb: string) => fit(`mci1-tps--${lb}`),
  httpRule: (lb: string) => fit(`mci1-fw--${lb}`),
  httpsRule: (lb: string) => fit(`mci1-fws--${lb}`),
  /** `fingerprint` is of its content: a changed certificate is another resource. */
  certificate: (lb: string, fingerprint: string) => fit(`mci1-ssl-${fingerprint.slice(0, 10)}--${lb}`),
  address: (lb: string) => fit(`mci1-ip--${lb}`),
  address6: (lb: string) => fit(`mci1-ip6--${lb}`),
  httpRule6: (lb: string) => fit(`mci1-fw6--${lb}`),
  httpsRule6: (lb: string) => fit(`mci1-fws6--${lb}`),
  firewall: (lb: string) => fit(`mci1-fr--${lb}`),
  /** The same load balancer's rule in another network. */
  firewallIn: (lb: string, network: string) => fit(`mci1-fr-${hashOf(network).slice(0, 6)}--${lb}`),
  namedPort: (service: ServiceIdentity) => `mci1-${serviceHash(service)}`,
} as const

function sort(mode: BackendMode): string {
  return mode === 'neg' ? 'neg-' : ''
}

/** Whether a name is that of a backend service or health check over network endpoint groups. */
export function isNegName(name: string): boolean {
  return /^mci1-(be|hc)-neg-/.test(name)
}

/** What there is once per load balancer. */
export interface LoadBalancerNames {
  urlMap: string
  httpProxy: string
  httpsProxy: string
  httpRule: string
  httpsRule: string
  firewall: string
}

/** The names of a load balancer: those that `kept` has (kubemci's, where it cut a long name differently), else ours. */
export function loadBalancerNames(lb: string, kept: Readonly<Record<string, string>> = {}): LoadBalancerNames {
  return {
    urlMap: kept['urlMap'] ?? names.urlMap(lb),
    httpProxy: kept['httpProxy'] ?? names.httpProxy(lb),
    httpsProxy: kept['httpsProxy'] ?? names.httpsProxy(lb),
    httpRule: kept['httpRule'] ?? names.httpRule(lb),
    httpsRule: kept['httpsRule'] ?? names.httpsRule(lb),
    firewall: kept['firewall'] ?? names.firewall(lb),
  }
}

/** kubemci's own way with a name over 62 characters: cut, and a `0` behind it. */
function cut(name: string): string {
  return name.length <= 62 ? name : `${name.slice(0, 62)}0`
}

/** Whether a name of the scheme is of this load balancer, by kubemci's way with long names or by ours. */
export function isNamedFor(name: string, lb: string): boolean {
  const whole = `${name.slice(0, Math.max(0, name.indexOf('--')))}--${lb}`
  return name === cut(whole) || name === fit(whole)
}

/** The names that kubemci gave to the parts of a load balancer. */
export function kubemciNames(lb: string): LoadBalancerNames & { certificate: string } {
  return {
    urlMap: cut(`mci1-um--${lb}`),
    httpProxy: cut(`mci1-tp--${lb}`),
    httpsProxy: cut(`mci1-tps--${lb}`),
    httpRule: cut(`mci1-fw--${lb}`),
    httpsRule: cut(`mci1-fws--${lb}`),
    firewall: cut(`mci1-fr--${lb}`),
    certificate: cut(`mci1-ssl--${lb}`),
  }
}

/** What a backend service serves: one port of one Kubernetes service. */
export interface ServiceIdentity {
  namespace: string
  service: string
  port: number
}

function serviceHash({ namespace, service, port }: ServiceIdentity): string {
  return hashOf(`${namespace}/${service}/${port}`).slice(0, 8)
}

/** The load balancer's name when no annotation gives one: readable, and without collision between namespaces. */
export function defaultLoadBalancer(namespace: string, name: string): string {
  return namespace === 'default' ? name : `${namespace}-${name}-${hashOf(`${namespace}/${name}`).slice(0, 4)}`
}

/** The form in which references are wanted and observed: `projects/P/global/<collection>/N`. */
export function projectPath(project: string, collection: string, name: string): string {
  return `projects/${project}/global/${collection}/${name}`
}

/** `projects/P/zones/Z/<collection>/N`. */
export function zonePath(project: string, zone: string, collection: string, name: string): string {
  return `projects/${project}/zones/${zone}/${collection}/${name}`
}

/** Whether Compute could have a resource, or a zone, of this name. */
export function isResourceName(name: string): boolean {
  return /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name)
}

/** The last part of a reference. */
export function lastPart(reference: string): string {
  return reference.slice(reference.lastIndexOf('/') + 1)
}
