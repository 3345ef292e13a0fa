import type { Clock, Random } from '../world.ts'
import {
  createDeliveryQueue,
  type Delivery,
  type DeliveryCounts,
  type DeliveryQueue,
  type LeaseEnd,
} from './delivery-queue.ts'
import { alreadyExists, checkName, notFound, PubSubError } from './errors.ts'
import { acknowledges, type PostPush } from './http-push.ts'
import { checkPublish, type Message, type MessageInput } from './message.ts'
import { startPushing, type Deliver } from './push-subscriber.ts'
import {
  ackDeadlineMs,
  backoffMs,
  checkSubscription,
  maxOutstanding,
  retentionMs,
  type SubscriptionSpec,
} from './subscription.ts'

/** What chaos makes of one message on its way to one subscription. */
export type Fate =
  | { kind: 'lost' }
  /** `copies` >= 1; `delayMs` holds each copy back; `ahead` lets it overtake what waits already. */
  | { kind: 'deliver'; copies?: number; delayMs?: number; ahead?: boolean }

/** Decides the fate of every message for every subscription of its topic. */
export type Chaos = (message: Message, subscription: string) => Fate

export interface PubSubOptions {
  clock: Clock
  random: Random
  /** How pushes to endpoints leave; without it only in-process receivers can be pushed to. */
  post?: PostPush
  /** Absent: every message is delivered once, in order. */
  chaos?: Chaos
}

/** Totals since the start; one subscription's `queued` counts every copy that chaos made. */
export interface PubSubCounts {
  published: number
  topics: Readonly<Record<string, number>>
  subscriptions: Readonly<Record<string, Readonly<DeliveryCounts & { backlog: number }>>>
}

/** Pub/Sub as a state machine on a clock; every name is a full resource name. Calls throw PubSubError. */
export interface SimulatedPubSub {
  createTopic(name: string, labels?: Readonly<Record<string, string>>): void
  topicLabels(name: string): Readonly<Record<string, string>>
  deleteTopic(name: string): void
  /** Names in order; with a project only its own. */
  listTopics(project?: string): string[]
  /** Fans out to the topic's subscriptions at once and returns the message ids. */
  publish(topic: string, messages: MessageInput | readonly MessageInput[]): string[]
  subscribe(spec: SubscriptionSpec): void
  updateSubscription(spec: SubscriptionSpec): void
  getSubscription(name: string): SubscriptionSpec
  deleteSubscription(name: string): void
  listSubscriptions(where?: { project?: string; topic?: string }): SubscriptionSpec[]
  /** Leases up to `max` messages; a subscription that pushes has none for pullers. */
  pull(
    subscription: string,
    max: number,
    options?: { deadlineMs?: number; onEnd?: (end: LeaseEnd) => void },
  ): Delivery[]
  /** Tells when a pull may find something; returns the unsubscriber. */
  onReady(subscription: string, listener: () => void): () => void
  acknowledge(subscription: string, ackIds: readonly string[]): void
  /** 0 = nack. */
  modifyAckDeadline(subscription: string, ackId: string, deadlineMs: number): void
  counts(): PubSubCounts
  /** Stops every delivery and timer. */
  close(): void
}

interface Subscription {
  spec: SubscriptionSpec
  queue: DeliveryQueue
  stopPushing: () => void
}

/** What a subscription's topic is called once the topic is deleted (pubsub.proto). */
const DELETED_TOPIC = '_deleted-topic_'

