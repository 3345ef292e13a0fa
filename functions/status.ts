import { sourcesOf } from '../shared/engine/sources.ts'
import type { DeadLetterDoc } from '../shared/state/documents.ts'
import { hostProjectOf } from '../shared/planning/networks.ts'
import { parseResourceId } from '../shared/resource-id.ts'
import { queries } from '../shared/state/store.ts'
import { obstacleOf } from './dead-letter.ts'
import { routes } from './registry.ts'
import { detailOf, time } from './status-views.ts'
import { listed, statusWith, type StatusDeps } from './status-watch.ts'

/** An answer of the status API. */
export interface Answer {
  status: number
  body: unknown
}

/** The parameters after the question mark, the first of each name. */
export type Query = Readonly<Record<string, string | undefined>>

/** A namespace (63) and a name (253) fit; the store refuses ids of 1,500 bytes. */
const longestId = 320

/**
 * HTTP: the JSON API of DESIGN section 8, read only. Beside it, for programs that look ahead (`mci plan`) and that want to
 * know what became of their message: `/api/sources/{namespace}/{name}`, `/api/resources/{resource id}` and
 * `/api/dead-letters/{message id}`.
 */
export async function answer(deps: StatusDeps, method: string, path: string, query: Query = {}): Promise<Answer> {
  if (method !== 'GET' && method !== 'HEAD') return failure(405, 'only GET is answered here')
  const parts = path.split('/').filter((part) => part !== '')
  if (parts[0] !== 'api') return failure(404, `there is nothing at ${path.slice(0, 200)}`)
  if (parts[1] === 'clusters' && parts.length === 2) return { status: 200, body: { clusters: await clusters(deps) } }
  if (parts[1] === 'dead-letters' && parts.length === 2)
    return { status: 200, body: { deadLetters: await deadLetters(deps) } }
  if (parts[1] === 'ingresses' && parts.length === 2) return ingresses(deps, query)
  if (parts[1] === 'ingresses' && parts.length === 4) return one(deps, idOf(parts))
  if (parts[1] === 'sources' && parts.length === 4) return sources(deps, idOf(parts))
  if (parts[1] === 'resources' && parts.length === 3) return resource(deps, decode(parts[2]))
  if (parts[1] === 'dead-letters' && parts.length === 3) return deadLetter(deps, decode(parts[2]))
  return failure(404, `there is nothing at ${path.slice(0, 200)}`)
}

/** The documents that a plan of an Ingress, also of one that is not there yet, is made from. */
async function sources(deps: StatusDeps, id: string): Promise<Answer> {
  const known = await sourcesOf(deps.store, id)
  const objects = await deps.store.find(queries.objectsIn(id.split('/')[0] ?? ''))
  if (known === undefined)
    return {
      status: 200,
      body: { doc: null, clusters: await deps.store.find(queries.clusters()), claims: [], resources: [], objects },
    }
  return { status: 200, body: { ...known, resources: [...known.resources.values()], objects } }
}

/** One resource whoever wants it, with everybody's claims on it. */
async function resource(deps: StatusDeps, text: string): Promise<Answer> {
  const id = parseResourceId(text)
  if (id === undefined) return failure(404, `"${text.slice(0, 200)}" is not the id of a resource`)
  const [doc, claims] = await Promise.all([deps.store.get('resources', id), deps.store.find(queries.claimsOn(id))])
  return { status: 200, body: { resource: doc ?? null, claims } }
}

/** Why a message was not carried out; its payload stays out of it. */
async function deadLetter(deps: StatusDeps, id: string): Promise<Answer> {
  const kept = id.length > 0 && id.length <= 200 ? await deps.store.get('deadLetters', id) : undefined
  if (kept === undefined) return failure(404, `no message ${id.slice(0, 200)} was kept as dead letter`)
  return { status: 200, body: letterOf(kept) }
}

async function one(deps: StatusDeps, id: string): Promise<Answer> {
  const found = await statusWith(deps, id)
  if (found === undefined) return failure(404, `there is no Ingress ${id.slice(0, 300)}`)
  return { status: 200, body: detailOf(found.sources, found.status) }
}

/** All of them, unless fewer are asked for with `limit`; `next` is where to go on with `after`, when there are more. */
async function ingresses(deps: StatusDeps, query: Query): Promise<Answer> {
  const limit = query['limit'] === undefined ? Infinity : Number(query['limit'])
  if (!(limit >= 1)) return failure(400, 'limit is a whole number from 1')
  const { ingresses, next } = await listed(deps, query['after']?.slice(0, longestId) || undefined, Math.floor(limit))
  return { status: 200, body: next === null ? { ingresses } : { ingresses, next } }
}

async function clusters(deps: StatusDeps): Promise<unknown[]> {
  const docs = await deps.store.find(queries.clusters())
  return docs.map((doc) => ({
    name: doc.name,
    server: doc.registration.server,
    project: doc.registration.project,
    labels: doc.registration.labels ?? {},
    version: doc.sight?.version ?? null,
    zones: doc.sight?.zones ?? [],
    network: doc.registration.network ?? doc.sight?.network ?? null,
    hostProject: hostProjectOf(doc),
    leaving: doc.leaving,
    unreachable: doc.unreachable === null ? null : { since: time(doc.unreachable.since), why: doc.unreachable.why },
  }))
}

/** Why messages were not worked on; what they held is for the operator's command, not for a page. */
async function deadLetters(deps: StatusDeps): Promise<unknown[]> {
  const docs = await deps.store.find(queries.deadLetters(100))
  return docs.map((doc) => ({ ...letterOf(doc), attributes: doc.attributes }))
}

function letterOf(doc: DeadLetterDoc): object {
  const { id, topic, why, at } = doc
  const obstacle = obstacleOf(doc, routes.topics)
  return { id, topic, why, at: time(at), replayable: obstacle === null, ...(obstacle === null ? {} : { obstacle }) }
}

/** Namespace and name as the path has them; what is too long names nothing, and the store is not asked for it. */
function idOf(parts: readonly string[]): string {
  const id = `${decode(parts[2])}/${decode(parts[3])}`
  return id.length <= longestId ? id : 'none'
}

function decode(part: string | undefined): string {
  try {
    return decodeURIComponent(part ?? '')
  } catch {
    return part ?? ''
  }
}

function failure(code: number, message: string): Answer {
  return { status: code, body: { error: { code, message } } }
}
