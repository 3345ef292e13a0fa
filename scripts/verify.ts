import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** `npm run verify`: everything that must hold before a change is done. `--full` adds what takes minutes. */
const root = dirname(dirname(fileURLToPath(import.meta.url)))
const full = process.argv.includes('--full')
const modules = (path: string): string => join('node_modules', path)

const steps: { name: string; args: string[]; env?: Record<string, string>; only?: 'full' | 'short' }[] = [
  { name: 'format', args: [modules('prettier/bin/prettier.cjs'), '--check', '--log-level=warn', '.'] },
  { name: 'lint', args: [modules('eslint/bin/eslint.js'), '.', '--max-warnings=0'] },
  { name: 'types', args: [modules('typescript/bin/tsc'), '--noEmit'] },
  { name: 'tests', args: [modules('vitest/vitest.mjs'), 'run'], only: 'short' },
  {
    name: 'slow tests',
    args: [modules('vitest/vitest.mjs'), 'run', '--exclude=test/wire/**'],
    env: { MCI_SLOW_TESTS: '1' },
    only: 'full',
  },
  // By itself, because it keeps both cores busy; so long that Java's second compiler pays.
  {
    name: 'over the wire',
    args: [modules('vitest/vitest.mjs'), 'run', 'test/wire'],
    env: { MCI_SLOW_TESTS: '1', JAVA_TOOL_OPTIONS: '-XX:+UseSerialGC' },
    only: 'full',
  },
  { name: 'simulation', args: ['test/simulation/main.ts', '--full'], only: 'full' },
]

let failed = 0
for (const step of steps) {
  if (step.only === (full ? 'short' : 'full')) continue
  const begun = Date.now()
  const { status } = spawnSync(process.execPath, step.args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...step.env },
  })
  console.log(`${status === 0 ? 'ok' : 'FAILED'}  ${step.name}  ${((Date.now() - begun) / 1000).toFixed(1)} s`)
  if (status !== 0) failed += 1
}
process.exitCode = failed === 0 ? 0 : 1
