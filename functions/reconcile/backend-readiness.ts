import type { BackendService } from '../../shared/cloud/compute-resources.ts'
import type { ComputeRef, MemberHealth } from '../../shared/cloud/compute-port.ts'
import type { Cloud, Observation } from '../../shared/engine/kind.ts'
import { splitGroupPath } from '../../shared/planning/zones.ts'

/**
 * Told to the planner: of a backend service that nothing is sent to yet, or, `of` these groups of one that serves, which take the
 * place of others.
 */
export type Readiness = ({ ready: false; since: number; why: string } | { ready: true }) & { of?: string[] }

/**
 * So long Compute may say nothing about the health of backends that are there: it may check only what a URL map sends to
 * (not observed, docs/unchecked.md). Milliseconds.
 */
const silence = 120_000

/**
 * Whether a backend service, or those of its groups, can take over: of every group with members more than half are healthy.
 * Nobody depends on it meanwhile, so it is asked for as long as it takes.
 */
export async function readinessOf(
  cloud: Cloud,
  ref: ComputeRef<'backendServices'>,
  got: BackendService,
  before: Readiness | null,
  of?: string[],
): Promise<Pick<Observation<BackendService>, 'output' | 'pending'>> {
  const earlier = before?.of?.join() === of?.join() ? before : null
  if (earlier?.ready === true) return {}
  const told = of === undefined ? {} : { of }
  const since = earlier?.since ?? cloud.now()
  const groups = (got.backends ?? []).flatMap(({ group, capacityScaler }) =>
    group === undefined || capacityScaler === 0 || of?.includes(group) === false ? [] : [group],
  )
  const health = await Promise.all(groups.map((group) => healthOf(cloud, ref, group)))
  const known = groups.map((group, index) => ({ group, members: health[index] ?? [] }))
  const members = known.flatMap((one) => one.members)
  const weak = known.filter(
    (one) => one.members.filter(isHealthy).length * 2 <= one.members.length && one.members.length > 0,
  )
  // What is still to become a backend is not checked yet.
  const present = of === undefined || of.every((group) => got.backends?.some((backend) => backend.group === group))
  const ready =
    present &&
    (members.length > 0
      ? weak.length === 0
      : cloud.now() - since >= silence && (of !== undefined || (await anyMembers(cloud, groups))))
  if (ready) return { output: { ready: true, ...told } satisfies Readiness }
  const why =
    members.length === 0
      ? `waits for the health of its backends before ${of === undefined ? 'anything is sent to them' : 'those go whose place they take'}`
      : `waits until its backends are healthy: ${weak.map(inWords).join(', ')}`
  return {
    output: { ready: false, since, why, ...told } satisfies Readiness,
    pending: { after: pollEvery(cloud.now() - since), why },
  }
}

/** Fast while first health checks are due; then it is left to the tick. */
function pollEvery(waited: number): number {
  return waited < 10_000 ? 500 : waited < 60_000 ? 2_000 : 30_000
}

const isHealthy = ({ healthState }: MemberHealth): boolean => healthState === 'HEALTHY'

function inWords({ group, members }: { group: string; members: readonly MemberHealth[] }): string {
  const { zone } = splitGroupPath(group)
  return `${members.filter(isHealthy).length} of ${members.length} in ${zone}`
}

/** What cannot be asked is not known yet; no other part of the visit depends on it. */
async function healthOf(cloud: Cloud, ref: ComputeRef<'backendServices'>, group: string): Promise<MemberHealth[]> {
  try {
    return await cloud.compute.health(ref, group)
  } catch {
    return []
  }
}

async function anyMembers(cloud: Cloud, groups: readonly string[]): Promise<boolean> {
  const found = await Promise.all(groups.map((group) => cloud.compute.get(splitGroupPath(group))))
  return found.some((group) => (group?.size ?? 0) > 0)
}
