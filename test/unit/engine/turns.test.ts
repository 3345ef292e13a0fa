import { beforeEach, describe, expect, it } from 'vitest'
import { seededRandom } from '../../../playground/world.ts'
import { CloudError } from '../../../shared/cloud/compute-port.ts'
import { createTurns, type Turn, type Turns } from '../../../shared/engine/turns.ts'
import { simulationClock, type SimulationClock } from '../../simulation/clock.ts'

let clock: SimulationClock
let random: () => number
beforeEach(() => {
  clock = simulationClock()
  random = seededRandom(3)
})

const process = (): Turns => createTurns(clock, random)
const never = Infinity
/** Visits at the same time in one process, as deployed. */
const concurrency = 20
const tooMany = (): CloudError => new CloudError(403, 'rateLimitExceeded', 'Quota exceeded for quota group WriteGroup')

/** An API with a token bucket; every request takes 50 ms. */
function api(limit: { perSecond: number; burst: number }) {
  let tokens = limit.burst
  let at = clock.now()
  const told = { asked: 0, refused: 0, lastAt: 0 }
  async function send(): Promise<string> {
    told.asked += 1
    tokens = Math.min(limit.burst, tokens + ((clock.now() - at) / 1_000) * limit.perSecond)
    at = clock.now()
    const taken = tokens >= 1
    if (taken) tokens -= 1
    await clock.sleep(50)
    if (!taken) {
      told.refused += 1
      throw tooMany()
    }
    told.lastAt = clock.now()
    return 'taken'
  }
  return { send, told }
}

/** Runs the clock until all have come to an end; answers how long that took in seconds. */
async function ended<T>(all: readonly Promise<T>[]): Promise<{ results: PromiseSettledResult<T>[]; seconds: number }> {
  const begun = clock.now()
  let results: PromiseSettledResult<T>[] | undefined
  void Promise.allSettled(all).then((settled) => (results = settled))
  while (results === undefined) {
    if (clock.now() - begun > 3_600_000) throw new Error('not ended after an hour')
    await clock.runUntil(clock.now() + 100)
  }
  return { results, seconds: (clock.now() - begun) / 1_000 }
}

describe('changes take turns', () => {
  it('at once, as many as there are, where nothing was refused', async () => {
    const { send } = api({ perSecond: 1, burst: 100 })
    const turns = process()
    const { seconds } = await ended(Array.from({ length: 100 }, () => turns.run('p', never, send)))
    expect(seconds).toBeLessThanOrEqual(0.1)
  })

  // One process, and as many as a deployment has; from a project with hardly any quota to one with a lot.
  it.each([
    { processes: 1, perSecond: 1, changes: 20 },
    { processes: 1, perSecond: 20, changes: 400 },
    { processes: 8, perSecond: 5, changes: 200 },
    { processes: 40, perSecond: 20, changes: 1_000 },
    { processes: 40, perSecond: 100, changes: 4_000 },
  ])(
    '$changes changes of $processes processes at $perSecond a second: none is lost, little is asked in vain, the quota is used',
    async ({ processes, perSecond, changes }) => {
      const { send, told } = api({ perSecond, burst: perSecond })
      const all = Array.from({ length: processes }, process)
      const begun = clock.now()
      let left = changes
      const work = async (turns: Turns): Promise<void> => {
        while (left-- > 0) expect(await turns.run('p', never, send)).toEqual({ is: 'sent', answer: 'taken' })
      }
      const workers = all.flatMap((turns) => Array.from({ length: concurrency }, () => work(turns)))
      const { results } = await ended(workers)
      expect(results.filter(({ status }) => status === 'rejected')).toEqual([])
      const least = (changes - perSecond) / perSecond
      // Ten seconds to find the pace of a large quota from that of the smallest.
      expect((told.lastAt - begun) / 1_000).toBeLessThan(least * 1.3 + 12)
      expect(told.asked).toBeLessThan(changes * 3)
    },
  )

  it('and who was refused goes before those who came later', async () => {
    const order: string[] = []
    const turns = process()
    let refusals = 2
    const send = (name: string) => async () => {
      await clock.sleep(50)
      if (refusals-- > 0) throw tooMany()
      order.push(name)
    }
    const first = turns.run('p', clock.now() + 60_000, send('first'))
    await clock.runUntil(clock.now() + 60)
    const later = ['second', 'third'].map((name, index) => turns.run('p', clock.now() + 61_000 + index, send(name)))
    await ended([first, ...later])
    expect(order).toEqual(['first', 'second', 'third'])
  })

  it('of one project only: another one has a quota of its own', async () => {
    const turns = process()
    void turns.run('p', clock.now() + 10_000, () => Promise.reject(tooMany()))
    await clock.runUntil(clock.now() + 1_000)
    const { seconds } = await ended([turns.run('other', never, () => Promise.resolve())])
    expect(seconds).toBeLessThanOrEqual(0.1)
  })

  it('and are as fast as ever when nothing has been refused for a while', async () => {
    const turns = process()
    await ended([turns.run('p', clock.now() + 5_000, () => Promise.reject(tooMany()))])
    await clock.runUntil(clock.now() + 60_000)
    const { seconds } = await ended(Array.from({ length: 50 }, () => turns.run('p', never, () => Promise.resolve())))
    expect(seconds).toBeLessThanOrEqual(0.1)
  })

  it('and give up when their time is over, with what the API said, and send nothing after', async () => {
    const until = clock.now() + 20_000
    let lastAt = 0
    const late = Array.from({ length: 30 }, () =>
      process().run('p', until, async () => {
        lastAt = clock.now()
        await clock.sleep(50)
        throw tooMany()
      }),
    )
    const { results, seconds } = await ended<Turn<never>>(late)
    for (const one of results)
      expect(one).toEqual({ status: 'fulfilled', value: { is: 'late', why: tooMany().message } })
    expect(lastAt).toBeLessThanOrEqual(until)
    expect(seconds).toBeLessThanOrEqual(20.2)
  })

  it('but another error is the caller’s, and slows nobody down', async () => {
    const turns = process()
    const broken = turns.run('p', never, () => Promise.reject(new CloudError(503, '', 'down')))
    const fine = Array.from({ length: 20 }, () => turns.run('p', never, () => Promise.resolve('taken')))
    const { results, seconds } = await ended<Turn<unknown>>([broken, ...fine])
    expect(results[0]).toMatchObject({ status: 'rejected', reason: { status: 503 } })
    expect(seconds).toBeLessThanOrEqual(0.1)
  })
})
