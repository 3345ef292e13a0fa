import type { FaultKind } from './faults.ts'
import { differences } from './ending.ts'
import { invariants } from './invariants.ts'
import { isStray } from './orphans.ts'
import { wishOf } from './people.ts'
import { pass, type Story } from './story.ts'
import type { World } from './world.ts'

/** What one run came to. */
export interface Outcome {
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

/** After the last fault a world has this long to converge: retries back off to ten minutes, and go through several resources. */
const patience = 4 * 3_600_000

/**
 * What a holder made that slept for minutes between its decision and its call, when its fence had long been overtaken, no API can
 * prevent: it is listed, and taken away a day after it was first seen, with what it holds up.
 */
const patienceWithStrays = 28 * 3_600_000

/** So long after the last fault somebody who sleeps, or whom the platform gave up on, may still act; milliseconds. */
const longestSleep = 300_000

/** Watches every invariant from now on. */
export function watchInvariants(story: Story, violations: string[]): void {
  for (const { name, watch } of invariants) {
    watch(story, (text) => {
      story.world.trace.note('VIOLATION', () => `${name}: ${text}`)
      if (violations.length < 20) violations.push(`${name}: ${text}`)
    })
  }
}

/** The outcome of a world that has come to its end. */
export function outcomeOf(
  world: World,
  violations: string[],
  actions: Record<string, number>,
  convergedIn: number,
): Outcome {
  return {
    violations,
    faults: Object.fromEntries(world.faults.counts()),
    actions,
    convergedIn,
    calls: world.calls.count(),
    invocations: world.platform.count(),
    trace: world.trace.lines(),
  }
}

/** When everything is as wished, from here on only what is wished now excuses a change. */
export async function checkpoint(story: Story): Promise<boolean> {
  if (story.weather > 0 || isRestless(story) || (await differences(story)).length > 0) return false
  story.world.trace.note('story', () => 'everything is as wished')
  story.disturbed.clear()
  for (const owned of story.owned) owned.wishes = [wishOf(owned)]
  return true
}

/** Something is still on its way. */
function isRestless({ busy, untold, world }: Story): boolean {
  return busy.size > 0 || untold > 0 || world.messages.backlog() > 0 || world.platform.running() > 0
}

/** Cloud Scheduler, once a minute; sometimes it sleeps for hours. */
export function scheduleTicks({ world }: Story): void {
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

const sleepers: readonly FaultKind[] = ['slept past its lease', 'slept before a mutation', 'function timed out']

/** Nothing goes wrong any more: the world has to become as wished. Answers how long it took. */
export async function settle(story: Story, violations: string[]): Promise<number> {
  const { world } = story
  world.trace.note('story', () => 'from here on nothing goes wrong')
  world.faults.end()
  calm(world)
  const begun = world.clock.now()
  const restsFrom = begun + (sleepers.some((kind) => world.faults.has(kind)) ? longestSleep : 0)
  let found: string[] = []
  const passed = (): number => world.clock.now() - begun
  while (passed() < patience || (found.some(isStray) && passed() < patienceWithStrays)) {
    // Not a whole number of minutes: at a tick something is always under way.
    await pass(story, 107_000)
    calm(world)
    if (isRestless(story) || world.clock.now() < restsFrom) continue
    found = await differences(story)
    if (found.length === 0) return passed()
  }
  violations.push(...found.map((text) => `it did not become as wished: ${text}`))
  return passed()
}

function calm(world: World): void {
  world.compute.faults.outage('off')
  for (const cluster of world.clusters.values()) cluster.setReachable(true)
}

/** Once it is as wished, ticks change nothing. */
export async function silence(story: Story, violations: string[], ticks: number): Promise<void> {
  const { world } = story
  const done: string[] = []
  world.watchers.mutation.push(({ request, target }) => done.push(`${request.method} ${target}`))
  world.watchers.clusterMutation.push((_invocation, cluster, request) =>
    done.push(`${request.method} ${cluster} ${request.path}`),
  )
  await pass(story, ticks * 60_000 + 5_000)
  if (done.length > 0)
    violations.push(`it was as wished, and ${ticks} more ticks made it ${done.slice(0, 5).join(', ')}`)
  const found = await differences(story)
  violations.push(...found.map((text) => `it was as wished and did not stay so: ${text}`))
}
