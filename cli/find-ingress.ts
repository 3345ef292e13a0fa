import { exitCodes, Failure } from './exit-codes.ts'
import { readReport } from './follow.ts'
import { loadManifest } from './manifest-file.ts'
import { idOf, summariesShape, type Report, type Summary } from './report.ts'
import type { Session } from './session.ts'

/** What the command line says about which Ingress is meant. */
export interface IngressFlags {
  namespace?: string
  /** A manifest that names it. */
  ingress?: string
}

/** Every Ingress that there is. */
export async function readSummaries(session: Session): Promise<Summary[]> {
  return (await session.status.get('/api/ingresses', summariesShape))?.ingresses ?? []
}

/**
 * The Ingress that is meant: by a manifest, by `namespace/name`, by its name, or, as kubemci has it, by the name of its
 * load balancer. Throws Failure when it is none or not the only one.
 */
export async function findIngresses(
  session: Session,
  named: string | undefined,
  flags: IngressFlags,
): Promise<Report[]> {
  const ids =
    flags.ingress === undefined
      ? [await idByName(session, named, flags.namespace)]
      : await idsInManifest(session, flags)
  const reports = await Promise.all(ids.map((id) => readReport(session, id)))
  const missing = ids.filter((_, index) => reports[index] === undefined)
  if (missing.length > 0) throw notThere(missing.join(', '), await readSummaries(session))
  const found = reports.filter((report) => report !== undefined)
  const others = found.filter((report) => flags.ingress !== undefined && named !== undefined && !means(report, named))
  if (others.length > 0)
    throw new Failure(
      `the manifest is for ${others.map(idOf).join(', ')} (load balancer ${others.map(({ loadBalancer }) => loadBalancer).join(', ')}), not for "${named ?? ''}"`,
      'Name one of them: the manifest or the load balancer.',
      exitCodes.usage,
    )
  return found
}

function means(summary: Summary, named: string): boolean {
  return [summary.loadBalancer, summary.name, idOf(summary)].includes(named)
}

async function idsInManifest(session: Session, { ingress = '', namespace }: IngressFlags): Promise<string[]> {
  const { ingresses } = await loadManifest(ingress, { namespace }, session.readStdin)
  return ingresses.map(({ model }) => idOf(model))
}

async function idByName(session: Session, named: string | undefined, namespace: string | undefined): Promise<string> {
  if (named === undefined)
    throw new Failure(
      'which Ingress is meant?',
      'Name it (NAMESPACE/NAME, NAME or the name of its load balancer), or give its manifest with -i FILE.',
      exitCodes.usage,
    )
  if (named.includes('/')) {
    if (namespace !== undefined && !named.startsWith(`${namespace}/`))
      throw new Failure(`"${named}" is not in namespace "${namespace}"`, 'Leave one of them out.', exitCodes.usage)
    return named
  }
  const all = await readSummaries(session)
  const found = all.filter((one) => means(one, named) && (namespace === undefined || one.namespace === namespace))
  const [only, ...more] = found
  if (only === undefined)
    throw notThere(namespace === undefined ? `"${named}"` : `"${named}" in namespace ${namespace}`, all)
  if (more.length > 0)
    throw new Failure(`"${named}" can mean ${found.map(idOf).join(' or ')}`, 'Write NAMESPACE/NAME.', exitCodes.usage)
  return idOf(only)
}

function notThere(what: string, all: readonly Summary[]): Failure {
  const shown = all.slice(0, 10).map(idOf)
  const rest = all.length > shown.length ? ` and ${all.length - shown.length} more` : ''
  return new Failure(
    `there is no Ingress or load balancer ${what}`,
    all.length === 0
      ? 'There is none at all yet: mci apply -f FILE.'
      : `There is ${shown.join(', ')}${rest} (mci list).`,
  )
}
