import { beforeEach, describe, expect, it } from 'vitest'
import { CloudError } from '../../../shared/cloud/compute-port.ts'
import type { IngressEvent, IngressObject } from '../../../shared/cloud/kubernetes-port.ts'
import { clusterIngressId, clusterStatusId } from '../../../shared/planning/layout.ts'
import { modelOf } from '../planning/facts.ts'
import type { MemoryCluster } from './cluster.ts'
import { kindWorld, type KindWorld } from './world.ts'

const edge = { namespace: 'default', name: 'edge' }
const [inA, inB] = [clusterStatusId('a', edge), clusterStatusId('b', edge)]
const model = modelOf({ name: 'edge' })

let world: KindWorld
beforeEach(async () => {
  world = await kindWorld()
})
const clusterOf = (name: string): MemoryCluster => {
  const cluster = world.clusters.get(name)
  if (cluster === undefined) throw new Error(`there is no cluster ${name}`)
  return cluster
}
const objectIn = (name: string): IngressObject => {
  const object = clusterOf(name).ingresses.get('default/edge')
  if (object === undefined) throw new Error('there is no object')
  return object
}
const addresses = (name: string): unknown => objectIn(name).status?.loadBalancer?.ingress
const told = (name: string): string[] =>
  clusterOf(name).events.map(({ type, reason, message }: IngressEvent) => `${type} ${reason}: ${message}`)
const ip = (): unknown => world.compute.list('addresses')[0]?.body['address']
const conditions = async () => (await world.deps.store.get('ingresses', 'default/edge'))?.conditions ?? []

describe('the status of the Ingress object in every cluster', () => {
  it('has the one IP, once a front end is there', async () => {
    await world.publish(model)
    expect(ip()).toMatch(/^[0-9.]+$/)
    for (const name of ['a', 'b']) expect(addresses(name)).toEqual([{ ip: ip() }])
    expect(await world.doc(inA)).toMatchObject({ phase: 'Ready', wakeAt: null })
  })

  it('has both IPs of a load balancer with IPv6', async () => {
    await world.publish({ ...model, settings: { ...model.settings, ipVersions: ['IPV4', 'IPV6'] } })
    expect(addresses('a')).toHaveLength(2)
    expect(addresses('a')).toEqual(addresses('b'))
  })

  it('is not written twice', async () => {
    await world.publish(model)
    const writes = world.writes()
    await world.nudge(inA)
    await world.publish(model)
    expect(world.writes()).toBe(writes)
  })

  it.each([
    { reason: 'another address', ingress: [{ ip: '198.51.100.9' }] },
    { reason: 'none at all', ingress: undefined },
    { reason: 'one more', ingress: [{ ip: '203.0.113.1' }, { hostname: 'other.example' }] },
  ])('is put right where somebody wrote $reason', async ({ ingress }) => {
    await world.publish(model)
    objectIn('a').status = ingress === undefined ? {} : { loadBalancer: { ingress } }
    await world.nudge(inA)
    expect(addresses('a')).toEqual([{ ip: ip() }])
    expect(await world.doc(inA)).toMatchObject({
      phase: 'Ready',
      lastRepair: { what: expect.stringContaining('addresses') as string },
    })
  })

  it('waits for an object that was deleted, and is back with it', async () => {
    await world.publish(model)
    clusterOf('a').ingresses.delete('default/edge')
    await world.nudge(clusterIngressId('a', edge))
    expect(addresses('a')).toBeUndefined()
    await world.nudge(inA)
    expect(addresses('a')).toEqual([{ ip: ip() }])
  })

  it('that cannot be written makes nobody wait, and is said', async () => {
    const forbidden = new CloudError(403, 'Forbidden', 'ingresses/status is forbidden')
    clusterOf('a').cluster.setIngressAddresses = () => Promise.reject(forbidden)
    await world.publish(model)
    expect(await world.doc(inA)).toMatchObject({ phase: 'Failed' })
    expect((await world.deps.store.get('ingresses', 'default/edge'))?.phase).toBe('Ready')
    expect((await conditions()).find(({ type }) => type === 'Advisory')?.message).toBe(
      'cluster a: the status of its Ingress object could not be written: ingresses/status is forbidden',
    )
    expect(addresses('b')).toEqual([{ ip: ip() }])
  })

  it('goes with the object, and holds up nothing that goes', async () => {
    await world.publish(model)
    await world.withdraw('default/edge')
    expect([await world.doc(inA), await world.doc(inB)]).toEqual([undefined, undefined])
    expect(world.compute.list('forwardingRules')).toEqual([])
    expect((await world.deps.store.get('ingresses', 'default/edge'))?.goneAt).not.toBeNull()
  })
})

