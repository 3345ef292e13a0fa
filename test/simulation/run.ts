import { actions } from './actions.ts'
import { chanceOf } from './chance.ts'
import { differences } from './ending.ts'
import { chooseFaults, type FaultKind } from './faults.ts'
import { invariants } from './invariants.ts'
import { wishOf } from './people.ts'
import { beginStory, nextSpec, pass, publish, register, type Story } from './story.ts'
import { createWorld, type Mutation, type World } from './world.ts'

/** What one seed came to. */
export interface Outcome {
  seed: number
  /** What was violated, in words; empty = nothing. */
  violations: string[]
  /** How often each fault was carried out. */
  faults: Partial<Record<FaultKind, number>>
  /** How often each action was taken. */
  actions: Record<string, number>
  /** Virtual time from the last fault to convergence; milliseconds. */
  convergedIn: number
  calls: number
  invocations: number
  trace: readonly string[]
}

const places = [
  { name: 'us', zones: ['us-central1-a', 'us-central1-b'] },
  { name: 'europe', zones: ['europe-west1-b'] },
  { name: 'asia', zones: ['asia-east1-a'] },
]

/** After the last fault a world has this long to converge: retries back off to ten minutes, and go through several resources. */
const patience = 4 * 3_600_000

export async function runSeed(seed: number, options: { traced: boolean; mutation?: Mutation }): Promise<Outcome> {
  const chance = chanceOf(seed).fork('plan')
  const world = createWorld({
    seed,
    faults: chooseFaults(chance),
    clusters: places.slice(0, chance.whole(2, places.length)),
    nodesPerZone: 1,
    traced: options.traced,
    ...(options.mutation === undefined ? {} : { mutation: options.mutation }),
  })
  const taken: Record<string, number> = {}
  const violations: string[] = []
  let convergedIn = 0
  try {
    const story = await beginStory(world, chance.whole(1, 3))
    for (const { name, watch } of invariants) {
      watch(story, (text) => {
        world.trace.note('VIOLATION', () => `${name}: ${text}`)
        if (violations.length < 20) violations.push(`${name}: ${text}`)
      })
    }
    scheduleTicks(story)
    for (const name of [...world.clusters.keys()].slice(0, chance.whole(1, world.clusters.size))) register(story, name)
    for (const owned of story.owned.slice(0, chance.whole(1, story.owned.length)))
      publish(story, owned, { does: 'apply', spec: nextSpec(story, owned), clusters: null })
    await live(story, chance.whole(3, 14), taken)
    convergedIn = await settle(story, violations)
    if (violations.length === 0) await silence(story, violations)
  } catch (error) {
    violations.push(
      `the simulation itself failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    )
  }
  world.close()
  return {
    seed,
    violations,
    faults: Object.fromEntries(world.faults.counts()),
    actions: taken,
    convergedIn,
    calls: world.calls.count(),
    invocations: world.platform.count(),
    trace: world.trace.lines(),
  }
}

/** Things happen, at random times, overlapping. */
async function live(story: Story, count: number, taken: Record<string, number>): Promise<void> {
  const total = actions.reduce((sum, action) => sum + action.weight, 0)
  // Some stories are hectic, in some everything comes to rest between two actions.
  const longest = story.chance.pick([3_000, 30_000, 120_000, 400_000])
  for (let at = 0; at < count; at += 1) {
    const pause = story.chance.whole(1, longest)
    await pass(story, pause)
    if (pause > 60_000 && story.chance.hits(0.5)) await checkpoint(story)
    let left = story.chance.whole(1, total)
    const action = actions.find(({ weight }) => (left -= weight) <= 0)
    if (action?.run(story) !== true) continue
    story.world.trace.note('story', () => action.name)
    taken[action.name] = (taken[action.name] ?? 0) + 1
  }
}

/** When everything is as wished, from here on only what is wished now excuses a change. */
async function checkpoint(story: Story): Promise<void> {
  if (isRestless(story) || (await differences(story)).length > 0) return
  story.world.trace.note('story', () => 'everything is as wished')
  story.disturbed.clear()
  for (const owned of story.owned) owned.wishes = [wishOf(owned)]
}

/** Something is still on its way. */
function isRestless({ busy, untold, world }: Story): boolean {
  return busy.size > 0 || untold > 0 || world.messages.backlog() > 0 || world.platform.running() > 0
}

/** Cloud Scheduler, once a minute; sometimes it sleeps for hours. */
function scheduleTicks({ world }: Story): void {
  const { clock, faults, messages } = world
  const chance = world.chance.fork('ticks')
  const tick = (): void => {
    messages.publish('scheduler-ticks', '{}')
    const late = chance.hits(0.05) && faults.strikes('tick delayed')
    if (late) faults.reached('tick delayed')
    clock.after(late ? chance.whole(600_000, 3 * 3_600_000) : 60_000, tick)
  }
  clock.after(60_000, tick)
}

/** Nothing goes wrong any more: the world has to become as wished. Answers how long it took. */
async function settle(story: Story, violations: string[]): Promise<number> {
  const { world } = story
  world.trace.note('story', () => 'from here on nothing goes wrong')
  world.faults.end()
  calm(world)
  const begun = world.clock.now()
  let found: string[] = []
  while (world.clock.now() - begun < patience) {
    await pass(story, 120_000)
    calm(world)
    if (isRestless(story)) continue
    found = await differences(story)
    if (found.length === 0) return world.clock.now() - begun
  }
  violations.push(...found.map((text) => `it did not become as wished: ${text}`))
  return world.clock.now() - begun
}

function calm(world: World): void {
  world.compute.faults.outage('off')
  for (const cluster of world.clusters.values()) cluster.setReachable(true)
}

/** Once it is as wished, ticks change nothing. */
async function silence(story: Story, violations: string[]): Promise<void> {
  const { world } = story
  const done: string[] = []
  world.watchers.mutation.push(({ request, target }) => done.push(`${request.method} ${target}`))
  world.watchers.clusterMutation.push((_invocation, cluster, request) =>
    done.push(`${request.method} ${cluster} ${request.path}`),
  )
  await pass(story, 10 * 60_000 + 5_000)
  if (done.length > 0) violations.push(`it was as wished, and ten more ticks made it ${done.slice(0, 5).join(', ')}`)
  const found = await differences(story)
  violations.push(...found.map((text) => `it was as wished and did not stay so: ${text}`))
}
