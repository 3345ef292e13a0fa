import { afterEach, describe, expect, it } from 'vitest'
import { CloudError } from '../../shared/cloud/compute-port.ts'
import { simpleIngress } from '../support/manifests.ts'
import { project, smallWorld, type SmallWorld } from './small-world.ts'

const nowhere = { 'multicluster-ingress.io/clusters': 'nowhere' }

let world: SmallWorld

afterEach(() => world.close())

async function served(annotations: Record<string, string> = {}): Promise<void> {
  world = await smallWorld()
  for (const cluster of world.clusters.keys()) await world.deploy(cluster, 'web')
  await world.serve('web', 'web', annotations)
}

const only = (collection: string): string => {
  const [first, ...others] = world.compute.list(collection, project)
  if (first === undefined || others.length > 0) throw new Error(`not one resource in ${collection}`)
  return first.path
}
const writes = (): number => world.compute.counters().writes
const clusterWrites = (): number => [...world.clusters.values()].reduce((sum, { counters }) => sum + counters.writes, 0)

describe('ticks while nothing changes', () => {
  it('write nothing anywhere and read next to nothing', async () => {
    await served()
    const before = { compute: writes(), clusters: clusterWrites(), store: world.store.counts() }
    for (let ticks = 0; ticks < 5; ticks += 1) await world.tick()
    const after = world.store.counts()
    expect({ compute: writes(), clusters: clusterWrites(), store: after.writes + after.deletes }).toEqual({
      compute: before.compute,
      clusters: before.clusters,
      store: before.store.writes + before.store.deletes,
    })
    // No document of a resource is read: the inventories and what is registered say enough.
    expect((after.reads - before.store.reads) / 5).toBeLessThan(80)
  })

  it('two that overlap do no harm', async () => {
    await served()
    const before = writes()
    await world.compel('DELETE', only('forwardingRules'))
    await world.clock.advance(60_000)
    await world.deps.bus.publish([{ topic: 'scheduler-ticks', body: {} }])
    await world.publish('scheduler-ticks', '{}')
    await world.tick()
    // Ours is one insert; the other write was the deletion.
    expect(writes() - before).toBe(2)
  })
})

interface Drift {
  reason: string
  collection: string
  change: (path: string) => Promise<void>
  field?: string
}

const drifts: Drift[] = [
  {
    reason: 'a deleted forwarding rule',
    collection: 'forwardingRules',
    change: (path) => world.compel('DELETE', path),
  },
  { reason: 'a deleted firewall rule', collection: 'firewalls', change: (path) => world.compel('DELETE', path) },
  {
    reason: 'an edited health check',
    collection: 'healthChecks',
    field: 'checkIntervalSec',
    change: (path) => world.compel('PATCH', path, { checkIntervalSec: 99 }),
  },
  {
    reason: 'a narrower firewall rule',
    collection: 'firewalls',
    field: 'sourceRanges',
    change: (path) => world.compel('PATCH', path, { sourceRanges: ['10.0.0.0/8'] }),
  },
  {
    reason: 'a backend without capacity',
    collection: 'backendServices',
    field: 'backends',
    change: (path) => {
      const { backends, fingerprint } = world.got(path) as { backends: object[]; fingerprint: string }
      const without = backends.map((backend, index) => (index === 0 ? { ...backend, capacityScaler: 0 } : backend))
      return world.compel('PATCH', path, { backends: without, fingerprint })
    },
  },
]

