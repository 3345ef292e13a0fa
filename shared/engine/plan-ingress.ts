import { canonical } from '../json.ts'
import { plan, type Plan } from '../planning/plan.ts'
import type {
  CertificateFact,
  ClusterFacts,
  ClusterView,
  Facts,
  ServedGroup,
  StandingServices,
} from '../planning/facts.ts'
import type { ClusterIngressWant } from '../planning/cluster-ingress.ts'
import { withoutDisputedGroups } from '../planning/disputed-groups.ts'
import { clusterIngressId, loadBalancerOf, nameLayout } from '../planning/layout.ts'
import { firewallKey, type NetworkLayout } from '../planning/networks.ts'
import { groupPath } from '../planning/zones.ts'
import { splitResourceId, type ResourceId } from '../resource-id.ts'
import type { ClaimDoc, ClusterDoc, Happening, IngressDoc, ResourceDoc } from '../state/documents.ts'
import { queries } from '../state/store.ts'
import { lookForLoadBalancer, type Found, type Sought } from './adoption.ts'
import { stake, type Stake } from './claims.ts'
import type { Deps } from './deps.ts'
import type { Desired } from './kind.ts'
import { classify } from './faults.ts'
import { remembered } from './history.ts'
import { pausedProblem } from './hold.ts'
import { list } from './ledger.ts'
import { nudgeOf, send, type Cause } from './nudge.ts'
import { statusOf, type IngressStatus } from './status.ts'

/** A planner that dies is found by the tick after this; milliseconds. */
const planLease = 60_000

/** A status that is not final is looked at again after this, should every nudge have been lost; milliseconds. */
const statusPatience = 60_000

/** Everything that one planning run reads. */
export interface Sources {
  doc: IngressDoc
  clusters: ClusterDoc[]
  claims: ClaimDoc[]
  resources: Map<ResourceId, ResourceDoc>
}

/** Reads an Ingress with all that belongs to it; undefined when there is no such Ingress. */
export async function sourcesOf(store: Deps['store'], id: string): Promise<Sources | undefined> {
  const doc = await store.get('ingresses', id)
  if (doc === undefined) return undefined
  const [clusters, claims, owned] = await Promise.all([
    store.find(queries.clusters()),
    store.find(queries.claimsOf(id)),
    store.find(queries.ownedBy(id)),
  ])
  const resources = new Map(owned.map((resource) => [resource.id, resource]))
  const shared = claims.map((claim) => claim.resource).filter((resource) => !resources.has(resource))
  if (shared.length > 0) {
    for (const resource of await store.getAll('resources', shared)) if (resource) resources.set(resource.id, resource)
  }
  return { doc, clusters, claims, resources }
}

/**
 * Recomputes what an Ingress wants of every resource from its spec and the facts, writes the difference as claims, nudges
 * what changed, and recomputes its status. Safe at any time: an older planner is refused by the document's token.
 */
export async function planIngress(deps: Deps, id: string, cause: Cause): Promise<void> {
  if (await planOnce(deps, id, cause)) await planOnce(deps, id, cause)
}

