import { createApiServer, type ApiAnswer } from '../../playground/kubernetes/api/server.ts'
import type { SimulatedCluster } from '../../playground/kubernetes/index.ts'
import type { Kind } from '../../playground/kubernetes/kinds.ts'
import type { KubeObject } from '../../playground/kubernetes/object.ts'
import type { Change, ObjectStore } from '../../playground/kubernetes/store.ts'
import type { WireRequest } from '../../playground/world.ts'
import type { SimulationClock } from './clock.ts'

/** A server of a cluster's API lags behind the others by at most this; milliseconds. News of a change come again after it. */
export const longestLag = 10_000

/** A cluster's API server that has not heard of the latest changes. */
export interface LaggingServer {
  /** What it answers to a read when it is behind by `ms`; undefined = what everybody answers, because nothing of it has changed. */
  read(request: WireRequest, ms: number): ApiAnswer | undefined
}

/** Serves the past of a cluster to reads; what is written goes to the present, where versions conflict as they do. */
export function laggingServer({ store }: SimulatedCluster, clock: SimulationClock): LaggingServer {
  let changes: (Change & { at: number })[] = []
  let since = 0
  /** Changes of what is asked that it has not heard of. */
  let missed = 0
  store.onChange((change) => {
    changes = changes.filter(({ at }) => clock.now() - at <= longestLag)
    changes.push({ ...change, at: clock.now() })
  })
  const refuse = (): never => {
    throw new Error('a server that lags is only read')
  }

  /** The changes of some objects that it has not heard of, the oldest first. */
  function unheard(kind: Kind, isAsked: (object: KubeObject) => boolean): Change[] {
    const later = changes.filter((change) => change.kind === kind && change.at > since && isAsked(change.object))
    missed += later.length
    return later
  }

  const past: ObjectStore = {
    version: store.version,
    get(kind, namespace, name) {
      const [first] = unheard(kind, (object) => object.metadata.name === name && isIn(object, namespace))
      return first === undefined ? store.get(kind, namespace, name) : first.previous
    },
    list(kind, namespace) {
      const later = unheard(kind, (object) => namespace === undefined || isIn(object, namespace))
      if (later.length === 0) return store.list(kind, namespace)
      const objects = new Map(store.list(kind, namespace).map((object) => [keyOf(object), object]))
      // The oldest change of an object comes last, and has what was before all of them.
      for (const { object, previous } of [...later].reverse()) {
        if (previous === undefined) objects.delete(keyOf(object))
        else objects.set(keyOf(object), previous)
      }
      return [...objects.values()].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
    },
    changesSince: () => [],
    put: refuse,
    remove: refuse,
    compact: refuse,
    onChange: refuse,
  }
  // Reads know nothing of those who write.
  const server = createApiServer({ store: past, writes: {} as never, ownership: {} as never, clock })

  return {
    read(request, ms) {
      since = clock.now() - ms
      const before = missed
      const answer = server.respond(request)
      return missed > before ? answer : undefined
    },
  }
}

function isIn({ metadata }: KubeObject, namespace: string | undefined): boolean {
  return (metadata.namespace ?? '') === (namespace ?? '')
}

function keyOf({ metadata: { namespace = '', name } }: KubeObject): string {
  return `${namespace}/${name}`
}
