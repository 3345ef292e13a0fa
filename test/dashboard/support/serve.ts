import type { AddressInfo } from 'node:net'
import { getTestServer } from '@google-cloud/functions-framework/testing'
import { registerTargets } from '../../../functions/targets.ts'
import type { Compute } from '../../../shared/cloud/compute-port.ts'
import type { Store } from '../../../shared/state/store.ts'
import { project } from '../../unit/planning/facts.ts'
import { testDeps } from '../../unit/engine/deps.ts'

/** The status function over a store, as it is deployed. */
export interface Served {
  url: string
  close(): Promise<void>
}

/** Serves the status function on a free port of this machine. One a process: the framework has one registry. */
export async function serveStatus(store: Store, health: Pick<Compute, 'health'>, now = Date.now): Promise<Served> {
  const deps = testDeps()
  const clock = { now, sleep: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms).unref()) }
  const reader = { ...deps, store, clock, compute: { ...deps.compute, health: health.health }, project }
  registerTargets(() => reader)
  const server = getTestServer('status')
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
