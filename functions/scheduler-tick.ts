import { z } from 'zod'
import { atMost } from '../shared/bounded.ts'
import { lookAtProject } from '../shared/engine/clusters.ts'
import type { Deps } from '../shared/engine/deps.ts'
import { judgeOrphans } from '../shared/engine/orphans.ts'
import { sweepCluster } from '../shared/engine/sweep-cluster.ts'
import { sweepKind } from '../shared/engine/sweep.ts'
import { tick, type Shard } from '../shared/engine/tick.ts'
import type { Cause } from '../shared/engine/nudge.ts'
import { parseJson } from '../shared/json.ts'
import type { Event } from './event.ts'

const name = z.string().refine(...atMost(200))

/** A part of a tick, as a tick publishes it to its own topic; anything else is a whole tick. */
const shape = z.discriminatedUnion('sweep', [
  z.object({ sweep: z.literal('kind'), kind: name, project: name }),
  z.object({ sweep: z.literal('machines'), project: name }),
  z.object({ sweep: z.literal('cluster'), cluster: name }),
]) satisfies z.ZodType<Shard>

/** Topic scheduler-ticks: whatever is due is nudged, and what is at rest is compared with the world. The message may say anything. */
export async function onTick(deps: Deps, event: Event): Promise<void> {
  const cause: Cause = { why: 'tick', trace: event.id }
  const shard = shardOf(event.data)
  if (shard !== undefined) {
    await work(deps, shard, cause)
    return
  }
  const due = await tick(deps, cause)
  if (due.resources + due.ingresses + due.clusters > 0) deps.log.info({ ...due, trace: event.id }, 'nudged what is due')
}

function shardOf(data: string | null): Shard | undefined {
  const body = parseJson(data ?? '')
  return typeof body === 'object' && body !== null && 'sweep' in body ? shape.safeParse(body).data : undefined
}

/** A part that fails is not delivered again: the next tick has it anew, and what failed says so in the log. */
async function work(deps: Deps, shard: Shard, cause: Cause): Promise<void> {
  try {
    await sweep(deps, shard, cause)
  } catch (error) {
    deps.log.warn({ ...shard, error: String(error), trace: cause.trace }, 'not swept; the next tick tries again')
  }
}

async function sweep(deps: Deps, shard: Shard, cause: Cause): Promise<void> {
  switch (shard.sweep) {
    case 'kind': {
      const kind = deps.kinds.find((candidate) => candidate.name === shard.kind)
      if (kind === undefined) return
      const swept = await sweepKind(deps, kind, shard.project, cause)
      if (swept.judged > 0) deps.log.info({ ...shard, ...swept, trace: cause.trace }, 'swept')
      await judgeOrphans(deps, swept.orphans, cause)
      return
    }
    case 'machines':
      await lookAtProject(deps, shard.project, cause)
      return
    case 'cluster': {
      const swept = await sweepCluster(deps, shard.cluster, cause)
      if (swept.judged > 0) deps.log.info({ ...shard, ...swept, trace: cause.trace }, 'swept')
      return
    }
    default:
      shard satisfies never
  }
}
