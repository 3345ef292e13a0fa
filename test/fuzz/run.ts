import fc from 'fast-check'
import { targets } from './targets.ts'

/** What became of a run. */
export interface Fuzzed {
  cases: number
  failures: string[]
  /** The case that took the most processor time, by its target. */
  slowest: { name: string; ms: number }
  /** Milliseconds of processor time for each target. */
  spent: Record<string, number>
}

/** No case takes longer; milliseconds of processor time, so that other work on the machine does not count. */
const longest = 1_000

/** Tries about `cases` in all, each target its share. The same seed tries the same. */
export async function fuzz(cases: number, seed: number): Promise<Fuzzed> {
  const result: Fuzzed = { cases: 0, failures: [], slowest: { name: '', ms: 0 }, spent: {} }
  const whole = targets.reduce((sum, { share }) => sum + share, 0)
  for (const { name, share, cases: arbitrary, attempt } of targets) {
    const begun = process.cpuUsage()
    const property = fc.asyncProperty(arbitrary, async (value) => {
      const before = process.cpuUsage()
      await attempt(value)
      const { user, system } = process.cpuUsage(before)
      const ms = (user + system) / 1_000
      if (ms > result.slowest.ms) result.slowest = { name, ms }
      if (ms > longest) throw new Error(`took ${ms.toFixed(0)} ms`)
    })
    const numRuns = Math.max(1, Math.ceil((cases * share) / whole))
    const details = await fc.check(property, { numRuns, seed })
    result.cases += details.numRuns
    if (details.failed) result.failures.push(`${name}: ${fc.defaultReportMessage(details) ?? ''}`.slice(0, 4_000))
    const { user, system } = process.cpuUsage(begun)
    result.spent[name] = Math.round((user + system) / 1_000)
  }
  return result
}
