import type { Random } from '../world.ts'
import { items, text } from './json.ts'
import { nodes } from './kinds.ts'
import type { KubeObject } from './object.ts'
import type { ServicePorts } from './service-ports.ts'
import type { ObjectStore } from './store.ts'
import { zoneOfNode } from './nodes.ts'
import { targetPortOf, type Endpoints } from './workloads/endpoints.ts'
import { answerStatus, containerPorts, isReady } from './workloads/pods.ts'

/** What reaches a pod of an HTTP request. */
export interface PodRequest {
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly host: string
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
}

/** What a pod answers. */
export interface PodAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A connection to a pod; `undefined` stands for one that was refused. */
export type PodConnection = (request: PodRequest) => PodAnswer

/** How traffic gets into a cluster. */
export interface DataPlane {
  /**
   * A connection to a node port, as kube-proxy forwards it; the node by its name or by its instance, `projects/P/zones/Z/instances/I`
   * with or without what stands before it in a URL.
   */
  dialNode(instance: string, port: number): PodConnection | undefined
  dialPod(address: string, port: number): PodConnection | undefined
}

/** Traffic into one cluster. */
export function createDataPlane(world: {
  cluster: string
  project: string
  store: ObjectStore
  random: Random
  endpoints: Endpoints
  servicePorts: ServicePorts
}): DataPlane {
  const { store, endpoints } = world

  function connect(pod: KubeObject, service: string, port: number): PodConnection | undefined {
    if (text(pod, 'status', 'phase') !== 'Running') return undefined
    const ports = containerPorts(pod)
    // A pod that declares no ports is taken to listen wherever it is asked.
    if (ports.size > 0 && ![...ports.values()].includes(port)) return undefined
    const node = store.get(nodes, undefined, text(pod, 'spec', 'nodeName') ?? '')
    const zone = node === undefined ? '' : zoneOfNode(node)
    return (request) => answer(world.cluster, zone, service, pod, request)
  }

  function findNode(instance: string): KubeObject | undefined {
    const node = store.get(nodes, undefined, instance.split('/').at(-1) ?? '')
    if (node === undefined || !instance.includes('/')) return node
    const path = `projects/${world.project}/zones/${zoneOfNode(node)}/instances/${node.metadata.name}`
    return instance === path || instance.endsWith(`/${path}`) ? node : undefined
  }

  return {
    dialNode(instance, port) {
      const node = findNode(instance)
      const behind = world.servicePorts.behind(port)
      if (node === undefined || behind === undefined) return undefined
      const local = text(behind.service, 'spec', 'externalTrafficPolicy') === 'Local'
      const ready = endpoints
        .podsOf(behind.service)
        .filter((pod) => isReady(pod) && (!local || text(pod, 'spec', 'nodeName') === node.metadata.name))
      const chosen = ready[Math.floor(world.random() * ready.length)]
      const target = chosen === undefined ? undefined : targetPortOf(behind.port, chosen)
      return chosen === undefined || target === undefined
        ? undefined
        : connect(chosen, behind.service.metadata.name, target)
    },
    dialPod(address, port) {
      const pod = endpoints.podByAddress(address)
      if (pod === undefined) return undefined
      const selecting = endpoints.servicesOf(pod)
      const leadsHere = (service: KubeObject): boolean =>
        items(service, 'spec', 'ports').some((entry) => targetPortOf(entry, pod) === port)
      const leading = selecting.find(leadsHere) ?? selecting[0]
      return connect(pod, leading?.metadata.name ?? '', port)
    },
  }
}

function answer(cluster: string, zone: string, service: string, pod: KubeObject, request: PodRequest): PodAnswer {
  const status = answerStatus(pod)
  const namespace = pod.metadata.namespace ?? ''
  const { name } = pod.metadata
  if ((request.headers['accept'] ?? '').includes('application/json')) {
    const body = { cluster, zone, namespace, service, pod: name, host: request.host, path: request.path }
    return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  }
  const lines = [
    `Welcome from Google Cloud datacenters at: ${zone}`,
    `You are now connected to "${zone}" of cluster ${cluster}.`,
    `Pod ${namespace}/${name} of service ${service} answers http://${request.host}${request.path}`,
  ]
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: `${lines.join('\n')}\n` }
}
