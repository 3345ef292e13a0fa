import { ApiError } from './api-error.ts'
import type { Json, JsonObject } from './json.ts'
import { isList, isObject } from './json.ts'
import { wholePattern } from './pattern.ts'

/** Decides whether a resource belongs into a list. */
export type Filter = (resource: JsonObject) => boolean

/** Longer filters are refused. */
const maxLength = 4096

function malformed(text: string): ApiError {
  return new ApiError(
    400,
    'invalid',
    `Invalid value for field 'filter': '${text.slice(0, 200)}'. Invalid list filter expression.`,
  )
}

type Token = { kind: 'open' | 'close' } | { kind: 'word' | 'quoted'; text: string } | { kind: 'operator'; text: string }

function tokenize(text: string): Token[] {
  const tokens: Token[] = []
  let rest = text
  while (rest.trim() !== '') {
    rest = rest.trimStart()
    const quoted = /^(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')/.exec(rest)
    const operator = /^(!=|<=|>=|=|<|>|:)/.exec(rest)
    const word = /^[^\s()=!<>:"']+/.exec(rest)
    if (rest.startsWith('(')) tokens.push({ kind: 'open' })
    else if (rest.startsWith(')')) tokens.push({ kind: 'close' })
    else if (quoted !== null) {
      tokens.push({ kind: 'quoted', text: (quoted[1] ?? quoted[2] ?? '').replace(/\\(["'\\])/g, '$1') })
    } else if (operator !== null) tokens.push({ kind: 'operator', text: operator[0] })
    else if (word !== null) tokens.push({ kind: 'word', text: word[0] })
    else throw malformed(text)
    rest = rest.slice(quoted?.[0].length ?? operator?.[0].length ?? word?.[0].length ?? 1)
  }
  return tokens
}

/**
 * Parses the two filter languages of list methods: `name eq regex` / `name ne regex`, and comparisons with
 * `= != > < >= <= :`, AND (also implied), OR, NOT or `-`, parentheses. Throws 400.
 */
export function parseFilter(text: string): Filter {
  if (text.length > maxLength) throw malformed(text)
  const tokens = tokenize(text)
  let at = 0
  let depth = 0

  function isWord(token: Token | undefined, text: string): boolean {
    return token?.kind === 'word' && token.text === text
  }

  function any(): Filter {
    let left = all()
    while (isWord(tokens[at], 'OR')) {
      at += 1
      const [a, b] = [left, all()]
      left = (resource) => a(resource) || b(resource)
    }
    return left
  }

  function all(): Filter {
    let left = one()
    while (at < tokens.length && tokens[at]?.kind !== 'close' && !isWord(tokens[at], 'OR')) {
      if (isWord(tokens[at], 'AND')) at += 1
      const [a, b] = [left, one()]
      left = (resource) => a(resource) && b(resource)
    }
    return left
  }

  function one(): Filter {
    const token = tokens[at]
    if (token?.kind === 'word' && (token.text === 'NOT' || token.text === '-')) {
      at += 1
      const inner = one()
      return (resource) => !inner(resource)
    }
    if (token?.kind === 'open') {
      depth += 1
      if (depth > 50) throw malformed(text)
      at += 1
      const inner = any()
      if (tokens[at]?.kind !== 'close') throw malformed(text)
      at += 1
      depth -= 1
      return inner
    }
    return comparison()
  }

  function comparison(): Filter {
    const field = tokens[at]
    const operator = tokens[at + 1]
    if (field?.kind !== 'word') throw malformed(text)
    const negated = field.text.startsWith('-')
    const path = negated ? field.text.slice(1) : field.text
    let test: Filter
    if (isWord(operator, 'eq') || isWord(operator, 'ne')) {
      const value = tokens[at + 2]
      if (value?.kind !== 'word' && value?.kind !== 'quoted') throw malformed(text)
      at += 3
      const wanted = isWord(operator, 'eq')
      const pattern = wholePattern(value.text)
      if (pattern === undefined) throw malformed(text)
      test = (resource) => valuesAt(resource, path).some((found) => pattern.test(asText(found))) === wanted
    } else if (operator?.kind === 'operator') {
      const value = tokens[at + 2]
      if (value?.kind !== 'word' && value?.kind !== 'quoted') throw malformed(text)
      at += 3
      test = compare(path, operator.text, value.text)
    } else throw malformed(text)
    return negated ? (resource) => !test(resource) : test
  }

  const filter = any()
  if (at !== tokens.length) throw malformed(text)
  return filter
}

/** All values under a dotted path; lists on the way are searched. */
function valuesAt(from: Json | undefined, path: string): Json[] {
  if (from === undefined) return []
  if (isList(from)) return from.flatMap((item) => valuesAt(item, path))
  if (path === '') return [from]
  if (!isObject(from)) return []
  // A key may hold dots itself (labels): the longest key that exists wins.
  const parts = path.split('.')
  for (let length = parts.length; length > 0; length--) {
    const key = parts.slice(0, length).join('.')
    if (from[key] !== undefined) return valuesAt(from[key], parts.slice(length).join('.'))
  }
  return []
}

function asText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function compare(path: string, operator: string, wanted: string): Filter {
  if (operator === ':') {
    if (wanted === '*') return (resource) => valuesAt(resource, path).length > 0
    const lower = wanted.toLowerCase().replaceAll('*', '')
    return (resource) => valuesAt(resource, path).some((value) => asText(value).toLowerCase().includes(lower))
  }
  if (operator === '=' || operator === '!=') {
    const pattern = new RegExp(
      `^${wanted
        .split('*')
        .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
        .join('.*')}$`,
    )
    const found = (resource: JsonObject) => valuesAt(resource, path).some((value) => pattern.test(asText(value)))
    return operator === '=' ? found : (resource) => !found(resource)
  }
  return (resource) =>
    valuesAt(resource, path).some((value) => {
      const order = comparable(value, wanted)
      if (Number.isNaN(order)) return false
      switch (operator) {
        case '<':
          return order < 0
        case '>':
          return order > 0
        case '<=':
          return order <= 0
        default:
          return order >= 0
      }
    })
}

function comparable(value: Json, wanted: string): number {
  if (typeof value === 'number') return value - Number(wanted)
  const text = asText(value)
  return text < wanted ? -1 : text > wanted ? 1 : 0
}
