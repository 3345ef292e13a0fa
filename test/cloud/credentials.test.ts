import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { AuthClient } from 'google-auth-library'
import { afterEach, describe, expect, it } from 'vitest'
import { CloudError } from '../../shared/cloud/compute-port.ts'
import { createCompute } from '../../shared/cloud/compute.ts'
import { createCredentials } from '../../shared/cloud/credentials.ts'
import { testCertificate, testKey } from './certificate.ts'
import { serve } from './server.ts'

const cleanUps: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp()
})

async function errorOf(work: Promise<unknown>): Promise<CloudError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof CloudError)) throw new Error(`want a CloudError, got ${String(error)}`)
  return error
}

/** A client of the auth library whose token service behaves as told. */
async function clientThat(getAccessToken: () => Promise<never>): Promise<AuthClient> {
  const { PassThroughClient } = await import('google-auth-library')
  const client = new PassThroughClient()
  client.getAccessToken = getAccessToken
  return client
}

describe('a given token', () => {
  it('is the identity of every client', async () => {
    const credentials = createCredentials({ accessToken: 'given' })
    expect(await credentials.accessToken()).toBe('given')
    const headers = await (await credentials.authClient()).getRequestHeaders()
    expect(headers.get('authorization')).toBe('Bearer given')
  })

  it('goes to the Compute API over https and to no plain http server', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mci-'))
    cleanUps.push(() => rm(folder, { recursive: true }))
    await writeFile(join(folder, 'ca.pem'), testCertificate)
    const secure = await serve(() => ({ body: { name: 'x' } }), { key: testKey, cert: testCertificate })
    const plain = await serve(() => ({ body: { name: 'x' } }))
    cleanUps.push(secure.close, plain.close)
    const program = `
      import { createCompute } from './shared/cloud/compute.ts'
      import { createCredentials } from './shared/cloud/credentials.ts'
      const auth = createCredentials({ accessToken: 'given' }).authClient
      for (const endpoint of process.argv.slice(1)) {
        await createCompute({ endpoint, auth }).get({ collection: 'urlMaps', project: 'p', name: 'x' })
      }`
    await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program, secure.url, plain.url], {
      cwd: new URL('../../', import.meta.url),
      env: { ...process.env, NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem') },
    })
    expect(secure.seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer given'])
    expect(plain.seen.map(({ headers }) => headers.authorization)).toEqual([undefined])
  })
})

describe('a token that cannot be had is no answer of the API', () => {
  const rows: { reason: string; fails: Error; want: { status: number; message: RegExp } }[] = [
    {
      reason: 'the token service refuses',
      fails: Object.assign(new Error('invalid_grant'), { status: 400, code: '400' }),
      want: { status: 401, message: /invalid_grant/ },
    },
    {
      reason: 'the token service has nothing under this name',
      fails: Object.assign(new Error('no such account'), { status: 404 }),
      want: { status: 401, message: /no such account/ },
    },
    {
      reason: 'the token service is down',
      fails: Object.assign(new Error('oops'), { status: 503 }),
      want: { status: 0, message: /did not answer: oops/ },
    },
    {
      reason: 'the token service is not reached',
      fails: Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' }),
      want: { status: 0, message: /ENOTFOUND/ },
    },
    {
      reason: 'there are no credentials',
      fails: new Error('Could not load the default credentials'),
      want: { status: 401, message: /default credentials/ },
    },
  ]
  it.each(rows)('$reason', async ({ fails, want }) => {
    const server = await serve(() => ({ body: { name: 'x' } }), { key: testKey, cert: testCertificate })
    cleanUps.push(server.close)
    const auth = () => clientThat(async () => Promise.reject(fails))
    const compute = createCompute({ endpoint: server.url, auth })
    const error = await errorOf(compute.get({ collection: 'urlMaps', project: 'p', name: 'x' }))
    expect(error).toMatchObject({ status: want.status, reason: 'credentials' })
    expect(error.message).toMatch(want.message)
    expect(server.seen).toEqual([])
  })

  it('does not wait for ever', async () => {
    const auth = () => clientThat(() => new Promise<never>(() => undefined))
    const compute = createCompute({ endpoint: 'https://127.0.0.1:1', auth, timeoutMs: 100 })
    const error = await errorOf(compute.get({ collection: 'urlMaps', project: 'p', name: 'x' }))
    expect(error).toMatchObject({ status: 0, reason: 'timeout' })
  })
})
