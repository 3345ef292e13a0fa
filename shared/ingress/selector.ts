import { z } from 'zod'
import type { LabelRequirement } from './model.ts'
import { checkLabelValue, checkQualifiedName } from './names.ts'
import { kindOf, quote } from './report.ts'
import { parseJson } from '../json.ts'

const maxTextLength = 8192
const maxRequirements = 50
const maxValues = 100

/** The requirements of a selector, or everything that is wrong with it, a sentence each. */
export type ParsedSelector = { ok: true; requirements: LabelRequirement[] } | { ok: false; problems: string[] }

/**
 * Reads a cluster selector in either of two spellings: the JSON list `[{"key", "operator", "values"}]` of Kubernetes
 * Federation, with all the operators that it took, or the plain form of kubectl: `k=v,k2!=v2,k3 in (a,b),!k4,k5>3`.
 * An empty JSON list requires nothing, so every cluster matches.
 */
export function parseSelector(text: string): ParsedSelector {
  if (text.length > maxTextLength) return refused(`The selector is longer than ${maxTextLength} characters.`)
  const trimmed = text.trim()
  if (trimmed === '') return refused('The selector is empty; leave it out to mean every cluster.')
  const raw = trimmed.startsWith('[') || trimmed.startsWith('{') ? fromJson(trimmed) : fromPlain(trimmed)
  if (!raw.ok) return raw
  if (raw.requirements.length > maxRequirements)
    return refused(`The selector has ${raw.requirements.length} requirements; at most ${maxRequirements} are taken.`)
  const problems: string[] = []
  const requirements: LabelRequirement[] = []
  for (const requirement of raw.requirements) {
    const checked = checkRequirement(requirement)
    if (checked.problems.length === 0) requirements.push(checked.requirement)
    problems.push(...checked.problems)
  }
  return problems.length === 0 ? { ok: true, requirements } : { ok: false, problems }
}

/** True when the labels meet every requirement, as Kubernetes means them: NotIn is met by an absent label too. */
export function matchesSelector(
  labels: Readonly<Record<string, string>>,
  requirements: readonly LabelRequirement[],
): boolean {
  return requirements.every(({ key, operator, values }) => {
    const value = Object.hasOwn(labels, key) ? labels[key] : undefined
    switch (operator) {
      case 'In':
        return value !== undefined && values.includes(value)
      case 'NotIn':
        return value === undefined || !values.includes(value)
      case 'Exists':
        return value !== undefined
      case 'DoesNotExist':
        return value === undefined
      case 'Gt':
      case 'Lt': {
        const [limit] = values
        if (value === undefined || limit === undefined || !isInteger(value) || !isInteger(limit)) return false
        return operator === 'Gt' ? BigInt(value) > BigInt(limit) : BigInt(value) < BigInt(limit)
      }
      default:
        return operator satisfies never
    }
  })
}

/** Every spelling of an operator that Kubernetes Federation and kubectl take. */
const operators: ReadonlyMap<string, LabelRequirement['operator']> = new Map([
  ['In', 'In'],
  ['in', 'In'],
  ['=', 'In'],
  ['==', 'In'],
  ['NotIn', 'NotIn'],
  ['notin', 'NotIn'],
  ['!=', 'NotIn'],
  ['Exists', 'Exists'],
  ['exists', 'Exists'],
  ['DoesNotExist', 'DoesNotExist'],
  ['!', 'DoesNotExist'],
  ['Gt', 'Gt'],
  ['gt', 'Gt'],
  ['>', 'Gt'],
  ['Lt', 'Lt'],
  ['lt', 'Lt'],
  ['<', 'Lt'],
])

interface RawRequirement {
  key: string
  operator: string
  values: string[]
}

type RawSelector = { ok: true; requirements: RawRequirement[] } | { ok: false; problems: string[] }

const jsonShape = z.array(
  z.strictObject({ key: z.string(), operator: z.string(), values: z.array(z.string()).nullish() }),
)

