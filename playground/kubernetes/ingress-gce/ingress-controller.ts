import type { Clock } from '../../world.ts'
import { asManager, type Writes } from '../api/writes.ts'
import { urlOf } from '../gce.ts'
import { withValue, type Json } from '../json.ts'
import { ingresses, nodes, services } from '../kinds.ts'
import { annotationsOf, isLive, keyOf, type KubeObject } from '../object.ts'
import type { ObjectStore } from '../store.ts'
import { createWorkQueue } from '../work-queue.ts'
import { classOf, translate } from './backends.ts'
import type { Recorder } from './events.ts'
import type { InstanceGroups } from './instance-groups.ts'
import { groupsAnnotation, multiClusterClass } from './names.ts'
import type { References } from './references.ts'

/** What the controller of instance groups works with. */
export interface IngressControllerWorld {
  readonly store: ObjectStore
  readonly writes: Writes
  readonly clock: Clock
  readonly references: References
  readonly groups: InstanceGroups
  readonly record: Recorder
  readonly project: string
  readonly groupName: string
  readonly resyncMs: number
}

const memberKey = '(members)'

/**
 * The part of ingress-gce that serves the class gce-multi-cluster: instance groups, named ports, the annotation. It works when an
 * Ingress or a Service changes and at each resync; nodes only change the members of groups that exist, so a new zone waits.
 * Returns how to stop it.
 */
export function runIngressController(world: IngressControllerWorld): () => void {
  const { store, references, groups } = world
  const queue = createWorkQueue({
    clock: world.clock,
    // One, as the real controller: two Ingresses never race on the named ports of a group.
    workers: 1,
    work: (key) => (key === memberKey ? groups.syncMembers() : sync(key)),
    failed(key, why) {
      const ingress = find(key)
      if (ingress !== undefined) world.record(ingress, 'Warning', 'Sync', `Error syncing to GCP: ${why}`)
    },
  })

  const stopListening = store.onChange(({ type, kind, object, previous }) => {
    if (kind === nodes && type !== 'MODIFIED') queue.add(memberKey)
    if (kind === services)
      for (const ingress of references.ingressesOf(keyOf(object)))
        if (classOf(ingress) === multiClusterClass) queue.add(keyOf(ingress))
    if (kind === ingresses) {
      const concerned =
        classOf(object) === multiClusterClass || (previous !== undefined && classOf(previous) === multiClusterClass)
      if (concerned) queue.add(keyOf(object))
    }
  })
  let resync = world.clock.after(world.resyncMs, tick)
  function tick(): void {
    for (const key of references.multiCluster()) queue.add(key)
    resync = world.clock.after(world.resyncMs, tick)
  }

  function find(key: string): KubeObject | undefined {
    const [namespace, name] = key.split('/')
    return store.get(ingresses, namespace, name ?? '')
  }

  async function sync(key: string): Promise<void> {
    const ingress = find(key)
    if (ingress === undefined || !isLive(ingress) || classOf(ingress) !== multiClusterClass) {
      if (!references.anyMultiCluster()) await groups.removeAll()
      return
    }
    const translation = translate(store, ingress)
    if (!translation.ok) {
      world.record(ingress, 'Warning', 'Translate', `Translation failed: invalid ingress spec: ${translation.why}`)
      throw new Error(`invalid ingress spec: ${translation.why}`)
    }
    if (translation.nodePorts.length === 0) return
    const zones = await groups.ensure(translation.nodePorts)
    annotate(key, zones)
  }

  function annotate(key: string, zones: readonly string[]): void {
    const ingress = find(key)
    if (ingress === undefined || !isLive(ingress) || zones.length === 0) return
    const value = JSON.stringify(
      zones.map((zone): Json => ({ Name: world.groupName, Zone: urlOf(world.project, `zones/${zone}`) })),
    )
    if (annotationsOf(ingress)[groupsAnnotation] === value) return
    world.writes.edit(ingresses, ingress.metadata.namespace, ingress.metadata.name, asManager('glbc'), (live) =>
      withValue(live, ['metadata', 'annotations', groupsAnnotation], value),
    )
  }

  return () => {
    stopListening()
    resync.cancel()
    queue.close()
  }
}
