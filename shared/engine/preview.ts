import type { Compute } from '../cloud/compute-port.ts'
import { hashOf } from '../json.ts'
import { select } from '../planning/select.ts'
import { splitResourceId, type ResourceId } from '../resource-id.ts'
import { createMemoryStore } from '../state/memory.ts'
import {
  claimId,
  type ClaimDoc,
  type ClusterDoc,
  type IngressDoc,
  type ObjectDoc,
  type Problem,
  type ResourceDoc,
} from '../state/documents.ts'
import type { Store } from '../state/store.ts'
import { queries } from '../state/store.ts'
import { acceptSpecs, type Published } from './accept.ts'
import { lookAtCluster } from './clusters.ts'
import type { Deps } from './deps.ts'
import { classify } from './faults.ts'
import type { AnyKind, Cloud } from './kind.ts'
import { stepsOf, type PreviewStep, type Seen } from './preview-steps.ts'
import { isShared, read, type View } from './view.ts'
import type { Cause } from './nudge.ts'
import { planIngress } from './plan-ingress.ts'
import { clustersSnapshot, computeSnapshot } from './snapshot.ts'
import { createTurns } from './turns.ts'
import { ingressId } from '../ingress/model.ts'
import type { PublishedObject } from '../ingress/published-object.ts'

/**
 * Looking ahead: what publishing a spec would do, without doing any of it. The engine itself runs (accept, look, plan,
 * observe, decide) on a private copy of the documents and on a snapshot of the world that refuses every change, so that what
 * is foretold is what the functions would do.
 */

/** What looking ahead needs of the world. */
export type PreviewPorts = Pick<Deps, 'clusters' | 'kinds' | 'clock' | 'project'> & { compute: Pick<Compute, 'list'> }

/** The same, at one look. */
type World = Pick<Deps, 'clusters' | 'kinds' | 'clock' | 'project' | 'compute'>

/** The documents of an Ingress as they are now; `doc` null = there is none. */
export interface Records {
  doc: IngressDoc | null
  clusters: ClusterDoc[]
  claims: ClaimDoc[]
  resources: ResourceDoc[]
  /** What was published beside Ingresses in its namespace; absent = nothing. */
  objects?: ObjectDoc[]
}

/** Where the documents are read. */
export interface RecordReader {
  sources(ingress: string): Promise<Records>
  /** A resource whoever wants it, with everybody's claims on it. */
  resource(id: ResourceId): Promise<{ resource: ResourceDoc | null; claims: ClaimDoc[] }>
}

/** What publishing would come to. With problems it would be refused, and nothing of `steps` would be done. */
export interface Preview {
  ingress: string
  problems: Problem[]
  warnings: Problem[]
  /** What the backends of each service are, and why; none while that is not known. */
  modes: Problem[]
  steps: PreviewStep[]
}

/** Planning again after new facts ends after so many rounds: clusters, their groups, addresses and certificates need four. */
const mostRounds = 10

const cause: Cause = { why: 'looking ahead', trace: 'preview' }

/** Looks ahead at one spec. `clusters` = exactly these; null = as before. Throws what Compute or the records throw. */
export async function preview(
  ports: PreviewPorts,
  reader: RecordReader,
  spec: Published,
  clusters: readonly string[] | null,
  objects: readonly PublishedObject[] = [],
): Promise<Preview> {
  const id = ingressId(spec.model)
  const world = { ...ports, compute: computeSnapshot(ports.compute), clusters: clustersSnapshot(ports.clusters) }
  const records = await reader.sources(id)
  const first = await rehearse(world, records, [], spec, clusters, objects)
  // What others hold of the same resources decides whether they can be had, and how shared ones end up.
  const known = new Set(records.resources.map((resource) => resource.id))
  const unknown = first.steps
    .filter((step) => !known.has(step.id) || isShared(ports.kinds, step.id))
    .map((step) => step.id)
  const others = await Promise.all(unknown.map((resource) => reader.resource(resource)))
  const foreign = others.filter(
    ({ resource, claims }) => resource !== null || claims.some((claim) => claim.ingress !== id),
  )
  if (foreign.length === 0) return first
  return rehearse(world, records, foreign, spec, clusters, objects)
}

type Foreign = Awaited<ReturnType<RecordReader['resource']>>

async function rehearse(
  ports: World,
  records: Records,
  foreign: readonly Foreign[],
  spec: Published,
  clusters: readonly string[] | null,
  objects: readonly PublishedObject[],
): Promise<Preview> {
  const id = ingressId(spec.model)
  const store = await copyOf(records, foreign)
  const deps = depsOn(ports, store)
  const publishedAt = Math.max(deps.clock.now(), records.doc?.source.publishedAt ?? 0)
  const [accepted] = await acceptSpecs(deps, [spec], clusters, publishedAt, cause, objects)
  if (accepted?.is === 'older' || accepted?.is === 'refused')
    return { ingress: id, problems: [{ where: id, message: accepted.why }], warnings: [], modes: [], steps: [] }
  await lookAtClusters(deps, id)
  const seen = new Map<ResourceId, Seen>()
  // Nobody owns what is shared: what is let go of is known from before only.
  const before = records.claims.map((claim) => claim.resource)
  for (let round = 0; round < mostRounds; round += 1) {
    await planIngress(deps, id, cause)
    if (!(await observeAll(deps, id, before, seen))) break
  }
  return report(deps, id, before, seen)
}

