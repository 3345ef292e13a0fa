import type { Deps } from '../shared/engine/deps.ts'
import { onClusterChange } from './cluster-change.ts'
import { onDeadLetter, type Routes } from './dead-letter.ts'
import type { Event } from './event.ts'
import { onIngressSpec } from './ingress-spec.ts'
import { onPlan } from './plan.ts'
import { onNudge } from './reconcile.ts'
import { kinds } from './reconcile/index.ts'
import { onTick } from './scheduler-tick.ts'

/** One event function: what is deployed, and the topic that triggers it. */
export interface EventFunction {
  name: string
  topic: string
  handle(deps: Deps, event: Event): Promise<void>
}

/** Every event function. Local hosting, tests and infrastructure are read off this. The HTTP function is `status`. */
export const eventFunctions: readonly EventFunction[] = [
  { name: 'ingress-spec', topic: 'ingress-specs', handle: onIngressSpec },
  { name: 'cluster-change', topic: 'cluster-changes', handle: onClusterChange },
  { name: 'scheduler-tick', topic: 'scheduler-ticks', handle: onTick },
  { name: 'plan', topic: 'plans', handle: onPlan },
  {
    name: 'dead-letter',
    topic: 'dead-letters',
    handle: (deps, event) => onDeadLetter(deps, event, routes),
  },
  ...kinds.map((kind) => ({ name: `reconcile-${kind.name}`, topic: `reconcile-${kind.name}`, handle: onNudge })),
]

/** Where a dead letter may have come from. A push subscription is named as its function, after the deployment's prefix. */
export const routes: Routes = {
  topics: new Set(eventFunctions.map(({ topic }) => topic).filter((topic) => topic !== 'dead-letters')),
  topicOf: (subscription) =>
    eventFunctions.find(({ name }) => {
      const prefix = subscription.slice(0, -name.length)
      return subscription.endsWith(name) && (prefix === '' || /^[a-z][a-z0-9]{0,7}-$/.test(prefix))
    })?.topic,
}
