import { describe, expect, it } from 'vitest'
import {
  createPubSub,
  type Chaos,
  type PushBody,
  type SimulatedPubSub,
  type Verdict,
} from '../../../playground/pubsub/index.ts'
import { seededRandom } from '../../../playground/world.ts'
import { virtualClock, type VirtualClock } from '../virtual-clock.ts'

const TOPIC = 'projects/p/topics/orders'
const SUB = 'projects/p/subscriptions/orders-push'

function world(chaos?: Chaos): { clock: VirtualClock; pubsub: SimulatedPubSub } {
  const clock = virtualClock()
  const pubsub = createPubSub({ clock, random: seededRandom(1), ...(chaos === undefined ? {} : { chaos }) })
  pubsub.createTopic(TOPIC)
  return { clock, pubsub }
}

function text(body: PushBody): string {
  return Buffer.from(body.message.data ?? '', 'base64').toString()
}

/** A receiver that writes down what came when, and answers as told. */
function receiver(clock: VirtualClock, answer: (attempt: number) => Promise<Verdict> | Verdict) {
  const got: { at: number; body: PushBody }[] = []
  const start = clock.now()
  const deliver = async (body: PushBody): Promise<Verdict> => {
    got.push({ at: clock.now() - start, body })
    return answer(got.length)
  }
  return { got, deliver }
}

describe('push delivery', () => {
  it('delivers at once, with the body of a wrapped push', async () => {
    const { clock, pubsub } = world()
    const { got, deliver } = receiver(clock, () => 'ack')
    pubsub.subscribe({ name: SUB, topic: TOPIC, push: { deliver } })
    const [messageId] = pubsub.publish(TOPIC, { data: 'hello', attributes: { a: '1' } })
    await clock.advance(0)
    expect(got).toEqual([
      {
        at: 0,
        body: {
          subscription: SUB,
          message: {
            data: 'aGVsbG8=',
            attributes: { a: '1' },
            messageId,
            message_id: messageId,
            publishTime: '2026-01-01T00:00:00.000Z',
            publish_time: '2026-01-01T00:00:00.000Z',
          },
        },
      },
    ])
    expect(pubsub.counts().subscriptions[SUB]).toMatchObject({ delivered: 1, acked: 1, redelivered: 0, backlog: 0 })
  })

  it('leaves out data when a message has only attributes', async () => {
    const { clock, pubsub } = world()
    const { got, deliver } = receiver(clock, () => 'ack')
    pubsub.subscribe({ name: SUB, topic: TOPIC, push: { deliver } })
    pubsub.publish(TOPIC, { attributes: { action: 'delete' } })
    await clock.advance(0)
    expect(got[0]?.body.message).not.toHaveProperty('data')
    expect(got[0]?.body.message.attributes).toEqual({ action: 'delete' })
  })

  const failures: { reason: string; answer: () => Promise<Verdict> | Verdict; at: number[] }[] = [
    {
      reason: 'a nack comes again with exponential backoff up to the maximum',
      answer: () => 'nack',
      at: [0, 100, 300, 700, 1100],
    },
    {
      reason: 'a receiver that throws has not acknowledged',
      answer: () => Promise.reject(new Error('no')),
      at: [0, 100, 300, 700, 1100],
    },
    {
      reason: 'silence is a failure only when the ack deadline (1 s) has passed',
      answer: () => new Promise<Verdict>(() => undefined),
      at: [0, 1100],
    },
  ]
  it.each(failures)('$reason', async ({ answer, at }) => {
    const { clock, pubsub } = world()
    const { got, deliver } = receiver(clock, answer)
    pubsub.subscribe({
      name: SUB,
      topic: TOPIC,
      push: { deliver },
      ackDeadlineMs: 1000,
      retry: { minBackoffMs: 100, maxBackoffMs: 400 },
    })
    pubsub.publish(TOPIC, { data: 'x' })
    await clock.advance(1400)
    expect(got.map((one) => one.at)).toEqual(at)
    expect(new Set(got.map((one) => one.body.message.messageId)).size).toBe(1)
  })

  it('aborts the delivery at the ack deadline and ignores a late acknowledgement', async () => {
    const { clock, pubsub } = world()
    const late: ((verdict: Verdict) => void)[] = []
    const aborted: boolean[] = []
    pubsub.subscribe({
      name: SUB,
      topic: TOPIC,
      ackDeadlineMs: 1000,
      push: {
        deliver: (_body, signal) =>
          new Promise((resolve) => {
            late.push(resolve)
            signal.addEventListener('abort', () => aborted.push(true))
          }),
      },
    })
    pubsub.publish(TOPIC, { data: 'x' })
    await clock.advance(1000)
    expect(aborted).toEqual([true])
    late[0]?.('ack')
    await clock.advance(200)
    expect(late).toHaveLength(2)
    late[1]?.('ack')
    await clock.advance(5000)
    expect(late).toHaveLength(2)
    expect(pubsub.counts().subscriptions[SUB]).toMatchObject({ expired: 1, acked: 1, redelivered: 1, backlog: 0 })
  })

  it('never has more deliveries under way than maxOutstanding, and goes on as they end', async () => {
    const { clock, pubsub } = world()
    const waiting: ((verdict: Verdict) => void)[] = []
    let most = 0
    let under = 0
    pubsub.subscribe({
      name: SUB,
      topic: TOPIC,
      maxOutstanding: 3,
      push: {
        deliver: async () => {
          most = Math.max(most, ++under)
          const verdict = await new Promise<Verdict>((resolve) => waiting.push(resolve))
          under--
          return verdict
        },
      },
    })
    for (let i = 0; i < 10; i++) pubsub.publish(TOPIC, { data: String(i) })
    await clock.advance(0)
    expect(under).toBe(3)
    for (let done = 0; done < 10; done++) {
      waiting[done]?.('ack')
      await clock.advance(0)
    }
    expect(most).toBe(3)
    expect(pubsub.counts().subscriptions[SUB]).toMatchObject({ acked: 10, backlog: 0 })
  })

  it('does not re-enter a publisher that publishes from within a delivery', async () => {
    const { clock, pubsub } = world()
    const order: string[] = []
    pubsub.subscribe({
      name: SUB,
      topic: TOPIC,
      push: {
        deliver: async (body) => {
          order.push(`start ${text(body)}`)
          if (text(body) === 'a') pubsub.publish(TOPIC, { data: 'b' })
          order.push(`end ${text(body)}`)
          return 'ack'
        },
      },
    })
    pubsub.publish(TOPIC, { data: 'a' })
    await clock.advance(0)
    expect(order).toEqual(['start a', 'end a', 'start b', 'end b'])
  })

  it('stops at once when the subscription is deleted', async () => {
    const { clock, pubsub } = world()
    const { got, deliver } = receiver(clock, () => 'nack')
    pubsub.subscribe({ name: SUB, topic: TOPIC, push: { deliver } })
    pubsub.publish(TOPIC, { data: 'x' })
    await clock.advance(0)
    pubsub.deleteSubscription(SUB)
    await clock.advance(60_000)
    expect(got).toHaveLength(1)
  })
})

