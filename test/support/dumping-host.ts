import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { hostTargets } from '../../functions/host.ts'
import { createLog } from '../../functions/log.ts'
import { makeDeps } from '../../functions/runtime.ts'
import { readConfig } from '../../shared/config.ts'
import type { Deps } from '../../shared/engine/deps.ts'
import type { Store } from '../../shared/state/store.ts'

/**
 * Hosts the functions as functions/local.ts does, and serves everything that left them for a place where it stays: all that was
 * ever written to the Store, every message, every line of the log at the finest level.
 */
const kept: string[] = []
const written = process.stdout.write.bind(process.stdout)
process.stdout.write = (chunk: string | Uint8Array, ...rest: never[]) => {
  kept.push(String(chunk))
  return written(chunk, ...rest)
}

const made = makeDeps(readConfig())
const deps: Deps = {
  ...made,
  log: createLog('debug', undefined, (line) => void process.stdout.write(line)),
  store: keeping(made.store),
  bus: {
    ...made.bus,
    publish(messages) {
      kept.push(JSON.stringify(messages))
      return made.bus.publish(messages)
    },
  },
}

function keeping(store: Store): Store {
  return {
    ...store,
    transact: (body) =>
      store.transact((tx) =>
        body({
          ...tx,
          set(collection, id, doc) {
            kept.push(JSON.stringify([collection, id, doc]))
            tx.set(collection, id, doc)
          },
        }),
      ),
  }
}

const dump = createServer((_request, response) => response.end(JSON.stringify(kept)))
await new Promise<void>((resolve) => dump.listen(0, '127.0.0.1', resolve))
await hostTargets(() => deps, undefined, { dump: (dump.address() as AddressInfo).port })