/** Answers true when it has just found what there is of the load balancer, so that planning can go on. */
async function planOnce(deps: Deps, id: string, cause: Cause): Promise<boolean> {
  const sources = await sourcesOf(deps.store, id)
  if (sources === undefined) return false
  const { doc } = sources
  const made = draft(deps, sources)
  const stakes =
    doc.goneAt !== null || doc.generation === 0 ? [] : made === null ? dropAll(sources.claims) : stakesOf(made, sources)
  let token = doc.token
  let conflicts: string[] = []
  if (stakes.length > 0) {
    const begun = await startWriting(deps, doc, planWritten(stakes, cause, deps.clock.now()))
    if (!begun) return false
    token = begun
    const staked = await stake(deps, doc, token, stakes)
    if (staked.is === 'stale') return false
    conflicts = staked.conflicts
    await send(
      deps,
      staked.awake.map((resource) => nudgeOf(resource, cause)),
    )
    deps.log.info(
      {
        ingress: id,
        generation: doc.generation,
        plan: made?.is ?? 'withdrawn',
        changed: stakes.length,
        trace: cause.trace,
        cause: cause.why,
      },
      'plan written',
    )
  }
  const idle = made === null || doc.model.settings.mode === 'paused'
  if (idle || isLookedFor(doc) || conflicts.length > 0) {
    await writeStatus(deps, id, token, made, conflicts, cause)
    return false
  }
  // The clusters are being looked at meanwhile.
  try {
    const found = await lookForLoadBalancer(deps.compute, soughtBy(deps, doc))
    return await noteFound(deps, id, token, found)
  } catch (error) {
    const { why } = classify(error)
    await writeStatus(deps, id, token, notLookedFor(made, why), conflicts, cause)
    return false
  }
}

/** What is wanted now; null = nothing. Until it is known what there is of the load balancer nothing but looks is wanted. */
function draft(deps: Deps, sources: Sources): Plan | null {
  const { doc, claims } = sources
  if (doc.deleted || doc.generation === 0) return null
  if (doc.model.settings.mode === 'paused')
    return { is: 'looking', desired: [], waiting: [pausedProblem], warnings: [] }
  const made = plan(deps.kinds, doc, factsOf(deps.project, sources, deps.clock.now()), clusterWants(claims))
  return isLookedFor(doc) || made.is !== 'planned' ? made : notLookedFor(made)
}

function isLookedFor(doc: IngressDoc): boolean {
  return doc.living?.loadBalancer === loadBalancerOf(doc.model)
}

function notLookedFor(made: Plan, trouble?: string): Plan {
  const message = trouble === undefined ? 'is being looked for' : `could not be looked for: ${trouble}`
  return { is: 'looking', desired: [], waiting: [{ where: 'load balancer', message }], warnings: made.warnings }
}

function soughtBy(deps: Deps, doc: IngressDoc): Sought {
  const { model } = doc
  return { project: deps.project, lb: loadBalancerOf(model), ingress: doc.id, namespace: model.namespace }
}

async function noteFound(deps: Deps, id: string, token: number, found: Found): Promise<boolean> {
  return deps.store.transact(async (tx) => {
    const doc = await tx.get('ingresses', id)
    if (doc === undefined || doc.token !== token) return false
    tx.set('ingresses', id, { ...doc, ...found, token: token + 1, wakeAt: deps.clock.now() + planLease })
    return true
  }, 'one-document')
}

/** Facts from what is stored: clusters as last seen, and what each shows of this Ingress. */
export function factsOf(project: string, sources: Sources, now: number): Facts {
  const { doc, clusters, claims, resources } = sources
  const { address, address6 } = nameLayout(doc, { project })
  const ipOf = (id: ResourceId | undefined): string | null =>
    id === undefined ? null : ((resources.get(id)?.output as { ip?: string } | null | undefined)?.ip ?? null)
  return {
    project,
    now,
    ip: ipOf(address.id),
    ip6: ipOf(address6?.id),
    certificates: Object.fromEntries(
      [...resources.values()].flatMap(({ id, kind, output }) =>
        kind === 'ssl-certificate' && output !== null ? [[id, output as CertificateFact]] : [],
      ),
    ),
    attached: claims.flatMap(({ resource, refs }) =>
      resource.startsWith('target-proxy/') ? refs.filter((ref) => ref.startsWith('ssl-certificate/')) : [],
    ),
    standing: standingOf(sources),
    served: Object.fromEntries(
      claims.flatMap((claim) => (claim.resource.startsWith('backend-service/') ? [servedBy(claim, resources)] : [])),
    ),
    clusters: withoutDisputedGroups(
      clusters.map((cluster): ClusterFacts => {
        const view = resources.get(clusterIngressId(cluster.name, doc.model))
        const troubled = view !== undefined && (view.phase === 'Retrying' || view.phase === 'Failed')
        return {
          doc: cluster,
          view: (view?.output as ClusterView | null | undefined) ?? null,
          trouble: troubled ? view.why : null,
          ...missingOf(claims, resources, cluster),
        }
      }),
      claims.flatMap(({ resource, refs }) =>
        resource.startsWith('named-ports/')
          ? refs.map((ref) => ({ id: resource, cluster: ref.split('/')[1] ?? '' }))
          : [],
      ),
    ),
  }
}

