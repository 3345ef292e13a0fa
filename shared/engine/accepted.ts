import type { Deps } from './deps.ts'
import { planNudgeOf, send, type Cause } from './nudge.ts'

/**
 * What became of one Ingress of a message, or of one object beside it. `overtaken` = what was published later came first, or the message
 * was delivered again after it: the order of publishing holds, and nobody needs to know. `older` = published later, and yet a
 * version from before what is in place.
 */
export interface Accepted {
  /** `namespace/name`, or `KIND/namespace/name`. */
  ingress: string
  is: 'accepted' | 'unchanged' | 'overtaken' | 'older' | 'refused' | 'unknown'
  why: string
}

/** Has those planned for which something changed, be it only what their status says. */
export async function nudgeAccepted(deps: Deps, accepted: readonly Accepted[], cause: Cause): Promise<void> {
  await send(
    deps,
    accepted
      .filter((one) => one.is === 'accepted' || one.is === 'refused')
      .map((one) => planNudgeOf(one.ingress, cause)),
  )
}
