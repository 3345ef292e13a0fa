import { canonical } from '../json.ts'
import { plan, type Plan } from '../planning/plan.ts'
import type { ClusterFacts, ClusterView, Facts } from '../planning/facts.ts'
import type { ClusterIngressWant } from '../planning/cluster-ingress.ts'
import { clusterIngressId, nameLayout } from '../planning/layout.ts'
import type { ResourceId } from '../resource-id.ts'
import type { ClaimDoc, ClusterDoc, IngressDoc, ResourceDoc } from '../state/documents.ts'
import { queries } from '../state/store.ts'
import { stake, type Stake } from './claims.ts'
import type { Deps } from './deps.ts'
import type { Desired } from './kind.ts'
import { nudgeOf, send, type Cause } from './nudge.ts'
import { statusOf } from './status.ts'

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
  const sources = await sourcesOf(deps.store, id)
  if (sources === undefined) return
  const { doc } = sources
  const made: Plan | null =
    doc.deleted || doc.generation === 0
      ? null
      : plan(deps.kinds, doc, factsOf(deps.project, sources), clusterWants(sources.claims))
  const stakes =
    doc.goneAt !== null || doc.generation === 0 ? [] : made === null ? dropAll(sources.claims) : stakesOf(made, sources)
  let token = doc.token
  let conflicts: string[] = []
  if (stakes.length > 0) {
    const begun = await startWriting(deps, doc)
    if (!begun) return
    token = begun
    const staked = await stake(deps, doc, token, stakes)
    if (staked.is === 'stale') return
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
  await writeStatus(deps, id, token, made, conflicts)
}

/** Facts from what is stored: clusters as last seen, and what each shows of this Ingress. */
export function factsOf(project: string, sources: Sources): Facts {
  const { doc, clusters, resources } = sources
  const address = resources.get(nameLayout(doc, { project }).address.id)
  return {
    project,
    ip: (address?.output as { ip?: string } | null | undefined)?.ip ?? null,
    clusters: clusters.map((cluster): ClusterFacts => {
      const view = resources.get(clusterIngressId(cluster.name, doc.model))
      const troubled = view !== undefined && (view.phase === 'Retrying' || view.phase === 'Failed')
      return {
        doc: cluster,
        view: (view?.output as ClusterView | null | undefined) ?? null,
        trouble: troubled ? view.why : null,
      }
    }),
  }
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
  const { force } = sources.doc.model.settings
  const changed = made.desired
    .filter((desired) => !sameClaim(now.get(desired.id), desired, force))
    .map((desired): Stake => ({ do: 'claim', id: desired.id, want: desired.want as object, refs: desired.refs, force }))
  if (made.is !== 'planned') return changed
  const keep = new Set<ResourceId>([...made.desired.map((desired) => desired.id), ...made.held.map((held) => held.id)])
  const dropped = sources.claims
    .filter((claim) => !keep.has(claim.resource))
    .map((claim): Stake => ({ do: 'drop', id: claim.resource }))
  return [...changed, ...dropped]
}

function sameClaim(claim: ClaimDoc | undefined, desired: Desired, force: boolean): boolean {
  return (
    claim !== undefined &&
    claim.force === force &&
    canonical([claim.want, claim.refs]) === canonical([desired.want, desired.refs])
  )
}

function dropAll(claims: readonly ClaimDoc[]): Stake[] {
  return claims.map((claim) => ({ do: 'drop', id: claim.resource }))
}

/** Takes the document's token forward, so that a planner with older facts cannot write after this one. */
async function startWriting(deps: Deps, seen: IngressDoc): Promise<number | undefined> {
  return deps.store.transact(async (tx) => {
    const doc = await tx.get('ingresses', seen.id)
    if (doc === undefined || doc.token !== seen.token) return undefined
    const token = doc.token + 1
    tx.set('ingresses', doc.id, { ...doc, token, wakeAt: deps.clock.now() + planLease })
    return token
  })
}

/** Recomputes the status from the documents as they now are, and lets the Ingress rest or sets its alarm clock. */
async function writeStatus(
  deps: Deps,
  id: string,
  token: number,
  made: Plan | null,
  conflicts: readonly string[],
): Promise<void> {
  const sources = await sourcesOf(deps.store, id)
  if (sources === undefined || sources.doc.token !== token) return
  const now = deps.clock.now()
  const planned: IngressDoc =
    made === null ? sources.doc : { ...sources.doc, ...planFields(sources.doc, made, conflicts, now) }
  const status = statusOf({ ...sources, doc: planned }, deps.project, now)
  await deps.store.transact(async (tx) => {
    const doc = await tx.get('ingresses', id)
    if (doc === undefined || doc.token !== token) return
    const goneAt = doc.deleted && status.resources.length === 0 ? (doc.goneAt ?? now) : doc.goneAt
    // Nobody nudges this Ingress when what another one holds becomes free.
    const rests =
      goneAt !== null ||
      (conflicts.length === 0 &&
        (status.phase === 'Ready' || ((status.phase === 'Degraded' || status.phase === 'Failed') && status.settled)))
    const next: IngressDoc = {
      // As it is now: the same spec published again changes the document and not its token.
      ...doc,
      plan: planned.plan,
      plannedGeneration: planned.plannedGeneration,
      goneAt,
      phase: status.phase,
      conditions: status.conditions,
      wakeAt: rests ? null : now + statusPatience,
      updatedAt: status.phase === doc.phase ? doc.updatedAt : now,
    }
    if (canonical(next) !== canonical(doc)) tx.set('ingresses', id, next)
  })
}

function planFields(
  doc: IngressDoc,
  made: Plan,
  conflicts: readonly string[],
  now: number,
): Pick<IngressDoc, 'plan' | 'plannedGeneration'> {
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
  }
  const same = doc.plan !== null && canonical({ ...doc.plan, at: 0 }) === canonical({ ...next, at: 0 })
  return {
    plan: same ? doc.plan : next,
    plannedGeneration: made.is === 'planned' && conflicts.length === 0 ? doc.generation : doc.plannedGeneration,
  }
}
