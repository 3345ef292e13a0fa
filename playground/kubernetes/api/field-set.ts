import { isArray, isObject, type Json, type JsonObject } from '../json.ts'
import type { Kind } from '../kinds.ts'
import { isAtomicMap, itemKey, listRule } from './list-rules.ts'

/**
 * Fields of an object as managedFields names them: a path is a list of elements `f:<member>`, `k:<item key>` or `v:<item>`,
 * written here as one string with a separator that cannot occur in JSON member names that people write.
 */
export type FieldPath = string

const separator = '\u0000'

const untracked = new Set([
  'apiVersion',
  'kind',
  ...[
    'name',
    'generateName',
    'namespace',
    'uid',
    'resourceVersion',
    'creationTimestamp',
    'deletionTimestamp',
    'generation',
    'managedFields',
    'selfLink',
  ].map((name) => `metadata.${name}`),
])

/** Every field that somebody can own, with its value; for an item of a list the item's own path has the value true. */
export function leavesOf(kind: Kind, object: JsonObject): Map<FieldPath, Json> {
  const leaves = new Map<FieldPath, Json>()
  collect(kind, object, [], '', leaves)
  return leaves
}

function collect(
  kind: Kind,
  value: Json,
  members: readonly string[],
  path: FieldPath,
  leaves: Map<FieldPath, Json>,
): void {
  if (isObject(value) && !isAtomicMap(members) && Object.keys(value).length > 0) {
    for (const [key, member] of Object.entries(value)) {
      const inner = [...members, key]
      if (member === undefined || member === null || untracked.has(inner.join('.'))) continue
      collect(kind, member, inner, join(path, `f:${key}`), leaves)
    }
    return
  }
  if (isArray(value) && value.length > 0) {
    const rule = listRule(kind, members)
    if (rule.type === 'set') {
      for (const item of value) leaves.set(join(path, `v:${JSON.stringify(item)}`), true)
      return
    }
    if (rule.type === 'map') {
      for (const item of value) {
        const key = isObject(item) ? itemKey(rule, item) : undefined
        if (key === undefined) continue
        const inner = join(path, `k:${JSON.stringify(key)}`)
        leaves.set(inner, true)
        collect(kind, item, members, inner, leaves)
      }
      return
    }
  }
  if (path !== '') leaves.set(path, value)
}

function join(path: FieldPath, element: string): FieldPath {
  return path === '' ? element : `${path}${separator}${element}`
}

/** The elements of a path. */
function elementsOf(path: FieldPath): string[] {
  return path.split(separator)
}

/** True when `path` is inside `ancestor`. */
export function isInside(path: FieldPath, ancestor: FieldPath): boolean {
  return path.startsWith(ancestor + separator)
}

/** `.metadata.annotations.x`, `.spec.ports[port=80,protocol="TCP"]`: as conflict messages name fields. */
export function printed(path: FieldPath): string {
  return elementsOf(path)
    .map((element) => {
      const body = element.slice(2)
      if (element.startsWith('f:')) return `.${body}`
      if (element.startsWith('v:')) return `[=${body}]`
      const key: unknown = JSON.parse(body)
      const pairs = isObject(key) ? Object.entries(key).map(([name, value]) => `${name}=${JSON.stringify(value)}`) : []
      return `[${pairs.join(',')}]`
    })
    .join('')
}

/** The nested form in which managedFields stores a set. */
export function encode(paths: Iterable<FieldPath>): JsonObject {
  const root: Record<string, Json | undefined> = {}
  for (const path of [...paths].sort()) {
    let here = root
    for (const element of elementsOf(path)) {
      const inner = (here[element] ??= {}) as Record<string, Json | undefined>
      here = inner
    }
    if (elementsOf(path).at(-1)?.startsWith('k:') === true) here['.'] = {}
  }
  return root
}

/** The set that a nested form stands for. */
export function decode(nested: JsonObject, path: FieldPath = '', into = new Set<FieldPath>()): Set<FieldPath> {
  for (const [element, inner] of Object.entries(nested)) {
    if (element === '.') {
      if (path !== '') into.add(path)
    } else if (isObject(inner) && Object.keys(inner).length > 0) decode(inner, join(path, element), into)
    else into.add(join(path, element))
  }
  return into
}

/** A copy of an object without the field at a path; maps and lists that become empty on the way go too. */
export function withoutField(kind: Kind, object: JsonObject, path: FieldPath): JsonObject {
  const result = prune(kind, object, [], elementsOf(path))
  return isObject(result) ? result : {}
}

function prune(kind: Kind, value: Json, members: readonly string[], elements: readonly string[]): Json | undefined {
  const [element, ...rest] = elements
  if (element === undefined) return undefined
  const body = element.slice(2)
  if (element.startsWith('f:')) {
    const member = isObject(value) ? value[body] : undefined
    if (!isObject(value) || member === undefined) return value
    const copy: Record<string, Json | undefined> = { ...value }
    const inner = prune(kind, member, [...members, body], rest)
    if (inner === undefined || isEmpty(inner)) Reflect.deleteProperty(copy, body)
    else copy[body] = inner
    return copy
  }
  if (!isArray(value)) return value
  if (element.startsWith('v:')) return value.filter((item) => JSON.stringify(item) !== body)
  const rule = listRule(kind, members)
  return value.flatMap((item) => {
    const key = rule.type === 'map' && isObject(item) ? itemKey(rule, item) : undefined
    if (key === undefined || JSON.stringify(key) !== body) return [item]
    const inner = prune(kind, item, members, rest)
    return inner === undefined ? [] : [inner]
  })
}

function isEmpty(value: Json): boolean {
  return isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0
}
