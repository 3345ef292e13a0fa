import { z } from 'zod'
import { atMost } from '../bounded.ts'
import { nearest } from './edit-distance.ts'
import { kindOf, quote, type Report } from './report.ts'

/** How a mapping of a manifest is read. */
export interface FieldsOptions {
  /** What to say of fields that are known to be wrong here, by name; each a whole sentence. */
  hints?: Readonly<Record<string, string>>
  /** True where Kubernetes has more fields than concern us (metadata): those are passed over in silence. */
  open?: boolean
}

/** Text; the message is for people who forgot the quotes. */
export const text = z.string({
  error: (issue) =>
    issue.input === undefined || issue.input === null
      ? 'is missing'
      : `must be text, not ${kindOf(issue.input)}${['number', 'boolean'].includes(typeof issue.input) ? '; put it in quotes' : ''}`,
})

/** A list of anything, up to a count; its members are read one by one, so that one bad member hides no other. */
export function listOf(max: number) {
  return z
    .array(z.unknown(), {
      error: (issue) => (issue.input === undefined ? 'is missing' : `must be a list, not ${kindOf(issue.input)}`),
    })
    .refine(...atMost(max, `holds more than ${max} members; at most ${max} are taken`))
}

/** True for what YAML calls a mapping and JSON an object. */
export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Reads the fields of a mapping one by one, so that every wrong one is reported. A field whose value is null counts as
 * absent, as Kubernetes takes it; a wrong one is left out of the answer. Null when the value is no mapping.
 */
export function readFields<S extends z.ZodRawShape>(
  shape: S,
  value: unknown,
  where: string,
  report: Report,
  options: FieldsOptions = {},
): { [K in keyof S]?: z.output<S[K]> | undefined } | null {
  if (!isMapping(value)) {
    const what =
      value === undefined || value === null
        ? 'is missing or empty'
        : `must be a mapping of fields, not ${kindOf(value)}`
    report.problem(where, `This part ${what}.`)
    return null
  }
  for (const key of Object.keys(value)) {
    if (Object.hasOwn(shape, key)) continue
    if (options.hints !== undefined && Object.hasOwn(options.hints, key)) {
      report.problem(`${where}${key}`, options.hints[key] ?? '')
    } else if (!options.open) {
      const meant = nearest(key.slice(0, 64), Object.keys(shape), 2)
      report.problem(
        where,
        `${quote(key)} is not a field of this part; ${meant === undefined ? `known are ${Object.keys(shape).join(', ')}` : `did you mean ${meant}`}${meant === undefined ? '.' : '?'}`,
      )
    }
  }
  const found: Partial<Record<keyof S, unknown>> = {}
  for (const [key, schema] of Object.entries(shape) as [keyof S & string, z.ZodType][]) {
    const result = schema.safeParse(value[key] ?? undefined)
    if (result.success) found[key] = result.data
    else report.problem(`${where}${key}`, `${key} ${result.error.issues[0]?.message ?? 'is not valid'}.`)
  }
  return found as { [K in keyof S]?: z.output<S[K]> | undefined }
}

/** Reads a mapping of names to text (labels, annotations), up to a count; every wrong entry is reported and left out. */
export function readTextMap(
  value: unknown,
  max: number,
  where: string,
  report: Report,
  check: (key: string, text: string) => string | null,
): Record<string, string> {
  if (value === undefined || value === null) return {}
  if (!isMapping(value)) {
    report.problem(where, `This part must be a mapping of names to text, not ${kindOf(value)}.`)
    return {}
  }
  const entries = Object.entries(value)
  if (entries.length > max) {
    report.problem(where, `This part holds ${entries.length} entries; at most ${max} are taken.`)
    return {}
  }
  const good: [string, string][] = []
  for (const [key, member] of entries) {
    const parsed = text.safeParse(member ?? '')
    const problem = parsed.success
      ? check(key, parsed.data)
      : `The value ${parsed.error.issues[0]?.message ?? 'is not valid'}.`
    if (problem === null && parsed.success) good.push([key, parsed.data])
    else report.problem(`${where}[${quote(key)}]`, problem ?? '')
  }
  return Object.fromEntries(good)
}
