import { badRequest } from '../api-error.ts'
import { at, equal, fields, isArray, isObject, items, text, texts, type Json } from '../json.ts'
import type { Kind } from '../kinds.ts'
import { labelsOf, type KubeObject } from '../object.ts'

/** True for the objects that a list or watch asks for. */
export type Filter = (object: KubeObject) => boolean

const maxSelector = 16_384

/** A label selector of a query: `a=b,c!=d,e in (f,g),h notin (i),j,!k`. Throws 400 when it cannot be read. */
export function labelSelector(selector: string): Filter {
  if (selector.length > maxSelector) throw badRequest(`a label selector has at most ${maxSelector} characters`)
  const tests = splitOutsideParentheses(selector).map(labelTest)
  return (object) => {
    const labels = labelsOf(object)
    return tests.every((test) => test(labels))
  }
}

type LabelTest = (labels: Readonly<Record<string, string>>) => boolean

function labelTest(requirement: string): LabelTest {
  const set = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(requirement)
  if (set !== null) {
    const [, key = '', verb, list = ''] = set
    const values = list.split(',').map((value) => value.trim())
    return verb === 'in'
      ? (labels) => has(labels, key) && values.includes(labels[key] ?? '')
      : (labels) => !values.includes(labels[key] ?? '\u0000')
  }
  const pair = /^([^=!\s]+)\s*(==|=|!=)\s*([^=!\s]*)$/.exec(requirement)
  if (pair !== null) {
    const [, key = '', verb, value = ''] = pair
    return verb === '!=' ? (labels) => labels[key] !== value : (labels) => labels[key] === value
  }
  const exists = /^(!?)\s*([^=!\s()]+)$/.exec(requirement)
  if (exists === null) throw badRequest(`unable to parse requirement: ${JSON.stringify(requirement)}`)
  const [, not, key = ''] = exists
  return (labels) => has(labels, key) === (not === '')
}

function has(labels: Readonly<Record<string, string>>, key: string): boolean {
  return labels[key] !== undefined
}

function splitOutsideParentheses(selector: string): string[] {
  const parts: string[] = []
  let depth = 0
  let part = ''
  for (const character of selector) {
    if (character === '(') depth += 1
    if (character === ')') depth -= 1
    if (character === ',' && depth === 0) {
      parts.push(part)
      part = ''
    } else part += character
  }
  parts.push(part)
  return parts.map((entry) => entry.trim()).filter((entry) => entry !== '')
}

const fieldLabels: Readonly<Record<string, readonly string[]>> = {
  pods: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'status.phase',
    'status.podIP',
  ],
  events: [
    ...['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'].map(
      (name) => `involvedObject.${name}`,
    ),
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
  services: ['spec.clusterIP', 'spec.type'],
  nodes: ['spec.unschedulable'],
  namespaces: ['status.phase'],
  secrets: ['type'],
  replicasets: ['status.replicas'],
}

/** A field selector of a query: `metadata.name=x,status.phase!=Running`. Throws 400 for a field that the kind has no index of. */
export function fieldSelector(kind: Kind, selector: string): Filter {
  if (selector.length > maxSelector) throw badRequest(`a field selector has at most ${maxSelector} characters`)
  const tests = selector
    .split(',')
    .filter((part) => part !== '')
    .map((part): Filter => {
      const match = /^([^=!]+)(==|=|!=)(.*)$/.exec(part)
      const [, field = '', verb, value] = match ?? []
      if (match === null) throw badRequest(`invalid selector: '${part}'; can't understand '${part}'`)
      const known =
        field === 'metadata.name' ||
        field === 'metadata.namespace' ||
        fieldLabels[kind.plural]?.includes(field) === true
      if (!known) throw badRequest(`field label not supported: ${field}`)
      return (object) => (valueOf(object, field) === value) === (verb !== '!=')
    })
  return (object) => tests.every((test) => test(object))
}

function valueOf(object: KubeObject, field: string): string {
  const value = at(object, ...field.split('.'))
  return typeof value === 'string'
    ? value
    : value === undefined || isObject(value) || isArray(value)
      ? ''
      : JSON.stringify(value)
}

/** True when a Service's or ReplicaSet's plain selector matches; an empty selector matches nothing. */
export function matchesAll(
  selector: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>>,
): boolean {
  const wanted = Object.entries(selector)
  return wanted.length > 0 && wanted.every(([key, value]) => labels[key] === value)
}

/** True when a LabelSelector (matchLabels, matchExpressions) matches. */
export function matchesLabelSelector(selector: Json | undefined, labels: Readonly<Record<string, string>>): boolean {
  const wanted = texts(selector, 'matchLabels')
  const expressions = items(selector, 'matchExpressions')
  if (equal(fields(selector), {})) return false
  return (
    Object.entries(wanted).every(([key, value]) => labels[key] === value) &&
    expressions.every((expression) => {
      const value = labels[text(expression, 'key') ?? '']
      const values = items(expression, 'values')
      switch (text(expression, 'operator')) {
        case 'In':
          return value !== undefined && values.includes(value)
        case 'NotIn':
          return value === undefined || !values.includes(value)
        case 'Exists':
          return value !== undefined
        case undefined:
        default:
          return value === undefined
      }
    })
  )
}
