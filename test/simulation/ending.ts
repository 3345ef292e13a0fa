import type { IngressDoc, ResourceDoc } from '../../shared/state/documents.ts'
import { decide } from '../../shared/engine/decide.ts'
import type { Cloud } from '../../shared/engine/kind.ts'
import { read } from '../../shared/engine/view.ts'
import { lookAtCluster } from '../../shared/engine/clusters.ts'
import { clusterWants, factsOf, sourcesOf } from '../../shared/engine/sources.ts'
import type { ClusterView } from '../../shared/planning/facts.ts'
import { clusterIngressId } from '../../shared/planning/layout.ts'
import { plan } from '../../shared/planning/plan.ts'
import { select } from '../../shared/planning/select.ts'
import { splitResourceId, type ResourceId } from '../../shared/resource-id.ts'
import { createMemoryStore } from '../../shared/state/memory.ts'
import { queries } from '../../shared/state/store.ts'
import { canonical, isSame } from '../../shared/json.ts'
import { parseManifest } from '../../shared/ingress/manifest.ts'
import type { IngressModel } from '../../shared/ingress/model.ts'
import { misserved } from './clients.ts'
import { manifestOf, type Spec } from './manifests.ts'
import { orphans } from './orphans.ts'
import { inOrder, wishOf, type Owned } from './people.ts'
import type { Story } from './story.ts'
import { project, type World } from './world.ts'

/**
 * What must be true once nothing goes wrong any more: everything in which the world differs from what the last specs want,
 * in words; empty = nothing. It looks for itself: clusters, Compute and documents, each directly.
 */
export async function differences(story: Story): Promise<string[]> {
  const { world } = story
  const found: string[] = []
  const deps = await freshlySeen(world)
  const claimed = new Set<string>()
  for (const owned of story.owned) {
    found.push(...(await ingressDifferences(story, deps, owned, claimed)))
    found.push(...(await announcementDifferences(story, owned.id)))
  }
  found.push(...(await orphans(story, claimed)))
  // Only what is said to be as wished has to serve.
  if (found.length === 0) for (const owned of story.owned) found.push(...(await servingDifferences(story, owned)))
  return found
}

/** Whoever only listened knows what the document says. */
async function announcementDifferences(story: Story, id: string): Promise<string[]> {
  const doc = await story.world.store.get('ingresses', id)
  if (doc === undefined) return []
  const heard = story.heard.get(id)
  const gone = doc.goneAt !== null
  // A withdrawal that came before what it withdraws: there never was anything to tell of.
  if (heard === undefined && gone && doc.telling === undefined) return []
  return heard?.phase === doc.phase && heard.gone === gone && doc.telling === undefined
    ? []
    : [
        `Ingress ${id}: was last announced as ${heard?.phase ?? 'nothing'}${heard?.gone === true ? ', gone' : ''}, and is ${doc.phase}${gone ? ', gone' : ''}`,
      ]
}

/** Ports with the clusters' documents as a look at this moment would write them. */
async function freshlySeen(world: World): Promise<World['outside']> {
  const { store } = world
  const scratch = createMemoryStore()
  const clusters = await store.find(queries.clusters())
  await scratch.transact(async (tx) => {
    for (const doc of clusters) tx.set('clusters', doc.name, { ...doc })
  })
  const deps = { ...world.outside, store: scratch }
  for (const doc of clusters) if (!doc.leaving) await lookAtCluster(deps, doc.name, { why: 'check', trace: '' })
  return deps
}

async function ingressDifferences(
  story: Story,
  deps: World['outside'],
  owned: Owned,
  claimed: Set<string>,
): Promise<string[]> {
  const { store } = story.world
  const found: string[] = []
  const say = (text: string): void => void found.push(`Ingress ${owned.id}: ${text}`)
  const doc = await store.get('ingresses', owned.id)
  const wished = wishOf(owned)
  const claims = await store.find(queries.claimsOf(owned.id))
  for (const claim of claims) claimed.add(claim.resource)
  if (wished.spec === null || wished.deleted) {
    if (claims.length > 0) say(`is withdrawn and still claims ${claims.map((claim) => claim.resource).join(', ')}`)
    const left = await store.find(queries.ownedBy(owned.id))
    if (left.length > 0)
      say(`is withdrawn and still has ${left.map((one) => `${one.id} (${one.phase}: ${one.why})`).join(', ')}`)
    if (wished.spec !== null && doc !== undefined && doc.goneAt === null && !owned.rejected)
      say(`is withdrawn and its document says ${doc.phase}`)
    return found
  }
  if (doc === undefined || doc.deleted)
    return [
      ...found,
      `Ingress ${owned.id}: was published and ${doc === undefined ? 'has no document' : 'is taken to be withdrawn'}`,
    ]
  found.push(...wishDifferences(owned, doc))
  const ids = claims.map((claim) => claim.resource)
  const made = await planDifferences(story, deps, owned, doc)
  // What was there before us and is held until it can serve is not left over.
  for (const id of made.held ?? []) claimed.add(id)
  // Nor is what a plan let go of that was refused half-way: what waits to refer to something else refers to it, and serves.
  const owns = made.refused ? await store.find(queries.ownedBy(owned.id)) : []
  for (const { id, phase, waitingFor } of owns) if (phase === 'Waiting' && waitingFor === 'release') claimed.add(id)
  found.push(...(await worldDifferences(story, owned, ids, made.refused)), ...made.found)
  return found
}

