import { z } from 'zod'
import { atMost } from '../bounded.ts'
import type { ComputeCollection } from '../cloud/compute-port.ts'

/**
 * Cloud Audit Log entries as a log sink delivers them, read only as far as they say *what* may have changed: never how.
 * Most forms rest on the service's documentation and on few published entries, so everything is optional and method names
 * are matched by their ends: `v1.compute.firewalls.insert`, `beta.`, `alpha.` and no prefix at all mean the same.
 */

/** What an entry is about, as far as it matters here. A project is null where only its number is known. */
export type AuditSubject =
  /** A Compute resource by its place. */
  | { about: 'resource'; collection: ComputeCollection; project: string | null; zone: string | null; name: string }
  /** Machines, or a group of them, that may be a cluster's nodes. */
  | { about: 'machines'; project: string | null; name: string; group: boolean }
  /** A cluster, or a node pool of it, or a node. */
  | { about: 'cluster'; project: string | null; location: string; cluster: string }
  /** An object in a cluster that our Ingresses may depend on: those of its namespace, or, by name, the one that an Ingress object is of. */
  | {
      about: 'object'
      project: string | null
      location: string
      cluster: string
      namespace: string
      ingress: string | null
    }

/** One entry, read. */
export interface AuditEntry {
  method: string
  /** Empty: nothing that could concern us. */
  subjects: AuditSubject[]
  /** The long operation that it begins or ends, by the name that the API gave to whoever started it; null = none. */
  operation: string | null
}

const text = z.string().refine(...atMost(2_000))

const shape = z.object({
  protoPayload: z.object({
    methodName: text,
    resourceName: text.nullish().catch(null),
    status: z.object({ code: z.number().nullish() }).nullish().catch(null),
  }),
  resource: z
    .object({ type: text.nullish(), labels: z.record(z.string(), z.unknown()).nullish() })
    .nullish()
    .catch(null),
  operation: z
    .object({ id: text.nullish(), first: z.boolean().nullish(), last: z.boolean().nullish() })
    .nullish()
    .catch(null),
  severity: z.unknown().optional(),
})

type Raw = z.infer<typeof shape>

/** Reads an entry; undefined when it is no audit-log entry at all. */
export function parseAuditEntry(value: unknown): AuditEntry | undefined {
  const parsed = shape.safeParse(value)
  if (!parsed.success) return undefined
  const entry = parsed.data
  return {
    method: entry.protoPayload.methodName,
    subjects: refused(entry) ? [] : subjectsOf(entry),
    operation: entry.operation?.id ?? null,
  }
}

/** A request that was refused changed nothing; an operation that failed may have. */
function refused({ protoPayload, operation, severity }: Raw): boolean {
  const failed = severity === 'ERROR' || (protoPayload.status?.code ?? 0) !== 0
  return failed && (operation?.id ?? null) === null
}

function subjectsOf(entry: Raw): AuditSubject[] {
  const method = entry.protoPayload.methodName
  const compute = /(?:^|\.)compute\.(\w+)\.(\w+)$/.exec(method)
  if (compute) return computeSubjects(entry, compute[1] ?? '', compute[2] ?? '')
  const gke = /(?:^|\.)ClusterManager(?:Internal)?\.(\w+)$/.exec(method)
  if (gke) return reads(gke[1] ?? '') ? [] : clusterSubjects(entry)
  // The group of the API backwards: `io.k8s.core.v1.services.update`, `com.google.cloud.v1.backendconfigs.patch`.
  const kubernetes = /^(?:io|com)\.(?:[\w-]+\.)*v\w+\.(\w+)\.(?:[\w-]+\.)*(\w+)$/.exec(method)
  if (kubernetes && !/^(get|list|watch)$/.test(kubernetes[2] ?? '')) return objectSubjects(entry, kubernetes[1] ?? '')
  return []
}

