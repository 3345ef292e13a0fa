import { describe, expect, it } from 'vitest'
import { kinds } from '../../../functions/reconcile/index.ts'
import { projectsOf, whereaboutsOf } from '../../../shared/engine/projects.ts'
import { shardsOf } from '../../../shared/engine/tick.ts'
import { hostProjectOf } from '../../../shared/planning/networks.ts'
import { clusterDoc } from '../planning/facts.ts'

const inHost = 'projects/host/global/networks/shared'
const { registration } = clusterDoc('any')
const clusters = [
  clusterDoc('own'),
  clusterDoc('team', { registration: { ...registration, name: 'team', project: 'team-project', network: inHost } }),
]
const places = clusters.map(whereaboutsOf)

describe('the projects in which resources of a kind may be', () => {
  const rows: { reason: string; lives: NonNullable<Parameters<typeof projectsOf>[0]['lives']>; want: string[] }[] = [
    { reason: 'what there is once per load balancer', lives: ['load-balancer'], want: ['lb'] },
    { reason: 'groups', lives: ['clusters'], want: ['lb-project', 'team-project'] },
    { reason: 'backend services', lives: ['load-balancer', 'clusters'], want: ['lb', 'lb-project', 'team-project'] },
    { reason: 'firewall rules', lives: ['networks'], want: ['host', 'lb-project'] },
  ]
  for (const { reason, lives, want } of rows)
    it(reason, () => expect(projectsOf({ lives }, 'lb', places)).toEqual(want))

  it('are said by every kind that is in Compute, so that none is forgotten by the sweeps', () =>
    expect(kinds.filter(({ collections, lives }) => (collections === undefined) !== (lives === undefined))).toEqual([]))

  it('a host project is asked for firewall rules only, a team for no URL map', () => {
    const shards = shardsOf({ kinds, project: 'lb-project' }, clusters)
    const swept = (project: string): string[] =>
      shards.flatMap((shard) => (shard.sweep === 'kind' && shard.project === project ? [shard.kind] : [])).sort()
    expect(swept('host')).toEqual(['firewall-rule'])
    expect(swept('team-project')).toEqual(['backend-service', 'health-check', 'named-ports', 'network-endpoint-group'])
    expect(swept('lb-project')).toContain('url-map')
  })

  it('a network of another project is that of a host project', () =>
    expect(clusters.map(hostProjectOf)).toEqual([null, 'host']))
})
