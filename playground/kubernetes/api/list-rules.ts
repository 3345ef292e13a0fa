import type { JsonObject } from '../json.ts'
import { equal } from '../json.ts'
import type { Kind } from '../kinds.ts'

/**
 * How lists and maps merge. The real server reads this from its schemas (x-kubernetes-list-type, patchMergeKey); here it
 * is a table of the lists that the served kinds have. What is not in the table is atomic, as in schemas.
 */
export type ListRule =
  | { readonly type: 'atomic' }
  | { readonly type: 'set' }
  | {
      readonly type: 'map'
      /** Keys that identify an item in server-side apply, with the default of a key that is absent. */
      readonly keys: readonly (readonly [name: string, absent?: string])[]
      /** The one key that strategic merge patches use. */
      readonly patchKey: string
    }

const atomic: ListRule = { type: 'atomic' }
const byContainerPort: ListRule = {
  type: 'map',
  keys: [['containerPort'], ['protocol', 'TCP']],
  patchKey: 'containerPort',
}
const byPort: ListRule = { type: 'map', keys: [['port'], ['protocol', 'TCP']], patchKey: 'port' }

function by(key: string): ListRule {
  return { type: 'map', keys: [[key]], patchKey: key }
}

const rules: Readonly<Record<string, ListRule>> = {
  finalizers: { type: 'set' },
  ownerReferences: by('uid'),
  containers: by('name'),
  initContainers: by('name'),
  env: by('name'),
  volumes: by('name'),
  volumeMounts: by('mountPath'),
  imagePullSecrets: by('name'),
  conditions: by('type'),
  addresses: by('type'),
}

/** The rule of the list at a path of member names (list positions left out). */
export function listRule(kind: Kind, path: readonly string[]): ListRule {
  const name = path.at(-1) ?? ''
  if (kind.custom && path[0] !== 'metadata') return atomic
  if (name === 'ports') {
    const parent = path.at(-2)
    if (parent === 'containers' || parent === 'initContainers') return byContainerPort
    return kind.plural === 'services' && path.length === 2 ? byPort : atomic
  }
  return rules[name] ?? atomic
}

/** True for maps that are owned and replaced as a whole: selectors. */
export function isAtomicMap(path: readonly string[]): boolean {
  const name = path.at(-1)
  return (name === 'selector' && path.length === 2) || name === 'nodeSelector'
}

/** The identity of an item under a rule; undefined when the item lacks a key. */
export function itemKey(rule: ListRule & { type: 'map' }, item: JsonObject): JsonObject | undefined {
  const key: Record<string, string | number | boolean> = {}
  for (const [name, absent] of rule.keys) {
    const value = item[name] ?? absent
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return undefined
    key[name] = value
  }
  return key
}

/** True when two items of a list are the same item under its rule. */
export function sameItem(rule: ListRule & { type: 'map' }, a: JsonObject, b: JsonObject): boolean {
  const key = itemKey(rule, a)
  return key !== undefined && equal(key, itemKey(rule, b))
}
