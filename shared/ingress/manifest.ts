import type { Problem } from '../state/documents.ts'
import { isMapping } from './fields.ts'
import { readIngress, readMultiClusterIngress, type ReadIngress } from './ingress-object.ts'
import { ingressId, type IngressModel } from './model.ts'
import { checkDnsLabel, checkDnsSubdomain } from './names.ts'
import { objectId, readObject as readOther, type PublishedObject } from './published-object.ts'
import { createReport, kindOf, quote, type Report } from './report.ts'
import { maxDocuments, readDocuments } from './yaml-documents.ts'

export { maxManifestBytes } from './yaml-documents.ts'

/** Which Ingress is meant, before anything else of it is known to be good. */
export interface IngressName {
  namespace: string
  name: string
}

/** An Ingress of a good message. */
export interface ParsedIngress {
  model: IngressModel
  /** metadata.uid, and metadata.generation when it is above zero; null when the manifest does not say. */
  source: { uid: string | null; generation: number | null }
  /** What a person should know, though it can be applied. */
  warnings: Problem[]
}

/** An object beside the Ingresses of a good message. */
export interface ParsedObject extends PublishedObject {
  warnings: Problem[]
}

/**
 * A message is one unit: all of it is good, or nothing of it is applied. `named` are the Ingresses that a bad message
 * clearly meant, good ones included, so that status can show what is wrong with it.
 */
export type ParsedMessage =
  | { ok: true; ingresses: ParsedIngress[]; objects: ParsedObject[] }
  | { ok: false; problems: Problem[]; named: IngressName[] }

/** Reads an object of one kind. */
type ReadObject = (value: unknown, where: string, report: Report) => ReadIngress | PublishedObject

/** Every kind that a manifest may hold, by apiVersion and kind. */
const kinds: ReadonlyMap<string, ReadObject> = new Map<string, ReadObject>([
  ['networking.k8s.io/v1 Ingress', (value, where, report) => readIngress(value, 'v1', where, report)],
  ['networking.k8s.io/v1beta1 Ingress', (value, where, report) => readIngress(value, 'beta', where, report)],
  ['extensions/v1beta1 Ingress', (value, where, report) => readIngress(value, 'beta', where, report)],
  ['networking.gke.io/v1 MultiClusterIngress', readMultiClusterIngress],
  ['networking.gke.io/v1beta1 MultiClusterIngress', readMultiClusterIngress],
  ['networking.gke.io/v1 MultiClusterService', (...of) => readOther('MultiClusterService', ...of)],
  ['networking.gke.io/v1beta1 MultiClusterService', (...of) => readOther('MultiClusterService', ...of)],
  ['cloud.google.com/v1 BackendConfig', (...of) => readOther('BackendConfig', ...of)],
  ['cloud.google.com/v1beta1 BackendConfig', (...of) => readOther('BackendConfig', ...of)],
  ['networking.gke.io/v1beta1 FrontendConfig', (...of) => readOther('FrontendConfig', ...of)],
])

const listKinds: ReadonlySet<string> = new Set(['List', 'IngressList'])

/**
 * Reads the manifest of a message: YAML or JSON, one or more documents. Never throws, and takes bounded time and
 * memory whatever the text. Ingresses come sorted by namespace and name.
 */
export function parseManifest(text: string): ParsedMessage {
  const report = createReport()
  const objects = objectsOf(text, report)
  const parsed: ParsedIngress[] = []
  const others: ParsedObject[] = []
  const places = new Map<string, string>()
  for (const { value, where, readable } of objects) {
    if (!readable) continue
    const own = createReport(report)
    const read = readObject(value, where, own)
    if (read === null || own.problems.length > 0) continue
    const id = 'model' in read ? `Ingress ${ingressId(read.model)}` : objectId(read.content.kind, read)
    const earlier = places.get(id)
    if (earlier !== undefined) report.problem(where, `The ${id} is in ${earlier} too; keep one.`)
    places.set(id, where.replace(/(: |\.)$/, ''))
    if ('model' in read) parsed.push({ ...read, warnings: [...own.warnings] })
    else others.push({ ...read, warnings: [...own.warnings] })
  }
  if (objects.length === 0 && report.problems.length === 0)
    report.problem('message', 'The manifest is empty; publish at least one Ingress.')
  if (report.problems.length > 0) return { ok: false, problems: [...report.problems], named: namesIn(objects) }
  return {
    ok: true,
    ingresses: parsed.sort((a, b) => (ingressId(a.model) < ingressId(b.model) ? -1 : 1)),
    objects: others.sort((a, b) => (objectId(a.content.kind, a) < objectId(b.content.kind, b) ? -1 : 1)),
  }
}

