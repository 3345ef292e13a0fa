import type { Clock, Random, WireRequest, WireResponse } from '../world.ts'
import { createAdmission } from './admission/index.ts'
import { createApiServer, isWatch, type ApiAnswer, type RequestCounters } from './api/server.ts'
import { serverVersion } from './api/discovery.ts'
import { asManager, createWrites } from './api/writes.ts'
import type { WatchSink } from './api/watch.ts'
import { badRequest } from './api-error.ts'
import { createDataPlane, type DataPlane } from './data-plane.ts'
import { createGce } from './gce.ts'
import { runIngressController } from './ingress-gce/ingress-controller.ts'
import { createRecorder } from './ingress-gce/events.ts'
import { createInstanceGroups } from './ingress-gce/instance-groups.ts'
import { groupName } from './ingress-gce/names.ts'
import { runNegController } from './ingress-gce/neg-controller.ts'
import { createReferences } from './ingress-gce/references.ts'
import { text } from './json.ts'
import { namespaces } from './kinds.ts'
import { clusterUid, createNodePool, nodesByZone, poolHash } from './nodes.ts'
import { createOwnership } from './ownership.ts'
import { createServicePorts } from './service-ports.ts'
import { createStore, type ObjectStore } from './store.ts'
import { createAddressBlock } from './workloads/addresses.ts'
import { runDeployments } from './workloads/deployments.ts'
import { runEndpoints } from './workloads/endpoints.ts'
import { runPods } from './workloads/pods.ts'

/** A cluster to simulate. */
export interface ClusterOptions {
  readonly name: string
  /** The project of its nodes, instance groups and NEGs. */
  readonly project: string
  /** A name (`default`) or the URL of a network, for instance of the host project. */
  readonly network: string
  readonly zones: readonly string[]
  readonly nodesPerZone: number
  /** Network tag of the nodes; `gke-<cluster>-<hash>-node` when absent. */
  readonly nodeTag?: string
  readonly clock: Clock
  readonly random: Random
  readonly compute: (request: WireRequest) => Promise<WireResponse>
  /** How often the in-cluster controller looks at every Ingress without an event; ten minutes when absent. */
  readonly resyncMs?: number
  /** Services that an Ingress refers to ask for NEGs by themselves. */
  readonly vpcNative?: boolean
  /** How long after the NEGs the annotation neg-status follows; 2 s when absent. */
  readonly negStatusLagMs?: number
  /** From the start of a pod until it is ready; 300 ms when absent. */
  readonly podStartMs?: number
  /** From asking a pod to stop until it is gone; 500 ms when absent. */
  readonly podStopMs?: number
  /** Second number of the cluster's addresses 10.N.0.0/16, 0..255; drawn at random when absent. */
  readonly addressBlock?: number
  /** Changes of each kind that watches can catch up on; 1000 when absent. */
  readonly watchHistory?: number
}

/** A Kubernetes cluster without sockets: its API, its traffic, and what happens to it from outside. */
export interface SimulatedCluster extends DataPlane {
  readonly name: string
  readonly options: ClusterOptions
  /** The uid in the names of instance groups and NEGs. */
  readonly uid: string
  readonly nodeTag: string
  /** Settles once the first nodes have joined. */
  readonly started: Promise<void>
  /** Everything but watches; rejects while the API is not reachable. */
  handle(request: WireRequest): Promise<ApiAnswer>
  /** A watch; returns how to stop it. Throws an ApiError when the request is not a good one. */
  subscribe(request: WireRequest, sink: WatchSink): () => void
  /** Zones that have nodes, sorted. */
  zones(): readonly string[]
  nodes(): readonly { readonly name: string; readonly zone: string }[]
  addZone(zone: string): Promise<void>
  removeZone(zone: string): Promise<void>
  addNode(zone: string): Promise<string>
  removeNode(name: string): Promise<void>
  /** Whether the API answers from outside; nodes, pods and the software inside go on either way. */
  setReachable(reachable: boolean): void
  reachable(): boolean
  /** Makes every watch and list token from before now too old. */
  compactHistory(): void
  readonly counters: Readonly<RequestCounters>
  /** Read access for tests and the data plane. */
  readonly store: Pick<ObjectStore, 'get' | 'list' | 'onChange' | 'version'>
  close(): void
}

const tenMinutes = 10 * 60_000

