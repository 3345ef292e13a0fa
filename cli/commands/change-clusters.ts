import { z } from 'zod'
import { exitCodes, Failure, type ExitCode } from '../exit-codes.ts'
import { findIngresses, type IngressFlags } from '../find-ingress.ts'
import { awaitTaken, follow, type Awaited } from '../follow.ts'
import { contextsOf } from '../kubeconfig.ts'
import { idOf, type Report } from '../report.ts'
import type { CommonFlags, Session } from '../session.ts'
import { reportEndings } from './apply.ts'

/** What can be done to clusters of an Ingress; the actions of topic ingress-specs. */
export type ClusterAction = 'remove-clusters' | 'drain-clusters' | 'undrain-clusters'

/** What `remove-clusters`, `drain` and `undrain` take. */
export interface ChangeClustersFlags extends CommonFlags, IngressFlags {
  clusters?: string[]
  kubeconfig?: string
  kubecontexts?: string[]
  force: boolean
  wait: boolean
  timeout: number
}

/** Takes clusters out of Ingresses, or traffic away from them and back. */
export async function changeClusters(
  session: Session,
  action: ClusterAction,
  named: string | undefined,
  flags: ChangeClustersFlags,
): Promise<ExitCode> {
  const clusters = await clustersOf(flags)
  const reports = await findIngresses(session, named, flags)
  const awaited: Awaited[] = []
  const changed: string[] = []
  for (const report of reports) {
    const id = idOf(report)
    const unaffected = await alreadySo(session, action, clusters, report)
    if (unaffected !== undefined) {
      session.terminal.say(`${id}: ${unaffected}`)
      awaited.push({ id, before: report })
      continue
    }
    const attributes = {
      action,
      namespace: report.namespace,
      name: report.name,
      clusters: clusters.join(','),
      ...(flags.force ? { force: 'true' } : {}),
    }
    const messageId = await session.publish({ topic: 'ingress-specs', text: null, attributes })
    awaited.push(await awaitTaken(session, id, messageId, report))
    changed.push(id)
  }
  if (flags.wait)
    return reportEndings(
      session,
      await follow(session, awaited, 'served', flags.timeout),
      flags.timeout,
      () => undefined,
    )
  session.terminal.result({ changed: changed.map((id) => ({ ingress: id, action, clusters })) }, () =>
    changed
      .map((id) => `${id}: ${done[action]} ${clusters.join(', ')}. Follow it: mci get-status ${id} --wait`)
      .join('\n'),
  )
  return exitCodes.ok
}

const done: Readonly<Record<ClusterAction, string>> = {
  'remove-clusters': 'being taken out of',
  'drain-clusters': 'traffic is led away from',
  'undrain-clusters': 'traffic may go again to',
}

/** kubemci names clusters by their contexts, all of the kubeconfig when none is named. */
async function clustersOf(flags: ChangeClustersFlags): Promise<string[]> {
  const named = flags.clusters ?? flags.kubecontexts
  if (named !== undefined) return named
  if (flags.kubeconfig !== undefined)
    return contextsOf(flags.kubeconfig, undefined).then((all) => all.map(({ name }) => name))
  throw new Failure('which clusters are meant?', 'Name them: --clusters a,b (see mci clusters list).', exitCodes.usage)
}

const sourcesShape = z.object({
  doc: z.object({ selection: z.object({ excluded: z.array(z.string()), drained: z.array(z.string()) }) }),
})

/** A message that changes nothing leaves no trace to wait for: whether it would, in words. */
async function alreadySo(
  session: Session,
  action: ClusterAction,
  clusters: readonly string[],
  report: Report,
): Promise<string | undefined> {
  const sources = await session.status.get(`/api/sources/${report.namespace}/${report.name}`, sourcesShape)
  const { excluded = [], drained = [] } = sources?.doc.selection ?? {}
  switch (action) {
    case 'drain-clusters':
      return clusters.every((name) => drained.includes(name)) ? `${clusters.join(', ')} is drained already` : undefined
    case 'undrain-clusters':
      return clusters.some((name) => drained.includes(name)) ? undefined : `${clusters.join(', ')} is not drained`
    case 'remove-clusters':
      return clusters.every((name) => excluded.includes(name) && !drained.includes(name))
        ? `${clusters.join(', ')} was taken out before`
        : undefined
    default:
      return action satisfies never
  }
}
