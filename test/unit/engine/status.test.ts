import { describe, expect, it } from 'vitest'
import type { Sources } from '../../../shared/engine/sources.ts'
import { sentences, statusOf } from '../../../shared/engine/status.ts'
import type { ClusterView } from '../../../shared/planning/facts.ts'
import { resourceId } from '../../../shared/resource-id.ts'
import type { ClusterDoc, IngressDoc, ResourceDoc } from '../../../shared/state/documents.ts'
import { clusterDoc, everything, groupsOf, ingressOf, modelOf, project } from '../planning/facts.ts'
import { claimDoc, resourceDoc } from './resources.ts'

const now = 9_000
const map = resourceId('url-map', project, 'mci1-um--zp')
const ip = resourceId('address', project, 'mci1-ip--zp')
const rule = resourceId('firewall-rule', 'host-project', 'mci1-fr--zp')
const inCluster = (name: string) => resourceId('cluster-ingress', name, 'default', 'zp')
const view = (parts: Partial<ClusterView> = {}): ClusterView => ({
  services: {},
  groups: groupsOf('z-b', 'z-a', 'z-a'),
  ...parts,
})
const problem = { where: 'spec.rules', message: 'is wrong' }
const lacks = { where: 'cluster b', message: 'has no service default/web' }

const planned: Partial<IngressDoc> = {
  plannedGeneration: 1,
  plan: { generation: 1, at: 0, problems: [], warnings: [], waiting: [] },
}
const planWith = (parts: Partial<NonNullable<IngressDoc['plan']>>): Partial<IngressDoc> => ({
  ...planned,
  plan: { generation: 1, at: 0, problems: [], warnings: [], waiting: [], ...parts },
})
const ready = (id: ResourceDoc['id'], parts: Partial<ResourceDoc> = {}) =>
  resourceDoc(id, { phase: 'Ready', applied: true, ...parts })

function sources(
  doc: Partial<IngressDoc>,
  resources: ResourceDoc[],
  clusters: ClusterDoc[] = [clusterDoc('a'), clusterDoc('b')],
): Sources {
  return {
    doc: ingressOf(modelOf(), doc),
    clusters,
    claims: resources
      .filter(({ id }) => id !== inCluster('left'))
      .map(({ id }) => claimDoc(id, { want: { object: {} } })),
    resources: new Map(resources.map((one) => [one.id, one])),
  }
}

