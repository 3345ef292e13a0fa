import { describe, expect, it } from 'vitest'
import { kinds } from '../../../functions/reconcile/index.ts'
import type { ClusterIngressWant } from '../../../shared/planning/cluster-ingress.ts'
import type { ClusterFacts } from '../../../shared/planning/facts.ts'
import { clusterIngressId } from '../../../shared/planning/layout.ts'
import { plan, type Plan } from '../../../shared/planning/plan.ts'
import type { ResourceId } from '../../../shared/resource-id.ts'
import type { ClusterSight, IngressDoc, Problem } from '../../../shared/state/documents.ts'
import { clusterOf, everything, factsOf, groupsOf, ingressOf, modelOf, portOf, rule, serviceOf, to } from './facts.ts'

const planned = (
  clusters: ClusterFacts[],
  {
    model,
    doc,
    earlier,
  }: {
    model?: Parameters<typeof modelOf>[0]
    doc?: Partial<IngressDoc>
    earlier?: Map<ResourceId, ClusterIngressWant>
  } = {},
): Plan => plan(kinds, ingressOf(modelOf(model), doc), factsOf(...clusters), earlier ?? new Map())

const told = (problems: readonly Problem[] = []) => problems.map(({ where, message }) => `${where}: ${message}`)
const ids = (made: Plan, kind: string): string[] =>
  made.desired
    .map(({ id }) => id)
    .filter((id) => id.startsWith(`${kind}/`))
    .map((id) => id.split('/').slice(1).join('/'))
const wantOf = (made: Plan, kind: string): unknown => made.desired.find(({ id }) => id.startsWith(`${kind}/`))?.want

const [a, b] = [clusterOf('a'), clusterOf('b')]
const unseen = (name: string) => clusterOf(name, { view: null })

