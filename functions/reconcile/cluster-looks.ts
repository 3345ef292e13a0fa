import { CloudError } from '../../shared/cloud/compute-port.ts'
import type {
  Cluster,
  ConfigKind,
  PodObject,
  SecretObject,
  ServiceNegObject,
  ServicePort,
} from '../../shared/cloud/kubernetes-port.ts'
import type { ClusterIngressWant } from '../../shared/planning/cluster-ingress.ts'
import type { DerivedService } from '../../shared/planning/derived.ts'
import type {
  ClusterView,
  ConfigFact,
  OauthFact,
  PortFact,
  ProbeFact,
  ServiceFact,
} from '../../shared/planning/facts.ts'
import { readBackendConfig } from '../../shared/ingress/backend-config.ts'
import { backendConfigAnnotations, namesIn } from '../../shared/ingress/config-refs.ts'
import { sha256, type ConfigOrigin } from '../../shared/ingress/config-fields.ts'
import { readFrontendConfig } from '../../shared/ingress/frontend-config.ts'
import { createReport, type Report } from '../../shared/ingress/report.ts'
import { negRequest, negsOf } from '../../shared/planning/negs.ts'
import { publicPart } from '../../shared/planning/tls-pair.ts'

/** Reads everything in a cluster that an Ingress names, side by side. Of secrets only the public part comes out. */
export async function look(
  client: Cluster,
  namespace: string,
  {
    services,
    secrets,
    managedCertificates,
    frontendConfigs,
    oauthSecrets = [],
    derived = [],
    negs = [],
  }: Omit<ClusterIngressWant, 'object' | 'nodes'>,
): Promise<Omit<ClusterView, 'groups'>> {
  const withNegs = new Set(negs.map((key) => key.slice(0, key.lastIndexOf(':'))))
  const ofServices = byName(services, (name) => {
    // What is called by its MultiClusterService has another name here, and is about to be made when it is not there.
    const made = derived.find((one) => one.of === name)
    return lookAtService(client, namespace, made?.name ?? name, withNegs.has(name), made)
  })
  const [foundServices, foundBackend, foundFrontend, foundSecrets, foundManaged] = await Promise.all([
    ofServices,
    ofServices.then((found) =>
      byName(configNames(found), readConfigs(client, namespace, 'BackendConfig', readBackendConfig)),
    ),
    byName(frontendConfigs ?? [], readConfigs(client, namespace, 'FrontendConfig', readFrontendConfig)),
    byName(secrets ?? [], async (name) => publicPart((await client.secret(namespace, name))?.data)),
    byName(
      managedCertificates ?? [],
      async (name) => (await client.managedCertificate(namespace, name))?.domains ?? null,
    ),
  ])
  const inClusters = Object.values(foundBackend).flatMap(({ settings }) => settings?.oauthSecret ?? [])
  const clients = [...new Set([...oauthSecrets, ...inClusters])].sort()
  return {
    services: foundServices,
    ...(Object.keys(foundBackend).length === 0 ? {} : { backendConfigs: foundBackend }),
    ...(frontendConfigs === undefined ? {} : { frontendConfigs: foundFrontend }),
    ...(clients.length === 0
      ? {}
      : { oauthClients: await byName(clients, async (name) => oauthClient(await client.secret(namespace, name))) }),
    ...(secrets === undefined ? {} : { secrets: foundSecrets }),
    ...(managedCertificates === undefined ? {} : { managedCertificates: foundManaged }),
  }
}

/** What was named and is not there, in words. */
export function absentIn(view: Omit<ClusterView, 'groups'>, elsewhere: readonly string[] = []): string[] {
  return [
    ...Object.entries(view.services).flatMap(([name, fact]) =>
      fact.found || elsewhere.includes(name) ? [] : [`service ${name}`],
    ),
    ...Object.entries(view.secrets ?? {}).flatMap(([name, fact]) => (fact.found ? [] : [`secret ${name}`])),
    ...Object.entries(view.managedCertificates ?? {}).flatMap(([name, domains]) =>
      domains === null ? [`ManagedCertificate ${name}`] : [],
    ),
  ]
}

function configNames(services: Readonly<Record<string, ServiceFact>>): string[] {
  const named = Object.values(services).flatMap((fact) =>
    fact.found && fact.backendConfig !== undefined ? namesIn(fact.backendConfig) : [],
  )
  return [...new Set(named)].sort()
}

/** Reads the settings of one kind; what is wrong with an object is a fact about it. */
function readConfigs<Settings>(
  client: Cluster,
  namespace: string,
  kind: ConfigKind,
  read: (spec: unknown, where: string, report: Report, origin: ConfigOrigin) => Settings,
): (name: string) => Promise<ConfigFact<Settings>> {
  return async (name) => {
    const object = await client.config(kind, namespace, name)
    if (object === undefined) return { found: false, problems: [], settings: null }
    const report = createReport()
    const settings = read(object.spec, 'spec.', report, 'cluster')
    const problems = report.problems.map(({ where, message }) => `${where}: ${message}`)
    return { found: true, problems: problems.slice(0, 10), settings: problems.length === 0 ? settings : null }
  }
}

