import type { CoreV1Event } from '@kubernetes/client-node/dist/gen/models/CoreV1Event.js'
import { hashOf } from '../json.ts'
import { CloudError } from './compute-port.ts'
import type { KubernetesCaller } from './kubernetes-caller.ts'
import type { IngressEvent } from './kubernetes-port.ts'
import { shapes } from './kubernetes-shapes.ts'

/** Who says it: the column `From` of `kubectl describe`. */
const component = 'multi-cluster-ingress'

/** The API server refuses longer messages (validation of core/v1 Event). */
const longestMessage = 1_024

/** An object's name is at most 253 characters; the hash and the dot take 17. */
const longestStem = 236

/**
 * Writes a new Event, or counts up the one that there is: its name follows from the object and the reason, so the number of Events
 * of one object is bounded by the number of reasons, and a new one costs one request.
 */
export async function recordEvent(call: KubernetesCaller, event: IngressEvent): Promise<void> {
  const { namespace, name, uid } = event.ingress
  const stem = name.slice(0, longestStem).replace(/[^a-z0-9]+$/, '')
  const eventName = `${stem}.${hashOf([uid ?? '', event.type, event.reason]).slice(0, 16)}`
  const what = `event ${namespace}/${eventName}`
  const time = new Date(Math.floor(event.at / 1_000) * 1_000)
  const message = event.message.slice(0, longestMessage)
  try {
    const body = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: eventName, namespace },
      involvedObject: {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'Ingress',
        namespace,
        name,
        ...(uid === undefined ? {} : { uid }),
      },
      type: event.type,
      reason: event.reason,
      message,
      source: { component },
      reportingComponent: component,
      reportingInstance: component,
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
      // The vendor's class has no constructor that fills it, and its serializer reads plain members.
    } as unknown as CoreV1Event
    await call(`create ${what}`, ({ core }) => core.createNamespacedEvent(namespace, body), shapes.event)
  } catch (error) {
    if (!(error instanceof CloudError) || error.status !== 409) throw error
    const { count } = await call(
      `GET ${what}`,
      ({ core }) => core.readNamespacedEvent(eventName, namespace),
      shapes.event,
    )
    await call(
      `patch ${what}`,
      async ({ core }) => {
        const again = { count: (count ?? 0) + 1, lastTimestamp: time, message }
        const request = await core.patchNamespacedEvent(eventName, namespace, again)
        request.setHeaderParam('Content-Type', 'application/merge-patch+json')
        return request
      },
      shapes.event,
    )
  }
}
