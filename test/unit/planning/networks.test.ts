import { describe, expect, it } from 'vitest'
import { firewallKey, layNetworks } from '../../../shared/planning/networks.ts'
import type { ClusterFacts } from '../../../shared/planning/facts.ts'

const inNetwork = (name: string, network: string): ClusterFacts =>
  ({
    doc: { name, registration: { name, network }, sight: null },
    view: null,
    trouble: null,
  }) as unknown as ClusterFacts

const own = 'projects/p/global/networks/default'
const earlier = 'projects/a/global/networks/shared'

describe('names of firewall rules, one per network', () => {
  const lay = (kept: Record<string, string>, ...clusters: ClusterFacts[]): [string, string][] =>
    layNetworks({ lb: 'shop', plain: 'mci1-fr--shop', kept, clusters }).map(({ network, firewallName }) => [
      network,
      firewallName,
    ])

  it.each([
    {
      reason: 'the only network has the plain name, as kubemci gave it',
      kept: {},
      clusters: [inNetwork('a', own)],
      want: [[own, 'mci1-fr--shop']],
    },
    {
      reason: 'of several new ones the first by name has it',
      kept: {},
      clusters: [inNetwork('a', own), inNetwork('b', earlier)],
      want: [
        [earlier, 'mci1-fr--shop'],
        [own, expect.stringMatching(/^mci1-fr-[0-9a-f]{6}--shop$/)],
      ],
    },
    {
      reason: 'one that sorts first and comes later does not rename the rule in use',
      kept: { [firewallKey(own)]: 'mci1-fr--shop' },
      clusters: [inNetwork('a', own), inNetwork('b', earlier)],
      want: [
        [earlier, expect.stringMatching(/^mci1-fr-[0-9a-f]{6}--shop$/)],
        [own, 'mci1-fr--shop'],
      ],
    },
    {
      reason: 'a cluster whose network nobody knows opens nothing',
      kept: {},
      clusters: [
        {
          ...inNetwork('a', own),
          doc: { name: 'a', registration: { name: 'a' }, sight: null },
        } as unknown as ClusterFacts,
      ],
      want: [],
    },
  ])('$reason', ({ kept, clusters, want }) => {
    expect(lay(kept, ...clusters)).toEqual(want)
  })
})
