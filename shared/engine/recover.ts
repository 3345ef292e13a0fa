import { readStamp } from '../planning/stamp.ts'
import { resourceId, type ResourceId } from '../resource-id.ts'
import { queries } from '../state/store.ts'
import type { Deps } from './deps.ts'
import { projectsOf } from './notice.ts'

/** An Ingress whose resources are in Compute, as their stamps say, and that the state does not look after. */
export interface Recoverable {
  /** `namespace/name`. */
  ingress: string
  /** The load balancer's name, where its URL map says it; null = unknown. */
  loadBalancer: string | null
  /** `unknown`: this state has never heard of it. `withdrawn`: it was withdrawn. `known`: it serves, without these. */
  is: 'unknown' | 'withdrawn' | 'known'
  /** Resources without a document. */
  resources: ResourceId[]
}

/** So many documents are asked for at once. */
const page = 200

/**
 * What a lost or restored state does not know: everything in Compute with our stamp and without a document, by Ingress. To
 * publish the Ingress again takes it over as it is. Only reads. Throws CloudError when a list cannot be had as a whole.
 */
export async function recoverable(deps: Pick<Deps, 'compute' | 'kinds' | 'project' | 'store'>): Promise<Recoverable[]> {
  const projects = projectsOf(deps, await deps.store.find(queries.clusters()))
  const stamped = (await Promise.all(projects.map((project) => stampedIn(deps, project)))).flat()
  const unknown: Stamped[] = []
  for (let at = 0; at < stamped.length; at += page) {
    const chunk = stamped.slice(at, at + page)
    const docs = await deps.store.getAll(
      'resources',
      chunk.map(({ id }) => id),
    )
    unknown.push(...chunk.filter((_, index) => docs[index] === undefined))
  }
  const byIngress = [...Map.groupBy(unknown, ({ ingress }) => ingress)].sort(([a], [b]) => (a < b ? -1 : 1))
  const owners = await deps.store.getAll(
    'ingresses',
    byIngress.map(([ingress]) => ingress),
  )
  return byIngress.map(([ingress, resources], index) => {
    const owner = owners[index]
    return {
      ingress,
      loadBalancer: resources.map(({ loadBalancer }) => loadBalancer).find((name) => name !== null) ?? null,
      is: owner === undefined ? 'unknown' : owner.goneAt === null && !owner.deleted ? 'known' : 'withdrawn',
      resources: resources.map(({ id }) => id).sort(),
    }
  })
}

interface Stamped {
  id: ResourceId
  ingress: string
  loadBalancer: string | null
}

async function stampedIn(deps: Pick<Deps, 'compute' | 'kinds'>, project: string): Promise<Stamped[]> {
  const places = deps.kinds.flatMap((kind) => (kind.collections ?? []).map((collection) => ({ kind, collection })))
  const lists = await Promise.all(
    places.map(async ({ kind, collection }) => {
      const items: readonly { name?: string; description?: string }[] = await deps.compute.list(collection, project)
      return items.flatMap(({ name = '', description }): Stamped[] => {
        const stamp = readStamp(description)
        if (stamp.by !== 'us') return []
        const loadBalancer = kind.name === 'url-map' ? nameIn(description) : null
        return [{ id: resourceId(kind.name, project, name), ingress: stamp.ingress, loadBalancer }]
      })
    }),
  )
  return lists.flat()
}

/** The name in a URL map's status JSON. */
function nameIn(description: string | undefined): string | null {
  return /"LoadBalancerName":"([^"]+)"/.exec(description ?? '')?.[1] ?? null
}
