import { PubSub, v1, type Message } from '@google-cloud/pubsub'
import { credentials } from '@grpc/grpc-js'
import { PassThroughClient } from 'google-auth-library'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  createPubSub,
  servePubSub,
  type PushBody,
  type ServedPubSub,
  type SimulatedPubSub,
} from '../../../playground/pubsub/index.ts'
import { seededRandom, wallClock } from '../../../playground/world.ts'

let pubsub: SimulatedPubSub
let served: ServedPubSub
let client: PubSub
const toClose: (() => unknown)[] = []

beforeAll(async () => {
  pubsub = createPubSub({ clock: wallClock, random: seededRandom(1) })
  served = await servePubSub(pubsub, { grpc: 0, rest: 0 })
  client = new PubSub({ projectId: 'p', apiEndpoint: served.grpc, emulatorMode: true, ...offline() })
})

afterAll(async () => {
  for (const close of toClose) await close()
  await client.close()
  await served.close()
  pubsub.close()
})

function subscriber(): InstanceType<typeof v1.SubscriberClient> {
  const [host = '', port = ''] = served.grpc.split(':')
  const made = new v1.SubscriberClient({
    servicePath: host,
    port: Number(port),
    projectId: 'p',
    sslCreds: credentials.createInsecure(),
    ...offline(),
  })
  toClose.push(() => made.close())
  return made
}

/** Without an auth client even an insecure channel looks for the metadata server. */
function offline(): { authClient: PassThroughClient } {
  return { authClient: new PassThroughClient() }
}

