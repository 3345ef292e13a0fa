import { badRequest } from '../api-error.ts'
import { at, equal, isArray, isObject, text, type Json, type JsonArray, type JsonObject } from '../json.ts'
import type { Kind } from '../kinds.ts'
import { listRule, type ListRule } from './list-rules.ts'

/** A strategic merge patch: lists with a merge key merge by item, with the directives that kubectl sends. */
export function strategicMerge(kind: Kind, target: JsonObject, patch: JsonObject): JsonObject {
  return mergeObject(kind, [], target, patch)
}

function mergeObject(kind: Kind, path: readonly string[], target: JsonObject, patch: JsonObject): JsonObject {
  const directive = text(patch, '$patch')
  if (directive === 'delete') return {}
  if (directive === 'replace') return withoutDirectives(patch)
  const retained = at(patch, '$retainKeys')
  const result: Record<string, Json | undefined> = {}
  for (const [key, value] of Object.entries(target)) {
    if (!isArray(retained) || retained.includes(key)) result[key] = value
  }
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith('$') || value === undefined) continue
    if (value === null) Reflect.deleteProperty(result, key)
    else if (isArray(value)) result[key] = mergeList(kind, [...path, key], result[key], value, patch)
    else if (isObject(value)) result[key] = mergeObject(kind, [...path, key], asObject(result[key]), value)
    else result[key] = value
  }
  for (const [key, value] of Object.entries(patch)) {
    const name = key.startsWith('$deleteFromPrimitiveList/') ? key.slice(key.indexOf('/') + 1) : undefined
    const list = name === undefined ? undefined : result[name]
    if (name !== undefined && isArray(list) && isArray(value))
      result[name] = list.filter((item) => !value.some((gone) => equal(gone, item)))
  }
  return result
}

function mergeList(
  kind: Kind,
  path: readonly string[],
  target: Json | undefined,
  patch: JsonArray,
  around: JsonObject,
): Json {
  const rule = listRule(kind, path)
  const current = isArray(target) ? target : []
  switch (rule.type) {
    case 'atomic':
      return patch.map((item) => (isObject(item) ? withoutDirectives(item) : item))
    case 'set':
      return [...current, ...patch.filter((item) => !current.some((present) => equal(present, item)))]
    case 'map':
      return inOrder(
        rule,
        mergeItems(kind, path, rule, current, patch),
        at(around, `$setElementOrder/${path.at(-1) ?? ''}`),
      )
  }
}

function mergeItems(
  kind: Kind,
  path: readonly string[],
  rule: ListRule & { type: 'map' },
  current: JsonArray,
  patch: JsonArray,
): Json[] {
  const key = rule.patchKey
  const replaces = patch.some((item) => text(item, '$patch') === 'replace')
  let result: Json[] = replaces ? [] : [...current]
  for (const item of patch) {
    if (!isObject(item)) throw badRequest(`${path.join('.')}: an item of this list is an object`)
    const directive = text(item, '$patch')
    if (directive === 'replace') continue
    const id = item[key]
    if (id === undefined) throw badRequest(`map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`)
    const matches = (present: Json): boolean => isObject(present) && equal(present[key], id)
    if (directive === 'delete') result = result.filter((present) => !matches(present))
    else if (result.some(matches)) {
      result = result.map((present) => (matches(present) ? mergeObject(kind, path, asObject(present), item) : present))
    } else result.push(withoutDirectives(item))
  }
  return result
}

/** Items that the patch orders come in that order; the others keep their place among themselves, behind. */
function inOrder(rule: ListRule & { type: 'map' }, list: Json[], order: Json | undefined): Json[] {
  if (!isArray(order)) return list
  const rank = (item: Json): number => {
    const found = order.findIndex((entry) => equal(at(entry, rule.patchKey), at(item, rule.patchKey)))
    return found < 0 ? order.length : found
  }
  return list
    .map((item, index) => ({ item, index, rank: rank(item) }))
    .sort((a, b) => a.rank - b.rank || a.index - b.index)
    .map((entry) => entry.item)
}

function withoutDirectives(value: JsonObject): JsonObject {
  const result: Record<string, Json | undefined> = {}
  for (const [key, member] of Object.entries(value)) {
    if (key.startsWith('$') || member === null) continue
    result[key] = isObject(member) ? withoutDirectives(member) : member
  }
  return result
}

function asObject(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {}
}
