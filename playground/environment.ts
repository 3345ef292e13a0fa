import { readFile } from 'node:fs/promises'
import { parseAllDocuments } from 'yaml'
import { startAuditLog, type AuditLog } from './audit-log.ts'
import { clusterPlaces } from './catalogue.ts'
import { createCompute, serveCompute } from './compute/index.ts'
import { createDataPlane, dialAny, type Listeners } from './data-plane/index.ts'
import { createCluster, serveCluster, type SimulatedCluster } from './kubernetes/index.ts'
import { nodePools, type NodePools } from './node-pools.ts'
import { startBroker, startEmulators, type Broker } from './broker.ts'
import { seededRandom, wallClock } from './world.ts'

/** How the simulated cloud behaves, and where it listens. */
export interface EnvironmentOptions {
  project: string
  clusters: number
  /** Clusters, by name, of other projects than `project` and its network; `network` is a name, or the path of a host project's. */
  elsewhere?: Readonly<Record<string, { project: string; network: string }>>
  operationDelayMs: number
  requestDelayMs: number
  healthScale: number
  /** Pub/Sub and Firestore by the official emulators. */
  emulators?: boolean
  /** Offers ports to try; 0 = any. */
  nextPort: () => number
}

/** A cluster with its endpoint. */
export interface RunningCluster {
  name: string
  /** Of its machines and groups. */
  project: string
  server: string
  zones: string[]
  cluster: SimulatedCluster
}

/** Google Cloud and the clusters, running; everything is reached over the wire. */
export interface Environment {
  project: string
  compute: { url: string } & Pick<ReturnType<typeof createCompute>, 'counters' | 'onChange' | 'faults'>
  clusters: RunningCluster[]
  pubsub: Broker
  /** host:port of the Firestore emulator; null = the functions keep their state in memory. */
  firestore: string | null
  loadBalancers: Listeners
  /** What happens is told to the topic cluster-changes, once it exists, as a log sink would. */
  auditLog: AuditLog
  /** GKE: node pools that grow into zones and leave them. */
  nodePools: NodePools
  close(): Promise<void>
}

/** Starts Compute, the clusters, Pub/Sub and the data plane, in this process. */
export async function startEnvironment(options: EnvironmentOptions): Promise<Environment> {
  const { project, operationDelayMs, requestDelayMs, healthScale, nextPort } = options
  const clock = wallClock
  const random = seededRandom(1)
  const compute = createCompute({ clock, random, operationDelayMs, requestDelayMs })
  const servedCompute = await serveCompute(compute, nextPort())
  const emulated = options.emulators === true ? await startEmulators() : undefined
  const pubsub = emulated?.broker ?? (await startBroker(clock, random, nextPort))
  const clusters: RunningCluster[] = []
  const closers: (() => Promise<void>)[] = []
  for (const [index, { name, zones }] of clusterPlaces(options.clusters).entries()) {
    const place = options.elsewhere?.[name] ?? { project, network: 'default' }
    const cluster = createCluster({
      name,
      ...place,
      zones,
      nodesPerZone: 2,
      clock,
      random,
      compute: (request) => compute.handle(request),
      addressBlock: index,
    })
    const served = await serveCluster(cluster, nextPort())
    clusters.push({ name, project: place.project, server: served.url, zones, cluster })
    closers.push(async () => {
      await served.close()
      cluster.close()
    })
  }
  const dialler = dialAny(() => clusters.map(({ cluster }) => cluster))
  const dataPlane = createDataPlane({ compute, clock, healthScale, ...dialler })
  compute.setHealthSource((service, group) => dataPlane.healthOf(service, group))
  const loadBalancers = dataPlane.listen(nextPort)
  await Promise.all(clusters.map(({ cluster }) => cluster.started))
  const auditLog = startAuditLog({ project, clock, compute, clusters }, pubsub)
  return {
    project,
    compute: {
      url: servedCompute.url,
      counters: () => compute.counters(),
      onChange: (listener) => compute.onChange(listener),
      faults: compute.faults,
    },
    clusters,
    pubsub,
    firestore: emulated?.firestore.host ?? null,
    loadBalancers,
    auditLog,
    nodePools: nodePools(clusters, auditLog),
    async close() {
      auditLog.close()
      await loadBalancers.close()
      dataPlane.close()
      await pubsub.close()
      await emulated?.firestore.stop()
      await Promise.all(closers.map((close) => close()))
      await servedCompute.close()
    },
  }
}

/** Where each kind of object lives in the API. */
const paths: Readonly<Record<string, string>> = {
  Deployment: '/apis/apps/v1/namespaces/NS/deployments',
  Service: '/api/v1/namespaces/NS/services',
  Secret: '/api/v1/namespaces/NS/secrets',
}

/** Creates the objects of a manifest in a cluster through its API, as kubectl would. */
export async function applyFile(server: string, file: string): Promise<void> {
  for (const document of parseAllDocuments(await readFile(file, 'utf8'))) {
    const object = document.toJS() as { kind: string; metadata: { namespace?: string; name: string } }
    const path = paths[object.kind]
    if (path === undefined) throw new Error(`${file}: the playground does not know how to create a ${object.kind}`)
    const answer = await fetch(server + path.replace('NS', object.metadata.namespace ?? 'default'), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(object),
    })
    if (!answer.ok && answer.status !== 409)
      throw new Error(`${file}: ${object.kind} ${object.metadata.name}: ${await answer.text()}`)
  }
}
