import { chanceOf } from './chance.ts'
import type { Job } from './jobs.ts'
import { runScenario } from './kills.ts'
import type { Mutant } from './mutants.ts'
import { runAll } from './pool.ts'
import { scenarios } from './scenarios.ts'

/**
 * Every scenario killed at its k-th call, for every k: after it, when it was carried out and nobody heard of it. Killed before
 * the k-th is killed after the one before it in the same invocation, but for the first of each, which is a message that was
 * delivered twice. `pairs` random pairs of kills follow.
 */
export async function killJobs(pairs: number): Promise<Job[]> {
  const jobs: Job[] = []
  const lengths: { scenario: string; length: number }[] = []
  for (const { name: scenario } of scenarios) {
    const { length, violations } = await runScenario(scenario, [], { traced: false })
    jobs.push({ is: 'scenario', scenario, kills: [] })
    // A scenario that fails without a kill is reported once.
    if (violations.length > 0) continue
    lengths.push({ scenario, length })
    for (let at = 1; at <= length; at += 1) jobs.push({ is: 'scenario', scenario, kills: [{ at, when: 'kill after' }] })
  }
  const chance = chanceOf(pairs)
  for (let pair = 0; pair < pairs && lengths.length > 0; pair += 1) {
    const { scenario, length } = chance.pick(lengths)
    const first = chance.whole(1, length)
    // The second may also hit the recovery from the first.
    const second = first + chance.whole(1, length)
    jobs.push({
      is: 'scenario',
      scenario,
      kills: [
        { at: first, when: chance.pick(['kill before', 'kill after']) },
        { at: second, when: chance.pick(['kill before', 'kill after']) },
      ],
    })
  }
  return jobs
}

/** What became of one mutant. */
export interface MutantRun {
  mutant: Mutant
  caughtBy: { at: number; violation: string } | undefined
  /** Of all its runs, in milliseconds. */
  cpu: number
}

/** Runs mutants from the first seed, or kill, until each is caught, or as many as it may take, and tells what became of each. */
export async function mutantRuns(
  list: readonly Mutant[],
  workers: number,
  onEnd: (run: MutantRun) => void,
): Promise<void> {
  const runs = new Map(
    list.map((mutant): [string, MutantRun] => [mutant.name, { mutant, caughtBy: undefined, cpu: 0 }]),
  )
  const open = new Map<string, number>()
  const ended = (name: string): void => {
    const run = runs.get(name)
    if (run === undefined || (open.get(name) ?? 0) > 0) return
    runs.delete(name)
    onEnd(run)
  }
  let current = ''
  function* jobs(): Generator<Job> {
    for (const { name, within, scenario } of list) {
      current = name
      for (let at = 1; at <= within && runs.get(name)?.caughtBy === undefined; at += 1) {
        open.set(name, (open.get(name) ?? 0) + 1)
        yield scenario === undefined
          ? { is: 'seed', seed: at, mutant: name }
          : { is: 'scenario', scenario, kills: [{ at, when: 'kill after' }], mutant: name }
      }
      current = ''
      ended(name)
    }
  }
  await runAll(jobs(), workers, ({ job, violations, cpu }) => {
    const [violation] = violations
    const run = job.mutant === undefined ? undefined : runs.get(job.mutant)
    if (run === undefined) return
    const at = job.is === 'seed' ? job.seed : (job.kills[0]?.at ?? 0)
    run.cpu += cpu
    open.set(run.mutant.name, (open.get(run.mutant.name) ?? 1) - 1)
    if (violation !== undefined && (run.caughtBy?.at ?? Infinity) > at) run.caughtBy = { at, violation }
    if (current !== run.mutant.name) ended(run.mutant.name)
  })
}
