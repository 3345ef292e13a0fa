import type { Endpoint } from './endpoints.ts'
import { distance } from './regions.ts'
import type { Backend } from './resources.ts'

/** Picks endpoints for one backend service. */
export interface Balancer {
  /** `usable`: healthy endpoints of backends that take traffic. */
  pick(usable: readonly Endpoint[], clientRegion: string): Endpoint | undefined
}

/**
 * The nearest region that has anything usable takes everything (no overflow is simulated); within it groups take turns
 * in proportion to their capacity, and a group's endpoints take turns equally.
 */
export function createBalancer(): Balancer {
  const credits = new Map<string, number>()
  const turns = new Map<string, number>()

  /** Smooth weighted round robin: everyone earns its weight, the richest is served and pays for all. */
  function pickGroup(groups: ReadonlyMap<string, { weight: number }>): string | undefined {
    let total = 0
    let best: { group: string; credit: number } | undefined
    for (const [group, { weight }] of groups) {
      const credit = (credits.get(group) ?? 0) + weight
      credits.set(group, credit)
      total += weight
      if (best === undefined || credit > best.credit) best = { group, credit }
    }
    if (best === undefined) return undefined
    credits.set(best.group, best.credit - total)
    return best.group
  }

  return {
    pick(usable, clientRegion) {
      let nearest: { region: string; far: number } | undefined
      for (const { region } of usable) {
        const far = distance(clientRegion, region)
        if (nearest === undefined || far < nearest.far || (far === nearest.far && region < nearest.region))
          nearest = { region, far }
      }
      const groups = new Map<string, { weight: number; endpoints: Endpoint[] }>()
      for (const [group, endpoints] of Map.groupBy(
        usable.filter(({ region }) => region === nearest?.region),
        ({ backend }) => backend.group,
      )) {
        const backend = endpoints[0]?.backend
        if (backend !== undefined) groups.set(group, { weight: capacity(backend, endpoints.length), endpoints })
      }
      const group = pickGroup(groups)
      if (group === undefined) return undefined
      const endpoints = groups.get(group)?.endpoints ?? []
      const turn = turns.get(group) ?? 0
      turns.set(group, turn + 1)
      return endpoints[turn % endpoints.length]
    },
  }
}

/** A RATE target for the group or for each endpoint, else one share per endpoint; times the capacity scaler. */
function capacity(backend: Backend, endpoints: number): number {
  const each = backend.maxRatePerInstance ?? backend.maxRatePerEndpoint ?? 1
  const target = backend.balancingMode === 'RATE' ? (backend.maxRate ?? each * endpoints) : endpoints
  return target * backend.capacityScaler
}
