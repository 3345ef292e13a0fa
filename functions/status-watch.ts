import { createHealthReader, type Effort, type HealthReader } from '../shared/engine/health.ts'
import { sourcesOf, type Sources } from '../shared/engine/sources.ts'
import { healthTargets, withHealth, type Serving } from '../shared/engine/serving.ts'
import { statusOf } from '../shared/engine/status.ts'
import { nameLayout } from '../shared/planning/layout.ts'
import { select } from '../shared/planning/select.ts'
import type { Deps } from '../shared/engine/deps.ts'
import type { ClusterDoc, IngressDoc } from '../shared/state/documents.ts'
import { queries } from '../shared/state/store.ts'
import type { Summary } from './dashboard/api-types.ts'
import { summaryOf } from './status-views.ts'

/** What the status is computed from; without `watch` nothing is said about health. */
export type StatusDeps = Pick<Deps, 'store' | 'project' | 'clock'> & { watch?: Watch }

/** What a process remembers between two questions. */
export interface Watch {
  health: HealthReader
  /** By Ingress: what its phase was with health in it, and when it was looked at. */
  phases: Map<string, { phase: Summary['phase']; at: number }>
}

/** A watch with an empty memory; one a process. */
export function createWatch(deps: Pick<Deps, 'compute' | 'clock'>): Watch {
  return { health: createHealthReader(deps.compute, deps.clock), phases: new Map() }
}

/** One Ingress is worth an answer about health that is seconds old. */
const one: Effort = { fresh: 3_000, wait: 800, most: 200 }

/** In a list, an Ingress at rest is looked at less often. */
const many: Effort = { fresh: 10_000, wait: 500, most: 16 }

/** So many Ingresses of a list are computed from all that belongs to them, those that move first. The others are as their documents say. */
const live = 24

/** A list of more ends here, and says where to go on. */
const longest = 5_000

/** The status of one Ingress with health; undefined when there is none. */
export async function statusWith(
  deps: StatusDeps,
  id: string,
): Promise<{ sources: Sources; status: Serving } | undefined> {
  const sources = await sourcesOf(deps.store, id)
  if (sources === undefined || sources.doc.goneAt !== null) {
    deps.watch?.phases.delete(id)
    return undefined
  }
  return { sources, status: await served(deps, sources, one) }
}

async function served(deps: StatusDeps, sources: Sources, effort: Effort): Promise<Serving> {
  const health = (await deps.watch?.health.read(healthTargets(sources), effort)) ?? new Map()
  const now = deps.clock.now()
  const status = withHealth(sources, statusOf(sources, deps.project, now), health, now)
  deps.watch?.phases.set(sources.doc.id, { phase: status.phase, at: now })
  return status
}

/** A page of the list: at most `limit` Ingresses after the one with id `after`, and where to go on. */
export async function listed(
  deps: StatusDeps,
  after: string | undefined,
  limit: number,
): Promise<{ ingresses: Summary[]; next: string | null }> {
  const [docs, clusters] = await Promise.all([
    ingressesAfter(deps, after, Math.min(limit, longest)),
    deps.store.find(queries.clusters()),
  ])
  const known = await fromDocuments(deps, docs.found, clusters)
  const chosen = toLookAt(deps, docs.found)
  const looked = await Promise.all(
    chosen.map(async ({ id }) => {
      const sources = await sourcesOf(deps.store, id)
      return sources === undefined
        ? undefined
        : ([id, summaryOf(sources.doc, await served(deps, sources, many))] as const)
    }),
  )
  for (const found of looked) if (found) known.set(...found)
  return { ingresses: [...known.values()], next: docs.next }
}

async function ingressesAfter(
  deps: StatusDeps,
  after: string | undefined,
  limit: number,
): Promise<{ found: IngressDoc[]; next: string | null }> {
  const found: IngressDoc[] = []
  for (let from = after; ;) {
    const page = await deps.store.find(queries.ingresses(from))
    for (const doc of page) {
      if (doc.goneAt !== null) continue
      if (found.length === limit) return { found, next: found.at(-1)?.id ?? null }
      found.push(doc)
    }
    from = page.at(-1)?.id
    if (page.length < 500 || from === undefined) return { found, next: null }
  }
}

/** Those that move, then those that were looked at longest ago. */
function toLookAt({ clock, watch }: StatusDeps, docs: readonly IngressDoc[]): IngressDoc[] {
  const now = clock.now()
  const lookedAt = (doc: IngressDoc): number => watch?.phases.get(doc.id)?.at ?? 0
  const rank = (doc: IngressDoc): number => (doc.wakeAt === null ? lookedAt(doc) : -1)
  return [...docs]
    .filter((doc) => doc.wakeAt !== null || docs.length <= live || now - lookedAt(doc) > many.fresh)
    .sort((a, b) => rank(a) - rank(b))
    .slice(0, live)
}

async function fromDocuments(
  deps: StatusDeps,
  docs: readonly IngressDoc[],
  clusters: readonly ClusterDoc[],
): Promise<Map<string, Summary>> {
  const named = docs.map((doc) => ({ doc, ...nameLayout(doc, deps) }))
  const addresses =
    named.length === 0
      ? []
      : await deps.store.getAll(
          'resources',
          named.map(({ address }) => address.id),
        )
  return new Map(
    named.map(({ doc, lb }, index) => [
      doc.id,
      summaryOf(doc, {
        loadBalancer: lb,
        phase: phaseOf(deps, doc),
        vip: (addresses[index]?.output as { ip?: string } | null | undefined)?.ip ?? null,
        clusters: select(doc.model, doc.selection, clusters).names,
      }),
    ]),
  )
}

/** Its documents do not know of health: what was last seen of it is added. */
function phaseOf({ watch }: StatusDeps, doc: IngressDoc): Summary['phase'] {
  const seen = watch?.phases.get(doc.id)?.phase
  return doc.phase === 'Ready' && seen === 'Degraded' ? 'Degraded' : doc.phase
}
