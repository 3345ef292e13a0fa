import { parseArgs } from 'node:util'
import { actions } from './actions.ts'
import { faultKinds } from './faults.ts'
import { commandOf, run, type Job, type Result } from './jobs.ts'
import type { Kill } from './kills.ts'
import { mutants } from './mutants.ts'
import { killJobs, mutantRuns } from './programme.ts'
import { runAll } from './pool.ts'
import { kubemciWasHere, nativeWorlds } from './run.ts'

/** `npm run simulate`: seeds, scenarios with kills, mutants. Exit code 1 when anything was violated. */
const usage = `npm run simulate -- [what] [--workers N]
  --seeds N --from S      worlds from the seeds S, S+1, ... (default: 200 from 1)
  --exhaustive [--pairs N] every scenario, killed at every call; N random pairs of kills
  --mutants               deliberate bugs, each until it is caught
  --full                  all of these as "npm run verify:full" wants them
  --trace                 of one seed or scenario: everything that happened
  --scenario NAME --kills before:K,after:M
  --mutant NAME           with a deliberate bug`

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    from: { type: 'string', default: '1' },
    exhaustive: { type: 'boolean', default: false },
    pairs: { type: 'string', default: '0' },
    mutants: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
    workers: { type: 'string', default: '2' },
    trace: { type: 'boolean', default: false },
    scenario: { type: 'string' },
    kills: { type: 'string', default: '' },
    mutant: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})

const say = (text: string): void => void process.stdout.write(`${text}\n`)

function count(text: string, option: string): number {
  const value = Number(text)
  if (!/^\d+$/.test(text)) throw new Error(`--${option} takes a whole number, not "${text}"`)
  return value
}

function killsOf(text: string): Kill[] {
  return text === ''
    ? []
    : text.split(',').map((one) => {
        const [when, at = ''] = one.split(':')
        return { at: count(at, 'kills'), when: when === 'before' ? 'kill before' : 'kill after' }
      })
}

function seedJobs(from: number, seeds: number): Job[] {
  const mutant = values.mutant === undefined ? {} : { mutant: values.mutant }
  return Array.from({ length: seeds }, (_, at) => ({ is: 'seed', seed: from + at, ...mutant }))
}

/** Runs jobs, prints what was violated and how to see it again; answers how many failed. */
async function runJobs(title: string, jobs: readonly Job[], workers: number): Promise<number> {
  const begun = performance.now()
  const faults = new Map<string, number>()
  const taken = new Map<string, number>()
  const failed: Result[] = []
  let cpu = 0
  let invocations = 0
  await runAll(jobs.values(), workers, (result) => {
    cpu += result.cpu
    invocations += result.invocations
    for (const [kind, times] of Object.entries(result.faults)) add(faults, kind, times)
    for (const [name, times] of Object.entries(result.actions)) add(taken, name, times)
    if (result.violations.length === 0) return
    failed.push(result)
    if (failed.length <= 20) report(result)
  })
  const seconds = (performance.now() - begun) / 1000
  say(
    `${failed.length === 0 ? 'ok' : 'FAILED'}  ${title}: ${jobs.length} runs, ${failed.length} with violations, ${invocations} invocations; ${seconds.toFixed(0)} s, ${(cpu / 1000).toFixed(0)} s of CPU`,
  )
  if (jobs.some(({ is }) => is === 'seed') && jobs.length >= 200) {
    say(`faults reached: ${counted(faults)}`)
    say(`what happened: ${counted(taken)}`)
    const missed = [
      ...faultKinds.filter((kind) => !faults.has(kind)),
      ...[...actions.map(({ name }) => name), kubemciWasHere, ...Object.values(nativeWorlds)].filter(
        (name) => !taken.has(name),
      ),
    ]
    if (missed.length > 0) say(`FAILED  what was never reached: ${missed.join(', ')}`)
    return failed.length + missed.length
  }
  return failed.length
}

function add(counts: Map<string, number>, name: string, times: number): void {
  counts.set(name, (counts.get(name) ?? 0) + times)
}

function counted(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, times]) => `${name} ${times}`)
    .join(', ')
}

function report({ job, violations }: Result): void {
  say(
    `FAILED  ${job.is === 'seed' ? `seed ${job.seed}` : `${job.scenario}, ${job.kills.map(({ at, when }) => `${when} ${at}`).join(', ')}`}`,
  )
  for (const text of violations.slice(0, 5)) say(`        ${text.slice(0, 600)}`)
  say(`        again: ${commandOf(job)}`)
}

async function main(): Promise<number> {
  if (values.help) {
    say(usage)
    return 0
  }
  const workers = count(values.workers, 'workers')
  const from = count(values.from, 'from')
  const seeds = values.seeds === undefined ? (values.full ? 2_000 : 200) : count(values.seeds, 'seeds')
  const mutant = values.mutant === undefined ? {} : { mutant: values.mutant }
  if (values.trace) {
    const job: Job =
      values.scenario === undefined
        ? { is: 'seed', seed: from, ...mutant }
        : { is: 'scenario', scenario: values.scenario, kills: killsOf(values.kills), ...mutant }
    const outcome = await run(job, true)
    for (const line of outcome.trace) say(line)
    for (const text of outcome.violations) say(`VIOLATED  ${text}`)
    if (outcome.violations.length === 0) say('ok')
    return outcome.violations.length
  }
  let failed = 0
  if (values.full || !(values.exhaustive || values.mutants))
    failed += await runJobs('seeds', seedJobs(from, seeds), workers)
  if (values.full || values.exhaustive) {
    const pairs = values.full ? 500 : count(values.pairs, 'pairs')
    failed += await runJobs('kills', await killJobs(pairs), workers)
  }
  if (values.full || values.mutants) {
    const list = mutants.filter(({ name }) => values.mutant === undefined || name === values.mutant)
    await mutantRuns(list, workers, ({ mutant: { name, within, scenario }, caughtBy, cpu }) => {
      const runs = scenario === undefined ? 'seeds' : `kills of "${scenario}"`
      const how =
        caughtBy === undefined
          ? `not caught within ${within} ${runs}`
          : `caught by number ${caughtBy.at} of at most ${within} ${runs} (${caughtBy.violation.slice(0, 160)})`
      say(`${caughtBy === undefined ? 'FAILED' : 'ok'}  mutant "${name}": ${how}; ${(cpu / 1000).toFixed(0)} s of CPU`)
      if (caughtBy === undefined) failed += 1
    })
  }
  return failed
}

process.exitCode = (await main()) === 0 ? 0 : 1