describe('drift is found by the lists alone', () => {
  it.each(drifts)('$reason', async ({ collection, change, field }) => {
    await served()
    const path = only(collection)
    const before = world.got(path)
    await change(path)
    const from = writes()
    await world.tick()
    await world.tick()
    const after = world.got(path)
    expect(writes() - from, 'one mutation repairs it').toBe(1)
    if (field !== undefined) expect(after?.[field]).toEqual(before?.[field])
    else expect(after?.['name']).toBe(before?.['name'])
    const doc = (
      await world.store.find({ collection: 'resources', where: [{ field: 'owner', op: '==', value: 'default/web' }] })
    ).find(({ id }) => id.endsWith(String(before?.['name'])))
    expect(doc?.lastRepair?.what, 'and says what it was').toMatch(field ?? 'does not exist')
  })

  it('named ports that somebody took away', async () => {
    await served()
    const [group] = world.compute.list('instanceGroups', project)
    const fingerprint = group?.body['fingerprint']
    await world.compel('POST', `${group?.path ?? ''}/setNamedPorts`, {
      namedPorts: [{ name: 'other', port: 1 }],
      fingerprint,
    })
    await world.tick()
    const names = (world.got(group?.path ?? '')?.['namedPorts'] as { name: string }[]).map(({ name }) => name)
    expect(names).toContain('other')
    expect(names.filter((name) => name.startsWith('mci1-'))).toHaveLength(1)
  })

  it('what was put back to how it was before our last change, between two ticks', async () => {
    await served()
    const path = only('healthChecks')
    await world.compel('PATCH', path, { checkIntervalSec: 99 })
    await world.tick()
    expect(world.got(path)?.['checkIntervalSec']).toBe(10)
    await world.compel('PATCH', path, { checkIntervalSec: 99 })
    await world.tick()
    expect(world.got(path)?.['checkIntervalSec']).toBe(10)
  })

  it('what was deleted before any sweep had seen it', async () => {
    world = await smallWorld()
    for (const cluster of world.clusters.keys()) await world.deploy(cluster, 'web')
    const { simpleIngress } = await import('../support/manifests.ts')
    await world.publish('ingress-specs', simpleIngress('web', 'web'))
    for (let left = 60; (await world.phase('default/web')) !== 'Ready' && left > 0; left -= 1) {
      await world.clock.advance(60_000)
      // The relay alone, no sweep.
      const { tick } = await import('../../shared/engine/tick.ts')
      await tick({ ...world.deps, kinds: [] }, { why: 'test', trace: '' })
      await world.publish('plans', JSON.stringify({ ingress: 'default/web' }))
    }
    expect(await world.phase('default/web')).toBe('Ready')
    const path = only('forwardingRules')
    await world.compel('DELETE', path)
    await world.tick()
    expect(world.got(path)).toBeDefined()
  })
})

describe('drift in clusters is found by the lists alone', () => {
  const ingress = '/apis/networking.k8s.io/v1/namespaces/default/ingresses/web'

  it('an Ingress object that somebody deleted', async () => {
    await served()
    await world.request('west', 'DELETE', ingress)
    await world.tick()
    expect(await world.request('west', 'GET', ingress)).toMatchObject({ metadata: { name: 'web' } })
  })

  it('an Ingress object that somebody edited; what is not ours stays', async () => {
    await served()
    await world.request('west', 'PATCH', ingress, {
      metadata: { annotations: { 'multicluster-ingress.io/managed': 'false', 'team/note': 'hello' } },
    })
    await world.tick()
    const { metadata } = (await world.request('west', 'GET', ingress)) as {
      metadata: { annotations: Record<string, string> }
    }
    expect(metadata.annotations).toMatchObject({ 'multicluster-ingress.io/managed': 'true', 'team/note': 'hello' })
  })

  it('a status that somebody wrote over, and one that was lost with its object', async () => {
    await served()
    const status = async (): Promise<unknown> =>
      ((await world.request('west', 'GET', ingress)) as { status?: unknown }).status
    const right = await status()
    expect(right).toMatchObject({ loadBalancer: { ingress: [{ ip: world.got(only('addresses'))?.['address'] }] } })
    await world.request('west', 'PATCH', `${ingress}/status`, {
      status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } },
    })
    expect(await status()).not.toEqual(right)
    await world.tick()
    expect(await status()).toEqual(right)
    await world.request('west', 'DELETE', ingress)
    for (let ticks = 0; ticks < 2; ticks += 1) await world.tick()
    expect(await status()).toEqual(right)
  })

  it('a Service whose NodePort changed', async () => {
    await served()
    const path = '/api/v1/namespaces/default/services/web'
    const service = (await world.request('west', 'GET', path)) as { spec: { ports: { nodePort: number }[] } }
    const port = (service.spec.ports[0]?.nodePort ?? 0) === 32_000 ? 32_001 : 32_000
    await world.request('west', 'PATCH', path, {
      spec: { ports: [{ name: 'http', port: 80, targetPort: 8080, nodePort: port }] },
    })
    for (let ticks = 0; ticks < 3; ticks += 1) await world.tick()
    const groups = world.compute.list('instanceGroups', project).filter(({ path: at }) => at.includes('us-west1'))
    expect(groups).not.toHaveLength(0)
    for (const { body } of groups)
      expect(
        (body['namedPorts'] as { name: string; port: number }[]).find(({ name }) => name.startsWith('mci1-'))?.port,
      ).toBe(port)
    expect(JSON.stringify(world.got(only('firewalls'))?.['allowed'])).toContain(String(port))
    expect(await world.phase('default/web')).toBe('Ready')
  })

  it('a cluster that does not answer keeps what it has, and the others are swept all the same', async () => {
    await served()
    world.clusters.get('west')?.setReachable(false)
    await world.request('east', 'DELETE', ingress)
    const backends = JSON.stringify(world.got(only('backendServices'))?.['backends'])
    for (let ticks = 0; ticks < 3; ticks += 1) await world.tick()
    expect(await world.request('east', 'GET', ingress)).toMatchObject({ metadata: { name: 'web' } })
    expect(JSON.stringify(world.got(only('backendServices'))?.['backends'])).toBe(backends)
  })
})

