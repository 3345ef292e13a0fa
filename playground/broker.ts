import { findEmulators, startFirestoreEmulator, startPubsubEmulator, type Emulator } from './emulators.ts'
import { createPubSub, servePubSub, type PubSubCounts } from './pubsub/index.ts'
import type { Clock, Random } from './world.ts'
import { openTopics, push, subscriptionsOf, type Subscription } from './wiring.ts'

/** A Pub/Sub to connect functions by, whoever made it. */
export interface Broker {
  /** host:port for PUBSUB_EMULATOR_HOST. */
  grpc: string
  /** URL for publishing over REST. */
  rest: string
  /** Makes the topics, and a push subscription for each function. */
  wire(project: string, ports: Readonly<Record<string, number>>): Promise<void>
  /** Publishes what a service of Google's would; nothing happens while the topic does not exist. */
  deliver(topic: string, message: { data: string; attributes: Readonly<Record<string, string>> }): void
  /** Totals; undefined where the service does not tell. */
  counts(): PubSubCounts | undefined
  close(): Promise<void>
}

/** The playground's own, in this process. */
export async function startBroker(clock: Clock, random: Random, nextPort: () => number): Promise<Broker> {
  const core = createPubSub({ clock, random })
  const served = await servePubSub(core, { grpc: nextPort(), rest: nextPort() })
  return {
    grpc: served.grpc,
    rest: served.rest,
    wire(project, ports) {
      const wanted = subscriptionsOf(project, ports)
      for (const topic of [...wanted.map((one) => one.topic), ...openTopics(project)]) core.createTopic(topic)
      for (const { name, topic, endpoint, deadLetterTopic } of wanted) {
        core.subscribe({
          name,
          topic,
          push: { endpoint },
          ackDeadlineMs: push.ackDeadlineMs,
          retry: push.retry,
          ...(deadLetterTopic === null
            ? {}
            : { deadLetter: { topic: deadLetterTopic, maxDeliveryAttempts: push.maxDeliveryAttempts } }),
        })
      }
      return Promise.resolve()
    },
    deliver(topic, message) {
      if (core.listTopics().includes(topic)) core.publish(topic, message)
    },
    counts: () => core.counts(),
    async close() {
      core.close()
      await served.close()
    },
  }
}

/** The gcloud SDK's Pub/Sub and Firestore emulators, each in a process of its own. */
export async function startEmulators(): Promise<{ broker: Broker; firestore: Emulator }> {
  const programs = await findEmulators()
  if ('missing' in programs) throw new Error(`--emulators needs ${programs.missing}`)
  const [pubsub, firestore] = await Promise.all([startPubsubEmulator(programs), startFirestoreEmulator(programs)])
  const rest = `http://${pubsub.host}`
  const broker: Broker = {
    grpc: pubsub.host,
    rest,
    async wire(project, ports) {
      const wanted = subscriptionsOf(project, ports)
      for (const topic of [...wanted.map((one) => one.topic), ...openTopics(project)])
        await put(`${rest}/v1/${topic}`, {})
      for (const subscription of wanted) await putSubscription(rest, subscription)
    },
    deliver(topic, { data, attributes }) {
      const body = JSON.stringify({ messages: [{ data: Buffer.from(data).toString('base64'), attributes }] })
      // As a log sink: delivery is best effort, and nothing waits for it.
      fetch(`${rest}/v1/${topic}:publish`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      }).catch(() => undefined)
    },
    counts: () => undefined,
    close: () => pubsub.stop(),
  }
  return { broker, firestore }
}

/** Makes a push subscription of an emulator. */
export async function putSubscription(
  rest: string,
  { name, topic, endpoint, deadLetterTopic }: Subscription,
): Promise<void> {
  await put(`${rest}/v1/${name}`, {
    topic,
    pushConfig: { pushEndpoint: endpoint },
    ackDeadlineSeconds: push.ackDeadlineMs / 1_000,
    retryPolicy: {
      minimumBackoff: `${push.retry.minBackoffMs / 1_000}s`,
      maximumBackoff: `${push.retry.maxBackoffMs / 1_000}s`,
    },
    ...(deadLetterTopic === null
      ? {}
      : { deadLetterPolicy: { deadLetterTopic, maxDeliveryAttempts: push.maxDeliveryAttempts } }),
  })
}

async function put(url: string, body: object): Promise<void> {
  const answer = await fetch(url, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`)
}
