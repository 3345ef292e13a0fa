import { runtime } from './runtime.ts'
import { registerTargets } from './targets.ts'

/** What is deployed: functions-framework picks one of the targets registered here by its name. */
registerTargets(runtime)
