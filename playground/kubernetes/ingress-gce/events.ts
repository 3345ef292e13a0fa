import type { Clock, Random } from '../../world.ts'
import { shortHash, timestamp, uuid } from '../identifiers.ts'
import { number } from '../json.ts'
import { apiVersionOf, events } from '../kinds.ts'
import type { KubeObject } from '../object.ts'
import type { ObjectStore } from '../store.ts'

/** Records an Event about an object; the same reason and message again only raise its count. */
export type Recorder = (about: KubeObject, type: 'Normal' | 'Warning', reason: string, message: string) => void

/** The event recorder of a component. */
export function createRecorder(
  world: { store: ObjectStore; clock: Clock; random: Random },
  component: string,
): Recorder {
  return (about, type, reason, message) => {
    const now = timestamp(world.clock.now())
    const namespace = about.metadata.namespace ?? 'default'
    const name = `${about.metadata.name}.${shortHash(`${about.metadata.uid};${component};${reason};${message}`, 16)}`
    const before = world.store.get(events, namespace, name)
    if (before !== undefined) {
      world.store.put(events, { ...before, count: (number(before, 'count') ?? 1) + 1, lastTimestamp: now })
      return
    }
    const { uid, resourceVersion } = about.metadata
    world.store.put(events, {
      apiVersion: apiVersionOf(events),
      kind: events.kind,
      metadata: { name, namespace, uid: uuid(world.random), resourceVersion: '', creationTimestamp: now },
      involvedObject: {
        kind: about.kind,
        apiVersion: about.apiVersion,
        namespace,
        name: about.metadata.name,
        uid,
        resourceVersion,
      },
      type,
      reason,
      message,
      source: { component },
      reportingComponent: component,
      reportingInstance: '',
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
      eventTime: null,
    })
  }
}
