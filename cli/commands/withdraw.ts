import { exitCodes, type ExitCode } from '../exit-codes.ts'
import { findIngresses, type IngressFlags } from '../find-ingress.ts'
import { awaitTaken, follow, type Awaited } from '../follow.ts'
import { idOf } from '../report.ts'
import type { CommonFlags, Session } from '../session.ts'
import { reportEndings } from './apply.ts'

/** What `delete` takes. */
export interface DeleteFlags extends CommonFlags, IngressFlags {
  force: boolean
  wait: boolean
  timeout: number
}

/** Withdraws Ingresses. What was recorded is removed, whatever the manifest or the clusters say now. */
export async function withdraw(session: Session, named: string | undefined, flags: DeleteFlags): Promise<ExitCode> {
  const reports = await findIngresses(session, named, flags)
  const awaited: Awaited[] = []
  for (const report of reports) {
    const { namespace, name } = report
    const attributes = { action: 'delete', namespace, name, ...(flags.force ? { force: 'true' } : {}) }
    const messageId = await session.publish({ topic: 'ingress-specs', text: null, attributes })
    awaited.push(await awaitTaken(session, idOf(report), messageId, report))
  }
  if (flags.wait)
    return reportEndings(session, await follow(session, awaited, 'gone', flags.timeout), flags.timeout, () => undefined)
  session.terminal.result({ withdrawn: awaited.map(({ id }) => ({ ingress: id })) }, () =>
    awaited
      .map(({ id }) => `${id} is withdrawn; its resources are being removed. Follow it: mci get-status ${id}`)
      .join('\n'),
  )
  return exitCodes.ok
}
