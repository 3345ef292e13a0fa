import { ApiError, invalid } from '../api-error.ts'
import { type Json, type JsonObject, isList, isObject, numberAt, objectsAt, textAt } from '../json.ts'
import type { Call, Kind } from '../kind.ts'
import { setLabels } from './addresses.ts'

const lowest = 2_147_483_647

function completeRule(rule: JsonObject): JsonObject {
  return {
    ...rule,
    kind: 'compute#securityPolicyRule',
    description: textAt(rule, 'description') ?? '',
    preview: rule['preview'] ?? false,
  }
}

/** A rule without priority is the first, and shows none. */
function priorityOf(rule: JsonObject): number {
  return numberAt(rule, 'priority') ?? 0
}

function sorted(rules: readonly JsonObject[]): JsonObject[] {
  return rules.map(completeRule).sort((a, b) => priorityOf(a) - priorityOf(b))
}

/** patchRule without an update mask appends to lists, as a recording of the real service shows. */
function appendMerge(old: JsonObject, sent: JsonObject): JsonObject {
  const result: Record<string, Json | undefined> = { ...old }
  for (const [name, value] of Object.entries(sent)) {
    const before = old[name]
    if (isList(value) && isList(before)) result[name] = [...before, ...value]
    else if (isObject(value) && isObject(before)) result[name] = appendMerge(before, value)
    else result[name] = value
  }
  return result
}

function ruleAt({ resource, query }: Call): { rules: readonly JsonObject[]; index: number; priority: number } {
  const text = query['priority'] ?? '0'
  const priority = Number(text)
  const rules = objectsAt(resource.spec, 'rules')
  const index = rules.findIndex((rule) => priorityOf(rule) === priority)
  // The text is not checked against the real service.
  if (index < 0) throw invalid('priority', text, 'The security policy does not contain a rule at this priority.')
  return { rules, index, priority }
}

export const securityPolicies: Kind = {
  collection: 'securityPolicies',
  message: 'SecurityPolicy',
  singular: 'securityPolicy',
  noun: 'security_policy',
  fingerprint: 'checked',
  labels: true,
  quota: 'SECURITY_POLICIES',
  check(body) {
    const priorities = new Set<number>()
    objectsAt(body, 'rules').forEach((rule, index) => {
      const priority = priorityOf(rule)
      if (priorities.has(priority)) {
        throw invalid(`resource.rules[${index}].priority`, priority, 'Two rules have the same priority.')
      }
      priorities.add(priority)
    })
  },
  defaults(body) {
    const rules = objectsAt(body, 'rules')
    const standard: JsonObject = {
      action: 'allow',
      description: 'default rule',
      match: { config: { srcIpRanges: ['*'] }, versionedExpr: 'SRC_IPS_V1' },
      priority: lowest,
    }
    const hasDefault = rules.some((rule) => priorityOf(rule) === lowest)
    return {
      ...body,
      type: textAt(body, 'type') ?? 'CLOUD_ARMOR',
      rules: sorted(hasDefault ? rules : [...rules, standard]),
    }
  },
  methods: {
    setLabels: setLabels(false),
    addRule: {
      does: 'change',
      operationType: 'AddRule',
      change({ resource, body }) {
        const rules = objectsAt(resource.spec, 'rules')
        if (rules.some((rule) => priorityOf(rule) === priorityOf(body))) {
          throw invalid('resource.priority', priorityOf(body), 'A rule of the same priority exists.')
        }
        return { spec: { ...resource.spec, rules: sorted([...rules, body]) } }
      },
    },
    patchRule: {
      does: 'change',
      operationType: 'PatchRule',
      change(call) {
        const { rules, index } = ruleAt(call)
        const next = rules.map((rule, n) => (n === index ? appendMerge(rule, call.body) : rule))
        return { spec: { ...call.resource.spec, rules: sorted(next) } }
      },
    },
    removeRule: {
      does: 'change',
      operationType: 'RemoveRule',
      change(call) {
        const { rules, index, priority } = ruleAt(call)
        if (priority === lowest) throw new ApiError(400, 'invalid', 'The default rule cannot be removed.')
        return { spec: { ...call.resource.spec, rules: rules.filter((_, n) => n !== index) } }
      },
    },
    getRule: {
      does: 'read',
      answer(call) {
        const { rules, index } = ruleAt(call)
        return rules[index] ?? {}
      },
    },
  },
}