/** A push endpoint that answers with the given statuses in turn, then the last one for ever. */
async function endpoint(
  statuses: number[],
): Promise<{ url: string; bodies: PushBody[]; sockets: Set<unknown>; next: (count: number) => Promise<void> }> {
  const bodies: PushBody[] = []
  const sockets = new Set<unknown>()
  let told = (): void => undefined
  const server = http.createServer((request, response) => {
    sockets.add(request.socket)
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      bodies.push(JSON.parse(Buffer.concat(chunks).toString()) as PushBody)
      response.writeHead(statuses.length > 1 ? (statuses.shift() ?? 500) : (statuses[0] ?? 500)).end()
      told()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  toClose.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/push`,
    bodies,
    sockets,
    next: (count) =>
      new Promise((resolve) => {
        told = () => {
          if (bodies.length >= count) resolve()
        }
        told()
      }),
  }
}

describe('the real client over gRPC', () => {
  it('manages topics and subscriptions', async () => {
    const [topic] = await client.createTopic('managed')
    expect(topic.name).toBe('projects/p/topics/managed')
    await expect(client.createTopic('managed')).rejects.toMatchObject({ code: 6 })
    expect(await client.topic('managed').exists()).toEqual([true])
    expect(await client.topic('nowhere').exists()).toEqual([false])
    const [subscription] = await topic.createSubscription('managed-sub', {
      ackDeadlineSeconds: 30,
      retryPolicy: { minimumBackoff: { seconds: 1 }, maximumBackoff: { seconds: 20 } },
    })
    const [metadata] = await subscription.getMetadata()
    expect(metadata).toMatchObject({ topic: 'projects/p/topics/managed', ackDeadlineSeconds: 30, state: 'ACTIVE' })
    expect(Number(metadata.retryPolicy?.maximumBackoff?.seconds)).toBe(20)
    await subscription.setMetadata({ ackDeadlineSeconds: 60 })
    const [after] = await subscription.getMetadata()
    expect(after.ackDeadlineSeconds).toBe(60)
    expect(Number(after.retryPolicy?.maximumBackoff?.seconds)).toBe(20)
    const [topics] = await client.getTopics()
    expect(topics.map(({ name }) => name)).toContain('projects/p/topics/managed')
    const [attached] = await topic.getSubscriptions()
    expect(attached.map(({ name }) => name)).toEqual(['projects/p/subscriptions/managed-sub'])
    await topic.delete()
    const [orphan] = await subscription.getMetadata()
    expect(orphan.topic).toBe('_deleted-topic_')
    await subscription.delete()
    expect(await subscription.exists()).toEqual([false])
  })

  it('says NOT_FOUND for a topic that is missing', async () => {
    await expect(client.topic('missing').publishMessage({ attributes: { a: '1' } })).rejects.toMatchObject({ code: 5 })
  })

  const payloads: { reason: string; input: { data?: Buffer; attributes?: Record<string, string> } }[] = [
    { reason: 'attributes only', input: { attributes: { action: 'delete', name: 'x' } } },
    { reason: 'data only', input: { data: Buffer.from('{"a":1}') } },
    { reason: 'bytes that are no text', input: { data: Buffer.from([0, 255, 128]), attributes: { a: '' } } },
  ]
  it.each(payloads)('carries $reason from publisher to puller', async ({ reason, input }) => {
    const name = `carry-${reason.replaceAll(' ', '-')}`
    const [topic] = await client.createTopic(name)
    await topic.createSubscription(`${name}-sub`)
    const messageId = await topic.publishMessage(input)
    const [response] = await subscriber().pull({ subscription: `projects/p/subscriptions/${name}-sub`, maxMessages: 5 })
    const [received] = response.receivedMessages ?? []
    expect(received?.message?.messageId).toBe(messageId)
    expect(Buffer.from((received?.message?.data ?? '') as Uint8Array)).toEqual(input.data ?? Buffer.alloc(0))
    expect(received?.message?.attributes).toEqual(input.attributes ?? {})
  })

  it('redelivers after a nack by ModifyAckDeadline 0, and no more after an acknowledgement', async () => {
    const [topic] = await client.createTopic('acks')
    await topic.createSubscription('acks-sub')
    await topic.publishMessage({ data: Buffer.from('x') })
    const subscription = 'projects/p/subscriptions/acks-sub'
    const puller = subscriber()
    const ackIds = async (): Promise<string[]> => {
      const [response] = await puller.pull({ subscription, maxMessages: 5, returnImmediately: true })
      return (response.receivedMessages ?? []).map(({ ackId }) => ackId ?? '')
    }
    const first = await ackIds()
    expect(first).toHaveLength(1)
    expect(await ackIds()).toEqual([])
    await puller.modifyAckDeadline({ subscription, ackIds: first, ackDeadlineSeconds: 0 })
    const second = await ackIds()
    expect(second).toHaveLength(1)
    await puller.acknowledge({ subscription, ackIds: second })
    expect(pubsub.counts().subscriptions[subscription]).toMatchObject({ backlog: 0, nacked: 1, acked: 1 })
  })

  it('streams to a listener that nacks once and then acknowledges', async () => {
    const [topic] = await client.createTopic('streamed')
    const [subscription] = await topic.createSubscription('streamed-sub')
    const got: string[] = []
    await new Promise<void>((resolve, reject) => {
      subscription.on('error', reject)
      subscription.on('message', (message: Message) => {
        got.push(message.data.toString())
        if (got.length === 1) message.nack()
        else message.ack()
        if (got.length === 4) resolve()
      })
      void Promise.all(['a', 'b', 'c'].map((data) => topic.publishMessage({ data: Buffer.from(data) })))
    })
    await subscription.close()
    expect(got.toSorted()).toEqual(['a', 'a', 'b', 'c'])
  })

  it('tells a listener that its subscription is missing', async () => {
    const subscription = client.subscription('never-made')
    const error = await new Promise<unknown>((resolve) => {
      subscription.on('error', resolve)
      subscription.on('message', () => undefined)
    })
    await subscription.close()
    expect(error).toMatchObject({ code: 5 })
  })

  it.each([
    { reason: 'a deadline under 10 s', options: { ackDeadlineSeconds: 5 }, code: 3 },
    { reason: 'a filter, which is not simulated', options: { filter: 'attributes.a = "1"' }, code: 12 },
    { reason: 'ordering, which is not simulated', options: { enableMessageOrdering: true }, code: 12 },
  ])('refuses a subscription with $reason', async ({ options, code }) => {
    const [topic] = await client.topic('refusing').get({ autoCreate: true })
    await expect(topic.createSubscription('refused-sub', options)).rejects.toMatchObject({ code })
  })

  it('pushes to the endpoint of a subscription that the client created, again after a 500, on one connection', async () => {
    const { url, bodies, sockets, next } = await endpoint([500, 204])
    const [topic] = await client.createTopic('pushed')
    await topic.createSubscription('pushed-sub', { pushEndpoint: url })
    await topic.publishMessage({ attributes: { action: 'delete' } })
    await next(2)
    expect(bodies[1]).toEqual(bodies[0])
    expect(bodies[0]).toMatchObject({
      subscription: 'projects/p/subscriptions/pushed-sub',
      message: { attributes: { action: 'delete' } },
    })
    expect(sockets.size).toBe(1)
  })
})

describe('push over HTTP', () => {
  it.each([
    { reason: '200 acknowledges', status: 200, acked: 1 },
    { reason: '201 acknowledges', status: 201, acked: 1 },
    { reason: '202 acknowledges', status: 202, acked: 1 },
    { reason: '204 acknowledges', status: 204, acked: 1 },
    { reason: '302 does not', status: 302, acked: 0 },
    { reason: '400 does not', status: 400, acked: 0 },
    { reason: '503 does not', status: 503, acked: 0 },
  ])('$reason', async ({ status, acked }) => {
    const { url, next } = await endpoint([status, 200])
    const name = `status-${status}`
    pubsub.createTopic(`projects/p/topics/${name}`)
    const subscription = `projects/p/subscriptions/${name}`
    pubsub.subscribe({
      name: subscription,
      topic: `projects/p/topics/${name}`,
      push: { endpoint: url },
      retry: { minBackoffMs: 1, maxBackoffMs: 1 },
    })
    pubsub.publish(`projects/p/topics/${name}`, { data: 'x' })
    await next(acked === 1 ? 1 : 2)
    await expect
      .poll(() => pubsub.counts().subscriptions[subscription])
      .toMatchObject({
        acked: 1,
        nacked: 1 - acked,
        backlog: 0,
      })
  })

  it('redelivers when nobody listens, and succeeds once somebody does', async () => {
    const { url } = await endpoint([200])
    pubsub.createTopic('projects/p/topics/refused')
    const spec = {
      name: 'projects/p/subscriptions/refused',
      topic: 'projects/p/topics/refused',
      retry: { minBackoffMs: 1, maxBackoffMs: 10 },
    }
    pubsub.subscribe({ ...spec, push: { endpoint: 'http://127.0.0.1:1/' } })
    pubsub.publish(spec.topic, { data: 'x' })
    await expect.poll(() => pubsub.counts().subscriptions[spec.name]?.nacked).toBeGreaterThan(1)
    pubsub.updateSubscription({ ...spec, push: { endpoint: url } })
    await expect.poll(() => pubsub.counts().subscriptions[spec.name]).toMatchObject({ acked: 1, backlog: 0 })
  })

  it('carries a chain of 8 hops well under 400 ms', async ({ annotate }) => {
    const hops = 8
    const done = Promise.withResolvers<number>()
    const started = { at: 0 }
    const server = http.createServer((request, response) => {
      request.resume()
      request.on('end', () => {
        const hop = Number(request.url?.slice(1))
        if (hop === hops) done.resolve(performance.now() - started.at)
        else pubsub.publish(`projects/p/topics/hop-${hop + 1}`, { attributes: { n: '1' } })
        response.writeHead(204).end()
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    toClose.push(() => server.close())
    for (let hop = 1; hop <= hops; hop++) {
      pubsub.createTopic(`projects/p/topics/hop-${hop}`)
      pubsub.subscribe({
        name: `projects/p/subscriptions/hop-${hop}`,
        topic: `projects/p/topics/hop-${hop}`,
        push: { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/${hop}` },
      })
    }
    started.at = performance.now()
    pubsub.publish('projects/p/topics/hop-1', { attributes: { n: '1' } })
    const took = await done.promise
    await annotate(`8 push hops over HTTP: ${took.toFixed(1)} ms`)
    expect(took).toBeLessThan(400)
    server.closeAllConnections()
  })
})

