import { backendKey, backendRefs, type BackendRef, type IngressModel } from '../ingress/model.ts'
import { splitResourceId, type ResourceId } from '../resource-id.ts'
import type { Problem } from '../state/documents.ts'
import { servedIn } from './derived.ts'
import type { ClusterFacts, Facts } from './facts.ts'
import type { Place } from './service-layout.ts'

/** The project of one port of a service, and what of it is there. */
export interface Home {
  project: string
  /** Places that can serve, and those that say what it is like. */
  places: Place[]
  known: Place[]
  problems: Problem[]
  warnings: Problem[]
}

/**
 * In which project a service's backend services and health checks live. The API refuses groups of another project in a backend
 * service, so it is the project of its clusters; a URL map may refer to a backend service of another project (cross-project
 * service referencing, EXTERNAL_MANAGED only). Once a service is served it stays in its project until a new spec is published,
 * so that neither a cluster that is registered later nor a Service that goes for a while moves traffic to somebody else's.
 */
export function homeOf(of: {
  /** `service namespace/name`, for messages. */
  where: string
  places: readonly Place[]
  known: readonly Place[]
  /** The load balancer's project, which is taken where several would do. */
  project: string
  /** The names that its backend services can have. */
  backendServices: readonly string[]
  served: Facts['served']
  /** The spec has not been served yet. */
  fresh: boolean
}): Home {
  const { where, fresh } = of
  const candidates = [...new Set((of.places.length > 0 ? of.places : of.known).map(projectOf))].sort()
  const serving = Object.keys(of.served ?? {}).flatMap((id) => {
    const [project = '', name = ''] = splitResourceId(id as ResourceId).path
    return of.backendServices.includes(name) ? [project] : []
  })
  const project =
    candidates.find((one) => serving.includes(one)) ??
    (fresh ? undefined : serving[0]) ??
    (candidates.includes(of.project) ? of.project : (candidates[0] ?? of.project))
  const atHome = (place: Place): boolean => projectOf(place) === project
  const places = of.places.filter(atHome)
  const known = of.known.filter(atHome)
  const strays = of.places.filter((place) => !atHome(place))
  const left = known.length === 0
  return {
    project,
    places,
    known,
    problems: left
      ? [hasLeft(where, project, strays)]
      : fresh && strays.length > 0
        ? [isInSeveral(where, of.places)]
        : [],
    warnings: left || fresh ? [] : strays.map((stray) => cannotJoin(where, project, stray)),
  }
}

function projectOf({ cluster }: Place): string {
  return cluster.doc.registration.project
}

/** A new spec whose service would need backends of several projects is a mistake. */
function isInSeveral(where: string, places: readonly Place[]): Problem {
  const byProject = [...Map.groupBy(places, projectOf)].sort(([a], [b]) => (a < b ? -1 : 1))
  const list = byProject.map(
    ([project, here]) => `${project}: ${here.map(({ cluster }) => cluster.doc.name).join(', ')}`,
  )
  return {
    where,
    message: `is in clusters of several projects (${list.join('; ')}), and a backend service takes no backends of another project: select clusters of one project (annotation multicluster-ingress.io/clusters), or give the Service another name in the other project`,
  }
}

/** One that serves goes on from where it does. */
function cannotJoin(where: string, project: string, stray: Place): Problem {
  return {
    where: `cluster ${stray.cluster.doc.name}`,
    message: `is in project ${projectOf(stray)} and cannot serve ${where}, whose backends are in project ${project}: a backend service takes no backends of another project`,
  }
}

/** It is nowhere any more but in clusters that cannot join. */
function hasLeft(where: string, project: string, strays: readonly Place[]): Problem {
  const list = strays.map((stray) => `${stray.cluster.doc.name} (project ${projectOf(stray)})`)
  return {
    where,
    message: `is in no cluster of project ${project} any more, where its backends are, but in ${list.join(', ')}: publish the Ingress again to have it served from there`,
  }
}

/**
 * Services, by name, that a cluster of `project` could not serve, because they are served in other projects; none for a cluster
 * that would have nothing left.
 */
export function servedElsewhere(services: readonly { name: string; project: string }[], project: string): string[] {
  const here = new Set(services.filter((service) => service.project === project).map(({ name }) => name))
  if (here.size === 0) return []
  return [...new Set(services.map(({ name }) => name))].filter((name) => !here.has(name)).sort()
}

/**
 * An Ingress as one cluster can serve it, without Services that are served elsewhere, and without those, or their ports, that the
 * cluster was seen to lack: the in-cluster controller does nothing at all for an Ingress that names one which is not there.
 * Where nothing would be left, and of Services that are ours to make, none is left out for lacking.
 */
export function asServedIn(
  model: IngressModel,
  { doc, view }: Pick<ClusterFacts, 'doc' | 'view'>,
  elsewhere: readonly string[],
): IngressModel {
  const isLacked = ({ service, port }: BackendRef): boolean => {
    const fact = view?.services[service]
    if (fact === undefined || servedIn(model, doc) !== undefined) return false
    return !fact.found || !fact.ports.some((one) => one.port === port || one.name === port)
  }
  const home = backendRefs(model).filter(({ service }) => !elsewhere.includes(service))
  const there = home.filter((ref) => !isLacked(ref))
  return withOnly(model, there.length > 0 ? there : home)
}

function withOnly(model: IngressModel, refs: readonly BackendRef[]): IngressModel {
  const keys = new Set(refs.map(backendKey))
  const isHere = (ref: BackendRef): boolean => keys.has(backendKey(ref))
  return {
    ...model,
    defaultBackend: model.defaultBackend !== null && isHere(model.defaultBackend) ? model.defaultBackend : null,
    rules: model.rules
      .map((rule) => ({ ...rule, paths: rule.paths.filter((path) => isHere(path.backend)) }))
      .filter((rule) => rule.paths.length > 0),
  }
}

/** A URL map of the classic scheme refers to backend services of its own project only. */
export function needManagedScheme(
  { namespace }: IngressModel,
  scheme: 'EXTERNAL' | 'EXTERNAL_MANAGED',
  services: readonly { name: string; project: string }[],
  loadBalancers: string,
): Problem[] {
  if (scheme === 'EXTERNAL_MANAGED') return []
  return services
    .filter(({ project }) => project !== loadBalancers)
    .map(({ name, project }) => ({
      where: `service ${namespace}/${name}`,
      message: `is served by clusters of project ${project} only: a load balancer of project ${loadBalancers} can refer to it with the scheme EXTERNAL_MANAGED, and this one has EXTERNAL`,
    }))
}
