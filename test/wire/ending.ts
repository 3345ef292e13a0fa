import type { Environment } from '../../playground/environment.ts'
import { parseManifest } from '../../shared/ingress/manifest.ts'
import { isSame } from '../../shared/json.ts'
import { plan } from '../../shared/planning/plan.ts'
import { decide } from '../../shared/engine/decide.ts'
import type { Deps } from '../../shared/engine/deps.ts'
import { clusterWants, factsOf, sourcesOf, type Sources } from '../../shared/engine/sources.ts'
import { stakesOf } from '../../shared/engine/stakes.ts'
import { read } from '../../shared/engine/view.ts'
import { cloudOf } from '../../shared/engine/visit.ts'
import { splitResourceId, type ResourceId } from '../../shared/resource-id.ts'
import type { DeadLetterDoc } from '../../shared/state/documents.ts'
import { queries } from '../../shared/state/store.ts'
import { httpCollections } from '../support/collections.ts'
import { manifestOf, type Wish } from './wishes.ts'

/** Where it is looked at; `foreign` = names of what others made, in Compute and in the clusters. */
export interface Scene {
  deps: Deps
  environment: Environment
  wishes: readonly Wish[]
  foreign: readonly string[]
}

/** Whether there is still something to be done, as far as the documents say; a cheaper question than `differences`. */
export async function isAtRest({ deps: { store }, wishes }: Scene): Promise<boolean> {
  const [docs, unfinished] = await Promise.all([
    store.find(queries.ingresses()),
    store.find(queries.dueResources(Number.MAX_SAFE_INTEGER, 1)),
  ])
  const rests = docs.filter((doc) => doc.wakeAt === null && (doc.deleted ? doc.goneAt !== null : doc.phase === 'Ready'))
  return unfinished.length === 0 && rests.length === docs.length && docs.length >= wishes.length
}

/** Everything in which the world is not what the last published specs want, in words; empty = nothing. It looks for itself. */
export async function differences(scene: Scene): Promise<string[]> {
  const found: string[] = []
  const claimed = new Set<ResourceId>()
  for (const wish of scene.wishes)
    found.push(
      ...(wish.service === null ? await goneDifferences(scene, wish) : await wishDifferences(scene, wish, claimed)),
    )
  found.push(...(await orphans(scene, claimed)))
  for (const letter of await scene.deps.store.find(queries.deadLetters(10)))
    if (!overtook(scene, letter)) found.push(`dead letter on ${letter.topic}: ${letter.why}: ${letter.data}`)
  return found
}

/** A withdrawal that came before what it withdraws: kept for people, as nobody can know then whether a version will follow. */
function overtook({ wishes }: Scene, { attributes, why }: DeadLetterDoc): boolean {
  const withdrawn = wishes.some(
    ({ name, service }) => service === null && why === `there is no Ingress default/${name}`,
  )
  return attributes['action'] === 'delete' && withdrawn
}

async function goneDifferences({ deps: { store } }: Scene, { name }: Wish): Promise<string[]> {
  const id = `default/${name}`
  const [doc, claims, owned] = await Promise.all([
    store.get('ingresses', id),
    store.find(queries.claimsOf(id)),
    store.find(queries.ownedBy(id)),
  ])
  return [
    ...(doc === undefined || doc.goneAt === null
      ? [`${id} was withdrawn, and its document says ${doc?.phase ?? 'nothing'}`]
      : []),
    ...claims.map((claim) => `${id} was withdrawn, and claims ${claim.resource}`),
    ...owned.map((one) => `${id} was withdrawn, and has ${one.id}: ${one.phase}: ${one.why}`),
  ]
}

async function wishDifferences(scene: Scene, wish: Wish, claimed: Set<ResourceId>): Promise<string[]> {
  const { deps } = scene
  const id = `default/${wish.name}`
  const sources = await sourcesOf(deps.store, id)
  if (sources === undefined) return [`${id} was published, and has no document`]
  for (const claim of sources.claims) claimed.add(claim.resource)
  const { doc } = sources
  const found: string[] = []
  const say = (text: string): void => void found.push(`${id} ${text}`)
  if (doc.deleted) say('was published, and is taken to be withdrawn')
  if (doc.source.generation !== wish.generation)
    say(`is known in version ${String(doc.source.generation)} instead of ${wish.generation}`)
  if (!isSame(doc.model, modelOf(wish))) say('is not as it was last published')
  if (doc.plannedGeneration !== doc.generation) say(`generation ${doc.generation} is not planned yet`)
  if (doc.phase !== 'Ready')
    say(`is ${doc.phase}: ${doc.conditions.map((one) => `${one.type}=${one.status} ${one.message}`).join('; ')}`)
  found.push(...planDifferences(deps, sources))
  const looked = await Promise.all(sources.claims.map((claim) => resourceDifference(deps, claim.resource)))
  return [...found, ...looked.flat()]
}

