import type { Problem } from '../state/documents.ts'
import type { Step } from './decide.ts'
import { changesInWords } from './history.ts'
import type { View } from './view.ts'

/** An Ingress that is only observed, or paused: the annotation multicluster-ingress.io/mode. */

/** Why a paused resource is as it is. */
export const pausedWhy = 'not looked at: its Ingress is paused (annotation multicluster-ingress.io/mode)'

/** Why a paused Ingress does not move on. */
export const pausedProblem: Problem = {
  where: 'annotation multicluster-ingress.io/mode',
  message: 'is paused: nothing is looked at, repaired or changed until it says reconcile',
}

/** What would be done, said instead of done. */
export function observedWhy(step: Step): string {
  const changes = step.changes.length === 0 ? '' : ` (${changesInWords(step.changes)})`
  return `${step.why}${changes}; left so, because its Ingress is set to observe`.slice(0, 1_000)
}

/** Whether the document of an observed resource says already what would be done. */
export function isSaid({ hold, doc }: Pick<View, 'hold' | 'doc'>, step: Step): boolean {
  return hold === 'observe' && doc.phase === 'Waiting' && doc.why === observedWhy(step)
}
