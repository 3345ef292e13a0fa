import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonical, isSame } from '../../shared/json.ts'

const cases: readonly { reason: string; a: unknown; b: unknown; same: boolean }[] = [
  { reason: 'the order of members says nothing', a: { x: 1, y: [2] }, b: { y: [2], x: 1 }, same: true },
  { reason: 'the order of a list does', a: [1, 2], b: [2, 1], same: false },
  { reason: 'a member that is undefined is none', a: { x: undefined, y: 1 }, b: { y: 1 }, same: true },
  { reason: 'a member that is null is one', a: { x: null }, b: {}, same: false },
  { reason: 'undefined by itself is written as null', a: undefined, b: null, same: true },
  { reason: 'an item that is undefined too', a: [undefined], b: [null], same: true },
  { reason: 'a list is no object', a: [], b: {}, same: false },
  { reason: 'nothing is no object', a: null, b: {}, same: false },
  { reason: 'a number is no text', a: { x: 1 }, b: { x: '1' }, same: false },
  { reason: 'as many members, and others', a: { x: 1 }, b: { y: 1 }, same: false },
  { reason: 'what an object inherits is no member', a: { toString: 1 }, b: {}, same: false },
  { reason: '__proto__ is a name', a: JSON.parse('{"__proto__":{"x":1}}'), b: {}, same: false },
]

describe('values that are equal', () => {
  it.each(cases)('$reason', ({ a, b, same }) => {
    expect(isSame(a, b)).toBe(same)
    expect(isSame(b, a)).toBe(same)
    expect(canonical(a) === canonical(b)).toBe(same)
  })

  it('have the same canonical text, and no others have', () => {
    const few = fc.jsonValue({ maxDepth: 3 })
    fc.assert(fc.property(few, few, (a, b) => isSame(a, b) === (canonical(a) === canonical(b))))
    fc.assert(fc.property(few, (a) => isSame(a, JSON.parse(canonical(a)))))
  })
})
