import { createCompute, type SimulatedCompute } from '../../../playground/compute/index.ts'
import { createCluster, type ClusterOptions, type SimulatedCluster } from '../../../playground/kubernetes/index.ts'
import { seededRandom, type WireRequest, type WireResponse } from '../../../playground/world.ts'
import { virtualClock, type VirtualClock } from '../virtual-clock.ts'

/** A cluster with its Compute, on a clock that tests move, with the first nodes there. */
export interface TestWorld {
  readonly clock: VirtualClock
  readonly cluster: SimulatedCluster
  readonly compute: SimulatedCompute
  /** One request to the cluster's API. */
  call(method: string, path: string, body?: unknown, options?: CallOptions): Promise<Answer>
  /** One request to Compute; the path starts after the project. Operations end by themselves as the clock goes on. */
  gce(method: string, path: string, body?: unknown): Promise<WireResponse>
  /** The instance group of the cluster in a zone; undefined when there is none. */
  group(zone: string): { ports: string[]; members: string[] } | undefined
  /** Endpoints `ip:port@node` of a NEG; undefined when there is none. */
  neg(zone: string, name: string): string[] | undefined
}

export interface CallOptions {
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
}

/** What the API answered; the body loosely typed, for reading in tests. */
export interface Answer {
  readonly status: number
  readonly body: Body
}

export interface Body {
  readonly [key: string]: unknown
  readonly message?: string
  readonly reason?: string
  readonly metadata: Readonly<Record<string, unknown>> & {
    readonly name: string
    readonly resourceVersion: string
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly items: readonly Body[]
}

export const patchType = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
} as const

/** The options of a patch of a type. */
export function patch(type: keyof typeof patchType, query: Readonly<Record<string, string>> = {}): CallOptions {
  return { headers: { 'content-type': patchType[type] }, query }
}

/** Sees every request of the cluster to Compute; `next` passes it on. */
export type Intercept = (request: WireRequest, next: () => Promise<WireResponse>) => Promise<WireResponse>

export async function testWorld(options: Partial<ClusterOptions> = {}, intercept?: Intercept): Promise<TestWorld> {
  const clock = virtualClock()
  const compute = createCompute({ clock, random: seededRandom(5), strict: true })
  const cluster = createCluster({
    name: 'us-central',
    project: 'p-1',
    network: 'default',
    zones: ['us-central1-a', 'us-central1-b'],
    nodesPerZone: 2,
    clock,
    random: seededRandom(7),
    addressBlock: 9,
    compute: (request) =>
      intercept === undefined ? compute.handle(request) : intercept(request, () => compute.handle(request)),
    ...options,
  })
  await clock.advance(1000)
  await cluster.started
  const last = (url: unknown): string => (typeof url === 'string' ? (url.split('/').at(-1) ?? '') : '')
  return {
    clock,
    cluster,
    compute,
    async call(method, path, body, { query = {}, headers = {} } = {}) {
      const answer = await cluster.handle({
        method,
        path,
        query,
        headers: { 'user-agent': 'test/1', ...headers },
        body,
      })
      return { status: answer.status, body: answer.body as Body }
    },
    gce: (method, path, body) =>
      compute.handle({ method, path: `/compute/v1/projects/p-1/${path}`, query: {}, headers: {}, body }),
    group(zone) {
      const found = compute.get(`projects/p-1/zones/${zone}/instanceGroups/k8s-ig--${cluster.uid}`)
      if (found === undefined) return undefined
      const ports = (found.body['namedPorts'] ?? []) as unknown as { name: string; port: number }[]
      return {
        ports: ports.map((entry) => `${entry.name}=${entry.port}`).sort(),
        members: found.members.map((member) => last(member['instance'])).sort(),
      }
    },
    neg(zone, name) {
      const found = compute.get(`projects/p-1/zones/${zone}/networkEndpointGroups/${name}`)
      return found?.members
        .map((member) => `${last(member['ipAddress'])}:${JSON.stringify(member['port'])}@${last(member['instance'])}`)
        .sort()
    },
  }
}

export const core = '/api/v1/namespaces/default'
export const apps = '/apis/apps/v1/namespaces/default'
export const networking = '/apis/networking.k8s.io/v1/namespaces/default'

export function deployment(
  name: string,
  replicas: number,
  extra: { labels?: Record<string, string>; probe?: string } = {},
) {
  const container = {
    name: 'web',
    image: 'zone-printer:1',
    ports: [{ name: 'http', containerPort: 8080 }],
    ...(extra.probe === undefined ? {} : { readinessProbe: { httpGet: { path: extra.probe, port: 'http' } } }),
  }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name, ...extra.labels } }, spec: { containers: [container] } },
    },
  }
}

export function service(
  name: string,
  spec: Readonly<Record<string, unknown>> = {},
  annotations: Readonly<Record<string, string>> = {},
) {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, annotations },
    spec: { type: 'NodePort', selector: { app: name }, ports: [{ port: 80, targetPort: 'http' }], ...spec },
  }
}

export function ingress(
  name: string,
  services: readonly string[],
  annotations: Readonly<Record<string, string>> = { 'kubernetes.io/ingress.class': 'gce-multi-cluster' },
) {
  const [first = '', ...others] = services
  const backend = (service: string) => ({ service: { name: service, port: { number: 80 } } })
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name, annotations },
    spec: {
      defaultBackend: backend(first),
      ...(others.length === 0
        ? {}
        : {
            rules: [
              {
                http: {
                  paths: others.map((each) => ({ path: `/${each}`, pathType: 'Prefix', backend: backend(each) })),
                },
              },
            ],
          }),
    },
  }
}

/** The node port of the first port of a Service. */
export async function nodePortOf(world: TestWorld, name: string): Promise<number> {
  const answer = await world.call('GET', `${core}/services/${name}`)
  const spec = answer.body['spec'] as { ports: { nodePort: number }[] }
  return spec.ports[0]?.nodePort ?? 0
}
