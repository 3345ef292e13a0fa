import { describe, expect, it } from 'vitest'
import type { ClusterFacts, Facts } from '../../../shared/planning/facts.ts'
import { backendKey, backendRefs, type IngressModel } from '../../../shared/ingress/model.ts'
import { asServedIn } from '../../../shared/planning/homes.ts'
import { layOut, type LaidOut } from '../../../shared/planning/layout.ts'
import { names } from '../../../shared/planning/names.ts'
import type { IngressDoc, Problem } from '../../../shared/state/documents.ts'
import { clusterDoc, clusterOf, factsOf, ingressOf, modelOf, portOf, project, rule, serviceOf, to } from './facts.ts'

const { registration } = clusterDoc('any')
const inProject = (name: string, home: string, ...services: string[]): ClusterFacts =>
  clusterOf(name, {
    doc: { registration: { ...registration, name, project: home } },
    view: {
      services: Object.fromEntries(
        ['web', 'pay'].map((s) => [s, services.includes(s) ? serviceOf() : { found: false }]),
      ),
    },
  })
const backendService = names.backendService('zp', { namespace: 'default', service: 'web', port: 80 })
const servedIn = (home: string): Facts['served'] => ({ [`backend-service/${home}/${backendService}`]: [] })
const told = (problems: readonly Problem[]): string[] => problems.map(({ where, message }) => `${where}: ${message}`)

const lay = (
  clusters: ClusterFacts[],
  {
    doc = {},
    served = {},
    model = {},
  }: { doc?: Partial<IngressDoc>; served?: Facts['served']; model?: Parameters<typeof modelOf>[0] } = {},
): LaidOut => layOut(ingressOf(modelOf(model), doc), clusters, [], { ...factsOf(...clusters), served })

const fresh = { generation: 2, plannedGeneration: 1 }
const serving = { generation: 2, plannedGeneration: 2 }

const rows: {
  reason: string
  clusters: ClusterFacts[]
  doc?: Partial<IngressDoc>
  served?: Facts['served']
  /** null = the service is not laid out. */
  home: string | null
  serves: string[]
  problem?: RegExp
  warning?: RegExp
}[] = [
  {
    reason: "all clusters in the load balancer's project",
    clusters: [inProject('a', project, 'web'), inProject('b', project, 'web')],
    home: project,
    serves: ['a', 'b'],
  },
  {
    reason: 'all clusters in another project: its backends are there',
    clusters: [inProject('a', 'team', 'web'), inProject('b', 'team', 'web')],
    home: 'team',
    serves: ['a', 'b'],
  },
  {
    reason: 'a cluster of another project that has nothing of the Ingress lacks it as any other does',
    clusters: [inProject('a', project, 'web'), inProject('b', 'team')],
    home: project,
    serves: ['a'],
    warning: /^cluster b: has no service default\/web/,
  },
  {
    reason: 'a new spec over two projects is a mistake, and each cluster is named with its project',
    clusters: [inProject('a', project, 'web'), inProject('b', 'team', 'web')],
    doc: fresh,
    home: project,
    serves: ['a'],
    problem:
      /^service default\/web: is in clusters of several projects \(lb-project: a; team: b\), and a backend service takes no backends of another project: select clusters/,
  },
  {
    reason:
      "a cluster of another project that comes later cannot join, and moves nothing, be it the load balancer's own",
    clusters: [inProject('a', project, 'web'), inProject('b', 'team', 'web')],
    doc: serving,
    served: servedIn('team'),
    home: 'team',
    serves: ['b'],
    warning:
      /^cluster a: is in project lb-project and cannot serve service default\/web, whose backends are in project team/,
  },
  {
    reason: "a Service that goes for a while does not hand its traffic to another project's of the same name",
    clusters: [inProject('a', project), inProject('b', 'team', 'web')],
    doc: serving,
    served: servedIn(project),
    home: null,
    serves: [],
    problem:
      /^service default\/web: is in no cluster of project lb-project any more, where its backends are, but in b \(project team\)/,
  },
  {
    reason: 'a new spec may move it there',
    clusters: [inProject('a', project), inProject('b', 'team', 'web')],
    doc: fresh,
    served: servedIn(project),
    home: 'team',
    serves: ['b'],
    warning: /^cluster a: has no service default\/web/,
  },
  {
    reason: 'what kubemci called it does not hold in another project',
    clusters: [inProject('b', 'team', 'web')],
    doc: {
      ...fresh,
      names: { 'backend-service web:80': 'mci1-be-30061--zp', 'health-check web:80': 'mci1-hc-30061--zp' },
    },
    home: 'team',
    serves: ['b'],
  },
  {
    reason: 'the classic scheme refers to nothing in another project',
    clusters: [inProject('b', 'team', 'web')],
    doc: { ...fresh, living: { loadBalancer: 'zp', scheme: 'EXTERNAL', leftovers: [] } },
    home: 'team',
    serves: ['b'],
    problem:
      /^service default\/web: is served by clusters of project team only: .* EXTERNAL_MANAGED, and this one has EXTERNAL/,
  },
]

