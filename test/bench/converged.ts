import { createHash } from 'node:crypto'
import { pathsIngress } from '../support/manifests.ts'
import { kinds } from '../../functions/reconcile/index.ts'
import { parseManifest } from '../../shared/ingress/manifest.ts'
import { ingressId, type IngressModel } from '../../shared/ingress/model.ts'
import { freshResource } from '../../shared/engine/claims.ts'
import { viewOf } from '../../shared/engine/view.ts'
import { factsOf, sourcesOf } from '../../shared/engine/sources.ts'
import { cloudOf } from '../../shared/engine/visit.ts'
import { nameLayout } from '../../shared/planning/layout.ts'
import { plan } from '../../shared/planning/plan.ts'
import { splitResourceId } from '../../shared/resource-id.ts'
import { claimId, type ClaimDoc, type IngressDoc, type ResourceDoc } from '../../shared/state/documents.ts'
import { queries } from '../../shared/state/store.ts'
import { project, type SmallWorld } from '../drift/small-world.ts'

/**
 * Puts one Ingress into the simulated cloud and into the Store as it is when everything of it is applied: documents, claims,
 * resources, objects in clusters. By the kinds' own creations, without the engine, which would take long.
 */
export async function putConverged(
  world: SmallWorld,
  name: string,
  services: readonly string[],
  clusters: readonly string[],
): Promise<void> {
  const manifest = parseManifest(pathsIngress(name, services))
  const model = manifest.ok ? manifest.ingresses[0]?.model : undefined
  if (model === undefined) throw new Error('the manifest of the bench is not good')
  const id = ingressId(model)
  const doc = ingressDoc(id, model, clusters, world.clock.now())
  await world.store.transact((tx) => {
    tx.set('ingresses', id, doc)
    return Promise.resolve()
  })
  // What the planner comes to know in rounds: the clusters' Services and groups, then the address.
  for (let round = 0; ; round += 1) {
    const sources = await sourcesOf(world.store, id)
    if (sources === undefined) throw new Error('the Ingress has gone')
    const facts = factsOf(project, sources, world.clock.now())
    const made = plan(kinds, doc, facts, new Map())
    const open = made.desired.filter(
      (desired) =>
        !sources.resources.has(desired.id) ||
        !sources.claims.some((claim) => claim.resource === desired.id && sameWant(claim.want, desired.want)),
    )
    if (made.is === 'planned' && made.held.length === 0 && open.length === 0) return
    if (round > 8) throw new Error(`the bench cannot put ${id}: ${JSON.stringify(made).slice(0, 500)}`)
    const there = new Set(sources.resources.keys())
    for (const desired of inOrder(open)) {
      if (!desired.refs.every((ref) => there.has(ref))) continue
      await put(world, id, desired)
      there.add(desired.id)
    }
  }
}

const order = [
  'cluster-ingress',
  'address',
  'health-check',
  'named-ports',
  'backend-service',
  'url-map',
  'target-proxy',
  'forwarding-rule',
  'firewall-rule',
]

function inOrder<D extends { id: ResourceDoc['id'] }>(desired: readonly D[]): D[] {
  const rank = ({ id }: D): number => order.indexOf(splitResourceId(id).kind)
  return [...desired].sort((a, b) => rank(a) - rank(b))
}

function sameWant(a: unknown, b: unknown): boolean {
  const hash = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex')
  return hash(a) === hash(b)
}

async function put(
  world: SmallWorld,
  ingress: string,
  desired: { id: ResourceDoc['id']; want: unknown; refs: ResourceDoc['refs']; uses?: ResourceDoc['refs'] },
): Promise<void> {
  const kind = kinds.find((one) => one.name === splitResourceId(desired.id).kind)
  if (kind === undefined) throw new Error(`there is no kind for ${desired.id}`)
  const now = world.clock.now()
  const claim: ClaimDoc = {
    resource: desired.id,
    ingress,
    want: desired.want,
    refs: desired.refs,
    ...(desired.uses === undefined ? {} : { uses: desired.uses }),
    force: false,
    at: now,
  }
  const known = await world.store.get('resources', desired.id)
  const others = kind.merge ? await world.store.find(queries.claimsOn(desired.id)) : []
  const claims = [...others.filter((other) => other.ingress !== ingress), claim]
  const base = known ?? freshResource(desired.id, 0, now)
  const cloud = cloudOf(world.deps)
  const { want } = viewOf(kind, base, claims)
  let seen = await kind.observe(cloud, desired.id, want, base.output)
  const wanted = JSON.stringify(kind.owned.map((field) => (want as Record<string, unknown>)[field]))
  const is =
    seen.got === undefined
      ? ''
      : JSON.stringify(kind.owned.map((field) => (kind.project(seen.got) as Record<string, unknown>)[field]))
  if (seen.got === undefined) await kind.create(cloud, desired.id, want, `00000000-0000-4000-8000-${hex(desired.id)}`)
  else if (is !== wanted && kind.update !== undefined && kind.owned.length > 0)
    await kind.update(
      cloud,
      desired.id,
      want,
      seen.got,
      kind.owned.map((field) => ({ field, from: null, to: null })),
      `00000000-0000-4000-8000-${hex(desired.id + wanted)}`,
    )
  await world.clock.advance(splitResourceId(desired.id).kind === 'cluster-ingress' && known === undefined ? 50 : 0)
  seen = await kind.observe(cloud, desired.id, want, base.output)
  const view = viewOf(kind, base, claims)
  await world.store.transact((tx) => {
    tx.set('claims', claimId(desired.id, ingress), claim)
    tx.set('resources', desired.id, {
      ...base,
      owner: kind.merge ? '' : ingress,
      refs: view.refs,
      appliedRefs: view.holds,
      applied: true,
      readyHash: view.wantHash,
      phase: 'Ready',
      why: 'it is as wanted',
      wakeAt: null,
      ...(seen.output === undefined ? {} : { output: seen.output }),
    })
    return Promise.resolve()
  })
}

function hex(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12)
}

function ingressDoc(id: string, model: IngressModel, clusters: readonly string[], now: number): IngressDoc {
  const { lb } = nameLayout({ model, names: {} }, { project })
  return {
    id,
    model,
    source: { uid: null, generation: null, publishedAt: now },
    generation: 1,
    selection: { clusters: [...clusters].sort(), excluded: [], drained: [] },
    plannedGeneration: 1,
    deleted: false,
    goneAt: null,
    rejected: null,
    plan: { generation: 1, at: now, problems: [], warnings: [], waiting: [] },
    names: {},
    living: { loadBalancer: lb, scheme: null, leftovers: [] },
    conditions: [],
    phase: 'Ready',
    wakeAt: null,
    token: 1,
    createdAt: now,
    updatedAt: now,
  }
}