/** What a backend service was last wanted to have, and whether it was seen to be so. */
function servedBy(claim: ClaimDoc, resources: Sources['resources']): [string, ServedGroup[]] {
  const { backends = [] } = claim.want as { backends?: { group: string; capacityScaler: number }[] }
  const settled = resources.get(claim.resource)?.phase === 'Ready'
  return [
    claim.resource,
    backends.map(({ group, capacityScaler }) => ({ group, idle: settled && capacityScaler === 0 })),
  ]
}

/** The backend services that are there, those included that are no longer wanted. */
function standingOf({ claims, resources }: Sources): StandingServices {
  const services = [...resources.values()].filter(({ kind }) => kind === 'backend-service')
  return {
    routed: claims.flatMap(({ resource, refs }) =>
      resource.startsWith('url-map/') ? refs.filter((ref) => ref.startsWith('backend-service/')) : [],
    ),
    applied: services.filter(({ applied, operation }) => applied || operation !== null).map(({ id }) => id),
    proven: services.filter(({ output }) => (output as { ready?: boolean } | null)?.ready === true).map(({ id }) => id),
  }
}

/** Groups of a cluster that were looked for and are not there. */
function missingOf(
  claims: readonly ClaimDoc[],
  resources: Sources['resources'],
  cluster: ClusterDoc,
): Pick<ClusterFacts, 'missing'> {
  const missing = claims.flatMap(({ resource, refs }) => {
    const { kind, path } = splitResourceId(resource)
    const mode = kind === 'named-ports' ? 'instance-groups' : kind === 'network-endpoint-group' ? 'neg' : undefined
    if (mode === undefined || !refs.some((ref) => ref.split('/')[1] === cluster.name)) return []
    const output = resources.get(resource)?.output as { absent?: boolean } | null | undefined
    const [project = '', zone = '', name = ''] = path
    return output?.absent === true ? [groupPath(mode, { project, zone, name })] : []
  })
  return missing.length === 0 ? {} : { missing: missing.sort() }
}

/** The wants that are held on clusters at present. */
export function clusterWants(claims: readonly ClaimDoc[]): Map<ResourceId, ClusterIngressWant> {
  return new Map(
    claims
      .filter((claim) => claim.resource.startsWith('cluster-ingress/'))
      .map((claim) => [claim.resource, claim.want as ClusterIngressWant]),
  )
}

/** The difference between the claims that are and those that should be. */
function stakesOf(made: Plan, sources: Sources): Stake[] {
  const now = new Map(sources.claims.map((claim) => [claim.resource, claim]))
  const { force, mode } = sources.doc.model.settings
  if (mode === 'paused') return sources.claims.filter((claim) => claim.hold !== mode).map(paused)
  const held = mode === 'observe' ? { hold: mode } : {}
  const changed = made.desired
    .filter((desired) => !sameClaim(now.get(desired.id), desired, { force, ...held }))
    .map(({ id, want, refs, uses }): Stake => ({
      do: 'claim',
      id,
      want: want as object,
      refs,
      ...(uses === undefined ? {} : { uses }),
      force,
      ...held,
    }))
  // To observe is to change nothing: what is no longer wanted is not dropped either.
  if (made.is !== 'planned' || mode === 'observe') return changed
  const keep = new Set<ResourceId>([...made.desired.map((desired) => desired.id), ...made.held.map((held) => held.id)])
  const after = made.desired
    .map(({ id }) => id)
    .filter((id) => ['url-map', 'target-proxy'].includes(splitResourceId(id).kind))
  const retired = (sources.doc.living?.leftovers ?? [])
    .filter(({ id }) => !keep.has(id) && !sources.resources.has(id))
    .map(({ id, refs }): Stake => ({ do: 'retire', id, refs, after }))
  const dropped = sources.claims
    .filter((claim) => !keep.has(claim.resource))
    .map((claim): Stake => ({ do: 'drop', id: claim.resource }))
  return [...changed, ...retired, ...dropped]
}

