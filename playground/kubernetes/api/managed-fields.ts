import { applyConflict, type Cause } from '../api-error.ts'
import { equal, fields, isArray, isObject, items, text, type Json, type JsonObject } from '../json.ts'
import { apiVersionOf, type Kind } from '../kinds.ts'
import { decode, encode, isInside, leavesOf, printed, withoutField, type FieldPath } from './field-set.ts'
import { isAtomicMap, listRule, sameItem } from './list-rules.ts'

/** Who writes, and how, as managedFields records it. */
export interface Writer {
  readonly manager: string
  readonly operation: 'Apply' | 'Update'
  readonly subresource: '' | 'status' | 'scale'
  /** RFC 3339, seconds. */
  readonly time: string
}

interface Entry {
  readonly manager: string
  readonly operation: string
  readonly subresource: string
  readonly apiVersion: string
  readonly time: string
  readonly fields: ReadonlySet<FieldPath>
}

/**
 * The managedFields of an object after an update: changed fields become the writer's, fields that are gone become nobody's.
 * Those that the update itself brings are taken as they are said (`[{}]` = nobody owns anything), none means those of before.
 */
export function afterUpdate(
  kind: Kind,
  before: JsonObject | undefined,
  after: JsonObject,
  writer: Writer,
  input: JsonObject = {},
): readonly JsonObject[] {
  const old = before === undefined ? new Map<FieldPath, Json>() : leavesOf(kind, before)
  const now = leavesOf(kind, after)
  const changed = new Set([...now].filter(([path, value]) => !equal(old.get(path), value)).map(([path]) => path))
  const gone = new Set([...old.keys()].filter((path) => !now.has(path)))
  const said = items(input, 'metadata', 'managedFields')
  const entries = entriesOf(said.length > 0 ? input : (before ?? {})).filter(({ manager }) => manager !== '')
  if (changed.size === 0 && gone.size === 0) return entries.map(written)
  const mine = entries.find((entry) => isSame(entry, writer))
  const next = entries
    .filter((entry) => entry !== mine)
    .map((entry) => ({ ...entry, fields: minus(entry.fields, changed, gone) }))
  const own = new Set([...minus(mine?.fields ?? [], gone), ...changed])
  // The entry keeps its time when this write took nothing.
  const time = changed.size === 0 && mine !== undefined ? mine.time : writer.time
  return [...next, entryOf(kind, { ...writer, time }, own)].filter((entry) => entry.fields.size > 0).map(written)
}

/** What an apply makes of an object. `managedFields` belongs into the metadata of `object` once it has been admitted. */
export interface Applied {
  readonly object: JsonObject
  readonly managedFields: readonly JsonObject[]
}

/**
 * Server-side apply. Fields of the configuration are set and owned by the writer; fields that the same writer applied
 * before and left out now vanish unless somebody else owns them; fields of others stay.
 * Throws the 409 of the real server when a field of another manager would change, unless `force`.
 */
export function apply(
  kind: Kind,
  live: JsonObject | undefined,
  configuration: JsonObject,
  writer: Writer,
  force: boolean,
): Applied {
  const wanted = leavesOf(kind, configuration)
  const paths = new Set(wanted.keys())
  const entries = entriesOf(live ?? {})
  const mine = entries.find((entry) => isSame(entry, writer))
  const others = entries.filter((entry) => entry !== mine)
  const present = live === undefined ? new Map<FieldPath, Json>() : leavesOf(kind, live)
  const contested = new Set<FieldPath>()
  const causes: Cause[] = []
  for (const other of others) {
    for (const path of other.fields) {
      // An empty map merges into whatever is there and changes nothing.
      if (!paths.has(path) || equal(present.get(path), wanted.get(path)) || equal(wanted.get(path), {})) continue
      contested.add(path)
      causes.push({ reason: 'FieldManagerConflict', message: conflictText(other), field: printed(path) })
    }
  }
  if (causes.length > 0 && !force) throw applyConflict(causes)

  let object = live === undefined ? configuration : merged(kind, [], live, configuration)
  const dropped = minus(mine?.fields ?? [], paths)
  for (const path of dropped) {
    if (others.some((other) => other.fields.has(path) || [...other.fields].some((owned) => isInside(owned, path))))
      continue
    object = withoutField(kind, object, path)
  }
  const next = others
    .map((other) => ({ ...other, fields: minus(other.fields, contested) }))
    .filter((entry) => entry.fields.size > 0)
  const unchanged =
    mine !== undefined &&
    mine.fields.size === paths.size &&
    dropped.size === 0 &&
    live !== undefined &&
    equal(live, object)
  const own = entryOf(kind, unchanged ? { ...writer, time: mine.time } : writer, paths)
  return { object, managedFields: [...next, own].map(written) }
}

function merged(kind: Kind, members: readonly string[], live: JsonObject, configuration: JsonObject): JsonObject {
  const result: Record<string, Json | undefined> = { ...live }
  for (const [key, value] of Object.entries(configuration)) {
    if (value === undefined || value === null) continue
    result[key] = mergedValue(kind, [...members, key], live[key], value)
  }
  return result
}

function mergedValue(kind: Kind, members: readonly string[], live: Json | undefined, value: Json): Json {
  if (isObject(value) && isObject(live) && !isAtomicMap(members)) return merged(kind, members, live, value)
  if (!isArray(value) || !isArray(live)) return value
  const rule = listRule(kind, members)
  switch (rule.type) {
    case 'atomic':
      return value
    case 'set':
      return [...live, ...value.filter((item) => !live.some((present) => equal(present, item)))]
    case 'map': {
      const result: Json[] = [...live]
      for (const item of value) {
        const index = result.findIndex(
          (present) => isObject(present) && isObject(item) && sameItem(rule, present, item),
        )
        const present = result[index]
        if (isObject(present) && isObject(item)) result[index] = merged(kind, members, present, item)
        else result.push(item)
      }
      return result
    }
  }
}

function minus(paths: Iterable<FieldPath>, ...without: readonly ReadonlySet<FieldPath>[]): Set<FieldPath> {
  return new Set([...paths].filter((path) => !without.some((gone) => gone.has(path))))
}

function conflictText(entry: Entry): string {
  const how =
    entry.operation === 'Apply' ? '' : ' using ' + entry.apiVersion + (entry.time === '' ? '' : ` at ${entry.time}`)
  return `conflict with "${entry.manager}"${entry.subresource === '' ? '' : ` with subresource "${entry.subresource}"`}${how}`
}

function isSame(entry: Entry, writer: Writer): boolean {
  return (
    entry.manager === writer.manager && entry.operation === writer.operation && entry.subresource === writer.subresource
  )
}

function entryOf(kind: Kind, writer: Writer, owned: ReadonlySet<FieldPath>): Entry {
  return { ...writer, apiVersion: apiVersionOf(kind), fields: owned }
}

function entriesOf(object: JsonObject): Entry[] {
  return items(object, 'metadata', 'managedFields').map((entry) => ({
    manager: text(entry, 'manager') ?? '',
    operation: text(entry, 'operation') ?? '',
    subresource: text(entry, 'subresource') ?? '',
    apiVersion: text(entry, 'apiVersion') ?? '',
    time: text(entry, 'time') ?? '',
    fields: decode(fields(entry, 'fieldsV1')),
  }))
}

function written(entry: Entry): JsonObject {
  return {
    manager: entry.manager,
    operation: entry.operation,
    apiVersion: entry.apiVersion,
    time: entry.time,
    fieldsType: 'FieldsV1',
    fieldsV1: encode(entry.fields),
    ...(entry.subresource === '' ? {} : { subresource: entry.subresource }),
  }
}
