import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

/** `npm run compute-simulator` as a process of its own, and what reaches it over the wire. */
let child: ChildProcess
let url: string
let text = ''

const simulator = new URL('../../../playground/compute-simulator.ts', import.meta.url).pathname
const required = process.env['MCI_REQUIRE_EVERYTHING'] !== undefined

function start(...options: string[]): ChildProcess {
  return spawn(process.execPath, [simulator, ...options], { stdio: ['ignore', 'pipe', 'pipe'] })
}

function haveGcloud(): boolean {
  try {
    execFileSync('gcloud', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

beforeAll(async () => {
  child = start('--port', '0', '--operation-delay', '20', '--strict')
  url = await new Promise<string>((resolve, reject) => {
    child.once('exit', () => reject(new Error(`The simulator ended: ${text}`)))
    const read = (chunk: Buffer) => {
      text += chunk.toString()
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0]
      if (found !== undefined && text.includes('gcloud compute')) resolve(found)
    }
    child.stdout?.on('data', read)
    child.stderr?.on('data', read)
  })
})

afterAll(() => {
  child.kill('SIGKILL')
})

async function send(
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const answer = await fetch(`${url}/compute/v1/projects/p/${path}`, {
    method,
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
}

async function done(path: string, body: unknown): Promise<void> {
  const started = await send('POST', path, body)
  expect(started, JSON.stringify(started.body)).toMatchObject({ status: 200 })
  const link = String(started.body['selfLink']).replace(/^.*\/projects\/p\//, '')
  expect((await send('POST', `${link}/wait`)).body).toMatchObject({ status: 'DONE' })
}

describe('the simulator as a process', () => {
  it('says where it answers and how gcloud reaches it', () => {
    expect(text).toContain(`${url}/compute/v1/`)
    expect(text).toContain(`CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE=${url}/compute/v1/ gcloud compute`)
  })

  it('answers with the headers of the service', async () => {
    const answer = await fetch(`${url}/compute/v1/projects/any-project/global/urlMaps?alt=json&prettyPrint=false`)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('application/json; charset=UTF-8')
  })

  it.each([
    { reason: 'a body that is not JSON', body: '{', status: 400, code: 'parseError' },
    {
      reason: 'a body of more than 4 MB',
      body: JSON.stringify({ name: 'x'.repeat(5_000_000) }),
      status: 413,
      code: 'uploadTooLarge',
    },
    {
      reason: 'a body that is nested without end',
      body: `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`,
      status: 400,
      code: 'invalid',
    },
    {
      reason: 'a member that is not in the API, as it is strict',
      body: { name: 'a', colour: 'red' },
      status: 400,
      code: 'invalid',
    },
  ])('refuses $reason', async ({ body, status, code }) => {
    expect(await send('POST', 'global/addresses', body)).toMatchObject({
      status,
      body: { error: { errors: [{ reason: code }] } },
    })
  })

  it('outlives a client that hangs up in the middle of a request', async () => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    await new Promise<void>((resolve) => {
      socket.write(
        'POST /compute/v1/projects/p/global/addresses HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"na',
        () => {
          socket.destroy()
          resolve()
        },
      )
    })
    expect((await send('GET', 'global/addresses')).status).toBe(200)
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('ends on %s', async (signal) => {
    const other = start('--port', '0')
    await new Promise((resolve) => other.stdout?.once('data', resolve))
    other.kill(signal)
    expect(await new Promise((resolve) => other.once('exit', resolve))).toBe(0)
  })

  it.each([
    { reason: 'a port that is none', options: ['--port', '70000'] },
    { reason: 'a delay that is none', options: ['--operation-delay', 'soon'] },
    { reason: 'an unknown option', options: ['--quick'] },
  ])('ends with a sentence and the usage for $reason', async ({ options }) => {
    const other = start(...options)
    let said = ''
    other.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()))
    expect(await new Promise((resolve) => other.once('close', resolve))).toBe(1)
    expect(said).toContain('Usage: npm run compute-simulator -- --port N')
    expect(said).toContain(options[0] ?? '')
  })

  it('says that its port is taken', async () => {
    const other = start('--port', new URL(url).port)
    let said = ''
    other.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()))
    expect(await new Promise((resolve) => other.once('close', resolve))).toBe(1)
    expect(said).toContain('EADDRINUSE')
  })
})

describe('gcloud', () => {
  const present = haveGcloud()
  if (!present) {
    if (required) it('is installed', () => expect.fail('gcloud is not installed.'))
    else {
      // eslint-disable-next-line no-console -- a skip must be seen
      console.log('Skipped: gcloud against the simulated Compute; gcloud is not installed.')
      it.skip('needs gcloud')
    }
    return
  }

  const gcloud = async (...command: string[]): Promise<unknown> => {
    const { stdout } = await promisify(execFile)('gcloud', ['compute', ...command, '--format=json', '--quiet'], {
      env: {
        ...process.env,
        CLOUDSDK_CONFIG: join(tmpdir(), 'mci-test-gcloud'),
        CLOUDSDK_CORE_DISABLE_PROMPTS: '1',
        CLOUDSDK_CORE_PROJECT: 'p',
        CLOUDSDK_AUTH_ACCESS_TOKEN: 'x',
        CLOUDSDK_CORE_DISABLE_USAGE_REPORTING: 'true',
        CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE: `${url}/compute/v1/`,
      },
    })
    return JSON.parse(stdout)
  }

  beforeAll(async () => {
    await done('global/healthChecks', { name: 'hc', type: 'HTTP' })
    await done('global/backendServices', { name: 'be', healthChecks: ['global/healthChecks/hc'] })
    await done('global/urlMaps', { name: 'um', defaultService: 'global/backendServices/be' })
    await done('global/targetHttpProxies', { name: 'tp', urlMap: 'global/urlMaps/um' })
    await done('global/addresses', { name: 'ip' })
    const rule = { name: 'fw', target: 'global/targetHttpProxies/tp', portRange: '80', IPAddress: 'ip' }
    await done('global/forwardingRules', rule)
    await done('global/firewalls', { name: 'fr', allowed: [{ IPProtocol: 'tcp' }] })
    await done('zones/us-central1-a/instanceGroups', { name: 'ig' })
  })

  it.each([
    { list: 'health-checks', found: ['hc'] },
    { list: 'backend-services', found: ['be'] },
    { list: 'url-maps', found: ['um'] },
    { list: 'target-http-proxies', found: ['tp'] },
    { list: 'addresses', found: ['ip'] },
    { list: 'forwarding-rules', found: ['fw'] },
    { list: 'firewall-rules', found: ['fr'] },
    { list: 'instance-groups', found: ['ig'] },
    { list: 'networks', found: ['default'] },
  ])('compute $list list', { timeout: 60_000 }, async ({ list, found }) => {
    expect(await gcloud(list, 'list')).toMatchObject(found.map((name) => ({ name })))
  })

  it('adds a backend and reads what it made', { timeout: 120_000 }, async () => {
    const zone = '--instance-group-zone=us-central1-a'
    await gcloud(
      'backend-services',
      'add-backend',
      'be',
      '--global',
      '--instance-group=ig',
      zone,
      '--balancing-mode=RATE',
      '--max-rate=100',
    )
    expect(await gcloud('backend-services', 'describe', 'be', '--global')).toMatchObject({
      backends: [
        {
          group: 'https://www.googleapis.com/compute/v1/projects/p/zones/us-central1-a/instanceGroups/ig',
          balancingMode: 'RATE',
        },
      ],
    })
  })
})
