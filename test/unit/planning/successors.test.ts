import { describe, expect, it } from 'vitest'
import { derivedName } from '../../../shared/planning/derived.ts'
import type { ClusterFacts, ServedGroup } from '../../../shared/planning/facts.ts'
import type { NegOwner } from '../../../shared/planning/negs.ts'
import { succeeding } from '../../../shared/planning/successors.ts'
import { groupPath } from '../../../shared/planning/zones.ts'
import { clusterOf, modelOf, project } from './facts.ts'

/** `name` in zone a-a, or `name@zone`. */
const neg = (text: string): { zone: string; name: string } => {
  const [name = '', zone = 'a-a'] = text.split('@')
  return { zone, name }
}
const path = (text: string): string => groupPath('neg', { project, ...neg(text) })
const own: NegOwner = { cluster: 'u', namespace: 'default', service: 'web', port: '80' }

interface Given {
  named: string[]
  served: string[]
  /** Of what is served, what was seen to be healthy in another's place. */
  proven?: string[]
  owners?: Record<string, NegOwner | null>
  foreign?: string[]
  missing?: string[]
}

function clusterFrom({ owners = {}, foreign = [], missing = [] }: Given): ClusterFacts {
  return {
    ...clusterOf('a'),
    owners: Object.fromEntries(Object.entries(owners).map(([name, owner]) => [path(name), owner])),
    foreign: foreign.map(path),
    missing: missing.map(path),
  }
}
const servedFrom = ({ served, proven = [] }: Given): ServedGroup[] =>
  served.map((name) => ({
    group: path(name),
    idle: false,
    ...(proven.includes(name) ? { proven: true as const } : {}),
  }))

describe('network endpoint groups that take the place of others', () => {
  const rows: { reason: string; given: Given; groups: string[]; successors: string[] }[] = [
    {
      reason: 'nothing served before',
      given: { named: ['new'], served: [], owners: { new: own } },
      groups: ['new'],
      successors: [],
    },
    {
      reason: 'nothing changes',
      given: { named: ['old'], served: ['old'], owners: { old: own } },
      groups: ['old'],
      successors: [],
    },
    {
      reason: 'another is named, and nobody has looked at it: the old one serves',
      given: { named: ['new'], served: ['old'], owners: { old: own } },
      groups: ['new unseen', 'old'],
      successors: [],
    },
    {
      reason: 'another is named that is not there: the old one serves',
      given: { named: ['new'], served: ['old'], owners: { old: own }, missing: ['new'] },
      groups: ['new missing', 'old'],
      successors: [],
    },
    {
      reason: 'another is there: both, and it is to be healthy',
      given: { named: ['new'], served: ['old'], owners: { old: own, new: own } },
      groups: ['new', 'old'],
      successors: ['new'],
    },
    {
      reason: 'both serve, and the new one was not seen to be healthy',
      given: { named: ['new'], served: ['new', 'old'], owners: { old: own, new: own } },
      groups: ['new', 'old'],
      successors: ['new'],
    },
    {
      reason: 'the new one was seen to be healthy: the old one goes',
      given: { named: ['new'], served: ['new', 'old'], proven: ['new'], owners: { old: own, new: own } },
      groups: ['new'],
      successors: [],
    },
    {
      reason: 'zone by zone: in one it is healthy, in the other not yet',
      given: {
        named: ['new', 'new@a-b'],
        served: ['new', 'old', 'new@a-b', 'old@a-b'],
        proven: ['new'],
        owners: { old: own, new: own, 'old@a-b': own, 'new@a-b': own },
      },
      groups: ['new', 'new@a-b', 'old@a-b'],
      successors: ['new@a-b'],
    },
    {
      reason: 'none is named in its zone any more: it goes',
      given: { named: ['old'], served: ['old', 'old@a-b'], owners: { old: own, 'old@a-b': own } },
      groups: ['old'],
      successors: [],
    },
    {
      reason: "somebody else's is named: the old one serves on",
      given: { named: ['theirs'], served: ['old'], owners: { old: own, theirs: own }, foreign: ['theirs'] },
      groups: ['theirs foreign', 'old'],
      successors: [],
    },
    {
      reason: 'what serves another port or Service, or does not say whose it is, has nothing to do with it',
      given: {
        named: ['new'],
        served: ['tls', 'api', 'any'],
        owners: { new: own, tls: { ...own, port: '443' }, api: { ...own, service: 'api' }, any: null },
      },
      groups: ['new'],
      successors: [],
    },
  ]
  const shown = (group: { name: string; zone: string; unseen?: true; missing?: true; foreign?: true }): string =>
    `${group.name}${group.zone === 'a-a' ? '' : `@${group.zone}`}${group.unseen ? ' unseen' : ''}${group.missing ? ' missing' : ''}${group.foreign ? ' foreign' : ''}`
  for (const { reason, given, groups, successors } of rows)
    it(reason, () => {
      const found = succeeding(modelOf(), 'web', 80, clusterFrom(given), given.named.map(neg), servedFrom(given))
      expect(found.groups.map(shown)).toEqual(groups)
      expect(found.successors).toEqual(successors.map(path))
    })

  it('knows the Services that were derived for a MultiClusterIngress by the names that they have in the cluster', () => {
    const model = modelOf({ services: { web: { clusters: null, selector: {}, ports: [], annotations: {} } } })
    const owner = { ...own, service: derivedName(model, 'web') }
    const given: Given = { named: ['new'], served: ['old'], owners: { old: owner, new: owner } }
    const { successors } = succeeding(model, 'web', 80, clusterFrom(given), given.named.map(neg), servedFrom(given))
    expect(successors).toEqual([path('new')])
  })
})
