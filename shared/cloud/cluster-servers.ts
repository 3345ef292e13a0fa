import { BlockList, isIP } from 'node:net'
import type { ClusterRegistration } from './kubernetes-port.ts'

/** A server that an operator lets the functions reach though GKE does not name it: a URL, with everything below its path. */
export interface ServerRule {
  protocol: 'http:' | 'https:'
  hostname: string
  /** As in a URL, so empty for the protocol's own; `*` = any. */
  port: string
  /** Without a slash at its end; empty = everything. */
  path: string
}

/** Which registrations are connected to, and how. */
export interface ServerPolicy {
  servers: readonly ServerRule[]
  /** Projects, by id or number, whose GKE clusters may be registered; undefined = all in which the caller may read clusters. */
  gkeProjects: readonly string[] | undefined
  /** What neither GKE nor the list names is refused, or reached without any token (for a person's own kubeconfig). */
  unlisted: 'refused' | 'reached'
}

/** Who says where a cluster is. */
export type Route = { by: 'list'; token: boolean } | { by: 'gke'; name: string } | { by: 'message' }

/**
 * Reads a list of rules, separated by commas: `https://host`, `https://host:8443/path`, `http://127.0.0.1:*`. Answers the
 * first entry that is none as `bad`.
 */
export function parseServerRules(text: string): { rules: ServerRule[]; bad?: string } {
  const rules: ServerRule[] = []
  for (const entry of text.split(',').map((one) => one.trim())) {
    if (entry === '') continue
    const anyPort = /^(https?:\/\/[^/]+):\*(\/.*)?$/.exec(entry)
    const url = plainUrl(anyPort === null ? entry : `${anyPort[1] ?? ''}${anyPort[2] ?? ''}`)
    if (url === undefined) return { rules, bad: entry }
    rules.push({
      protocol: url.protocol === 'http:' ? 'http:' : 'https:',
      hostname: url.hostname,
      port: anyPort === null ? url.port : '*',
      path: url.pathname.replace(/\/+$/, ''),
    })
  }
  return { rules }
}

/** For emulators and the playground, whose clusters speak plain http on this machine. */
export const thisMachine = 'http://127.0.0.1:*,http://localhost:*'

/**
 * Who may say where a cluster is: an operator's list, or GKE itself; never the message alone, since whoever may publish one
 * is not yet who may send our tokens somewhere. undefined = nobody: the registration is refused.
 */
export function routeOf({ server, gke }: ClusterRegistration, policy: ServerPolicy): Route | undefined {
  const url = plainUrl(server)
  if (url === undefined) return undefined
  if (policy.servers.some((rule) => covers(rule, url))) {
    // On an operator's word alone a token goes to Google's own front doors only (Connect gateway, DNS-based endpoints).
    return { by: 'list', token: gke !== undefined && url.protocol === 'https:' && isGoogles(url.hostname) }
  }
  const project = gke?.split('/')[1]
  if (gke !== undefined && (policy.gkeProjects === undefined || policy.gkeProjects.includes(project ?? '')))
    return { by: 'gke', name: gke }
  return gke === undefined && policy.unlisted === 'reached' ? { by: 'message' } : undefined
}

/** Why nobody may connect to what is registered so; undefined = it is allowed. */
export function refusalOf(registration: ClusterRegistration, policy: ServerPolicy): string | undefined {
  const { server, gke } = registration
  const url = plainUrl(server)
  if (url === undefined) return 'the registered server is not a plain http or https URL'
  if (isForbidden(url.hostname)) return `the registered server ${url.host} is no place for a cluster`
  if (routeOf(registration, policy) !== undefined) return undefined
  return gke === undefined
    ? `the server ${url.origin} is not on this deployment's list of servers (MCI_CLUSTER_SERVERS), and the registration names no GKE cluster that would say where it is`
    : `clusters of project ${gke.split('/')[1] ?? ''} may not be registered here: the deployment's list of projects (MCI_CLUSTER_PROJECTS) has ${policy.gkeProjects?.join(', ') ?? ''}`
}

/** A URL with nothing but protocol, host, port and a path whose parts mean what they say; undefined = it is none. */
export function plainUrl(text: string): URL | undefined {
  const url = URL.parse(text)
  const plain =
    url !== null &&
    (url.protocol === 'https:' || url.protocol === 'http:') &&
    url.username === '' &&
    url.password === '' &&
    url.search === '' &&
    url.hash === '' &&
    !/[%\\]/.test(url.pathname)
  return plain ? url : undefined
}

function covers(rule: ServerRule, url: URL): boolean {
  return (
    rule.protocol === url.protocol &&
    rule.hostname === url.hostname &&
    (rule.port === '*' || rule.port === url.port) &&
    (url.pathname === rule.path || url.pathname.startsWith(`${rule.path}/`))
  )
}

function isGoogles(hostname: string): boolean {
  return /\.(googleapis\.com|gke\.goog)$/.test(hostname)
}

/** Link-local addresses (the metadata server, which gives tokens away, has one), "any" and multicast: never a cluster. */
const forbidden = new BlockList()
forbidden.addSubnet('0.0.0.0', 8)
forbidden.addSubnet('169.254.0.0', 16)
forbidden.addSubnet('224.0.0.0', 4)
forbidden.addAddress('::', 'ipv6')
forbidden.addSubnet('fe80::', 10, 'ipv6')
forbidden.addSubnet('ff00::', 8, 'ipv6')
forbidden.addAddress('fd20:ce::254', 'ipv6')
// The same behind NAT64.
forbidden.addSubnet('64:ff9b::a9fe:0', 112, 'ipv6')

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8)
loopback.addAddress('::1', 'ipv6')

/** Whether no cluster can be there, whoever says so: a host as URLs have it, or a bare address. */
export function isForbidden(host: string): boolean {
  const name = bare(host)
  return within(forbidden, name) || /^metadata(\.google\.internal)?\.?$/i.test(name)
}

/** Whether it is an address of this very machine. */
export function isLoopback(host: string): boolean {
  return within(loopback, bare(host))
}

function bare(host: string): string {
  return host.replace(/^\[|\]$/g, '')
}

function within(list: BlockList, address: string): boolean {
  const family = isIP(address)
  return family !== 0 && list.check(address, family === 4 ? 'ipv4' : 'ipv6')
}
