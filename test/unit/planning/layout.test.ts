import { describe, expect, it } from 'vitest'
import type { ClusterFacts, ProbeFact } from '../../../shared/planning/facts.ts'
import { layOut, nameLayout, type LaidOut } from '../../../shared/planning/layout.ts'
import { names } from '../../../shared/planning/names.ts'
import type { Problem } from '../../../shared/state/documents.ts'
import {
  clusterDoc,
  clusterOf,
  factsOf,
  groupsOf,
  ingressOf,
  modelOf,
  portOf,
  project,
  rule,
  serviceOf,
  to,
} from './facts.ts'

const lay = (
  clusters: ClusterFacts[],
  parts: Parameters<typeof modelOf>[0] = {},
  drained: string[] = [],
  names: Record<string, string> = {},
): LaidOut => layOut(ingressOf(modelOf(parts), { names }), clusters, drained, factsOf(...clusters))

const told = (problems: readonly Problem[]) => problems.map(({ where, message }) => `${where}: ${message}`)
const [a, b] = [clusterOf('a'), clusterOf('b')]

describe('nameLayout', () => {
  const rows: { reason: string; parts: Parameters<typeof modelOf>[0]; lb: string; address: string; ours: boolean }[] = [
    { reason: 'by default', parts: {}, lb: 'zp', address: 'mci1-ip--zp', ours: true },
    {
      reason: 'named by annotation',
      parts: { settings: { loadBalancer: 'edge' } },
      lb: 'edge',
      address: 'mci1-ip--edge',
      ours: true,
    },
    {
      reason: "the user's address",
      parts: { settings: { staticIp: 'my-ip' } },
      lb: 'zp',
      address: 'my-ip',
      ours: false,
    },
  ]
  for (const { reason, parts, lb, address, ours } of rows)
    it(reason, () =>
      expect(nameLayout(ingressOf(modelOf(parts)), { project })).toMatchObject({
        ingress: 'default/zp',
        lb,
        address: { id: `address/${project}/${address}`, name: address, ours },
      }),
    )
})

