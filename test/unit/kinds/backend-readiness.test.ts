import { describe, expect, it } from 'vitest'
import { readinessOf, type Readiness } from '../../../functions/reconcile/backend-readiness.ts'
import { CloudError } from '../../../shared/cloud/compute-port.ts'
import type { Cloud } from '../../../shared/engine/kind.ts'

const ref = { collection: 'backendServices', project: 'p', name: 'b' } as const
const path = (zone: string): string => `projects/p/zones/${zone}/networkEndpointGroups/web`

/** Health by zone: a letter for each member, `h` or `u`; null = Compute does not answer. `sizes` = what the groups hold. */
const cloud = (health: Record<string, string | null>, now: number, size = 0) =>
  ({
    now: () => now,
    compute: {
      health(_ref: unknown, group: string) {
        const members = health[group.split('/')[3] ?? '']
        if (members === null) return Promise.reject(new CloudError(503, '', 'not now'))
        const states = Array.from(members ?? '', (one) => ({ healthState: one === 'h' ? 'HEALTHY' : 'UNHEALTHY' }))
        return Promise.resolve(states)
      },
      get: () => Promise.resolve({ size }),
    },
  }) as unknown as Cloud

describe('whether a backend service can take over', () => {
  const rows: {
    reason: string
    health: Record<string, string | null>
    drained?: string
    before?: Readiness
    now?: number
    size?: number
    ready: boolean
    why?: RegExp
  }[] = [
    { reason: 'every member is healthy', health: { a: 'hh', b: 'h' }, ready: true },
    { reason: 'more than half are', health: { a: 'hhu', b: 'h' }, ready: true },
    { reason: 'half is not enough', health: { a: 'hu', b: 'h' }, ready: false, why: /1 of 2 in a$/ },
    { reason: 'one zone alone is not enough', health: { a: 'hh', b: 'uu' }, ready: false, why: /0 of 2 in b$/ },
    { reason: 'a zone without pods holds nobody up', health: { a: 'hh', b: '' }, ready: true },
    { reason: 'a zone that gets no traffic is not asked', health: { a: 'hh', b: 'uu' }, drained: 'b', ready: true },
    { reason: 'nothing is known yet', health: { a: '', b: '' }, size: 2, ready: false, why: /waits for the health/ },
    {
      reason: 'Compute does not answer',
      health: { a: null, b: null },
      size: 2,
      ready: false,
      why: /waits for the health/,
    },
    {
      reason: 'Compute stays silent about members that are there: it may check only what is sent to',
      health: { a: '', b: '' },
      before: { ready: false, since: 0, why: '' },
      now: 120_000,
      size: 2,
      ready: true,
    },
    {
      reason: 'there are no members, however long it takes',
      health: { a: '', b: '' },
      before: { ready: false, since: 0, why: '' },
      now: 1e9,
      ready: false,
    },
    {
      reason: 'members that are known to be unhealthy are waited for, however long it takes',
      health: { a: 'uu', b: 'hh' },
      before: { ready: false, since: 0, why: '' },
      now: 1e9,
      ready: false,
      why: /0 of 2 in a$/,
    },
  ]
  for (const { reason, health, drained, before = null, now = 0, size, ready, why } of rows)
    it(reason, async () => {
      const backends = Object.keys(health).map((zone) => ({
        group: path(zone),
        capacityScaler: zone === drained ? 0 : 1,
      }))
      const seen = await readinessOf(cloud(health, now, size), ref, { backends }, before)
      expect((seen.output as Readiness).ready).toBe(ready)
      expect(seen.pending === undefined).toBe(ready)
      if (why) expect(seen.pending?.why).toMatch(why)
    })

  it('what was ready once is not asked again', async () => {
    expect(await readinessOf({} as Cloud, ref, { backends: [] }, { ready: true })).toEqual({})
  })
})
