import { beforeEach, describe, expect, it } from 'vitest'
import { acceptAction, type IngressAction } from '../../../shared/engine/accept-action.ts'
import { acceptSpecs, rejectSpecs, type Published } from '../../../shared/engine/accept.ts'
import type { IngressDoc, Selection } from '../../../shared/state/documents.ts'
import { clusterDoc, everything, modelOf, to } from '../planning/facts.ts'
import { testDeps, type TestDeps } from './deps.ts'

const cause = { why: 'test', trace: 't' }
const id = 'default/zp'
const problem = { where: 'spec', message: 'is wrong' }

let deps: TestDeps
beforeEach(async () => {
  deps = testDeps()
  await deps.store.transact(async (tx) => {
    for (const name of ['a', 'b', 'c']) tx.set('clusters', name, clusterDoc(name))
  })
})

/** A spec that differs from others by the service that it names. */
const spec = (service: string, parts: Partial<Published> & { clusters?: string[] } = {}): Published => ({
  model: modelOf({
    defaultBackend: to(service),
    ...(parts.clusters ? { settings: { clusters: parts.clusters } } : {}),
  }),
  uid: parts.uid ?? null,
  generation: parts.generation ?? null,
})
const publish = async (published: Published, at: number, clusters: string[] | null = null): Promise<string> =>
  (await acceptSpecs(deps, [published], clusters, at, cause))[0]?.is ?? 'nothing'
const act = async (action: IngressAction, at: number, clusters: string[] = [], force = false): Promise<string> =>
  (await acceptAction(deps, id, action, clusters, force, at, cause)).is
const reject = (at: number): Promise<void> => rejectSpecs(deps, [{ namespace: 'default', name: 'zp' }], [problem], at)
const stored = async (): Promise<IngressDoc> => {
  const doc = await deps.store.get('ingresses', id)
  if (doc === undefined) throw new Error('there is no document')
  return doc
}
const service = async (): Promise<string | undefined> => (await stored()).model.defaultBackend?.service

type Event = ['publish', number, Published, string[]?] | ['reject', number] | [IngressAction, number, string[]?]

const play = async (events: readonly Event[]): Promise<void> => {
  for (const event of events) {
    if (event[0] === 'publish') await publish(event[2], event[1], event[3] ?? null)
    else if (event[0] === 'reject') await reject(event[1])
    else await act(event[0], event[1], event[2])
  }
}

