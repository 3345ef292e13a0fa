import type { ClusterIngressWant } from '../planning/cluster-ingress.ts'
import type { ClusterView } from '../planning/facts.ts'
import { nameLayout } from '../planning/layout.ts'
import { select } from '../planning/select.ts'
import { groupsInView } from '../planning/zones.ts'
import { splitResourceId, type ResourceId } from '../resource-id.ts'
import type { Condition, IngressPhase, Problem, ResourceDoc } from '../state/documents.ts'
import { isOthersChange } from './existence.ts'
import type { Sources } from './sources.ts'

/** How one cluster takes part (DESIGN section 8). */
export type ClusterState = 'Serving' | 'Waiting' | 'Draining' | 'Removing' | 'Unreachable' | 'Unhealthy'

/** One resource, as people see it. */
export interface ResourceStatus {
  id: ResourceId
  kind: string
  name: string
  phase: ResourceDoc['phase']
  why: string
  dependsOn: ResourceId[]
  updatedAt: number
}

/** The state of an Ingress, computed from documents and never counted up or down. */
export interface IngressStatus {
  phase: IngressPhase
  /** Nothing moves by itself any more: only an event or a person changes it. */
  settled: boolean
  loadBalancer: string
  vip: string | null
  clusters: string[]
  clusterStates: { name: string; state: ClusterState; zones: string[]; why: string }[]
  resources: ResourceStatus[]
  conditions: Condition[]
}

