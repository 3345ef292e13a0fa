import {
  createDataPlane,
  type Answer,
  type ClientRequest,
  type ComputeResource,
  type ComputeSource,
  type DataPlane,
  type Connection,
  type PodAnswer,
  type PodRequest,
} from '../../../playground/data-plane/index.ts'
import { virtualClock, type VirtualClock } from '../virtual-clock.ts'

const BASE = 'https://www.googleapis.com/compute/v1/'

/** A full URL, as Compute renders references. */
export function url(path: string): string {
  return `${BASE}${path}`
}

/** A configuration that tests write by hand: what Compute would show, and `members` of groups. */
export interface HandConfig extends ComputeSource {
  put(path: string, resource: Record<string, unknown>): void
  /** Merges into the resource's top level. */
  patch(path: string, change: Record<string, unknown>): void
  remove(path: string): void
}

export function handConfig(): HandConfig {
  const resources = new Map<string, Record<string, unknown>>()
  const listeners = new Set<Parameters<ComputeSource['onChange']>[0]>()
  const tell = (target: string): void => {
    for (const listener of listeners) listener({ phase: 'finished', target })
  }
  const get = (path: string): ComputeResource | undefined => {
    const found = resources.get(path)
    if (found === undefined) return undefined
    const { members, privateKey: _hidden, ...body } = found
    return { path, body, members: Array.isArray(members) ? members : [] }
  }
  return {
    get,
    list: (collection) =>
      [...resources.keys()].filter((path) => path.split('/').at(-2) === collection).flatMap((path) => get(path) ?? []),
    privateKey(path) {
      const key = resources.get(path)?.['privateKey']
      return typeof key === 'string' ? key : undefined
    },
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    put(path, resource) {
      resources.set(path, resource)
      tell(path)
    },
    patch(path, change) {
      resources.set(path, { ...resources.get(path), ...change })
      tell(path)
    },
    remove(path) {
      resources.delete(path)
      tell(path)
    },
  }
}

export const IP = '203.0.113.1'
export const G = 'projects/p/global'
export const SERVICE = `${G}/backendServices/zone-printer`
export const CHECK = `${G}/healthChecks/zone-printer`
export const MAP = `${G}/urlMaps/lb`
export const RULE = `${G}/forwardingRules/http`
export const FIREWALL = `${G}/firewalls/lb`
export const NETWORK = `${G}/networks/default`

/** One instance group with its machines; every machine has a pod behind `nodePort`. */
export interface GroupSpec {
  zone: string
  nodes: number
  nodePort: number
  cluster?: string
}

/** A pod's answer; no headers when left out. */
type BriefAnswer = Omit<PodAnswer, 'headers'> & Partial<Pick<PodAnswer, 'headers'>>

export interface DataPlaneWorld {
  clock: VirtualClock
  config: HandConfig
  plane: DataPlane
  /** What answers where: `MACHINE-LINK:port` or `IP:port`; delete or change entries to break things. */
  pods: Map<string, (request: PodRequest) => BriefAnswer | Promise<BriefAnswer>>
  /** Every probe that reached a pod. */
  probes: PodRequest[]
  get(request?: Partial<ClientRequest>): Promise<Answer | undefined>
  /** Status, and the text of a pod or "lb" for the load balancer's own answer. */
  ask(request?: Partial<ClientRequest>): Promise<string>
  groupLink(group: GroupSpec): string
  machineLink(group: GroupSpec, index: number): string
  addGroup(group: GroupSpec): void
  /** Long enough for three probes in a row. */
  settle(): Promise<void>
}