interface PlacedObject {
  value: unknown
  where: string
  /** False when its YAML could not be read: then it only names. */
  readable: boolean
}

/** The objects of all documents, those of lists taken out of them. */
function objectsOf(text: string, report: Report): PlacedObject[] {
  const objects: PlacedObject[] = []
  for (const { number, value, readable } of readDocuments(text, report)) {
    const where = `document ${number}: `
    if (!isMapping(value) || typeof value['kind'] !== 'string' || !listKinds.has(value['kind'])) {
      objects.push({ value, where, readable })
      continue
    }
    const items = value['items']
    if (!Array.isArray(items)) {
      if (readable) report.problem(`${where}items`, `The items of a list must be a list, not ${kindOf(items)}.`)
      continue
    }
    // The API server leaves kind and apiVersion out of the items of a typed list.
    const inherited = value['kind'] === 'IngressList' ? { apiVersion: value['apiVersion'], kind: 'Ingress' } : {}
    for (const [index, item] of items.entries())
      objects.push({
        value: isMapping(item) ? { ...inherited, ...item } : item,
        where: `${where}items[${index}].`,
        readable,
      })
  }
  if (objects.length > maxDocuments) {
    report.problem('message', `The manifest holds ${objects.length} objects; at most ${maxDocuments} are taken.`)
    return objects.slice(0, maxDocuments).map((object) => ({ ...object, readable: false }))
  }
  return objects
}

function readObject(value: unknown, where: string, report: Report): ReadIngress | PublishedObject | null {
  if (!isMapping(value)) {
    report.problem(where, `An Ingress object is expected here, not ${kindOf(value)}.`)
    return null
  }
  const { apiVersion, kind } = value
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') {
    const missing = [typeof apiVersion === 'string' ? null : 'apiVersion', typeof kind === 'string' ? null : 'kind']
    report.problem(
      where,
      `${missing.filter((one) => one !== null).join(' and ')} must be given as text, for example "networking.k8s.io/v1" and "Ingress".`,
    )
    return null
  }
  const read = kinds.get(`${apiVersion} ${kind}`)
  if (read !== undefined) return read(value, where, report)
  const versions = [...kinds.keys()]
    .filter((known) => known.endsWith(` ${kind}`))
    .map((known) => known.slice(0, -kind.length - 1))
  report.problem(
    where,
    versions.length > 0
      ? `The apiVersion ${quote(apiVersion)} of ${kind} is not known; write ${versions.join(', ')}.`
      : `The kind ${quote(kind)} (apiVersion ${quote(apiVersion)}) is not taken here; publish only Ingress, MultiClusterIngress, MultiClusterService, BackendConfig or FrontendConfig objects.`,
  )
  return null
}

function namesIn(objects: readonly PlacedObject[]): IngressName[] {
  const named = new Map<string, IngressName>()
  for (const { value } of objects) {
    if (
      !isMapping(value) ||
      !['Ingress', 'MultiClusterIngress'].includes(value['kind'] as string) ||
      !isMapping(value['metadata'])
    )
      continue
    const { name, namespace } = value['metadata']
    const found = {
      namespace: namespace === undefined || namespace === null || namespace === '' ? 'default' : namespace,
      name,
    }
    if (typeof found.name !== 'string' || typeof found.namespace !== 'string') continue
    if (checkDnsSubdomain('', found.name) !== null || checkDnsLabel('', found.namespace) !== null) continue
    named.set(`${found.namespace}/${found.name}`, { namespace: found.namespace, name: found.name })
  }
  return [...named.values()].sort((a, b) => (ingressId(a) < ingressId(b) ? -1 : 1))
}