describe('versions', () => {
  const rows: {
    reason: string
    events: Event[]
    serves: string | undefined
    deleted?: boolean
    rejected?: boolean
    generation?: number
  }[] = [
    { reason: 'the first version', events: [['publish', 1, spec('v1')]], serves: 'v1', generation: 1 },
    {
      reason: 'in the order of publishing',
      events: [
        ['publish', 1, spec('v1')],
        ['publish', 2, spec('v2')],
      ],
      serves: 'v2',
      generation: 2,
    },
    {
      reason: 'an older one that arrives late is dropped',
      events: [
        ['publish', 2, spec('v2')],
        ['publish', 1, spec('v1')],
      ],
      serves: 'v2',
      generation: 1,
    },
    {
      reason: 'the same again changes nothing',
      events: [
        ['publish', 1, spec('v1')],
        ['publish', 2, spec('v1')],
      ],
      serves: 'v1',
      generation: 1,
    },
    {
      reason: 'a repeated delivery changes nothing',
      events: [
        ['publish', 1, spec('v1')],
        ['publish', 1, spec('v1')],
      ],
      serves: 'v1',
      generation: 1,
    },
    {
      reason: 'the same again is newer than what was published between and arrives after it',
      events: [
        ['publish', 1, spec('v1')],
        ['publish', 3, spec('v1')],
        ['publish', 2, spec('v2')],
      ],
      serves: 'v1',
      generation: 1,
    },
    {
      reason: 'by metadata.generation, whenever it was published',
      events: [
        ['publish', 2, spec('v2', { generation: 2 })],
        ['publish', 3, spec('v1', { generation: 1 })],
      ],
      serves: 'v2',
    },
    {
      reason: 'a higher generation that was published earlier and comes late',
      events: [
        ['publish', 3, spec('v1', { generation: 1 })],
        ['publish', 2, spec('v2', { generation: 2 })],
      ],
      serves: 'v2',
    },
    {
      reason: 'of one generation, by the time of publishing',
      events: [
        ['publish', 2, spec('v2', { generation: 1 })],
        ['publish', 1, spec('v1', { generation: 1 })],
      ],
      serves: 'v2',
    },
    {
      reason: 'a new uid is a new object, whose generations begin again',
      events: [
        ['publish', 1, spec('v1', { uid: 'a', generation: 7 })],
        ['publish', 2, spec('v2', { uid: 'b', generation: 1 })],
      ],
      serves: 'v2',
    },
    {
      reason: 'the old object, late, does not come back over the new one',
      events: [
        ['publish', 2, spec('v2', { uid: 'b', generation: 1 })],
        ['publish', 1, spec('v1', { uid: 'a', generation: 8 })],
      ],
      serves: 'v2',
    },
    {
      reason: 'withdrawn',
      events: [
        ['publish', 1, spec('v1')],
        ['delete', 2],
      ],
      serves: 'v1',
      deleted: true,
    },
    {
      reason: 'withdrawn, then published again',
      events: [
        ['publish', 1, spec('v1')],
        ['delete', 2],
        ['publish', 3, spec('v1')],
      ],
      serves: 'v1',
      deleted: false,
      generation: 2,
    },
    {
      reason: 'a spec from before the withdrawal does not undo it',
      events: [
        ['publish', 1, spec('v1')],
        ['delete', 3],
        ['publish', 2, spec('v2')],
      ],
      serves: 'v1',
      deleted: true,
    },
    {
      reason: 'a higher generation from before the withdrawal does not undo it either',
      events: [
        ['publish', 1, spec('v1', { generation: 1 })],
        ['delete', 3],
        ['publish', 2, spec('v2', { generation: 2 })],
      ],
      serves: 'v1',
      deleted: true,
    },
    {
      reason: 'a withdrawal from before the spec is late',
      events: [
        ['publish', 2, spec('v2')],
        ['delete', 1],
      ],
      serves: 'v2',
      deleted: false,
    },
    {
      reason: 'a bad version: the previous one serves on',
      events: [
        ['publish', 1, spec('v1')],
        ['reject', 2],
      ],
      serves: 'v1',
      rejected: true,
    },
    {
      reason: 'a bad version that comes late says nothing',
      events: [
        ['publish', 2, spec('v2')],
        ['reject', 1],
      ],
      serves: 'v2',
      rejected: false,
    },
    { reason: 'only a bad version', events: [['reject', 1]], serves: undefined, rejected: true, generation: 0 },
    {
      reason: 'bad, then good',
      events: [
        ['reject', 1],
        ['publish', 2, spec('v1')],
      ],
      serves: 'v1',
      rejected: false,
      generation: 1,
    },
    {
      reason: 'good, bad, then the same good again',
      events: [
        ['publish', 1, spec('v1')],
        ['reject', 2],
        ['publish', 3, spec('v1')],
      ],
      serves: 'v1',
      rejected: false,
    },
    {
      reason: 'a repeated delivery of the good version does not unsay that the later one is bad',
      events: [
        ['publish', 1, spec('v1')],
        ['reject', 3],
        ['publish', 1, spec('v1')],
      ],
      serves: 'v1',
      rejected: true,
      generation: 1,
    },
    {
      reason: 'a good version from before the bad one serves, and the bad one stays said',
      events: [
        ['publish', 1, spec('v1')],
        ['reject', 3],
        ['publish', 2, spec('v2')],
      ],
      serves: 'v2',
      rejected: true,
    },
  ]
  for (const { reason, events, serves, deleted = false, rejected = false, generation } of rows)
    it(reason, async () => {
      await play(events)
      const doc = await stored()
      expect({
        serves: doc.model.defaultBackend?.service,
        deleted: doc.deleted,
        rejected: doc.rejected !== null,
      }).toEqual({ serves, deleted, rejected })
      if (generation !== undefined) expect(doc.generation).toBe(generation)
    })

  it('every accepted version wakes the planner, by message and by its own clock', async () => {
    await publish(spec('v1'), 1)
    expect(deps.published).toEqual([{ topic: 'plans', body: { ingress: id, ...cause } }])
    expect((await stored()).wakeAt).toBe(deps.clock.at)
  })

  it('a bus that is down loses nothing: the clock is set', async () => {
    deps.deaf = true
    expect(await publish(spec('v1'), 1)).toBe('accepted')
    expect((await stored()).wakeAt).toBe(deps.clock.at)
  })

  it('the same again wakes nobody', async () => {
    await publish(spec('v1'), 1)
    deps.published.length = 0
    expect(await publish(spec('v1'), 2)).toBe('unchanged')
    expect(deps.published).toEqual([])
  })

  it('a bad version of an Ingress that is withdrawn and gone is told, and brings nothing back', async () => {
    await play([
      ['publish', 1, spec('v1')],
      ['delete', 2],
    ])
    await deps.store.transact(async (tx) => tx.set('ingresses', id, { ...(await stored()), goneAt: 5 }))
    await reject(3)
    expect(await stored()).toMatchObject({
      goneAt: null,
      deleted: false,
      generation: 0,
      phase: 'Failed',
      rejected: { problems: [problem] },
    })
    expect(await publish(spec('v1'), 1)).toBe('overtaken')
    expect(await publish(spec('v1'), 4)).toBe('accepted')
  })

  it('keeps no more problems than a document can hold', async () => {
    await rejectSpecs(
      deps,
      [{ namespace: 'default', name: 'zp' }],
      Array.from({ length: 1000 }, () => problem),
      1,
    )
    expect((await stored()).rejected?.problems).toHaveLength(50)
  })
})

