import { readStamp } from '../planning/stamp.ts'
import { resourceId, type ResourceId } from '../resource-id.ts'
import type { ComputeCollection } from '../cloud/compute-port.ts'
import type { AnyKind } from './kind.ts'
import type { PreviewPorts, RecordReader } from './preview.ts'
import { projectsOf, type Whereabouts } from './projects.ts'

/** An Ingress whose resources are in Compute, as their stamps say, and that the state does not look after. */
export interface Recoverable {
  /** `namespace/name`. */
  ingress: string
  /** The load balancer's name, its IP and its clusters, as its URL map says them; null and none = unknown. */
  loadBalancer: string | null
  ip: string | null
  clusters: string[]
  /** `unknown`: this state has never heard of it. `withdrawn`: it was withdrawn. `known`: it serves, without these. */
  is: 'unknown' | 'withdrawn' | 'known'
  /** Resources without a document. */
  resources: ResourceId[]
}

/** So many Ingresses are asked about at once. */
const parallel = 8

/**
 * What a lost or restored state does not know: everything in Compute with our stamp and without a document, by Ingress. To
 * publish the Ingress again takes it over as it is. Only reads. Throws CloudError when a list cannot be had as a whole, and
 * what the records throw.
 */
export async function recoverable(
  { compute, kinds, project }: Pick<PreviewPorts, 'compute' | 'kinds' | 'project'>,
  records: Pick<RecordReader, 'sources'>,
  clusters: readonly Whereabouts[],
): Promise<Recoverable[]> {
  const places = kinds.flatMap((kind) =>
    projectsOf(kind, project, clusters).flatMap((where) =>
      (kind.collections ?? []).map((collection) => ({ kind, collection, project: where })),
    ),
  )
  const stamped = (await Promise.all(places.map((place) => stampedIn(compute, place)))).flat()
  const byIngress = [...Map.groupBy(stamped, ({ ingress }) => ingress)].sort(([a], [b]) => (a < b ? -1 : 1))
  const found: Recoverable[] = []
  for (let at = 0; at < byIngress.length; at += parallel) {
    const chunk = byIngress.slice(at, at + parallel)
    const answers = await Promise.all(chunk.map(([ingress, there]) => missingOf(records, ingress, there)))
    found.push(...answers.flatMap((answer) => answer ?? []))
  }
  return found
}

interface Stamped {
  id: ResourceId
  ingress: string
  description: string
}

async function stampedIn(
  compute: PreviewPorts['compute'],
  { kind, collection, project }: { kind: AnyKind; collection: ComputeCollection; project: string },
): Promise<Stamped[]> {
  const items: readonly { name?: string; description?: string }[] = await compute.list(collection, project)
  return items.flatMap(({ name = '', description = '' }): Stamped[] => {
    const stamp = readStamp(description)
    return stamp.by === 'us' ? [{ id: resourceId(kind.name, project, name), ingress: stamp.ingress, description }] : []
  })
}

/** Undefined when every resource that the stamps give to this Ingress has a document. */
async function missingOf(
  records: Pick<RecordReader, 'sources'>,
  ingress: string,
  there: readonly Stamped[],
): Promise<Recoverable | undefined> {
  const { doc, resources } = await records.sources(ingress)
  const known = new Set(resources.map(({ id }) => id))
  const missing = there.map(({ id }) => id).filter((id) => !known.has(id))
  if (missing.length === 0) return undefined
  return {
    ingress,
    ...saidOf(there),
    is: doc === null ? 'unknown' : doc.goneAt === null && !doc.deleted ? 'known' : 'withdrawn',
    resources: missing.sort(),
  }
}

/** What the status JSON of a URL map says, which is there for people and for kubemci; read with the same care as theirs. */
function saidOf(there: readonly Stamped[]): Pick<Recoverable, 'loadBalancer' | 'ip' | 'clusters'> {
  const text = there.find(({ id }) => id.startsWith('url-map/'))?.description ?? ''
  const word = (member: string): string | null => new RegExp(`"${member}":"([^"]+)"`).exec(text)?.[1] ?? null
  const clusters = /"Clusters":\[([^\]]*)\]/.exec(text)?.[1] ?? ''
  return {
    loadBalancer: word('LoadBalancerName'),
    ip: word('IPAddress'),
    clusters: [...clusters.matchAll(/"([^"]+)"/g)].map(([, name = '']) => name).sort(),
  }
}
