/** Pub/Sub as the engine sees it. Implementation: pubsub.ts. A message is a nudge: losing one costs time, never truth. */
export interface Bus {
  /** Resolves when the service has taken the messages; throws `CloudError` when it has not. */
  publish(messages: readonly BusMessage[]): Promise<void>
}

/** One message: `topic` is the short name (`reconcile-url-map`), `body` becomes JSON. */
export interface BusMessage {
  topic: string
  body: Readonly<Record<string, unknown>>
}
