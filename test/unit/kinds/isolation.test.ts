import { beforeEach, describe, expect, it } from 'vitest'
import { planIngress } from '../../../shared/engine/plan-ingress.ts'
import { clusterIngressId } from '../../../shared/planning/layout.ts'
import { stamped } from '../../../shared/planning/stamp.ts'
import { resourceId } from '../../../shared/resource-id.ts'
import type { IngressDoc } from '../../../shared/state/documents.ts'
import { testCertificate, testKey } from '../../cloud/certificate.ts'
import { modelOf, project, rule, settings, to } from '../planning/facts.ts'
import { kindWorld, ownerText, type KindWorld } from './world.ts'

/** What one namespace, or one cluster, could try on another, and that nothing comes of it. */
let world: KindWorld
beforeEach(async () => {
  world = await kindWorld()
})

const victim = modelOf({ name: 'victim' })
const ingress = async (id: string): Promise<IngressDoc | undefined> => world.deps.store.get('ingresses', id)
const saidOf = async (id: string): Promise<string> =>
  (await ingress(id))?.conditions.map(({ message }) => message).join(' ') ?? ''

/** Everything of Compute, as text: to see that nothing of it has moved. */
function snapshot(part: string): string {
  const all = (['addresses', 'backendServices', 'forwardingRules', 'sslCertificates', 'urlMaps'] as const).flatMap(
    (collection) => world.compute.list(collection),
  )
  return JSON.stringify(all.filter((one) => JSON.stringify(one).includes(part)))
}

const bodies = (collection: string): Record<string, unknown>[] => world.compute.list(collection).map(({ body }) => body)

/** An Ingress of another namespace, whose Services are there too. */
function attacker(more: Parameters<typeof modelOf>[0] = {}): ReturnType<typeof modelOf> {
  for (const { services } of world.clusters.values()) {
    const web = services.get('default/web')
    if (web !== undefined) services.set('evil/web', { ...web, metadata: { name: 'web', namespace: 'evil' } })
  }
  return modelOf({ namespace: 'evil', name: 'attacker', ...more })
}

describe('a namespace cannot take from another', () => {
  it('its load balancer, by name, also with force', async () => {
    await world.publish(victim)
    const before = snapshot('victim')
    await world.publish(attacker({ settings: { ...settings, loadBalancer: 'victim', force: true } }))
    expect((await ingress('evil/attacker'))?.phase).toBe('Failed')
    expect(await saidOf('evil/attacker')).toContain(
      'belongs to Ingress default/victim: choose another load balancer name',
    )
    expect((await ingress('default/victim'))?.phase).toBe('Ready')
    expect(snapshot('victim')).toBe(before)
  })

  it('the address that we reserved for it', async () => {
    await world.publish(victim)
    const before = snapshot('victim')
    await world.publish(attacker({ settings: { ...settings, staticIp: 'mci1-ip--victim' } }))
    expect((await ingress('evil/attacker'))?.phase).toBe('Failed')
    expect(await saidOf('evil/attacker')).toContain('belongs to Ingress default/victim: choose another static address')
    expect(snapshot('victim')).toBe(before)
  })

  it('the address that we reserved for it, when no document remembers that', async () => {
    const description = stamped('Address of kubernetes multicluster loadbalancer victim', 'default/victim')
    await world.byHand('POST', 'global/addresses', { name: 'mci1-ip--victim', description })
    await world.publish(attacker({ settings: { ...settings, staticIp: 'mci1-ip--victim' } }))
    const doc = await world.doc(resourceId('address', project, 'mci1-ip--victim'))
    expect(doc).toMatchObject({ phase: 'Failed' })
    expect(doc?.why).toContain('cannot be used: it belongs to Ingress default/victim')
    expect(world.compute.list('forwardingRules')).toEqual([])
  })

  it.each([
    { reason: 'ours', text: stamped('SSL cert for kubernetes multicluster loadbalancer victim', 'default/victim') },
    { reason: 'kubemci’s', text: 'SSL cert for kubernetes multicluster loadbalancer victim' },
  ])('its certificate ($reason), by calling it pre-shared', async ({ text }) => {
    const pair = { certificate: testCertificate, privateKey: testKey }
    await world.byHand('POST', 'global/sslCertificates', { name: 'mci1-sc--victim', description: text, ...pair })
    await world.publish(attacker({ settings: { ...settings, preSharedCerts: ['mci1-sc--victim'] } }))
    expect((await ingress('evil/attacker'))?.phase).toBe('Failed')
    expect(await saidOf('evil/attacker')).toMatch(/"mci1-sc--victim" cannot be used as a pre-shared one: it belongs to/)
    expect(world.compute.list('targetHttpsProxies')).toEqual([])
  })
  it('but a certificate that people made serves whom they name it for', async () => {
    const pair = { certificate: testCertificate, privateKey: testKey }
    await world.byHand('POST', 'global/sslCertificates', { name: 'company', description: 'for everybody', ...pair })
    await world.publish(attacker({ settings: { ...settings, preSharedCerts: ['company'] } }))
    expect(world.compute.list('targetHttpsProxies')).toHaveLength(1)
  })

  it('a host: both have load balancers of their own, and DNS decides whose is asked', async () => {
    const host = [rule('shop.example.com', ['Prefix', '/', to('web')])]
    await world.publish({ ...victim, rules: host })
    const before = snapshot('victim')
    await world.publish(attacker({ rules: host }))
    expect((await ingress('evil/attacker'))?.phase).toBe('Ready')
    expect(snapshot('victim')).toBe(before)
    expect(new Set(bodies('forwardingRules').map(({ IPAddress }) => IPAddress)).size).toBe(2)
  })
})

