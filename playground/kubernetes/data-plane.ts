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

/** A connection to a port: to a pod, or refused. */
export type Dialled =
  | {
      readonly connected: true
      readonly namespace: string
      readonly pod: string
      readonly zone: string
      answer(request: PodRequest): PodAnswer
    }
  | { readonly connected: false; readonly why: string }

/** How traffic gets into a cluster. */
export interface DataPlane {
  /** A connection to a node port, as kube-proxy forwards it; the node by name or by the URL of its instance. */
  dialNode(instance: string, port: number): Dialled
  dialPod(address: string, port: number): Dialled
}

/** Traffic into one cluster. */
export function createDataPlane(world: {
  cluster: string
  store: ObjectStore
  random: Random
  endpoints: Endpoints
  servicePorts: ServicePorts
}): DataPlane {
  const { store, endpoints } = world

  function connect(pod: KubeObject, service: string, port: number): Dialled {
    if (text(pod, 'status', 'phase') !== 'Running') return refused(`pod ${pod.metadata.name} is not running`)
    const ports = containerPorts(pod)
    if (ports.size > 0 && ![...ports.values()].includes(port))
      return refused(`pod ${pod.metadata.name} does not listen on port ${port}`)
    const nodeName = text(pod, 'spec', 'nodeName') ?? ''
    const node = store.get(nodes, undefined, nodeName)
    const zone = node === undefined ? '' : zoneOfNode(node)
    const namespace = pod.metadata.namespace ?? ''
    return {
      connected: true,
      namespace,
      pod: pod.metadata.name,
      zone,
      answer: (request) => answer(world.cluster, zone, service, pod, request),
    }
  }

  return {
    dialNode(instance, port) {
      const parts = instance.split('/')
      const name = parts.at(-1) ?? ''
      const node = store.get(nodes, undefined, name)
      if (node === undefined || (parts.length > 1 && parts.at(-3) !== zoneOfNode(node)))
        return refused(`cluster ${world.cluster} has no node ${instance}`)
      const behind = world.servicePorts.behind(port)
      if (behind === undefined) return refused(`no Service of cluster ${world.cluster} has node port ${port}`)
      const local = text(behind.service, 'spec', 'externalTrafficPolicy') === 'Local'
      const ready = endpoints
        .podsOf(behind.service)
        .filter((pod) => isReady(pod) && (!local || text(pod, 'spec', 'nodeName') === name))
      const chosen = ready[Math.floor(world.random() * ready.length)]
      if (chosen === undefined)
        return refused(`Service ${behind.service.metadata.name} has no ready pod${local ? ` on node ${name}` : ''}`)
      const target = targetPortOf(behind.port, chosen)
      if (target === undefined)
        return refused(`pod ${chosen.metadata.name} has no port that Service ${behind.service.metadata.name} leads to`)
      return connect(chosen, behind.service.metadata.name, target)
    },
    dialPod(address, port) {
      const pod = endpoints.podByAddress(address)
      if (pod === undefined) return refused(`cluster ${world.cluster} has no pod with address ${address}`)
      const selecting = endpoints.servicesOf(pod)
      const leading =
        selecting.find((service) =>
          items(service, 'spec', 'ports').some((entry) => targetPortOf(entry, pod) === port),
        ) ?? selecting[0]
      return connect(pod, leading?.metadata.name ?? '', port)
    },
  }
}

function refused(why: string): Dialled {
  return { connected: false, why }
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
