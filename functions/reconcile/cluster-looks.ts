import type { Cluster, PodObject, ServicePort } from '../../shared/cloud/kubernetes-port.ts'
import type { ClusterIngressWant } from '../../shared/planning/cluster-ingress.ts'
import type { ClusterView, PortFact, ProbeFact, ServiceFact } from '../../shared/planning/facts.ts'
import { publicPart } from '../../shared/planning/tls-pair.ts'

/** Reads everything in a cluster that an Ingress names, side by side. Of secrets only the public part comes out. */
export async function look(
  client: Cluster,
  namespace: string,
  { services, secrets, managedCertificates }: Omit<ClusterIngressWant, 'object'>,
): Promise<Omit<ClusterView, 'groups'>> {
  const [foundServices, foundSecrets, foundManaged] = await Promise.all([
    byName(services, (name) => lookAtService(client, namespace, name)),
    byName(secrets ?? [], async (name) => publicPart((await client.secret(namespace, name))?.data)),
    byName(
      managedCertificates ?? [],
      async (name) => (await client.managedCertificate(namespace, name))?.domains ?? null,
    ),
  ])
  return {
    services: foundServices,
    ...(secrets === undefined ? {} : { secrets: foundSecrets }),
    ...(managedCertificates === undefined ? {} : { managedCertificates: foundManaged }),
  }
}

/** What was named and is not there, in words. */
export function absentIn(view: Omit<ClusterView, 'groups'>): string[] {
  return [
    ...Object.entries(view.services).flatMap(([name, fact]) => (fact.found ? [] : [`service ${name}`])),
    ...Object.entries(view.secrets ?? {}).flatMap(([name, fact]) => (fact.found ? [] : [`secret ${name}`])),
    ...Object.entries(view.managedCertificates ?? {}).flatMap(([name, domains]) =>
      domains === null ? [`ManagedCertificate ${name}`] : [],
    ),
  ]
}

async function byName<T>(names: readonly string[], read: (name: string) => Promise<T>): Promise<Record<string, T>> {
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await read(name)] as const)))
}

async function lookAtService(client: Cluster, namespace: string, name: string): Promise<ServiceFact> {
  const service = await client.service(namespace, name)
  if (service === undefined) return { found: false }
  const { selector } = service.spec
  const pod = selector && Object.keys(selector).length > 0 ? await client.anyPod(namespace, selector) : undefined
  const annotations = service.metadata.annotations ?? {}
  return {
    found: true,
    type: service.spec.type ?? 'ClusterIP',
    ports: service.spec.ports.map((port) => portFact(port, pod)),
    appProtocols:
      annotations['service.alpha.kubernetes.io/app-protocols'] ?? annotations['cloud.google.com/app-protocols'] ?? null,
    neg: annotations['cloud.google.com/neg'] ?? null,
  }
}

function portFact(port: ServicePort, pod: PodObject | undefined): PortFact {
  return {
    name: port.name ?? '',
    port: port.port,
    nodePort: port.nodePort ?? null,
    protocol: port.protocol ?? 'TCP',
    probe: pod === undefined ? null : probeFor(pod, port),
  }
}

/**
 * The HTTP readiness probe of the container port that a service port targets: through targetPort, by number or name, where
 * kubemci compared the service's own port and so seldom found it.
 */
function probeFor(pod: PodObject, port: ServicePort): ProbeFact | null {
  const target = port.targetPort ?? port.port
  for (const container of pod.containers) {
    const { readinessProbe: probe } = container
    const exposed = container.ports.find((candidate) => candidate.containerPort === target || candidate.name === target)
    const number = exposed?.containerPort ?? (typeof target === 'number' ? target : undefined)
    if (!probe || number === undefined) continue
    const probed =
      typeof probe.port === 'number'
        ? probe.port
        : container.ports.find((candidate) => candidate.name === probe.port)?.containerPort
    if (probed !== number) continue
    return {
      path: probe.path === undefined || probe.path === '' ? '/' : probe.path,
      host: probe.host ?? probe.httpHeaders?.find((header) => header.name.toLowerCase() === 'host')?.value ?? null,
      scheme: probe.scheme === 'HTTPS' ? 'HTTPS' : 'HTTP',
      periodSeconds: probe.periodSeconds ?? 10,
      timeoutSeconds: probe.timeoutSeconds ?? 1,
      successThreshold: probe.successThreshold ?? 1,
      failureThreshold: probe.failureThreshold ?? 3,
    }
  }
  return null
}