describe('what `kubectl describe ingress` shows in a cluster', () => {
  it("has the names of what serves, in ingress-gce's annotations, and none that is not there", async () => {
    await world.publish(model)
    const { annotations = {} } = objectIn('a').metadata
    const shown = Object.entries(annotations).filter(([key]) => key.startsWith('ingress.kubernetes.io/'))
    const [backend] = world.compute.list('backendServices').map(({ path }) => path.split('/').at(-1))
    expect(Object.fromEntries(shown)).toEqual({
      'ingress.kubernetes.io/backends': `{"${backend ?? ''}":"Unknown"}`,
      'ingress.kubernetes.io/url-map': 'mci1-um--edge',
      'ingress.kubernetes.io/static-ip': 'mci1-ip--edge',
      'ingress.kubernetes.io/forwarding-rule': 'mci1-fw--edge',
      'ingress.kubernetes.io/target-proxy': 'mci1-tp--edge',
    })
  })

  it('has those of an HTTPS front end alone where HTTP is off', async () => {
    await world.byHand('POST', 'global/sslCertificates', {
      name: 'theirs',
      type: 'MANAGED',
      managed: { domains: ['a.example'] },
    })
    const settings = { ...model.settings, preSharedCerts: ['theirs'], allowHttp: false }
    await world.publish({ ...model, settings })
    const { annotations = {} } = objectIn('b').metadata
    expect(annotations).toMatchObject({
      'ingress.kubernetes.io/https-forwarding-rule': 'mci1-fws--edge',
      'ingress.kubernetes.io/https-target-proxy': 'mci1-tps--edge',
      'ingress.kubernetes.io/ssl-cert': 'theirs',
    })
    expect(Object.keys(annotations)).not.toContain('ingress.kubernetes.io/forwarding-rule')
  })

  it('has Events of what was done there', async () => {
    await world.publish(model)
    expect(told('a')).toEqual([
      'Normal CreateInCluster: Creating ingress "default/edge" in cluster a',
      `Normal IPChanged: IP is now ${String(ip())}`,
      'Normal Sync: Served by ForwardingRule "mci1-fw--edge"',
    ])
    await world.publish({ ...model, labels: { team: 'web' } })
    await world.withdraw('default/edge')
    expect(told('b').slice(3)).toEqual([
      'Normal UpdateInCluster: Updating ingress "default/edge" in cluster b',
      'Normal DeleteInCluster: Deleting ingress "default/edge" in cluster b',
    ])
  })

  it.each([
    { reason: 'a refusal is told', status: 403, events: 1 },
    { reason: 'no answer is told to nobody', status: 0, events: 0 },
  ])('$reason', async ({ status, events }) => {
    clusterOf('a').cluster.applyIngress = () => Promise.reject(new CloudError(status, 'Forbidden', 'not here'))
    await world.publish(model)
    const failed = told('a').filter((line) => line.startsWith('Warning'))
    expect(failed.slice(0, 1)).toEqual(
      Array<string>(events).fill(
        'Warning CreateInClusterFailed: Failed to create ingress "default/edge" in cluster a: not here',
      ),
    )
  })

  it('an Event that is refused harms nothing', async () => {
    clusterOf('a').cluster.recordEvent = () => Promise.reject(new CloudError(403, 'Forbidden', 'no events'))
    await world.publish(model)
    expect(await world.doc(clusterIngressId('a', edge))).toMatchObject({ phase: 'Ready' })
    expect(addresses('a')).toEqual([{ ip: ip() }])
  })
})
