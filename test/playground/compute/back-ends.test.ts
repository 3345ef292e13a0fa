import { describe, expect, it } from 'vitest'
import { type Bench, bench, loadBalancer, make } from './harness.ts'

const zone = 'zones/us-central1-a'

describe('backend services', () => {
  it('complete their backends and show who uses them', async () => {
    const world = bench()
    await loadBalancer(world)
    await world.done('POST', `${zone}/instanceGroups`, { name: 'ig' })
    const { fingerprint } = await world.get('global/backendServices/be')
    const group = make.url(`${zone}/instanceGroups/ig`)
    await world.done('PATCH', 'global/backendServices/be', { fingerprint, backends: [{ group }] })
    expect(await world.get('global/backendServices/be')).toMatchObject({
      backends: [{ group, balancingMode: 'UTILIZATION', capacityScaler: 1, maxUtilization: 0.8 }],
      usedBy: [{ reference: make.url('global/urlMaps/um') }],
    })
  })

  it('hide the IAP secret behind its digest, and keep it over a PATCH', async () => {
    const world = bench()
    await world.done('POST', 'global/healthChecks', make.healthCheck('hc'))
    const iap = { enabled: true, oauth2ClientId: 'id', oauth2ClientSecret: 'secret' }
    await world.done('POST', 'global/backendServices', make.backendService('be', { iap }))
    const shown = {
      enabled: true,
      oauth2ClientId: 'id',
      oauth2ClientSecretSha256: '2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b',
    }
    const { fingerprint, iap: first } = await world.get('global/backendServices/be')
    expect(first).toEqual(shown)
    await world.done('PATCH', 'global/backendServices/be', { fingerprint, timeoutSec: 5 })
    expect((await world.get('global/backendServices/be'))['iap']).toEqual(shown)
  })

  it('tell the health that the data plane sees; without one nothing is healthy', async () => {
    const world = bench()
    await loadBalancer(world)
    await world.done('POST', `${zone}/instanceGroups`, { name: 'ig' })
    await world.done('POST', `${zone}/instances`, make.instance('vm'))
    const instance = make.url(`${zone}/instances/vm`)
    await world.done('POST', `${zone}/instanceGroups/ig/addInstances`, { instances: [{ instance }] })
    const group = make.url(`${zone}/instanceGroups/ig`)
    const { fingerprint } = await world.get('global/backendServices/be')
    await world.done('PATCH', 'global/backendServices/be', { fingerprint, backends: [{ group }] })
    const ask = () => world.send('POST', 'global/backendServices/be/getHealth', { group })
    expect((await ask()).body).toEqual({
      kind: 'compute#backendServiceGroupHealth',
      healthStatus: [{ instance, healthState: 'UNHEALTHY' }],
    })
    const asked: unknown[] = []
    world.compute.setHealthSource((service, of) => {
      asked.push([service, of])
      return [{ instance, ipAddress: '10.0.0.1', port: 80, healthState: 'HEALTHY' }]
    })
    expect((await ask()).body).toMatchObject({ healthStatus: [{ healthState: 'HEALTHY', port: 80 }] })
    expect(asked).toEqual([['projects/p/global/backendServices/be', `projects/p/${zone}/instanceGroups/ig`]])
  })

  it('of another project serve a managed URL map', async () => {
    const world = bench()
    await loadBalancer(world)
    const path = '/compute/v1/projects/front/global/urlMaps'
    const body = { name: 'um', defaultService: 'projects/p/global/backendServices/be' }
    expect((await world.compute.handle({ method: 'POST', path, query: {}, headers: {}, body })).status).toBe(200)
  })
})

