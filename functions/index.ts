import { http, type Request, type Response } from '@google-cloud/functions-framework'
import { keepDeadLetter } from './dead-letter.ts'
import { parseEvent, Poison, type Event } from './event.ts'
import { eventFunctions, type EventFunction } from './registry.ts'
import { runtime } from './runtime.ts'
import { answer } from './status.ts'

/**
 * Registers every target. All are HTTP functions: our own push subscriptions send Pub/Sub bodies, Eventarc sends
 * CloudEvents, and both are read the same way, also a message with attributes and no data, which the framework's own
 * conversion loses.
 */
for (const target of eventFunctions) http(target.name, (request, response) => receive(target, request, response))
http('status', respond)

async function receive(target: EventFunction, request: Request, response: Response): Promise<void> {
  const deps = runtime()
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
      { function: target.name, message_id: event.id, err: error },
      'event not handled; it will be delivered again',
    )
    response.status(500).send('not handled')
  }
}

async function respond(request: Request, response: Response): Promise<void> {
  const { status, body } = await answer(runtime(), request.method, request.path)
  response.status(status).set('cache-control', 'no-store').set('x-content-type-options', 'nosniff').json(body)
}
