import { shortHash, suffix, timestamp } from '../identifiers.ts'
import { fields, isObject, items, number, text, texts, withValue, type Json, type JsonObject } from '../json.ts'
import { deployments, pods, replicaSets } from '../kinds.ts'
import { isLive, keyOf, withMembers, withMeta, type KubeObject } from '../object.ts'
import { createTurnQueue } from '../work-queue.ts'
import { ownedObject, putStatus, type WorkloadWorld } from './owned.ts'
import { isReady } from './pods.ts'

/**
 * Deployments make ReplicaSets, ReplicaSets make Pods. A new template gets a ReplicaSet of its own at full size at once; the older
 * ones shrink to nothing when its pods are ready (the real controller goes in steps of maxSurge and maxUnavailable).
 */
export function runDeployments(world: WorkloadWorld): void {
  const { store, ownership } = world
  const syncDeployment = createTurnQueue(world.clock, (key) => {
    const deployment = find(deployments, key)
    if (deployment !== undefined && isLive(deployment)) reconcileDeployment(deployment)
  })
  const syncReplicaSet = createTurnQueue(world.clock, (key) => {
    const set = find(replicaSets, key)
    if (set !== undefined && isLive(set)) reconcileReplicaSet(set)
  })

  function find(kind: typeof deployments, key: string): KubeObject | undefined {
    const [namespace, name] = key.split('/')
    return store.get(kind, namespace, name ?? '')
  }

  store.onChange(({ type, kind, object }) => {
    if (kind === deployments && type !== 'DELETED') syncDeployment(keyOf(object))
    if (kind === replicaSets) {
      if (type !== 'DELETED') syncReplicaSet(keyOf(object))
      for (const owner of ownersOf(object, 'Deployment')) syncDeployment(owner)
    }
    if (kind === pods) for (const owner of ownersOf(object, 'ReplicaSet')) syncReplicaSet(owner)
  })

  function reconcileDeployment(deployment: KubeObject): void {
    const template = fields(deployment, 'spec', 'template')
    const hash = shortHash(JSON.stringify(template), 10)
    const desired = number(deployment, 'spec', 'replicas') ?? 1
    const owned = ownership.dependents(replicaSets, deployment.metadata.uid)
    const current = owned.find((set) => set.metadata.labels?.['pod-template-hash'] === hash)
    if (current === undefined) {
      store.put(replicaSets, newReplicaSet(deployment, template, hash, desired))
      return
    }
    resize(current, desired)
    const old = owned.filter((set) => set !== current)
    if ((number(current, 'status', 'readyReplicas') ?? 0) >= desired) for (const set of old) resize(set, 0)
    prune(deployment, old)
    putStatus(store, deployments, deployment, deploymentStatus(deployment, current, old, desired))
  }

  function prune(deployment: KubeObject, old: readonly KubeObject[]): void {
    const limit = number(deployment, 'spec', 'revisionHistoryLimit') ?? 10
    const empty = old.filter((set) => number(set, 'spec', 'replicas') === 0 && number(set, 'status', 'replicas') === 0)
    const oldestFirst = empty.sort((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion))
    for (const set of oldestFirst.slice(0, Math.max(0, empty.length - limit))) store.remove(replicaSets, set)
  }

  function newReplicaSet(deployment: KubeObject, template: JsonObject, hash: string, replicas: number): KubeObject {
    const labels = { ...texts(template, 'metadata', 'labels'), 'pod-template-hash': hash }
    const selector = fields(deployment, 'spec', 'selector')
    return ownedObject(world, replicaSets, deployment, `${deployment.metadata.name}-${hash}`, {
      labels,
      annotations: { 'deployment.kubernetes.io/desired-replicas': String(replicas) },
      members: {
        spec: {
          replicas,
          selector: withValue(selector, ['matchLabels', 'pod-template-hash'], hash),
          template: withValue(template, ['metadata', 'labels'], labels),
        },
        status: { replicas: 0 },
      },
    })
  }

  function resize(set: KubeObject, replicas: number): void {
    if (number(set, 'spec', 'replicas') === replicas) return
    const grown = withMembers(set, { spec: withValue(fields(set, 'spec'), ['replicas'], replicas) })
    store.put(replicaSets, withMeta(grown, { generation: (set.metadata.generation ?? 0) + 1 }))
  }

  function deploymentStatus(
    deployment: KubeObject,
    current: KubeObject,
    old: readonly KubeObject[],
    desired: number,
  ): JsonObject {
    const total = (member: string): number =>
      [current, ...old].reduce((sum, set) => sum + (number(set, 'status', member) ?? 0), 0)
    const updated = number(current, 'status', 'replicas') ?? 0
    const ready = total('readyReplicas')
    const complete =
      updated >= desired &&
      (number(current, 'status', 'readyReplicas') ?? 0) >= desired &&
      total('replicas') === updated
    const conditions = [
      condition(
        deployment,
        'Available',
        ready >= desired,
        ready >= desired ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
      ),
      condition(deployment, 'Progressing', true, complete ? 'NewReplicaSetAvailable' : 'ReplicaSetUpdated'),
    ]
    return {
      observedGeneration: deployment.metadata.generation ?? 1,
      replicas: total('replicas'),
      updatedReplicas: updated,
      readyReplicas: ready,
      availableReplicas: ready,
      ...(desired > ready ? { unavailableReplicas: desired - ready } : {}),
      conditions,
    }
  }

  function condition(deployment: KubeObject, type: string, holds: boolean, reason: string): JsonObject {
    const status = holds ? 'True' : 'False'
    const before = items(deployment, 'status', 'conditions').find((entry) => text(entry, 'type') === type)
    const same = text(before, 'status') === status && text(before, 'reason') === reason
    if (same && isObject(before)) return before
    const now = timestamp(world.clock.now())
    const lastTransitionTime = text(before, 'status') === status ? (text(before, 'lastTransitionTime') ?? now) : now
    return { type, status, reason, message: reason, lastUpdateTime: now, lastTransitionTime }
  }

  function reconcileReplicaSet(set: KubeObject): void {
    const owned = ownership.dependents(pods, set.metadata.uid)
    const live = owned.filter(isLive)
    const desired = number(set, 'spec', 'replicas') ?? 1
    for (let missing = desired - live.length; missing > 0; missing -= 1) store.put(pods, newPod(set))
    if (live.length > desired) {
      // Those that serve nobody go first, then the youngest.
      const order = [...live].sort(
        (a, b) =>
          Number(isReady(a)) - Number(isReady(b)) ||
          Number(b.metadata.resourceVersion) - Number(a.metadata.resourceVersion),
      )
      for (const pod of order.slice(0, live.length - desired)) {
        store.put(pods, withMeta(pod, { deletionTimestamp: timestamp(world.clock.now()) }))
      }
    }
    const remaining = ownership.dependents(pods, set.metadata.uid).filter(isLive)
    const ready = remaining.filter(isReady).length
    putStatus(store, replicaSets, store.get(replicaSets, set.metadata.namespace, set.metadata.name) ?? set, {
      observedGeneration: set.metadata.generation ?? 1,
      replicas: remaining.length,
      fullyLabeledReplicas: remaining.length,
      ...(ready > 0 ? { readyReplicas: ready, availableReplicas: ready } : {}),
    })
  }

  function newPod(set: KubeObject): KubeObject {
    const template = fields(set, 'spec', 'template')
    const spec: Json = fields(template, 'spec')
    return ownedObject(world, pods, set, `${set.metadata.name}-${suffix(world.random)}`, {
      labels: texts(template, 'metadata', 'labels'),
      annotations: texts(template, 'metadata', 'annotations'),
      members: { spec, status: { phase: 'Pending' } },
    })
  }
}

function ownersOf(object: KubeObject, kind: string): string[] {
  return (object.metadata.ownerReferences ?? [])
    .filter((owner) => owner.kind === kind)
    .map((owner) => `${object.metadata.namespace ?? ''}/${owner.name}`)
}
