import { chanceOf } from './chance.ts'
import type { Job } from './jobs.ts'
import { runScenario } from './kills.ts'
import { mutants } from './mutants.ts'
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

/** Runs every mutant from seed 1 until it is caught, or as many seeds as it may take. */
export async function mutantRuns(
  workers: number,
): Promise<{ name: string; within: number; caughtBy: string | undefined }[]> {
  const caught = new Map<string, { seed: number; by: string }>()
  function* jobs(): Generator<Job> {
    for (const { name, within } of mutants) {
      for (let seed = 1; seed <= within && !caught.has(name); seed += 1) yield { is: 'seed', seed, mutant: name }
    }
  }
  await runAll(jobs(), workers, ({ job, violations }) => {
    const [by] = violations
    if (job.is !== 'seed' || job.mutant === undefined || by === undefined) return
    if ((caught.get(job.mutant)?.seed ?? Infinity) > job.seed) caught.set(job.mutant, { seed: job.seed, by })
  })
  return mutants.map(({ name, within }) => {
    const first = caught.get(name)
    return {
      name,
      within,
      caughtBy: first === undefined ? undefined : `caught by seed ${first.seed} (${first.by.slice(0, 160)})`,
    }
  })
}
