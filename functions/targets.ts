import { http, type Request, type Response } from '@google-cloud/functions-framework'
import { keepDeadLetter } from './dead-letter.ts'
import { parseEvent, Poison, type Event } from './event.ts'
import { eventFunctions, type EventFunction } from './registry.ts'
import type { Deps } from '../shared/engine/deps.ts'
import { respond } from './respond.ts'
import { createWatch, type Watch } from './status-watch.ts'

/**
 * Registers every target with functions-framework. All are HTTP functions: our own push subscriptions send Pub/Sub bodies,
 * Eventarc sends CloudEvents, and both are read the same way, also a message with attributes and no data, which the
 * framework's own conversion loses. `runtime` is asked at the first event, not before; `reader` is the
 * status function's.
 */
export function registerTargets(runtime: () => Deps, reader: () => Deps = runtime): void {
  for (const target of eventFunctions)
    http(target.name, (request, response) => receive(runtime(), target, request, response))
  let watch: Watch | undefined
  http('status', (request, response) => {
    const deps = reader()
    watch ??= createWatch(deps)
    return respond({ ...deps, watch }, request, response)
  })
}

/**
 * The framework runs every request in a domain of node's (deprecated), which then goes with each promise and emitter that is made in it:
 * a sixth of the CPU of a push. Whatever fails is caught here.
 */
function leaveDomain(): void {
  const { domain } = process as NodeJS.Process & { domain?: { exit(): void } | null }
  domain?.exit()
}

async function receive(deps: Deps, target: EventFunction, request: Request, response: Response): Promise<void> {
  leaveDomain()
  let event: Event = { id: '', data: null, attributes: {}, publishedAt: deps.clock.now() }
  try {
    event = parseEvent(request.body, deps.clock.now())
    await target.handle(deps, event)
    response.status(204).end()
  } catch (error) {
    if (error instanceof Poison) {
      // No redelivery makes it good: it is kept for people, and acknowledged.
      await keepDeadLetter(deps, event, target.topic, error.message)
      response.status(204).end()
      return
    }
    deps.log.error(
      { function: target.name, message_id: event.id, trace: event.id, err: error },
      'event not handled; it will be delivered again',
    )
    response.status(500).send('not handled')
  }
}
