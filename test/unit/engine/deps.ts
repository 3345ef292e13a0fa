import type { BusMessage, Letter } from '../../../shared/cloud/bus-port.ts'
import { CloudError, type Compute } from '../../../shared/cloud/compute-port.ts'
import type { Cluster, Clusters } from '../../../shared/cloud/kubernetes-port.ts'
import type { Deps } from '../../../shared/engine/deps.ts'
import type { AnyKind } from '../../../shared/engine/kind.ts'
import { createTurns } from '../../../shared/engine/turns.ts'
import { createMemoryStore, type MemoryStoreOptions } from '../../../shared/state/memory.ts'
import { project } from '../planning/facts.ts'

/** Dependencies on a memory store and a clock that stands still but for sleeps; what was published is kept. */
export interface TestDeps extends Deps {
  clock: { now(): number; sleep(ms: number): Promise<void>; at: number }
  published: BusMessage[]
  /** What was sent once more. */
  resent: Letter[]
  /** The bus refuses everything while this is set. */
  deaf: boolean
}

/** With the kinds and the Compute given; without Compute every call to it fails as the network would. */
export function testDeps(
  options: { kinds?: readonly AnyKind[]; compute?: Compute; clusters?: Clusters; store?: MemoryStoreOptions } = {},
): TestDeps {
  const clock = {
    at: 1_000_000,
    now: () => clock.at,
    sleep: (ms: number) => {
      clock.at += ms
      // What others have under way goes on meanwhile.
      return new Promise<void>((resolve) => setImmediate(resolve))
    },
  }
  let ids = 0
  const quiet = (): void => undefined
  const deps: TestDeps = {
    store: createMemoryStore(options.store),
    compute: options.compute ?? unreachableCompute,
    clusters: options.clusters ?? {
      refusal: () => undefined,
      connect: ({ name }) => unreachable(`cluster ${name}`) as Cluster,
    },
    bus: {
      publish(messages) {
        if (deps.deaf) return Promise.reject(new CloudError(503, '', 'the bus is down'))
        deps.published.push(...messages)
        return Promise.resolve()
      },
      resend(letter) {
        if (deps.deaf) return Promise.reject(new CloudError(503, '', 'the bus is down'))
        deps.resent.push(letter)
        return Promise.resolve()
      },
    },
    kinds: options.kinds ?? [],
    clock,
    turns: createTurns(clock, () => 0.5),
    log: { info: quiet, warn: quiet, error: quiet },
    random: () => 0.5,
    uniqueId: () => `holder-${(ids += 1)}`,
    budget: { work: 60_000, lease: 90_000 },
    project,
    published: [],
    resent: [],
    deaf: false,
  }
  return deps
}

const unreachableCompute = unreachable('Compute') as Compute

function unreachable(what: string): object {
  const silent = () => Promise.reject(new CloudError(0, 'timeout', `${what} does not answer`))
  // What is returned from an asynchronous function must not look like a promise.
  return new Proxy({}, { get: (_, name) => (name === 'then' ? undefined : silent) })
}
