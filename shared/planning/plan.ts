import type { AnyKind, Desired, Held } from '../engine/kind.ts'
import { splitResourceId, type ResourceId } from '../resource-id.ts'
import type { IngressDoc, Problem } from '../state/documents.ts'
import { looksOf, type ClusterIngressWant, type ClusterModes } from './cluster-ingress.ts'
import type { ClusterFacts, Facts } from './facts.ts'
import { clusterIngressId, layOut, nameLayout, type Layout, type ServiceLayout } from './layout.ts'
import { routeProblems, routes } from './paths.ts'
import { restricted } from './derived.ts'
import { gceName, names, projectPath } from './names.ts'
import { select } from './select.ts'

/** What an Ingress wants of the world, as far as it is known. */
export type Plan =
  /** Clusters have still to say what they have; nothing but looks is wanted anew. */
  | { is: 'looking'; desired: Desired[]; waiting: Problem[]; warnings: Problem[] }
  /** Somebody must change something; what was wanted before stays wanted. */
  | { is: 'refused'; desired: Desired[]; problems: Problem[]; warnings: Problem[] }
  | {
      is: 'planned'
      layout: Layout
      desired: Desired[]
      held: Held[]
      waiting: Problem[]
      warnings: Problem[]
      /** Worth knowing; they degrade nothing. */
      notices: Problem[]
      /** What each service's backends are, and why. */
      modes: Problem[]
    }

/**
 * Pure: spec and facts to wanted resources. `earlier` are the present claims of the Ingress on clusters, which a plan that
 * is not ready keeps as they are, but for the Services to look at.
 */
export function plan(
  kinds: readonly AnyKind[],
  doc: IngressDoc,
  known: Facts,
  earlier: ReadonlyMap<ResourceId, ClusterIngressWant>,
): Plan {
  const { model } = doc
  const chosen = select(
    model,
    doc.selection,
    known.clusters.map((cluster) => cluster.doc),
  )
  // Of a cluster that serves some of the services, only those count.
  const facts = {
    ...known,
    clusters: known.clusters.map((one) => (chosen.names.includes(one.doc.name) ? restricted(model, one) : one)),
  }
  const clusters = facts.clusters
    .filter((cluster) => chosen.names.includes(cluster.doc.name))
    .sort((a, b) => (a.doc.name < b.doc.name ? -1 : 1))
  const looks = clusters.map((cluster) => look(cluster, model, earlier))
  const unknown = chosen.unknown.map((name) => ({
    where: `cluster ${name}`,
    message: 'is not registered: register it, or take it out of the selection',
  }))
  const warnings: Problem[] = []
  // A cluster that went away after its Ingress was put to work degrades it; a new spec that names an unknown one is a mistake.
  const emptied = clusters.length === 0 && unknown.length === 0 && doc.selection.excluded.length > 0
  const early = [
    ...nameProblems(nameLayout(doc, facts).lb),
    ...(emptied ? [] : noCluster(clusters, unknown)),
    ...unpublished(model),
  ]
  if (doc.plannedGeneration < doc.generation) early.push(...unknown)
  else warnings.push(...unknown)
  if (early.length > 0) return { is: 'refused', desired: looks, problems: early, warnings }

  warnings.push(...clusters.flatMap(unreachable))
  // One that does not answer holds nobody up, unless it may be serving already: planned without it, it would be taken out.
  const waitsForAll = takesOver(doc)
  const unseen = clusters.filter(
    (cluster) => (waitsForAll || answers(cluster)) && !hasSeen(cluster, looksOf(model, cluster)),
  )
  if (unseen.length > 0) {
    const waiting = unseen.map((cluster) => ({
      where: `cluster ${cluster.doc.name}`,
      message: answers(cluster)
        ? 'has not been looked at yet'
        : 'does not answer, and may be serving what is to be taken over: this goes on when it answers, or is not selected',
    }))
    return { is: 'looking', desired: looks, waiting, warnings }
  }

  const laidOut = layOut(doc, clusters, chosen.drained, facts)
  warnings.push(...laidOut.warnings)
  const problems = [...laidOut.problems]
  if (problems.length === 0) {
    const { layout } = laidOut
    // The longest form of every reference, and the default that takes more room: the API's own count is not known.
    const nowhere = { project: layout.project, backendServiceName: names.noBackend(layout.lb) }
    const url = ({ project, backendServiceName }: Pick<ServiceLayout, 'project' | 'backendServiceName'>): string =>
      `https://www.googleapis.com/compute/v1/${projectPath(project, 'backendServices', backendServiceName)}`
    const size = routes(model.rules, (ref) => url(layout.service(ref) ?? nowhere), null, url(nowhere))
    problems.push(...routeProblems(size, layout.scheme))
  }
  if (emptied) {
    warnings.push({
      where: 'clusters',
      message:
        'every cluster was taken out, so nothing is served: apply the Ingress with the clusters that shall serve it',
    })
    // What the services are like is known only while the clusters' parts are still there: then nothing is left to change.
    if (problems.length > 0) return { is: 'looking', desired: [], waiting: [], warnings }
  }
  // No answer is not an empty answer: while no cluster has ever answered, nobody has to correct anything.
  const unanswered = clusters.length > 0 && clusters.every(({ view, trouble }) => view === null && trouble !== null)
  if (problems.length > 0 && unanswered && clusters.some(({ asksAgain }) => asksAgain === true))
    return { is: 'looking', desired: looks, waiting: problems, warnings }
  if (problems.length > 0) return { is: 'refused', desired: looks, problems, warnings }
  const wants = kinds.flatMap((kind) => kind.desire(laidOut.layout))
  const held = wants.filter((want): want is Held => 'hold' in want)
  return {
    is: 'planned',
    layout: laidOut.layout,
    desired: wants.filter((want): want is Desired => !('hold' in want)),
    held,
    waiting: [
      ...held.filter(({ id }) => !follows(kinds, id)).map(({ id, hold }) => ({ where: id, message: hold })),
      ...laidOut.layout.leaving.flatMap(beingTakenOut),
    ],
    warnings,
    notices: laidOut.notices,
    modes: laidOut.modes,
  }
}

