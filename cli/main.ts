import { enableCompileCache } from 'node:module'

// Compiled code is kept between runs, in the system's folder for such things: `mci --help` must feel instant.
enableCompileCache()
const { run } = await import('./program.ts')
process.exitCode = await run(process.argv.slice(2))
