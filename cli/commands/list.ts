import { exitCodes, type ExitCode } from '../exit-codes.ts'
import { readSummaries } from '../find-ingress.ts'
import type { Session } from '../session.ts'
import { table } from '../terminal.ts'

/** Every Ingress, one a line; the words of an empty list are kubemci's. */
export async function list(session: Session, namespace: string | undefined): Promise<ExitCode> {
  const all = await readSummaries(session)
  const shown = all
    .filter((one) => namespace === undefined || one.namespace === namespace)
    .sort((a, b) => (`${a.namespace}/${a.name}` < `${b.namespace}/${b.name}` ? -1 : 1))
  session.terminal.result({ ingresses: shown }, () =>
    shown.length === 0
      ? 'No multicluster ingresses found.'
      : table(
          ['NAME', 'IP', 'CLUSTERS', 'NAMESPACE', 'INGRESS', 'PHASE'],
          shown.map((one) => [
            one.loadBalancer,
            one.vip ?? '',
            one.clusters.join(', '),
            one.namespace,
            one.name,
            one.phase,
          ]),
        ),
  )
  return exitCodes.ok
}
