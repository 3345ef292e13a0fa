import type { BusMessage } from '../cloud/bus-port.ts'
import { isSame } from '../json.ts'
import { nameLayout } from '../planning/layout.ts'
import type { Announcement, Condition, IngressDoc } from '../state/documents.ts'
import type { Deps } from './deps.ts'
import type { Sources } from './sources.ts'
import type { IngressStatus } from './status.ts'

/** The topic on which everybody may hear what becomes of Ingresses. */
export const statusTopic = 'ingress-status'

/** Version of the messages' form: grows when a reader of the old form would be misled. */
const schema = '1'

/** While one of these is the reason, the message of a condition says how far things are, and changes all the time. */
const passing: ReadonlySet<string> = new Set(['Progressing', 'Looking'])

/**
 * What is to be told of an Ingress; the one that was told already, or is about to be, when there is nothing new. Pure. Only what
 * makes a difference to a reader is news: not how far things are on their way.
 */
export function announcementOf(
  doc: IngressDoc,
  sources: Sources,
  status: IngressStatus,
  project: string,
  at: number,
): Announcement {
  const latest = doc.telling ?? doc.told
  const { address6 } = nameLayout(doc, { project })
  const output = address6 === null ? undefined : sources.resources.get(address6.id)?.output
  const here = { vip: status.vip, vip6: (output as { ip?: string } | null | undefined)?.ip ?? null }
  const nowhere = { vip: null, vip6: null }
  const orphaned = doc.model.settings.onDelete === 'orphan' && latest !== undefined
  // What is gone has no address any more; what was left serving keeps the one that was known.
  const last = orphaned ? { vip: latest.vip, vip6: latest.vip6 } : nowhere
  const addresses = doc.goneAt === null ? here : last
  const next = {
    phase: status.phase,
    gone: doc.goneAt !== null,
    ...addresses,
    conditions: status.conditions.map(({ type, status: value, reason, message, lastTransitionTime }) => ({
      type,
      status: value,
      reason,
      message,
      lastTransitionTime,
    })),
  }
  if (latest !== undefined && isSame(meaning(latest), meaning(next))) return latest
  return { sequence: (latest?.sequence ?? 0) + 1, at, generation: doc.generation, ...next }
}

function meaning({
  phase,
  gone,
  vip,
  vip6,
  conditions,
}: Omit<Announcement, 'sequence' | 'at' | 'generation'>): unknown {
  const said = (one: Condition): unknown => [
    one.type,
    one.status,
    one.reason,
    passing.has(one.reason) ? '' : one.message,
  ]
  return [phase, gone, vip, vip6, conditions.map(said)]
}

/** The message: the body for those who act on it, attributes for those who choose by a filter. */
export function messageOf(doc: IngressDoc, loadBalancer: string, announcement: Announcement): BusMessage {
  const { told } = doc
  const { namespace, name } = doc.model
  const { sequence, at, generation, phase, gone, vip, vip6, conditions } = announcement
  const time = (ms: number): string => new Date(ms).toISOString()
  return {
    topic: statusTopic,
    attributes: {
      schema,
      namespace,
      name,
      phase,
      sequence: String(sequence),
      phaseChanged: String(told?.phase !== phase),
      vipChanged: String((told?.vip ?? null) !== vip || (told?.vip6 ?? null) !== vip6),
      gone: String(gone),
    },
    body: {
      schema,
      namespace,
      name,
      loadBalancer,
      sequence,
      at: time(at),
      generation,
      phase,
      previousPhase: told?.phase ?? null,
      vip,
      previousVip: told?.vip ?? null,
      vip6,
      gone,
      conditions: conditions.map(({ lastTransitionTime, ...one }) => ({
        ...one,
        lastTransitionTime: time(lastTransitionTime),
      })),
    },
  }
}

/**
 * Tells what a document says is to be told, and notes that it was. A publish that fails, or a function that dies here, leaves the
 * document as it is, with its alarm clock: the tick has it told again. `rests`: there is nothing else to wake up for.
 */
export async function announce(
  deps: Deps,
  doc: IngressDoc,
  telling: Announcement,
  loadBalancer: string,
  rests: boolean,
): Promise<void> {
  try {
    await deps.bus.publish([messageOf(doc, loadBalancer, telling)])
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    deps.log.warn({ ingress: doc.id, error: why }, 'status not announced; the tick will do it')
    return
  }
  await deps.store.transact(async (tx) => {
    const current = await tx.get('ingresses', doc.id)
    if (current?.telling?.sequence !== telling.sequence) return
    const { telling: told, ...others } = current
    const idle = rests && current.called !== true && current.wakeAt === doc.wakeAt && current.token === doc.token
    tx.set('ingresses', doc.id, { ...others, told, wakeAt: idle ? null : current.wakeAt })
  }, 'one-document')
}