function fromJson(text: string): RawSelector {
  const value = parseJson(text)
  if (value === undefined) return refused(`The selector ${quote(text)} is not valid JSON.`)
  const parsed = jsonShape.safeParse(value)
  if (parsed.success)
    return { ok: true, requirements: parsed.data.map((one) => ({ ...one, values: one.values ?? [] })) }
  if (!Array.isArray(value)) return refused(`The selector must be a list of requirements, not ${kindOf(value)}.`)
  const places = [...new Set(parsed.error.issues.map((issue) => `requirement ${Number(issue.path[0]) + 1}`))]
  return {
    ok: false,
    problems: places
      .slice(0, maxRequirements)
      .map((place) => `In ${place}: write {"key": text, "operator": text, "values": [text, …]}, values in quotes.`),
  }
}

function fromPlain(text: string): RawSelector {
  const problems: string[] = []
  const requirements: RawRequirement[] = []
  for (const part of splitOutsideParentheses(text)) {
    const requirement = plainRequirement(part.trim())
    if (requirement === undefined)
      problems.push(
        `${quote(part.trim())} is no requirement; write k=v, k!=v, k in (a,b), k notin (a,b), k, !k, k>1 or k<1.`,
      )
    else requirements.push(requirement)
  }
  return problems.length === 0
    ? { ok: true, requirements }
    : { ok: false, problems: problems.slice(0, maxRequirements) }
}

function splitOutsideParentheses(text: string): string[] {
  const parts: string[] = []
  let start = 0
  let depth = 0
  for (let i = 0; i < text.length; i += 1) {
    const character = text[i]
    if (character === '(') depth += 1
    else if (character === ')') depth -= 1
    else if (character === ',' && depth <= 0) {
      parts.push(text.slice(start, i))
      start = i + 1
    }
  }
  return [...parts, text.slice(start)]
}

function plainRequirement(part: string): RawRequirement | undefined {
  const set = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(part)
  if (set) {
    const [, key = '', operator = '', list = ''] = set
    return { key, operator, values: list.split(',').map((value) => value.trim()) }
  }
  const compared = /^([^\s=!<>]+)\s*(==|=|!=|>|<)\s*([^\s=!<>]*)$/.exec(part)
  if (compared) {
    const [, key = '', operator = '', value = ''] = compared
    return { key, operator, values: [value] }
  }
  const bare = /^(!?)\s*([^\s=!<>()]+)$/.exec(part)
  if (bare) {
    const [, not = '', key = ''] = bare
    return { key, operator: not === '!' ? '!' : 'Exists', values: [] }
  }
  return undefined
}

function checkRequirement(raw: RawRequirement): { requirement: LabelRequirement; problems: string[] } {
  const problems: string[] = []
  const of = `of the label ${quote(raw.key)}`
  const key = checkQualifiedName('The label', raw.key)
  if (key !== null) problems.push(key)
  const operator = operators.get(raw.operator)
  const requirement: LabelRequirement = { key: raw.key, operator: operator ?? 'In', values: [...raw.values] }
  if (operator === undefined) {
    problems.push(
      `The operator ${quote(raw.operator)} ${of} is not known; write In, NotIn, Exists, DoesNotExist, Gt or Lt.`,
    )
    return { requirement, problems }
  }
  if (raw.values.length > maxValues)
    problems.push(`The requirement ${of} has ${raw.values.length} values; at most ${maxValues} are taken.`)
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (raw.values.length === 0) problems.push(`The operator ${raw.operator} ${of} needs at least one value.`)
      if (['=', '==', '!='].includes(raw.operator) && raw.values.length > 1)
        problems.push(`The operator ${raw.operator} ${of} takes one value; write In or NotIn for several.`)
      for (const value of raw.values.slice(0, maxValues)) {
        const problem = checkLabelValue(`The value ${of},`, value)
        if (problem !== null) problems.push(problem)
      }
      break
    case 'Exists':
    case 'DoesNotExist':
      if (raw.values.length > 0) problems.push(`The operator ${raw.operator} ${of} takes no values.`)
      break
    case 'Gt':
    case 'Lt':
      if (raw.values.length !== 1 || !isInteger(raw.values[0] ?? ''))
        problems.push(`The operator ${raw.operator} ${of} takes exactly one whole number.`)
      break
    default:
      operator satisfies never
  }
  return { requirement, problems }
}

function isInteger(text: string): boolean {
  return /^[+-]?\d{1,19}$/.test(text) && text.length <= 20
}

function refused(problem: string): { ok: false; problems: string[] } {
  return { ok: false, problems: [problem] }
}
