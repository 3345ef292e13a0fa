import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { hostTargets } from '../../functions/host.ts'
import { makeDeps } from '../../functions/runtime.ts'
import { readConfig } from '../../shared/config.ts'
import { countingStore } from '../../shared/state/counting.ts'

/** Hosts the functions as functions/local.ts does, with a Store that counts; the counts are served beside them. */
const deps = makeDeps(readConfig())
const store = countingStore(deps.store)
const counts = createServer((_request, response) => response.end(JSON.stringify(store.counts())))
await new Promise<void>((resolve) => counts.listen(0, '127.0.0.1', resolve))
// Whoever watches the status must not be counted with what the work costs.
await hostTargets(
  () => ({ ...deps, store }),
  () => deps,
  { storeCounts: (counts.address() as AddressInfo).port },
)
