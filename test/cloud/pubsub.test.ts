import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { createPubSub, servePubSub, type SimulatedPubSub } from '../../playground/pubsub/index.ts'
import { seededRandom, wallClock } from '../../playground/world.ts'
import { CloudError } from '../../shared/cloud/compute-port.ts'
import { createBus } from '../../shared/cloud/pubsub.ts'

const cleanUps: (() => void | Promise<void>)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function pubsub(): Promise<{ simulated: SimulatedPubSub; host: string }> {
  const simulated = createPubSub({ clock: wallClock, random: seededRandom(1) })
  const served = await servePubSub(simulated)
  cleanUps.push(
    () => simulated.close(),
    () => served.close(),
  )
  return { simulated, host: served.grpc }
}

/** A TCP server; answers its port. */
async function listen(onSocket: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    onSocket(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanUps.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** What a subscription of the topic has got, as JSON. */
function arrived(simulated: SimulatedPubSub, subscription: string): unknown[] {
  return simulated
    .pull(subscription, 5000)
    .map(({ message }) => JSON.parse(Buffer.from(message.data).toString()) as unknown)
}

async function errorOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
}

describe('publish', () => {
  it('brings every message as JSON to its topic', async () => {
    const { simulated, host } = await pubsub()
    for (const topic of ['a-reconcile-url-map', 'a-reconcile-address']) {
      simulated.createTopic(`projects/p/topics/${topic}`)
      simulated.subscribe({ name: `projects/p/subscriptions/${topic}`, topic: `projects/p/topics/${topic}` })
    }
    const bus = createBus({ projectId: 'p', topicPrefix: 'a-', emulatorHost: host })
    await bus.publish([
      { topic: 'reconcile-url-map', body: { id: 'url-map/p/x', why: 'ä "quoted"' } },
      { topic: 'reconcile-address', body: { id: 'address/p/y' } },
      { topic: 'reconcile-url-map', body: { id: 'url-map/p/z', n: 0 } },
    ])
    await bus.publish([])
    expect(arrived(simulated, 'projects/p/subscriptions/a-reconcile-url-map')).toEqual([
      { id: 'url-map/p/x', why: 'ä "quoted"' },
      { id: 'url-map/p/z', n: 0 },
    ])
    expect(arrived(simulated, 'projects/p/subscriptions/a-reconcile-address')).toEqual([{ id: 'address/p/y' }])
  })

  it('takes more messages than one request can hold', async () => {
    const { simulated, host } = await pubsub()
    simulated.createTopic('projects/p/topics/many')
    simulated.subscribe({ name: 'projects/p/subscriptions/many', topic: 'projects/p/topics/many' })
    const bus = createBus({ projectId: 'p', emulatorHost: host })
    await bus.publish(Array.from({ length: 2300 }, (_, n) => ({ topic: 'many', body: { n } })))
    expect(simulated.counts().published).toBe(2300)
  })

  it('says which topic is missing, after it has published to the others', async () => {
    const { simulated, host } = await pubsub()
    simulated.createTopic('projects/p/topics/there')
    const bus = createBus({ projectId: 'p', emulatorHost: host })
    const error = await errorOf(
      bus.publish([
        { topic: 'not-there', body: {} },
        { topic: 'there', body: { n: 1 } },
      ]),
    )
    expect(error).toBeInstanceOf(CloudError)
    expect(error).toMatchObject({ status: 404, message: expect.stringContaining('publish to not-there') as string })
    expect(simulated.counts().published).toBe(1)
  })
})

describe('a lost connection', () => {
  it('delays a publish, and does not lose it', async () => {
    const { simulated, host } = await pubsub()
    simulated.createTopic('projects/p/topics/any')
    let connections = 0
    const port = await listen((socket) => {
      if (++connections === 1) socket.destroy()
      else socket.pipe(connect(Number(host.split(':')[1]), '127.0.0.1')).pipe(socket)
    })
    await createBus({ projectId: 'p', emulatorHost: `127.0.0.1:${port}` }).publish([{ topic: 'any', body: {} }])
    expect(simulated.counts().published).toBe(1)
    expect(connections).toBe(2)
  })
})

describe('no answer', () => {
  it('is a CloudError of status 0 within the time given', async () => {
    const bus = createBus({
      projectId: 'p',
      emulatorHost: `127.0.0.1:${await listen(() => undefined)}`,
      timeoutMs: 300,
    })
    const began = performance.now()
    expect(await errorOf(bus.publish([{ topic: 'any', body: {} }]))).toMatchObject({ name: 'CloudError', status: 0 })
    expect(performance.now() - began).toBeLessThan(3000)
  })

  it('is the same when nothing listens, and the same bus works once something does', async () => {
    const { simulated, host } = await pubsub()
    simulated.createTopic('projects/p/topics/any')
    const dead = createBus({ projectId: 'p', emulatorHost: '127.0.0.1:1', timeoutMs: 300 })
    expect(await errorOf(dead.publish([{ topic: 'any', body: {} }]))).toMatchObject({ name: 'CloudError', status: 0 })
    const bus = createBus({ projectId: 'p', emulatorHost: host, timeoutMs: 5000 })
    await bus.publish([{ topic: 'any', body: {} }])
    expect(simulated.counts().published).toBe(1)
  })
})
