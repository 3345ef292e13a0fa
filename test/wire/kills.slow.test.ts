import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clusterPlaces } from '../../playground/catalogue.ts'
import { seededRandom } from '../../playground/world.ts'
import { emulatorsFor } from '../support/emulators.ts'
import { firstAnswer } from '../support/traffic.ts'
import { readForeign } from './foreign.ts'
import { setStage, type Stage } from './stage.ts'
import { programme } from './wishes.ts'

/** Seven minutes on two cores: most of it is the Firestore emulator, whose queries look through all that there is. MCI_TEST_INGRESSES runs it with more, or fewer. */
const ingresses = Number(process.env['MCI_TEST_INGRESSES'] ?? 200)
const size = {
  processes: 2,
  kills: 6 + Math.round(ingresses / 20),
  // So that the last dies about when the last change is published.
  lives: { changes: 3 + Math.round(ingresses / 2), pushes: 20 + ingresses * 3 },
}
const seed = 1

/** Longer than any lease, and than it takes until a creation that nobody heard of is no longer thought possible. */
const outage = 11 * 60_000

/** How long the documents may need to come to rest after the last kill; measured: two to four minutes. */
const patience = 8 * 60_000

const emulators = await emulatorsFor('functions that are killed, on the official emulators')

describe.skipIf(emulators === null)('functions that are killed, over the wire', () => {
  const { first, later, wishes } = programme(
    ingresses,
    clusterPlaces(2).map(({ name }) => name),
    seededRandom(seed),
  )
  let stage: Stage | undefined
  let failed = false

  beforeAll(async () => {
    stage = await setStage({ ...size, wishes, seed })
  }, 300_000)
  afterAll(async () => {
    const printed = await stage?.close()
    if (failed) process.stderr.write(`The functions said last:\n${printed ?? ''}\n`)
  }, 120_000)

  it(
    'every Ingress ends as it was published last, whoever died meanwhile, and then nothing moves',
    async ({ onTestFailed }) => {
      onTestFailed(() => void (failed = true))
      if (stage === undefined) throw new Error('nothing was set up')
      const { fleet, compute, clusters, environment } = stage
      const foreign = await readForeign(environment)
      const begun = Date.now()
      compute.begin()
      clusters.begin()
      await stage.publish(first)
      // What was published is edited and withdrawn while processes die, the last of it with the last of them.
      const before = Math.floor(size.kills / 3)
      const slice = Math.ceil(later.length / (size.kills - before))
      await fleet.killing(size.kills, async (nth) => {
        const from = (nth - 1 - before) * slice
        if (from >= 0) await stage?.publish(later.slice(from, from + slice))
      })
      compute.end()
      clusters.end()
      const killed = Date.now()
      await stage.later(outage)
      const found = await stage.settled(patience)
      const told = {
        ingresses,
        ...fleet.counts,
        answered: Object.values(fleet.counts.answered).reduce((sum, one) => sum + one, 0),
        compute: compute.counts,
        clusters: clusters.counts,
        seconds: [killed - begun, Date.now() - killed].map((ms) => Math.round(ms / 1_000)),
      }
      process.stdout.write(`Killed over the wire: ${JSON.stringify(told)}\n`)
      expect(found).toEqual([])
      expect(fleet.crashed, 'processes that ended by themselves').toEqual([])
      expect(await readForeign(environment), 'what others made').toEqual(foreign)

      // It really happened.
      const { kills, interrupted, repeated } = fleet.counts
      const faults = { ...kills, interrupted, repeated, ...prefixed('Compute', compute.counts) }
      for (const [what, count] of Object.entries({ ...faults, ...prefixed('cluster', clusters.counts) }))
        expect(count, what).toBeGreaterThan(0)

      for (const wish of wishes.filter(({ service }) => service !== null).slice(0, 5))
        expect((await firstAnswer(await stage.urlOf(wish.name), {}, 60_000)).pod?.service, wish.name).toBe(wish.service)
      expect(await stage.ticks(2), 'requests that changed Compute after all was done').toBe(0)
    },
    patience + 900_000,
  )
})

function prefixed(what: string, counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [`${what}: ${name}`, count]))
}