describe('a cluster, or whoever edits in a namespace of it, cannot', () => {
  const backends = (): string[] =>
    bodies('backendServices')
      .flatMap(({ backends: all }) => (all ?? []) as { group: string }[])
      .map(({ group }) => group.split('/').slice(-3).join('/'))
      .sort()
  const portsOf = (zone: string, name: string): unknown[] =>
    bodies('instanceGroups')
      .filter((group) => group['name'] === name && String(group['zone']).endsWith(zone))
      .flatMap(({ namedPorts }) => (namedPorts ?? []) as { name: string }[])
      .filter((port) => port.name.startsWith('mci1-'))

  /** Writes what the in-cluster controller would write, as somebody who may edit the object. */
  async function annotate(cluster: string, groups: { Name: string; Zone: string }[]): Promise<void> {
    const member = world.clusters.get(cluster)
    if (member === undefined) throw new Error('no such cluster')
    member.groups = groups
    const object = member.ingresses.get('default/victim')
    if (object?.metadata.annotations)
      object.metadata.annotations['ingress.gcp.kubernetes.io/instance-groups'] = JSON.stringify(groups)
    await world.nudge(clusterIngressId(cluster, victim))
    await planIngress(world.deps, 'default/victim', { why: 'test', trace: 't' })
  }
  const groupOfB = { Name: 'k8s-ig--b', Zone: 'zones/europe-west1-b' }

  it.each(['a', 'b'])('take the groups of another: %s names those of the other', async (name) => {
    await world.publish(victim)
    const before = backends()
    expect(before).toHaveLength(2)
    const [own, other] = name === 'a' ? ['us-central1-b', 'europe-west1-b'] : ['europe-west1-b', 'us-central1-b']
    const others = name === 'a' ? 'b' : 'a'
    const ports = portsOf(other, `k8s-ig--${others}`)
    expect(ports).toHaveLength(1)
    await annotate(name, [
      { Name: `k8s-ig--${name}`, Zone: `zones/${own}` },
      { Name: `k8s-ig--${others}`, Zone: `zones/${other}` },
    ])
    expect(backends()).toEqual(before)
    expect(portsOf(other, `k8s-ig--${others}`)).toEqual(ports)
    expect((await ingress('default/victim'))?.phase).toBe('Degraded')
    expect(await saidOf('default/victim')).toContain(`it names instance groups of cluster ${others} as its own`)
  })

  const negs = { 'cloud.google.com/neg': '{"ingress":true}' }
  /** The Service of a namespace of a cluster, served by the groups that an annotation names. */
  function serveByNegs(cluster: string, namespace: string, status?: object): void {
    const member = world.clusters.get(cluster)
    const service = member?.services.get(`${namespace}/web`)
    if (service === undefined) throw new Error('no such Service')
    if (status !== undefined) member?.negs.delete('web')
    const said = status === undefined ? {} : { 'cloud.google.com/neg-status': JSON.stringify(status) }
    service.metadata = { ...service.metadata, annotations: { ...negs, ...said } }
    service.spec = { ...service.spec, ports: service.spec.ports.map((port) => ({ ...port, targetPort: 8080 })) }
  }
  const status = (name: string, zone: string): object => ({ network_endpoint_groups: { 80: name }, zones: [zone] })

  it('send its traffic to the network endpoint groups of another namespace, by naming them', async () => {
    for (const name of ['a', 'b']) serveByNegs(name, 'default')
    await world.publish(victim)
    const before = snapshot('victim')
    const theirs = attacker()
    serveByNegs('a', 'evil', status('k8s1-a', 'us-central1-b'))
    serveByNegs('b', 'evil', status('k8s1-b', 'europe-west1-b'))
    await world.publish(theirs)
    const made = bodies('backendServices').find(({ description }) => String(description).includes('evil/web'))
    expect(made?.['backends'] ?? []).toEqual([])
    expect((await ingress('evil/attacker'))?.phase).not.toBe('Ready')
    expect(await saidOf('evil/attacker')).toContain('(k8s1-a in us-central1-b, which is of namespace default)')
    expect(snapshot('victim')).toBe(before)
    expect((await ingress('default/victim'))?.phase).toBe('Ready')
  })

  it('have another cluster’s network endpoint groups taken for its own; its own stay', async () => {
    for (const name of ['a', 'b']) serveByNegs(name, 'default')
    await world.publish(victim)
    const before = backends()
    expect(before).toHaveLength(2)
    const group = { name: 'k8s1-b', networkEndpointType: 'GCE_VM_IP_PORT', description: ownerText('b') }
    await world.byHand('POST', 'zones/us-central1-b/networkEndpointGroups', group)
    serveByNegs('a', 'default', status('k8s1-b', 'us-central1-b'))
    await world.nudge(clusterIngressId('a', victim))
    expect(backends()).toEqual(before)
    expect((await ingress('default/victim'))?.phase).toBe('Degraded')
    expect(await saidOf('default/victim')).toContain('(k8s1-b in us-central1-b, which is of cluster b)')
  })

  it('have anything but a name of a group become a part of a request, in the annotation of a Service', async () => {
    for (const name of ['a', 'b']) serveByNegs(name, 'default')
    serveByNegs('a', 'default', status('../../../global/backendServices/x', '..'))
    await world.publish(victim)
    expect(await world.idsOf('network-endpoint-group')).toHaveLength(1)
  })

  it('have anything but a name of a group, or a group of a zone without its nodes, become a part of a request', async () => {
    await world.publish(victim)
    const before = backends()
    expect(before).toHaveLength(2)
    await annotate('a', [
      { Name: 'k8s-ig--a', Zone: 'zones/us-central1-b' },
      { Name: '../../../global/backendServices/x', Zone: 'zones/us-central1-b' },
      { Name: 'x/../y', Zone: 'us-central1-b' },
      { Name: 'k8s-ig--a', Zone: 'https://evil.example/us-central1-b?x=' },
      { Name: 'K8S', Zone: '..' },
      groupOfB,
    ])
    expect(backends()).toEqual(before)
    expect(await world.idsOf('named-ports')).toHaveLength(2)
  })
})

describe('a message on an internal topic', () => {
  it.each([
    'url-map/lb-project/somebody-elses',
    'backend-service/lb-project/../x',
    'cluster-ingress/a/kube-system/x',
    'ssl-certificate/lb-project/x',
    'unknown/x',
    '__proto__/x/y',
  ] as const)('about %s, of which there is no document, changes nothing', async (id) => {
    await world.byHand('POST', 'global/backendServices', { name: 'x', loadBalancingScheme: 'EXTERNAL_MANAGED' })
    const before = world.writes()
    await world.nudge(id as never).catch(() => undefined)
    expect(world.writes()).toBe(before)
    expect(await world.doc(id as never)).toBeUndefined()
  })
})