/** One HTTP load balancer with one service on instance groups; not yet probed. */
export function world(
  groups: readonly GroupSpec[],
  options: { healthScale?: number; propagationMs?: number; check?: Record<string, unknown> } = {},
): DataPlaneWorld {
  const clock = virtualClock()
  const config = handConfig()
  const pods: DataPlaneWorld['pods'] = new Map()
  const probes: PodRequest[] = []

  const groupLink = ({ zone, cluster = 'c' }: GroupSpec): string =>
    `projects/p/zones/${zone}/instanceGroups/k8s-ig--${cluster}`
  const machineLink = ({ zone, cluster = 'c' }: GroupSpec, index: number): string =>
    `projects/p/zones/${zone}/instances/gke-${cluster}-${zone}-${index}`

  function addGroup(group: GroupSpec): void {
    const machines = Array.from({ length: group.nodes }, (_, index) => machineLink(group, index))
    for (const [index, machine] of machines.entries()) {
      config.put(machine, {
        tags: { items: ['gke-node'] },
        networkInterfaces: [{ network: url(NETWORK), networkIP: `10.0.${groups.indexOf(group) + 1}.${index}` }],
      })
      pods.set(`${machine}:${group.nodePort}`, () => ({ status: 200, body: machine.split('/').at(-1) ?? '' }))
    }
    config.put(groupLink(group), {
      namedPorts: [{ name: 'mci-zone-printer', port: group.nodePort }],
      members: machines.map((machine) => ({ instance: url(machine) })),
    })
  }

  for (const group of groups) addGroup(group)
  config.put(FIREWALL, {
    network: url(NETWORK),
    direction: 'INGRESS',
    priority: 1000,
    sourceRanges: ['130.211.0.0/22', '35.191.0.0/16'],
    targetTags: ['gke-node'],
    allowed: [{ IPProtocol: 'tcp', ports: ['30000-32767'] }],
  })
  config.put(CHECK, {
    type: 'HTTP',
    checkIntervalSec: 10,
    timeoutSec: 5,
    healthyThreshold: 1,
    unhealthyThreshold: 3,
    httpHealthCheck: { portSpecification: 'USE_SERVING_PORT', requestPath: '/healthz' },
    ...options.check,
  })
  config.put(SERVICE, {
    portName: 'mci-zone-printer',
    healthChecks: [url(CHECK)],
    connectionDraining: { drainingTimeoutSec: 60 },
    backends: groups.map((group) => ({
      group: url(groupLink(group)),
      balancingMode: 'RATE',
      maxRatePerInstance: 1,
      capacityScaler: 1,
    })),
  })
  config.put(MAP, { defaultService: url(SERVICE) })
  config.put(`${G}/targetHttpProxies/lb`, { urlMap: url(MAP) })
  config.put(RULE, { IPAddress: IP, portRange: '80-80', target: url(`${G}/targetHttpProxies/lb`) })

  const dial = (key: string): Connection | undefined => {
    const pod = pods.get(key)
    if (pod === undefined) return undefined
    return async (request) => {
      if (request.headers['user-agent']?.startsWith('GoogleHC') === true) probes.push(request)
      return { headers: {}, ...(await pod(request)) }
    }
  }
  const plane = createDataPlane({
    compute: config,
    clock,
    dialNode: (instance, port) => dial(`${instance}:${port}`),
    dialPod: (ip, port) => dial(`${ip}:${port}`),
    ...(options.healthScale === undefined ? {} : { healthScale: options.healthScale }),
    ...(options.propagationMs === undefined ? {} : { propagationMs: options.propagationMs }),
  })

  const get = (request: Partial<ClientRequest> = {}): Promise<Answer | undefined> =>
    plane.request(IP, 80, { host: 'example.com', path: '/', ...request })

  return {
    clock,
    config,
    plane,
    pods,
    probes,
    groupLink,
    machineLink,
    addGroup,
    get,
    async ask(request) {
      const answer = await get(request)
      if (answer === undefined) return 'refused'
      return `${answer.status} ${answer.headers['x-load-balancer'] === 'error' ? 'lb' : answer.body}`
    },
    settle: () => clock.advance(35_000 / (options.healthScale ?? 1)),
  }
}
