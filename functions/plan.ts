import { z } from 'zod'
import { atMost } from '../shared/bounded.ts'
import type { Deps } from '../shared/engine/deps.ts'
import { planIngress } from '../shared/engine/plan-ingress.ts'
import { bodyOf, withCause, type Event } from './event.ts'

const nudge = withCause({ ingress: z.string().refine(...atMost(400)) })

/** Topic plans: the spec of an Ingress, the facts about its clusters, or the state of its resources may have changed. */
export async function onPlan(deps: Deps, event: Event): Promise<void> {
  const { ingress, why = 'a message', trace = event.id } = bodyOf(event, nudge)
  await planIngress(deps, ingress, { why, trace })
}