describe('the project of a service', () => {
  for (const { reason, clusters, doc, served, home, serves, problem, warning } of rows)
    it(reason, () => {
      const { layout, problems, warnings } = lay(clusters, { ...(doc && { doc }), ...(served && { served }) })
      const [service] = layout.services
      const ids = service && [service.project, service.backendServiceId, service.healthCheckId.split('/')[1]]
      expect(ids ?? null).toEqual(home && [home, `backend-service/${home}/${backendService}`, home])
      expect(service?.backends.map(({ cluster }) => cluster) ?? []).toEqual(serves)
      expect(told(problems)).toEqual(problem === undefined ? [] : [expect.stringMatching(problem)])
      expect(told(warnings)).toEqual(warning === undefined ? [] : [expect.stringMatching(warning)])
    })

  it('is decided for each service by itself', () => {
    const rules = [rule('', ['Prefix', '/pay', to('pay')])]
    const { layout, problems, warnings } = lay([inProject('a', project, 'web'), inProject('b', 'team', 'pay')], {
      model: { rules },
    })
    expect(layout.services.map(({ name, project: home }) => `${name} ${home}`).sort()).toEqual([
      'pay team',
      `web ${project}`,
    ])
    expect([...told(problems), ...told(warnings)]).toEqual([])
  })
})

describe('an Ingress as one cluster can serve it', () => {
  const model = modelOf({
    rules: [rule('', ['Prefix', '/pay', to('pay')], ['Prefix', '/tls', to('web', 'https')])],
    defaultBackend: to('web'),
  })
  const both = inProject('a', project, 'web', 'pay')
  const named = clusterOf('a', {
    view: { services: { web: serviceOf([portOf(), portOf({ name: 'https', port: 443 })]), pay: { found: false } } },
  })
  const refs = (served: IngressModel): string[] => backendRefs(served).map(backendKey)
  const cases: { reason: string; cluster: ClusterFacts; elsewhere?: string[]; model?: IngressModel; left: string[] }[] =
    [
      { reason: 'a port that its Service lacks is left out', cluster: both, left: ['pay:80', 'web:80'] },
      { reason: 'a Service that it lacks is left out', cluster: named, left: ['web:80', 'web:https'] },
      { reason: 'what is served elsewhere is left out', cluster: both, elsewhere: ['pay'], left: ['web:80'] },
      {
        reason: 'where nothing would be left nothing is: the Ingress must have something',
        cluster: inProject('a', project),
        left: ['pay:80', 'web:80', 'web:https'],
      },
      {
        reason: 'what has not been seen yet is not lacking',
        cluster: clusterOf('a', { view: null }),
        left: ['pay:80', 'web:80', 'web:https'],
      },
      {
        reason: 'Services of a MultiClusterIngress are ours to make, and are not there before',
        cluster: inProject('a', project, 'web'),
        model: { ...model, services: { web: null, pay: null } },
        left: ['pay:80', 'web:80', 'web:https'],
      },
    ]
  for (const { reason, cluster, elsewhere = [], model: given = model, left } of cases)
    it(reason, () => expect(refs(asServedIn(given, cluster, elsewhere))).toEqual(left))
})