describe('what a plan is', () => {
  const rows: {
    reason: string
    clusters: ClusterFacts[]
    with?: Parameters<typeof planned>[1]
    is: Plan['is']
    looksAt: string[]
    problems?: RegExp[]
    warnings?: RegExp[]
    waiting?: RegExp[]
  }[] = [
    { reason: 'everything is known', clusters: [a, b], is: 'planned', looksAt: ['a', 'b'] },
    {
      reason: 'nothing has been looked at',
      clusters: [unseen('a'), unseen('b')],
      is: 'looking',
      looksAt: ['a', 'b'],
      waiting: [/^cluster a: /, /^cluster b: /],
    },
    {
      reason: 'one has not been looked at',
      clusters: [a, unseen('b')],
      is: 'looking',
      looksAt: ['a', 'b'],
      waiting: [/^cluster b: /],
    },
    {
      reason: 'a cluster was not asked for a service that the new spec names',
      clusters: [a],
      with: { model: { rules: [rule('', ['Prefix', '/cart', to('cart')])] } },
      is: 'looking',
      looksAt: ['a'],
      waiting: [/^cluster a: /],
    },
    {
      reason: 'a service with a name that every object has was not asked for either',
      clusters: [a],
      with: { model: { defaultBackend: to('constructor') } },
      is: 'looking',
      looksAt: ['a'],
      waiting: [/^cluster a: /],
    },
    {
      reason: 'a cluster whose machines were not looked at: without their network and tags the firewall would be shut',
      clusters: [clusterOf('a', { doc: { sight: null } })],
      is: 'looking',
      looksAt: ['a'],
      waiting: [/^cluster a: has not been looked at yet$/],
    },
    {
      reason: 'one whose machines could never be looked at is not waited for',
      clusters: [a, clusterOf('b', { doc: { sight: null, unreachable: { since: 0, why: 'refused' } } })],
      is: 'planned',
      looksAt: ['a', 'b'],
      warnings: [/^cluster b: does not answer.*refused$/],
    },
    {
      reason: 'unless it may be serving what is taken over',
      clusters: [a, clusterOf('b', { doc: { sight: null, unreachable: { since: 0, why: 'refused' } } })],
      with: { doc: { plannedGeneration: 0, living: { loadBalancer: 'zp', scheme: 'EXTERNAL', leftovers: [] } } },
      is: 'looking',
      looksAt: ['a', 'b'],
      warnings: [/^cluster b: does not answer.*refused$/],
      waiting: [/^cluster b: does not answer, and may be serving what is to be taken over/],
    },
    {
      reason: 'one that does not answer may be serving what is taken over',
      clusters: [a, clusterOf('b', { view: null, trouble: 'timeout' })],
      with: { doc: { plannedGeneration: 0, living: { loadBalancer: 'zp', scheme: 'EXTERNAL', leftovers: [] } } },
      is: 'looking',
      looksAt: ['a', 'b'],
      warnings: [/^cluster b: does not answer as it should/],
      waiting: [/^cluster b: does not answer, and may be serving what is to be taken over/],
    },
    {
      reason: 'no cluster has ever answered, and is asked again: nobody has to correct anything',
      clusters: [{ ...clusterOf('a', { view: null, trouble: 'connection reset' }), asksAgain: true }],
      is: 'looking',
      looksAt: ['a'],
      warnings: [/^cluster a: does not answer as it should/],
      waiting: [/^service default\/web: no selected cluster has answered yet: a \(connection reset\)$/],
    },
    {
      reason: 'no cluster ever lets us in: somebody has to',
      clusters: [clusterOf('a', { view: null, trouble: 'services is forbidden' })],
      is: 'refused',
      looksAt: ['a'],
      warnings: [/^cluster a: does not answer as it should/],
      problems: [/^service default\/web: no selected cluster has answered yet: a \(services is forbidden\)$/],
    },
    {
      reason: 'one that does not answer is not waited for',
      clusters: [a, clusterOf('b', { view: null, trouble: 'timeout' })],
      is: 'planned',
      looksAt: ['a', 'b'],
      warnings: [/^cluster b: does not answer as it should, what is known of it stays in place: timeout$/],
    },
    {
      reason: 'one that is known not to answer, and did when this Ingress last looked',
      clusters: [a, clusterOf('b', { doc: { unreachable: { since: 0, why: 'refused' } } })],
      is: 'planned',
      looksAt: ['a', 'b'],
      warnings: [/^cluster b: does not answer.*refused$/],
    },
    {
      reason: 'no cluster is registered',
      clusters: [],
      is: 'refused',
      looksAt: [],
      problems: [/^clusters: no registered cluster is selected/],
    },
    {
      reason: 'a new spec names a cluster that is not registered',
      clusters: [a],
      with: { doc: { selection: { ...everything, clusters: ['a', 'z'] } } },
      is: 'refused',
      looksAt: ['a'],
      problems: [/^cluster z: is not registered/],
    },
    {
      reason: 'a cluster was unregistered after the spec was put to work',
      clusters: [a],
      with: { doc: { selection: { ...everything, clusters: ['a', 'z'] }, plannedGeneration: 1 } },
      is: 'planned',
      looksAt: ['a'],
      warnings: [/^cluster z: is not registered/],
    },
    {
      reason: 'all named clusters are unregistered, also later: what serves stays',
      clusters: [a],
      with: { doc: { selection: { ...everything, clusters: ['z'] }, plannedGeneration: 1 } },
      is: 'refused',
      looksAt: [],
      problems: [/^cluster z: is not registered/],
      warnings: [/^cluster z: is not registered/],
    },
    {
      reason: 'a name that GCE cannot carry',
      clusters: [a],
      with: { model: { name: 'zone.printer' } },
      is: 'refused',
      looksAt: ['a'],
      problems: [
        /^load balancer name: "zone.printer" cannot name Google Cloud resources.*multicluster-ingress.io\/load-balancer/,
      ],
    },
    {
      reason: 'a service exists nowhere',
      clusters: [clusterOf('a', { view: { services: { web: { found: false } } } })],
      is: 'refused',
      looksAt: ['a'],
      problems: [/^service default\/web: does not exist/],
    },
    {
      reason: 'more rules than a URL map holds',
      clusters: [a],
      with: {
        model: {
          rules: Array.from({ length: 400 }, (_, index) => rule(`h${index}.example`, ['Prefix', '/', to('web')])),
          settings: { scheme: 'EXTERNAL' },
        },
      },
      is: 'refused',
      looksAt: ['a'],
      problems: [/^spec.rules: these rules make a URL map of \d+ bytes/],
    },
    {
      reason: 'a cluster that is being unregistered is out',
      clusters: [a, clusterOf('b', { doc: { leaving: true } })],
      is: 'planned',
      looksAt: ['a'],
      waiting: [/^cluster b: is being taken out$/],
    },
    {
      reason: 'a removed cluster is out',
      clusters: [a, b],
      with: { doc: { selection: { ...everything, excluded: ['b'] } } },
      is: 'planned',
      looksAt: ['a'],
      waiting: [/^cluster b: is being taken out$/],
    },
    {
      reason: 'the last one was taken out on purpose: everything stays but its part',
      clusters: [a],
      with: { doc: { selection: { ...everything, excluded: ['a'] } } },
      is: 'planned',
      looksAt: [],
      warnings: [/^clusters: every cluster was taken out/],
    },
    {
      reason: 'the last one was taken out, and nothing of it is left',
      clusters: [unseen('a')],
      with: { doc: { selection: { ...everything, excluded: ['a'] } } },
      is: 'looking',
      looksAt: [],
      warnings: [/^clusters: every cluster was taken out/],
    },
    {
      reason: 'a scheme that contradicts the living one',
      clusters: [a],
      with: {
        model: { settings: { scheme: 'EXTERNAL' } },
        doc: { living: { loadBalancer: 'zp', scheme: 'EXTERNAL_MANAGED', leftovers: [] } },
      },
      is: 'refused',
      looksAt: ['a'],
      problems: [/scheme: the load balancer exists with the scheme EXTERNAL_MANAGED/],
    },
  ]
  for (const { reason, clusters, with: given, is, looksAt, problems = [], warnings = [], waiting = [] } of rows)
    it(`${is}: ${reason}`, () => {
      const made = planned(clusters, given)
      expect(made.is).toBe(is)
      expect(ids(made, 'cluster-ingress')).toEqual(
        looksAt.map((name) => `${name}/default/${given?.model?.name ?? 'zp'}`),
      )
      expect(told(made.is === 'refused' ? made.problems : [])).toEqual(
        problems.map((one) => expect.stringMatching(one) as string),
      )
      expect(told(made.warnings)).toEqual(warnings.map((one) => expect.stringMatching(one) as string))
      expect(told(made.is === 'refused' ? [] : made.waiting)).toEqual(
        waiting.map((one) => expect.stringMatching(one) as string),
      )
      // A plan that is not ready asks for nothing but looks.
      if (made.is !== 'planned') expect(made.desired.every(({ id }) => id.startsWith('cluster-ingress/'))).toBe(true)
    })
})

