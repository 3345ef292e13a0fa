import { afterEach, describe, expect, it } from 'vitest'
import type { Listeners } from '../../../playground/data-plane/index.ts'
import { selfSigned } from '../../../playground/data-plane/self-signed.ts'
import { fetchFrom } from './fetch-from.ts'
import { G, IP, MAP, RULE, url, world, type DataPlaneWorld, type GroupSpec } from './world.ts'

const US: GroupSpec = { zone: 'us-central1-a', nodes: 1, nodePort: 30001 }
const opened: Listeners[] = []

afterEach(async () => {
  for (const listeners of opened.splice(0)) await listeners.close()
})

async function listening(w: DataPlaneWorld): Promise<Listeners> {
  const listeners = w.plane.listen()
  opened.push(listeners)
  await listeners.settled()
  return listeners
}

describe('HTTP', () => {
  it('serves over a local port what the load balancer serves', async () => {
    const w = world([US])
    await w.settle()
    w.pods.set(`${w.machineLink(US, 0)}:30001`, ({ host, path }) => ({
      status: 200,
      headers: { 'x-pod': '1' },
      body: host + path,
    }))
    const [lb] = (await listening(w)).loadBalancers()
    expect(lb).toMatchObject({ ip: IP, port: 80, scheme: 'http', forwardingRule: RULE })
    const got = await fetchFrom(lb?.url ?? '', '/a?b=c', { host: 'shop.example.com' })
    expect(got).toMatchObject({ status: 200, body: 'shop.example.com/a?b=c', headers: { 'x-pod': '1' } })
  })

  it('marks the load balancer’s own answers', async () => {
    const w = world([])
    const [lb] = (await listening(w)).loadBalancers()
    expect(await fetchFrom(lb?.url ?? '', '/')).toMatchObject({ status: 502, headers: { 'x-load-balancer': 'error' } })
  })

  it('opens, closes and reopens with the forwarding rule, on the same local port, and tells', async () => {
    const w = world([US])
    const listeners = await listening(w)
    let told = 0
    listeners.onChange(() => told++)
    const [before] = listeners.loadBalancers()
    w.config.remove(RULE)
    expect(listeners.loadBalancers()).toEqual([])
    await expect(fetchFrom(before?.url ?? '', '/')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    w.config.put(RULE, { IPAddress: IP, portRange: '80-80', target: url(`${G}/targetHttpProxies/lb`) })
    await listeners.settled()
    expect(listeners.loadBalancers()).toEqual([before])
    expect(told).toBe(2)
    expect(await fetchFrom(before?.url ?? '', '/')).toMatchObject({ status: 502 })
  })
})

/** As sslCertificates keeps it. */
function pem(names: string[]): { certificate: string; privateKey: string } {
  const { cert, key } = selfSigned(names)
  return { certificate: cert, privateKey: key }
}

describe('HTTPS', () => {
  const shop = pem(['shop.example.com'])
  const wild = pem(['*.example.org', 'example.org'])
  const cert = (name: string): string => `${G}/sslCertificates/${name}`

  async function secured(): Promise<{ w: DataPlaneWorld; base: string; listeners: Listeners }> {
    const w = world([US])
    await w.settle()
    w.config.put(cert('shop'), { ...shop })
    w.config.put(cert('wild'), { ...wild })
    w.config.put(`${G}/targetHttpsProxies/lb`, {
      urlMap: url(MAP),
      sslCertificates: [url(cert('shop')), url(cert('wild'))],
    })
    w.config.put(`${G}/forwardingRules/https`, {
      IPAddress: IP,
      portRange: '443-443',
      target: url(`${G}/targetHttpsProxies/lb`),
    })
    const listeners = await listening(w)
    const base = listeners.loadBalancers().find(({ scheme }) => scheme === 'https')?.url ?? ''
    return { w, base, listeners }
  }

  it.each([
    { reason: 'the certificate that names the server', name: 'shop.example.com', want: 'DNS:shop.example.com' },
    { reason: 'a wildcard certificate', name: 'a.example.org', want: 'DNS:*.example.org, DNS:example.org' },
    { reason: 'the first one for a name that none covers', name: 'other.example.net', want: 'DNS:shop.example.com' },
    { reason: 'the first one for a client that names no server', name: undefined, want: 'DNS:shop.example.com' },
  ])('presents $reason', async ({ name, want }) => {
    const { base } = await secured()
    expect(await fetchFrom(base, '/', {}, name)).toMatchObject({ status: 200, certificate: want })
  })

  it('swaps certificates for new connections, with and without a server name', async () => {
    const { w, base } = await secured()
    w.config.patch(`${G}/targetHttpsProxies/lb`, { sslCertificates: [url(cert('wild'))] })
    for (const name of ['shop.example.com', undefined])
      expect((await fetchFrom(base, '/', {}, name)).certificate).toBe('DNS:*.example.org, DNS:example.org')
  })

  it('fails the handshake when no certificate has a key', async () => {
    const { w, base } = await secured()
    w.config.put(cert('keyless'), { certificate: shop.certificate })
    w.config.patch(`${G}/targetHttpsProxies/lb`, { sslCertificates: [url(cert('keyless'))] })
    await expect(fetchFrom(base, '/', {}, 'shop.example.com')).rejects.toThrow()
    await expect(fetchFrom(base, '/')).rejects.toThrow()
  })

  it('presents a managed certificate once it is ACTIVE', async () => {
    const { w, base } = await secured()
    const managed = (status: string): void =>
      w.config.put(cert('managed'), { type: 'MANAGED', managed: { domains: ['managed.example.com'], status } })
    managed('PROVISIONING')
    w.config.patch(`${G}/targetHttpsProxies/lb`, { sslCertificates: [url(cert('managed'))] })
    await expect(fetchFrom(base, '/', {}, 'managed.example.com')).rejects.toThrow()
    managed('ACTIVE')
    expect((await fetchFrom(base, '/', {}, 'managed.example.com')).certificate).toBe('DNS:managed.example.com')
  })
})
