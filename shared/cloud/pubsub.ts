import type { PubSub, Topic } from '@google-cloud/pubsub'
import type { AuthClient } from 'google-auth-library'
import type { Bus, Letter } from './bus-port.ts'
import { createCredentials } from './credentials.ts'
import { withDeadline } from './deadline.ts'
import { cloudErrorOf } from './vendor-error.ts'

/** How to reach Pub/Sub. */
export interface BusOptions {
  projectId: string
  /** Put before every topic's short name. */
  topicPrefix?: string
  /** host:port of an emulator, which gets neither TLS nor credentials. */
  emulatorHost?: string
  /** Who publishes; default: Application Default Credentials. */
  auth?: () => Promise<AuthClient>
  /** Bound of one publish in milliseconds, the client's resending included. */
  timeoutMs?: number
}

/** Messages on their way at the same time; Pub/Sub takes at most 1,000 in a request, and a topic's go in one. */
const maxTogether = 1000

/** Publishes single messages, for people's programs: answers the message's id, throws CloudError. */
export interface Publisher {
  publish(letter: Letter): Promise<string>
  /** Ends the connection, so that the process can end. */
  close(): Promise<void>
}

/** The Bus port over the vendor's client. */
export function createBus(options: BusOptions): Bus {
  const publisher = createPublisher(options)
  return {
    async publish(messages) {
      for (let first = 0; first < messages.length; first += maxTogether) {
        const slice = messages.slice(first, first + maxTogether)
        const ends = await Promise.allSettled(
          slice.map(({ topic, body, attributes }) =>
            publisher.publish({
              topic,
              text: JSON.stringify(body),
              ...(attributes === undefined ? {} : { attributes }),
            }),
          ),
        )
        const failed = ends.find((end) => end.status === 'rejected')
        if (failed) throw failed.reason
      }
    },
    async resend(letter) {
      await publisher.publish(letter)
    },
  }
}

/**
 * A publisher over the vendor's client; nothing is loaded before the first publish, clients and topics are kept. The
 * messages for one topic leave at once in one request. The library's own retries stay on, within `timeoutMs`: connections
 * are lost whenever a function sleeps, a doubled nudge does no harm, and nothing above repeats a single publish.
 */
export function createPublisher({
  projectId,
  topicPrefix = '',
  emulatorHost,
  auth,
  timeoutMs = 10_000,
}: BusOptions): Publisher {
  const identity = auth ?? createCredentials({ timeoutMs }).authClient
  const topics = new Map<string, Topic>()
  let client: Promise<PubSub> | undefined

  async function open(): Promise<PubSub> {
    const { PubSub } = await import('@google-cloud/pubsub')
    if (emulatorHost === undefined) return new PubSub({ projectId, authClient: await identity() })
    // Without a client of its own the library asks Google's metadata server who we are, even for an emulator.
    const { PassThroughClient } = await import('google-auth-library')
    const options = { apiEndpoint: emulatorHost, emulatorMode: true, authClient: new PassThroughClient() }
    return new PubSub({ projectId, ...options })
  }

  async function opened(): Promise<PubSub> {
    client ??= open()
    try {
      return await client
    } catch (error) {
      client = undefined
      throw error
    }
  }

  function topicOf(pubsub: PubSub, name: string): Topic {
    const known = topics.get(name)
    if (known) return known
    const backoffSettings = {
      initialRetryDelayMillis: 50,
      retryDelayMultiplier: 2,
      maxRetryDelayMillis: 1000,
      initialRpcTimeoutMillis: timeoutMs,
      rpcTimeoutMultiplier: 1,
      maxRpcTimeoutMillis: timeoutMs,
      totalTimeoutMillis: timeoutMs,
    }
    const made = pubsub.topic(`${topicPrefix}${name}`, {
      batching: { maxMessages: maxTogether, maxMilliseconds: 0 },
      gaxOpts: { timeout: timeoutMs, retry: { backoffSettings } },
    })
    topics.set(name, made)
    return made
  }

  return {
    async publish({ topic, text, attributes }) {
      const pubsub = await opened()
      const what = `publish to ${topicPrefix}${topic}`
      const message = {
        data: Buffer.from(text ?? ''),
        ...(attributes === undefined ? {} : { attributes: { ...attributes } }),
      }
      try {
        return await withDeadline(topicOf(pubsub, topic).publishMessage(message), timeoutMs, what)
      } catch (error) {
        throw cloudErrorOf(error, what)
      }
    },
    async close() {
      await (await client)?.close()
    },
  }
}