describe('looks', () => {
  it('keep the object that the last good plan made, and ask for the Services of the new spec', () => {
    const before = planned([a])
    const object = (wantOf(before, 'cluster-ingress') as ClusterIngressWant).object
    expect(object).not.toBeNull()
    const earlier = new Map([
      [clusterIngressId('a', { namespace: 'default', name: 'zp' }), { services: ['web'], object }],
    ])
    const after = planned([a], { model: { defaultBackend: to('cart') }, earlier })
    expect(after.is).toBe('looking')
    expect(wantOf(after, 'cluster-ingress')).toEqual({ services: ['cart'], object })
  })

  it('make no object where there was none', () =>
    expect(wantOf(planned([unseen('a')]), 'cluster-ingress')).toEqual({ services: ['web'], object: null }))
})

describe('what is held', () => {
  const joining = clusterOf('b', { view: { groups: { state: 'pending', since: 0 } } })

  it('a backend service, while the groups of a cluster are not known: it is not wanted without them', () => {
    const made = planned([a, joining])
    expect(made.is === 'planned' && made.held.map(({ id }) => id.split('/')[0])).toEqual([
      'backend-service',
      'firewall-rule',
    ])
    expect(ids(made, 'backend-service')).toEqual([])
    expect(ids(made, 'health-check')).toHaveLength(1)
    expect(made.is === 'planned' && told(made.waiting)).toEqual([
      expect.stringMatching(/^backend-service\/.*: waits for the instance groups of b$/),
      expect.stringMatching(/^firewall-rule\/.*: waits for the instance groups of b$/),
    ])
  })

  it('only the services that the cluster has', () => {
    const cart = clusterOf('a', {
      view: { services: { web: serviceOf(), cart: serviceOf([portOf({ nodePort: 30070 })]) } },
    })
    const without = clusterOf('b', {
      view: { services: { web: serviceOf(), cart: { found: false } }, groups: { state: 'pending', since: 0 } },
    })
    const made = planned([cart, without], { model: { rules: [rule('', ['Prefix', '/cart', to('cart')])] } })
    expect(made.is === 'planned' && made.held.filter(({ id }) => id.startsWith('backend-service/'))).toHaveLength(1)
    expect(ids(made, 'backend-service')).toHaveLength(1)
  })

  it('the forwarding rule, while there is no IP, and what tells of the IP, for which nobody waits', () => {
    const made = plan(kinds, ingressOf(modelOf()), { ...factsOf(a), ip: null }, new Map())
    expect(made.is === 'planned' && made.held.map(({ id }) => id.split('/')[0])).toEqual([
      'forwarding-rule',
      'cluster-status',
    ])
    expect(made.is === 'planned' && made.waiting.map(({ where }) => where.split('/')[0])).toEqual(['forwarding-rule'])
  })

  it('the firewall rule, while no tag of the nodes is known: without tags it would open the whole network', () => {
    const untagged = clusterOf('a')
    const made = planned([
      {
        ...untagged,
        doc: {
          ...untagged.doc,
          sight: { ...(untagged.doc.sight as ClusterSight), nodeTags: [] },
          registration: { ...untagged.doc.registration, network: 'projects/lb-project/global/networks/default' },
        },
      },
    ])
    expect(made.is === 'planned' && made.held.map(({ id, hold }) => `${id.split('/')[0] ?? ''}: ${hold}`)).toEqual([
      expect.stringMatching(/^firewall-rule: no network tag of the nodes of a is known/),
    ])
  })
})

