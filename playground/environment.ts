import { readFile } from 'node:fs/promises'
import { parseAllDocuments } from 'yaml'
import { clusterPlaces } from './catalogue.ts'
import { createCompute, serveCompute } from './compute/index.ts'
import { createDataPlane, dialAny, type Listeners } from './data-plane/index.ts'
import { createCluster, serveCluster, type SimulatedCluster } from './kubernetes/index.ts'
import { createPubSub, servePubSub, type SimulatedPubSub } from './pubsub/index.ts'
import { seededRandom, wallClock } from './world.ts'

/** How the simulated cloud behaves, and where it listens. */
export interface EnvironmentOptions {
  project: string
  clusters: number
  operationDelayMs: number
  requestDelayMs: number
  healthScale: number
  /** Offers ports to try; 0 = any. */
  nextPort: () => number
}

/** A cluster with its endpoint. */
export interface RunningCluster {
  name: string
  server: string
  zones: string[]
  cluster: SimulatedCluster
}

/** Google Cloud and the clusters, running; everything is reached over the wire. */
export interface Environment {
  project: string
  compute: { url: string; counters: ReturnType<typeof createCompute>['counters'] }
  clusters: RunningCluster[]
  pubsub: { grpc: string; rest: string; core: SimulatedPubSub }
  loadBalancers: Listeners
  close(): Promise<void>
}

/** Starts Compute, the clusters, Pub/Sub and the data plane, in this process. */
export async function startEnvironment(options: EnvironmentOptions): Promise<Environment> {
  const { project, operationDelayMs, requestDelayMs, healthScale, nextPort } = options
  const clock = wallClock
  const random = seededRandom(1)
  const compute = createCompute({ clock, random, operationDelayMs, requestDelayMs })
  const servedCompute = await serveCompute(compute, nextPort())
  const core = createPubSub({ clock, random })
  const servedPubSub = await servePubSub(core, { grpc: nextPort(), rest: nextPort() })
  const clusters: RunningCluster[] = []
  const closers: (() => Promise<void>)[] = []
  for (const [index, { name, zones }] of clusterPlaces(options.clusters).entries()) {
    const cluster = createCluster({
      name,
      project,
      network: 'default',
      zones,
      nodesPerZone: 2,
      clock,
      random,
      compute: compute.handle,
      addressBlock: index,
    })
    const served = await serveCluster(cluster, nextPort())
    clusters.push({ name, server: served.url, zones, cluster })
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
  return {
    project,
    compute: { url: servedCompute.url, counters: () => compute.counters() },
    clusters,
    pubsub: { grpc: servedPubSub.grpc, rest: servedPubSub.rest, core },
    loadBalancers,
    async close() {
      await loadBalancers.close()
      dataPlane.close()
      core.close()
      await servedPubSub.close()
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
