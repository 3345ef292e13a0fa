import { createCluster, type ClusterOptions, type SimulatedCluster } from '../../../playground/kubernetes/index.ts'
import { seededRandom, type Clock, type WireRequest, type WireResponse } from '../../../playground/world.ts'
import { fakeCompute } from './fake-compute.ts'

/** A clock that stands still until a test moves it. */
export interface TestClock extends Clock {
  /** Runs everything that falls due in the next `ms`, in order, with what it sets off. */
  advance(ms: number): Promise<void>
}

export function testClock(start = Date.parse('2026-01-01T00:00:00Z')): TestClock {
  let now = start
  let serial = 0
  const timers = new Map<number, { at: number; serial: number; run: () => void }>()
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  return {
    now: () => now,
    after(ms, run) {
      const id = (serial += 1)
      timers.set(id, { at: now + ms, serial: id, run })
      return { cancel: () => void timers.delete(id) }
    },
    async advance(ms) {
      const end = now + ms
      for (;;) {
        await settle()
        const due = [...timers.values()]
          .filter((timer) => timer.at <= end)
          .sort((a, b) => a.at - b.at || a.serial - b.serial)
        const [first] = due
        if (first === undefined) break
        // All timers of one moment run before what they set off is awaited; their order is fixed.
        for (const timer of due.filter((entry) => entry.at === first.at)) {
          if (!timers.delete(timer.serial)) continue
          now = Math.max(now, timer.at)
          timer.run()
        }
      }
      now = end
    },
  }
}

/** A cluster with its Compute, on a test clock, with the first nodes there. */
export interface TestWorld {
  readonly clock: TestClock
  readonly cluster: SimulatedCluster
  readonly compute: ReturnType<typeof fakeCompute>
  /** One request to the cluster's API; the content type of a PATCH is that of the body's kind. */
  call(method: string, path: string, body?: unknown, options?: CallOptions): Promise<Answer>
  /** The instance group of the cluster in a zone, as Compute shows it; undefined when there is none. */
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

export async function testWorld(
  options: Partial<ClusterOptions> = {},
  intercept?: (request: WireRequest, next: () => Promise<WireResponse>) => Promise<WireResponse>,
): Promise<TestWorld> {
  const clock = testClock()
  const compute = fakeCompute(clock)
  const cluster = createCluster({
    name: 'us-central',
    project: 'p',
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
    group(zone) {
      const found = compute.resources.get(`projects/p/zones/${zone}/instanceGroups/k8s-ig--${cluster.uid}`)
      if (found === undefined) return undefined
      const ports = (found.namedPorts ?? []) as { name: string; port: number }[]
      return { ports: ports.map((entry) => `${entry.name}=${entry.port}`), members: [...(found.members ?? [])].sort() }
    },
    neg(zone, name) {
      const found = compute.resources.get(`projects/p/zones/${zone}/networkEndpointGroups/${name}`)
      return found?.endpoints?.map((endpoint) => `${endpoint.ipAddress}:${endpoint.port}@${endpoint.instance}`).sort()
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
