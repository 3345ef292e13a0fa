import { fileURLToPath } from 'node:url'
import { eventFunctions } from '../../functions/registry.ts'
import { startFunctions, type FunctionsProcess } from '../../playground/functions-process.ts'
import type { Random } from '../../playground/world.ts'
import { startRelay, type Fate, type Relay, type Relayed } from './relay.ts'
import { fateOfShare, messageIdOf } from './shares.ts'

/** What the functions run on, and how Compute answers them. */
export interface FleetOptions {
  /** Processes, each of which hosts every function. */
  size: number
  env: Readonly<Record<string, string>>
  /** Origin of Compute; every process reaches it by a relay of its own. */
  compute: string
  computeFate: (request: Relayed) => Fate
  /** A process dies after up to so many changes of Compute, or so many pushes. */
  lives: { changes: number; pushes: number }
  random: Random
}

/** Where a process was when it was killed. */
export const moments = ['before a change of Compute', 'after a change of Compute', 'at a push'] as const
type Moment = (typeof moments)[number]

/** Processes that host the functions, behind ports that stay, as a platform has it. */
export interface Fleet {
  /** Of each function. */
  ports: Record<string, number>
  counts: {
    /** By the moment. */
    kills: Record<Moment, number>
    /** Pushes that nobody answered, because their process was killed. */
    interrupted: number
    /** Pushes of a message that was pushed before. */
    repeated: number
    /** Pushes that a function answered with 5xx. */
    failed: number
    /** Answered pushes of each function. */
    answered: Record<string, number>
  }
  /** What processes printed last that ended though nobody ended them. */
  crashed: readonly string[]
  /** How many pushes are under way. */
  inFlight(): number
  /**
   * Kills process after process, at each of the moments in turn, and starts it again; `killed` is called after each. Resolves when
   * so many were killed and all run again.
   */
  killing(kills: number, killed: (nth: number) => Promise<void>): Promise<void>
  /** Puts the clocks of those that run forward. */
  later(ms: number): Promise<void>
  /** Ends all; answers the last lines that the latest processes printed. */
  close(): Promise<string>
}

const host = fileURLToPath(new URL('host.ts', import.meta.url))

interface Doom {
  moment: Moment
  /** So many more of those, and it is killed; after a push so many milliseconds later. */
  left: number
  afterMs: number
  /** From then on the next push will do: nothing may be left that changes Compute. */
  latest: number
}

/** One process, and the next in its place when it was killed. */
interface Place {
  compute: Relay
  /** Open while it starts: who has a push for it waits. */
  running: Promise<FunctionsProcess>
  starting: boolean
  /** Pushes that it works on. */
  open: Set<Relayed>
  doom: Doom | undefined
  /** What those before it printed last. */
  printed: string[]
}

