import { cpus, totalmem } from 'node:os'
import { printColdStarts } from './cold-start.ts'
import { printCommands } from './commands.ts'
import { printConvergence } from './converge-rows.ts'
import { printEvents } from './event-rows.ts'
import { printLoad } from './load-rows.ts'
import { printTickAtScale } from './tick-rows.ts'

/** `npm run bench`: what docs/bench.md shows. Ratios and counts first; times are of this machine. */
const parts = {
  converge: printConvergence,
  commands: printCommands,
  'cold-starts': () => printColdStarts(3),
  events: printEvents,
  tick: printTickAtScale,
  load: printLoad,
} as const

/** One part alone: `npm run bench -- tick`. */
const only = process.argv[2]
if (only !== undefined && !(only in parts)) {
  console.error(`There is no part "${only}": ${Object.keys(parts).join(', ')}.`)
  process.exit(64)
}
console.log(
  `${cpus().length} x ${cpus()[0]?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}\n`,
)
let missed = 0
for (const [name, print] of Object.entries(parts)) if (only === undefined || only === name) missed += await print()
process.exitCode = missed === 0 ? 0 : 1
