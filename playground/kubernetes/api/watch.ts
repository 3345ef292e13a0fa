import type { Clock } from '../../world.ts'
import { ApiError, badRequest, expired } from '../api-error.ts'
import type { Json, JsonObject } from '../json.ts'
import { apiVersionOf } from '../kinds.ts'
import type { KubeObject } from '../object.ts'
import type { Change, ObjectStore } from '../store.ts'
import { filterOf } from './lists.ts'
import type { Target } from './route.ts'

/** Where the events of a watch go. */
export interface WatchSink {
  event(event: JsonObject): void
  /** The server has nothing more to say: the client's time is over, or the watch failed. */
  end(): void
}

const bookmarkEveryMs = 60_000
/** The real server draws a watch's life between 30 and 60 minutes when the client names none. */
const defaultLifeMs = 30 * 60_000

/**
 * Starts a watch and returns how to stop it. A version that is forgotten is told as an ERROR event with a Status of 410, as
 * the real server does. `render` turns an object into what the client accepts.
 */
export function watch(
  world: { store: ObjectStore; clock: Clock },
  target: Target,
  query: Readonly<Record<string, string>>,
  render: (object: KubeObject) => Json,
  sink: WatchSink,
): () => void {
  const { store, clock } = world
  const { kind, namespace } = target
  const filter = filterOf(target, query)
  const bookmarks = query['allowWatchBookmarks'] === 'true' || query['allowWatchBookmarks'] === '1'
  const from = startOf(query)
  let seen = store.version()

  const send = (type: string, object: Json): void => sink.event({ type, object })
  const bookmark = (annotations?: JsonObject): void =>
    send('BOOKMARK', {
      kind: kind.kind,
      apiVersion: apiVersionOf(kind),
      metadata: {
        resourceVersion: String(seen),
        creationTimestamp: null,
        ...(annotations === undefined ? {} : { annotations }),
      },
    })
  function tell(change: Change): void {
    if (change.kind !== kind || (namespace !== undefined && change.object.metadata.namespace !== namespace)) return
    seen = change.version
    const before = change.previous !== undefined && filter(change.previous)
    const now = change.type !== 'DELETED' && filter(change.object)
    if (now) send(before ? 'MODIFIED' : 'ADDED', render(change.object))
    else if (before) send('DELETED', render(change.object))
  }

  if (from === 'now') {
    for (const object of store.list(kind, namespace)) if (filter(object)) send('ADDED', render(object))
    if (query['sendInitialEvents'] === 'true') bookmark({ 'k8s.io/initial-events-end': 'true' })
  } else {
    const missed = store.changesSince(kind, from)
    if (missed === 'expired') {
      send('ERROR', expired(`too old resource version: ${from} (${store.version()})`).status)
      sink.end()
      return () => undefined
    }
    for (const change of missed) tell(change)
  }

  const stopListening = store.onChange((change) => {
    // Told already by the catch-up when a listener before us wrote while it ran.
    if (change.version > seen) tell(change)
  })
  let ticking = bookmarks ? clock.after(bookmarkEveryMs, tick) : undefined
  function tick(): void {
    seen = store.version()
    bookmark()
    ticking = clock.after(bookmarkEveryMs, tick)
  }
  const life = clock.after(lifeOf(query), () => {
    stop()
    sink.end()
  })
  function stop(): void {
    stopListening()
    ticking?.cancel()
    life.cancel()
  }
  return stop
}

function startOf(query: Readonly<Record<string, string>>): number | 'now' {
  const version = query['resourceVersion'] ?? ''
  if (version === '' || version === '0' || query['sendInitialEvents'] === 'true') return 'now'
  if (!/^\d{1,15}$/.test(version)) throw badRequest(`resourceVersion: Invalid value: "${version}": must be a number`)
  return Number(version)
}

function lifeOf(query: Readonly<Record<string, string>>): number {
  const seconds = query['timeoutSeconds']
  if (seconds === undefined || seconds === '' || seconds === '0') return defaultLifeMs
  if (!/^\d{1,9}$/.test(seconds))
    throw new ApiError(400, 'BadRequest', `timeoutSeconds: Invalid value: "${seconds}": must be a number`)
  return Math.min(Number(seconds) * 1000, 24 * 60 * 60_000)
}
