import { describe, expect, it } from 'vitest'
import type { ClusterFacts, StandingServices } from '../../../shared/planning/facts.ts'
import { layOut } from '../../../shared/planning/layout.ts'
import { clusterOf, factsOf, groupsOf, ingressOf, modelOf, portOf, project, serviceOf, to } from './facts.ts'

const [groupService, negService] = ['', 'neg-'].map(
  (sort) => `backend-service/${project}/mci1-be-${sort}81ee96c7--zp` as const,
) as [StandingServices['routed'][number], StandingServices['routed'][number]]
const zone = 'a-a'

/** A cluster with both sorts of groups; what its Service asks for decides. */
const both = (neg: string | null, port: Parameters<typeof portOf>[0] = {}): ClusterFacts =>
  clusterOf('a', {
    view: {
      services: {
        web: serviceOf([portOf({ targets: [8080], ...port })], {
          ...(neg === null ? {} : { neg }),
          negs: { 80: [{ zone, name: 'k8s1-web' }] },
        }),
      },
      groups: groupsOf(zone),
    },
  })
const lay = (cluster: ClusterFacts, standing?: StandingServices) =>
  layOut(ingressOf(modelOf()), [cluster], [], {
    ...factsOf(cluster),
    ...(standing === undefined ? {} : { standing, served: Object.fromEntries(standing.applied.map((id) => [id, []])) }),
  })

describe('a service that changes its mode', () => {
  const asks = '{"ingress":true}'
  const rows: {
    reason: string
    cluster: ClusterFacts
    standing?: StandingServices
    services: string[]
    sendsTo: string
    leaves: number[]
    hold?: RegExp
  }[] = [
    {
      reason: 'nothing is there: it is made in its mode',
      cluster: both(asks),
      services: ['neg serves'],
      sendsTo: 'neg',
      leaves: [],
    },
    {
      reason: 'it serves in the other mode: both are laid out, and the URL map stays',
      cluster: both(asks),
      standing: { routed: [groupService], applied: [groupService], proven: [] },
      services: ['instance-groups retained', 'neg awaited'],
      sendsTo: 'instance-groups',
      leaves: [30061],
    },
    {
      reason: 'what it moves to was seen to be healthy: the URL map sends there',
      cluster: both(asks),
      standing: { routed: [groupService], applied: [groupService, negService], proven: [negService] },
      services: ['neg serves'],
      sendsTo: 'neg',
      leaves: [30061],
    },
    {
      reason: 'the old one is still there: its port stays open',
      cluster: both(asks),
      standing: { routed: [negService], applied: [groupService, negService], proven: [negService] },
      services: ['neg serves'],
      sendsTo: 'neg',
      leaves: [30061],
    },
    {
      reason: 'the old one is gone',
      cluster: both(asks),
      standing: { routed: [negService], applied: [negService], proven: [negService] },
      services: ['neg serves'],
      sendsTo: 'neg',
      leaves: [],
    },
    {
      reason: 'the way back is the same',
      cluster: both(null),
      standing: { routed: [negService], applied: [negService], proven: [] },
      services: ['instance-groups awaited', 'neg retained'],
      sendsTo: 'neg',
      leaves: [8080],
    },
    {
      reason: 'what was wanted in the other mode and never came to be serves nobody',
      cluster: both(asks),
      standing: { routed: [groupService], applied: [], proven: [] },
      services: ['neg serves'],
      sendsTo: 'neg',
      leaves: [],
    },
    {
      reason: 'the NodePort is gone already: the old one stays as it was last wanted',
      cluster: both(asks, { nodePort: null }),
      standing: { routed: [groupService], applied: [groupService], proven: [] },
      services: ['instance-groups retained', 'neg awaited'],
      sendsTo: 'instance-groups',
      leaves: [],
      hold: /serves by the instance groups that it had/,
    },
  ]
  for (const { reason, cluster, standing, services, sendsTo, leaves, hold } of rows)
    it(reason, () => {
      const { layout, problems, modes } = lay(cluster, standing)
      expect(problems).toEqual([])
      expect(layout.services.map(({ mode, role }) => `${mode} ${role}`).sort()).toEqual(services)
      expect(layout.service(to('web'))?.mode).toBe(sendsTo)
      const serving = layout.services.filter(({ role }) => role !== 'retained')
      expect(serving.flatMap(({ leaving }) => leaving.flatMap(({ ports }) => ports))).toEqual(leaves)
      const retained = layout.services.find(({ role }) => role === 'retained')
      if (hold) expect(retained?.hold).toMatch(hold)
      else expect(retained?.hold ?? null).toBeNull()
      expect(modes[0]?.message.includes('serve until')).toBe(retained !== undefined)
    })
})