/** Nothing waits for what only tells of the others. */
function follows(kinds: readonly AnyKind[], id: ResourceId): boolean {
  return kinds.some((kind) => kind.follows === true && kind.name === splitResourceId(id).kind)
}

/** There is a load balancer already, and nothing is known here of what serves behind it. */
function takesOver({ living, plannedGeneration }: IngressDoc): boolean {
  return plannedGeneration === 0 && living !== null && living.scheme !== null
}

type Looked = ReturnType<typeof looksOf>

/** Looks at what the new spec names, while the object stays what the last good plan made it. */
function look(
  cluster: ClusterFacts,
  model: IngressDoc['model'],
  earlier: ReadonlyMap<ResourceId, ClusterIngressWant>,
): Desired<ClusterIngressWant> {
  const id = clusterIngressId(cluster.doc.name, model)
  const before = earlier.get(id)
  const modes: ClusterModes = {
    ...(before?.nodes === undefined ? {} : { nodes: before.nodes }),
    ...(before?.negs === undefined ? {} : { negs: before.negs }),
    ...(before?.groupless === undefined ? {} : { groupless: before.groupless }),
  }
  return { id, want: { ...looksOf(model, cluster), ...modes, object: before?.object ?? null }, refs: [] }
}

/** As far as is known: one whose machines could never be looked at does not. */
function answers({ doc, trouble }: ClusterFacts): boolean {
  return trouble === null && (doc.sight !== null || doc.unreachable === null)
}

/** Its machines too: planned without their network and tags, the firewall would be shut. */
function hasSeen(
  { doc, view }: ClusterFacts,
  { services, secrets = [], managedCertificates = [], frontendConfigs = [], oauthSecrets = [] }: Looked,
): boolean {
  return (
    doc.sight !== null &&
    view !== null &&
    services.every((service) => Object.hasOwn(view.services, service)) &&
    secrets.every((secret) => Object.hasOwn(view.secrets ?? {}, secret)) &&
    managedCertificates.every((name) => Object.hasOwn(view.managedCertificates ?? {}, name)) &&
    frontendConfigs.every((name) => Object.hasOwn(view.frontendConfigs ?? {}, name)) &&
    oauthSecrets.every((name) => Object.hasOwn(view.oauthClients ?? {}, name))
  )
}

function unreachable(cluster: ClusterFacts): Problem[] {
  const why = cluster.trouble ?? cluster.doc.unreachable?.why
  if (why === undefined) return []
  return [
    {
      where: `cluster ${cluster.doc.name}`,
      message: `does not answer as it should, what is known of it stays in place: ${why}`,
    },
  ]
}

/** The firewall narrows once a cluster's part is gone; one that does not answer holds nobody up. */
function beingTakenOut({ doc, trouble }: ClusterFacts): Problem[] {
  return trouble === null && doc.unreachable === null
    ? [{ where: `cluster ${doc.name}`, message: 'is being taken out' }]
    : []
}

function noCluster(clusters: readonly ClusterFacts[], unknown: readonly Problem[]): Problem[] {
  if (clusters.length > 0) return []
  if (unknown.length > 0) return [...unknown]
  return [{ where: 'clusters', message: 'no registered cluster is selected: register one, or change the selection' }]
}

function unpublished({ namespace, services = {} }: IngressDoc['model']): Problem[] {
  return Object.keys(services)
    .filter((name) => services[name] === null)
    .map((name) => ({
      where: `MultiClusterService ${namespace}/${name}`,
      message: 'has not been published: publish it, with the MultiClusterIngress or by itself',
    }))
}

function nameProblems(lb: string): Problem[] {
  if (gceName.test(lb)) return []
  return [
    {
      where: 'load balancer name',
      message: `"${lb}" cannot name Google Cloud resources (lower-case letters, digits and hyphens, a letter first, at most 63): set the annotation multicluster-ingress.io/load-balancer`,
    },
  ]
}
