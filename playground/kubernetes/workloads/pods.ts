import type { Clock } from '../../world.ts'
import { shortHash, timestamp } from '../identifiers.ts'
import { equal, fields, items, text, type Json, type JsonObject } from '../json.ts'
import { nodes, pods } from '../kinds.ts'
import { isLive, keyOf, labelsOf, withMembers, type KubeObject } from '../object.ts'
import type { ObjectStore } from '../store.ts'
import type { AddressBlock } from './addresses.ts'

/** Label that makes a pod answer every request with this HTTP status, its readiness probe too. */
export const statusLabel = 'playground/status'

/** True when the pod may get traffic: running, its readiness probe answers, and nobody has asked it to stop. */
export function isReady(pod: KubeObject): boolean {
  return (
    isLive(pod) &&
    items(pod, 'status', 'conditions').some(
      (condition) => text(condition, 'type') === 'Ready' && text(condition, 'status') === 'True',
    )
  )
}

/** The HTTP status that a pod answers with. */
export function answerStatus(pod: KubeObject): number {
  const label = labelsOf(pod)[statusLabel] ?? ''
  return /^[1-5]\d\d$/.test(label) ? Number(label) : 200
}

/** The port numbers of a pod's containers by name, or by number in decimal; what a pod does not declare it does not serve. */
export function containerPorts(pod: KubeObject): ReadonlyMap<string, number> {
  const found = new Map<string, number>()
  for (const container of items(pod, 'spec', 'containers')) {
    for (const port of items(container, 'ports')) {
      const value = fields(port)['containerPort']
      if (typeof value !== 'number') continue
      found.set(String(value), value)
      const name = text(port, 'name')
      if (name !== undefined) found.set(name, value)
    }
  }
  return found
}

/** How long pods take. */
export interface PodTimes {
  readonly startMs: number
  readonly stopMs: number
}

