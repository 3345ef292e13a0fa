import { backendRefs, ingressId, type BackendRef, type IngressModel } from '../ingress/model.ts'
import { resourceId, type ResourceId } from '../resource-id.ts'
import type { IngressDoc, Problem } from '../state/documents.ts'
import { layCertificates, type CertificateLayout } from './certificates.ts'
import { cannotServe, gaps, negNotices, nowhere, withoutGroups, withoutNegs, schemeProblems } from './complaints.ts'
import { frontendConfigOf } from './configs.ts'
import { homeOf, needManagedScheme } from './homes.ts'
import { modeOf } from './modes.ts'
import { layMoving, moves, type Moving } from './moving.ts'
import { negKey } from './negs.ts'
import { layNetworks, type NetworkLayout } from './networks.ts'
import type { ClusterFacts, Facts } from './facts.ts'
import { defaultLoadBalancer, loadBalancerNames, names, type LoadBalancerNames } from './names.ts'
import { backendServiceNames, placesOf, portNumber, type ServiceLayout } from './service-layout.ts'

export type { ServiceBackend, ServiceLayout } from './service-layout.ts'

/** The scheme of a load balancer, the same in its forwarding rules and backend services. */
export type Scheme = 'EXTERNAL_MANAGED' | 'EXTERNAL'

/**
 * The load balancer of one Ingress, laid out: which services, served from where, under which names. The kinds read their
 * wants off it. Pure, and in a stable order.
 */
export interface Layout {
  /** `namespace/name` of the Ingress. */
  ingress: string
  model: IngressModel
  /** The load balancer's name. */
  lb: string
  /** Names of what there is once per load balancer, kubemci's where it made them. */
  names: LoadBalancerNames
  project: string
  scheme: Scheme
  services: ServiceLayout[]
  /** Services as they served before they moved, while their old backend services are still there. */
  lingering: ServiceLayout[]
  clusters: ClusterLayout[]
  /** Clusters that no longer serve, while their part is being taken down. */
  leaving: ClusterFacts[]
  /** The networks of all these, each with the name of its firewall rule. */
  networks: NetworkLayout[]
  /** Certificates of the HTTPS front end in their order; none = no such front end. */
  certificates: CertificateLayout[]
  /** Certificates of before that stay attached until those above can serve. */
  retained: ResourceId[]
  /** The code by which HTTP redirects to HTTPS; null = it does not. */
  redirect: string | null
  /** SSL policy of the HTTPS front end; '' = none, null = left alone. */
  sslPolicy: string | null
  /** The address resource, reserved by us or named by the user. */
  address: AddressLayout
  ip: string | null
  /** The IPv6 address, always ours; null = IPv4 only. */
  address6: AddressLayout | null
  ip6: string | null
  /** Resolves what the manifest says to a service of `services`; undefined only for refused plans. */
  service(ref: BackendRef): ServiceLayout | undefined
}

/** One address of the front end. */
export interface AddressLayout {
  id: ResourceId
  name: string
  ours: boolean
}

/** One selected cluster. */
export interface ClusterLayout {
  name: string
  facts: ClusterFacts
  drained: boolean
  /** The matching Ingress object there. */
  ingressId: ResourceId
}

/** What laying out came to. Problems refuse the plan; warnings degrade it; notices are worth knowing. */
export interface LaidOut {
  layout: Layout
  problems: Problem[]
  warnings: Problem[]
  notices: Problem[]
  /** What each service's backends are, and why. */
  modes: Problem[]
}

/** What of an Ingress's document a layout depends on. */
export type LaidDoc = Pick<IngressDoc, 'model' | 'names' | 'living' | 'generation' | 'plannedGeneration'>