/** Services of the API whose name is not that of their collection. */
const collectionsByService: Readonly<Record<string, ComputeCollection>> = {
  globalForwardingRules: 'forwardingRules',
  globalAddresses: 'addresses',
  healthChecks: 'healthChecks',
  backendServices: 'backendServices',
  urlMaps: 'urlMaps',
  targetHttpProxies: 'targetHttpProxies',
  targetHttpsProxies: 'targetHttpsProxies',
  sslCertificates: 'sslCertificates',
  firewalls: 'firewalls',
  instanceGroups: 'instanceGroups',
  networkEndpointGroups: 'networkEndpointGroups',
}

function computeSubjects(entry: Raw, service: string, verb: string): AuditSubject[] {
  // The endpoints of network endpoint groups change all the time, and nobody here depends on them.
  if (reads(verb) || /^(attach|detach)NetworkEndpoints$/.test(verb)) return []
  // The last entry comes when the change is there to be seen; at the first, a look would still show the old state.
  if (entry.operation?.first === true && entry.operation.last !== true) return []
  const place = /^projects\/([^/]+)\/(?:global|zones\/([^/]+)|regions\/[^/]+)\/(\w+)\/([^/]+)$/.exec(
    entry.protoPayload.resourceName ?? '',
  )
  if (place === null) return []
  const [, inName = '', zone = null, resources = '', name = ''] = place
  const project = projectOf(entry, inName)
  const subjects: AuditSubject[] = []
  const collection = Object.hasOwn(collectionsByService, service) ? collectionsByService[service] : undefined
  const regional = entry.protoPayload.resourceName?.includes('/regions/') === true
  if (collection !== undefined && collection === resources && !regional)
    subjects.push({ about: 'resource', collection, project, zone, name })
  const group = ['instanceGroups', 'instanceGroupManagers'].includes(resources)
  // The names of a group's ports say nothing about its machines, and are mostly our own work.
  if ((group && verb !== 'setNamedPorts') || resources === 'instances')
    subjects.push({ about: 'machines', project, name, group })
  return subjects
}

function clusterSubjects(entry: Raw): AuditSubject[] {
  const named = /^projects\/([^/]+)\/(?:zones|locations)\/([^/]+)\/clusters\/([^/]+)/.exec(
    entry.protoPayload.resourceName ?? '',
  )
  const location = named?.[2] ?? label(entry, 'location')
  const cluster = named?.[3] ?? label(entry, 'cluster_name')
  if (location === undefined || cluster === undefined) return []
  return [{ about: 'cluster', project: projectOf(entry, named?.[1] ?? ''), location, cluster }]
}

/** Configs decide how backends and front ends behave, Services decide ports, pods and what makes them the readiness probe, Ingresses are what we applied. */
const concerning: ReadonlySet<string> = new Set([
  'services',
  'ingresses',
  'backendconfigs',
  'frontendconfigs',
  'deployments',
  'statefulsets',
  'daemonsets',
  'replicasets',
])

function objectSubjects(entry: Raw, resources: string): AuditSubject[] {
  if (resources === 'nodes') return clusterSubjects(entry)
  const [, namespace, object] =
    /\/namespaces\/([^/]+)\/[^/]+(?:\/([^/]+))?/.exec(entry.protoPayload.resourceName ?? '') ?? []
  if (!concerning.has(resources) || namespace === undefined) return []
  // We write Ingresses ourselves: were each news to all of its namespace, a thousand of them would look a million times.
  const ingress = resources === 'ingresses' ? (object ?? null) : null
  return clusterSubjects(entry).flatMap((subject) =>
    subject.about === 'cluster' ? [{ ...subject, about: 'object' as const, namespace, ingress }] : [],
  )
}

function reads(verb: string): boolean {
  return /^(get|list|aggregatedList|test|check|watch)/i.test(verb)
}

/** Entries of the system itself carry the project's number where all others have its id; the label has the id. */
function projectOf(entry: Raw, inName: string): string | null {
  const id = [label(entry, 'project_id'), inName].find((project) => project !== undefined && !/^\d*$/.test(project))
  return id ?? null
}

function label({ resource }: Raw, key: string): string | undefined {
  const value = resource?.labels?.[key]
  return typeof value === 'string' && value !== '' ? value : undefined
}