describe('publish over REST', () => {
  const call = async (path: string, body: string, method = 'POST'): Promise<{ status: number; body: unknown }> => {
    const response = await fetch(`${served.rest}${path}`, { method, ...(method === 'GET' ? {} : { body }) })
    return { status: response.status, body: await response.json() }
  }

  it('publishes base64 data and attributes, and answers the ids', async () => {
    pubsub.createTopic('projects/p/topics/rested')
    pubsub.subscribe({ name: 'projects/p/subscriptions/rested', topic: 'projects/p/topics/rested' })
    const answer = await call(
      '/v1/projects/p/topics/rested:publish',
      JSON.stringify({ messages: [{ data: Buffer.from('hi').toString('base64') }, { attributes: { a: '1' } }] }),
    )
    const pulled = pubsub.pull('projects/p/subscriptions/rested', 10).map(({ message }) => message)
    expect(answer).toEqual({ status: 200, body: { messageIds: pulled.map(({ messageId }) => messageId) } })
    expect(pulled.map(({ data, attributes }) => [data.toString(), attributes])).toEqual([
      ['hi', {}],
      ['', { a: '1' }],
    ])
  })

  it.each([
    {
      reason: 'a missing topic',
      path: '/v1/projects/p/topics/none:publish',
      body: '{"messages":[{"data":"aGk="}]}',
      status: 404,
      text: /resource=none/,
    },
    {
      reason: 'a body that is no JSON',
      path: '/v1/projects/p/topics/rested:publish',
      body: '{',
      status: 400,
      text: /not JSON/,
    },
    {
      reason: 'data that is no base64',
      path: '/v1/projects/p/topics/rested:publish',
      body: '{"messages":[{"data":"%"}]}',
      status: 400,
      text: /base64/,
    },
    { reason: 'no messages', path: '/v1/projects/p/topics/rested:publish', body: '{}', status: 400, text: /messages/ },
    { reason: 'an unknown path', path: '/v1/projects/p/snapshots', body: '', status: 404, text: /over gRPC/ },
  ])('refuses $reason with $status', async ({ path, body, status, text }) => {
    const answer = await call(path, body)
    expect(answer.status).toBe(status)
    expect(answer.body).toMatchObject({ error: { code: status, message: expect.stringMatching(text) as string } })
  })
})
