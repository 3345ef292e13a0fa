/**
 * The part of Cloud Logging's query language that our filters use: AND, OR, NOT, parentheses, `field=value`, `field=~"regex"`,
 * `field:"substring"`, `field=(a OR b)` and log_id(). A comparison with an absent field is false.
 */
export type Filter = (entry: unknown) => boolean

type Token = { is: 'word' | 'text' | 'sign'; text: string }

/** Reads a filter; throws on what it does not know. */
export function parseFilter(source: string): Filter {
  const tokens = tokensOf(source)
  let at = 0
  const peek = (): string | undefined => tokens[at]?.text
  const take = (expected?: string): Token => {
    const token = tokens[at]
    if (token === undefined || (expected !== undefined && token.text !== expected))
      throw new Error(`expected ${expected ?? 'more'} and found ${token?.text ?? 'the end'}`)
    at += 1
    return token
  }
  // OR binds tighter than AND in this language; our filters write every parenthesis.
  const all = (): Filter => chain('AND', any)
  const any = (): Filter => chain('OR', term)
  function chain(word: 'AND' | 'OR', next: () => Filter): Filter {
    const parts = [next()]
    while (peek() === word) {
      take()
      parts.push(next())
    }
    return (entry) => (word === 'AND' ? parts.every((part) => part(entry)) : parts.some((part) => part(entry)))
  }
  function term(): Filter {
    if (peek() === 'NOT') {
      take()
      const inner = term()
      return (entry) => !inner(entry)
    }
    if (peek() === '(') {
      take('(')
      const inner = all()
      take(')')
      return inner
    }
    const field = take().text
    if (field === 'log_id') {
      take('(')
      const id = take().text
      take(')')
      return (entry) => decodeURIComponent(valueAt(entry, 'logName') ?? '').endsWith(`/logs/${id}`)
    }
    const operator = take().text
    const values = valuesOf()
    return (entry) => {
      const value = valueAt(entry, field)
      return value !== undefined && values.some((wanted) => compare(value, operator, wanted))
    }
  }
  function valuesOf(): string[] {
    if (peek() !== '(') return [take().text]
    take('(')
    const values = [take().text]
    while (peek() === 'OR') {
      take()
      values.push(take().text)
    }
    take(')')
    return values
  }
  const filter = all()
  if (at < tokens.length) throw new Error(`not read: ${peek() ?? ''}`)
  return filter
}

function compare(value: string, operator: string, wanted: string): boolean {
  switch (operator) {
    case '=':
      return value.toLowerCase() === wanted.toLowerCase()
    case ':':
      return value.toLowerCase().includes(wanted.toLowerCase())
    case '=~':
      return new RegExp(wanted).test(value)
    default:
      throw new Error(`unknown operator ${operator}`)
  }
}

function valueAt(entry: unknown, path: string): string | undefined {
  let value = entry
  for (const name of path.split('.')) value = (value as Record<string, unknown> | null | undefined)?.[name]
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined
}

function tokensOf(source: string): Token[] {
  const pattern = /\s*(?:"((?:[^"\\]|\\.)*)"|(=~|[=:()])|([\w.]+))/gy
  const tokens: Token[] = []
  let end = 0
  for (const match of source.matchAll(pattern)) {
    const [whole, text, sign, word] = match
    end = match.index + whole.length
    if (text !== undefined) tokens.push({ is: 'text', text: text.replace(/\\(.)/g, '$1') })
    else tokens.push({ is: sign === undefined ? 'word' : 'sign', text: sign ?? word ?? '' })
  }
  if (source.slice(end).trim() !== '') throw new Error(`not read: ${source.slice(end, end + 40)}`)
  return tokens
}
