import { z } from 'zod'
import { recoverable, type Recoverable } from '../../shared/engine/recover.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import { previewPorts, recordReader } from '../look-ahead.ts'
import type { Session } from '../session.ts'
import { table } from '../terminal.ts'

const clustersShape = z.object({
  clusters: z.array(z.object({ project: z.string(), network: z.string().nullable() })),
})

/** Lists what bears our stamp and that the state knows nothing of. Writes nothing anywhere. */
export async function recover(session: Session): Promise<ExitCode> {
  const [ports, answer] = await Promise.all([
    previewPorts(session, true),
    session.status.get('/api/clusters', clustersShape),
  ])
  const clusters = (answer?.clusters ?? []).map(({ project, network }) => ({
    project,
    networks: network === null ? [] : [network],
  }))
  const found = await recoverable(ports, recordReader(session), clusters)
  session.terminal.result({ recoverable: found }, () =>
    found.length === 0
      ? 'Everything that bears our stamp is looked after.'
      : table(
          ['INGRESS', 'LOAD BALANCER', 'IP', 'CLUSTERS', 'RESOURCES', 'WHAT TO DO'],
          found.map((one) => [
            one.ingress,
            one.loadBalancer ?? '',
            one.ip ?? '',
            one.clusters.join(', '),
            String(one.resources.length),
            adviceOf(one),
          ]),
        ),
  )
  return exitCodes.ok
}

function adviceOf({ is }: Recoverable): string {
  switch (is) {
    case 'unknown':
      return 'has no spec here and is left alone: publish it again, and it is taken over as it is'
    case 'withdrawn':
      return 'was withdrawn: these go a day after they were first seen'
    case 'known':
      return 'is looked after without these: they go a day after they were first seen'
    default:
      return is satisfies never
  }
}
