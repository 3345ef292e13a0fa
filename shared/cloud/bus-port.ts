/** Pub/Sub as the engine sees it. Implementation: pubsub.ts. A message is a nudge: losing one costs time, never truth. */
export interface Bus {
  /** Resolves when the service has taken the messages; throws `CloudError` when it has not. */
  publish(messages: readonly BusMessage[]): Promise<void>
  /** Sends a message that was kept once more, as it was. Resolves and throws as `publish`. */
  resend(letter: Letter): Promise<void>
}

/** One message as Pub/Sub has it: text (null = none) and attributes. */
export interface Letter {
  topic: string
  text: string | null
  attributes?: Readonly<Record<string, string>>
}

/** One message: `topic` is the short name (`reconcile-url-map`), `body` becomes JSON. */
export interface BusMessage {
  topic: string
  body: Readonly<Record<string, unknown>>
  /** For filters of subscriptions; absent = none. */
  attributes?: Readonly<Record<string, string>>
}
