import { describe, expect, it } from 'vitest'
import { decide, differences } from '../../../shared/engine/decide.ts'
import type { AnyKind, Observation } from '../../../shared/engine/kind.ts'

const immutable: AnyKind = {
  name: 'thing',
  owned: ['size', 'parts', 'text', 'rate'],
  desire: () => [],
  observe: () => Promise.reject(new Error('not looked at here')),
  project: (got: object) => got,
  create: () => Promise.resolve(null),
  remove: () => Promise.resolve(null),
}
const kind: AnyKind = { ...immutable, update: () => Promise.resolve(null) }
const ours = (got: object | undefined): Observation<unknown> => ({ got, owner: 'ours', stampedFor: 'default/zp' })
const foreign = (got: object): Observation<unknown> => ({
  got,
  owner: 'foreign',
  ownedBy: 'it belongs to Ingress shop/zp',
})

describe('decide', () => {
  const rows: {
    reason: string
    want: object | null
    seen: Observation<unknown>
    force?: boolean
    kind?: AnyKind
    owner?: string
    do: string
    why: RegExp
    fields?: string[]
  }[] = [
    { reason: 'wanted and not there', want: { size: 1 }, seen: ours(undefined), do: 'create', why: /does not exist/ },
    { reason: 'as wanted', want: { size: 1 }, seen: ours({ size: 1 }), do: 'nothing', why: /as wanted/ },
    {
      reason: 'an owned field differs',
      want: { size: 1 },
      seen: ours({ size: 2 }),
      do: 'update',
      why: /differs in size$/,
      fields: ['size'],
    },
    {
      reason: 'several differ',
      want: { size: 1, text: 'a' },
      seen: ours({}),
      do: 'update',
      why: /size, text$/,
      fields: ['size', 'text'],
    },
    {
      reason: 'a field that is not owned differs',
      want: { size: 1, other: 1 },
      seen: ours({ size: 1, other: 2 }),
      do: 'nothing',
      why: /as wanted/,
    },
    {
      reason: 'an owned field that this want leaves out',
      want: { size: 1 },
      seen: ours({ size: 1, text: 'set by an operator' }),
      do: 'nothing',
      why: /as wanted/,
    },
    {
      reason: 'a kind that cannot be changed in place',
      kind: immutable,
      want: { size: 1 },
      seen: ours({ size: 2 }),
      do: 'refuse',
      why: /size differs and cannot be changed in place/,
      fields: ['size'],
    },
    {
      reason: 'foreign and as wanted: still not ours',
      want: { size: 1 },
      seen: foreign({ size: 1 }),
      do: 'refuse',
      why: /not ours \(it belongs to Ingress shop\/zp\).*multicluster-ingress.io\/force/,
    },
    {
      reason: 'foreign, without a word on whose',
      want: { size: 1 },
      seen: { got: {}, owner: 'foreign' },
      do: 'refuse',
      why: /not ours \(no stamp\)/,
    },
    {
      reason: 'foreign, forced and different',
      want: { size: 1 },
      seen: foreign({ size: 2 }),
      force: true,
      do: 'update',
      why: /size/,
      fields: ['size'],
    },
    {
      reason: 'foreign, forced and as wanted',
      want: { size: 1 },
      seen: foreign({ size: 1 }),
      force: true,
      do: 'nothing',
      why: /as wanted/,
    },
    { reason: 'to go and gone', want: null, seen: ours(undefined), do: 'nothing', why: /gone/ },
    { reason: 'to go and there', want: null, seen: ours({ size: 1 }), do: 'remove', why: /no Ingress wants it/ },
    {
      reason: 'to go and foreign',
      want: null,
      seen: foreign({ size: 1 }),
      do: 'nothing',
      why: /not ours .*left alone/,
    },
    {
      reason: 'to go and foreign: force takes over, it never removes',
      want: null,
      seen: foreign({ size: 1 }),
      force: true,
      do: 'nothing',
      why: /left alone/,
    },
    {
      reason: "to go, with another Ingress's stamp: it was refused when it was wanted",
      want: null,
      owner: 'default/other',
      seen: ours({ size: 1 }),
      do: 'nothing',
      why: /belongs to Ingress default\/zp: left alone/,
    },
    {
      reason: 'to go, of a kind that bears no stamps',
      want: null,
      owner: '',
      seen: { got: { size: 1 }, owner: 'ours' },
      do: 'remove',
      why: /no Ingress wants it/,
    },
  ]
  for (const {
    reason,
    want,
    seen,
    force = false,
    kind: given = kind,
    owner = 'default/zp',
    do: step,
    why,
    fields = [],
  } of rows)
    it(`${step}: ${reason}`, () => {
      const decided = decide(given, want, seen, { force, owner })
      expect(decided.do).toBe(step)
      expect(decided.why).toMatch(why)
      expect(decided.changes.map(({ field }) => field)).toEqual(fields)
    })
})

describe('differences', () => {
  const rows: { reason: string; want: unknown; got: unknown; differs: boolean }[] = [
    { reason: 'the same number', want: 5, got: 5, differs: false },
    { reason: 'another number', want: 5, got: 6, differs: true },
    { reason: 'neighbouring ports', want: 30061, got: 30062, differs: true },
    { reason: 'a float that the API keeps in 32 bits', want: 1e14, got: Math.fround(1e14), differs: false },
    { reason: 'a fraction that the API keeps in 32 bits', want: 0.1, got: Math.fround(0.1), differs: false },
    { reason: 'zero and absent', want: 0, got: undefined, differs: true },
    { reason: 'zero and one', want: 0, got: 1, differs: true },
    { reason: 'an empty text that reads back as absent', want: '', got: undefined, differs: false },
    { reason: 'an empty text and some', want: '', got: 'x', differs: true },
    { reason: 'a text and an absent one', want: 'x', got: undefined, differs: true },
    { reason: 'null and absent', want: null, got: undefined, differs: false },
    { reason: 'false and absent', want: false, got: undefined, differs: true },
    { reason: 'lists as a whole', want: ['a', 'b'], got: ['a', 'b'], differs: false },
    { reason: 'a list in another order', want: ['a', 'b'], got: ['b', 'a'], differs: true },
    { reason: 'a longer list', want: ['a'], got: ['a', 'b'], differs: true },
    { reason: 'an empty list and an absent one', want: [], got: undefined, differs: false },
    { reason: 'an empty list and a full one', want: [], got: ['a'], differs: true },
    { reason: 'members that want does not name are nobody’s', want: { a: 1 }, got: { a: 1, b: 2 }, differs: false },
    { reason: 'a member that want names', want: { a: 1 }, got: { a: 2, b: 2 }, differs: true },
    { reason: 'an object where nothing is', want: { a: 1 }, got: undefined, differs: true },
    { reason: 'members inside lists', want: [{ a: 1 }], got: [{ a: 1, b: 2 }], differs: false },
    { reason: 'a want that says undefined says nothing', want: undefined, got: 1, differs: false },
    { reason: 'a member that says undefined says nothing', want: { a: undefined }, got: { a: 1 }, differs: false },
    { reason: 'a number is no text', want: 1, got: '1', differs: true },
    { reason: 'a list is no object', want: [], got: {}, differs: false },
  ]
  for (const { reason, want, got, differs } of rows)
    it(reason, () =>
      expect(differences(['field'], { field: want }, { field: got })).toEqual(
        differs ? [{ field: 'field', from: got ?? null, to: want }] : [],
      ),
    )
})
