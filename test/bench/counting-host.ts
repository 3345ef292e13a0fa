import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { hostTargets } from '../../functions/host.ts'
import { makeDeps } from '../../functions/runtime.ts'
import { readConfig } from '../../shared/config.ts'
import { countingStore } from '../../shared/state/counting.ts'

/**
 * Hosts the functions as functions/local.ts does, with a Store that counts. Beside them it serves the counts at `/`, and at
 * `/NAMESPACE/NAME` the phase that stands in an Ingress's document: who asks the status function every few milliseconds has it read
 * the health of every backend from Compute, and measures that.
 */
const deps = makeDeps(readConfig())
const store = countingStore(deps.store)
const counts = createServer((request, response) => {
  const id = (request.url ?? '/').slice(1)
  const told = id === '' ? Promise.resolve(store.counts()) : deps.store.get('ingresses', id).then((doc) => doc?.phase)
  void told.then((value) => response.end(JSON.stringify(value ?? null)))
})
await new Promise<void>((resolve) => counts.listen(0, '127.0.0.1', resolve))
// Whoever watches the status must not be counted with what the work costs.
const counted = { ...deps, store }
await hostTargets(
  () => counted,
  () => deps,
  { storeCounts: (counts.address() as AddressInfo).port },
)