/** As it was wanted, and left alone from now on. */
function paused({ resource, want, refs, uses, force }: ClaimDoc): Stake {
  return {
    do: 'claim',
    id: resource,
    want: want as object,
    refs,
    ...(uses === undefined ? {} : { uses }),
    force,
    hold: 'paused',
  }
}

function sameClaim(
  claim: ClaimDoc | undefined,
  desired: Desired,
  { force, hold }: Pick<ClaimDoc, 'force' | 'hold'>,
): boolean {
  return (
    claim !== undefined &&
    claim.force === force &&
    claim.hold === hold &&
    canonical([claim.want, claim.refs, claim.uses ?? []]) ===
      canonical([desired.want, desired.refs, desired.uses ?? []])
  )
}

function dropAll(claims: readonly ClaimDoc[]): Stake[] {
  return claims.map((claim) => ({ do: 'drop', id: claim.resource }))
}

/** What a change of the plan is to people. */
function planWritten(stakes: readonly Stake[], cause: Cause, at: number): Happening {
  const dropped = stakes.filter((one) => one.do === 'drop').map(({ id }) => id)
  const wanted = stakes.filter((one) => one.do === 'claim').map(({ id }) => id)
  const what = [
    ...(wanted.length === 0 ? [] : [`planned ${list(wanted)}`]),
    ...(dropped.length === 0 ? [] : [`no longer wanted: ${list(dropped)}`]),
  ].join('; ')
  return { at, by: cause.why.startsWith('spec') ? 'spec' : 'event', what: what || 'plan changed', why: cause.why }
}

/** Nothing moves before the mode changes, or the world does. */
function allHeld(doc: IngressDoc, resources: Sources['resources']): boolean {
  return (
    doc.model.settings.mode !== 'reconcile' &&
    [...resources.values()].every(({ phase, wakeAt }) => wakeAt === null && (phase === 'Ready' || phase === 'Waiting'))
  )
}

/** Takes the document's token forward, so that a planner with older facts cannot write after this one. */
async function startWriting(deps: Deps, seen: IngressDoc, happening: Happening): Promise<number | undefined> {
  return deps.store.transact(async (tx) => {
    const doc = await tx.get('ingresses', seen.id)
    if (doc === undefined || doc.token !== seen.token) return undefined
    const token = doc.token + 1
    const history = remembered(doc.history, happening)
    tx.set('ingresses', doc.id, { ...doc, history, token, wakeAt: deps.clock.now() + planLease })
    return token
  }, 'one-document')
}