/** The parts of a layout that need no facts: names and ids. */
export function nameLayout(
  doc: Pick<IngressDoc, 'model' | 'names'>,
  facts: Pick<Facts, 'project'>,
): Pick<Layout, 'ingress' | 'lb' | 'names' | 'address' | 'address6'> {
  const { model } = doc
  const lb = loadBalancerOf(model)
  const address = (name: string, ours: boolean): AddressLayout => ({
    id: resourceId('address', facts.project, name),
    name,
    ours,
  })
  const { staticIp, ipVersions } = model.settings
  return {
    ingress: ingressId(model),
    lb,
    names: loadBalancerNames(lb, doc.names),
    address: address(staticIp ?? names.address(lb), staticIp === null),
    address6: ipVersions.includes('IPV6') ? address(names.address6(lb), true) : null,
  }
}

/** The name of an Ingress's load balancer. */
export function loadBalancerOf(model: IngressModel): string {
  return model.settings.loadBalancer ?? defaultLoadBalancer(model.namespace, model.name)
}

/** The id of the matching Ingress object in a cluster. */
export function clusterIngressId(cluster: string, model: { namespace: string; name: string }): ResourceId {
  return resourceId('cluster-ingress', cluster, model.namespace, model.name)
}

/** The id of the status of that object. */
export function clusterStatusId(cluster: string, model: { namespace: string; name: string }): ResourceId {
  return resourceId('cluster-status', cluster, model.namespace, model.name)
}

/**
 * Lays out an Ingress over clusters that have all been seen, or been given up on for now. Without clusters (the last one
 * was taken out on purpose) what those that served say still tells what the services are like.
 */
