interface Turns {
  running: Promise<unknown>
  /** Begins when `running` has ended, for everybody who came meanwhile. */
  next?: Promise<unknown>
}

/** By owner, so that what one process does is never waited for by another that may outlive it. */
const turns = new WeakMap<object, Map<string, Turns>>()

/**
 * Does `work` at most once at a time for a `key` of an `owner`. Whoever comes while it is under way shares the next turn,
 * which begins after all of them came: it sees everything that they were told of. Ten messages about one cluster are two
 * looks. An error is everybody's who shared the turn.
 */
export function shareNext<T>(owner: object, key: string, work: () => Promise<T>): Promise<T> {
  const mine = turns.get(owner) ?? new Map<string, Turns>()
  turns.set(owner, mine)
  const now = mine.get(key)
  if (now?.next !== undefined) return now.next as Promise<T>
  const begin = (): Promise<T> => {
    const running = work().finally(() => {
      if (mine.get(key)?.running === running && mine.get(key)?.next === undefined) mine.delete(key)
    })
    mine.set(key, { running })
    return running
  }
  if (now === undefined) return begin()
  now.next = now.running.then(begin, begin)
  return now.next as Promise<T>
}
