import { spawn, type ChildProcess } from 'node:child_process'
import { createServer, type AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { eventFunctions } from '../../functions/registry.ts'

/** Started as Cloud Functions starts them: functions-framework's own command, one target a process. */
describe('each function starts alone', () => {
  let child: ChildProcess | undefined
  afterEach(() => {
    child?.kill('SIGKILL')
  })

  it.each(
    [...eventFunctions.map(({ name }) => name), 'status'].filter(
      (name, index) => index % 5 === 0 || name === 'status' || name === 'ingress-spec',
    ),
  )('%s', async (target) => {
    const port = await freePort()
    child = spawn(
      process.execPath,
      ['node_modules/@google-cloud/functions-framework/build/src/main.js', `--target=${target}`, `--port=${port}`],
      {
        env: {
          ...process.env,
          GOOGLE_CLOUD_PROJECT: 'p',
          MCI_STATE: 'memory',
          MCI_LOG_LEVEL: 'silent',
          PUBSUB_EMULATOR_HOST: '127.0.0.1:1',
          COMPUTE_API_ENDPOINT: 'http://127.0.0.1:1',
        },
        stdio: 'ignore',
      },
    )
    const url = `http://127.0.0.1:${port}/`
    const answer = await untilAnswered(
      target === 'status'
        ? () => fetch(`${url}api/clusters`)
        : () => fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: pushOf(target) }),
    )
    expect(answer.status).toBe(target === 'status' ? 200 : 204)
  })

  it('reads a push body with attributes and no data, and the same as a CloudEvent', async () => {
    const port = await freePort()
    child = spawn(
      process.execPath,
      ['node_modules/@google-cloud/functions-framework/build/src/main.js', '--target=ingress-spec', `--port=${port}`],
      {
        env: {
          ...process.env,
          GOOGLE_CLOUD_PROJECT: 'p',
          MCI_STATE: 'memory',
          PUBSUB_EMULATOR_HOST: '127.0.0.1:1',
          COMPUTE_API_ENDPOINT: 'http://127.0.0.1:1',
        },
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    )
    let log = ''
    child.stdout?.on('data', (chunk: Buffer) => (log += chunk.toString()))
    const url = `http://127.0.0.1:${port}/`
    const message = {
      attributes: { action: 'delete', namespace: 'default', name: 'nobody' },
      messageId: '7',
      publishTime: '2026-01-01T00:00:00Z',
    }
    const json = { 'content-type': 'application/json' }
    await untilAnswered(() =>
      fetch(url, { method: 'POST', headers: json, body: JSON.stringify({ message, subscription: 's' }) }),
    )
    const cloudEvent = {
      ...json,
      'ce-id': '8',
      'ce-source': '//pubsub.googleapis.com/projects/p/topics/ingress-specs',
      'ce-specversion': '1.0',
      'ce-type': 'google.cloud.pubsub.topic.v1.messagePublished',
    }
    const answer = await fetch(url, {
      method: 'POST',
      headers: cloudEvent,
      body: JSON.stringify({ message: { ...message, messageId: '8' }, subscription: 's' }),
    })
    expect(answer.status).toBe(204)
    for (const id of ['7', '8'])
      await expect
        .poll(() => log, { message: 'the message was understood, whichever way it came' })
        .toContain(`"${id}"`)
    expect(log).toContain('there is no Ingress default/nobody')
  })
})

function pushOf(target: string): string {
  const body = target.startsWith('reconcile-')
    ? { id: `${target.slice('reconcile-'.length)}/p/x` }
    : target === 'plan'
      ? { ingress: 'default/x' }
      : { cluster: 'x' }
  return JSON.stringify({
    message: { data: Buffer.from(JSON.stringify(body)).toString('base64'), messageId: '1' },
    subscription: 's',
  })
}

async function untilAnswered(ask: () => Promise<Response>): Promise<Response> {
  const end = Date.now() + 15_000
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (Date.now() > end) throw error
      await sleep(50)
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