describe('dead letters', () => {
  it('moves a message to the dead-letter topic after the last attempt, with the attributes that say where from', async () => {
    const { clock, pubsub } = world()
    const DEAD = 'projects/p/topics/dead-letters'
    pubsub.createTopic(DEAD)
    const { got, deliver } = receiver(clock, () => 'nack')
    const dead = receiver(clock, () => 'ack')
    pubsub.subscribe({
      name: SUB,
      topic: TOPIC,
      push: { deliver },
      deadLetter: { topic: DEAD, maxDeliveryAttempts: 5 },
    })
    pubsub.subscribe({ name: 'projects/p/subscriptions/dead', topic: DEAD, push: { deliver: dead.deliver } })
    pubsub.publish(TOPIC, { data: 'x', attributes: { a: '1' } })
    await clock.advance(60_000)
    expect(got.map(({ body }) => body.deliveryAttempt)).toEqual([1, 2, 3, 4, 5])
    expect(dead.got).toHaveLength(1)
    expect(dead.got[0]?.body.message).toMatchObject({
      data: 'eA==',
      attributes: {
        a: '1',
        CloudPubSubDeadLetterSourceDeliveryCount: '5',
        CloudPubSubDeadLetterSourceSubscription: 'orders-push',
        CloudPubSubDeadLetterSourceSubscriptionProject: 'p',
        CloudPubSubDeadLetterSourceTopicPublishTime: '2026-01-01T00:00:00.000+00:00',
      },
    })
    expect(pubsub.counts().subscriptions[SUB]).toMatchObject({ deadLettered: 1, backlog: 0 })
  })

  it('keeps delivering while the dead-letter topic is gone', async () => {
    const { clock, pubsub } = world()
    const DEAD = 'projects/p/topics/dead-letters'
    pubsub.createTopic(DEAD)
    const { got, deliver } = receiver(clock, (attempt) => (attempt < 8 ? 'nack' : 'ack'))
    pubsub.subscribe({
      name: SUB,
      topic: TOPIC,
      push: { deliver },
      deadLetter: { topic: DEAD, maxDeliveryAttempts: 5 },
    })
    pubsub.deleteTopic(DEAD)
    pubsub.publish(TOPIC, { data: 'x' })
    await clock.advance(600_000)
    expect(got).toHaveLength(8)
    expect(pubsub.counts().subscriptions[SUB]).toMatchObject({ deadLettered: 0, acked: 1, backlog: 0 })
  })
})

