import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { getJson, startPlayground, type Playground } from './command.ts'

let playground: Playground
beforeAll(async () => {
  playground = await startPlayground('--clusters', '2')
}, 60_000)
afterAll(() => playground.stop())

/** As somebody's script publishes. */
async function publish(
  topic: string,
  message: { data?: string; attributes?: Record<string, string> },
): Promise<string> {
  const url = `${playground.pubsubRest}/v1/projects/playground/topics/${topic}:publish`
  const data = message.data === undefined ? {} : { data: Buffer.from(message.data).toString('base64') }
  const answer = await fetch(url, { method: 'POST', body: JSON.stringify({ messages: [{ ...message, ...data }] }) })
  return ((await answer.json()) as { messageIds: string[] }).messageIds[0] ?? ''
}

async function kept(): Promise<string[]> {
  const { deadLetters } = (await getJson(`${playground.dashboard}/api/dead-letters`)) as {
    deadLetters: { id: string }[]
  }
  return deadLetters.map(({ id }) => id)
}

const removal = { action: 'remove-clusters', clusters: 'us-central', namespace: 'default', name: 'zone-printer' }

describe('mci dead-letters', () => {
  it('says that there are none', async () => {
    expect(await playground.mci(['dead-letters', 'list'])).toEqual({
      code: 0,
      stdout: 'No dead letters.\n',
      stderr: '',
    })
  })

  it('lists age, topic and why, and what scripts need', async () => {
    const early = await publish('ingress-specs', { attributes: removal })
    await expect.poll(kept, { timeout: 10_000 }).toContain(early)
    const { stdout } = await playground.mci(['dead-letters', 'list'])
    expect(stdout.replace(early, 'ID').replace(/^\d+s +/m, 'AGE  ')).toMatch(
      /^AGE +TOPIC +MESSAGE +WHY\nAGE +ingress-specs +ID +there is no Ingress default\/zone-printer\n$/,
    )
    const { stdout: json } = await playground.mci(['dead-letters', 'list', '-o', 'json'])
    expect(JSON.parse(json)).toMatchObject({
      deadLetters: [{ id: early, topic: 'ingress-specs', replayable: true, attributes: removal }],
    })
  })

  it('replays one when its time has come: it takes effect, and its record goes', async () => {
    const applied = ['apply', '-f', 'examples/zone-printer/ingress.yaml', '--wait', '--timeout', '60s']
    expect(await playground.mci(applied)).toMatchObject({ code: 0 })
    const [early = ''] = await kept()
    const ran = await playground.mci(['dead-letters', 'replay', early])
    expect(ran).toEqual({ code: 0, stdout: `message ${early} was sent to ingress-specs again\n`, stderr: '' })
    expect(await kept()).toEqual([])
    const status = async (): Promise<unknown> =>
      ((await getJson(`${playground.dashboard}/api/ingresses/default/zone-printer`)) as { clusters: string[] }).clusters
    await expect.poll(status, { timeout: 20_000 }).toEqual(['europe-west'])
  })

  it('replays all of a topic', async () => {
    const ids = [await publish('plans', { data: 'no JSON' }), await publish('plans', { data: '{}' })]
    await expect.poll(async () => (await kept()).sort(), { timeout: 10_000 }).toEqual([...ids].sort())
    const ran = await playground.mci(['dead-letters', 'replay', '--topic', 'plans', '-o', 'json'])
    expect(ran.code, ran.stderr).toBe(0)
    expect((JSON.parse(ran.stdout) as { replayed: string[] }).replayed.sort()).toEqual([...ids].sort())
    // They are no better than before: they come back as new messages.
    await expect.poll(async () => (await kept()).length, { timeout: 10_000 }).toBe(2)
    expect(await kept()).not.toContain(ids[0])
  })

  it.each([
    ['nothing named', ['replay'], 64, 'which messages are to be sent again?'],
    ['both ways at once', ['replay', 'x', '--topic', 'plans'], 64, 'which messages are to be sent again?'],
    ['one that is not kept', ['replay', '4711'], 1, 'no message 4711 is kept'],
  ])('says what is wrong with %s, and sends nothing', async (_reason, args, code, message) => {
    const before = await kept()
    const ran = await playground.mci(['dead-letters', ...args])
    expect(ran).toMatchObject({ code, stdout: '' })
    expect(ran.stderr).toContain(message)
    expect(await kept()).toEqual(before)
  })

  it('does not send what cannot be sent as it was', async () => {
    const id = await publish('dead-letters', { data: 'from nowhere' })
    await expect.poll(kept, { timeout: 10_000 }).toContain(id)
    const ran = await playground.mci(['dead-letters', 'replay', id])
    expect(ran.code).toBe(1)
    expect(ran.stderr).toContain(
      `cannot be sent again: ${id}, because it is not known from which topic it came (unknown)`,
    )
    expect(await kept()).toContain(id)
  })
})