/** Clients get what the last spec says; one that was refused leaves what was before it. */
async function servingDifferences(story: Story, owned: Owned): Promise<string[]> {
  const { store } = story.world
  const wished = wishOf(owned)
  const doc = await store.get('ingresses', owned.id)
  if (doc === undefined || wished.spec === null || wished.deleted) return []
  if (doc.plannedGeneration !== doc.generation || (doc.plan?.problems ?? []).length > 0) return []
  const chosen = select(doc.model, doc.selection, await store.find(queries.clusters()))
  // With every cluster taken out nothing is served, and before the first group is there nothing is either.
  if (chosen.names.length === 0 || doc.phase === 'Progressing') return []
  return misserved(story, owned, { clusters: chosen.names, drained: chosen.drained })
}

const models = new WeakMap<Spec, IngressModel | undefined>()

/** The model of a spec; it is asked for at every look. */
function modelOf(owned: Owned, spec: Spec): IngressModel | undefined {
  if (!models.has(spec)) {
    const parsed = parseManifest(manifestOf(owned.name, spec))
    models.set(spec, parsed.ok ? parsed.ingresses[0]?.model : undefined)
  }
  return models.get(spec)
}

function wishDifferences(owned: Owned, doc: IngressDoc): string[] {
  const wished = wishOf(owned)
  const found: string[] = []
  const model = wished.spec === null ? undefined : modelOf(owned, wished.spec)
  if (!isSame(model, doc.model))
    found.push(`Ingress ${owned.id}: the last published spec is not the one in its document`)
  if (inOrder(owned)) {
    const { clusters, excluded, drained } = wished
    if (!isSame({ clusters, excluded, drained }, doc.selection))
      found.push(
        `Ingress ${owned.id}: the selection should be ${canonical({ clusters, excluded, drained })}, it is ${canonical(doc.selection)}`,
      )
  }
  return found
}

/** Every claim is what the world shows, and its document is at rest. */
async function worldDifferences(
  story: Story,
  owned: Owned,
  ids: readonly ResourceId[],
  refused: boolean,
): Promise<string[]> {
  const { outside, store } = story.world
  const found: string[] = []
  for (const id of ids) {
    const kind = outside.kinds.find((candidate) => candidate.name === splitResourceId(id).kind)
    if (kind === undefined) continue
    const view = await read(store, kind, id)
    if (view === undefined || view.want === null) {
      found.push(`Ingress ${owned.id}: ${id} is claimed and has no document`)
      continue
    }
    // Of a plan that was refused half-way, what waits goes on waiting; and the key of a certificate that the previous version
    // had is nowhere any more once somebody deleted the one and the secret holds another.
    if (refused && (view.doc.phase === 'Waiting' || view.doc.why.includes('has changed since it was planned'))) continue
    const seen = await kind.observe(cloudOf(outside), id, view.want, view.doc.output)
    const step = decide(kind, view.want, seen, { force: view.force, owner: view.doc.owner })
    const unsettled =
      seen.pending === undefined &&
      seen.refused === undefined &&
      step.do === 'nothing' &&
      !atRest(view.doc) &&
      !isAskedFor(view.doc)
    if (step.do !== 'nothing' && step.do !== 'refuse' && seen.pending === undefined)
      found.push(
        `${id} is not as claimed: to ${step.do} it (${step.why}); its document says ${view.doc.phase}: ${view.doc.why}`,
      )
    else if (unsettled) found.push(`${id} is as claimed, but its document says ${view.doc.phase}: ${view.doc.why}`)
  }
  return found
}

/** Google made the certificate a moment ago, and we ask now and then. */
function isAskedFor({ why, wakeAt }: ResourceDoc): boolean {
  return why.startsWith('Google is making this certificate') && wakeAt !== null
}

