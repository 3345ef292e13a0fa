import { resourceId, splitResourceId, type ResourceId } from '../resource-id.ts'
import type { ClusterDoc, ResourceDoc } from '../state/documents.ts'
import { queries } from '../state/store.ts'
import type { AuditEntry, AuditSubject } from './audit-entry.ts'
import type { Deps } from './deps.ts'
import { clusterNudgeOf, nudgeOf, send, type Cause } from './nudge.ts'
import { projectsOf, whereaboutsOf } from './projects.ts'

/** What an entry led to: who was asked to look again. */
export interface Noticed {
  resources: ResourceId[]
  clusters: string[]
}

/** An event may have made room for what is on its way: so many unfinished documents are asked about. */
const mostUnfinished = 500

/** One object's change asks so many Ingresses of its namespace to look; the tick finds the rest. */
const mostInNamespace = 200

/**
 * Somebody changed something in Google Cloud or in a cluster. Nothing of the entry is believed but *where*: the resources
 * that we have documents for are asked to look again, and so are the clusters whose machines may be concerned. What our own
 * operations did is known already.
 */
export async function notice(deps: Deps, entry: AuditEntry, cause: Cause): Promise<Noticed> {
  if (entry.subjects.length === 0) return { resources: [], clusters: [] }
  // Most entries are of our own operations, and say by themselves which resource they are about.
  const complete = entry.subjects.every((subject) => subject.about === 'resource' && subject.project !== null)
  const clusters = complete ? [] : (await deps.store.find(queries.clusters())).filter((cluster) => !cluster.leaving)
  const concerned = new Set(entry.subjects.flatMap((subject) => clustersOf(subject, clusters)))
  const resources = new Set<ResourceId>()
  for (const subject of entry.subjects) {
    for (const doc of await docsOf(deps, subject, clusters, concerned)) {
      if (!isOurs(doc, entry)) resources.add(doc.id)
    }
  }
  const noticed = { resources: [...resources].sort(), clusters: [...concerned].sort() }
  await send(deps, [
    ...noticed.resources.map((id) => nudgeOf(id, cause)),
    ...noticed.clusters.map((name) => clusterNudgeOf(name, cause)),
  ])
  if (resources.size + concerned.size > 0)
    deps.log.info({ method: entry.method, ...noticed, trace: cause.trace }, 'audit-log entry noticed')
  return noticed
}

/** Whoever started the operation waits for it, or has waited for it, and looked. */
function isOurs(doc: ResourceDoc, { operation }: AuditEntry): boolean {
  return operation !== null && (doc.operation?.name === operation || doc.lastOperation === operation)
}

/** The clusters that must look at their machines again. */
function clustersOf(subject: AuditSubject, clusters: readonly ClusterDoc[]): string[] {
  switch (subject.about) {
    case 'resource':
    case 'object':
      return []
    case 'cluster':
      return clustersAt(clusters, subject).map(({ name }) => name)
    case 'machines': {
      const here = clusters.filter(
        ({ registration }) => subject.project === null || registration.project === subject.project,
      )
      const byName = here.filter((cluster) => bearsName(cluster, subject.name))
      // A lone machine that bears no cluster's name is no node; a group's name may say nothing about its cluster.
      const chosen = byName.length > 0 || !subject.group ? byName : here
      return chosen.map(({ name }) => name)
    }
    default:
      return subject satisfies never
  }
}

/** By the GKE name of the registration; one that was registered without it may be any of its project. */
function clustersAt(
  clusters: readonly ClusterDoc[],
  at: { project: string | null; location: string; cluster: string },
): ClusterDoc[] {
  const exact = clusters.filter(({ registration: { gke } }) => {
    const [, project, , location, , cluster] = gke?.split('/') ?? []
    return cluster === at.cluster && location === at.location && (at.project === null || project === at.project)
  })
  if (exact.length > 0) return exact
  const nameless = clusters.filter(
    ({ registration }) =>
      registration.gke === undefined && (at.project === null || registration.project === at.project),
  )
  const byName = nameless.filter(({ name }) => name === at.cluster)
  return byName.length > 0 ? byName : nameless
}

/** GKE names nodes and their groups `gke-CLUSTER-POOL-HASH`, and cuts long names: the first letters must do. */
function bearsName({ name, registration }: ClusterDoc, machine: string): boolean {
  const cluster = registration.gke?.split('/').at(-1) ?? name
  return machine.startsWith(`gke-${cluster.slice(0, 15)}`)
}

/** The documents that an entry may concern, and no more of them than can be asked about at once. */
async function docsOf(
  deps: Deps,
  subject: AuditSubject,
  clusters: readonly ClusterDoc[],
  concerned: ReadonlySet<string>,
): Promise<ResourceDoc[]> {
  switch (subject.about) {
    case 'resource': {
      const kinds = deps.kinds.filter((kind) => kind.collections?.includes(subject.collection))
      const places = clusters.map(whereaboutsOf)
      const ids = kinds.flatMap((kind) =>
        (subject.project === null ? projectsOf(kind, deps.project, places) : [subject.project]).map((project) =>
          resourceId(kind.name, project, ...(subject.zone === null ? [] : [subject.zone]), subject.name),
        ),
      )
      return (await deps.store.getAll('resources', ids)).filter((doc) => doc !== undefined)
    }
    case 'machines': {
      // A group that came is what a resource of that cluster may be waiting for.
      const unfinished = await deps.store.find(queries.dueResources(Number.MAX_SAFE_INTEGER, mostUnfinished))
      return unfinished.filter(
        (doc) => doc.kind === 'cluster-ingress' && concerned.has(splitResourceId(doc.id).path[0] ?? ''),
      )
    }
    case 'object': {
      const found: ResourceDoc[] = []
      for (const cluster of clustersAt(clusters, subject)) {
        const prefix = `cluster-ingress/${cluster.name}/${subject.namespace}/`
        if (subject.ingress !== null) {
          const doc = await deps.store.get('resources', `${prefix}${subject.ingress}`)
          if (doc !== undefined) found.push(doc)
          continue
        }
        const page = await deps.store.find(queries.resourcesOfKind('cluster-ingress', prefix))
        found.push(...page.slice(0, mostInNamespace).filter((doc) => doc.id.startsWith(prefix)))
      }
      return found
    }
    case 'cluster':
      return []
    default:
      return subject satisfies never
  }
}