async function copyOf(records: Records, foreign: readonly Foreign[]): Promise<Store> {
  const store = createMemoryStore()
  await store.transact(async (tx) => {
    if (records.doc) tx.set('ingresses', records.doc.id, records.doc)
    for (const object of records.objects ?? []) tx.set('objects', object.id, object)
    for (const cluster of records.clusters) tx.set('clusters', cluster.name, cluster)
    const claims = [...foreign.flatMap((one) => one.claims), ...records.claims]
    for (const claim of claims) tx.set('claims', claimId(claim.resource, claim.ingress), claim)
    const resources = [...foreign.flatMap((one) => one.resource ?? []), ...records.resources]
    for (const resource of resources) tx.set('resources', resource.id, resource)
  })
  return store
}

function depsOn(ports: World, store: Store): Deps {
  const silent = (): void => undefined
  return {
    ...ports,
    store,
    turns: createTurns(ports.clock, () => 0),
    bus: { publish: () => Promise.resolve(), resend: () => Promise.resolve() },
    log: { info: silent, warn: silent, error: silent },
    random: () => 0,
    uniqueId: () => 'preview',
    budget: { work: 60_000, lease: 90_000 },
  }
}

async function lookAtClusters(deps: Deps, id: string): Promise<void> {
  const [doc, clusters] = await Promise.all([deps.store.get('ingresses', id), deps.store.find(queries.clusters())])
  if (doc === undefined) return
  const { names } = select(doc.model, doc.selection, clusters)
  await Promise.all(names.map((name) => lookAtCluster(deps, name, cause)))
}

/** Observes everything that is wanted or still there; true when a plan made from it may differ. */
async function observeAll(
  deps: Deps,
  id: string,
  before: readonly ResourceId[],
  seen: Map<ResourceId, Seen>,
): Promise<boolean> {
  const views = await viewsOf(deps, id, before)
  const news = await Promise.all(
    views.map(async ({ kind, view }) => {
      const { doc, want, wantHash } = view
      if (seen.get(doc.id)?.wantHash === wantHash) return false
      const observation = await observe(deps, kind, doc, want)
      seen.set(doc.id, { wantHash, observation })
      return keep(deps, doc, observation)
    }),
  )
  return news.includes(true)
}

async function observe(deps: Deps, kind: AnyKind, doc: ResourceDoc, want: object | null): Promise<Seen['observation']> {
  try {
    return await kind.observe(cloudOf(deps), doc.id, want, doc.output)
  } catch (error) {
    // A cluster that does not answer is a fact to plan with; without Compute nothing can be said.
    if (kind.name !== 'cluster-ingress') throw error
    return { unreachable: classify(error).why }
  }
}

/** Writes down what was seen, as a visit would; true when it is news to the planner. */
async function keep(deps: Deps, doc: ResourceDoc, observation: Seen['observation']): Promise<boolean> {
  // Nobody asks again here: what did not answer is said.
  const phase = 'unreachable' in observation ? 'Failed' : 'Ready'
  const why = 'unreachable' in observation ? observation.unreachable : ''
  const output = 'unreachable' in observation ? doc.output : (observation.output ?? doc.output)
  await deps.store.transact(async (tx) => {
    const current = await tx.get('resources', doc.id)
    if (current) tx.set('resources', doc.id, { ...current, phase, why, output })
  })
  return hashOf(output) !== hashOf(doc.output) || 'unreachable' in observation
}

async function viewsOf(
  deps: Deps,
  id: string,
  before: readonly ResourceId[],
): Promise<{ kind: AnyKind; view: View }[]> {
  const [claims, owned] = await Promise.all([
    deps.store.find(queries.claimsOf(id)),
    deps.store.find(queries.ownedBy(id)),
  ])
  const ids = [
    ...new Set([...before, ...claims.map((claim) => claim.resource), ...owned.map((resource) => resource.id)]),
  ].sort()
  const views = await Promise.all(
    ids.map(async (resource) => {
      const kind = deps.kinds.find((candidate) => candidate.name === splitResourceId(resource).kind)
      const view = kind === undefined ? undefined : await read(deps.store, kind, resource)
      // What only tells of the others is no part of what people are asked about.
      return kind === undefined || kind.follows === true || view === undefined ? [] : [{ kind, view }]
    }),
  )
  return views.flat()
}

async function report(
  deps: Deps,
  id: string,
  before: readonly ResourceId[],
  seen: ReadonlyMap<ResourceId, Seen>,
): Promise<Preview> {
  const doc = await deps.store.get('ingresses', id)
  const { problems = [], warnings = [], waiting = [], modes = [] } = doc?.plan ?? {}
  const views = await viewsOf(deps, id, before)
  return { ingress: id, problems, warnings, modes, steps: stepsOf(deps.kinds, views, seen, waiting) }
}

/** Nothing is recalled for a time: the snapshot remembers everything. */
function cloudOf(deps: Deps): Cloud {
  return {
    compute: deps.compute,
    now: () => deps.clock.now(),
    recall: (_what, _ms, read) => read(),
    aside: () => undefined,
    isLeaving: () => Promise.resolve(false),
    async cluster(name) {
      const doc = await deps.store.get('clusters', name)
      return doc === undefined ? undefined : deps.clusters.connect(doc.registration)
    },
  }
}
