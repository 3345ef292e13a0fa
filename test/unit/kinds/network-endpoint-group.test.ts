import { describe, expect, it } from 'vitest'
import { networkEndpointGroup } from '../../../functions/reconcile/network-endpoint-group.ts'
import { decide } from '../../../shared/engine/decide.ts'
import type { Cloud } from '../../../shared/engine/kind.ts'
import { resourceId } from '../../../shared/resource-id.ts'

const id = resourceId('network-endpoint-group', 'p', 'z-a', 'web')
const want = { there: true, owner: 'known' } as const

/** What ingress-gce writes when it makes a group. */
const description = '{"cluster-uid":"u-1","namespace":"default","service-name":"web","port":"80"}'
const seen = { absent: false, owner: { cluster: 'u-1', namespace: 'default', service: 'web', port: '80' } }

/** The world in which the group is there, or is not, at a time. */
const cloud = (there: boolean, now = 0) =>
  ({
    now: () => now,
    compute: {
      get: (ref: object) => {
        expect(ref).toEqual({ collection: 'networkEndpointGroups', project: 'p', zone: 'z-a', name: 'web' })
        return Promise.resolve(there ? { name: 'web', size: 2, description } : undefined)
      },
    },
  }) as unknown as Cloud

describe('a network endpoint group of the in-cluster controller', () => {
  const absent = { absent: true, since: 0 }
  const rows: {
    reason: string
    there: boolean
    now?: number
    before: object | null
    output?: object
    waits: boolean
  }[] = [
    { reason: 'it is there, and says whose it is', there: true, before: null, output: seen, waits: false },
    { reason: 'it is not there yet', there: false, before: null, output: absent, waits: true },
    { reason: 'it is still not there', there: false, now: 59_999, before: absent, output: absent, waits: true },
    {
      reason: 'it is missed no longer: others serve',
      there: false,
      now: 60_000,
      before: absent,
      output: absent,
      waits: false,
    },
    {
      reason: 'it has come after all',
      there: true,
      now: 70_000,
      before: absent,
      output: seen,
      waits: false,
    },
  ]
  for (const { reason, there, now = 0, before, output, waits } of rows)
    it(reason, async () => {
      const seen = await networkEndpointGroup.observe(cloud(there, now), id, want, before)
      expect(seen.output).toEqual(output)
      expect(seen.pending !== undefined).toBe(waits)
      if (!waits) expect(decide(networkEndpointGroup, want, seen, { force: false, owner: '' }).do).toBe('nothing')
    })

  it('is let go of without a look, and never removed', async () => {
    const seen = await networkEndpointGroup.observe({} as Cloud, id, null, null)
    expect(decide(networkEndpointGroup, null, seen, { force: true, owner: '' })).toMatchObject({ do: 'nothing' })
  })
})
