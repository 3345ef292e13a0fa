import { z } from 'zod'
import type { Deps } from '../shared/engine/deps.ts'
import { reconcile, UnknownKind } from '../shared/engine/reconcile.ts'
import { parseResourceId } from '../shared/resource-id.ts'
import { bodyOf, Poison, withCause, type Event } from './event.ts'

const nudge = withCause({ id: z.string() })

/** Topics reconcile-<kind>: a resource may have to be worked on. All kinds share this; what is peculiar is in their files. */
export async function onNudge(deps: Deps, event: Event): Promise<void> {
  const { id: text, why = 'a message', trace = event.id } = bodyOf(event, nudge)
  const id = parseResourceId(text)
  if (id === undefined) throw new Poison('the message names no resource')
  try {
    await reconcile(deps, id, { why, trace })
  } catch (error) {
    if (error instanceof UnknownKind) throw new Poison(error.message)
    throw error
  }
}