describe('a message of several', () => {
  it('is taken whole, each Ingress by its own version', async () => {
    const other: Published = { model: modelOf({ name: 'other' }), uid: null, generation: null }
    await publish(spec('v2'), 5)
    const accepted = await acceptSpecs(deps, [spec('v1'), other], null, 3, cause)
    expect(accepted.map(({ ingress, is }) => [ingress, is])).toEqual([
      [id, 'overtaken'],
      ['default/other', 'accepted'],
    ])
    expect(await service()).toBe('v2')
  })

  it('is written in one transaction or not at all', async () => {
    const broken = testDeps({
      store: {
        onTransaction: ({ stage }) => {
          if (stage === 'commit') throw new Error('the store is away')
          return undefined
        },
      },
    })
    const other: Published = { model: modelOf({ name: 'other' }), uid: null, generation: null }
    await expect(acceptSpecs(broken, [spec('v1'), other], null, 1, cause)).rejects.toThrow('the store is away')
    expect(await broken.store.getAll('ingresses', [id, 'default/other'])).toEqual([undefined, undefined])
  })
})

describe('selection', () => {
  const rows: { reason: string; events: Event[]; want: Partial<Selection> }[] = [
    { reason: 'at first every cluster, also later ones', events: [['publish', 1, spec('v1')]], want: everything },
    {
      reason: 'exactly those of the attribute',
      events: [['publish', 1, spec('v1'), ['b', 'a']]],
      want: { clusters: ['a', 'b'] },
    },
    {
      reason: 'exactly those of the annotation',
      events: [['publish', 1, spec('v1', { clusters: ['c'] })]],
      want: { clusters: ['c'] },
    },
    {
      reason: 'the attribute wins over the annotation',
      events: [['publish', 1, spec('v1', { clusters: ['c'] }), ['a']]],
      want: { clusters: ['a'] },
    },
    {
      reason: 'absent: as before',
      events: [
        ['publish', 1, spec('v1'), ['a']],
        ['publish', 2, spec('v2')],
      ],
      want: { clusters: ['a'] },
    },
    {
      reason: 'removed ones are excluded',
      events: [
        ['publish', 1, spec('v1')],
        ['remove-clusters', 2, ['b']],
      ],
      want: { clusters: null, excluded: ['b'] },
    },
    {
      reason: 'and stay so when a later apply names nobody',
      events: [
        ['publish', 1, spec('v1')],
        ['remove-clusters', 2, ['b']],
        ['publish', 3, spec('v2')],
      ],
      want: { clusters: null, excluded: ['b'] },
    },
    {
      reason: 'until a later apply names them',
      events: [
        ['publish', 1, spec('v1')],
        ['remove-clusters', 2, ['b']],
        ['publish', 3, spec('v2'), ['a', 'b']],
      ],
      want: { clusters: ['a', 'b'], excluded: [] },
    },
    {
      reason: 'a late apply that names them does not bring them back',
      events: [
        ['publish', 1, spec('v1', { generation: 1 })],
        ['remove-clusters', 3, ['b']],
        ['publish', 2, spec('v2', { generation: 2 }), ['a', 'b', 'c']],
      ],
      want: { clusters: null, excluded: ['b'] },
    },
    {
      reason: 'drained',
      events: [
        ['publish', 1, spec('v1')],
        ['drain-clusters', 2, ['b']],
      ],
      want: { clusters: null, drained: ['b'] },
    },
    {
      reason: 'drained one after the other',
      events: [
        ['publish', 1, spec('v1')],
        ['drain-clusters', 2, ['c']],
        ['drain-clusters', 3, ['b']],
      ],
      want: { drained: ['b', 'c'] },
    },
    {
      reason: 'undrained',
      events: [
        ['publish', 1, spec('v1')],
        ['drain-clusters', 2, ['b', 'c']],
        ['undrain-clusters', 3, ['b']],
      ],
      want: { drained: ['c'] },
    },
    {
      reason: 'a drained one that is removed is drained no more',
      events: [
        ['publish', 1, spec('v1')],
        ['drain-clusters', 2, ['b']],
        ['remove-clusters', 3, ['b']],
      ],
      want: { excluded: ['b'], drained: [] },
    },
    {
      reason: 'a new object begins with everything',
      events: [
        ['publish', 1, spec('v1'), ['a']],
        ['delete', 2],
        ['publish', 3, spec('v1')],
      ],
      want: everything,
    },
    {
      reason: 'an action from before the spec is late',
      events: [
        ['publish', 2, spec('v1')],
        ['drain-clusters', 1, ['b']],
      ],
      want: { drained: [] },
    },
  ]
  for (const { reason, events, want } of rows)
    it(reason, async () => {
      await play(events)
      expect((await stored()).selection).toMatchObject(want)
    })

  const refusals: {
    reason: string
    events: Event[]
    action: IngressAction
    clusters: string[]
    force?: boolean
    is: string
    why: RegExp
  }[] = [
    {
      reason: 'the last cluster is not removed',
      events: [],
      action: 'remove-clusters',
      clusters: ['a', 'b', 'c'],
      is: 'refused',
      why: /last cluster/,
    },
    {
      reason: 'nor the last that is not drained',
      events: [['drain-clusters', 2, ['b', 'c']]],
      action: 'remove-clusters',
      clusters: ['a'],
      is: 'refused',
      why: /last cluster that serves/,
    },
    {
      reason: 'unless forced',
      events: [],
      action: 'remove-clusters',
      clusters: ['a', 'b', 'c'],
      force: true,
      is: 'accepted',
      why: /remove-clusters/,
    },
    {
      reason: 'the last cluster is not drained',
      events: [['drain-clusters', 2, ['a', 'b']]],
      action: 'drain-clusters',
      clusters: ['c'],
      is: 'refused',
      why: /last cluster/,
    },
    {
      reason: 'a cluster that does not serve is not drained',
      events: [],
      action: 'drain-clusters',
      clusters: ['z'],
      is: 'refused',
      why: /not served from z/,
    },
    {
      reason: 'drained already',
      events: [['drain-clusters', 2, ['b']]],
      action: 'drain-clusters',
      clusters: ['b'],
      is: 'unchanged',
      why: /already/,
    },
    { reason: 'not drained', events: [], action: 'undrain-clusters', clusters: ['b'], is: 'unchanged', why: /already/ },
    {
      reason: 'removed already',
      events: [['remove-clusters', 2, ['b']]],
      action: 'remove-clusters',
      clusters: ['b'],
      is: 'unchanged',
      why: /already/,
    },
    {
      reason: 'withdrawn already',
      events: [['delete', 2]],
      action: 'delete',
      clusters: [],
      is: 'unchanged',
      why: /already/,
    },
  ]
  for (const { reason, events, action, clusters, force = false, is, why } of refusals)
    it(`${action}: ${reason}`, async () => {
      await play([['publish', 1, spec('v1')], ...events])
      const before = await stored()
      const answer = await acceptAction(deps, id, action, clusters, force, 9, cause)
      expect(answer.is).toBe(is)
      expect(answer.why).toMatch(why)
      // What changes nothing still tells what comes late that it is older.
      const times = action === 'delete' ? { source: { ...before.source, publishedAt: 9 } } : { selectedAt: 9 }
      if (is === 'unchanged') expect(await stored()).toEqual({ ...before, ...times })
      const { model, selection, generation, deleted } = before
      if (is === 'refused') expect(await stored()).toMatchObject({ model, selection, generation, deleted })
    })

  it('says that there is no such Ingress', async () => {
    expect(await act('drain-clusters', 1, ['a'])).toBe('unknown')
    expect(await deps.store.get('ingresses', id)).toBeUndefined()
  })

  it('a withdrawal that overtakes the version before it withdraws it all the same', async () => {
    expect(await act('delete', 5)).toBe('unknown')
    expect(await publish(spec('v1'), 4)).toBe('overtaken')
    expect((await stored()).goneAt).not.toBeNull()
    expect(await publish(spec('v2'), 6)).toBe('accepted')
    expect(await service()).toBe('v2')
  })

  it('a withdrawal that is delivered again withdraws nothing more, and nobody needs to know', async () => {
    await publish(spec('v1'), 1)
    expect(await act('delete', 2)).toBe('accepted')
    await deps.store.transact(async (tx) => tx.set('ingresses', id, { ...(await stored()), goneAt: 5 }))
    const before = await stored()
    expect(await act('delete', 2)).toBe('unchanged')
    expect(await act('drain-clusters', 1, ['a'])).toBe('overtaken')
    expect(await stored()).toEqual(before)
    expect(await act('delete', 3), 'a withdrawal of nothing').toBe('unknown')
  })

  it('a version that is delivered again after the next one was overtaken; one that is published after it is older', async () => {
    await publish(spec('v1', { generation: 1 }), 1)
    await publish(spec('v2', { generation: 2 }), 2)
    expect(await publish(spec('v1', { generation: 1 }), 1)).toBe('overtaken')
    const [again] = await acceptSpecs(deps, [spec('v1', { generation: 1 })], null, 3, cause)
    expect(again?.is).toBe('older')
    expect(again?.why).toContain('generation 2, and this is 1')
    expect(await service()).toBe('v2')
  })

  it('a spec that is overtaken by a word about its clusters is served all the same, from the clusters of that word', async () => {
    await publish(spec('v1'), 1)
    expect(await act('remove-clusters', 3, ['a'])).toBe('accepted')
    expect(await publish(spec('v2', { clusters: ['a', 'b'] }), 2)).toBe('accepted')
    expect(await service()).toBe('v2')
    expect((await stored()).selection).toEqual({ clusters: null, excluded: ['a'], drained: [] })
  })

  it('no action puts an Ingress to work of which no version was ever good', async () => {
    await reject(1)
    expect(await act('remove-clusters', 2, ['a'])).toBe('unknown')
    expect(await stored()).toMatchObject({ generation: 0, deleted: false })
    expect(await act('delete', 3)).toBe('accepted')
  })
})