/** The scheduler and the kubelets: pods get a node and an address, become ready, stop, and go with their node. */
export function runPods(world: { store: ObjectStore; clock: Clock; addresses: AddressBlock; times: PodTimes }): void {
  const { store, clock, addresses, times } = world
  const onNode = new Map<string, Set<string>>()
  /** Pods per zone and ReplicaSet (or lone pod), for spreading. */
  const spread = new Map<string, number>()
  const unscheduled = new Set<string>()

  store.onChange(({ type, kind, object, previous }) => {
    if (kind === nodes) {
      if (type === 'ADDED') for (const key of [...unscheduled]) schedule(key)
      if (type === 'DELETED') for (const key of [...(onNode.get(object.metadata.name) ?? [])]) vanish(key)
      return
    }
    if (kind !== pods) return
    const key = keyOf(object)
    if (previous !== undefined) file(previous, key, -1)
    if (type === 'DELETED') {
      unscheduled.delete(key)
      const address = text(object, 'status', 'podIP')
      if (address !== undefined) addresses.release(address)
      return
    }
    file(object, key, 1)
    if (!isLive(object)) {
      if (previous === undefined || isLive(previous)) later(times.stopMs, object, (pod) => store.remove(pods, pod))
      return
    }
    if (text(object, 'spec', 'nodeName') === undefined) {
      if (type === 'ADDED') schedule(key)
    } else if (text(object, 'status', 'phase') === 'Running') refresh(object)
    else if (text(previous, 'spec', 'nodeName') === undefined) later(times.startMs, object, (pod) => refresh(pod))
  })

  function later(ms: number, pod: KubeObject, act: (pod: KubeObject) => void): void {
    const { namespace, name, uid } = pod.metadata
    clock.after(ms, () => {
      const current = store.get(pods, namespace, name)
      if (current?.metadata.uid === uid) act(current)
    })
  }

  function file(pod: KubeObject, key: string, change: 1 | -1): void {
    const node = text(pod, 'spec', 'nodeName')
    if (node === undefined) return
    const here = onNode.get(node) ?? new Set<string>()
    if (change === 1) here.add(key)
    else here.delete(key)
    onNode.set(node, here)
    const group = spreadKey(zoneOf(node), pod)
    if (isLive(pod)) spread.set(group, (spread.get(group) ?? 0) + change)
  }

  const zones = new Map<string, string>()
  function zoneOf(node: string): string {
    const known = labelsOf(store.get(nodes, undefined, node) ?? emptyNode)['topology.kubernetes.io/zone']
    if (known !== undefined) zones.set(node, known)
    return known ?? zones.get(node) ?? ''
  }

  function spreadKey(zone: string, pod: KubeObject): string {
    return `${zone}|${pod.metadata.ownerReferences?.[0]?.uid ?? pod.metadata.uid}`
  }

  function find(key: string): KubeObject | undefined {
    const [namespace, name] = key.split('/')
    return store.get(pods, namespace, name ?? '')
  }

  function schedule(key: string): void {
    const pod = find(key)
    if (pod === undefined || !isLive(pod)) return
    const load = (node: KubeObject): number => onNode.get(node.metadata.name)?.size ?? 0
    const [best] = store
      .list(nodes)
      .filter((node) => fields(node, 'spec')['unschedulable'] !== true)
      .map((node) => ({ node, inZone: spread.get(spreadKey(zoneOf(node.metadata.name), pod)) ?? 0, load: load(node) }))
      .sort((a, b) => a.inZone - b.inZone || a.load - b.load)
    if (best === undefined) {
      unscheduled.add(key)
      return
    }
    unscheduled.delete(key)
    const hostIP = text(best.node, 'status', 'addresses', 0, 'address') ?? ''
    store.put(
      pods,
      withMembers(pod, {
        spec: { ...fields(pod, 'spec'), nodeName: best.node.metadata.name },
        status: {
          phase: 'Pending',
          hostIP,
          podIP: addresses.take(),
          startTime: timestamp(clock.now()),
          conditions: [condition('PodScheduled', true)],
        },
      }),
    )
  }

  /** Brings a started pod's status up to what its readiness probe would find now. */
  function refresh(pod: KubeObject): void {
    const probed = items(pod, 'spec', 'containers').some(
      (container) => fields(container)['readinessProbe'] !== undefined,
    )
    const ready = !probed || answerStatus(pod) < 400
    const before = fields(pod, 'status')
    const podIP = text(before, 'podIP') ?? addresses.take()
    const status: JsonObject = {
      ...before,
      phase: 'Running',
      podIP,
      podIPs: [{ ip: podIP }],
      conditions: [
        condition('PodScheduled', true),
        condition('Initialized', true),
        condition('Ready', ready),
        condition('ContainersReady', ready),
      ].map((entry) => keepTime(before, entry)),
      containerStatuses: items(pod, 'spec', 'containers').map((container): Json => {
        const image = text(container, 'image') ?? ''
        const name = text(container, 'name') ?? ''
        return {
          name,
          image,
          imageID: `sha256:${shortHash(image, 64)}`,
          ready,
          started: true,
          restartCount: 0,
          state: { running: { startedAt: text(before, 'startTime') ?? '' } },
        }
      }),
    }
    if (!equal(before, status)) store.put(pods, withMembers(pod, { status }))
  }

  function condition(type: string, holds: boolean): JsonObject {
    return { type, status: holds ? 'True' : 'False', lastProbeTime: null, lastTransitionTime: timestamp(clock.now()) }
  }

  function keepTime(before: JsonObject, entry: Json): Json {
    const old = items(before, 'conditions').find(
      (other) => text(other, 'type') === text(entry, 'type') && text(other, 'status') === text(entry, 'status'),
    )
    return old ?? entry
  }

  function vanish(key: string): void {
    const pod = find(key)
    if (pod !== undefined) store.remove(pods, pod)
  }
}

const emptyNode: KubeObject = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: '', uid: '', resourceVersion: '', creationTimestamp: '' },
}
