import { isDeepStrictEqual } from 'node:util'
import type { ComputeChange } from './compute/inspection.ts'
import type { SimulatedCluster } from './kubernetes/index.ts'
import type { Broker } from './broker.ts'
import type { Clock } from './world.ts'

/** Where changes come from. */
export interface AuditSources {
  project: string
  clock: Clock
  compute: { onChange(listener: (change: ComputeChange) => void): () => void }
  clusters: readonly { name: string; project: string; cluster: SimulatedCluster }[]
}

/** Cloud Audit Logs of the simulated cloud, and the log sink that delivers them to the topic cluster-changes. */
export interface AuditLog {
  /** Writes the entry with which a GKE operation on a cluster's nodes begins or ends. */
  gke(cluster: string, method: string, phase: 'first' | 'last', operation: string): void
  /** Whether the sink delivers; it does from the beginning. */
  setDelivering(delivering: boolean): void
  close(): void
}

const robot = 'service-123456789012@container-engine-robot.iam.gserviceaccount.com'

/** Deployments and what they make, and what they are reached by; changes of their status alone are not written. */
const followed: ReadonlySet<string> = new Set([
  'Node',
  'Service',
  'Ingress',
  'Deployment',
  'BackendConfig',
  'FrontendConfig',
])

/**
 * Writes an entry for every change, in the forms of the samples: Compute's `last` entries with nothing of the request but its
 * type, GKE's without who asked, Kubernetes' without an operation. The sink's filter leaves out Compute's `first` entries,
 * because nothing is to be seen yet when they come.
 */
export function startAuditLog(sources: AuditSources, broker: Pick<Broker, 'deliver'>): AuditLog {
  const { project, clock } = sources
  const topic = `projects/${project}/topics/cluster-changes`
  let delivering = true
  let written = 0

  function write(entry: object): void {
    if (!delivering) return
    const timestamp = new Date(clock.now()).toISOString()
    const data = JSON.stringify({
      insertId: `simulated-${(written += 1)}`,
      ...entry,
      timestamp,
      receiveTimestamp: timestamp,
    })
    broker.deliver(topic, { data, attributes: { 'logging.googleapis.com/timestamp': timestamp } })
  }

  const stopCompute = sources.compute.onChange((change) => {
    if (change.phase === 'finished' && change.method !== '') write(computeEntry(change))
  })
  const stopClusters = sources.clusters.map(({ name, project: own, cluster }) =>
    cluster.store.onChange(({ type, object, previous }) => {
      if (!followed.has(object.kind)) return
      if (previous !== undefined && type === 'MODIFIED' && isDeepStrictEqual(meaning(previous), meaning(object))) return
      write(objectEntry(own, name, cluster, { type, object }))
    }),
  )
  return {
    gke(name, method, phase, operation) {
      const found = sources.clusters.find((one) => one.name === name)
      write(gkeEntry(found?.project ?? project, name, locationOf(found?.cluster), method, phase, operation))
    },
    setDelivering: (value) => void (delivering = value),
    close() {
      stopCompute()
      for (const stop of stopClusters) stop()
    },
  }
}

/** What a person or a controller wrote, without what the server keeps beside it. */
function meaning(object: { metadata: object; [key: string]: unknown }): unknown {
  const { annotations, labels } = object.metadata as { annotations?: unknown; labels?: unknown }
  return [annotations, labels, object['spec']]
}

function locationOf(cluster: SimulatedCluster | undefined): string {
  return cluster?.options.zones[0] ?? 'us-central1-a'
}

const auditLog = 'type.googleapis.com/google.cloud.audit.AuditLog'

function logName(project: string): string {
  return `projects/${project}/logs/cloudaudit.googleapis.com%2Factivity`
}

function computeEntry({ method, target, actor, operation, error }: ComputeChange): object {
  const [, project = '', scope = '', place = ''] = target.split('/')
  return {
    logName: logName(project),
    operation: { id: operation, last: true, producer: 'compute.googleapis.com' },
    protoPayload: {
      '@type': auditLog,
      authenticationInfo: { principalEmail: actor },
      methodName: method,
      request: { '@type': `type.googleapis.com/${method.replace(/^[^.]+\./, '')}` },
      requestMetadata: { callerIp: '203.0.113.10', callerSuppliedUserAgent: 'simulated' },
      resourceName: target,
      serviceName: 'compute.googleapis.com',
      ...(error === null ? {} : { status: { code: 9, message: error.message } }),
    },
    resource: { type: 'api', labels: { project_id: project, location: scope === 'global' ? 'global' : place } },
    severity: error === null ? 'NOTICE' : 'ERROR',
  }
}

function gkeEntry(
  project: string,
  cluster: string,
  location: string,
  method: string,
  phase: 'first' | 'last',
  operation: string,
): object {
  return {
    logName: logName(project),
    operation: { id: operation, [phase]: true, producer: 'container.googleapis.com' },
    protoPayload: {
      '@type': auditLog,
      ...(phase === 'first' ? { authenticationInfo: { principalEmail: 'user@example.com' } } : { status: {} }),
      methodName: `google.container.v1.ClusterManager.${method}`,
      resourceName: `projects/${project}/zones/${location}/clusters/${cluster}/nodePools/default-pool`,
      serviceName: 'container.googleapis.com',
    },
    resource: {
      type: 'gke_nodepool',
      labels: { cluster_name: cluster, location, nodepool_name: 'default-pool', project_id: project },
    },
    severity: 'NOTICE',
  }
}

const verbs = { ADDED: 'create', MODIFIED: 'update', DELETED: 'delete' } as const

/** `networking.k8s.io/v1` as method names have it: `io.k8s.networking.v1`; groups of one word are Kubernetes' own. */
function backwards(apiVersion: string): string {
  const [group = '', version = ''] = apiVersion.split('/')
  return [...(group.includes('.') ? group : `${group}.k8s.io`).split('.').reverse(), version].join('.')
}

function objectEntry(
  project: string,
  name: string,
  cluster: SimulatedCluster,
  {
    type,
    object,
  }: {
    type: keyof typeof verbs
    object: { kind: string; apiVersion: string; metadata: { namespace?: string; name: string } }
  },
): object {
  const { namespace } = object.metadata
  const plural = object.kind === 'Ingress' ? 'ingresses' : `${object.kind.toLowerCase()}s`
  const version = object.apiVersion.includes('/') ? object.apiVersion : `core/${object.apiVersion}`
  return {
    logName: logName(project),
    protoPayload: {
      '@type': auditLog,
      authenticationInfo: { principalEmail: robot },
      methodName: `${backwards(version)}.${plural}.${verbs[type]}`,
      resourceName: `${version}/${namespace === undefined ? '' : `namespaces/${namespace}/`}${plural}/${object.metadata.name}`,
      serviceName: 'k8s.io',
    },
    resource: {
      type: 'k8s_cluster',
      labels: { cluster_name: name, location: locationOf(cluster), project_id: project },
    },
  }
}