describe('phase', () => {
  const rows: {
    reason: string
    doc: Partial<IngressDoc>
    resources: ResourceDoc[]
    phase: string
    settled?: boolean
    conditions: string
  }[] = [
    {
      reason: 'everything applied and seen',
      doc: planned,
      resources: [ready(map)],
      phase: 'Ready',
      settled: true,
      conditions: 'Accepted=True Programmed=True ClustersServing=True',
    },
    {
      reason: 'accepted and not planned',
      doc: {},
      resources: [],
      phase: 'Progressing',
      settled: false,
      conditions: 'Accepted=Unknown Programmed=False ClustersServing=True',
    },
    {
      reason: 'a changed version is not planned yet',
      doc: { ...planned, generation: 2 },
      resources: [ready(map)],
      phase: 'Progressing',
      conditions: 'Accepted=Unknown Programmed=False ClustersServing=True',
    },
    {
      reason: 'clusters are being looked at',
      doc: {
        plan: {
          generation: 1,
          at: 0,
          problems: [],
          warnings: [],
          waiting: [{ where: 'cluster a', message: 'has not been looked at yet' }],
        },
      },
      resources: [],
      phase: 'Progressing',
      conditions: 'Accepted=Unknown Programmed=False ClustersServing=True',
    },
    ...(['Pending', 'Waiting', 'Working', 'Retrying'] as const).map((phase) => ({
      reason: `a resource is ${phase}`,
      doc: planned,
      resources: [ready(ip), resourceDoc(map, { phase })],
      phase: 'Progressing',
      settled: false,
      conditions: 'Accepted=True Programmed=False ClustersServing=True',
    })),
    {
      reason: 'something is held',
      doc: planWith({ waiting: [{ where: map, message: 'waits for groups' }] }),
      resources: [ready(ip)],
      phase: 'Progressing',
      conditions: 'Accepted=True Programmed=False ClustersServing=True',
    },
    {
      reason: 'a resource needs a person',
      doc: planned,
      resources: [ready(ip), resourceDoc(map, { phase: 'Failed' })],
      phase: 'Failed',
      settled: true,
      conditions: 'Accepted=True Programmed=False ClustersServing=True',
    },
    {
      reason: 'a firewall rule is the network administrator to write: the rest goes on, and the command is told',
      doc: planned,
      resources: [ready(map), resourceDoc(rule, { phase: 'Failed', forbidden: true, why: 'must run: gcloud' })],
      phase: 'Degraded',
      settled: true,
      conditions: 'Accepted=True Programmed=True ClustersServing=True FirewallsOpen=False',
    },
    {
      reason: 'the same, where people have said that they know',
      doc: { ...planned, model: modelOf({ settings: { firewallIsTheirs: true } }) },
      resources: [ready(map), resourceDoc(rule, { phase: 'Failed', forbidden: true, why: 'must run: gcloud' })],
      phase: 'Ready',
      settled: true,
      conditions: 'Accepted=True Programmed=True ClustersServing=True Advisory=True',
    },
    {
      reason: 'a firewall rule that fails otherwise',
      doc: planned,
      resources: [ready(map), resourceDoc(rule, { phase: 'Failed' })],
      phase: 'Failed',
      conditions: 'Accepted=True Programmed=False ClustersServing=True',
    },
    {
      reason: 'a resource needs a person while others still move',
      doc: planned,
      resources: [resourceDoc(ip), resourceDoc(map, { phase: 'Failed' })],
      phase: 'Failed',
      settled: false,
      conditions: 'Accepted=True Programmed=False ClustersServing=True',
    },
    {
      reason: 'the plan is refused',
      doc: planWith({ problems: [problem] }),
      resources: [ready(map)],
      phase: 'Failed',
      settled: true,
      conditions: 'Accepted=False Programmed=True ClustersServing=True',
    },
    {
      reason: 'the plan of an earlier version was refused: nothing is known of this one',
      doc: { ...planWith({ problems: [problem] }), generation: 2 },
      resources: [ready(map)],
      phase: 'Progressing',
      conditions: 'Accepted=Unknown Programmed=False ClustersServing=True',
    },
    {
      reason: 'the latest version was refused, the previous one serves',
      doc: { ...planned, rejected: { publishedAt: 1, problems: [problem] } },
      resources: [ready(map)],
      phase: 'Failed',
      settled: true,
      conditions: 'Accepted=False Programmed=True ClustersServing=True',
    },
    {
      reason: 'a cluster lacks the service',
      doc: planWith({ warnings: [lacks] }),
      resources: [ready(map)],
      phase: 'Degraded',
      settled: true,
      conditions: 'Accepted=True Programmed=True ClustersServing=False',
    },
    {
      reason: 'a cluster that is said to be degraded is not waited for',
      doc: planWith({ warnings: [lacks] }),
      resources: [ready(map), resourceDoc(inCluster('b'), { phase: 'Retrying' })],
      phase: 'Degraded',
      settled: true,
      conditions: 'Accepted=True Programmed=True ClustersServing=False',
    },
    {
      reason: 'a cluster that serves no more and does not answer is not waited for either, and is told',
      doc: planned,
      resources: [ready(map), resourceDoc(inCluster('left'), { phase: 'Retrying' })],
      phase: 'Ready',
      settled: true,
      conditions: 'Accepted=True Programmed=True ClustersServing=True Advisory=True',
    },
    {
      reason: 'another cluster is',
      doc: planWith({ warnings: [lacks] }),
      resources: [ready(map), resourceDoc(inCluster('a'), { phase: 'Working' })],
      phase: 'Progressing',
      conditions: 'Accepted=True Programmed=False ClustersServing=False',
    },
    {
      reason: 'withdrawn',
      doc: { ...planned, deleted: true },
      resources: [ready(map)],
      phase: 'Deleting',
      settled: false,
      conditions: 'Accepted=True Programmed=True ClustersServing=True',
    },
    {
      reason: 'withdrawn, and stuck',
      doc: { ...planned, deleted: true },
      resources: [resourceDoc(map, { phase: 'Failed' })],
      phase: 'Deleting',
      conditions: 'Accepted=True Programmed=False ClustersServing=True',
    },
  ]
  for (const { reason, doc, resources, phase, settled, conditions } of rows)
    it(`${phase}: ${reason}`, () => {
      const status = statusOf(sources(doc, resources), project, now)
      expect(status.phase).toBe(phase)
      if (settled !== undefined) expect(status.settled).toBe(settled)
      expect(status.conditions.map((one) => `${one.type}=${one.status}`).join(' ')).toBe(conditions)
    })
})

