import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Fault } from '../../../shared/engine/faults.ts'
import { nextWake, pace, type Outcome } from '../../../shared/engine/outcome.ts'
import { resourceId } from '../../../shared/resource-id.ts'

const now = 5_000
const on = [resourceId('url-map', 'p', 'u')]
const operation = { project: 'p', zone: null, name: 'op', does: 'create' as const }
const retry = (kind: Fault['kind']): Outcome => ({ is: 'retry', fault: { kind, why: '' } })
const failed: Outcome = { is: 'failed', why: '' }

describe('nextWake', () => {
  const rows: { reason: string; outcome: Outcome; want: number | null }[] = [
    { reason: 'at rest: drift is found by listing', outcome: { is: 'ready', why: '' }, want: null },
    { reason: 'nothing is left to wake', outcome: { is: 'gone', why: '' }, want: null },
    { reason: 'for the nudge that was lost', outcome: { is: 'waiting', on, why: '' }, want: now + pace.waiting },
    {
      reason: 'an operation that outlasts the visit',
      outcome: { is: 'working', operation, why: '' },
      want: now + pace.working,
    },
    { reason: 'as the kind says', outcome: { is: 'again', after: 123, why: '' }, want: now + 123 },
  ]
  for (const { reason, outcome, want } of rows)
    it(`${outcome.is}: ${reason}`, () => expect(nextWake(outcome, 1, now, () => 0.5)).toBe(want))

  const firsts: { outcome: Outcome; first: number; most: number }[] = [
    { outcome: retry('conflict'), first: pace.lookAgainFirst, most: pace.retryMost },
    { outcome: retry('absent'), first: pace.lookAgainFirst, most: pace.retryMost },
    { outcome: retry('throttled'), first: pace.throttledFirst, most: pace.retryMost },
    { outcome: retry('in-use'), first: pace.retryFirst, most: pace.retryMost },
    { outcome: retry('not-ready'), first: pace.retryFirst, most: pace.retryMost },
    { outcome: retry('transient'), first: pace.retryFirst, most: pace.retryMost },
    { outcome: retry('refused'), first: pace.retryFirst, most: pace.retryMost },
    { outcome: failed, first: pace.failedFirst, most: pace.failedMost },
  ]
  for (const { outcome, first, most } of firsts) {
    const name = outcome.is === 'retry' ? outcome.fault.kind : outcome.is
    const pause = (failures: number, random: number): number =>
      (nextWake(outcome, failures, now, () => random) ?? 0) - now

    it(`${name}: the first pause is at most ${first} ms and at least a third of it`, () => {
      expect(pause(1, 0)).toBe(Math.round(first / 3))
      expect(pause(1, 0.999999)).toBeGreaterThan(first * 0.99)
      expect(pause(1, 0.999999)).toBeLessThanOrEqual(first)
    })

    it(`${name}: pauses double up to ${most} ms and stay inside their bounds`, () =>
      fc.assert(
        fc.property(
          fc.integer({ min: 1, max: 10_000 }),
          fc.double({ min: 0, max: 0.999999, noNaN: true }),
          (failures, random) => {
            const ceiling = Math.min(most, first * 2 ** Math.min(failures - 1, 40))
            expect(pause(failures, random)).toBeGreaterThanOrEqual(Math.floor(ceiling / 3))
            expect(pause(failures, random)).toBeLessThanOrEqual(Math.ceil(ceiling))
            expect(pause(failures + 1, random)).toBeGreaterThanOrEqual(pause(failures, random))
          },
        ),
        { numRuns: 100, seed: 1 },
      ))
  }

  it('spreads what failed together', () => {
    const pauses = new Set(
      Array.from({ length: 50 }, (_, index) => nextWake(retry('transient'), 5, now, () => index / 50)),
    )
    expect(pauses.size).toBe(50)
  })
})
