import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { hostTargets } from '../../functions/host.ts'
import { makeDeps } from '../../functions/runtime.ts'
import { readConfig } from '../../shared/config.ts'

/**
 * Hosts the functions as functions/local.ts does, with a clock that can be put forward: by so many milliseconds as the path of a
 * request to the port `clock` says.
 */
let ahead = 0
const clock = createServer((request, response) => {
  ahead = Number((request.url ?? '').slice(1))
  response.end()
})
await new Promise<void>((resolve) => clock.listen(0, '127.0.0.1', resolve))
const deps = makeDeps(readConfig())
const later = { ...deps, clock: { ...deps.clock, now: () => deps.clock.now() + ahead } }
await hostTargets(() => later, undefined, { clock: (clock.address() as AddressInfo).port })