describe('groups', () => {
  async function given(): Promise<Bench> {
    const world = bench()
    for (const name of ['vm1', 'vm2']) await world.done('POST', `${zone}/instances`, make.instance(name))
    await world.done('POST', `${zone}/instanceGroups`, { name: 'ig' })
    await world.done('POST', `${zone}/networkEndpointGroups`, { name: 'neg', defaultPort: 8080 })
    return world
  }
  const vm = (name: string) => ({ instance: make.url(`${zone}/instances/${name}`) })

  it('take machines, their network with the first, and lose machines that are deleted', async () => {
    const world = await given()
    expect(await world.get(`${zone}/instanceGroups/ig`)).toMatchObject({ size: 0, zone: make.url(zone) })
    await world.done('POST', `${zone}/instanceGroups/ig/addInstances`, { instances: [vm('vm1'), vm('vm2')] })
    await world.done('POST', `${zone}/instanceGroups/ig/setNamedPorts`, {
      namedPorts: [{ name: 'http', port: 30_061 }],
    })
    expect(await world.get(`${zone}/instanceGroups/ig`)).toMatchObject({
      size: 2,
      network: make.url('global/networks/default'),
      namedPorts: [{ name: 'http', port: 30_061 }],
    })
    const list = await world.send('POST', `${zone}/instanceGroups/ig/listInstances`, {})
    expect(list.body).toEqual({
      kind: 'compute#instanceGroupsListInstances',
      items: ['vm1', 'vm2'].map((name) => ({
        ...vm(name),
        status: 'RUNNING',
        namedPorts: [{ name: 'http', port: 30_061 }],
      })),
    })
    const changes: string[] = []
    world.compute.onChange(({ target, actor }) => actor === 'system' && changes.push(target))
    await world.done('DELETE', `${zone}/instances/vm1`)
    expect(changes).toEqual([`projects/p/${zone}/instanceGroups/ig`])
    await world.done('POST', `${zone}/instanceGroups/ig/removeInstances`, { instances: [vm('vm2')] })
    expect((await world.send('POST', `${zone}/instanceGroups/ig/listInstances`)).body).not.toHaveProperty('items')
  })

  it('may be changed by two callers at once: both changes hold', async () => {
    const world = await given()
    await world.send('POST', `${zone}/instanceGroups/ig/addInstances`, { instances: [vm('vm1')] })
    await world.send('POST', `${zone}/instanceGroups/ig/addInstances`, { instances: [vm('vm2')] })
    world.clock.advance(1000)
    expect((await world.get(`${zone}/instanceGroups/ig`))['size']).toBe(2)
  })

  it('named ports without a fingerprint overwrite, with one they do not', async () => {
    const world = await given()
    const { fingerprint } = await world.get(`${zone}/instanceGroups/ig`)
    const set = (port: number, more = {}) =>
      world.done('POST', `${zone}/instanceGroups/ig/setNamedPorts`, { namedPorts: [{ name: 'http', port }], ...more })
    await set(1)
    await set(2)
    await expect(set(3, { fingerprint })).rejects.toThrow('412')
    expect((await world.get(`${zone}/instanceGroups/ig`))['namedPorts']).toEqual([{ name: 'http', port: 2 }])
  })

  it('of endpoints take endpoints by name of the machine, once each', async () => {
    const world = await given()
    const endpoints = [
      { instance: 'vm1', ipAddress: '10.4.0.2', port: 80 },
      { instance: 'vm2', ipAddress: '10.4.1.2' },
    ]
    await world.done('POST', `${zone}/networkEndpointGroups/neg/attachNetworkEndpoints`, {
      networkEndpoints: endpoints,
    })
    await world.done('POST', `${zone}/networkEndpointGroups/neg/attachNetworkEndpoints`, {
      networkEndpoints: endpoints,
    })
    expect((await world.get(`${zone}/networkEndpointGroups/neg`))['size']).toBe(2)
    await world.done('POST', `${zone}/networkEndpointGroups/neg/detachNetworkEndpoints`, {
      networkEndpoints: endpoints.slice(1),
    })
    const list = await world.send('POST', `${zone}/networkEndpointGroups/neg/listNetworkEndpoints`, {})
    expect(list.body).toMatchObject({ items: [{ networkEndpoint: { ...vm('vm1'), ipAddress: '10.4.0.2', port: 80 } }] })
  })

  it('of a service project take machines of a shared network', async () => {
    const world = await given()
    const shared = 'projects/host/global/networks/default'
    await world.done('POST', `${zone}/instances`, make.instance('guest', { networkInterfaces: [{ network: shared }] }))
    await world.done('POST', `${zone}/instanceGroups`, { name: 'guests' })
    await world.done('POST', `${zone}/instanceGroups/guests/addInstances`, { instances: [vm('guest')] })
    const network = `https://www.googleapis.com/compute/v1/${shared}`
    expect(await world.get(`${zone}/instanceGroups/guests`)).toMatchObject({ network })
    const mixed = await world.send('POST', `${zone}/instanceGroups/guests/addInstances`, { instances: [vm('vm1')] })
    expect(mixed).toMatchObject({ status: 400 })
    await world.done('POST', `${zone}/networkEndpointGroups`, { name: 'guests', network: shared })
    expect(await world.get(`${zone}/networkEndpointGroups/guests`)).toMatchObject({ network })
  })

  it('are unchanged when the operation fails late', async () => {
    const world = await given()
    world.compute.faults.failNext({ code: 'INTERNAL_ERROR', message: 'x' }, { method: 'instanceGroups.addInstances' })
    const operation = await world.done('POST', `${zone}/instanceGroups/ig/addInstances`, { instances: [vm('vm1')] })
    expect(operation).toHaveProperty('error')
    expect(await world.get(`${zone}/instanceGroups/ig`)).toMatchObject({ size: 0 })
  })

  it('machines get an address and tags with a fingerprint', async () => {
    const world = await given()
    const before = await world.get(`${zone}/instances/vm1`)
    expect(before).toMatchObject({
      status: 'RUNNING',
      networkInterfaces: [{ network: make.url('global/networks/default'), name: 'nic0' }],
    })
    const { fingerprint } = before['tags'] as { fingerprint: string }
    await world.done('POST', `${zone}/instances/vm1/setTags`, { items: ['node'], fingerprint })
    expect((await world.get(`${zone}/instances/vm1`))['tags']).toMatchObject({ items: ['node'] })
    expect((await world.send('POST', `${zone}/instances/vm1/setTags`, { items: [], fingerprint })).status).toBe(412)
  })
})