describe('chaos', () => {
  const rows: { reason: string; chaos: (text: string) => ReturnType<Chaos>; want: string[] }[] = [
    { reason: 'nothing odd: in order of publishing', chaos: () => ({ kind: 'deliver' }), want: ['a@0', 'b@0', 'c@0'] },
    {
      reason: 'a lost message never comes',
      chaos: (t) => (t === 'b' ? { kind: 'lost' } : { kind: 'deliver' }),
      want: ['a@0', 'c@0'],
    },
    {
      reason: 'a duplicated message comes as often as there are copies',
      chaos: (t) => ({ kind: 'deliver', copies: t === 'b' ? 3 : 1 }),
      want: ['a@0', 'b@0', 'b@0', 'b@0', 'c@0'],
    },
    {
      reason: 'a delayed message comes later',
      chaos: (t) => ({ kind: 'deliver', delayMs: t === 'a' ? 500 : 0 }),
      want: ['b@0', 'c@0', 'a@500'],
    },
    {
      reason: 'a message that goes ahead overtakes what waits',
      chaos: (t) => ({ kind: 'deliver', ahead: t === 'c' }),
      want: ['c@0', 'a@0', 'b@0'],
    },
  ]
  it.each(rows)('$reason', async ({ chaos, want }) => {
    const { clock, pubsub } = world((message) => chaos(message.data.toString()))
    const { got, deliver } = receiver(clock, () => 'ack')
    pubsub.subscribe({ name: SUB, topic: TOPIC, push: { deliver } })
    pubsub.publish(TOPIC, [{ data: 'a' }, { data: 'b' }, { data: 'c' }])
    await clock.advance(1000)
    expect(got.map(({ at, body }) => `${text(body)}@${at}`)).toEqual(want)
  })
})

describe('pull', () => {
  it('leases a message until its deadline, and longer when the deadline is moved', async () => {
    const { clock, pubsub } = world()
    pubsub.subscribe({ name: SUB, topic: TOPIC, ackDeadlineMs: 10_000 })
    pubsub.publish(TOPIC, { data: 'x' })
    const [first] = pubsub.pull(SUB, 10)
    expect(first?.message.data.toString()).toBe('x')
    await clock.advance(9000)
    expect(pubsub.pull(SUB, 10)).toEqual([])
    pubsub.modifyAckDeadline(SUB, first?.ackId ?? '', 10_000)
    await clock.advance(9999)
    expect(pubsub.pull(SUB, 10)).toEqual([])
    await clock.advance(1)
    expect(pubsub.pull(SUB, 10).map(({ attempt }) => attempt)).toEqual([2])
  })

  it('forgets messages older than the retention', async () => {
    const { clock, pubsub } = world()
    pubsub.subscribe({ name: SUB, topic: TOPIC, retentionMs: 600_000 })
    pubsub.publish(TOPIC, { data: 'x' })
    await clock.advance(600_001)
    expect(pubsub.pull(SUB, 10)).toEqual([])
    expect(pubsub.counts().subscriptions[SUB]).toMatchObject({ forgotten: 1, backlog: 0 })
  })
})

describe('refusals', () => {
  const rows: { reason: string; act: (pubsub: SimulatedPubSub) => unknown; want: RegExp }[] = [
    {
      reason: 'the topic is missing',
      act: (p) => p.publish('projects/p/topics/none', { data: 'x' }),
      want: /not found \(resource=none\)/,
    },
    {
      reason: 'an empty message',
      act: (p) => p.publish(TOPIC, {}),
      want: /must have non-empty data or at least one attribute/,
    },
    { reason: 'no message', act: (p) => p.publish(TOPIC, []), want: /no messages/ },
    {
      reason: 'a message over 10 MB',
      act: (p) => p.publish(TOPIC, { data: Buffer.alloc(10_000_001) }),
      want: /10000001 bytes/,
    },
    {
      reason: 'an attribute over 1024 bytes',
      act: (p) => p.publish(TOPIC, { attributes: { a: 'x'.repeat(1025) } }),
      want: /1025 bytes in the attribute "a"/,
    },
    { reason: 'a topic twice', act: (p) => p.createTopic(TOPIC), want: /already exists/ },
    {
      reason: 'an id of two characters',
      act: (p) => p.createTopic('projects/p/topics/ab'),
      want: /3 to 255 characters/,
    },
    {
      reason: 'an id that starts with goog',
      act: (p) => p.createTopic('projects/p/topics/google'),
      want: /does not start with "goog"/,
    },
    {
      reason: 'a subscription to a missing topic',
      act: (p) => p.subscribe({ name: SUB, topic: 'projects/p/topics/none' }),
      want: /not found/,
    },
    {
      reason: 'a dead-letter topic that is missing',
      act: (p) =>
        p.subscribe({
          name: SUB,
          topic: TOPIC,
          deadLetter: { topic: 'projects/p/topics/none', maxDeliveryAttempts: 5 },
        }),
      want: /not found/,
    },
    {
      reason: 'a push endpoint that is no URL',
      act: (p) => p.subscribe({ name: SUB, topic: TOPIC, push: { endpoint: 'ftp://x' } }),
      want: /not an http or https URL/,
    },
  ]
  it.each(rows)('$reason', ({ act, want }) => {
    const { pubsub } = world()
    expect(() => act(pubsub)).toThrow(want)
    expect(pubsub.counts()).toMatchObject({ published: 0, subscriptions: {} })
  })
})
