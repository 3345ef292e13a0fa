import type { Deps } from '../shared/engine/deps.ts'
import { sourcesOf } from '../shared/engine/plan-ingress.ts'
import { statusOf, type IngressStatus } from '../shared/engine/status.ts'
import type { IngressDoc } from '../shared/state/documents.ts'
import { queries } from '../shared/state/store.ts'

/** An answer of the status API. */
export interface Answer {
  status: number
  body: unknown
}

/** HTTP: the JSON API of DESIGN section 8, read only. */
export async function answer(deps: Deps, method: string, path: string): Promise<Answer> {
  if (method !== 'GET' && method !== 'HEAD') return failure(405, 'only GET is answered here')
  const parts = path.split('/').filter((part) => part !== '')
  if (parts[0] !== 'api') return failure(404, `there is nothing at ${path.slice(0, 200)}`)
  if (parts[1] === 'clusters' && parts.length === 2) return { status: 200, body: { clusters: await clusters(deps) } }
  if (parts[1] === 'ingresses' && parts.length === 2) return { status: 200, body: { ingresses: await summaries(deps) } }
  if (parts[1] === 'ingresses' && parts.length === 4) return one(deps, `${decode(parts[2])}/${decode(parts[3])}`)
  return failure(404, `there is nothing at ${path.slice(0, 200)}`)
}

async function summaries(deps: Deps): Promise<unknown[]> {
  const all: unknown[] = []
  for (let after: string | undefined; ;) {
    const page = await deps.store.find(queries.ingresses(after))
    const sources = await Promise.all(
      page.filter((doc) => doc.goneAt === null).map((doc) => sourcesOf(deps.store, doc.id)),
    )
    for (const source of sources) {
      if (source) all.push(summary(source.doc, statusOf(source, deps.project, deps.clock.now())))
    }
    after = page.at(-1)?.id
    if (page.length < 500 || after === undefined) return all
  }
}

async function one(deps: Deps, id: string): Promise<Answer> {
  const sources = await sourcesOf(deps.store, id)
  if (sources === undefined || sources.doc.goneAt !== null)
    return failure(404, `there is no Ingress ${id.slice(0, 300)}`)
  const status = statusOf(sources, deps.project, deps.clock.now())
  return {
    status: 200,
    body: {
      ...summary(sources.doc, status),
      resources: status.resources.map((resource) => ({ ...resource, updatedAt: time(resource.updatedAt) })),
      // Health is not part of what is applied; it is read from the load balancer where that is asked for.
      clusterStates: status.clusterStates.map((cluster) => ({ ...cluster, healthy: null, total: null })),
      conditions: status.conditions.map((condition) => ({
        ...condition,
        lastTransitionTime: time(condition.lastTransitionTime),
      })),
    },
  }
}

function summary(doc: IngressDoc, status: IngressStatus): object {
  return {
    namespace: doc.model.namespace,
    name: doc.model.name,
    loadBalancer: status.loadBalancer,
    phase: status.phase,
    vip: status.vip,
    generation: doc.generation,
    clusters: status.clusters,
  }
}

async function clusters(deps: Deps): Promise<unknown[]> {
  const docs = await deps.store.find(queries.clusters())
  return docs.map((doc) => ({
    name: doc.name,
    server: doc.registration.server,
    project: doc.registration.project,
    labels: doc.registration.labels ?? {},
    version: doc.sight?.version ?? null,
    zones: doc.sight?.zones ?? [],
    network: doc.sight?.network ?? null,
    leaving: doc.leaving,
    unreachable: doc.unreachable === null ? null : { since: time(doc.unreachable.since), why: doc.unreachable.why },
  }))
}

function time(ms: number): string {
  return new Date(ms).toISOString()
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
