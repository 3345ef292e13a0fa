import type { Clock, Random } from '../../world.ts'
import { shortHash, timestamp, uuid } from '../identifiers.ts'
import { at, equal, items, number, text, texts, type Json, type JsonObject } from '../json.ts'
import { apiVersionOf, endpointSlices, nodes, pods, services, type Kind } from '../kinds.ts'
import { isLive, keyOf, labelsOf, withMembers, type KubeObject } from '../object.ts'
import { matchesAll } from '../api/selectors.ts'
import type { ObjectStore } from '../store.ts'
import { createTurnQueue } from '../work-queue.ts'
import { containerPorts, isReady } from './pods.ts'

/** The pods behind Services, followed from the store. */
export interface Endpoints {
  /** All pods that a Service selects, ready or not; sorted by name. */
  podsOf(service: KubeObject): KubeObject[]
  /** The Services that select a pod; sorted by name. */
  servicesOf(pod: KubeObject): KubeObject[]
  podByAddress(address: string): KubeObject | undefined
  /** Tells which Service's endpoints may have changed, after the change. */
  onChange(listener: (serviceKey: string) => void): void
}

/** The port of a pod that a port of a Service leads to; undefined when the pod has no port of that name. */
export function targetPortOf(servicePort: Json, pod: KubeObject): number | undefined {
  const target = at(servicePort, 'targetPort') ?? at(servicePort, 'port')
  return typeof target === 'number' ? target : typeof target === 'string' ? containerPorts(pod).get(target) : undefined
}

/**
 * Follows pods and Services by one label pair each, so that neither a pod nor a Service looks at all of the other kind, and keeps an
 * EndpointSlice per Service.
 */