/** Starts a cluster; its nodes join as soon as Compute has made their instances. */
export function createCluster(options: ClusterOptions): SimulatedCluster {
  const { clock, random, project, name } = options
  const store = createStore(options.watchHistory ?? 1000)
  const servicePorts = createServicePorts(store, random)
  const writes = createWrites({ store, clock, random, admit: createAdmission(servicePorts) })
  const ownership = createOwnership(store, writes)
  const api = createApiServer({ store, writes, ownership, clock })
  const addresses = createAddressBlock(options.addressBlock ?? Math.floor(random() * 256))
  const hash = poolHash(random)
  const nodeTag = options.nodeTag ?? `gke-${name}-${hash}-node`
  const uid = clusterUid(random, name)
  const systemUid = (): string => store.get(namespaces, undefined, 'kube-system')?.metadata.uid ?? ''
  const network = options.network.includes('/')
    ? options.network
    : `projects/${project}/global/networks/${options.network}`

  const times = { startMs: options.podStartMs ?? 300, stopMs: options.podStopMs ?? 500 }
  runPods({ store, clock, addresses, times })
  runDeployments({ store, ownership, clock, random })
  const endpoints = runEndpoints({ store, clock, random })

  const gce = createGce({ project, clock, agent: 'ingress-gce', compute: options.compute })
  const references = createReferences(store)
  const stopNegs = runNegController({
    ...{ store, writes, clock, random, gce, references, endpoints, clusterUid: uid, systemUid, network },
    record: createRecorder({ store, clock, random }, 'neg-controller'),
    statusLagMs: options.negStatusLagMs ?? 2000,
    vpcNative: options.vpcNative ?? false,
  })
  const stopIngresses = runIngressController({
    ...{ store, writes, clock, references, project, groupName: groupName(uid) },
    groups: createInstanceGroups({ store, gce, name: groupName(uid), network }),
    record: createRecorder({ store, clock, random }, 'loadbalancer-controller'),
    resyncMs: options.resyncMs ?? tenMinutes,
  })

  const pool = createNodePool({
    ...{ store, clock, random, addresses, network, poolHash: hash, cluster: name, tag: nodeTag },
    gce: createGce({ project, clock, agent: 'gke-node-pool', compute: options.compute }),
    kubelet: text(serverVersion, 'gitVersion') ?? '',
  })
  const dataPlane = createDataPlane({ cluster: name, project, store, random, endpoints, servicePorts })
  let reachable = true
  const watches = new Set<() => void>()

  for (const namespace of ['default', 'kube-node-lease', 'kube-public', 'kube-system']) {
    writes.create(namespaces, undefined, { metadata: { name: namespace } }, asManager('kube-apiserver'))
  }

  async function addZone(zone: string): Promise<void> {
    await Promise.all(Array.from({ length: options.nodesPerZone }, () => pool.add(zone)))
  }

  return {
    ...dataPlane,
    name,
    options,
    uid,
    nodeTag,
    started: Promise.all(options.zones.map(addZone)).then(() => undefined),
    async handle(request) {
      if (!reachable) throw new Error(`connection refused: the API of cluster ${name} is not reachable`)
      if (isWatch(request)) return { status: 400, body: badRequest('a watch is a stream: use subscribe').status }
      return api.respond(request)
    },
    subscribe(request, sink) {
      const watch = { stop: (): void => undefined, ended: false }
      const end = (): void => {
        watch.ended = true
        watches.delete(end)
        watch.stop()
        sink.end()
      }
      watch.stop = api.subscribe(request, { event: (event) => sink.event(event), end })
      // A watch on a forgotten version ends while it is being made.
      if (!watch.ended) watches.add(end)
      return () => {
        watches.delete(end)
        watch.stop()
      }
    },
    zones: () => [...nodesByZone(store).keys()],
    nodes: () => [...nodesByZone(store)].flatMap(([zone, names]) => names.map((node) => ({ name: node, zone }))),
    addZone,
    async removeZone(zone) {
      await Promise.all((nodesByZone(store).get(zone) ?? []).map((node) => pool.remove(node)))
    },
    addNode: (zone) => pool.add(zone),
    removeNode: (node) => pool.remove(node),
    setReachable(value) {
      reachable = value
      if (!value) for (const end of [...watches]) end()
    },
    reachable: () => reachable,
    compactHistory: () => store.compact(),
    counters: api.counters,
    store,
    close() {
      stopNegs()
      stopIngresses()
    },
  }
}
