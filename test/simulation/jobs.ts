import { runScenario, type Kill } from './kills.ts'
import { mutants } from './mutants.ts'
import { runSeed } from './run.ts'
import type { Outcome } from './converge.ts'

/** One run, as it travels between processes. */
export type Job =
  { is: 'seed'; seed: number; mutant?: string } | { is: 'scenario'; scenario: string; kills: Kill[]; mutant?: string }

/** What a job came to, without its trace. `cpu` in milliseconds. */
export type Result = Omit<Outcome, 'trace'> & { job: Job; length: number; cpu: number }

export async function run(job: Job, traced: boolean): Promise<Outcome & { length: number }> {
  const mutant = mutants.find(({ name }) => name === job.mutant)
  if (job.mutant !== undefined && mutant === undefined) throw new Error(`there is no mutant "${job.mutant}"`)
  const options = {
    traced,
    ...(mutant === undefined ? {} : { mutation: mutant.mutation }),
    ...(mutant?.faults === undefined ? {} : { faults: mutant.faults }),
  }
  switch (job.is) {
    case 'seed':
      return { ...(await runSeed(job.seed, options)), length: 0 }
    case 'scenario':
      return runScenario(job.scenario, job.kills, options)
    default:
      return job satisfies never
  }
}

/** The command that runs a job again, with its trace. */
export function commandOf(job: Job): string {
  const mutant = job.mutant === undefined ? '' : ` --mutant '${job.mutant}'`
  if (job.is === 'seed') return `npm run simulate -- --seeds 1 --from ${job.seed} --trace${mutant}`
  const kills = job.kills.map(({ at, when }) => `${when === 'kill before' ? 'before' : 'after'}:${at}`).join(',')
  return `npm run simulate -- --scenario '${job.scenario}' --kills '${kills}' --trace${mutant}`
}
