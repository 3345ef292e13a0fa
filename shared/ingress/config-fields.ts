import { createHash } from 'node:crypto'
import { z } from 'zod'
import { atMost } from '../bounded.ts'
import { isMapping, readFields } from './fields.ts'
import { kindOf, type Report } from './report.ts'

/**
 * One field of an object whose spec is settings (BackendConfig, FrontendConfig): how it is read, what it becomes, and what
 * people should know of it. A field that is absent is left alone in Compute; its group being there and empty removes.
 */
export interface ConfigField {
  /** Path in the spec, for example `cdn.cachePolicy.includeHost`. */
  field: string
  read: z.ZodType
  /** Path in the settings; absent: it is read by name where it is needed, or must never be kept. */
  to?: string
  /** What holds when the group is there and says nothing of this field; `group` is the whole outermost group. */
  otherwise?: (group: Readonly<Record<string, unknown>>) => unknown
  /** In words, for the reference. */
  default: string
  meaning: string
  /** Bounds in words, where the reader has some. */
  bounds?: string
}

/** What one object's spec says, as read: the fields that are there, checked one by one. */
export type ConfigSpec = Readonly<Record<string, unknown>>

/** Whether an object came by a message or was read from a cluster, whose own schema may know more fields than this one. */
export type ConfigOrigin = 'message' | 'cluster'

/** Reads a spec by its table; every problem goes to the report. */
export function readConfig(
  fields: readonly ConfigField[],
  value: unknown,
  where: string,
  report: Report,
  origin: ConfigOrigin,
): ConfigSpec {
  return readGroup(fields, '', value ?? {}, where, report, origin) ?? {}
}

function readGroup(
  fields: readonly ConfigField[],
  prefix: string,
  value: unknown,
  where: string,
  report: Report,
  origin: ConfigOrigin,
): ConfigSpec | null {
  const inside = fields.filter(({ field }) => field.startsWith(prefix))
  const shape: Record<string, z.ZodType> = {}
  for (const { field, read } of inside) {
    const [name = '', ...deeper] = field.slice(prefix.length).split('.')
    shape[name] = deeper.length === 0 ? read.optional() : z.unknown()
  }
  const found = readFields(shape, value, where, report, { open: origin === 'cluster' })
  if (found === null) return null
  const members = Object.entries(found).flatMap(([name, member]): [string, unknown][] => {
    if (member === undefined || member === null) return []
    const at = `${prefix}${name}.`
    if (!inside.some(({ field }) => field.startsWith(at))) return [[name, member]]
    const group = readGroup(fields, at, member, `${where}${name}.`, report, origin)
    return group === null ? [] : [[name, group]]
  })
  return Object.fromEntries(members)
}

/** Members by which a group is switched on: while it is off, nothing else of it counts. */
const switches: ReadonlySet<string> = new Set(['enabled', 'enable'])

/** Puts what a spec says under the names of the settings. */
export function translate(fields: readonly ConfigField[], spec: ConfigSpec): Record<string, unknown> {
  const settings: Record<string, unknown> = {}
  for (const { field, to, otherwise } of fields) {
    const [outer = '', ...inner] = field.split('.')
    const group = spec[outer]
    if (to === undefined || group === undefined) continue
    const isGroup = inner.length > 0
    if (isGroup && isOff(fields, outer, group) && !switches.has(field.split('.').at(-1) ?? '')) continue
    const value = memberAt(spec, field) ?? (isGroup ? otherwise?.(group as Record<string, unknown>) : undefined)
    if (value !== undefined) putAt(settings, to.split('.'), value)
  }
  return settings
}

function isOff(fields: readonly ConfigField[], outer: string, group: unknown): boolean {
  const by = [...switches].find((name) => fields.some(({ field }) => field === `${outer}.${name}`))
  return by !== undefined && memberAt(group, by) !== true
}

/** The member at a path of names; undefined where there is none. */
export function memberAt(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((at, name) => (isMapping(at) ? at[name] : undefined), value)
}

function putAt(target: Record<string, unknown>, [name = '', ...deeper]: readonly string[], value: unknown): void {
  if (deeper.length === 0) {
    target[name] = value
    return
  }
  const inner = isMapping(target[name]) ? target[name] : {}
  target[name] = inner
  putAt(inner, deeper, value)
}

/** A truth value. */
export const flag = z.boolean({ error: ({ input }) => `must be true or false, not ${kindOf(input)}` })

/** A whole number within bounds, as Compute has them. */
export function whole(least: number, most: number) {
  const error = (): string => `must be a whole number from ${least} to ${most}`
  return z
    .number({ error })
    .refine((value) => Number.isSafeInteger(value) && value >= least && value <= most, { error })
}

/** One of a few words. */
export function word<W extends string>(...words: W[]) {
  return z.enum(words, { error: () => `must be one of ${words.join(', ')}` })
}

/** A list of bounded length, with what its members are called for the message. */
export function listOfAtMost<T extends z.ZodType>(most: number, what: string, member: T) {
  return z
    .array(member, { error: () => `must be a list of ${what}` })
    .refine(...atMost(most, `holds more than ${most} ${what}`))
}

/** SHA-256 in hexadecimal, as Compute shows secrets that it does not show. */
export function sha256(value: string): string {
  return createHash('sha256').update(value).digest('hex')
}