describe('the backends of a planned Ingress', () => {
  const backendsOf = (made: Plan): Record<string, number> =>
    Object.fromEntries(
      (wantOf(made, 'backend-service') as { backends: { group: string; capacityScaler: number }[] }).backends.map(
        ({ group, capacityScaler }) => [group.split('/').at(-1) ?? '', capacityScaler],
      ),
    )
  const rows: { reason: string; clusters: ClusterFacts[]; doc?: Partial<IngressDoc>; want: Record<string, number> }[] =
    [
      { reason: 'all clusters at full capacity', clusters: [a, b], want: { 'k8s-ig--a-a': 1, 'k8s-ig--b-a': 1 } },
      {
        reason: 'a drained cluster stays, without capacity',
        clusters: [a, b],
        doc: { selection: { ...everything, drained: ['b'] } },
        want: { 'k8s-ig--a-a': 1, 'k8s-ig--b-a': 0 },
      },
      {
        reason: 'a removed cluster goes',
        clusters: [a, b],
        doc: { selection: { ...everything, excluded: ['b'] } },
        want: { 'k8s-ig--a-a': 1 },
      },
      {
        reason: 'a cluster that is being unregistered goes',
        clusters: [a, clusterOf('b', { doc: { leaving: true } })],
        want: { 'k8s-ig--a-a': 1 },
      },
      {
        reason: 'a cluster that does not answer stays',
        clusters: [a, clusterOf('b', { trouble: 'timeout', doc: { unreachable: { since: 0, why: 'timeout' } } })],
        want: { 'k8s-ig--a-a': 1, 'k8s-ig--b-a': 1 },
      },
      {
        reason: 'every zone of a cluster',
        clusters: [clusterOf('a', { view: { groups: groupsOf('a-a', 'a-b', 'a-c') } })],
        want: { 'k8s-ig--a-a': 1, 'k8s-ig--a-b': 1, 'k8s-ig--a-c': 1 },
      },
    ]
  for (const { reason, clusters, doc, want } of rows)
    it(reason, () => expect(backendsOf(planned(clusters, doc === undefined ? {} : { doc }))).toEqual(want))
})

describe('front ends', () => {
  const rows: { reason: string; model: Parameters<typeof modelOf>[0]; proxies: number; scheme: string }[] = [
    { reason: 'HTTP on the newer scheme by default', model: {}, proxies: 1, scheme: 'EXTERNAL_MANAGED' },
    {
      reason: 'the classic scheme when asked for',
      model: { settings: { scheme: 'EXTERNAL' } },
      proxies: 1,
      scheme: 'EXTERNAL',
    },
    {
      reason: 'no HTTP when it is not allowed',
      model: { settings: { allowHttp: false } },
      proxies: 0,
      scheme: 'EXTERNAL_MANAGED',
    },
  ]
  for (const { reason, model, proxies, scheme } of rows)
    it(reason, () => {
      const made = planned([a], { model })
      expect([ids(made, 'target-proxy').length, ids(made, 'forwarding-rule').length]).toEqual([proxies, proxies])
      const schemes = made.desired
        .map(({ want }) => (want as { loadBalancingScheme?: string }).loadBalancingScheme)
        .filter((one) => one !== undefined)
      expect(new Set(schemes)).toEqual(new Set([scheme]))
    })
})
