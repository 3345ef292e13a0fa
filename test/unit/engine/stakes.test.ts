import { describe, expect, it } from 'vitest'
import { kinds } from '../../../functions/reconcile/index.ts'
import type { Sources } from '../../../shared/engine/sources.ts'
import { stakesOf, withdrawn } from '../../../shared/engine/stakes.ts'
import type { Plan } from '../../../shared/planning/plan.ts'
import { resourceId } from '../../../shared/resource-id.ts'
import type { ClaimDoc, Leftover } from '../../../shared/state/documents.ts'
import { ingressOf, modelOf, project } from '../planning/facts.ts'
import { claimDoc, resourceDoc } from './resources.ts'

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

describe('while nothing can be planned', () => {
  const address = resourceId('address', project, 'mci1-ip--zp')
  const rule = resourceId('forwarding-rule', project, 'mci1-fw--zp')
  const refused: Plan = { is: 'refused', desired: [], problems: [], warnings: [] }
  const served = (ip: string, hold: Partial<ClaimDoc> = {}): Sources => ({
    ...sources([
      claimDoc(address, { want: { ipVersion: 'IPV4' } }),
      claimDoc(rule, { want: { IPAddress: '203.0.113.1', target: 'tp' }, refs: [address], ...hold }),
      claimDoc(look),
    ]),
    resources: new Map([[address, resourceDoc(address, { output: { ip } })]]),
  })

  it('what is wanted stays, and names the IP that its address has by now', () => {
    expect(stakesOf(kinds, refused, served('203.0.113.9'))).toEqual([
      { do: 'claim', id: rule, want: { IPAddress: '203.0.113.9', target: 'tp' }, refs: [address], force: false },
    ])
  })

  it('nothing is written when that is the IP that it names', () => {
    expect(stakesOf(kinds, refused, served('203.0.113.1'))).toEqual([])
  })

  it('what was only observed is only observed', () => {
    expect(stakesOf(kinds, refused, served('203.0.113.9', { hold: 'observe' }))).toMatchObject([{ hold: 'observe' }])
  })
})

describe('what was there before us', () => {
  it('is noted with what it refers to when it is wanted, so that nothing is removed under it', () => {
    const made = { is: 'looking', desired: [{ id: map, want: {}, refs: [] }], waiting: [], warnings: [] } as Plan
    expect(stakesOf([], made, sources([]))).toMatchObject([{ do: 'claim', id: map, standing: [service] }])
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