/** Recomputes the status from the documents as they now are, and lets the Ingress rest or sets its alarm clock. */
async function writeStatus(
  deps: Deps,
  id: string,
  token: number,
  made: Plan | null,
  conflicts: readonly string[],
  cause: Cause,
): Promise<void> {
  const sources = await sourcesOf(deps.store, id)
  if (sources === undefined || sources.doc.token !== token) return
  const now = deps.clock.now()
  const planned: IngressDoc =
    made === null ? sources.doc : { ...sources.doc, ...planFields(sources.doc, made, conflicts, now) }
  const status = statusOf({ ...sources, doc: planned }, deps.project, now)
  const before = await deps.store.transact(async (tx) => {
    const doc = await tx.get('ingresses', id)
    if (doc === undefined || doc.token !== token) return null
    const goneAt = doc.deleted && status.resources.length === 0 ? (doc.goneAt ?? now) : doc.goneAt
    // Nobody nudges this Ingress when what another one holds becomes free.
    const rests =
      goneAt !== null ||
      (conflicts.length === 0 &&
        (status.phase === 'Ready' ||
          allHeld(doc, sources.resources) ||
          ((status.phase === 'Degraded' || status.phase === 'Failed') && status.settled)))
    const next: IngressDoc = {
      // As it is now: the same spec published again changes the document and not its token.
      ...doc,
      plan: planned.plan,
      plannedGeneration: planned.plannedGeneration,
      living: planned.living,
      names: planned.names,
      goneAt,
      phase: status.phase,
      ...(status.phase === doc.phase ? {} : { history: remembered(doc.history, turned(doc.phase, status, now)) }),
      conditions: status.conditions,
      wakeAt: rests ? null : now + statusPatience,
      updatedAt: status.phase === doc.phase ? doc.updatedAt : now,
    }
    if (canonical(next) !== canonical(doc)) tx.set('ingresses', id, next)
    return doc
  }, 'one-document')
  if (before !== null && before.phase !== status.phase) tellPhase(deps, before, status, now, cause)
}

/** What metrics and alerts count: the time from publishing to Ready, and load balancers that need a person. */
function tellPhase(deps: Deps, before: IngressDoc, status: IngressStatus, now: number, cause: Cause): void {
  const fields = {
    ingress: before.id,
    generation: before.generation,
    from: before.phase,
    phase: status.phase,
    why: turned(before.phase, status, now).why,
    secondsSincePublished: (now - before.source.publishedAt) / 1_000,
    trace: cause.trace,
  }
  if (status.phase === 'Failed' || status.phase === 'Degraded') deps.log.warn(fields, 'phase changed')
  else deps.log.info(fields, 'phase changed')
}

function turned(from: IngressDoc['phase'], status: IngressStatus, at: number): Happening {
  const reason = status.conditions.find((condition) => condition.status !== 'True')
  const why = reason?.message ?? 'everything of the latest spec is applied and was seen to be so'
  return { at, by: 'progress', what: `${from} became ${status.phase}`, why: why.slice(0, 1_000) }
}

function planFields(
  doc: IngressDoc,
  made: Plan,
  conflicts: readonly string[],
  now: number,
): Pick<IngressDoc, 'plan' | 'plannedGeneration' | 'living' | 'names'> {
  const problems = [
    ...(made.is === 'refused' ? made.problems : []),
    ...conflicts.map((message) => ({ where: 'load balancer name', message })),
  ]
  const next = {
    generation: doc.generation,
    at: now,
    problems,
    warnings: made.warnings,
    waiting: made.is === 'refused' ? [] : made.waiting,
    ...(made.is === 'planned' && made.notices.length > 0 ? { notices: made.notices } : {}),
    ...(made.is === 'planned' ? { modes: made.modes } : {}),
  }
  const written = made.is === 'planned' && conflicts.length === 0
  const same = doc.plan !== null && canonical({ ...doc.plan, at: 0 }) === canonical({ ...next, at: 0 })
  return {
    plan: same ? doc.plan : next,
    plannedGeneration: written ? doc.generation : doc.plannedGeneration,
    // From now on this is what there is, and what was left behind is on its way out.
    living: written ? { loadBalancer: made.layout.lb, scheme: made.layout.scheme, leftovers: [] } : doc.living,
    names: written ? { ...doc.names, ...firewallNames(made.layout.networks) } : doc.names,
  }
}

function firewallNames(networks: readonly NetworkLayout[]): Record<string, string> {
  return Object.fromEntries(networks.map(({ network, firewallName }) => [firewallKey(network), firewallName]))
}