describe('conditions', () => {
  const statusWith = (doc: Partial<IngressDoc>, phase: ResourceDoc['phase'] = 'Ready') =>
    statusOf(sources({ ...planned, ...doc }, [resourceDoc(map, { phase, why: 'of this' })]), project, now).conditions

  it('say when their status changed, not when they were last written', () => {
    const before = statusWith({}).map((one) => ({ ...one, lastTransitionTime: 5, message: 'older words' }))
    expect(statusWith({ conditions: before }).map((one) => one.lastTransitionTime)).toEqual([5, 5, 5])
    const after = statusWith({ conditions: before }, 'Working')
    expect(after.map((one) => [one.type, one.lastTransitionTime])).toEqual([
      ['Accepted', 5],
      ['Programmed', now],
      ['ClustersServing', 5],
    ])
  })

  it('name the resource and its reason', () =>
    expect(statusWith({}, 'Failed').find((one) => one.type === 'Programmed')).toMatchObject({
      reason: 'Failed',
      message: `${map}: of this`,
    }))

  it('show ten problems and count the rest', () =>
    expect(sentences(Array.from({ length: 12 }, (_, index) => ({ where: `w${index}`, message: 'm' })))).toMatch(
      /^w0: m; .*; w9: m; and 2 more$/,
    ))
})

describe('clusters', () => {
  const rows: {
    reason: string
    doc?: Partial<IngressDoc>
    cluster?: Partial<ClusterDoc>
    resource: Partial<ResourceDoc> | null
    state: string
    zones?: string[]
  }[] = [
    { reason: 'groups are known', resource: { output: view() }, state: 'Serving', zones: ['z-a', 'z-b'] },
    { reason: 'nothing has begun', resource: null, state: 'Waiting', zones: [] },
    {
      reason: 'groups are awaited',
      resource: { output: view({ groups: { state: 'pending', since: 0 } }) },
      state: 'Waiting',
      zones: [],
    },
    {
      reason: 'drained',
      doc: { selection: { ...everything, drained: ['a'] } },
      resource: { output: view() },
      state: 'Draining',
    },
    {
      reason: 'removed, not gone yet',
      doc: { selection: { ...everything, excluded: ['a'] } },
      resource: { output: view() },
      state: 'Removing',
    },
    { reason: 'withdrawn', doc: { deleted: true }, resource: { output: view() }, state: 'Removing' },
    { reason: 'unregistered', cluster: { leaving: true }, resource: { output: view() }, state: 'Removing' },
    {
      reason: 'does not answer at all',
      cluster: { unreachable: { since: 0, why: 'refused' } },
      resource: { output: view() },
      state: 'Unreachable',
      zones: ['z-a', 'z-b'],
    },
    {
      reason: 'does not answer for this Ingress',
      resource: { output: view(), phase: 'Retrying' },
      state: 'Unreachable',
    },
    { reason: 'refuses', resource: { output: view(), phase: 'Failed' }, state: 'Unreachable' },
    {
      reason: 'drained and does not answer',
      doc: { selection: { ...everything, drained: ['a'] } },
      cluster: { unreachable: { since: 0, why: '' } },
      resource: { output: view() },
      state: 'Unreachable',
    },
  ]
  for (const { reason, doc = {}, cluster = {}, resource, state, zones } of rows)
    it(`${state}: ${reason}`, () => {
      const there = resource === null ? [] : [ready(inCluster('a'), resource)]
      const status = statusOf(sources({ ...planned, ...doc }, there, [clusterDoc('a', cluster)]), project, now)
      expect(status.clusterStates).toEqual([expect.objectContaining({ name: 'a', state, ...(zones ? { zones } : {}) })])
    })

  it('leaves out a cluster that is neither selected nor of any use', () =>
    expect(
      statusOf(sources({ ...planned, selection: { ...everything, clusters: ['a'] } }, []), project, now),
    ).toMatchObject({ clusters: ['a'], clusterStates: [{ name: 'a' }] }))
})

describe('the rest', () => {
  it('shows the IP, the name and every resource in a stable order', () => {
    const address = ready(ip, { output: { ip: '203.0.113.1' } })
    const waiting = resourceDoc(map, { phase: 'Waiting', why: 'waits', refs: [ip], updatedAt: 4 })
    const status = statusOf(sources(planned, [waiting, address]), project, now)
    expect(status).toMatchObject({ loadBalancer: 'zp', vip: '203.0.113.1' })
    expect(status.resources.map(({ id }) => id)).toEqual([ip, map])
    expect(status.resources[1]).toEqual({
      id: map,
      kind: 'url-map',
      name: 'mci1-um--zp',
      phase: 'Waiting',
      why: 'waits',
      dependsOn: [ip],
      updatedAt: 4,
    })
  })

  it('has no IP before there is one', () =>
    expect(statusOf(sources(planned, [resourceDoc(ip)]), project, now).vip).toBeNull())

  it('does not call a cluster Ready that was only looked at', () => {
    const looked = sources({}, [ready(inCluster('a'), { why: 'it is as wanted' })])
    const claims = [claimDoc(inCluster('a'), { want: { services: ['web'], object: null } })]
    expect(statusOf({ ...looked, claims }, project, now).resources).toMatchObject([
      { phase: 'Pending', why: 'looked at; waits for the plan' },
    ])
  })
})
