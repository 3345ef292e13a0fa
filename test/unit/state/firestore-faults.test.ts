import { describe, expect, it } from 'vitest'
import { firestoreFault, isPassing, NoAnswer } from '../../../shared/state/firestore-faults.ts'

const where = { projectId: 'p', databaseId: '(default)' }
const coded = (code: number): Error => Object.assign(new Error('said by Firestore'), { code })

describe('which failures of Firestore may be gone in a moment', () => {
  const rows: { reason: string; error: unknown; passes: boolean }[] = [
    { reason: 'no answer in time', error: new NoAnswer(10_000), passes: true },
    { reason: 'DEADLINE_EXCEEDED', error: coded(4), passes: true },
    { reason: 'RESOURCE_EXHAUSTED', error: coded(8), passes: true },
    { reason: 'UNAVAILABLE', error: coded(14), passes: true },
    { reason: 'NOT_FOUND: there is no such database', error: coded(5), passes: false },
    { reason: 'PERMISSION_DENIED', error: coded(7), passes: false },
    { reason: 'UNAUTHENTICATED', error: coded(16), passes: false },
    { reason: 'a mistake of the program', error: new TypeError('x is not a function'), passes: false },
  ]
  for (const { reason, error, passes } of rows)
    it(reason, () => expect(isPassing(firestoreFault(error, where))).toBe(passes))
})
