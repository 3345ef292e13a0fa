import type { Fate } from './calls.ts'
import { checkpoint, outcomeOf, scheduleTicks, settle, silence, watchInvariants, type Outcome } from './converge.ts'
import { differences } from './ending.ts'
import { leaveByKubemci } from './kubemci.ts'
import { scenarios, type Scenario } from './scenarios.ts'
import { beginStory, pass, publish, register, type Story } from './story.ts'
import { createWorld, type Mutation } from './world.ts'

/** A kill: at which call after the scenario began, and whether the call is still carried out. */
export interface Kill {
  at: number
  when: 'kill before' | 'kill after'
}

const clusters = [
  { name: 'us', zones: ['us-central1-a'], vpcNative: false },
  { name: 'europe', zones: ['europe-west1-b'], vpcNative: false },
]

/** Ticks that must change nothing once it has converged. */
const quietTicks = 2

/** Runs a scenario with the given kills; `length` is how many calls it made until all was as wished. */
export async function runScenario(
  name: string,
  kills: readonly Kill[],
  options: { traced: boolean; mutation?: Mutation },
): Promise<Outcome & { length: number }> {
  const scenario = scenarios.find((candidate) => candidate.name === name)
  if (scenario === undefined) throw new Error(`there is no scenario "${name}"`)
  const fates = new Map<number, Fate>()
  let began = Infinity
  const world = createWorld({
    seed: 1,
    faults: [],
    clusters,
    nodesPerZone: 1,
    certificateDelay: 30_000,
    fates: (call) => fates.get(call - began),
    disturbed: kills.length > 0,
    traced: options.traced,
    ...(options.mutation === undefined ? {} : { mutation: options.mutation }),
  })
  const violations: string[] = []
  let length = 0
  let convergedIn = 0
  try {
    const story = await prepared(scenario, world, violations)
    began = world.calls.count()
    for (const { at, when } of kills) fates.set(at, when)
    const [ingress] = story.owned
    if (ingress !== undefined) scenario.act(story, ingress)
    if (kills.length === 0) length = await lengthOf(story, began)
    convergedIn = await settle(story, violations)
    if (violations.length === 0) await silence(story, violations, quietTicks)
  } catch (error) {
    violations.push(
      `the simulation itself failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    )
  }
  world.close()
  return { ...outcomeOf(world, violations, { [name]: 1 }, convergedIn), length }
}

async function prepared(
  scenario: Scenario,
  world: ReturnType<typeof createWorld>,
  violations: string[],
): Promise<Story> {
  const story = await beginStory(world, 1)
  const [ingress] = story.owned
  const { served } = scenario
  if (served === 'kubemci' && ingress !== undefined) await leaveByKubemci(story, ingress, scenario.registered)
  watchInvariants(story, violations)
  scheduleTicks(story)
  for (const name of scenario.registered) register(story, name)
  if (served === 'kubemci') {
    // Its spec is wished for before it is published to us.
    await pass(story, 90_000)
    return story
  }
  if (served !== null && ingress !== undefined) publish(story, ingress, { does: 'apply', spec: served, clusters: null })
  for (let look = 0; look < 40; look += 1) {
    await pass(story, 31_000)
    if (await checkpoint(story)) return story
  }
  throw new Error(`the scenario "${scenario.name}" never began: ${(await differences(story)).join('; ')}`)
}

/** Calls until everything is as wished; what comes later are ticks of a world at rest. */
async function lengthOf(story: Story, began: number): Promise<number> {
  // What is done by hand takes its time before it shows.
  await pass(story, 20_000)
  for (let second = 0; second < 600; second += 2) {
    if (story.world.platform.running() === 0 && (await differences(story)).length === 0) break
    await pass(story, 2_000)
  }
  return story.world.calls.count() - began
}
