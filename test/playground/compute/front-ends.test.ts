import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { bench, loadBalancer, make, refusal } from './harness.ts'

const pem = (name: string) => readFileSync(join(import.meta.dirname, 'certificates', name), 'utf8')

describe('addresses and forwarding rules', () => {
  it('an address is IN_USE by its rules, and RESERVED again after them', async () => {
    const world = bench()
    await loadBalancer(world)
    expect(await world.get('global/addresses/ip')).toMatchObject({
      address: '203.0.113.1',
      status: 'IN_USE',
      users: [make.url('global/forwardingRules/fw')],
    })
    expect(await world.get('global/forwardingRules/fw')).toMatchObject({ IPAddress: '203.0.113.1', portRange: '80-80' })
    await world.done('DELETE', 'global/forwardingRules/fw')
    const after = await world.get('global/addresses/ip')
    expect(after).toMatchObject({ status: 'RESERVED' })
    expect(after).not.toHaveProperty('users')
    expect((await world.send('DELETE', 'global/addresses/ip')).status).toBe(200)
  })

  it.each([
    { reason: 'by bare name (proto comment)', IPAddress: 'ip' },
    { reason: 'by partial path', IPAddress: 'global/addresses/ip' },
    { reason: 'by URL', IPAddress: make.url('global/addresses/ip') },
    { reason: 'by number', IPAddress: '203.0.113.1' },
  ])('a reserved address serves two ports: $reason', async ({ IPAddress }) => {
    const world = bench()
    await loadBalancer(world)
    const scheme = 'EXTERNAL_MANAGED'
    const target = 'global/targetHttpProxies/tp'
    await world.done('POST', 'global/forwardingRules', {
      name: 'fw2',
      target,
      portRange: '8080',
      IPAddress,
      loadBalancingScheme: scheme,
    })
    expect(await world.get('global/forwardingRules/fw2')).toMatchObject({ IPAddress: '203.0.113.1' })
    expect((await world.get('global/addresses/ip'))['users']).toHaveLength(2)
  })

  it('an ephemeral address is allocated, may be shared within the project, and can be promoted', async () => {
    const world = bench()
    await loadBalancer(world)
    const rule = { target: 'global/targetHttpProxies/tp', loadBalancingScheme: 'EXTERNAL_MANAGED' }
    await world.done('POST', 'global/forwardingRules', { ...rule, name: 'e1', portRange: '80' })
    const { IPAddress } = await world.get('global/forwardingRules/e1')
    expect(IPAddress).toBe('203.0.113.2')
    await world.done('POST', 'global/forwardingRules', { ...rule, name: 'e2', portRange: '443', IPAddress })
    await world.done('POST', 'global/addresses', { name: 'promoted', address: IPAddress })
    expect(await world.get('global/addresses/promoted')).toMatchObject({ address: IPAddress, status: 'IN_USE' })
    expect((await world.get('global/addresses/promoted'))['users']).toHaveLength(2)
  })

  it('IPv6 addresses are of the documentation range', async () => {
    const world = bench()
    await world.done('POST', 'global/addresses', { name: 'six', ipVersion: 'IPV6' })
    expect(await world.get('global/addresses/six')).toMatchObject({ address: '2001:db8:1::', ipVersion: 'IPV6' })
  })

  it('recorded: labels of an insert are ignored for addresses and forwarding rules', async () => {
    const world = bench()
    await world.done('POST', 'global/addresses', { name: 'a', labels: { a: 'b' } })
    expect(await world.get('global/addresses/a')).not.toHaveProperty('labels')
  })

  it('a rule moves to another proxy', async () => {
    const world = bench()
    await loadBalancer(world)
    await world.done('POST', 'global/targetHttpProxies', { name: 'tp2', urlMap: 'global/urlMaps/um' })
    await world.done('POST', 'global/forwardingRules/fw/setTarget', { target: 'global/targetHttpProxies/tp2' })
    expect((await world.get('global/forwardingRules/fw'))['target']).toBe(make.url('global/targetHttpProxies/tp2'))
    expect((await world.send('DELETE', 'global/targetHttpProxies/tp')).status).toBe(200)
  })
})

