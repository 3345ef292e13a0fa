import { createHash } from 'node:crypto'
import { application, pathsIngress } from '../support/manifests.ts'
import { kinds } from '../../functions/reconcile/index.ts'
import { parseManifest } from '../../shared/ingress/manifest.ts'
import { ingressId, type IngressModel } from '../../shared/ingress/model.ts'
import { freshResource } from '../../shared/engine/claims.ts'
import { viewOf } from '../../shared/engine/ledger.ts'
import { factsOf, sourcesOf } from '../../shared/engine/plan-ingress.ts'
import { cloudOf } from '../../shared/engine/reconcile.ts'
import { nameLayout } from '../../shared/planning/layout.ts'
import { plan } from '../../shared/planning/plan.ts'
import { splitResourceId } from '../../shared/resource-id.ts'
import { claimId, type ClaimDoc, type IngressDoc, type ResourceDoc } from '../../shared/state/documents.ts'
import { queries } from '../../shared/state/store.ts'
import { seededRandom } from '../../playground/world.ts'
import { project, smallWorld, type SmallWorld } from '../drift/small-world.ts'

/** What one tick at scale cost. */
export interface TickCost {
  seconds: number
  computeLists: number
  computeReads: number
  computeWrites: number
  clusterWrites: number
  storeReads: number
  storeWrites: number
  messages: number
  /** Resident memory of the whole process, the simulated cloud and the Store included. */
  megabytes: number
}

/** The whole scenario: the first tick takes the inventory, the second finds nothing, the third repairs the drifts, and only them. */
export interface TickAtScale {
  loadBalancers: number
  resources: number
  clusters: number
  /** Resident memory before the first tick: the simulated cloud and the Store. */
  megabytesBefore: number
  first: TickCost
  atRest: TickCost
  drifts: string[]
  repaired: string[]
  withDrifts: TickCost
}

/** The size that the issue asks for. */
export const asAsked = { loadBalancers: 1_000, services: 10, clusters: 20, clustersEach: 2, drifts: 10 } as const

/**
 * Puts load balancers into the simulated cloud and into the Store as they are after they have converged (the kinds' own
 * creations, without the engine, which would take long), then measures whole ticks with all that follows from them.
 */
export async function tickAtScale(size: { [Key in keyof typeof asAsked]: number } = asAsked): Promise<TickAtScale> {
  const names = Array.from({ length: size.clusters }, (_, index) => `cluster-${String(index).padStart(2, '0')}`)
  const world = await smallWorld(Object.fromEntries(names.map((name) => [name, ['us-central1-a']])), 0)
  try {
    const services = Array.from({ length: size.services }, (_, index) => `service-${index}`)
    for (const name of names) for (const service of services) await deploy(world, name, service)
    await world.clock.advance(5_000)
    for (let index = 0; index < size.loadBalancers; index += 1) {
      const chosen = Array.from(
        { length: size.clustersEach },
        (_, offset) => names[(index + offset) % names.length] ?? '',
      )
      await putConverged(world, `lb-${index}`, services, chosen)
    }
    const resources = kinds
      .flatMap((kind) => kind.collections ?? [])
      .filter((collection) => !['instanceGroups', 'targetHttpsProxies'].includes(collection))
      .reduce((sum, collection) => sum + world.compute.list(collection, project).length, 0)
    const megabytesBefore = megabytes()
    const first = await measure(world)
    const atRest = await measure(world)
    const drifts = await drift(world, size.drifts)
    const repaired: string[] = []
    const stop = world.compute.onChange(({ phase, target }) => {
      if (phase === 'started') repaired.push(target)
    })
    const withDrifts = await measure(world)
    stop()
    return {
      loadBalancers: size.loadBalancers,
      resources,
      clusters: size.clusters,
      megabytesBefore,
      first,
      atRest,
      drifts: drifts.sort(),
      repaired: repaired.sort(),
      withDrifts,
    }
  } finally {
    world.close()
  }
}

async function deploy(world: SmallWorld, cluster: string, name: string): Promise<void> {
  const { service } = application(name)
  await world.request(cluster, 'POST', '/api/v1/namespaces/default/services', service)
}

async function measure(world: SmallWorld): Promise<TickCost> {
  const clusterWrites = (): number =>
    [...world.clusters.values()].reduce((sum, { counters }) => sum + counters.writes, 0)
  const before = {
    ...world.compute.counters(),
    clusters: clusterWrites(),
    store: world.store.counts(),
    handled: world.handled(),
  }
  const begun = performance.now()
  await world.tick()
  const seconds = (performance.now() - begun) / 1_000
  const after = world.compute.counters()
  const store = world.store.counts()
  return {
    seconds,
    computeLists: after.lists - before.lists,
    computeReads: after.reads - before.reads,
    computeWrites: after.writes - before.writes,
    clusterWrites: clusterWrites() - before.clusters,
    storeReads: store.reads - before.store.reads,
    storeWrites: store.writes + store.deletes - before.store.writes - before.store.deletes,
    messages: world.handled() - before.handled,
    megabytes: megabytes(),
  }
}

function megabytes(): number {
  return Math.round(process.memoryUsage().rss / 1_048_576)
}

/** Deletes forwarding rules and firewall rules and edits health checks, chosen at random. */
async function drift(world: SmallWorld, count: number): Promise<string[]> {
  const random = seededRandom(3)
  const chosen = new Set<string>()
  while (chosen.size < count) {
    const collection =
      (['forwardingRules', 'firewalls', 'healthChecks'] as const)[Math.floor(random() * 3)] ?? 'firewalls'
    const all = world.compute.list(collection, project)
    const path = all[Math.floor(random() * all.length)]?.path ?? ''
    if (chosen.has(path)) continue
    chosen.add(path)
    if (collection === 'healthChecks') await world.compel('PATCH', path, { checkIntervalSec: 77 })
    else await world.compel('DELETE', path)
  }
  return [...chosen]
}

/** One Ingress as it is when everything of it is applied: documents, claims, resources, objects in clusters. */
async function putConverged(
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