/** Pure: documents to status. */
export function statusOf(sources: Sources, project: string, now: number): IngressStatus {
  const { doc } = sources
  const { lb, address } = nameLayout(doc, { project })
  const chosen = select(doc.model, doc.selection, sources.clusters)
  const clusterStates = statesOf(sources, chosen)
  const all = [...sources.resources.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
  // What only tells of the others is told of when it cannot.
  const resources = all.filter((resource) => !follows(resource))
  const vip = (sources.resources.get(address.id)?.output as { ip?: string } | null | undefined)?.ip ?? null
  const verdict = judge(sources, resources, all.filter(follows))
  const onlyLooks = new Set(
    sources.claims
      .filter(
        (claim) => claim.resource.startsWith('cluster-ingress/') && (claim.want as ClusterIngressWant).object === null,
      )
      .map((claim) => claim.resource),
  )
  return {
    phase: verdict.phase,
    settled: verdict.settled,
    loadBalancer: lb,
    vip,
    clusters: chosen.names,
    clusterStates,
    resources: resources.map((resource) => ({
      id: resource.id,
      kind: resource.kind,
      name: splitResourceId(resource.id).path.at(-1) ?? '',
      ...(onlyLooks.has(resource.id) && resource.phase === 'Ready'
        ? { phase: 'Pending', why: 'looked at; waits for the plan' }
        : { phase: resource.phase, why: resource.why }),
      dependsOn: resource.refs,
      updatedAt: resource.updatedAt,
    })),
    conditions: withTimes(verdict.conditions, doc.conditions, now),
  }
}

interface Verdict {
  phase: IngressPhase
  settled: boolean
  conditions: Omit<Condition, 'lastTransitionTime'>[]
}

/** The status in a cluster's Ingress object: the Ingress is Ready without it. */
function follows({ kind }: ResourceDoc): boolean {
  return kind === 'cluster-status'
}

/** What the clusters' own Ingress objects could not be told. */
function untold(followers: readonly ResourceDoc[], troubled: ReadonlySet<string>): Problem[] {
  return followers
    .filter(
      ({ id, phase }) => ['Retrying', 'Failed'].includes(phase) && !troubled.has(splitResourceId(id).path[0] ?? ''),
    )
    .map(({ id, why }) => ({
      where: `cluster ${splitResourceId(id).path[0] ?? ''}`,
      message: `the status of its Ingress object could not be written: ${why}`,
    }))
}

function judge(sources: Sources, resources: readonly ResourceDoc[], followers: readonly ResourceDoc[]): Verdict {
  const { doc } = sources
  const warnings = doc.plan?.warnings ?? []
  const degraded = new Set(
    warnings.flatMap(({ where }) => (where.startsWith('cluster ') ? [where.slice('cluster '.length)] : [])),
  )
  const stuck = stuckInClusters(sources, resources)
  const counts = resources.filter(
    (resource) =>
      !(resource.kind === 'cluster-ingress' && degraded.has(splitResourceId(resource.id).path[0] ?? '')) &&
      !stuck.includes(resource),
  )
  const forbidden = counts.filter(isForbiddenFirewall)
  const failed = counts.filter((resource) => resource.phase === 'Failed' && !forbidden.includes(resource))
  const claimOf = new Map(sources.claims.map((claim) => [claim.resource, claim]))
  const moving = counts.filter(
    (resource) =>
      resource.phase !== 'Ready' &&
      resource.phase !== 'Failed' &&
      // What others want of it besides is no concern of this one, as long as it goes well.
      !isOthersChange(resource, claimOf.get(resource.id)),
  )
  // What was wrong with an earlier version says nothing about one that has not been planned yet.
  const planned = doc.plan?.generation === doc.generation ? doc.plan : null
  const refused = doc.rejected?.problems ?? planned?.problems ?? []
  const accepted: Verdict['conditions'][number] =
    refused.length > 0
      ? { type: 'Accepted', status: 'False', reason: 'Refused', message: sentences(refused) }
      : doc.plannedGeneration === doc.generation
        ? {
            type: 'Accepted',
            status: 'True',
            reason: 'Accepted',
            message: 'The latest spec is being served, or on its way',
          }
        : {
            type: 'Accepted',
            status: 'Unknown',
            reason: 'Looking',
            message: sentences(doc.plan?.waiting ?? []) || 'The spec has not been planned yet',
          }
  const settled = moving.length === 0 && (doc.plan?.waiting.length ?? 0) === 0
  const waits = [
    ...(doc.plan?.waiting ?? []),
    ...moving.map((resource): Problem => ({ where: resource.id, message: resource.why })),
  ]
  const troubles = failed.map((resource): Problem => ({ where: resource.id, message: resource.why }))
  const programmed: Verdict['conditions'][number] =
    failed.length > 0
      ? { type: 'Programmed', status: 'False', reason: 'Failed', message: sentences(troubles) }
      : waits.length > 0 || accepted.status === 'Unknown'
        ? { type: 'Programmed', status: 'False', reason: 'Progressing', message: sentences(waits) || 'Not begun' }
        : {
            type: 'Programmed',
            status: 'True',
            reason: 'Programmed',
            message: 'Everything that was accepted is applied and was seen to be so',
          }
  const clusters: Verdict['conditions'][number] =
    warnings.length > 0
      ? { type: 'ClustersServing', status: 'False', reason: 'Degraded', message: sentences(warnings) }
      : {
          type: 'ClustersServing',
          status: 'True',
          reason: 'Serving',
          message: 'Every selected cluster answers and has what the Ingress names',
        }
  const shut = forbidden.map(({ id, why }): Problem => ({ where: id, message: why }))
  const theirs = doc.model.settings.firewallIsTheirs === true
  const firewalls: Verdict['conditions'] =
    shut.length === 0 || theirs
      ? []
      : [{ type: 'FirewallsOpen', status: 'False', reason: 'PermissionDenied', message: sentences(shut) }]
  const notices = [
    ...(doc.plan?.notices ?? []),
    ...untold(followers, degraded),
    ...(theirs ? shut : []),
    ...stuck.map(({ id, why }) => ({
      where: `cluster ${splitResourceId(id).path[0] ?? ''}`,
      message: `serves no more, but its Ingress object could not be removed yet (unregister the cluster if it is gone): ${why}`,
    })),
  ]
  const advisory: Verdict['conditions'] =
    notices.length > 0
      ? [{ type: 'Advisory', status: 'True', reason: 'WorthKnowing', message: sentences(notices) }]
      : []
  const lastAction: Verdict['conditions'] =
    doc.refusedAction === undefined
      ? []
      : [
          {
            type: 'LastAction',
            status: 'False',
            reason: 'Refused',
            message: `${[doc.refusedAction.action, ...doc.refusedAction.clusters].join(' ')}: ${doc.refusedAction.why}`,
          },
        ]
  const conditions = [accepted, programmed, clusters, ...firewalls, ...advisory, ...lastAction]
  if (doc.deleted) return { phase: 'Deleting', settled: false, conditions }
  if (refused.length > 0 || (failed.length > 0 && accepted.status !== 'Unknown'))
    return { phase: 'Failed', settled, conditions }
  if (programmed.status !== 'True') return { phase: 'Progressing', settled: false, conditions }
  return { phase: warnings.length > 0 || firewalls.length > 0 ? 'Degraded' : 'Ready', settled, conditions }
}

/**
 * A firewall rule that we may not write keeps nothing else from being done, and the administrator of the network may have
 * opened the ports in a rule of their own (decision 14).
 */
function isForbiddenFirewall({ kind, phase, forbidden }: ResourceDoc): boolean {
  return kind === 'firewall-rule' && phase === 'Failed' && forbidden === true
}

/** What is to go from clusters that serve no more and do not answer: it is tried again, and holds nobody up. */
function stuckInClusters(sources: Sources, resources: readonly ResourceDoc[]): ResourceDoc[] {
  const claimed = new Set(sources.claims.map((claim) => claim.resource))
  return resources.filter(
    ({ id, kind, phase }) => kind === 'cluster-ingress' && phase === 'Retrying' && !claimed.has(id),
  )
}

function statesOf(sources: Sources, chosen: ReturnType<typeof select>): IngressStatus['clusterStates'] {
  const views = [...sources.resources.values()].filter((resource) => resource.kind === 'cluster-ingress')
  const states = new Map<string, IngressStatus['clusterStates'][number]>()
  for (const view of views) {
    const name = splitResourceId(view.id).path[0] ?? ''
    const groups = groupsInView(view.output as ClusterView | null)
    const zones = [...new Set(groups.map((group) => group.zone))].sort()
    const away = sources.clusters.find((cluster) => cluster.name === name)?.unreachable
    const why = away ? `it does not answer: ${away.why}` : view.why
    states.set(name, { name, state: stateOf(sources, chosen, view, name), zones, why })
  }
  for (const name of chosen.names) {
    if (!states.has(name)) states.set(name, { name, state: 'Waiting', zones: [], why: 'not begun' })
  }
  return [...states.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

function stateOf(sources: Sources, chosen: ReturnType<typeof select>, view: ResourceDoc, name: string): ClusterState {
  if (sources.doc.deleted || !chosen.names.includes(name)) return 'Removing'
  const cluster = sources.clusters.find((candidate) => candidate.name === name)
  if (cluster?.unreachable || view.phase === 'Retrying' || view.phase === 'Failed') return 'Unreachable'
  if (chosen.drained.includes(name)) return 'Draining'
  const shown = view.output as ClusterView | null
  return shown?.groups.state === 'known' || groupsInView(shown).length > 0 ? 'Serving' : 'Waiting'
}

/** Problems as one readable text. */
export function sentences(problems: readonly Problem[]): string {
  const shown = problems.slice(0, 10).map(({ where, message }) => `${where}: ${message}`)
  if (problems.length > shown.length) shown.push(`and ${problems.length - shown.length} more`)
  return shown.join('; ')
}

function withTimes(
  conditions: readonly Omit<Condition, 'lastTransitionTime'>[],
  before: readonly Condition[],
  now: number,
): Condition[] {
  return conditions.map((condition) => {
    const same = before.find((candidate) => candidate.type === condition.type && candidate.status === condition.status)
    return { ...condition, lastTransitionTime: same?.lastTransitionTime ?? now }
  })
}