/** An empty Pub/Sub without sockets. */
export function createPubSubCore({ clock, random, post, chaos }: PubSubOptions): SimulatedPubSub {
  const topics = new Map<string, { labels: Readonly<Record<string, string>>; published: number }>()
  const subscriptions = new Map<string, Subscription>()
  const subscribers = new Map<string, Set<Subscription>>()
  let published = 0
  // Real ids are 16 digits and neither dense nor ordered; unique is all that callers may rely on.
  let nextId = 1e15 + Math.floor(random() * 8e15)

  function topic(name: string): { labels: Readonly<Record<string, string>>; published: number } {
    const found = topics.get(name)
    if (found === undefined) throw notFound(name)
    return found
  }

  function subscription(name: string): Subscription {
    const found = subscriptions.get(name)
    if (found === undefined) throw notFound(name)
    return found
  }

  function fanOut(topicName: string, input: Pick<Message, 'data' | 'attributes' | 'orderingKey'>): string {
    nextId += 1 + Math.floor(random() * 1000)
    const message: Message = { ...input, messageId: String(nextId), publishTime: clock.now() }
    topic(topicName).published++
    published++
    for (const to of subscribers.get(topicName) ?? []) {
      const fate = chaos?.(message, to.spec.name) ?? { kind: 'deliver' }
      if (fate.kind === 'lost') continue
      for (let copy = 0; copy < (fate.copies ?? 1); copy++)
        to.queue.offer(message, { delayMs: fate.delayMs ?? 0, ahead: fate.ahead ?? false })
    }
    return message.messageId
  }

  /** A dead-letter topic that does not exist takes nothing: the message stays with the subscription. */
  function deadLetter(spec: SubscriptionSpec, message: Message, failures: number): boolean {
    const policy = spec.deadLetter
    if (policy === undefined || failures < policy.maxDeliveryAttempts || !topics.has(policy.topic)) return false
    const [, project = '', , id = ''] = spec.name.split('/')
    fanOut(policy.topic, {
      data: message.data,
      orderingKey: message.orderingKey,
      attributes: {
        ...message.attributes,
        CloudPubSubDeadLetterSourceDeliveryCount: String(failures),
        CloudPubSubDeadLetterSourceSubscription: id,
        CloudPubSubDeadLetterSourceSubscriptionProject: project,
        CloudPubSubDeadLetterSourceTopicPublishTime: new Date(message.publishTime).toISOString().replace('Z', '+00:00'),
      },
    })
    return true
  }

  function deliverer(spec: SubscriptionSpec): Deliver | undefined {
    const push = spec.push
    if (push === undefined) return undefined
    if ('deliver' in push) return push.deliver
    if (post === undefined) return undefined
    return async (body, signal) => (acknowledges(await post(push.endpoint, body, signal)) ? 'ack' : 'nack')
  }

  function pushTarget(to: Subscription): Parameters<typeof startPushing>[2] {
    return () => {
      const deliver = subscriptions.get(to.spec.name) === to ? deliverer(to.spec) : undefined
      if (deliver === undefined) return undefined
      return {
        deliver,
        ackDeadlineMs: ackDeadlineMs(to.spec),
        maxOutstanding: maxOutstanding(to.spec),
        countsAttempts: to.spec.deadLetter !== undefined,
      }
    }
  }

  function check(spec: SubscriptionSpec): void {
    checkSubscription(spec)
    if (spec.push !== undefined && 'endpoint' in spec.push && post === undefined)
      throw new PubSubError(
        'UNIMPLEMENTED',
        `The subscription ${spec.name} has a push endpoint, and this Pub/Sub has no way to post to it.`,
      )
    if (spec.deadLetter !== undefined) topic(spec.deadLetter.topic)
  }

  function matches(name: string, project: string | undefined): boolean {
    return project === undefined || name.startsWith(`projects/${project}/`)
  }

  return {
    createTopic(name, labels = {}) {
      checkName(name, 'topics')
      if (topics.has(name)) throw alreadyExists(name)
      topics.set(name, { labels, published: 0 })
    },
    topicLabels: (name) => topic(name).labels,
    deleteTopic(name) {
      topic(name)
      topics.delete(name)
      for (const orphan of subscribers.get(name) ?? []) orphan.spec = { ...orphan.spec, topic: DELETED_TOPIC }
      subscribers.delete(name)
    },
    listTopics: (project) => [...topics.keys()].filter((name) => matches(name, project)).sort(),
    publish(name, messages) {
      topic(name)
      const list = 'length' in messages ? messages : [messages]
      checkPublish(list)
      return list.map((message) =>
        fanOut(name, {
          data: Buffer.from(message.data ?? ''),
          attributes: { ...message.attributes },
          orderingKey: message.orderingKey ?? '',
        }),
      )
    },
    subscribe(spec) {
      checkName(spec.name, 'subscriptions')
      if (subscriptions.has(spec.name)) throw alreadyExists(spec.name)
      topic(spec.topic)
      check(spec)
      const queue = createDeliveryQueue(clock, () => ({
        backoffMs: (failures) => backoffMs(made.spec, failures),
        deadLetter: (message, failures) => deadLetter(made.spec, message, failures),
        retentionMs: retentionMs(made.spec),
      }))
      const made: Subscription = { spec: { ...spec }, queue, stopPushing: () => undefined }
      subscriptions.set(spec.name, made)
      made.stopPushing = startPushing(spec.name, queue, pushTarget(made))
      const others = subscribers.get(spec.topic) ?? new Set()
      subscribers.set(spec.topic, others.add(made))
    },
    updateSubscription(spec) {
      const found = subscription(spec.name)
      if (found.spec.topic !== spec.topic)
        throw new PubSubError('INVALID_ARGUMENT', `The topic of the subscription ${spec.name} can't be changed.`)
      check(spec)
      found.spec = { ...spec }
      // Pulling may have become pushing: what waits must be looked at again.
      found.stopPushing()
      found.stopPushing = startPushing(spec.name, found.queue, pushTarget(found))
    },
    getSubscription: (name) => ({ ...subscription(name).spec }),
    deleteSubscription(name) {
      const gone = subscription(name)
      subscriptions.delete(name)
      subscribers.get(gone.spec.topic)?.delete(gone)
      gone.stopPushing()
      gone.queue.close()
    },
    listSubscriptions({ project, topic: of } = {}) {
      return [...subscriptions.values()]
        .map(({ spec }) => ({ ...spec }))
        .filter((spec) => matches(spec.name, project) && (of === undefined || spec.topic === of))
        .sort((a, b) => (a.name < b.name ? -1 : 1))
    },
    pull(name, max, { deadlineMs, onEnd } = {}) {
      const { spec, queue } = subscription(name)
      if (spec.push !== undefined) return []
      return queue.take(max, deadlineMs ?? ackDeadlineMs(spec), onEnd)
    },
    onReady: (name, listener) => subscription(name).queue.onReady(listener),
    acknowledge(name, ackIds) {
      const { queue } = subscription(name)
      for (const ackId of ackIds) queue.ack(ackId)
    },
    modifyAckDeadline(name, ackId, deadlineMs) {
      const { queue } = subscription(name)
      if (deadlineMs === 0) queue.nack(ackId)
      else queue.extend(ackId, deadlineMs)
    },
    counts: () => ({
      published,
      topics: Object.fromEntries([...topics].map(([name, { published: total }]) => [name, total])),
      subscriptions: Object.fromEntries(
        [...subscriptions].map(([name, { queue }]) => [name, { ...queue.counts, backlog: queue.backlog() }]),
      ),
    }),
    close() {
      for (const { stopPushing, queue } of subscriptions.values()) {
        stopPushing()
        queue.close()
      }
      subscriptions.clear()
      subscribers.clear()
      topics.clear()
    },
  }
}
