import { CloudError } from '../../shared/cloud/compute-port.ts'
import type {
  ConfigObject,
  Cluster,
  Clusters,
  IngressObject,
  NodeObject,
  ObjectMeta,
  PodObject,
  SecretObject,
  ServiceObject,
} from '../../shared/cloud/kubernetes-port.ts'
import type { Handle } from './compute-in-process.ts'

/** The Clusters port over functions that answer Kubernetes' REST requests, by the name of the cluster. */
export function clustersInProcess(handleOf: (cluster: string) => Handle | undefined): Clusters {
  return {
    refusal: () => undefined,
    connect: ({ name }) =>
      clusterOver((request) => {
        const handle = handleOf(name)
        if (handle === undefined) throw new CloudError(0, '', `cluster ${name} cannot be reached`)
        return handle(request)
      }),
  }
}

function clusterOver(handle: Handle): Cluster {
  async function call(
    method: string,
    path: string,
    body?: unknown,
    query: Record<string, string> = {},
    headers: Record<string, string> = {},
  ): Promise<unknown> {
    const response = await handle({
      method,
      path,
      query,
      headers: { accept: 'application/json', ...headers },
      body: body === undefined ? undefined : structuredClone(body),
    })
    if (response.status >= 400) {
      const status = response.body as { message?: string; reason?: string } | null
      throw new CloudError(response.status, status?.reason ?? '', status?.message ?? `HTTP ${response.status}`)
    }
    return response.body
  }

  async function absentOr<T>(get: Promise<unknown>): Promise<T | undefined> {
    try {
      return (await get) as T
    } catch (error) {
      if (error instanceof CloudError && error.status === 404) return undefined
      throw error
    }
  }

  async function listed<T>(path: string): Promise<T[]> {
    const items: T[] = []
    for (let next = ''; ;) {
      const query = { limit: '500', ...(next === '' ? {} : { continue: next }) }
      const page = (await call('GET', path, undefined, query)) as { items: T[]; metadata: { continue?: string } }
      items.push(...page.items)
      next = page.metadata.continue ?? ''
      if (next === '') return items
    }
  }

  const ingressPath = (namespace: string, name: string): string =>
    `/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses/${name}`

  return {
    version: async () => ((await call('GET', '/version')) as { gitVersion: string }).gitVersion,
    async uid() {
      const found = (await call('GET', '/api/v1/namespaces/kube-system')) as { metadata: ObjectMeta }
      return found.metadata.uid
    },
    async nodes() {
      const list = (await call('GET', '/api/v1/nodes')) as {
        items: {
          metadata: NodeObject['metadata']
          spec: { providerID: string; unschedulable?: boolean }
          status?: { conditions?: { type: string; status: string }[] }
        }[]
      }
      return list.items.map((node) => ({
        metadata: node.metadata,
        providerID: node.spec.providerID,
        zone: node.metadata.labels?.['topology.kubernetes.io/zone'] ?? '',
        ready:
          node.status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ??
          false,
        ...(node.spec.unschedulable === true ? { cordoned: true } : {}),
      }))
    },
    ingresses: () => listed<IngressObject>('/apis/networking.k8s.io/v1/ingresses'),
    services: () => listed<ServiceObject>('/api/v1/services'),
    ingress: (namespace, name) => absentOr<IngressObject>(call('GET', ingressPath(namespace, name))),
    async applyIngress(object, force) {
      const { namespace = 'default', name } = object.metadata
      const body = { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', ...object }
      const query = { fieldManager: 'multi-cluster-ingress', force: String(force) }
      return (await call('PATCH', ingressPath(namespace, name), body, query, {
        'content-type': 'application/apply-patch+yaml',
      })) as IngressObject
    },
    async setIngressAddresses(namespace, name, addresses) {
      const body = {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'Ingress',
        metadata: { namespace, name },
        status: { loadBalancer: { ingress: addresses.map((ip) => ({ ip })) } },
      }
      await call(
        'PATCH',
        `${ingressPath(namespace, name)}/status`,
        body,
        { fieldManager: 'multi-cluster-ingress', force: 'true' },
        { 'content-type': 'application/apply-patch+yaml' },
      )
    },
    // One per object and reason, as the real adapter has it.
    async recordEvent({ ingress: { namespace, name }, type, reason, message }) {
      const path = `/api/v1/namespaces/${namespace}/events`
      const event = {
        metadata: { namespace, name: `${name}.${reason.toLowerCase()}` },
        type,
        reason,
        message,
        count: 1,
      }
      try {
        await call('POST', path, { apiVersion: 'v1', kind: 'Event', involvedObject: { namespace, name }, ...event })
      } catch (error) {
        if (!(error instanceof CloudError) || error.status !== 409) throw error
        const patch = { 'content-type': 'application/merge-patch+json' }
        await call('PATCH', `${path}/${event.metadata.name}`, { message }, {}, patch)
      }
    },
    async deleteIngress(namespace, name) {
      await absentOr(call('DELETE', ingressPath(namespace, name)))
    },
    service: (namespace, name) =>
      absentOr<ServiceObject>(call('GET', `/api/v1/namespaces/${namespace}/services/${name}`)),
    async servicesWith(namespace, label, value) {
      const query = { labelSelector: `${label}=${value}` }
      const list = await call('GET', `/api/v1/namespaces/${namespace}/services`, undefined, query)
      return (list as { items: ServiceObject[] }).items
    },
    async applyService(object) {
      const { namespace = 'default', name } = object.metadata
      const body = { apiVersion: 'v1', kind: 'Service', ...object }
      const query = { fieldManager: 'multi-cluster-ingress', force: 'true' }
      await call('PATCH', `/api/v1/namespaces/${namespace}/services/${name}`, body, query, {
        'content-type': 'application/apply-patch+yaml',
      })
    },
    async deleteService(namespace, name) {
      await absentOr(call('DELETE', `/api/v1/namespaces/${namespace}/services/${name}`))
    },
    secret: (namespace, name) => absentOr<SecretObject>(call('GET', `/api/v1/namespaces/${namespace}/secrets/${name}`)),
    async managedCertificate(namespace, name) {
      const path = `/apis/networking.gke.io/v1/namespaces/${namespace}/managedcertificates/${name}`
      const found = await absentOr<{ metadata: ObjectMeta; spec: { domains: string[] } }>(call('GET', path))
      return found === undefined ? undefined : { metadata: found.metadata, domains: found.spec.domains }
    },
    config: (kind, namespace, name) =>
      absentOr<ConfigObject>(
        call(
          'GET',
          kind === 'BackendConfig'
            ? `/apis/cloud.google.com/v1/namespaces/${namespace}/backendconfigs/${name}`
            : `/apis/networking.gke.io/v1beta1/namespaces/${namespace}/frontendconfigs/${name}`,
        ),
      ),
    async serviceNegs(namespace, service) {
      const path = `/apis/networking.gke.io/v1beta1/namespaces/${namespace}/servicenetworkendpointgroups`
      const query = { labelSelector: `networking.gke.io/service-name=${service}` }
      const list = await absentOr<{ items: RawNeg[] }>(call('GET', path, undefined, query))
      return (list?.items ?? []).map(({ metadata, status }) => ({
        metadata,
        groups: status?.networkEndpointGroups ?? [],
      }))
    },
    async pods(namespace, selector, most = 100) {
      const labelSelector = Object.entries(selector)
        .map(([key, value]) => `${key}=${value}`)
        .join(',')
      const list = (await call('GET', `/api/v1/namespaces/${namespace}/pods`, undefined, {
        labelSelector,
        limit: String(most),
      })) as { items: RawPod[] }
      const isReady = (pod: RawPod): boolean =>
        pod.status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') === true
      const [ready, others] = [list.items.filter(isReady), list.items.filter((pod) => !isReady(pod))]
      return [...ready, ...others].map((pod) => ({
        metadata: pod.metadata,
        containers: pod.spec.containers.map(containerOf),
      }))
    },
  }
}

interface RawNeg {
  metadata: ObjectMeta
  status?: { networkEndpointGroups?: { selfLink: string; state?: string }[] }
}

interface RawContainer {
  name: string
  ports?: { name?: string; containerPort: number }[]
  readinessProbe?: {
    httpGet?: { path?: string; port: number | string; scheme?: string; host?: string }
    periodSeconds?: number
    timeoutSeconds?: number
    successThreshold?: number
    failureThreshold?: number
  }
}

interface RawPod {
  metadata: PodObject['metadata']
  spec: { containers: RawContainer[] }
  status?: { conditions?: { type: string; status: string }[] }
}

function containerOf({ name, ports = [], readinessProbe }: RawContainer): PodObject['containers'][number] {
  const { httpGet, ...timings } = readinessProbe ?? {}
  return { name, ports, ...(httpGet === undefined ? {} : { readinessProbe: { ...httpGet, ...timings } }) }
}