describe('services', () => {
  it('maps one named port to each cluster its own NodePort', () => {
    const other = clusterOf('b', { view: { services: { web: serviceOf([portOf({ nodePort: 31999 })]) } } })
    const { layout, problems, warnings } = lay([a, other])
    expect([problems, warnings]).toEqual([[], []])
    expect(layout.services).toHaveLength(1)
    expect(layout.services[0]?.namedPort).toBe(names.namedPort({ namespace: 'default', service: 'web', port: 80 }))
    expect(layout.services[0]?.backends).toEqual([
      { cluster: 'a', nodePort: 30061, groups: [{ project, zone: 'a-a', name: 'k8s-ig--a-a' }], drained: false },
      { cluster: 'b', nodePort: 31999, groups: [{ project, zone: 'b-a', name: 'k8s-ig--b-a' }], drained: false },
    ])
  })

  it('makes one service of a port that is named here and numbered there', () => {
    const { layout } = lay([a], { rules: [rule('', ['Prefix', '/x', to('web', 'http')])] })
    expect(layout.services.map(({ name, port }) => [name, port])).toEqual([['web', 80]])
    expect(layout.service(to('web', 'http'))).toBe(layout.service(to('web', 80)))
  })

  it('makes two of two ports of one service, which collided at kubemci', () => {
    const two = clusterOf('a', {
      view: { services: { web: serviceOf([portOf(), portOf({ name: 'admin', port: 81, nodePort: 30099 })]) } },
    })
    const { layout } = lay([two], { rules: [rule('', ['Prefix', '/admin', to('web', 81)])] })
    expect(layout.service(to('web', 80))?.backends[0]?.nodePort).toBe(30061)
    expect(layout.service(to('web', 81))?.backends[0]?.nodePort).toBe(30099)
    expect(new Set(layout.services.map((service) => service.backendServiceName)).size).toBe(2)
  })

  it('has several groups of one cluster, in its own project', () => {
    const doc = clusterDoc('a')
    const { layout } = lay([
      clusterOf('a', {
        doc: { registration: { ...doc.registration, project: 'other' } },
        view: { groups: groupsOf('a-a', 'a-b') },
      }),
    ])
    expect(layout.services[0]?.backends[0]?.groups).toEqual([
      { project: 'other', zone: 'a-a', name: 'k8s-ig--a-a' },
      { project: 'other', zone: 'a-b', name: 'k8s-ig--a-b' },
    ])
  })

  it('keeps recorded names, also when the NodePort has changed since', () => {
    const kept = { 'backend-service web:80': 'mci1-be-30061--zp', 'health-check web:80': 'mci1-hc-30061--zp' }
    const moved = clusterOf('a', { view: { services: { web: serviceOf([portOf({ nodePort: 31111 })]) } } })
    expect(lay([moved], {}, [], kept).layout.services[0]).toMatchObject({
      backendServiceName: 'mci1-be-30061--zp',
      backendServiceId: `backend-service/${project}/mci1-be-30061--zp`,
      healthCheckName: 'mci1-hc-30061--zp',
    })
  })

  it("takes protocol and health check from the service's annotation and the pods' probe", () => {
    const probe: ProbeFact = {
      path: '/ready',
      host: null,
      scheme: 'HTTPS',
      periodSeconds: 5,
      timeoutSeconds: 1,
      successThreshold: 1,
      failureThreshold: 2,
    }
    const secure = clusterOf('a', {
      view: { services: { web: serviceOf([portOf({ probe })], { appProtocols: '{"http":"HTTPS"}' }) } },
    })
    expect(lay([secure]).layout.services[0]).toMatchObject({
      protocol: 'HTTPS',
      health: { type: 'HTTPS', path: '/ready', interval: 5, unhealthy: 2 },
    })
  })

  it('marks what is drained, cluster by cluster', () => {
    const { layout } = lay([a, b], {}, ['b'])
    expect(layout.clusters.map(({ name, drained }) => [name, drained])).toEqual([
      ['a', false],
      ['b', true],
    ])
    expect(layout.services[0]?.backends.map(({ drained }) => drained)).toEqual([false, true])
  })
})

