import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { annotateService, certificateFor, putConfig, putSecret, putTexts } from '../support/cluster-objects.ts'
import { deploy, simpleIngress } from '../support/manifests.ts'
import { startSystem, type Report, type System } from '../support/system.ts'
import { firstAnswer } from '../support/traffic.ts'

/** Enough for a machine that does much else. Milliseconds. */
const patience = 40_000

const ready = (report: Report | undefined): boolean => report?.phase === 'Ready'
const base = '/compute/v1/projects/playground/global'

describe('BackendConfig and FrontendConfig in the clusters', { timeout: 3 * patience }, () => {
  let system: System

  beforeAll(async () => {
    system = await startSystem({ clusters: 2, tickMs: 2_000 })
    for (const { server } of system.environment.clusters) await deploy(server, 'web')
    await insert('securityPolicies', { name: 'armor' })
    await insert('sslPolicies', { name: 'modern', profile: 'MODERN' })
    await putSecret(system, 'tls', certificateFor(['shop.example.com']))
    await putTexts(system, 'oauth', { client_id: 'me', client_secret: 'not-to-be-seen\n' })
    await putConfig(system, 'BackendConfig', 'slow', {
      timeoutSec: 77,
      customResponseHeaders: { headers: ['X-Served: by {client_region}'] },
      securityPolicy: { name: 'armor' },
      healthCheck: { requestPath: '/up', checkIntervalSec: 3, timeoutSec: 2 },
      iap: { enabled: true, oauthclientCredentials: { secretName: 'oauth' } },
    })
    await putConfig(system, 'FrontendConfig', 'front', {
      sslPolicy: 'modern',
      redirectToHttps: { enabled: true, responseCodeName: 'PERMANENT_REDIRECT' },
    })
    await annotateService(system, 'web', { 'cloud.google.com/backend-config': '{"default":"slow"}' })
  }, 120_000)
  afterAll(() => system.close())

  async function insert(collection: string, body: object): Promise<void> {
    await fetch(`${system.environment.compute.url}${base}/${collection}`, {
      method: 'POST',
      body: JSON.stringify(body),
    })
  }
  async function only(collection: string): Promise<Record<string, unknown>> {
    const [name] = (await system.holds(collection)).filter((one) => one.startsWith('mci1-'))
    return (await (
      await fetch(`${system.environment.compute.url}${base}/${collection}/${name ?? ''}`)
    ).json()) as Record<string, unknown>
  }

  it('are what the load balancer does', async () => {
    const ingress = JSON.parse(
      simpleIngress('web', 'web', { annotations: { 'networking.gke.io/v1beta1.FrontendConfig': 'front' } }),
    ) as { spec: object }
    await system.publish(JSON.stringify({ ...ingress, spec: { ...ingress.spec, tls: [{ secretName: 'tls' }] } }))
    const report = await system.until('default/web', 'Ready', ready, patience)
    expect(await only('backendServices')).toMatchObject({
      timeoutSec: 77,
      securityPolicy: expect.stringMatching(/securityPolicies\/armor$/) as string,
      iap: {
        enabled: true,
        oauth2ClientId: 'me',
        oauth2ClientSecretSha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      },
    })
    expect(await only('healthChecks')).toMatchObject({ checkIntervalSec: 3, httpHealthCheck: { requestPath: '/up' } })
    expect(await only('targetHttpsProxies')).toMatchObject({
      sslPolicy: expect.stringMatching(/sslPolicies\/modern$/) as string,
    })

    const plain = await fetch(`${await system.url(report?.vip)}/a?b=c`, {
      redirect: 'manual',
      headers: { host: 'shop.example.com' },
    })
    expect([plain.status, plain.headers.get('location')]).toEqual([
      308,
      expect.stringMatching(/^https:\/\/.*\/a\?b=c$/),
    ])
    const secure = await firstAnswer(await system.url(report?.vip, 'https'))
    expect(secure.headers['x-served']).toMatch(/^by /)
  })

  it('absent leaves alone, empty removes, and what operators set stays', async () => {
    const name = (await system.holds('backendServices'))[0] ?? ''
    const url = `${system.environment.compute.url}${base}/backendServices/${name}`
    const { fingerprint } = (await (await fetch(url)).json()) as { fingerprint: string }
    await fetch(url, {
      method: 'PATCH',
      body: JSON.stringify({ fingerprint, logConfig: { enable: true, sampleRate: 0.25 } }),
    })
    await putConfig(system, 'BackendConfig', 'slow', {
      customResponseHeaders: {},
      securityPolicy: { name: '' },
      iap: { enabled: false },
    })
    await expect
      .poll(() => only('backendServices'), { timeout: patience })
      .toSatisfy(
        (service: Record<string, unknown>) =>
          service['securityPolicy'] === undefined && service['customResponseHeaders'] === undefined,
      )
    await system.until('default/web', 'Ready', ready, patience)
    expect(await only('backendServices')).toMatchObject({
      timeoutSec: 77,
      logConfig: { enable: true, sampleRate: 0.25 },
      iap: { enabled: false },
    })
    expect(await only('healthChecks'), 'the health check is ours: it goes back').toMatchObject({ checkIntervalSec: 10 })
  })

  it('wrong ones degrade what serves, in words, and change nothing', async () => {
    await putConfig(system, 'BackendConfig', 'slow', { timeoutSec: 5, logging: { enable: true, sampleRate: 7 } })
    const report = await system.until('default/web', 'Degraded', (one) => one?.phase === 'Degraded', patience)
    expect(JSON.stringify(report?.conditions)).toMatch(/unsupported SampleRate: 7.000000/)
    expect(await only('backendServices')).toMatchObject({ timeoutSec: 77 })
  })

  it('keys of signed URLs come and go by the real client', async () => {
    await putTexts(system, 'keys', { key_value: 'AAAAAAAAAAAAAAAAAAAAAA' })
    const keys = async (): Promise<unknown> =>
      ((await only('backendServices'))['cdnPolicy'] as Record<string, unknown> | undefined)?.['signedUrlKeyNames']
    const cdn = (...names: string[]): object => ({
      cdn: { enabled: true, signedUrlKeys: names.map((keyName) => ({ keyName, secretName: 'keys' })) },
    })
    await putConfig(system, 'BackendConfig', 'slow', cdn('one', 'two'))
    await expect.poll(keys, { timeout: patience }).toEqual(['one', 'two'])
    await putConfig(system, 'BackendConfig', 'slow', cdn('two'))
    await expect.poll(keys, { timeout: patience }).toEqual(['two'])
    await putConfig(system, 'BackendConfig', 'slow', { cdn: { enabled: false } })
    await expect.poll(async () => (await only('backendServices'))['enableCDN'], { timeout: patience }).toBe(false)
  })

  it('HTTP serves again when the redirect is taken back, and its URL map goes', async () => {
    await putConfig(system, 'BackendConfig', 'slow', {})
    await putConfig(system, 'FrontendConfig', 'front', { sslPolicy: '' })
    await expect.poll(() => system.holds('urlMaps'), { timeout: patience }).toEqual(['mci1-um--web'])
    const report = await system.until('default/web', 'Ready', ready, patience)
    expect(await only('targetHttpsProxies')).not.toHaveProperty('sslPolicy')
    expect((await firstAnswer(await system.url(report?.vip))).status).toBe(200)
  })
})
