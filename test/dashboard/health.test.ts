import { describe, expect, it } from 'vitest'
import { CloudError, type MemberHealth } from '../../shared/cloud/compute-port.ts'
import { createHealthReader, healthKey, type GroupHealth, type HealthTarget } from '../../shared/engine/health.ts'

const effort = { fresh: 3_000, wait: 800, most: 200 }
const target = (group: string): HealthTarget => ({ project: 'p', backendService: 'be', group })
const members = (healthy: number, sick: number): MemberHealth[] => [
  ...Array.from({ length: healthy }, () => ({ healthState: 'HEALTHY' })),
  ...Array.from({ length: sick }, () => ({ healthState: 'UNHEALTHY' })),
]

/** A Compute whose answers are given one by one, and a clock that only sleeping moves. */
function setUp(answer: (group: string) => Promise<MemberHealth[]>) {
  let now = 1_000_000
  let calls = 0
  let atOnce = 0
  let mostAtOnce = 0
  const reader = createHealthReader(
    {
      async health(_ref, group) {
        calls += 1
        atOnce += 1
        mostAtOnce = Math.max(mostAtOnce, atOnce)
        try {
          return await answer(group)
        } finally {
          atOnce -= 1
        }
      },
    },
    // A sleep ends after everything that is ready has run.
    {
      now: () => now,
      sleep: (ms) =>
        new Promise((resolve) =>
          setImmediate(() => {
            now += ms
            resolve()
          }),
        ),
    },
  )
  return {
    read: async (groups: string[], how = effort): Promise<(GroupHealth | undefined)[]> => {
      const found = await reader.read(groups.map(target), how)
      return groups.map((group) => found.get(healthKey(target(group))))
    },
    pass: (ms: number) => (now += ms),
    counts: () => ({ calls, mostAtOnce }),
  }
}

describe('reading health', () => {
  it('counts the healthy ones: whatever is not HEALTHY is not', async () => {
    const { read } = setUp(async () => [
      ...members(2, 1),
      { healthState: 'DRAINING' },
      { healthState: 'TIMEOUT' },
      { healthState: 'UNKNOWN' },
    ])
    expect(await read(['a'])).toMatchObject([{ known: true, healthy: 2, total: 6 }])
  })

  it('asks once for what is asked about twice, until the answer has aged', async () => {
    const { read, pass, counts } = setUp(async () => members(1, 0))
    await Promise.all([read(['a']), read(['a']), read(['a'])])
    await read(['a'])
    expect(counts().calls).toBe(1)
    pass(effort.fresh + 1)
    await read(['a'])
    expect(counts().calls).toBe(2)
  })

  it('waits no longer than it may, and has the answer at the next reading', async () => {
    let release: (members: MemberHealth[]) => void = () => undefined
    const { read } = setUp(() => new Promise((resolve) => (release = resolve)))
    expect(await read(['a'])).toEqual([{ known: false, why: 'it has not been asked for yet' }])
    release(members(3, 0))
    await new Promise((resolve) => setImmediate(resolve))
    expect(await read(['a'])).toMatchObject([{ known: true, healthy: 3 }])
  })

  it('keeps the last answer, with its age, when the next call fails', async () => {
    let works = true
    const { read, pass } = setUp(async () => {
      if (!works) throw new CloudError(503, 'backendError', 'getHealth: the service is not available')
      return members(1, 1)
    })
    const [first] = await read(['a'])
    works = false
    pass(60_000)
    expect(await read(['a'])).toEqual([first])
    pass(3_600_000)
    expect(await read(['a']), 'an hour later it says nothing any more').toEqual([
      { known: false, why: 'getHealth: the service is not available' },
    ])
  })

  it('one group that cannot be read says so, and the others are read', async () => {
    const { read } = setUp(async (group) => {
      if (group === 'bad') throw new CloudError(404, 'notFound', 'the group is not there')
      return members(1, 0)
    })
    expect(await read(['a', 'bad', 'b'])).toMatchObject([
      { known: true },
      { known: false, why: 'the group is not there' },
      { known: true },
    ])
  })

  it('never has more than 8 calls under way, and asks about no more groups than it may', async () => {
    const { read, counts } = setUp(() => new Promise((resolve) => setImmediate(() => resolve(members(1, 0)))))
    const groups = Array.from({ length: 100 }, (_, index) => `g${index}`)
    await read(groups, { ...effort, most: 40 })
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    expect(counts()).toEqual({ calls: 40, mostAtOnce: 8 })
    await read(groups, { ...effort, most: 40 })
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    expect(counts().calls, 'those that were left out come first').toBe(80)
  })

  it('remembers when a group was last healthy, and since when it is as it is', async () => {
    let healthy = 1
    const { read, pass } = setUp(async () => members(healthy, 1))
    const [good] = await read(['a'])
    healthy = 0
    pass(10_000)
    const [bad] = await read(['a'])
    pass(10_000)
    const [still] = await read(['a'])
    if (!good?.known || !bad?.known || !still?.known) throw new Error('all are known')
    expect([bad.lastHealthyAt, bad.since]).toEqual([good.at, bad.at])
    expect([still.lastHealthyAt, still.since]).toEqual([good.at, bad.at])
  })
})
