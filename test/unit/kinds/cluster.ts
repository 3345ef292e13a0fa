import { CloudError } from '../../../shared/cloud/compute-port.ts'
import type {
  Cluster,
  IngressEvent,
  IngressObject,
  PodObject,
  ServiceNegObject,
  ServiceObject,
} from '../../../shared/cloud/kubernetes-port.ts'

/** A cluster in memory with the in-cluster controller's one habit: it writes the groups of an Ingress that is applied. */
export interface MemoryCluster {
  cluster: Cluster
  ingresses: Map<string, IngressObject>
  services: Map<string, ServiceObject>
  pods: PodObject[]
  /** BackendConfigs and FrontendConfigs, `KIND namespace/name` to spec. */
  configs: Map<string, object>
  /** Texts of Secrets by namespace/name and key. */
  secrets: Map<string, Record<string, string>>
  /** Objects of the NEG controller by Service. */
  negs: Map<string, ServiceNegObject[]>
  /** What the controller writes; null = it does not act. */
  groups: { Name: string; Zone: string }[] | null
  /** How many objects, or their status, were written or deleted. */
  writes: number
  /** What was told, in order. */
  events: IngressEvent[]
}

/** Empty, but for what is given. */
export function memoryCluster(
  given: { services?: ServiceObject[]; pods?: PodObject[]; groups?: MemoryCluster['groups'] } = {},
): MemoryCluster {
  const key = (namespace: string | undefined, name: string): string => `${namespace ?? ''}/${name}`
  const world: MemoryCluster = {
    ingresses: new Map(),
    services: new Map((given.services ?? []).map((one) => [key(one.metadata.namespace, one.metadata.name), one])),
    pods: given.pods ?? [],
    configs: new Map(),
    secrets: new Map(),
    negs: new Map(),
    groups: given.groups ?? null,
    writes: 0,
    events: [],
    cluster: onlyThese({
      version: () => Promise.resolve('v1.33.1-gke.100'),
      nodes: () => Promise.resolve([]),
      ingress: (namespace, name) => Promise.resolve(structuredClone(world.ingresses.get(key(namespace, name)))),
      config(kind, namespace, name) {
        const spec = world.configs.get(`${kind} ${key(namespace, name)}`)
        return Promise.resolve(spec && { metadata: { name, namespace }, spec: structuredClone(spec) })
      },
      secret(namespace, name) {
        const texts = world.secrets.get(key(namespace, name))
        if (texts === undefined) return Promise.resolve(undefined)
        const data = Object.entries(texts).map(([member, text]) => [member, Buffer.from(text).toString('base64')])
        return Promise.resolve({
          metadata: { name, namespace },
          data: Object.fromEntries(data) as Record<string, string>,
        })
      },
      applyService({ metadata, spec }) {
        world.writes += 1
        const at = key(metadata.namespace, metadata.name)
        const before = world.services.get(at)
        const others = before?.metadata.annotations ?? {}
        const ports = spec.ports.map((port, index) => ({
          nodePort: 31_000 + world.writes + index,
          ...before?.spec.ports.find((one) => one.port === port.port),
          ...port,
        }))
        world.services.set(at, {
          metadata: { ...metadata, annotations: { ...others, ...metadata.annotations } },
          spec: { ...spec, ports: spec.type === 'NodePort' ? ports : spec.ports },
        })
        return Promise.resolve()
      },
      deleteService(namespace, name) {
        world.writes += 1
        world.services.delete(key(namespace, name))
        return Promise.resolve()
      },
      servicesWith: (namespace, label, value) =>
        Promise.resolve(
          [...world.services.values()].filter(
            ({ metadata }) => metadata.namespace === namespace && metadata.labels?.[label] === value,
          ),
        ),
      service: (namespace, name) => Promise.resolve(world.services.get(key(namespace, name))),
      serviceNegs: (_namespace, service) => Promise.resolve(structuredClone(world.negs.get(service) ?? [])),
      pods: (namespace, selector) =>
        Promise.resolve(
          world.pods.filter(
            ({ metadata }) =>
              metadata.namespace === namespace &&
              Object.entries(selector).every(([label, value]) => metadata.labels?.[label] === value),
          ),
        ),
      applyIngress(object) {
        world.writes += 1
        const at = key(object.metadata.namespace, object.metadata.name)
        const groups = world.groups === null ? {} : { [groupsAnnotation]: JSON.stringify(world.groups) }
        const others = world.ingresses.get(at)?.metadata.annotations ?? {}
        const annotations = { ...others, ...object.metadata.annotations, ...groups }
        const { status } = world.ingresses.get(at) ?? {}
        const applied = {
          ...structuredClone(object),
          metadata: { ...object.metadata, annotations },
          ...(status === undefined ? {} : { status }),
        }
        world.ingresses.set(at, applied)
        return Promise.resolve(applied)
      },
      setIngressAddresses(namespace, name, addresses) {
        world.writes += 1
        const object = world.ingresses.get(key(namespace, name))
        if (object === undefined) return Promise.reject(new CloudError(404, 'NotFound', 'there is no such Ingress'))
        object.status = { loadBalancer: { ingress: addresses.map((ip) => ({ ip })) } }
        return Promise.resolve()
      },
      recordEvent(event) {
        world.events.push(event)
        return Promise.resolve()
      },
      deleteIngress(namespace, name) {
        world.writes += 1
        world.ingresses.delete(key(namespace, name))
        return Promise.resolve()
      },
    }),
  }
  return world
}

const groupsAnnotation = 'ingress.gcp.kubernetes.io/instance-groups'

/** A port of which only these methods are used; any other says so. */
export function onlyThese(methods: Partial<Cluster>): Cluster {
  const unknown = (name: string | symbol) => () => Promise.reject(new Error(`this cluster has no ${String(name)}`))
  return new Proxy(methods as Cluster, {
    // What is returned from an asynchronous function must not look like a promise.
    get: (target, name): unknown => Reflect.get(target, name) ?? (name === 'then' ? undefined : unknown(name)),
  })
}
