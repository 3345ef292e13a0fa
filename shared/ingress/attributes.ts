import { z } from 'zod'
import { atMost } from '../bounded.ts'
import type { Problem } from '../state/documents.ts'
import { clusterList, parseTruth } from './annotation-values.ts'
import { nearest } from './edit-distance.ts'
import type { IngressName } from './manifest.ts'
import { checkDnsLabel, checkDnsSubdomain } from './names.ts'
import { createReport, kindOf, quote, type Report } from './report.ts'

/** What a message of the topic ingress-specs asks for. `ingress` null = the Ingresses of the manifest. */
export type SpecCommand =
  | { action: 'apply' | 'validate'; ingress: IngressName | null; clusters: string[] | null; force: boolean }
  | { action: 'delete'; ingress: IngressName | null; force: boolean }
  | {
      action: 'remove-clusters' | 'drain-clusters' | 'undrain-clusters'
      ingress: IngressName | null
      clusters: string[]
      force: boolean
    }

/** The command, or everything that is wrong with the attributes and the Ingress that they clearly meant. */
export type ParsedAttributes =
  { ok: true; command: SpecCommand } | { ok: false; problems: Problem[]; named: IngressName[] }

const actions = ['apply', 'validate', 'delete', 'remove-clusters', 'drain-clusters', 'undrain-clusters'] as const

/** Every attribute that is known, once. */
export const attributeRows = [
  {
    name: 'action',
    meaning: `What is asked for: ${actions.join(', ')}.`,
    default: 'apply',
    source: 'multi-cluster ingress',
  },
  {
    name: 'clusters',
    meaning: 'A comma list. With apply: exactly these serve. With the actions on clusters: which.',
    default: 'as before; at first every registered cluster',
    source: 'multi-cluster ingress',
  },
  {
    name: 'namespace',
    meaning: 'Namespace of the Ingress that is meant.',
    default: 'default',
    source: 'multi-cluster ingress',
  },
  {
    name: 'name',
    meaning: 'Its name; enough for every action but apply and validate.',
    default: 'the Ingresses of the manifest',
    source: 'multi-cluster ingress',
  },
  {
    name: 'force',
    meaning: 'Do it although it leaves the load balancer without a cluster, or takes over what others made.',
    default: 'false',
    source: 'multi-cluster ingress',
  },
] as const

const known = attributeRows.map(({ name }) => name)

/** Our own bounds; Pub/Sub has lower ones, but messages come over HTTP too. */
const attributesShape = z.record(z.string().refine(...atMost(1_024)), z.string().refine(...atMost(16_384)))
const maxAttributes = 100

/**
 * Reads the attributes of a message. Those of others (tracing, dead letters) are passed over; one that is a letter away
 * from ours is a problem, since the message would do another thing than its sender meant (`actoin=validate`).
 * `hasData`: whether the message carries a manifest.
 */
export function parseAttributes(attributes: unknown, hasData: boolean): ParsedAttributes {
  const report = createReport()
  const texts = readTexts(attributes ?? {}, report)
  const ingress = readTarget(texts, report)
  const action = readAction(texts.get('action'), report)
  const clusters = readClusters(texts.get('clusters'), report)
  const force = readForce(texts.get('force'), report)
  const command = action === null ? null : toCommand(action, ingress, clusters, force, hasData, report)
  if (report.problems.length > 0 || command === null)
    return { ok: false, problems: [...report.problems], named: ingress === null ? [] : [ingress] }
  return { ok: true, command }
}

/**
 * What a manifest must say when the attributes name an Ingress too: the two must agree, or a person meant one of them
 * and would get the other.
 */
export function checkTarget(target: IngressName | null, ingresses: readonly IngressName[]): Problem[] {
  if (target === null) return []
  return ingresses
    .filter(({ namespace, name }) => namespace !== target.namespace || name !== target.name)
    .map(({ namespace, name }) => ({
      where: 'attribute name',
      message: `The attributes name the Ingress ${target.namespace}/${target.name}, the manifest names ${namespace}/${name}; write the same or leave the attributes out.`,
    }))
}