/** Starts the processes, and what stands before them. */
export async function startFleet({ size, env, compute, computeFate, lives, random }: FleetOptions): Promise<Fleet> {
  const counts: Fleet['counts'] = {
    kills: { 'before a change of Compute': 0, 'after a change of Compute': 0, 'at a push': 0 },
    interrupted: 0,
    repeated: 0,
    failed: 0,
    answered: {},
  }
  const crashed: string[] = []
  let death: ((place: Place, moment: Moment) => Promise<void>) | undefined

  /** Starts the next process of a place; one that ends though nobody ended it is a defect, and is told of. */
  async function start(place: Place): Promise<FunctionsProcess> {
    place.starting = true
    const process = await startFunctions({ ...env, COMPUTE_API_ENDPOINT: place.compute.url }, 'ignore', host)
    place.starting = false
    const mine = place.running
    void process.ended.then((printed) => place.running === mine && crashed.push(printed))
    return process
  }

  const met = (place: Place, moment: Moment): Doom | undefined => {
    const { doom } = place
    const late = doom !== undefined && moment === moments[2] && Date.now() > doom.latest
    if (!late && (doom?.moment !== moment || (doom.left -= 1) > 0)) return undefined
    place.doom = undefined
    return doom
  }

  async function makePlace(): Promise<Place> {
    const changes = ({ method, path }: Relayed): boolean => method !== 'GET' && !path.includes('/wait')
    const relay = await startRelay({
      to: () => compute,
      fate: computeFate,
      async before(request) {
        if (!changes(request) || met(place, moments[0]) === undefined) return
        await death?.(place, moments[0])
        throw new Error('whoever asked is dead')
      },
      async after(request) {
        if (changes(request) && met(place, moments[1]) !== undefined) await death?.(place, moments[1])
      },
    })
    const place: Place = {
      compute: relay,
      running: Promise.reject<FunctionsProcess>(new Error('not started yet')),
      starting: true,
      open: new Set(),
      doom: undefined,
      printed: [],
    }
    place.running.catch(() => undefined)
    place.running = start(place)
    await place.running
    return place
  }

  const places = await Promise.all(Array.from({ length: size }, makePlace))
  const pushed = new Set<string>()
  const placeOf = new WeakMap<Relayed, Place>()

  /** The push goes to a process that runs, the least busy of them. */
  async function assign(request: Relayed): Promise<FunctionsProcess> {
    for (;;) {
      const [place] = [...places].sort((a, b) => Number(a.starting) - Number(b.starting) || a.open.size - b.open.size)
      if (place === undefined) throw new Error('there is no process')
      const { running } = place
      const process = await running
      if (place.running !== running) continue
      place.open.add(request)
      placeOf.set(request, place)
      return process
    }
  }

  async function front(name: string): Promise<{ name: string; relay: Relay }> {
    const relay = await startRelay({
      fate: fateOfShare,
      async to(request) {
        const message = messageIdOf(request.body)
        if (message !== null && pushed.has(`${name}/${message}`)) counts.repeated += 1
        pushed.add(`${name}/${message ?? ''}`)
        return `http://127.0.0.1:${(await assign(request)).ports[name] ?? 0}`
      },
      before(request) {
        const place = placeOf.get(request)
        const doom = place === undefined ? undefined : met(place, moments[2])
        if (place !== undefined && doom !== undefined) setTimeout(() => void death?.(place, moments[2]), doom.afterMs)
      },
      after(request, status) {
        placeOf.get(request)?.open.delete(request)
        if (status === undefined) counts.interrupted += 1
        else counts.answered[name] = (counts.answered[name] ?? 0) + 1
        if (status !== undefined && status >= 500) counts.failed += 1
      },
    })
    return { name, relay }
  }

  const fronts = await Promise.all(['status', ...eventFunctions.map(({ name }) => name)].map(front))
  return {
    ports: Object.fromEntries(fronts.map(({ name, relay }) => [name, relay.port])),
    counts,
    crashed,
    inFlight: () => places.reduce((sum, { open }) => sum + open.size, 0),
    killing(kills, killed) {
      let begun = 0
      let ended = 0
      let dooms = 0
      const doom = (place: Place): void => {
        const moment = moments[dooms % moments.length] ?? moments[0]
        dooms += 1
        place.doom = {
          moment,
          left: 1 + Math.floor(random() * (moment === 'at a push' ? lives.pushes : lives.changes)),
          afterMs: Math.floor(random() * 200),
          latest: Date.now() + 120_000,
        }
      }
      return new Promise((resolve, reject) => {
        death = async (place, moment) => {
          if (begun >= kills) return
          begun += 1
          const nth = begun
          const last = await place.running
          const next = async (): Promise<FunctionsProcess> => {
            await last.kill()
            place.printed = [...place.printed, await last.ended].slice(-2)
            counts.kills[moment] += 1
            return start(place)
          }
          place.starting = true
          place.running = next()
          place.running
            .then(() => killed(nth))
            .then(() => {
              ended += 1
              if (ended === kills) resolve()
              else doom(place)
            })
            .catch(reject)
          await last.ended
        }
        for (const place of places) doom(place)
      })
    },
    async later(ms) {
      for (const place of places) {
        const { ports } = await place.running
        await fetch(`http://127.0.0.1:${ports['clock'] ?? 0}/${ms}`)
      }
    },
    async close() {
      const printed = await Promise.all(
        places.map(async (place) => {
          const last = await place.running
          place.running = Promise.resolve(last)
          await last.stop()
          return [...place.printed, await last.ended].join('\n--- killed, and started again ---\n')
        }),
      )
      const relays = [...fronts.map(({ relay }) => relay), ...places.map((one) => one.compute)]
      await Promise.all(relays.map((one) => one.close()))
      return printed.join('\n=== another process ===\n')
    },
  }
}