function modelOf(wish: Wish): unknown {
  const parsed = parseManifest(manifestOf(wish))
  return parsed.ok ? parsed.ingresses[0]?.model : undefined
}

/** Planned anew, nothing would be claimed otherwise. */
function planDifferences(deps: Deps, sources: Sources): string[] {
  const { doc, claims } = sources
  const made = plan(deps.kinds, doc, factsOf(deps.project, sources, deps.clock.now()), clusterWants(claims))
  if (made.is !== 'planned') return [`${doc.id} would be planned anew: ${made.is}`]
  return stakesOf(deps.kinds, made, sources).map((stake) => `${doc.id} would ${stake.do} ${stake.id}`)
}

/** The world is as claimed, and its document knows it and rests. */
async function resourceDifference(deps: Deps, id: ResourceId): Promise<string[]> {
  const kind = deps.kinds.find(({ name }) => name === splitResourceId(id).kind)
  const view = kind === undefined ? undefined : await read(deps.store, kind, id)
  if (kind === undefined || view === undefined) return [`${id} is claimed, and has no document`]
  const seen = await kind.observe(cloudOf(deps), id, view.want, view.doc.output)
  const step = decide(kind, view.want, seen, { force: view.force, ...view.doc })
  const says = `its document says ${view.doc.phase}: ${view.doc.why}`
  if (step.do !== 'nothing') return [`${id} is to be ${step.do}d (${step.why}); ${says}`]
  if (seen.pending !== undefined) return [`${id} is not settled: ${seen.pending.why}; ${says}`]
  return view.doc.phase === 'Ready' && view.doc.wakeAt === null ? [] : [`${id} is as claimed; ${says}`]
}

/** What is there and nobody wants: documents, resources of Compute, named ports, objects in clusters. */
async function orphans({ deps, environment, foreign }: Scene, claimed: ReadonlySet<ResourceId>): Promise<string[]> {
  const found: string[] = []
  for (const kind of deps.kinds)
    for (const doc of await deps.store.find(queries.resourcesOfKind(kind.name)))
      if (!claimed.has(doc.id)) found.push(`${doc.id} has a document, and no claim: ${doc.phase}: ${doc.why}`)
  for (const collection of httpCollections) {
    const kinds = deps.kinds
      .filter((kind) => kind.collections?.some((one) => one === collection))
      .map(({ name }) => name)
    const names = new Set([...claimed].filter((id) => kinds.includes(splitResourceId(id).kind)).map(lastOf))
    for (const name of await namesIn(environment, collection)) {
      if (!names.has(name) && !foreign.includes(name)) found.push(`${collection} ${name} is there, and nobody wants it`)
    }
  }
  for (const { zone, name, namedPorts = [] } of await groupsOf(environment)) {
    const wanted = claimed.has(`named-ports/${environment.project}/${zone}/${name}` as ResourceId)
    const ours = namedPorts.filter((port) => port.name.startsWith('mci1-'))
    if (!wanted && ours.length > 0) found.push(`group ${zone}/${name} has named ports that nobody wants`)
  }
  for (const { name: cluster, server } of environment.clusters) {
    for (const object of await objectsIn(server)) {
      if (!claimed.has(`cluster-ingress/${cluster}/default/${object}` as ResourceId) && !foreign.includes(object))
        found.push(`cluster ${cluster} has Ingress ${object}, and nobody wants it`)
    }
  }
  return found
}

const lastOf = (id: ResourceId): string => id.split('/').at(-1) ?? ''

async function namesIn({ compute, project }: Environment, collection: string): Promise<string[]> {
  const answer = await fetch(`${compute.url}/compute/v1/projects/${project}/global/${collection}?maxResults=500`)
  const { items = [], nextPageToken } = (await answer.json()) as { items?: { name: string }[]; nextPageToken?: string }
  if (nextPageToken !== undefined) throw new Error(`more than a page of ${collection}`)
  return items.map(({ name }) => name)
}

interface Group {
  zone: string
  name: string
  namedPorts?: { name: string; port: number }[]
}

async function groupsOf({ compute, project, clusters }: Environment): Promise<Group[]> {
  const zones = [...new Set(clusters.flatMap((cluster) => cluster.zones))]
  const lists = zones.map(async (zone) => {
    const answer = await fetch(`${compute.url}/compute/v1/projects/${project}/zones/${zone}/instanceGroups`)
    return (((await answer.json()) as { items?: Group[] }).items ?? []).map((group) => ({ ...group, zone }))
  })
  return (await Promise.all(lists)).flat()
}

async function objectsIn(server: string): Promise<string[]> {
  const answer = await fetch(`${server}/apis/networking.k8s.io/v1/namespaces/default/ingresses`)
  return ((await answer.json()) as { items: { metadata: { name: string } }[] }).items.map((one) => one.metadata.name)
}
