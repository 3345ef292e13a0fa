import { runtime } from './runtime.ts'
import { checkConfiguration, checkState } from './start.ts'
import { registerTargets } from './targets.ts'

/** What is deployed: functions-framework picks one of the targets registered here by its name. */
checkConfiguration()
registerTargets(runtime)
void checkState(runtime)
