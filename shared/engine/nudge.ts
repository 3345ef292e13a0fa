import { splitResourceId, type ResourceId } from '../resource-id.ts'
import type { BusMessage } from '../cloud/bus-port.ts'
import { queries } from '../state/store.ts'
import type { Deps } from './deps.ts'
import { mayBeThere } from './existence.ts'

/** Where a message came from: travels with every nudge that follows from it, for the logs. */
export interface Cause {
  /** In words: `spec published`, `health-check x is there`, `tick`. */
  why: string
  /** One id from the first message to the last that follows from it. */
  trace: string
}

/** A nudge for one resource. It names it and never says what to do. */
export function nudgeOf(id: ResourceId, cause: Cause): BusMessage {
  return { topic: `reconcile-${splitResourceId(id).kind}`, body: { id, why: cause.why, trace: cause.trace } }
}

/** A nudge for the planner of one ingress. */
export function planNudgeOf(ingress: string, cause: Cause): BusMessage {
  return { topic: 'plans', body: { ingress, why: cause.why, trace: cause.trace } }
}

/** A nudge to look at a cluster. */
export function clusterNudgeOf(cluster: string, cause: Cause): BusMessage {
  return { topic: 'cluster-changes', body: { cluster, why: cause.why, trace: cause.trace } }
}

/**
 * Publishes nudges. A failure is logged and swallowed: what the nudges are for is written in documents that have an alarm
 * clock of their own, so a lost nudge costs time and never truth.
 */
export async function send(deps: Deps, messages: readonly BusMessage[]): Promise<void> {
  if (messages.length === 0) return
  try {
    await deps.bus.publish(messages)
  } catch (error) {
    deps.log.warn(
      { count: messages.length, error: error instanceof Error ? error.message : String(error) },
      'nudges not sent; the tick will find what they were for',
    )
  }
}

/**
 * Nudges what waits for `id`. One that waits for several to exist is nudged by the last of them only: each of those does
 * this after its own commit, so the last to commit sees the others.
 * Answers the Ingresses of whose resources any waited for which the Ingress waits.
 */
export async function wakeWaiters(deps: Deps, id: ResourceId, cause: Cause): Promise<ReadonlySet<string>> {
  const waiters = await deps.store.find(queries.waiters(id))
  const others = waiters.flatMap((doc) => (doc.waitingFor === 'exist' ? doc.waitingOn : []))
  const docs = new Map(
    (await deps.store.getAll('resources', [...new Set(others)])).flatMap((doc) =>
      doc ? [[doc.id, doc] as const] : [],
    ),
  )
  const awake = waiters.filter(
    (doc) => doc.waitingFor === 'release' || doc.waitingOn.every((on) => mayBeThere(docs.get(on), doc.owner)),
  )
  await send(
    deps,
    awake.map((doc) => nudgeOf(doc.id, cause)),
  )
  return new Set(waiters.filter((doc) => !follows(deps, doc)).map(({ owner }) => owner))
}

/** Whether it only tells of what the others made. */
function follows(deps: Deps, { kind }: { kind: string }): boolean {
  return deps.kinds.find((candidate) => candidate.name === kind)?.follows === true
}
