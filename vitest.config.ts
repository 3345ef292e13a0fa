import { configDefaults, defineConfig } from 'vitest/config'

/** What takes minutes, or a browser, runs in `npm run verify:full` only, which sets MCI_SLOW_TESTS. */
const slow = ['test/**/*.slow.test.ts', 'test/**/*.browser.test.ts']

export default defineConfig({
  test: {
    include: process.env['MCI_SLOW_TESTS'] ? slow : ['test/**/*.test.ts'],
    exclude: process.env['MCI_SLOW_TESTS'] ? configDefaults.exclude : [...configDefaults.exclude, ...slow],
    // Two cores: more workers than cores only make timings jump.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})
