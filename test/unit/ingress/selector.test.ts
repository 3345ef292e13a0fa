import { describe, expect, it } from 'vitest'
import { matchesSelector, parseSelector } from '../../../shared/ingress/selector.ts'

const prod = { env: 'prod', zones: '3', empty: '' }

describe('spellings', () => {
  const json = (operator: string, values?: string[], key = 'env') =>
    JSON.stringify([{ key, operator, ...(values ? { values } : {}) }])
  const rows: { text: string; matches: boolean; reason: string }[] = [
    ...['In', 'in', '=', '=='].map((operator) => ({
      text: json(operator, ['prod']),
      matches: true,
      reason: 'a spelling of In',
    })),
    { text: json('in', ['dev', 'prod']), matches: true, reason: 'one of several' },
    { text: json('in', ['dev']), matches: false, reason: 'another value' },
    { text: json('in', ['x'], 'none'), matches: false, reason: 'an absent label is in no set' },
    ...['NotIn', 'notin', '!='].map((operator) => ({
      text: json(operator, ['prod']),
      matches: false,
      reason: 'a spelling of NotIn',
    })),
    { text: json('notin', ['x'], 'none'), matches: true, reason: 'an absent label is in no set' },
    ...['Exists', 'exists'].map((operator) => ({
      text: json(operator),
      matches: true,
      reason: 'a spelling of Exists',
    })),
    ...['DoesNotExist', '!'].map((operator) => ({
      text: json(operator, []),
      matches: false,
      reason: 'a spelling of DoesNotExist',
    })),
    { text: json('!', undefined, 'toString'), matches: true, reason: 'what JavaScript objects inherit is no label' },
    ...['Gt', 'gt', '>'].map((operator) => ({
      text: json(operator, ['2'], 'zones'),
      matches: true,
      reason: 'a spelling of Gt',
    })),
    ...['Lt', 'lt', '<'].map((operator) => ({
      text: json(operator, ['3'], 'zones'),
      matches: false,
      reason: 'a spelling of Lt: 3 is not below 3',
    })),
    { text: json('gt', ['1']), matches: false, reason: 'prod is no number' },
    { text: json('gt', ['10'], 'zones'), matches: false, reason: 'by number, not by letter' },
    { text: '[]', matches: true, reason: 'requires nothing' },
    { text: 'env=prod', matches: true, reason: 'plain' },
    { text: 'env == prod , zones', matches: true, reason: 'spaces' },
    { text: 'env!=prod', matches: false, reason: 'plain' },
    { text: 'env!=dev,!gone', matches: true, reason: 'plain' },
    { text: 'env in (dev, prod),zones in (3)', matches: true, reason: 'commas in parentheses part nothing' },
    { text: 'env notin (dev,prod)', matches: false, reason: 'plain' },
    { text: 'zones>2,zones<4', matches: true, reason: 'plain' },
    { text: 'empty=', matches: true, reason: 'an empty value is a value' },
    { text: 'example.com/env=prod', matches: false, reason: 'a prefixed key that is not there' },
    { text: 'in', matches: false, reason: 'a label may be called in' },
  ]
  for (const { text, matches, reason } of rows)
    it(`${text}: ${reason}`, () => {
      const parsed = parseSelector(text)
      expect(parsed.ok ? matchesSelector(prod, parsed.requirements) : parsed.problems).toBe(matches)
    })
})

describe('refused', () => {
  const rows: { text: string; want: (string | RegExp)[]; reason: string }[] = [
    { text: ' ', want: [/is empty/], reason: 'says nothing' },
    { text: '[{"key":', want: [/not valid JSON/], reason: 'broken JSON' },
    { text: '{"key":"a"}', want: [/must be a list of requirements, not a mapping/], reason: 'no list' },
    {
      text: '[{"key":"a","operator":"in","values":[1]}]',
      want: [/In requirement 1: write/],
      reason: 'a number is no label value',
    },
    {
      text: '[{"key":"a","operator":"in","value":["x"]}]',
      want: [/In requirement 1: write/],
      reason: 'value instead of values would match nothing',
    },
    {
      text: '[{"key":"a","operator":"like","values":["x"]},{"key":"b c","operator":"in","values":[]}]',
      want: [/The operator "like"/, /The label "b c"/, /needs at least one value/],
      reason: 'all at once',
    },
    { text: '[{"key":"a","operator":"=","values":["x","y"]}]', want: [/takes one value/], reason: '= of two values' },
    {
      text: '[{"key":"a","operator":"exists","values":["x"]}]',
      want: [/takes no values/],
      reason: 'values of nothing',
    },
    { text: 'a>x', want: [/exactly one whole number/], reason: 'no number' },
    { text: 'a=b,,c=d', want: [/"" is no requirement/], reason: 'an empty member' },
    { text: 'a in (b', want: [/"a in \(b" is no requirement/], reason: 'an open parenthesis' },
    { text: 'a=b=c', want: [/is no requirement/], reason: 'two equals' },
    { text: 'a=b c', want: [/is no requirement/], reason: 'a space inside a value' },
    {
      text: Array.from({ length: 51 }, (_, i) => `k${i}`).join(','),
      want: [/51 requirements; at most 50/],
      reason: 'bounded',
    },
    {
      text: `a in (${Array.from({ length: 101 }, (_, i) => i).join(',')})`,
      want: [/101 values; at most 100/],
      reason: 'bounded',
    },
    { text: 'a'.repeat(8193), want: [/longer than 8192/], reason: 'bounded' },
    { text: '['.repeat(8000), want: [/not valid JSON/], reason: 'deep' },
    { text: `a in (${','.repeat(8000)}`, want: [/is no requirement/], reason: 'no time lost on hostile text' },
  ]
  for (const { text, want, reason } of rows)
    it(`${text.slice(0, 60)}: ${reason}`, () => {
      const parsed = parseSelector(text)
      const got = parsed.ok ? [] : parsed.problems
      expect(got).toHaveLength(want.length)
      for (const [index, one] of want.entries()) expect(got[index]).toMatch(one)
    })
})