export function runEndpoints(world: { store: ObjectStore; clock: Clock; random: Random }): Endpoints {
  const { store } = world
  const podsByPair = new Map<string, Set<string>>()
  const servicesByPair = new Map<string, Set<string>>()
  const byAddress = new Map<string, string>()
  const listeners: ((serviceKey: string) => void)[] = []
  const writeSlice = createTurnQueue(world.clock, (key) => {
    const service = find(services, key)
    if (service !== undefined && isLive(service)) putSlice(service)
  })

  store.onChange(({ type, kind, object, previous }) => {
    if (kind === pods) {
      if (previous !== undefined) filePod(previous, false)
      if (type !== 'DELETED') filePod(object, true)
      const touched = new Set(
        [...(previous === undefined ? [] : servicesOf(previous)), ...servicesOf(object)].map(keyOf),
      )
      for (const key of touched) tell(key)
    }
    if (kind === services) {
      if (previous !== undefined) fileService(previous, false)
      if (type !== 'DELETED') fileService(object, true)
      if (previous === undefined || type === 'DELETED' || !equal(previous['spec'], object['spec'])) tell(keyOf(object))
    }
  })

  function tell(key: string): void {
    writeSlice(key)
    for (const listener of listeners) listener(key)
  }

  function find(kind: Kind, key: string): KubeObject | undefined {
    const [namespace, name] = key.split('/')
    return store.get(kind, namespace, name ?? '')
  }

  function filePod(pod: KubeObject, present: boolean): void {
    const key = keyOf(pod)
    for (const [name, value] of Object.entries(labelsOf(pod)))
      change(podsByPair, pairKey(pod, name, value), key, present)
    const address = text(pod, 'status', 'podIP')
    if (address === undefined) return
    if (present) byAddress.set(address, key)
    else if (byAddress.get(address) === key) byAddress.delete(address)
  }

  function fileService(service: KubeObject, present: boolean): void {
    const [first] = Object.entries(texts(service, 'spec', 'selector'))
    if (first !== undefined) change(servicesByPair, pairKey(service, ...first), keyOf(service), present)
  }

  function podsOf(service: KubeObject): KubeObject[] {
    const selector = texts(service, 'spec', 'selector')
    const candidates = Object.entries(selector).map(
      ([name, value]) => podsByPair.get(pairKey(service, name, value)) ?? new Set<string>(),
    )
    const [smallest] = candidates.sort((a, b) => a.size - b.size)
    return resolve(pods, smallest).filter((pod) => matchesAll(selector, labelsOf(pod)))
  }

  function servicesOf(pod: KubeObject): KubeObject[] {
    const labels = labelsOf(pod)
    const keys = new Set(
      Object.entries(labels).flatMap(([name, value]) => [...(servicesByPair.get(pairKey(pod, name, value)) ?? [])]),
    )
    return resolve(services, keys).filter((service) => matchesAll(texts(service, 'spec', 'selector'), labels))
  }

  function resolve(kind: Kind, keys: Iterable<string> | undefined): KubeObject[] {
    return [...(keys ?? [])].sort().flatMap((key) => find(kind, key) ?? [])
  }

  function putSlice(service: KubeObject): void {
    const selected = podsOf(service).filter((pod) => text(pod, 'status', 'podIP') !== undefined)
    if (Object.keys(texts(service, 'spec', 'selector')).length === 0) return
    const { name, namespace } = service.metadata
    const sliceName = `${name}-${shortHash(service.metadata.uid, 5)}`
    const body: JsonObject = {
      addressType: 'IPv4',
      endpoints: selected.map((pod) => endpointOf(store, pod)),
      ports: items(service, 'spec', 'ports').map((port) => ({
        name: text(port, 'name') ?? '',
        port:
          selected.map((pod) => targetPortOf(port, pod)).find((found) => found !== undefined) ??
          number(port, 'targetPort') ??
          null,
        protocol: text(port, 'protocol') ?? 'TCP',
      })),
    }
    const present = store.get(endpointSlices, namespace, sliceName)
    if (present !== undefined) {
      const next = withMembers(present, body)
      if (!equal(present, next)) store.put(endpointSlices, next)
      return
    }
    store.put(endpointSlices, {
      ...body,
      apiVersion: apiVersionOf(endpointSlices),
      kind: endpointSlices.kind,
      metadata: {
        name: sliceName,
        ...(namespace === undefined ? {} : { namespace }),
        uid: uuid(world.random),
        resourceVersion: '',
        creationTimestamp: timestamp(world.clock.now()),
        generation: 1,
        labels: {
          'kubernetes.io/service-name': name,
          'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
        },
        ownerReferences: [
          {
            apiVersion: 'v1',
            kind: 'Service',
            name,
            uid: service.metadata.uid,
            controller: true,
            blockOwnerDeletion: true,
          },
        ],
      },
    })
  }

  return {
    podsOf,
    servicesOf,
    podByAddress: (address) => {
      const key = byAddress.get(address)
      return key === undefined ? undefined : find(pods, key)
    },
    onChange: (listener) => void listeners.push(listener),
  }
}

function endpointOf(store: ObjectStore, pod: KubeObject): Json {
  const nodeName = text(pod, 'spec', 'nodeName') ?? ''
  const node = store.get(nodes, undefined, nodeName)
  const ready = isReady(pod)
  return {
    addresses: [text(pod, 'status', 'podIP') ?? ''],
    conditions: { ready, serving: ready, terminating: !isLive(pod) },
    nodeName,
    zone: node === undefined ? '' : (labelsOf(node)['topology.kubernetes.io/zone'] ?? ''),
    targetRef: { kind: 'Pod', namespace: pod.metadata.namespace, name: pod.metadata.name, uid: pod.metadata.uid },
  }
}

function pairKey(object: KubeObject, name: string, value: string): string {
  return `${object.metadata.namespace ?? ''}|${name}=${value}`
}

function change(index: Map<string, Set<string>>, pair: string, key: string, present: boolean): void {
  const keys = index.get(pair) ?? new Set<string>()
  if (present) keys.add(key)
  else keys.delete(key)
  if (keys.size === 0) index.delete(pair)
  else index.set(pair, keys)
}
