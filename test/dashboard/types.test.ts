import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')

it.each([
  { what: 'the dashboard', folder: 'functions/dashboard' },
  { what: 'what the browser tests ask of it', folder: 'test/dashboard/in-page' },
])(
  '$what, plain JavaScript for browsers, holds the types that its comments give',
  ({ folder }) => {
    const { status, stdout } = spawnSync(
      process.execPath,
      [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(root, folder)],
      { encoding: 'utf8' },
    )
    expect(stdout).toBe('')
    expect(status).toBe(0)
  },
  60_000,
)
