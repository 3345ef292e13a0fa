/** The statuses that the simulated Pub/Sub answers with; the names are those of gRPC. */
export type PubSubStatus = 'NOT_FOUND' | 'ALREADY_EXISTS' | 'INVALID_ARGUMENT' | 'UNIMPLEMENTED'

/** A refused call: `status` is what the wire protocols translate to their own codes. */
export class PubSubError extends Error {
  readonly status: PubSubStatus

  constructor(status: PubSubStatus, message: string) {
    super(message)
    this.name = 'PubSubError'
    this.status = status
  }
}

/** The service's text for something that does not exist (not checked against the real service). */
export function notFound(name: string): PubSubError {
  return new PubSubError('NOT_FOUND', `Resource not found (resource=${lastSegment(name)}).`)
}

/** The service's text for a name that is taken (not checked against the real service). */
export function alreadyExists(name: string): PubSubError {
  return new PubSubError('ALREADY_EXISTS', `Resource already exists in the project (resource=${lastSegment(name)}).`)
}

function lastSegment(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1)
}

// The id rules of topics and subscriptions, from the comments of pubsub.proto.
const NAME = /^projects\/[^/]{1,100}\/(topics|subscriptions)\/[A-Za-z][A-Za-z0-9\-_.~+%]{2,254}$/

/**
 * Refuses names that the service would refuse.
 * @throws PubSubError INVALID_ARGUMENT
 */
export function checkName(name: string, collection: 'topics' | 'subscriptions'): void {
  const match = NAME.exec(name)
  if (match?.[1] !== collection || lastSegment(name).startsWith('goog')) {
    throw new PubSubError(
      'INVALID_ARGUMENT',
      `Invalid resource name given (name=${name.slice(0, 300)}): it must be projects/PROJECT/${collection}/ID, where ID has 3 to 255 characters, starts with a letter and does not start with "goog".`,
    )
  }
}
