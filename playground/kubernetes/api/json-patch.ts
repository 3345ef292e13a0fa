import { ApiError } from '../api-error.ts'
import { at, equal, isArray, isObject, text, type Json, type JsonArray } from '../json.ts'

const maxOperations = 10_000

/** RFC 7396: objects merge, everything else replaces, null removes. */
export function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch
  const result: Record<string, Json | undefined> = isObject(target) ? { ...target } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(result, key)
    else if (value !== undefined) result[key] = mergePatch(result[key], value)
  }
  return result
}

/** RFC 6902. Throws the ApiError of the real server (422) when an operation does not fit the document. */
export function jsonPatch(document: Json, operations: Json): Json {
  if (!isArray(operations)) throw refused('a JSON patch is a list of operations')
  if (operations.length > maxOperations) {
    throw new ApiError(
      413,
      'RequestEntityTooLarge',
      `The allowed maximum operations in a JSON patch is ${maxOperations}, got ${operations.length}`,
    )
  }
  return operations.reduce<Json>((current, operation) => step(current, operation), document)
}

function step(document: Json, operation: Json): Json {
  const verb = text(operation, 'op')
  const path = pointer(text(operation, 'path'))
  const value = at(operation, 'value')
  switch (verb) {
    case 'add':
      return edit(document, path, { at: 'insert', value: needed(value) })
    case 'replace':
      return edit(document, path, { at: 'replace', value: needed(value) })
    case 'remove':
      return edit(document, path, { at: 'remove' })
    case 'test':
      if (!equal(read(document, path), value)) throw refused(`testing path ${text(operation, 'path') ?? ''} failed`)
      return document
    case 'copy':
      return edit(document, path, { at: 'insert', value: read(document, pointer(text(operation, 'from'))) })
    case 'move': {
      const from = pointer(text(operation, 'from'))
      const moved = read(document, from)
      return edit(edit(document, from, { at: 'remove' }), path, { at: 'insert', value: moved })
    }
    case undefined:
    default:
      throw refused(`unexpected operation ${verb ?? '(none)'}`)
  }
}

type Edit = { readonly at: 'insert' | 'replace'; readonly value: Json } | { readonly at: 'remove' }

function edit(document: Json, path: readonly string[], change: Edit): Json {
  const [head, ...rest] = path
  if (head === undefined) {
    if (change.at === 'remove') throw refused('the whole document cannot be removed')
    return change.value
  }
  if (isArray(document)) return editArray(document, head, rest, change)
  if (!isObject(document)) throw refused(`there is no member ${head}`)
  const copy: Record<string, Json | undefined> = { ...document }
  const inner = copy[head]
  if (rest.length > 0) {
    if (inner === undefined) throw refused(`there is no member ${head}`)
    copy[head] = edit(inner, rest, change)
    return copy
  }
  if (inner === undefined && change.at !== 'insert') throw refused(`there is no member ${head}`)
  if (change.at === 'remove') Reflect.deleteProperty(copy, head)
  else copy[head] = change.value
  return copy
}

function editArray(list: JsonArray, head: string, rest: readonly string[], change: Edit): Json {
  const index = head === '-' ? list.length : /^(0|[1-9]\d*)$/.test(head) ? Number(head) : -1
  const inner = list[index]
  if (rest.length > 0) {
    if (inner === undefined) throw refused(`there is no item ${head}`)
    return list.with(index, edit(inner, rest, change))
  }
  const beyond = change.at === 'insert' ? list.length : list.length - 1
  if (index < 0 || index > beyond) throw refused(`there is no item ${head}`)
  switch (change.at) {
    case 'insert':
      return list.toSpliced(index, 0, change.value)
    case 'replace':
      return list.with(index, change.value)
    case 'remove':
      return list.toSpliced(index, 1)
  }
}

function read(document: Json, path: readonly string[]): Json {
  let here: Json | undefined = document
  for (const name of path) here = isArray(here) ? at(here, Number(name)) : at(here, name)
  if (here === undefined) throw refused(`there is nothing at /${path.join('/')}`)
  return here
}

function pointer(path: string | undefined): string[] {
  if (path === undefined || (path !== '' && !path.startsWith('/')))
    throw refused('an operation needs a path that starts with a slash')
  return path
    .split('/')
    .slice(1)
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function needed(value: Json | undefined): Json {
  if (value === undefined) throw refused('the operation needs a value')
  return value
}

function refused(why: string): ApiError {
  return new ApiError(422, 'Invalid', `the server rejected our request due to an error in our request: ${why}`, {})
}
