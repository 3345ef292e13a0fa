import { open } from 'node:fs/promises'
import { parseAllDocuments, type Document } from 'yaml'
import { maxManifestBytes, parseManifest, type ParsedIngress, type ParsedObject } from '../shared/ingress/manifest.ts'
import type { Problem } from '../shared/state/documents.ts'
import { exitCodes, Failure } from './exit-codes.ts'

/** A manifest that can be published. */
export interface Manifest {
  /** What is published: the file as it is, or with what the flags add. */
  text: string
  ingresses: ParsedIngress[]
  /** Published beside them, for those that name them. */
  objects: ParsedObject[]
}

/** What kubemci's flags add to a manifest that does not say it. */
export interface Additions {
  namespace?: string | undefined
  staticIp?: string | undefined
  loadBalancer?: string | undefined
}

const staticIpKey = 'kubernetes.io/ingress.global-static-ip-name'
const loadBalancerKey = 'multicluster-ingress.io/load-balancer'

/** Reads and checks a manifest; `-` is standard input. Throws Failure with every problem at once. */
export async function loadManifest(
  file: string,
  additions: Additions,
  readStdin: (what: string) => Promise<string>,
): Promise<Manifest> {
  const read = file === '-' ? await readStdin('the manifest') : await readText(file)
  const text = withAdditions(read, additions, file)
  const parsed = parseManifest(text)
  if (!parsed.ok)
    throw new Failure(`${nameOf(file)} is not valid:\n${listed(parsed.problems)}`, 'Nothing was published.')
  return { text, ingresses: parsed.ingresses, objects: parsed.objects }
}

/** Problems, one a line. */
export function listed(problems: readonly Problem[]): string {
  return problems.map(({ where, message }) => `  - ${where}: ${message}`).join('\n')
}

function nameOf(file: string): string {
  return file === '-' ? 'the manifest on standard input' : file
}

async function readText(file: string): Promise<string> {
  try {
    const handle = await open(file)
    try {
      const { size } = await handle.stat()
      if (size > maxManifestBytes)
        throw new Failure(`${file} has ${size} bytes; a manifest may have ${maxManifestBytes}`, 'Split it.')
      return await handle.readFile('utf8')
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (error instanceof Failure) throw error
    throw new Failure(
      `cannot read the manifest ${file}: ${error instanceof Error ? error.message : String(error)}`,
      'Name a file that holds an Ingress, or - for standard input.',
      exitCodes.usage,
    )
  }
}

function withAdditions(text: string, additions: Additions, file: string): string {
  const asked = Object.values(additions).some((value) => value !== undefined)
  // What cannot be read is reported by the manifest's own reader, which is bounded; and big nesting must not get here.
  if (!asked || !readable(text)) return text
  const documents = parseAllDocuments(text)
  if (documents.length !== 1 || documents[0]?.get('kind') !== 'Ingress')
    throw new Failure(
      `${nameOf(file)} holds ${documents.length === 1 ? 'no single Ingress' : `${documents.length} documents`}, and --namespace, --static-ip and a load balancer's name are for one Ingress`,
      'Write namespace and annotations into the manifest instead.',
      exitCodes.usage,
    )
  const [ingress] = documents
  addNamespace(ingress, additions.namespace, file)
  addAnnotation(ingress, staticIpKey, additions.staticIp, '--static-ip', file)
  addAnnotation(ingress, loadBalancerKey, additions.loadBalancer, 'the load balancer', file)
  return String(ingress)
}

/** True for what the bounded reader takes, but for a namespace that is still to come. */
function readable(text: string): boolean {
  return parseManifest(text).ok
}

function addNamespace(ingress: Document, namespace: string | undefined, file: string): void {
  if (namespace === undefined) return
  const said = ingress.getIn(['metadata', 'namespace'])
  if (said === undefined || said === null || said === '') ingress.setIn(['metadata', 'namespace'], namespace)
  else if (said !== namespace)
    throw new Failure(
      `${nameOf(file)} is for namespace "${shown(said)}" and --namespace says "${namespace}"`,
      'Say the same in both, or leave --namespace out.',
      exitCodes.usage,
    )
}

function addAnnotation(ingress: Document, key: string, value: string | undefined, flag: string, file: string): void {
  if (value === undefined) return
  const said = ingress.getIn(['metadata', 'annotations', key])
  if (said === undefined || said === null || said === '') {
    if (ingress.getIn(['metadata', 'annotations']) === null) ingress.deleteIn(['metadata', 'annotations'])
    ingress.setIn(['metadata', 'annotations', key], value)
  } else if (said !== value)
    throw new Failure(
      `${nameOf(file)} has the annotation ${key}: "${shown(said)}" and ${flag} says "${value}"`,
      'Say the same in both, or leave one out.',
      exitCodes.usage,
    )
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