export function layOut(
  doc: LaidDoc,
  clusters: readonly ClusterFacts[],
  drained: readonly string[],
  facts: Facts,
): LaidOut {
  const { model } = doc
  const named = nameLayout(doc, facts)
  const out = facts.clusters.filter((cluster) => cluster.view !== null && !clusters.includes(cluster))
  const known = clusters.length > 0 ? clusters : out
  const leaving = clusters.length > 0 ? out : []
  const fresh = doc.plannedGeneration < doc.generation
  const problems: Problem[] = []
  const warnings: Problem[] = []
  const notices: Problem[] = []
  const modes: Problem[] = []
  const services = new Map<string, Moving>()
  const byRef = new Map<string, ServiceLayout>()
  const context = {
    lb: named.lb,
    model,
    project: facts.project,
    kept: doc.names,
    drained,
    served: facts.served,
  }
  const resolved: { ref: BackendRef; port: number; project: string }[] = []
  for (const ref of backendRefs(model)) {
    const port = portNumber(ref, known)
    const found = port === undefined ? [] : placesOf(ref.service, port, known)
    if (port === undefined || found.length === 0) {
      problems.push(...nowhere(model, ref, known))
      continue
    }
    const key = negKey(ref.service, port)
    const laid = services.get(key)
    const where = `service ${model.namespace}/${ref.service}`
    if (laid === undefined) {
      const home = homeOf({
        where,
        places: placesOf(ref.service, port, clusters),
        known: found,
        project: facts.project,
        backendServices: backendServiceNames(context, ref.service, port, found),
        served: facts.served,
        fresh,
      })
      problems.push(...home.problems)
      warnings.push(...home.warnings)
      if (home.known.length === 0) continue
      const decision = modeOf(model.settings.backends, port, home.known)
      if (decision.is === 'mixed') {
        problems.push({ where, message: decision.message })
        continue
      }
      const places = {
        places: home.places,
        leaving: placesOf(ref.service, port, leaving),
        known: home.known,
      }
      // What kubemci made is in the load balancer's project.
      const kept = home.project === facts.project ? doc.names : {}
      const made = layMoving(
        { ...context, project: home.project, kept },
        ref.service,
        port,
        decision.mode,
        places,
        facts.standing,
      )
      services.set(key, made)
      modes.push({ where: `${where}:${port}`, message: `${decision.why}${made.retained === null ? '' : moves(made)}` })
      warnings.push(...keepOneServing(model, made.wanted))
      if (made.retained !== null) keepOneServing(model, made.retained)
      problems.push(...cannotServe(model, made.wanted, clusters))
      warnings.push(...withoutNegs(model, made.wanted, places.places))
      notices.push(...negNotices(model, made.wanted, places.places))
    }
    const { wanted, retained } = services.get(key) ?? {}
    const serving = retained ?? wanted
    if (serving !== undefined) byRef.set(`${ref.service}:${ref.port}`, serving)
    resolved.push({ ref, port, project: serving?.project ?? facts.project })
  }
  for (const { ref, port, project } of resolved) {
    // A cluster of another project could not serve it, but has something else to serve.
    const homes = new Set(resolved.map((one) => one.project))
    const able = clusters.filter(
      ({ doc: { registration } }) => registration.project === project || !homes.has(registration.project),
    )
    warnings.push(...gaps(model, ref, port, able))
  }
  const list = [...services.values()]
    .flatMap(({ wanted, retained }) => (retained === null ? [wanted] : [wanted, retained]))
    .sort((a, b) => (a.backendServiceName < b.backendServiceName ? -1 : 1))
  // What is wrong with settings refuses a spec that does not serve yet; one that serves goes on with what was last good.
  const frontend = frontendConfigOf(model, known)
  const wrong = fresh ? problems : warnings
  const wanted = list.filter(({ role }) => role !== 'retained')
  wrong.push(...wanted.flatMap((service) => service.configWrong), ...frontend.wrong)
  warnings.push(...clusters.flatMap(withoutGroups))
  const scheme = doc.living?.scheme ?? model.settings.scheme ?? 'EXTERNAL_MANAGED'
  problems.push(...schemeProblems(model, scheme), ...needManagedScheme(model, scheme, list, facts.project))
  const secure = layCertificates({ lb: named.lb, model, clusters: known, facts, kept: doc.names, fresh })
  problems.push(...secure.problems)
  const { enabled: redirects = false, code = 'MOVED_PERMANENTLY_DEFAULT' } = frontend.config?.redirect ?? {}
  const hasHttps = secure.certificates.length > 0
  if (redirects && !hasHttps) wrong.push(redirectToNothing(model))
  return {
    layout: {
      ...named,
      model,
      project: facts.project,
      scheme,
      services: list,
      lingering: [...services.values()].flatMap(({ lingering }) => lingering ?? []),
      clusters: clusters.map((cluster) => ({
        name: cluster.doc.name,
        facts: cluster,
        drained: drained.includes(cluster.doc.name),
        ingressId: clusterIngressId(cluster.doc.name, model),
      })),
      leaving,
      networks: layNetworks({
        lb: named.lb,
        plain: named.names.firewall,
        kept: doc.names,
        clusters: [...clusters, ...leaving],
      }),
      certificates: secure.certificates,
      retained: secure.retained,
      redirect: redirects && hasHttps && model.settings.allowHttp ? code : null,
      sslPolicy: frontend.config?.sslPolicy ?? null,
      ip: facts.ip,
      ip6: facts.ip6,
      service: (ref) => byRef.get(`${ref.service}:${ref.port}`),
    },
    problems,
    warnings,
    notices: [
      ...secure.notices,
      ...frontend.notices,
      ...notices,
      ...wanted.flatMap((service) => service.configNotices),
    ],
    modes,
  }
}

function redirectToNothing({ namespace, settings }: IngressModel): Problem {
  return {
    where: `FrontendConfig ${namespace}/${settings.frontendConfig ?? ''}`,
    message: 'redirects to HTTPS, which is not served: add a certificate (spec.tls or an annotation)',
  }
}

/** The API takes no capacity away from the last backend, and nobody would answer: a service that only drained clusters have stays. */
function keepOneServing(model: IngressModel, service: ServiceLayout): Problem[] {
  if (service.backends.length === 0 || service.backends.some((backend) => !backend.drained)) return []
  for (const backend of service.backends) backend.drained = false
  return service.backends.map(({ cluster }) => ({
    where: `cluster ${cluster}`,
    message: `is not drained of service ${model.namespace}/${service.name}: no other cluster serves it`,
  }))
}
