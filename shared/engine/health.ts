import type { Compute, MemberHealth } from '../cloud/compute-port.ts'
import type { Clock } from './deps.ts'

/** One group of one backend service: what getHealth is asked about. */
export interface HealthTarget {
  project: string
  backendService: string
  /** `projects/P/zones/Z/instanceGroups/N`, or `.../networkEndpointGroups/N`. */
  group: string
}

/** What is known of one group's health, and since when. Times in milliseconds since the epoch. */
export type GroupHealth =
  | {
      known: true
      healthy: number
      total: number
      /** When Compute said so. */
      at: number
      /** When this reader last saw a healthy member; null = never. */
      lastHealthyAt: number | null
      /** When this reader first saw it with, or without, a healthy member as it is now. */
      since: number
    }
  /** It was asked for, or will be: why there is no answer yet. */
  | { known: false; why: string }

/** How much of an effort one reading is worth. */
export interface Effort {
  /** An answer of at most this age is good enough; milliseconds. */
  fresh: number
  /** So long a reading waits for Compute; then it makes do with older answers. Milliseconds. */
  wait: number
  /** So many groups are asked about anew. */
  most: number
}

/** Reads backend health and remembers it. Never throws. */
export interface HealthReader {
  /** By `healthKey`. What could not be asked in time keeps its last known answer. */
  read(targets: readonly HealthTarget[], effort: Effort): Promise<ReadonlyMap<string, GroupHealth>>
}

/** So many calls are under way at once. */
const parallel = 8

/** So many groups are remembered: a process that has seen more forgets those that it asked about longest ago. */
const remembered = 5_000

/** An answer older than this says nothing any more; milliseconds. */
const tooOld = 3_600_000

interface Entry {
  answer: GroupHealth
  /** When it was last asked about; -Infinity = not yet. */
  askedAt: number
  asking: Promise<void> | null
}

/** The name of a group of a backend service in what `read` answers. */
export function healthKey({ project, backendService, group }: HealthTarget): string {
  return `${project}/${backendService}|${group}`
}

/** A reader with an empty memory; one a process. */
export function createHealthReader(compute: Pick<Compute, 'health'>, clock: Clock): HealthReader {
  const entries = new Map<string, Entry>()
  const queue: (() => Promise<void>)[] = []
  let running = 0

  function enter(key: string): Entry {
    const entry = entries.get(key) ?? {
      answer: { known: false, why: 'it has not been asked for yet' },
      askedAt: -Infinity,
      asking: null,
    }
    entries.delete(key)
    entries.set(key, entry)
    if (entries.size > remembered) {
      const [oldest] = entries.keys()
      if (oldest !== undefined) entries.delete(oldest)
    }
    return entry
  }

  async function ask(target: HealthTarget, entry: Entry): Promise<void> {
    try {
      const ref = { collection: 'backendServices', project: target.project, name: target.backendService } as const
      entry.answer = learned(entry.answer, await compute.health(ref, target.group), clock.now())
    } catch (error) {
      const why = error instanceof Error ? error.message.slice(0, 500) : String(error)
      if (!entry.answer.known || clock.now() - entry.answer.at > tooOld) entry.answer = { known: false, why }
    } finally {
      entry.asking = null
    }
  }

  function start(target: HealthTarget, entry: Entry): Promise<void> {
    entry.askedAt = clock.now()
    entry.asking = new Promise((resolve) => {
      queue.push(() => ask(target, entry).then(resolve))
    })
    pump()
    return entry.asking
  }

  function pump(): void {
    for (let next = running < parallel ? queue.shift() : undefined; next !== undefined;) {
      running += 1
      void next().finally(() => {
        running -= 1
        pump()
      })
      next = running < parallel ? queue.shift() : undefined
    }
  }

  return {
    async read(targets, effort) {
      const now = clock.now()
      const asked = targets.map((target) => ({ target, entry: enter(healthKey(target)) }))
      const underWay = asked.flatMap(({ entry }) => entry.asking ?? [])
      const stale = asked
        .filter(({ entry }) => entry.asking === null && now - entry.askedAt > effort.fresh)
        .sort((a, b) => a.entry.askedAt - b.entry.askedAt)
        .slice(0, effort.most)
      const started = stale.map(({ target, entry }) => start(target, entry))
      if (underWay.length + started.length > 0)
        await Promise.race([Promise.all([...underWay, ...started]), clock.sleep(effort.wait)])
      return new Map(asked.map(({ target, entry }) => [healthKey(target), entry.answer]))
    },
  }
}

function learned(before: GroupHealth, members: readonly MemberHealth[], now: number): GroupHealth {
  const healthy = members.filter((member) => member.healthState === 'HEALTHY').length
  const same = before.known && before.healthy > 0 === healthy > 0
  return {
    known: true,
    healthy,
    total: members.length,
    at: now,
    lastHealthyAt: healthy > 0 ? now : before.known ? before.lastHealthyAt : null,
    since: same ? before.since : now,
  }
}
