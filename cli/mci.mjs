#!/usr/bin/env node
// The entry point of the `mci` command, plain JavaScript because it must start under whatever Node the machine has: the
// program is TypeScript that Node runs from source, so an older Node hands over to the one that the project brings.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const own = join(root, 'node_modules', '.bin', 'node')

if (major > 22 || (major === 22 && minor >= 19)) {
  await import('./main.ts')
} else if (existsSync(own)) {
  const { status, signal } = spawnSync(own, [join(root, 'cli', 'main.ts'), ...process.argv.slice(2)], {
    stdio: 'inherit',
  })
  if (signal !== null) process.kill(process.pid, signal)
  process.exitCode = status ?? 1
} else {
  console.error(`mci needs Node 22.19 or newer, and this is ${process.version}. In ${root}, npm ci brings one.`)
  process.exitCode = 1
}