function readTexts(attributes: unknown, report: Report): ReadonlyMap<string, string> {
  const count = typeof attributes === 'object' && attributes !== null ? Object.keys(attributes).length : 0
  if (count > maxAttributes) {
    report.problem('attributes', `The message has ${count} attributes; at most ${maxAttributes} are taken.`)
    return new Map()
  }
  const parsed = attributesShape.safeParse(attributes)
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      const place = issue.path.length === 0 ? 'attributes' : `attribute ${quote(String(issue.path[0]))}`
      report.problem(
        place,
        `The attributes must be names and text of bounded length (16 KiB), not ${kindOf(attributes)} with other values.`,
      )
    }
    return new Map()
  }
  for (const name of Object.keys(parsed.data)) {
    const meant = name.length > 20 ? undefined : nearest(name, known, 1)
    if (meant !== undefined && !(known as readonly string[]).includes(name))
      report.problem(`attribute ${quote(name)}`, `The attribute is not known; did you mean ${meant}?`)
  }
  return new Map(Object.entries(parsed.data).map(([name, value]) => [name, value.trim()]))
}

function readTarget(texts: ReadonlyMap<string, string>, report: Report): IngressName | null {
  const name = texts.get('name')
  const namespace = texts.get('namespace') ?? 'default'
  if (name === undefined) {
    if (texts.has('namespace'))
      report.problem(
        'attribute namespace',
        'A namespace is given without a name; add the attribute name, or leave both out.',
      )
    return null
  }
  const problems: [string, string | null][] = [
    ['attribute name', checkDnsSubdomain('The name of the Ingress', name)],
    ['attribute namespace', checkDnsLabel('The namespace', namespace)],
  ]
  let good = true
  for (const [where, problem] of problems) {
    if (problem === null) continue
    good = false
    report.problem(where, problem)
  }
  return good ? { namespace, name } : null
}

function readAction(given: string | undefined, report: Report): SpecCommand['action'] | null {
  const action = given === undefined ? 'apply' : actions.find((one) => one === given)
  if (action === undefined)
    report.problem(
      'attribute action',
      `The action ${quote(given ?? '')} is not known; write ${actions.join(', ')}, or leave it out to apply.`,
    )
  return action ?? null
}

/** null = not said; undefined = wrong, and reported. */
function readClusters(given: string | undefined, report: Report): string[] | null | undefined {
  if (given === undefined) return null
  const list = clusterList(given)
  if (list.ok) return list.clusters
  for (const problem of list.problems) report.problem('attribute clusters', problem)
  return undefined
}

function readForce(given: string | undefined, report: Report): boolean {
  if (given === undefined) return false
  const force = parseTruth(given)
  if (force === undefined)
    report.problem('attribute force', `${quote(given)} is neither "true" nor "false"; write one of them.`)
  return force ?? false
}

function toCommand(
  action: SpecCommand['action'],
  ingress: IngressName | null,
  clusters: string[] | null | undefined,
  force: boolean,
  hasData: boolean,
  report: Report,
): SpecCommand | null {
  if (action === 'apply' || action === 'validate') {
    if (!hasData) report.problem('message', `The action ${action} needs a manifest as the data of the message.`)
    return { action, ingress, clusters: clusters ?? null, force }
  }
  if (ingress === null && !hasData)
    report.problem(
      'attribute name',
      `The action ${action} needs to know which Ingress: add the attributes namespace and name, or a manifest.`,
    )
  if (action === 'delete') {
    // Whoever names clusters here wants to take those out, not to end the service.
    if (clusters !== null)
      report.problem(
        'attribute clusters',
        'The action delete withdraws the whole Ingress; to take clusters out of it, write the action remove-clusters.',
      )
    return { action, ingress, force }
  }
  if (clusters === null)
    report.problem('attribute clusters', `The action ${action} needs the attribute clusters, a comma list.`)
  return { action, ingress, clusters: clusters ?? [], force }
}
