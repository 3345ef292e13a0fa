/** JSON as the API server stores it: frozen values, so that nobody can change the world without writing to it. */

export type Json = null | boolean | number | string | JsonArray | JsonObject
export type JsonArray = readonly Json[]
export interface JsonObject {
  readonly [key: string]: Json | undefined
}

const maxDepth = 100

/** True for JSON objects, false for arrays, null and scalars. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** True for JSON arrays. */
export function isArray(value: unknown): value is JsonArray {
  return Array.isArray(value)
}

/** A frozen copy of something from outside; members that are undefined are dropped. Throws RangeError when nested too deep. */
export function frozenCopy(value: unknown, depth = 0): Json {
  if (depth > maxDepth) throw new RangeError(`JSON is nested more than ${maxDepth} levels deep`)
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number')
    return value
  if (Array.isArray(value)) return Object.freeze(value.map((item) => frozenCopy(item, depth + 1)))
  if (typeof value === 'object') {
    const copy: Record<string, Json> = {}
    for (const [key, member] of Object.entries(value)) {
      if (member === undefined) continue
      // A plain assignment of this key would set the prototype.
      if (key === '__proto__') throw new RangeError('JSON must not have a member called __proto__')
      copy[key] = frozenCopy(member, depth + 1)
    }
    return Object.freeze(copy)
  }
  throw new RangeError(`a ${typeof value} is not JSON`)
}

/** Freezes a value that was built here, stopping at parts that are frozen already. */
export function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.freeze(value)
  for (const member of Object.values(value)) freeze(member)
  return value
}

/** Deep equality; a member that is undefined counts as absent. */
export function equal(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true
  if (isArray(a) && isArray(b)) return a.length === b.length && a.every((item, index) => equal(item, b[index]))
  if (isObject(a) && isObject(b)) {
    const left = Object.keys(a).filter((key) => a[key] !== undefined)
    const right = Object.keys(b).filter((key) => b[key] !== undefined)
    return left.length === right.length && left.every((key) => equal(a[key], b[key]))
  }
  return false
}

/** The value at a path of member names and indices; undefined when any step is missing. */
export function at(value: Json | undefined, ...path: (string | number)[]): Json | undefined {
  let here = value
  for (const step of path) {
    if (typeof step === 'number') here = isArray(here) ? here[step] : undefined
    else here = isObject(here) && Object.hasOwn(here, step) ? here[step] : undefined
  }
  return here
}

/** The string at a path. */
export function text(value: Json | undefined, ...path: (string | number)[]): string | undefined {
  const found = at(value, ...path)
  return typeof found === 'string' ? found : undefined
}

/** The number at a path. */
export function number(value: Json | undefined, ...path: (string | number)[]): number | undefined {
  const found = at(value, ...path)
  return typeof found === 'number' ? found : undefined
}

/** The array at a path; empty when there is none. */
export function items(value: Json | undefined, ...path: (string | number)[]): JsonArray {
  const found = at(value, ...path)
  return isArray(found) ? found : []
}

/** The object at a path; empty when there is none. */
export function fields(value: Json | undefined, ...path: (string | number)[]): JsonObject {
  const found = at(value, ...path)
  return isObject(found) ? found : {}
}

/** The string members of the object at a path, as labels and annotations are. */
export function texts(value: Json | undefined, ...path: (string | number)[]): Readonly<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const [key, member] of Object.entries(fields(value, ...path)))
    if (typeof member === 'string') found[key] = member
  return found
}

/** A copy with the value at a path of member names replaced, or removed when undefined; objects on the way are made. */
export function withValue(value: JsonObject, path: readonly string[], replacement: Json | undefined): JsonObject {
  const [head, ...rest] = path
  if (head === undefined) return value
  const copy: Record<string, Json | undefined> = { ...value }
  const inner = rest.length === 0 ? replacement : withValue(fields(value, head), rest, replacement)
  if (inner === undefined) Reflect.deleteProperty(copy, head)
  else copy[head] = inner
  return copy
}
