import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startFirestoreEmulator, type Emulator } from '../../playground/emulators.ts'
import { installBundle, type InstalledBundle } from '../support/bundle.ts'
import { emulatorsFor } from '../support/emulators.ts'

const programs = await emulatorsFor('single functions of the bundle on Firestore')

/** As Cloud Functions starts a function, and as Eventarc sends it a message: a binary CloudEvent. */
describe.skipIf(programs === null)('one function of the bundle in a process of its own', () => {
  let folder: string
  let bundle: InstalledBundle
  let emulator: Emulator

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mci-cold-'))
    bundle = await installBundle(folder)
    if (programs !== null) emulator = await startFirestoreEmulator(programs)
  }, 60_000)
  afterAll(async () => {
    await emulator.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  async function start(
    target: string,
    env: Record<string, string>,
  ): Promise<{ url: string; child: ChildProcess; said: () => string }> {
    const port = await freePort()
    const child = spawn(process.execPath, [bundle.framework], {
      cwd: folder,
      env: {
        PATH: process.env['PATH'] ?? '',
        FUNCTION_TARGET: target,
        FUNCTION_SIGNATURE_TYPE: 'http',
        PORT: String(port),
        NODE_ENV: 'production',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let text = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
    return { url: `http://127.0.0.1:${port}`, child, said: () => text }
  }

  async function ask(url: string, child: ChildProcess, options: RequestInit = {}): Promise<Response> {
    while (child.exitCode === null) {
      try {
        return await fetch(url, options)
      } catch {
        await sleep(10)
      }
    }
    throw new Error('the function ended')
  }

  const real = (): Record<string, string> => ({
    GOOGLE_CLOUD_PROJECT: 'cold',
    FIRESTORE_EMULATOR_HOST: emulator.host,
    // Nothing is there, and neither function has a use for it.
    PUBSUB_EMULATOR_HOST: '127.0.0.1:9',
    COMPUTE_API_ENDPOINT: 'http://127.0.0.1:9',
  })

  it('keeps a message that nobody acknowledged, and another function shows it', async () => {
    const writer = await start('dead-letter', real())
    const message = {
      messageId: 'lost-1',
      data: Buffer.from('{"id":"x"}').toString('base64'),
      publishTime: '2024-01-01T00:00:00Z',
    }
    const answer = await ask(writer.url, writer.child, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'ce-id': 'lost-1',
        'ce-source': '//pubsub.googleapis.com/projects/cold/topics/dead-letters',
        'ce-specversion': '1.0',
        'ce-type': 'google.cloud.pubsub.topic.v1.messagePublished',
      },
      body: JSON.stringify({ subscription: 'projects/cold/subscriptions/dead-letter', message }),
    })
    expect(answer.status, writer.said()).toBe(204)
    writer.child.kill()
    const reader = await start('status', real())
    const shown = await ask(`${reader.url}/api/dead-letters/lost-1`, reader.child)
    expect(await shown.json()).toMatchObject({ id: 'lost-1' })
    reader.child.kill()
  })

  it.each([
    ['no project', { GOOGLE_CLOUD_PROJECT: '' }, 'GOOGLE_CLOUD_PROJECT'],
    ['a level of logging that there is not', { MCI_LOG_LEVEL: 'loud' }, 'MCI_LOG_LEVEL'],
    ['an endpoint that is no URL', { COMPUTE_API_ENDPOINT: 'here' }, 'COMPUTE_API_ENDPOINT'],
  ])('does not start with %s, and says so in one line', async (_reason, more, variable) => {
    const { child, said } = await start('plan', { ...real(), ...more })
    if (child.exitCode === null) await once(child, 'exit')
    const lines = said().trim().split('\n')
    expect(lines, said()).toHaveLength(1)
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ severity: 'CRITICAL' })
    expect(lines[0]).toContain(variable)
    expect(child.exitCode).toBe(1)
  })

  it('finds its code compiled: by the same version of Node in the same place, which made it when the packages were installed', async () => {
    const { url, child, said } = await start('status', { ...real(), NODE_DEBUG_NATIVE: 'COMPILE_CACHE' })
    await ask(`${url}/api/clusters`, child)
    child.kill()
    const taken = said()
      .split('\n')
      .filter((line) => line.includes('was accepted'))
    for (const file of ['functions-framework/index.cjs', 'index.mjs'])
      expect(taken.filter((line) => line.includes(join(folder, file))).length, said().slice(0, 2_000)).toBe(1)
  })

  it('brings no machine with it: no path of the one that built it is in its files', () => {
    const paths = ['index.mjs', 'functions-framework/index.cjs'].filter((file) =>
      readFileSync(join(folder, file), 'utf8').includes(process.cwd()),
    )
    expect(paths).toEqual([])
  })
})

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => {
        resolve(port)
      })
    })
  })
}
