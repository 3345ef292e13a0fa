import { exitCodes, type ExitCode } from '../exit-codes.ts'
import { findIngresses, type IngressFlags } from '../find-ingress.ts'
import { follow } from '../follow.ts'
import { idOf, type Report } from '../report.ts'
import type { CommonFlags, Session } from '../session.ts'
import { placeOf, stagesOf } from '../stages.ts'
import { table, type Colours } from '../terminal.ts'
import { reportEndings } from './apply.ts'

/** What `get-status` takes. */
export interface GetStatusFlags extends CommonFlags, IngressFlags {
  wait: boolean
  timeout: number
}

/** Shows one Ingress: kubemci's sentence first, then what kubemci never told. */
export async function getStatus(session: Session, named: string | undefined, flags: GetStatusFlags): Promise<ExitCode> {
  const reports = await findIngresses(session, named, flags)
  if (flags.wait) {
    const awaited = reports.map((report) => ({ id: idOf(report) }))
    const endings = await follow(session, awaited, 'served', flags.timeout)
    return reportEndings(session, endings, flags.timeout, () => undefined)
  }
  const { terminal } = session
  terminal.result(reports.length === 1 ? reports[0] : { ingresses: reports }, () =>
    reports.map((report) => textOf(report, terminal.colours)).join('\n\n'),
  )
  return exitCodes.ok
}

function textOf(report: Report, colours: Colours): string {
  const { loadBalancer, vip, clusters, phase } = report
  const sentence =
    vip === null
      ? `Load balancer ${loadBalancer} has no IPAddress yet and is to be spread across ${clusters.length} clusters (${clusters.join(',')})`
      : `Load balancer ${loadBalancer} has IPAddress ${vip} and is spread across ${clusters.length} clusters (${clusters.join(',')})`
  return [
    sentence,
    `Ingress ${idOf(report)} is ${phaseText(phase, colours)}, version ${report.generation}`,
    ...report.conditions
      .filter(({ status }) => status !== 'True')
      .map(({ type, reason, message }) => `  ${type} is not: ${reason}: ${message}`),
    '',
    table(
      ['CLUSTER', 'STATE', 'HEALTHY', 'ZONES'],
      report.clusterStates.map(({ name, state, zones, healthy, total }) => [
        name,
        state,
        healthy === null || total === null ? '-' : `${healthy}/${total}`,
        zones.join(','),
      ]),
    ),
    '',
    table(
      ['KIND', 'RESOURCE', 'PHASE', 'WHY'],
      stagesOf(report.resources).flatMap(({ kind, resources }) =>
        resources.map((resource) => [kind, placeOf(resource), resource.phase, resource.why]),
      ),
    ),
  ].join('\n')
}

/** A phase in its colour. */
export function phaseText(phase: Report['phase'], colours: Colours): string {
  switch (phase) {
    case 'Ready':
      return colours.green(phase)
    case 'Failed':
      return colours.red(phase)
    case 'Degraded':
      return colours.yellow(phase)
    case 'Progressing':
    case 'Deleting':
      return colours.cyan(phase)
    default:
      return phase satisfies never
  }
}
