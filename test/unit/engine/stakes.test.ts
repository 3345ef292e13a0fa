import { describe, expect, it } from 'vitest'
import type { Sources } from '../../../shared/engine/sources.ts'
import { stakesOf, withdrawn } from '../../../shared/engine/stakes.ts'
import type { Plan } from '../../../shared/planning/plan.ts'
import { resourceId } from '../../../shared/resource-id.ts'
import type { ClaimDoc, Leftover } from '../../../shared/state/documents.ts'
import { ingressOf, modelOf, project } from '../planning/facts.ts'
import { claimDoc } from './resources.ts'

const map = resourceId('url-map', project, 'mci1-um--zp')
const service = resourceId('backend-service', project, 'mci1-be-30061--zp')
const look = resourceId('cluster-ingress', 'a', 'default', 'zp')
const leftovers: Leftover[] = [
  { id: map, refs: [service] },
  { id: service, refs: [] },
]

function sources(claims: ClaimDoc[], takingOver: Leftover[] = []): Sources {
  const living = { loadBalancer: 'zp', scheme: 'EXTERNAL' as const, leftovers }
  return { doc: ingressOf(modelOf(), { living, takingOver }), clusters: [], claims, resources: new Map() }
}

describe('what was there before us', () => {
  it('is noted with what it refers to when it is wanted, so that nothing is removed under it', () => {
    const made = { is: 'looking', desired: [{ id: map, want: {}, refs: [] }], waiting: [], warnings: [] } as Plan
    expect(stakesOf(made, sources([]))).toMatchObject([{ do: 'claim', id: map, standing: [service] }])
  })

  it('goes with a load balancer that is withdrawn while it is being taken over', () => {
    const dropped = withdrawn([], sources([claimDoc(map)], leftovers))
    expect(dropped.map((one) => `${one.do} ${one.id}`)).toEqual([`retire ${map}`, `retire ${service}`, `drop ${map}`])
  })

  it('stays when the Ingress is withdrawn before anything was taken over', () => {
    expect(withdrawn([], sources([claimDoc(look)])).map((one) => one.do)).toEqual(['drop'])
  })

  it('stays when the Ingress is withdrawn before anything of it was taken over, though it has another one', () => {
    const other = claimDoc(resourceId('url-map', project, 'mci1-um--before'))
    expect(withdrawn([], sources([other])).map((one) => `${one.do} ${one.id}`)).toEqual([`drop ${other.resource}`])
  })
})
