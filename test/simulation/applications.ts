import type { SimulatedCluster } from '../../playground/kubernetes/cluster.ts'
import { services as serviceKind } from '../../playground/kubernetes/kinds.ts'
import { secrets, services, type ServiceName } from './manifests.ts'
import { tlsPairs } from './tls-pairs.ts'

/** The applications in the clusters, changed as their owners would: through the API server. */

interface ServiceBody {
  metadata: { name: string; namespace: string; resourceVersion?: string; annotations?: Record<string, string> }
  spec: { ports: { name: string; port: number; nodePort?: number; targetPort: string }[] } & Record<string, unknown>
}

/** Creates all services, with one pod each, and the TLS secrets. */
export async function deployAll(cluster: SimulatedCluster): Promise<void> {
  for (const namespace of new Set(services.map((service) => service.namespace))) {
    if (namespace !== 'default')
      await call(cluster, 'POST', '/api/v1/namespaces', {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: namespace },
      })
  }
  for (const service of services) {
    await call(cluster, 'POST', `/apis/apps/v1/namespaces/${service.namespace}/deployments`, deployment(service))
    await createService(cluster, service)
  }
  for (const secret of secrets) await putSecret(cluster, secret, 0)
}

/** Puts one of the pairs into a TLS secret, which need not exist. */
export async function putSecret(cluster: SimulatedCluster, secret: ServiceName, pair: number): Promise<void> {
  const { certificate, key } = tlsPairs[pair] ?? { certificate: '', key: '' }
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  const body = {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/tls',
    metadata: { name: secret.name },
    data: { 'tls.crt': base64(certificate), 'tls.key': base64(key) },
  }
  const path = `/api/v1/namespaces/${secret.namespace}/secrets`
  if ((await call(cluster, 'PUT', `${path}/${secret.name}`, body)) === 404) await call(cluster, 'POST', path, body)
}

export async function deleteSecret(cluster: SimulatedCluster, { namespace, name }: ServiceName): Promise<void> {
  await call(cluster, 'DELETE', `/api/v1/namespaces/${namespace}/secrets/${name}`)
}

export async function createService(cluster: SimulatedCluster, service: ServiceName): Promise<void> {
  await call(cluster, 'POST', servicesPath(service), {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: service.name },
    spec: {
      type: 'NodePort',
      selector: { app: service.name },
      ports: [{ name: 'http', port: 80, targetPort: 'http' }],
    },
  })
}

export async function deleteService(cluster: SimulatedCluster, service: ServiceName): Promise<void> {
  await call(cluster, 'DELETE', `${servicesPath(service)}/${service.name}`)
}

/** Asks for network endpoint groups for a service, or no longer. */
export async function askForNegs(cluster: SimulatedCluster, service: ServiceName, asks: boolean): Promise<void> {
  const annotations = { 'cloud.google.com/neg': asks ? '{"ingress":true}' : null }
  const place = `${servicesPath(service)}/${service.name}`
  await call(cluster, 'PATCH', place, { metadata: { annotations } }, 'application/merge-patch+json')
}

/** Whether a service asks for network endpoint groups. */
export function hasNegs({ store }: SimulatedCluster, { namespace, name }: ServiceName): boolean {
  const asked = store.get(serviceKind, namespace, name)?.metadata.annotations?.['cloud.google.com/neg']
  return typeof asked === 'string' && asked.includes('"ingress":true')
}

/** The port at which every pod listens. */
export const podPort = 8080

/** The NodePort of a service; undefined when it has none or does not exist. */
export async function nodePortOf(cluster: SimulatedCluster, service: ServiceName): Promise<number | undefined> {
  return (await readService(cluster, service))?.spec.ports[0]?.nodePort
}

/** Another NodePort than before; answers it, or undefined when the service does not exist. */
export async function changeNodePort(
  cluster: SimulatedCluster,
  service: ServiceName,
  nodePort: number,
): Promise<number | undefined> {
  const body = await readService(cluster, service)
  const [port] = body?.spec.ports ?? []
  if (body === undefined || port === undefined) return undefined
  const spec = { ...body.spec, ports: [{ ...port, nodePort }] }
  const status = await call(cluster, 'PUT', `${servicesPath(service)}/${service.name}`, { ...body, spec })
  return status < 400 ? nodePort : undefined
}

/** Another path for the readiness probe; its pods are replaced. */
export async function changeProbe(cluster: SimulatedCluster, service: ServiceName, path: string): Promise<void> {
  const place = `/apis/apps/v1/namespaces/${service.namespace}/deployments/${service.name}`
  const patch = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    spec: { template: { spec: { containers: [container(path)] } } },
  }
  await call(cluster, 'PATCH', place, patch, 'application/strategic-merge-patch+json')
}

/** Deletes the Ingress object behind our back. */
export async function deleteIngressObject(cluster: SimulatedCluster, ingress: ServiceName): Promise<void> {
  await call(cluster, 'DELETE', `/apis/networking.k8s.io/v1/namespaces/${ingress.namespace}/ingresses/${ingress.name}`)
}

async function readService(
  cluster: SimulatedCluster,
  service: ServiceName,
): Promise<Readonly<ServiceBody> | undefined> {
  const { status, body } = await request(cluster, 'GET', `${servicesPath(service)}/${service.name}`)
  return status === 200 ? (body as ServiceBody) : undefined
}

async function call(
  cluster: SimulatedCluster,
  method: string,
  path: string,
  body?: object,
  type?: string,
): Promise<number> {
  const answer = await request(cluster, method, path, body, type)
  if (answer.status >= 500 || answer.status === 400 || answer.status === 422)
    throw new Error(`${method} ${path}: ${JSON.stringify(answer.body)}`)
  return answer.status
}

/** People inside the cluster reach its API also while we do not. */
function request(
  cluster: SimulatedCluster,
  method: string,
  path: string,
  body?: object,
  type = 'application/json',
): Promise<{ status: number; body: unknown }> {
  const reachable = cluster.reachable()
  cluster.setReachable(true)
  const headers = { 'content-type': type, 'user-agent': 'kubectl' }
  const answer = cluster.handle({ method, path, query: {}, headers, body })
  cluster.setReachable(reachable)
  return answer
}

function servicesPath({ namespace }: ServiceName): string {
  return `/api/v1/namespaces/${namespace}/services`
}

function deployment({ name }: ServiceName): object {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: [container('/healthz')] } },
    },
  }
}

function container(path: string): object {
  return {
    name: 'main',
    image: 'zone-printer:1',
    ports: [{ name: 'http', containerPort: podPort }],
    readinessProbe: { httpGet: { path, port: 'http' }, periodSeconds: 5 },
  }
}
