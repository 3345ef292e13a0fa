import { actions } from './actions.ts'
import { chanceOf } from './chance.ts'
import { checkpoint, outcomeOf, scheduleTicks, settle, silence, watchInvariants, type Outcome } from './converge.ts'
import { chooseFaults, disturbing, type FaultKind } from './faults.ts'
import { leaveByKubemci } from './kubemci.ts'
import { beginStory, nextSpec, pass, publish, register, type Story } from './story.ts'
import { createWorld, type Mutation } from './world.ts'

const places = [
  { name: 'us', zones: ['us-central1-a', 'us-central1-b'] },
  { name: 'europe', zones: ['europe-west1-b'] },
  { name: 'asia', zones: ['asia-east1-a'] },
]

/** How worlds are counted in which Services ask for network endpoint groups by themselves, in all clusters or in some. */
export const nativeWorlds = { all: 'all clusters were VPC-native', some: 'some clusters were VPC-native' }

/** How a world that began with a load balancer of kubemci's is counted. */
export const kubemciWasHere = 'kubemci was here'

/** After this a message that was not lost has been handled, and a tick has made up for one that was; milliseconds. */
const untilRegistered = 600_000

export async function runSeed(
  seed: number,
  options: { traced: boolean; mutation?: Mutation; faults?: readonly FaultKind[] },
): Promise<Outcome> {
  const chance = chanceOf(seed).fork('plan')
  const chosen = chooseFaults(chance)
  const faults = options.faults ?? chosen
  const clusters = places.slice(0, chance.whole(2, places.length))
  const native = chance.pick(['none', 'none', 'none', 'none', 'all', 'all', 'some'] as const)
  const world = createWorld({
    seed,
    faults,
    disturbed: faults.some((kind) => disturbing.includes(kind)),
    clusters: clusters.map((cluster, at) => ({
      ...cluster,
      vpcNative: native === 'all' || (native === 'some' && at === 0),
    })),
    nodesPerZone: 1,
    // Some are made in a moment, some take minutes, and some half an hour.
    certificateDelay: chance.pick([2_000, 90_000, 1_800_000]),
    traced: options.traced,
    ...(options.mutation === undefined ? {} : { mutation: options.mutation }),
  })
  const taken: Record<string, number> = {}
  const violations: string[] = []
  let convergedIn = 0
  try {
    const story = await beginStory(world, chance.whole(1, 3))
    const registered = [...world.clusters.keys()].slice(0, chance.whole(1, world.clusters.size))
    if (native !== 'none') taken[nativeWorlds[native]] = 1
    // kubemci knew instance groups only.
    else await beginWithKubemci(story, registered)
    watchInvariants(story, violations)
    scheduleTicks(story)
    for (const name of registered) register(story, name)
    if (story.adopts) taken[kubemciWasHere] = 1
    await pass(story, story.adopts ? untilRegistered : 0)
    for (const owned of story.owned.slice(0, chance.whole(1, story.owned.length)))
      publish(story, owned, { does: 'apply', spec: nextSpec(story, owned), clusters: null })
    await live(story, chance.whole(3, 14), taken)
    convergedIn = await settle(story, violations)
    if (violations.length === 0) await silence(story, violations, 10)
  } catch (error) {
    violations.push(
      `the simulation itself failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    )
  }
  world.close()
  return outcomeOf(world, violations, taken, convergedIn)
}

/** Some worlds begin with a load balancer of kubemci's. Whoever moves registers all clusters first. */
async function beginWithKubemci(story: Story, registered: readonly string[]): Promise<void> {
  const chance = story.chance.fork('kubemci')
  const [owned] = story.owned
  if (owned === undefined || !chance.hits(0.15)) return
  story.adopts = true
  await leaveByKubemci(story, owned, chance.some(registered, 1))
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