function atRest(doc: ResourceDoc): boolean {
  return doc.phase === 'Ready' && doc.wakeAt === null
}

/** What the planner wants now, by fresh facts, is what is claimed; and the status says so. */
async function planDifferences(
  story: Story,
  deps: World['outside'],
  owned: Owned,
  doc: IngressDoc,
): Promise<{ refused: boolean; found: string[]; held?: ResourceId[] }> {
  const { store } = story.world
  const sources = await sourcesOf(store, owned.id)
  if (sources === undefined) return { refused: false, found: [] }
  const clusters = await deps.store.find(queries.clusters())
  const chosen = select(doc.model, doc.selection, clusters)
  const resources = new Map(sources.resources)
  const waiting: string[] = []
  for (const name of chosen.names) {
    const id = clusterIngressId(name, doc.model)
    const kind = deps.kinds.find((candidate) => candidate.name === 'cluster-ingress')
    const before = resources.get(id)
    const want = clusterWants(sources.claims).get(id)
    if (kind === undefined || before === undefined || want === undefined) continue
    const seen = await kind.observe(cloudOf(deps), id, want, before.output)
    const { lacking } = (before.output ?? {}) as Partial<ClusterView>
    // Until its patience ends the planner may want something else any moment.
    if (lacking !== undefined && lacking.overdue !== true) waiting.push(`${name} for ${lacking.what.join(', ')}`)
    resources.set(id, { ...before, output: seen.output ?? before.output })
  }
  const fresh = { ...sources, clusters, resources }
  const made = plan(deps.kinds, doc, factsOf(project, fresh, deps.clock.now()), clusterWants(sources.claims))
  const found: string[] = []
  const say = (text: string): void => void found.push(`Ingress ${owned.id}: ${text}`)
  // Every cluster was taken out and all is gone: there is nothing left to look at, and nothing to change.
  if (made.is === 'looking' && made.waiting.length === 0) return { refused: true, found }
  if (made.is === 'looking') {
    say(`still has to look: ${made.waiting.map(({ where, message }) => `${where} ${message}`).join('; ')}`)
    return { refused: false, found }
  }
  if (made.is === 'refused') {
    if (doc.phase !== 'Failed')
      say(`its plan is refused (${made.problems.map((one) => one.message).join('; ')}), its phase is ${doc.phase}`)
    return { refused: true, found }
  }
  const wanted = new Map(made.desired.map((desired) => [desired.id, canonical([desired.want, desired.refs])]))
  const held = new Set(made.held.map(({ id }) => id))
  const present = new Map(sources.claims.map((claim) => [claim.resource, canonical([claim.want, claim.refs])]))
  for (const [id, want] of wanted) {
    if (!present.has(id)) say(`wants ${id}, which is not claimed`)
    else if (present.get(id) !== want)
      say(`wants ${id} otherwise than it is claimed: ${want} instead of ${present.get(id) ?? ''}`)
  }
  for (const id of present.keys()) if (!wanted.has(id) && !held.has(id)) say(`claims ${id}, which it does not want`)
  // Network endpoint groups were wished for where no cluster has any: there is nothing to let in, or nothing to send to.
  const unserved = made.layout.services.some(({ mode, backends }) => mode === 'neg' && backends.length === 0)
  if (unserved) for (const what of waiting) say(`still waits in ${what}`)
  for (const { id, hold } of made.held) if (!unserved) say(`still holds ${id}: ${hold}`)
  const served = made.warnings.length > 0 ? 'Degraded' : 'Ready'
  const phase = owned.rejected ? 'Failed' : unserved && doc.phase === 'Progressing' ? 'Progressing' : served
  if (doc.phase !== phase)
    say(
      `its phase should be ${phase} (${made.warnings.map((one) => `${one.where} ${one.message}`).join('; ')}), it is ${doc.phase}: ${doc.conditions.map((one) => `${one.type}=${one.status} ${one.message}`).join('; ')}`,
    )
  return { refused: unserved, found, held: unserved ? made.held.map(({ id }) => id) : [] }
}

/** The world as kinds see it, without faults. */
function cloudOf({ compute, clusters, clock, store }: World['outside']): Cloud {
  return {
    compute,
    now: () => clock.now(),
    recall: (_what, _ms, read) => read(),
    aside: () => undefined,
    isLeaving: () => Promise.resolve(false),
    async cluster(name) {
      const doc = await store.get('clusters', name)
      return doc === undefined ? undefined : clusters.connect(doc.registration)
    },
  }
}
