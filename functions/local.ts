import { hostTargets } from './host.ts'
import { runtime } from './runtime.ts'

/** Hosts every function in this process, for the playground and for tests; deployed, each runs alone. */
await hostTargets(runtime)