describe('one that fails', () => {
  it('a project that refuses is a part of its own: what is next to it is repaired in the same tick', async () => {
    await served()
    const place = { server: 'https://elsewhere.example', project: 'elsewhere' }
    await world.publish('cluster-changes', JSON.stringify({ cluster: 'elsewhere', register: place }))
    const { compute } = world.deps
    world.deps = {
      ...world.deps,
      compute: {
        ...compute,
        list: (collection, where, options) =>
          where === 'elsewhere'
            ? Promise.reject(new CloudError(403, 'forbidden', 'no permission'))
            : compute.list(collection, where, options),
      },
    }
    const rule = only('forwardingRules')
    await world.compel('DELETE', rule)
    world.complaints.length = 0
    await world.tick()
    expect(world.got(rule)).toBeDefined()
    const unswept = world.complaints.filter((line) => line.includes('not swept'))
    expect(unswept).not.toEqual([])
    expect(unswept.filter((line) => !line.includes('elsewhere'))).toEqual([])
  })
})

describe('a cluster that was unregistered while an Ingress names no other', () => {
  const ingresses = '/apis/networking.k8s.io/v1/namespaces/default/ingresses'
  const object = (): Promise<unknown> => world.request('east', 'GET', `${ingresses}/web`)
  const unregistered = async (): Promise<void> => {
    await served({ 'multicluster-ingress.io/clusters': 'east' })
    await world.publish('cluster-changes', JSON.stringify({ cluster: 'east', unregister: true }))
    await world.tick()
    expect(await world.phase('default/web'), 'it serves on, and a person has to say from where else').toBe('Failed')
  }

  it('has its object and its status repaired for as long as it serves', async () => {
    await unregistered()
    const address = world.got(only('forwardingRules'))?.['IPAddress']
    await world.request('east', 'DELETE', `${ingresses}/web`)
    for (let ticks = 0; ticks < 4; ticks += 1) await world.tick()
    expect(await object()).toMatchObject({ status: { loadBalancer: { ingress: [{ ip: address }] } } })
    await world.request('east', 'PATCH', `${ingresses}/web/status`, { status: { loadBalancer: { ingress: [] } } })
    for (let ticks = 0; ticks < 3; ticks += 1) await world.tick()
    expect(await object()).toMatchObject({ status: { loadBalancer: { ingress: [{ ip: address }] } } })
  })
})

describe('an address that was deleted by hand while the latest version is refused', () => {
  it('comes back with another IP, and what the previous version serves goes with it', async () => {
    await served()
    await world.publish('ingress-specs', simpleIngress('web', 'web', { annotations: nowhere }))
    expect(await world.phase('default/web')).toBe('Failed')
    const before = world.got(only('addresses'))?.['address']
    await world.compel('DELETE', only('forwardingRules'))
    await world.compel('DELETE', only('addresses'))
    for (let ticks = 0; ticks < 6; ticks += 1) await world.tick()
    const ip = world.got(only('addresses'))?.['address']
    expect(ip).not.toBe(before)
    expect(world.got(only('forwardingRules'))).toMatchObject({ IPAddress: ip })
    expect(JSON.parse(String(world.got(only('urlMaps'))?.['description']))).toMatchObject({ IPAddress: ip })
    for (const cluster of world.clusters.keys()) {
      const object = await world.request(cluster, 'GET', '/apis/networking.k8s.io/v1/namespaces/default/ingresses/web')
      expect(object).toMatchObject({ status: { loadBalancer: { ingress: [{ ip }] } } })
    }
    expect(await world.phase('default/web'), 'a person has to change something still').toBe('Failed')
  })
})
