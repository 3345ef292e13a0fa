import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { certificateFor } from '../support/cluster-objects.ts'
import { serve, type TestServer } from './server.ts'

const service = 'iamcredentials.googleapis.com'
const account = 'deployer@shop.iam.gserviceaccount.com'

/** Google's service for tokens of service accounts, over the wire: reached through a proxy, as its address can't be changed. */
let tokens: TestServer
let proxy: Server
let folder: string
/** What the service answers to whoever may not do this. */
let forbidden = false

beforeAll(async () => {
  const { cert, key } = certificateFor([service])
  folder = await mkdtemp(join(tmpdir(), 'mci-'))
  await writeFile(join(folder, 'ca.pem'), cert)
  tokens = await serve(
    ({ path }) =>
      forbidden
        ? {
            status: 403,
            body: { error: { code: 403, message: 'Permission iam.serviceAccounts.getAccessToken denied' } },
          }
        : path.endsWith(':generateIdToken')
          ? { body: { token: 'who-it-is' } }
          : { body: { accessToken: 'of-the-account', expireTime: new Date(Date.now() + 3_600_000).toISOString() } },
    { key, cert },
  )
  proxy = createServer()
  proxy.on('connect', (request, socket) => {
    const there = connect(Number(new URL(tokens.url).port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      there.pipe(socket).pipe(there)
    })
    there.on('error', () => socket.destroy())
    socket.on('error', () => there.destroy())
    expect(request.url).toBe(`${service}:443`)
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
})
afterAll(async () => {
  proxy.close()
  await tokens.close()
  await rm(folder, { recursive: true })
})

/** Runs the identity that `--impersonate-service-account` gives, in a process of its own. */
async function ask(method: string): Promise<string> {
  const program = `
    import { identityOf } from './cli/identity.ts'
    const [account, call] = process.argv.slice(1)
    const identity = await identityOf({ impersonateServiceAccount: account }, process.env, () => Promise.reject(new Error('not asked')))
    process.stdout.write(await (call === 'accessToken' ? identity.accessToken() : identity.identityToken('https://status.example.com')).catch((error) => error.status + ' ' + error.message))`
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '-e', program, account, method],
    {
      cwd: new URL('../../', import.meta.url),
      env: {
        PATH: process.env['PATH'] ?? '',
        MCI_ACCESS_TOKEN: 'of-the-person',
        NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'),
        HTTPS_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
      },
    },
  )
  return stdout
}

describe('acting as a service account', () => {
  it('asks for its token with the person’s own, which goes nowhere else', async () => {
    expect(await ask('accessToken')).toBe('of-the-account')
    const [asked] = tokens.seen.splice(0)
    expect(asked).toMatchObject({
      method: 'POST',
      path: `/v1/projects/-/serviceAccounts/${account}:generateAccessToken`,
      headers: { authorization: 'Bearer of-the-person' },
      body: { scope: ['https://www.googleapis.com/auth/cloud-platform'] },
    })
  })

  it('shows who it is to a private status API, with the URL as audience', async () => {
    expect(await ask('identityToken')).toBe('who-it-is')
    expect(tokens.seen.splice(0).find(({ path }) => path.endsWith(':generateIdToken'))).toMatchObject({
      path: `/v1/projects/-/serviceAccounts/${account}:generateIdToken`,
      body: { audience: 'https://status.example.com', includeEmail: true },
    })
  })

  it('says what is missing to somebody who may not', async () => {
    forbidden = true
    expect(await ask('accessToken')).toMatch(/^401 no usable Google credentials: .*getAccessToken/)
    forbidden = false
  })
})