describe('what serves and what is said', () => {
  const lacks = (name: string) => clusterOf(name, { view: { services: { web: { found: false } } } })
  const rows: {
    reason: string
    clusters: ClusterFacts[]
    model?: Parameters<typeof modelOf>[0]
    serves: string[]
    hold?: RegExp
    problems?: RegExp[]
    warnings?: RegExp[]
  }[] = [
    { reason: 'everywhere', clusters: [a, b], serves: ['a', 'b'] },
    {
      reason: 'missing in one cluster: the others serve',
      clusters: [a, lacks('b')],
      serves: ['a'],
      warnings: [/^cluster b: has no service default\/web/],
    },
    {
      reason: 'missing in all',
      clusters: [lacks('a'), lacks('b')],
      serves: [],
      problems: [/^service default\/web: does not exist in any selected cluster \(a, b\)/],
    },
    {
      reason: 'a port that is missing in one cluster',
      clusters: [a, clusterOf('b', { view: { services: { web: serviceOf([portOf({ port: 8080, name: 'alt' })]) } } })],
      serves: ['a'],
      warnings: [/^cluster b: service default\/web has no port 80/],
    },
    {
      reason: 'a port number that is missing in all',
      clusters: [a],
      model: { defaultBackend: to('web', 81) },
      serves: [],
      problems: [/^service default\/web: has no port 81 in any selected cluster; it has 80 \(http\)$/],
    },
    {
      reason: 'a port name that is missing in all',
      clusters: [a],
      model: { defaultBackend: to('web', 'https') },
      serves: [],
      problems: [/has no port https in any selected cluster/],
    },
    {
      reason: 'a ClusterIP service',
      clusters: [
        clusterOf('a', { view: { services: { web: serviceOf([portOf({ nodePort: null })], { type: 'ClusterIP' }) } } }),
      ],
      serves: [],
      problems: [/^service default\/web: has type ClusterIP and no NodePort in cluster a/],
    },
    {
      reason: 'instance groups by annotation, where GKE runs the service on NEGs and makes no groups',
      clusters: [
        a,
        clusterOf('b', { view: { services: { web: serviceOf([portOf()], { neg: '{"ingress":true}' }) } } }),
      ],
      model: { settings: { backends: 'instance-groups' } },
      serves: ['a', 'b'],
      problems: [/^service default\/web: uses network endpoint groups in cluster b/],
    },
    {
      reason: 'a NEG annotation that is no JSON',
      clusters: [clusterOf('a', { view: { services: { web: serviceOf([portOf()], { neg: 'yes' }) } } })],
      serves: ['a'],
    },
    {
      reason: 'groups are not written yet',
      clusters: [a, clusterOf('b', { view: { groups: { state: 'pending', since: 0 } } })],
      serves: ['a'],
      hold: /instance groups of b$/,
    },
    {
      reason: 'the object is not applied yet',
      clusters: [clusterOf('a', { view: { groups: { state: 'none' } } })],
      serves: [],
      hold: /instance groups of a$/,
    },
    {
      reason: 'groups that do not come hold nobody up for ever',
      clusters: [a, clusterOf('b', { view: { groups: { state: 'overdue', since: 0 } } })],
      serves: ['a'],
      warnings: [/^cluster b: its in-cluster controller has written no instance groups/],
    },
    {
      reason: 'a cluster that does not answer keeps its last known groups',
      clusters: [a, clusterOf('b', { trouble: 'connection refused' })],
      serves: ['a', 'b'],
    },
    {
      reason: 'a cluster that stopped answering before its groups were known holds nobody up',
      clusters: [
        a,
        clusterOf('b', { trouble: 'connection refused', view: { groups: { state: 'pending', since: 0 } } }),
      ],
      serves: ['a'],
    },
    {
      reason: 'a cluster that never answered',
      clusters: [a, clusterOf('b', { view: null, trouble: 'timeout' })],
      serves: ['a'],
    },
    {
      reason: 'a cluster that stopped answering before it was asked for this service: it is not said to lack it',
      clusters: [a, clusterOf('b', { trouble: 'timeout', view: { services: { old: serviceOf() } } })],
      serves: ['a'],
    },
    {
      reason: 'no cluster ever answered: why not, by name',
      clusters: [clusterOf('a', { view: null, trouble: 'timeout' })],
      serves: [],
      problems: [/no selected cluster has answered yet: a \(timeout\)/],
    },
    {
      reason: 'the classic scheme and no default backend',
      clusters: [a],
      model: { defaultBackend: null, rules: [rule('', ['Prefix', '/', to('web')])], settings: { scheme: 'EXTERNAL' } },
      serves: ['a'],
      problems: [/^spec.defaultBackend: the classic scheme/],
    },
    {
      reason: 'no default backend otherwise',
      clusters: [a],
      model: { defaultBackend: null, rules: [rule('', ['Prefix', '/', to('web')])] },
      serves: ['a'],
    },
  ]
  for (const { reason, clusters, model, serves, hold, problems = [], warnings = [] } of rows)
    it(reason, () => {
      const laid = lay(clusters, model)
      expect(laid.layout.services.flatMap((service) => service.backends.map(({ cluster }) => cluster))).toEqual(serves)
      expect(told(laid.problems)).toEqual(problems.map((one) => expect.stringMatching(one) as string))
      expect(told(laid.warnings)).toEqual(warnings.map((one) => expect.stringMatching(one) as string))
      if (hold) expect(laid.layout.services[0]?.hold).toMatch(hold)
      else for (const service of laid.layout.services) expect(service.hold).toBeNull()
    })

  it('says every problem of an Ingress at once', () => {
    const laid = lay([lacks('a')], {
      rules: [rule('', ['Prefix', '/x', to('cart')], ['Prefix', '/y', to('api', 'grpc')])],
    })
    expect(laid.problems.map(({ where }) => where).sort()).toEqual([
      'service default/api',
      'service default/cart',
      'service default/web',
    ])
  })
})
