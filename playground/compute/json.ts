/** JSON as it travels over the wire, and the few operations on it that the API needs. */

export type Json = null | boolean | number | string | readonly Json[] | JsonObject

/** Members that are `undefined` are not sent. */
export interface JsonObject {
  readonly [member: string]: Json | undefined
}

/** True for an object that is neither null nor a list. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** True for a list of JSON values. */
export function isList(value: unknown): value is readonly Json[] {
  return Array.isArray(value)
}

/** The member as an object; an empty one when it is absent or something else. */
export function objectAt(from: JsonObject, member: string): JsonObject {
  const value = from[member]
  return isObject(value) ? value : {}
}

/** The member as a list; empty when it is absent or something else. */
export function listAt(from: JsonObject, member: string): readonly Json[] {
  const value = from[member]
  return isList(value) ? value : []
}

/** The objects in a list member. */
export function objectsAt(from: JsonObject, member: string): readonly JsonObject[] {
  return listAt(from, member).filter(isObject)
}

/** The strings in a list member. */
export function stringsAt(from: JsonObject, member: string): readonly string[] {
  return listAt(from, member).filter((item): item is string => typeof item === 'string')
}

/** The member as text; undefined when it is absent or something else. */
export function textAt(from: JsonObject, member: string): string | undefined {
  const value = from[member]
  return typeof value === 'string' ? value : undefined
}

/** The member as a number; undefined when it is absent or something else. */
export function numberAt(from: JsonObject, member: string): number | undefined {
  const value = from[member]
  return typeof value === 'number' ? value : undefined
}

/** `from` without some members. */
export function without(from: JsonObject, ...members: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(from).filter(([name]) => !members.includes(name)))
}

/** JSON merge patch: objects merge at every depth, lists are replaced as a whole, null clears. */
export function mergePatch(target: JsonObject, patch: JsonObject): JsonObject {
  const result: Record<string, Json> = {}
  for (const [name, value] of Object.entries(target)) if (value !== undefined) result[name] = value
  for (const [name, value] of Object.entries(patch)) {
    if (value === undefined) continue
    if (value === null) {
      // Reflect: the name is data.
      Reflect.deleteProperty(result, name)
      continue
    }
    const old = result[name]
    result[name] = isObject(value) ? mergePatch(isObject(old) ? old : {}, value) : dropNulls(value)
  }
  return result
}

/** `value` without null members and null items, at every depth. */
export function dropNulls(value: Json): Json {
  if (isList(value)) return value.filter((item) => item !== null).map(dropNulls)
  if (!isObject(value)) return value
  const result: Record<string, Json> = {}
  for (const [name, member] of Object.entries(value)) {
    if (member !== undefined && member !== null) result[name] = dropNulls(member)
  }
  return result
}

/** Makes a value immutable at every depth, so that answers may share it without being copied. */
export function deepFreeze<T extends Json>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const member of Object.values(value)) if (member !== undefined) deepFreeze(member)
  }
  return value
}
