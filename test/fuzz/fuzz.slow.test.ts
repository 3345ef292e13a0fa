import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import type { Fuzzed } from './run.ts'

const script = `
  import { fuzz } from './run.ts'
  const fuzzed = await fuzz(50_000, Number(process.argv[1]))
  console.log(JSON.stringify({ ...fuzzed, peakMb: process.resourceUsage().maxRSS / 1024 }))`

/** Two processes with small heaps, a core each: memory is measured for a process, and what hangs is ended with it. */
it('100,000 inputs: never a crash, a second, 256 MB, or a partly applied spec', async () => {
  const runs = [1, 2].map(async (seed) => {
    const flags = ['--max-old-space-size=128', '--max-semi-space-size=4', '--input-type=module', '--eval', script]
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, String(seed)], {
      cwd: import.meta.dirname,
      timeout: 600_000,
    })
    return JSON.parse(stdout) as Fuzzed & { peakMb: number }
  })
  for (const { failures, slowest, peakMb, cases, spent } of await Promise.all(runs)) {
    expect(failures.join('\n')).toBe('')
    expect(cases).toBeGreaterThanOrEqual(50_000)
    expect(slowest.ms, JSON.stringify(slowest)).toBeLessThan(1_000)
    expect(peakMb, JSON.stringify(spent)).toBeLessThan(256)
  }
}, 630_000)
