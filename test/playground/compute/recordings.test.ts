import { afterAll, describe, expect, it } from 'vitest'
import { haveRecordings, readScenarios, recordingsFolder } from './recordings.ts'
import { replay, type Replayed } from './replay.ts'

/** The smallest number of exchanges that must have been compared, so that a lost file does not pass unseen. */
const leastCompared = 735

const required = process.env['MCI_REQUIRE_EVERYTHING'] !== undefined
const present = haveRecordings()

describe('exchanges with the real API, replayed', () => {
  if (!present) {
    if (required) it('finds the recordings', () => expect.fail(`There are no recordings at ${recordingsFolder}.`))
    else {
      // eslint-disable-next-line no-console -- a skip must be seen
      console.log(`Skipped: the replay of real exchanges; there are no recordings at ${recordingsFolder}.`)
      it.skip('needs the recordings')
    }
    return
  }

  const all: Replayed[] = []
  for (const scenario of readScenarios()) {
    it(`${scenario.name} (${scenario.exchanges.length})`, async () => {
      const replayed = await replay(scenario)
      all.push(...replayed)
      const different = replayed.filter((item) => item.outcome === 'different')
      const shown = different.map(({ exchange, expected, actual }) => ({
        at: `${exchange.seq} ${exchange.method} ${exchange.path}`,
        expected,
        actual,
      }))
      expect(shown).toEqual([])
    })
  }

  it('compares nearly all of them', () => {
    expect(all.filter(({ outcome }) => outcome === 'same').length).toBeGreaterThanOrEqual(leastCompared)
  })

  afterAll(() => {
    const reasons = new Map<string, number>()
    for (const item of all) {
      if (item.outcome === 'skipped') reasons.set(item.reason, (reasons.get(item.reason) ?? 0) + 1)
    }
    for (const [reason, count] of reasons) {
      // eslint-disable-next-line no-console -- what is skipped must be seen
      console.log(`Skipped ${count} of ${all.length} recorded exchanges: ${reason}.`)
    }
  })
})
