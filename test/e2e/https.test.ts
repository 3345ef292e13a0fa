import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { certificateFor, lookAgain, putManagedCertificate, putSecret } from '../support/cluster-objects.ts'
import { deploy } from '../support/manifests.ts'
import { startSystem, type Report, type System } from '../support/system.ts'
import { ask, firstAnswer, hammer, type Answered } from '../support/traffic.ts'

const ready = (report: Report | undefined): boolean => report?.phase === 'Ready'
const prefix = 'multicluster-ingress.io/'

/** An Ingress of service web with the given annotations and TLS secrets. */
function manifest(
  name: string,
  annotations: Record<string, string>,
  secrets: readonly string[] = [],
  host = '',
): string {
  const backend = { service: { name: 'web', port: { number: 80 } } }
  return JSON.stringify({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name, namespace: 'default', annotations },
    spec: {
      defaultBackend: backend,
      ...(secrets.length === 0 ? {} : { tls: secrets.map((secretName) => ({ secretName })) }),
      ...(host === '' ? {} : { rules: [{ host, http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }] }),
    },
  })
}

const condition = (report: Report | undefined, type: string): string =>
  report?.conditions.find((one) => one.type === type)?.message ?? ''

describe('HTTPS', () => {
  let system: System
  const first = certificateFor(['shop.example.com'])
  const second = certificateFor(['shop.example.com'])

  beforeAll(async () => {
    system = await startSystem({ clusters: 2, tickMs: 2_000 })
    for (const { server } of system.environment.clusters) await deploy(server, 'web')
  }, 60_000)
  afterAll(() => system.close())

  /** Waits for the named generation, so that what is read is not of before. */
  async function settled(name: string, generation: number): Promise<Report | undefined> {
    return system.until(
      `default/${name}`,
      `Ready at generation ${generation}`,
      (report) => ready(report) && report?.generation === generation,
    )
  }

  const presented = async (url: string, serverName = 'shop.example.com'): Promise<string | undefined> =>
    (await ask(url, { host: serverName, serverName })).certificate

  it('serves HTTP and HTTPS with the certificate of a TLS secret', async () => {
    await putSecret(system, 'shop-tls', first)
    await system.publish(manifest('shop', {}, ['shop-tls'], 'shop.example.com'))
    const report = await settled('shop', 1)
    const https = await system.url(report?.vip, 'https')
    expect((await firstAnswer(await system.url(report?.vip))).status).toBe(200)
    expect(await firstAnswer(https, { host: 'shop.example.com', serverName: 'shop.example.com' })).toMatchObject({
      status: 200,
      certificate: first.fingerprint,
    })
    expect(await system.holds('sslCertificates')).toEqual([expect.stringMatching(/^mci1-ssl-[0-9a-f]{10}--shop$/)])
    expect(await system.holds('targetHttpsProxies')).toEqual(['mci1-tps--shop'])
    expect(await system.holds('forwardingRules')).toEqual(['mci1-fw--shop', 'mci1-fws--shop'])
  })

  it('changes a renewed certificate over under load: no failed request, no moment without a valid certificate', async () => {
    const report = await system.report('default/shop')
    const url = await system.url(report?.vip, 'https')
    const [before] = await system.holds('sslCertificates')
    const client = hammer(url, 50, { host: 'shop.example.com', serverName: 'shop.example.com' })
    await putSecret(system, 'shop-tls', second)
    await lookAgain(system, 'us-central', 'europe-west')
    await expect.poll(() => presented(url), { timeout: 10_000 }).toBe(second.fingerprint)
    await expect.poll(() => system.holds('sslCertificates'), { timeout: 10_000 }).not.toContain(before)
    await system.until('default/shop', 'Ready', ready)
    const answers = await client.stop()
    expect(failures(answers)).toEqual([])
    expect(new Set(answers.map(({ certificate }) => certificate))).toEqual(
      new Set([first.fingerprint, second.fingerprint]),
    )
    expect(await system.holds('sslCertificates')).toHaveLength(1)
  })

  it('tells when clusters hold different certificates, and serves that of the first by name', async () => {
    const report = await system.report('default/shop')
    const url = await system.url(report?.vip, 'https')
    await putSecret(system, 'shop-tls', first, ['us-central'])
    await lookAgain(system, 'us-central')
    // One certificate is served everywhere: nothing is degraded.
    const told = await system.until('default/shop', 'told of', (now) => condition(now, 'Advisory') !== '' && ready(now))
    expect(condition(told, 'Advisory')).toMatch(
      /TLS secret default\/shop-tls: holds another certificate .* in cluster us-central; the one of cluster europe-west is served/,
    )
    expect(await presented(url)).toBe(second.fingerprint)
    await putSecret(system, 'shop-tls', second, ['us-central'])
    await lookAgain(system, 'us-central')
    await system.until('default/shop', 'in agreement', (now) => condition(now, 'Advisory') === '')
  })

  it('takes several secrets and pre-shared certificates, these first, and presents each for its hosts', async () => {
    const shared = certificateFor(['shared.example.com'])
    const api = certificateFor(['api.example.com'])
    await putSecret(system, 'api-tls', api)
    await insert(system, 'sslCertificates', { name: 'corp', certificate: shared.cert, privateKey: shared.key })
    const annotations = { 'ingress.gcp.kubernetes.io/pre-shared-cert': 'corp' }
    await system.publish(manifest('shop', annotations, ['shop-tls', 'api-tls'], 'shop.example.com'))
    const url = await system.url((await settled('shop', 2))?.vip, 'https')
    expect(await presented(url, 'shop.example.com')).toBe(second.fingerprint)
    expect(await presented(url, 'api.example.com')).toBe(api.fingerprint)
    expect(await presented(url, 'elsewhere.example.com'), 'who asks for none of them gets the first').toBe(
      shared.fingerprint,
    )
    await system.publish(manifest('shop', {}, ['shop-tls'], 'shop.example.com'))
    await settled('shop', 3)
    expect(await system.holds('sslCertificates'), "the user's own certificate is never removed").toContain('corp')
  })

  it('keeps the certificate of before until a Google-managed one is ACTIVE, and drops it then', async () => {
    const report = await system.report('default/shop')
    const url = await system.url(report?.vip, 'https')
    const client = hammer(url, 50, { host: 'shop.example.com', serverName: 'shop.example.com' })
    await system.publish(manifest('shop', { [`${prefix}managed-certificates`]: 'shop.example.com' }))
    const waiting = await system.until(
      'default/shop',
      'waiting for Google',
      (now) => now?.resources.some(({ why }) => why.includes('Google is making this certificate')) === true,
    )
    expect(waiting?.phase).toBe('Progressing')
    expect(await presented(url)).toBe(second.fingerprint)
    await settled('shop', 4)
    const answers = await client.stop()
    expect(failures(answers)).toEqual([])
    expect(await presented(url), 'the stand-in that the playground makes for a managed one').not.toBe(
      second.fingerprint,
    )
    expect(await system.holds('sslCertificates')).toEqual(['corp', expect.stringMatching(/^mci1-ssl-/)])
  })

  it('reads the domains of ManagedCertificate objects in the clusters', async () => {
    await putManagedCertificate(system, 'shop', ['www.example.com', 'shop.example.com'])
    await system.publish(manifest('shop', { 'networking.gke.io/managed-certificates': 'shop' }))
    await settled('shop', 5)
    const [made] = (await read(system, 'sslCertificates')).filter(({ name }) => name !== 'corp')
    expect(made).toMatchObject({ managed: { domains: ['shop.example.com', 'www.example.com'], status: 'ACTIVE' } })
  })

  it('takes the HTTP front end away when HTTP is turned off, and the HTTPS one when the certificates go', async () => {
    const off = { 'kubernetes.io/ingress.allow-http': 'false' }
    await system.publish(manifest('shop', off, ['shop-tls']))
    await settled('shop', 6)
    await expect.poll(() => system.holds('forwardingRules')).toEqual(['mci1-fws--shop'])
    expect(await system.holds('targetHttpProxies')).toEqual([])
    await system.publish(manifest('shop', {}))
    const report = await settled('shop', 7)
    expect(await system.holds('forwardingRules')).toEqual(['mci1-fw--shop'])
    expect(await system.holds('targetHttpsProxies')).toEqual([])
    expect(await system.holds('sslCertificates')).toEqual(['corp'])
    expect((await firstAnswer(await system.url(report?.vip))).status).toBe(200)
  })

  it('adds an IPv6 front end on an address of its own, and takes it away again', async () => {
    await system.publish(manifest('shop', { [`${prefix}ip-versions`]: 'IPV4,IPV6' }, ['shop-tls']))
    const report = await settled('shop', 8)
    expect(await system.holds('forwardingRules')).toEqual([
      'mci1-fw--shop',
      'mci1-fw6--shop',
      'mci1-fws--shop',
      'mci1-fws6--shop',
    ])
    const six = (await read(system, 'addresses')).find(({ name }) => name === 'mci1-ip6--shop')
    expect(six).toMatchObject({ ipVersion: 'IPV6' })
    expect((await firstAnswer(await system.url(String(six?.['address']), 'https'))).status).toBe(200)
    await system.publish(manifest('shop', {}, ['shop-tls']))
    expect((await settled('shop', 9))?.vip).toBe(report?.vip)
    await expect.poll(() => system.holds('addresses')).toEqual(['mci1-ip--shop'])
    expect(await system.holds('forwardingRules')).toEqual(['mci1-fw--shop', 'mci1-fws--shop'])
  })

  describe('refuses before anything is touched', () => {
    const old = certificateFor(['shop.example.com'], '200601')
    const rows: { reason: string; secret: { cert: string; key: string } | null; says: RegExp }[] = [
      { reason: 'a secret that no cluster has', secret: null, says: /does not exist in any selected cluster/ },
      {
        reason: 'a key that belongs to another certificate',
        secret: { cert: first.cert, key: second.key },
        says: /tls.key that does not belong to its tls.crt/,
      },
      { reason: 'a certificate that has expired', secret: old, says: /expired on 2020-06-01/ },
      {
        reason: 'a text that is no certificate',
        secret: { cert: 'hello', key: second.key },
        says: /tls.crt that is not a PEM certificate/,
      },
    ]
    for (const [index, { reason, secret, says }] of rows.entries())
      it(reason, async () => {
        const name = `refused-${index}`
        if (secret !== null) await putSecret(system, name, secret)
        await system.publish(manifest(name, {}, [name]))
        const report = await system.until(`default/${name}`, 'Failed', (now) => now?.phase === 'Failed')
        expect(condition(report, 'Accepted')).toMatch(says)
        expect((await system.holds('urlMaps')).filter((map) => map.includes(name))).toEqual([])
        await system.publish('', { action: 'delete', namespace: 'default', name })
      })

    it('a pre-shared certificate that does not exist, by its name', async () => {
      await system.publish(manifest('unshared', { 'ingress.gcp.kubernetes.io/pre-shared-cert': 'nowhere' }))
      const report = await system.until('default/unshared', 'Failed', (now) => now?.phase === 'Failed')
      expect(condition(report, 'Programmed')).toMatch(/there is no SSL certificate "nowhere"/)
      await system.publish('', { action: 'delete', namespace: 'default', name: 'unshared' })
    })

    it('warns of a host that no certificate covers', async () => {
      await system.publish(manifest('shop', {}, ['shop-tls'], 'other.example.com'))
      const report = await settled('shop', 10)
      expect(condition(report, 'Advisory')).toMatch(/host other.example.com: no certificate covers it/)
    })
  })

  it('leaves nothing behind but what is the user’s own', async () => {
    await system.publish('', { action: 'delete', namespace: 'default', name: 'shop' })
    await system.until('default/shop', 'gone', (report) => report === undefined)
    const collections = [
      'forwardingRules',
      'targetHttpsProxies',
      'targetHttpProxies',
      'urlMaps',
      'addresses',
      'sslCertificates',
    ]
    const left = await Promise.all(collections.map((collection) => system.holds(collection)))
    expect(left.flat()).toEqual(['corp'])
  })
})

function failures(answers: readonly Answered[]): Answered[] {
  return answers.filter(({ status }) => status !== 200)
}

async function read(system: System, collection: string): Promise<Record<string, unknown>[]> {
  const answer = await fetch(`${system.environment.compute.url}/compute/v1/projects/playground/global/${collection}`)
  return ((await answer.json()) as { items?: Record<string, unknown>[] }).items ?? []
}

async function insert(
  system: System,
  collection: string,
  body: { name: string } & Record<string, string>,
): Promise<void> {
  const answer = await fetch(`${system.environment.compute.url}/compute/v1/projects/playground/global/${collection}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(await answer.text())
  await expect.poll(() => system.holds(collection)).toContain(body.name)
}
