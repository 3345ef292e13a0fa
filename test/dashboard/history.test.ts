import { describe, expect, it } from 'vitest'
import { changesInWords, historyOf, remembered } from '../../shared/engine/history.ts'
import { resourceId } from '../../shared/resource-id.ts'
import type { Happening } from '../../shared/state/documents.ts'
import { resourceDoc } from '../unit/engine/resources.ts'
import { ingressOf, modelOf } from '../unit/planning/facts.ts'

const said = (at: number, what: string, why = ''): Happening => ({ at, by: 'spec', what, why })

describe('history', () => {
  it('keeps the latest thirty', () => {
    let history: Happening[] = []
    for (let at = 0; at < 100; at += 1) history = remembered(history, said(at, `event ${at}`))
    expect([history.length, history[0]?.at, history.at(-1)?.at]).toEqual([30, 70, 99])
  })

  it('what happens again moves its time and takes no more room', () => {
    expect(remembered([said(1, 'a'), said(2, 'b')], said(3, 'b'))).toEqual([said(1, 'a'), said(3, 'b')])
    expect(remembered([said(1, 'a', 'x')], said(3, 'a', 'y')), 'for another reason').toHaveLength(2)
  })

  it('tells what the Ingress and its resources remember, latest first', () => {
    const map = resourceId('url-map', 'p', 'um')
    const check = resourceId('health-check', 'p', 'hc')
    const told = historyOf({
      doc: ingressOf(modelOf(), { history: [said(10, 'generation 1 was accepted')] }),
      clusters: [],
      claims: [],
      resources: new Map([
        [map, resourceDoc(map, { lastChange: said(20, 'created url-map um') })],
        [check, resourceDoc(check, { lastRepair: { at: 30, what: 'port from 81 to 80' } })],
      ]),
    })
    expect(told.map(({ at, by, resource }) => [at, by, resource])).toEqual([
      [30, 'drift', check],
      [20, 'spec', map],
      [10, 'spec', null],
    ])
  })

  it.each([
    { reason: 'one field', changes: [{ field: 'port', from: 81, to: 80 }], want: 'port from 81 to 80' },
    { reason: 'absent before', changes: [{ field: 'host', from: null, to: 'a' }], want: 'host from nothing to a' },
    {
      reason: 'long values are cut',
      changes: [{ field: 'f', from: 'x'.repeat(500), to: '' }],
      want: `f from ${'x'.repeat(117)}... to `,
    },
    {
      reason: 'many fields are counted',
      changes: Array.from({ length: 7 }, (_, index) => ({ field: `f${index}`, from: 0, to: 1 })),
      want: 'f0 from 0 to 1, f1 from 0 to 1, f2 from 0 to 1, f3 from 0 to 1, f4 from 0 to 1, and 2 more fields',
    },
  ])('says a change in words: $reason', ({ changes, want }) => expect(changesInWords(changes)).toBe(want))
})