/** What Identity-Aware Proxy needs to be known of, as ingress-gce names it in a Secret. */
function oauthClient(secret: SecretObject | undefined): OauthFact {
  const [id, value] = ['client_id', 'client_secret'].map((key) => secret?.data[key])
  if (id === undefined || value === undefined) return { found: false }
  return { found: true, clientId: decoded(id), secretSha256: sha256(decoded(value)) }
}

/** A value of a Secret, without the line end that an editor leaves behind it. */
export function decoded(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8').trim()
}

/** What was last good of a BackendConfig or FrontendConfig stays known while it is wrong or away. */
export function withLastGood<V extends Pick<ClusterView, 'backendConfigs' | 'frontendConfigs' | 'oauthClients'>>(
  seen: V,
  before: ClusterView | null,
): V {
  const kept = <S>(now?: Record<string, ConfigFact<S>>, then: Record<string, ConfigFact<S>> = {}) =>
    now &&
    Object.fromEntries(
      Object.entries(now).map(([name, fact]) => [
        name,
        { ...fact, settings: fact.settings ?? then[name]?.settings ?? null },
      ]),
    )
  const backendConfigs = kept(seen.backendConfigs, before?.backendConfigs)
  const frontendConfigs = kept(seen.frontendConfigs, before?.frontendConfigs)
  return {
    ...seen,
    ...(backendConfigs === undefined ? {} : { backendConfigs }),
    ...(frontendConfigs === undefined ? {} : { frontendConfigs }),
  }
}

async function byName<T>(names: readonly string[], read: (name: string) => Promise<T>): Promise<Record<string, T>> {
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await read(name)] as const)))
}

async function lookAtService(
  client: Cluster,
  namespace: string,
  name: string,
  withNegs: boolean,
  made: DerivedService | undefined,
): Promise<ServiceFact> {
  const there = await client.service(namespace, name)
  const service = there ?? (made && { metadata: { annotations: made.annotations }, spec: made.spec })
  if (service === undefined) return { found: false }
  const selector: Readonly<Record<string, string>> | undefined = service.spec.selector
  const annotations = service.metadata.annotations ?? {}
  const backendConfig = backendConfigAnnotations.map((key) => annotations[key]).find((text) => text !== undefined)
  const neg = annotations['cloud.google.com/neg'] ?? null
  const request = negRequest(neg)
  const [pods, objects] = await Promise.all([
    selector && Object.keys(selector).length > 0 ? client.pods(namespace, selector) : [],
    withNegs || request.ingress || request.ports.length > 0
      ? unlessForbidden(client.serviceNegs(namespace, name))
      : undefined,
  ])
  const maxRate = annotations['networking.gke.io/max-rate-per-endpoint']
  const capacity = annotations['networking.gke.io/capacity-scaler']
  return {
    found: true,
    ...(there === undefined ? { unmade: true as const } : {}),
    type: service.spec.type ?? 'ClusterIP',
    ports: service.spec.ports.map((port: ServicePort) => portFact(port, pods)),
    appProtocols:
      annotations['service.alpha.kubernetes.io/app-protocols'] ?? annotations['cloud.google.com/app-protocols'] ?? null,
    neg,
    ...(backendConfig === undefined ? {} : { backendConfig }),
    ...(objects === undefined ? {} : { negs: negsOf(objects, annotations['cloud.google.com/neg-status'] ?? null) }),
    ...(maxRate === undefined ? {} : { maxRate }),
    ...(capacity === undefined ? {} : { capacity }),
  }
}

function portFact(port: ServicePort, pods: readonly PodObject[]): PortFact {
  const [pod] = pods
  return {
    name: port.name ?? '',
    port: port.port,
    nodePort: port.nodePort ?? null,
    protocol: port.protocol ?? 'TCP',
    probe: pod === undefined ? null : probeFor(pod, port),
    targets: targetsOf(port, pods),
  }
}

/** Where we may not read the controller's objects, its annotation on the Service has to do. */
async function unlessForbidden(objects: Promise<ServiceNegObject[]>): Promise<ServiceNegObject[]> {
  try {
    return await objects
  } catch (error) {
    if (error instanceof CloudError && error.status === 403) return []
    throw error
  }
}

/** A port given by name may be another number in each pod, as while a new version is rolled out. */
function targetsOf(port: ServicePort, pods: readonly PodObject[]): number[] {
  const target = port.targetPort ?? port.port
  if (typeof target === 'number') return [target]
  const numbers = pods.flatMap((pod) =>
    pod.containers.flatMap(({ ports }) => ports.filter(({ name }) => name === target).map((one) => one.containerPort)),
  )
  return [...new Set(numbers)].sort((a, b) => a - b)
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
