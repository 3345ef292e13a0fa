import type { Deps } from '../shared/engine/deps.ts'
import { tick } from '../shared/engine/tick.ts'
import type { Event } from './event.ts'

/** Topic scheduler-ticks: whatever is due is nudged. The message may say anything. */
export async function onTick(deps: Deps, event: Event): Promise<void> {
  const due = await tick(deps, { why: 'tick', trace: event.id })
  if (due.resources + due.ingresses + due.clusters > 0) deps.log.info({ ...due, trace: event.id }, 'nudged what is due')
}