describe('certificates', () => {
  it('never show the key, and tell when they expire', async () => {
    const world = bench()
    const certificate = pem('rsa.cert.pem')
    await world.done('POST', 'global/sslCertificates', { name: 'crt', certificate, privateKey: pem('rsa.key.pem') })
    const made = await world.get('global/sslCertificates/crt')
    expect(made).toMatchObject({
      type: 'SELF_MANAGED',
      certificate,
      selfManaged: { certificate },
      subjectAlternativeNames: ['zone-printer.example.com', 'www.example.com'],
    })
    expect(made['expireTime']).toMatch(/^21\d\d-/)
    expect(JSON.stringify([made, world.compute.list('sslCertificates')])).not.toContain('PRIVATE KEY')
    expect(world.compute.privateKey('projects/p/global/sslCertificates/crt')).toBe(pem('rsa.key.pem'))
  })

  it('may be ECDSA, and given under selfManaged', async () => {
    const world = bench()
    const selfManaged = { certificate: pem('ec.cert.pem'), privateKey: pem('ec.key.pem') }
    await world.done('POST', 'global/sslCertificates', { name: 'crt', type: 'SELF_MANAGED', selfManaged })
    expect(JSON.stringify(await world.get('global/sslCertificates/crt'))).not.toContain('PRIVATE KEY')
  })

  it('that Google manages become ACTIVE some time after a forwarding rule sends to them', async () => {
    const world = bench({ certificateDelayMs: 5000 })
    await loadBalancer(world)
    const status = async () => (await world.get('global/sslCertificates/crt'))['managed']
    await world.done('POST', 'global/sslCertificates', {
      name: 'crt',
      type: 'MANAGED',
      managed: { domains: ['a.example.com'] },
    })
    world.clock.advance(60_000)
    expect(await status()).toEqual({
      domains: ['a.example.com'],
      status: 'PROVISIONING',
      domainStatus: { 'a.example.com': 'PROVISIONING' },
    })
    await world.done('POST', 'global/targetHttpsProxies', {
      name: 'tps',
      urlMap: 'global/urlMaps/um',
      sslCertificates: ['global/sslCertificates/crt'],
    })
    world.clock.advance(60_000)
    expect(await status()).toMatchObject({ status: 'PROVISIONING' })
    const changes: string[] = []
    world.compute.onChange(({ target, actor }) => actor === 'system' && changes.push(target))
    await world.done('POST', 'global/forwardingRules', {
      name: 'fws',
      target: 'global/targetHttpsProxies/tps',
      portRange: '443',
      IPAddress: 'ip',
      loadBalancingScheme: 'EXTERNAL_MANAGED',
    })
    world.clock.advance(4000)
    expect(await status()).toMatchObject({ status: 'PROVISIONING' })
    world.clock.advance(1000)
    expect(await status()).toMatchObject({ status: 'ACTIVE', domainStatus: { 'a.example.com': 'ACTIVE' } })
    expect(changes).toEqual(['projects/p/global/sslCertificates/crt'])
  })

  it('count the time of a managed certificate from when it serves, not from when it was made', async () => {
    const world = bench({ certificateDelayMs: 1000 })
    await loadBalancer(world)
    const managed = { domains: ['a.example.com'] }
    await world.done('POST', 'global/sslCertificates', { name: 'crt', type: 'MANAGED', managed })
    const proxy = { name: 'tps', urlMap: 'global/urlMaps/um', sslCertificates: ['global/sslCertificates/crt'] }
    await world.done('POST', 'global/targetHttpsProxies', proxy)
    world.clock.advance(700)
    const rule = { name: 'fws', target: 'global/targetHttpsProxies/tps', portRange: '443', IPAddress: 'ip' }
    await world.done('POST', 'global/forwardingRules', { ...rule, loadBalancingScheme: 'EXTERNAL_MANAGED' })
    const status = async () => (await world.get('global/sslCertificates/crt'))['managed']
    world.clock.advance(999)
    expect(await status()).toMatchObject({ status: 'PROVISIONING' })
    world.clock.advance(1)
    expect(await status()).toMatchObject({ status: 'ACTIVE' })
  })

  it('are swapped on a living proxy', async () => {
    const world = bench()
    await loadBalancer(world)
    for (const name of ['old', 'new']) {
      await world.done('POST', 'global/sslCertificates', {
        name,
        certificate: pem('rsa.cert.pem'),
        privateKey: pem('rsa.key.pem'),
      })
    }
    await world.done('POST', 'global/targetHttpsProxies', {
      name: 'tps',
      urlMap: 'global/urlMaps/um',
      sslCertificates: ['global/sslCertificates/old'],
    })
    await world.done('POST', 'targetHttpsProxies/tps/setSslCertificates', {
      sslCertificates: ['global/sslCertificates/new'],
    })
    expect((await world.get('global/targetHttpsProxies/tps'))['sslCertificates']).toEqual([
      make.url('global/sslCertificates/new'),
    ])
    expect((await world.send('DELETE', 'global/sslCertificates/old')).status).toBe(200)
    expect((await world.send('DELETE', 'global/sslCertificates/new')).status).toBe(400)
    expect(
      refusal(await world.send('POST', 'targetHttpsProxies/tps/setSslCertificates', { sslCertificates: [] })).reason,
    ).toBe('required')
  })
})
