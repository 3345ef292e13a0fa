import { describe, expect, it } from 'vitest'
import { commandOf, run, type Job } from './jobs.ts'

/** A fixed selection; `npm run simulate` runs any other, and `npm run verify:full` thousands. */
const seeds = Array.from({ length: 40 }, (_, at) => at + 1)

const kills: readonly { reason: string; scenario: string; at: number[] }[] = [
  { reason: 'nothing is killed', scenario: 'create', at: [] },
  { reason: 'the first function dies before it can say anything', scenario: 'create', at: [1] },
  { reason: 'killed in the middle of the chain', scenario: 'create', at: [150] },
  { reason: 'killed twice, the second time in the recovery', scenario: 'create', at: [90, 180] },
  {
    reason: 'killed while a service goes',
    scenario: 'edit: a path moves to another service, the first goes',
    at: [120],
  },
  { reason: 'killed while everything is removed', scenario: 'withdraw', at: [130] },
  {
    reason: 'killed while it goes and comes back',
    scenario: 'withdraw, and publish again before all is gone',
    at: [200],
  },
  { reason: 'killed while a cluster leaves', scenario: 'a cluster is removed', at: [100] },
]

/** Deliberate bugs, and a seed that is known to show each. */
const bugs: readonly { mutant: string; seeds: number[] }[] = [
  { mutant: 'fencing tokens start anew', seeds: [1, 2, 3] },
  { mutant: 'create before what it refers to exists', seeds: [1, 2, 3, 4, 5, 6, 7, 8] },
  { mutant: 'open the firewall for every port', seeds: [1, 2, 3, 4, 5, 6] },
]

describe('whatever goes wrong, it converges', { timeout: 90_000 }, () => {
  for (const seed of seeds) {
    const job: Job = { is: 'seed', seed }
    it(`seed ${seed}`, async () => expect((await run(job, false)).violations, commandOf(job)).toEqual([]))
  }
})

describe('whenever a function is killed, it converges', { timeout: 90_000 }, () => {
  for (const { reason, scenario, at } of kills) {
    const job: Job = { is: 'scenario', scenario, kills: at.map((call) => ({ at: call, when: 'kill after' })) }
    it(`${scenario}: ${reason}`, async () => expect((await run(job, false)).violations, commandOf(job)).toEqual([]))
  }
})

describe('the harness itself', { timeout: 90_000 }, () => {
  it('makes the same world from the same seed, to the last word', async () => {
    const [first, second] = [await run({ is: 'seed', seed: 12 }, true), await run({ is: 'seed', seed: 12 }, true)]
    expect(first.trace.length).toBeGreaterThan(100)
    expect(second.trace).toEqual(first.trace)
  })

  for (const { mutant, seeds: tried } of bugs) {
    it(`catches a system that would ${mutant}`, async () => {
      const violated: string[] = []
      for (const seed of tried) {
        violated.push(...(await run({ is: 'seed', seed, mutant }, false)).violations)
        if (violated.length > 0) break
      }
      expect(violated).not.toEqual([])
    })
  }
})
