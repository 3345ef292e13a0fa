import { describe, expect, it } from 'vitest'
import type { ClusterFacts } from '../../../shared/planning/facts.ts'
import { withForeignNegs } from '../../../shared/planning/foreign-negs.ts'
import type { NegOwner } from '../../../shared/planning/negs.ts'
import { groupPath } from '../../../shared/planning/zones.ts'
import { clusterDoc, modelOf, project, serviceOf } from './facts.ts'

const path = (name: string): string => groupPath('neg', { project, zone: 'a-a', name })
const ownerOf = (parts: Partial<NegOwner> = {}): NegOwner => ({
  cluster: 'uid-a',
  namespace: 'default',
  service: 'web',
  port: '80',
  ...parts,
})

/** A cluster whose Service names these groups, and what is known of groups; a group of the API of that name. */
function clusterOf(
  name: string,
  named: string[],
  owners: Record<string, NegOwner | null>,
  parts: { uid?: string | null; service?: string; trouble?: string } = {},
): ClusterFacts {
  const { uid = `uid-${name}`, service = 'web' } = parts
  const doc = clusterDoc(name)
  const negs = { '80': named.map((neg) => ({ zone: 'a-a', name: neg })) }
  return {
    doc: { ...doc, sight: doc.sight === null ? null : { ...doc.sight, ...(uid === null ? {} : { uid }) } },
    view: { services: { [service]: serviceOf(undefined, { negs }) }, groups: { state: 'none' } },
    trouble: parts.trouble ?? null,
    owners: Object.fromEntries(Object.entries(owners).map(([neg, owner]) => [path(neg), owner])),
  }
}

/** What it names and has, but for what is somebody else's. */
const negsOf = (cluster: ClusterFacts | undefined): string[] =>
  Object.values(cluster?.view?.services ?? {}).flatMap((service) =>
    service.found
      ? (service.negs?.['80'] ?? [])
          .map(({ name }) => name)
          .filter((name) => cluster?.foreign?.includes(path(name)) !== true)
      : [],
  )

describe('whose network endpoint groups are used', () => {
  const other = clusterOf('b', [], {})
  const rows: { reason: string; cluster: ClusterFacts; others?: ClusterFacts[]; used: string[]; says?: RegExp }[] = [
    { reason: 'its own', cluster: clusterOf('a', ['n'], { n: ownerOf() }), used: ['n'] },
    {
      reason: 'one that was not looked at yet: it is not used for other reasons',
      cluster: clusterOf('a', ['n'], {}),
      used: ['n'],
    },
    { reason: 'one that people made, which says nothing', cluster: clusterOf('a', ['n'], { n: null }), used: ['n'] },
    {
      reason: 'one of another namespace, of the same cluster',
      cluster: clusterOf('a', ['n'], { n: ownerOf({ namespace: 'shop' }) }),
      used: [],
      says: /names network endpoint groups of others as its own \(n in a-a, which is of namespace shop\)/,
    },
    {
      reason: 'one of the same namespace and Service of another cluster, which is registered',
      cluster: clusterOf('a', ['n'], { n: ownerOf({ cluster: 'uid-b' }) }),
      used: [],
      says: /which is of cluster b/,
    },
    {
      reason: 'one of a cluster that nobody registered',
      cluster: clusterOf('a', ['n'], { n: ownerOf({ cluster: 'uid-x' }) }),
      used: [],
      says: /which is of another cluster \(uid-x\)/,
    },
    {
      reason: 'its own uid may not be read: one of a registered cluster is another’s all the same',
      cluster: clusterOf('a', ['n'], { n: ownerOf({ cluster: 'uid-b' }) }, { uid: null }),
      used: [],
      says: /which is of cluster b/,
    },
    {
      reason: 'its own uid may not be read: which cluster’s is not known, and the namespace is right',
      cluster: clusterOf('a', ['n'], { n: ownerOf({ cluster: 'uid-x' }) }, { uid: null }),
      used: ['n'],
    },
    {
      reason: 'beside its own',
      cluster: clusterOf('a', ['mine', 'theirs'], { mine: ownerOf(), theirs: ownerOf({ cluster: 'uid-b' }) }),
      used: ['mine'],
      says: /theirs in a-a/,
    },
    {
      reason: 'why it did not answer is said as well',
      cluster: clusterOf('a', ['n'], { n: ownerOf({ namespace: 'shop' }) }, { trouble: 'timeout' }),
      used: [],
      says: /^timeout; it names/,
    },
    {
      reason: 'one without a description that two name is the first’s by name',
      cluster: clusterOf('a', ['n'], { n: null }),
      others: [clusterOf('b', ['n'], {})],
      used: ['n'],
    },
    {
      reason: 'one without a description that two name stays with the one for which it was wanted before',
      cluster: clusterOf('a', ['n'], {}),
      others: [clusterOf('b', ['n'], { n: null })],
      used: [],
      says: /which is of cluster b/,
    },
  ]
  for (const { reason, cluster, others = [other], used, says } of rows)
    it(reason, () => {
      const [seen] = withForeignNegs(modelOf(), [cluster, ...others])
      expect(negsOf(seen)).toEqual(used)
      if (says === undefined) expect(seen?.trouble).toBe(cluster.trouble)
      else expect(seen?.trouble).toMatch(says)
    })

  it('leaves clusters alone that name nothing of others', () => {
    const clusters = [clusterOf('a', ['n'], { n: ownerOf() }), other]
    const seen = withForeignNegs(modelOf(), clusters)
    expect(seen).toEqual(clusters)
  })
})
