import type { BackendRef, IngressModel } from '../ingress/model.ts'
import type { Problem } from '../state/documents.ts'
import type { ClusterFacts } from './facts.ts'
import type { Scheme } from './layout.ts'
import { asksForNegs, negRequest } from './negs.ts'
import { placesOf, type Place, type ServiceLayout } from './service-layout.ts'

/** What keeps services from being served, in words: problems refuse a plan, gaps and clusters without groups degrade it. */

/** Why a backend can be served from nowhere: no cluster that answered has it. */
export function nowhere(model: IngressModel, ref: BackendRef, clusters: readonly ClusterFacts[]): Problem[] {
  const seen = clusters.filter((cluster) => cluster.view !== null && Object.hasOwn(cluster.view.services, ref.service))
  const where = `service ${model.namespace}/${ref.service}`
  if (clusters.length > 0 && seen.length === 0) {
    return [
      {
        where,
        message: `no selected cluster has answered yet: ${clusters.map((cluster) => `${cluster.doc.name} (${cluster.trouble ?? 'not seen'})`).join(', ')}`,
      },
    ]
  }
  const withService = seen.filter((cluster) => cluster.view?.services[ref.service]?.found === true)
  const inAll = seen.map((cluster) => cluster.doc.name).join(', ')
  if (withService.length === 0)
    return [
      { where, message: `does not exist in any selected cluster (${inAll}): create it, or take it out of the Ingress` },
    ]
  const ports = withService.flatMap((cluster) => {
    const service = cluster.view?.services[ref.service]
    return service?.found === true
      ? service.ports.map((port) => (port.name === '' ? String(port.port) : `${port.port} (${port.name})`))
      : []
  })
  return [
    {
      where,
      message: `has no port ${ref.port} in any selected cluster; it has ${[...new Set(ports)].join(', ') || 'none'}`,
    },
  ]
}

/** Clusters that answered and lack a service or port that others have: they serve what they can. */
export function gaps(model: IngressModel, ref: BackendRef, port: number, clusters: readonly ClusterFacts[]): Problem[] {
  return clusters.flatMap((cluster) => {
    if (cluster.view === null) return []
    const service = cluster.view.services[ref.service]
    const where = `cluster ${cluster.doc.name}`
    // It stopped answering before it could be asked, which is said elsewhere: no answer is not an empty answer.
    if (service === undefined) return []
    if (!service.found)
      return [{ where, message: `has no service ${model.namespace}/${ref.service}: other clusters serve it` }]
    if (!service.ports.some((candidate) => candidate.port === port))
      return [
        {
          where,
          message: `service ${model.namespace}/${ref.service} has no port ${ref.port}: other clusters serve it`,
        },
      ]
    return []
  })
}

/** A cluster whose in-cluster controller does not act: the others serve. */
export function withoutGroups(cluster: ClusterFacts): Problem[] {
  if (cluster.view?.groups.state !== 'overdue') return []
  return [
    {
      where: `cluster ${cluster.doc.name}`,
      message:
        'its in-cluster controller has written no instance groups, so it does not serve: is the GKE Ingress controller (HttpLoadBalancing) enabled there?',
    },
  ]
}

/** A service that exists and yet cannot be reached by instance groups anywhere. */
export function cannotServe(
  model: IngressModel,
  service: Pick<ServiceLayout, 'name' | 'port' | 'mode'>,
  clusters: readonly ClusterFacts[],
): Problem[] {
  if (service.mode === 'neg') return []
  const where = `service ${model.namespace}/${service.name}`
  return placesOf(service.name, service.port, clusters).flatMap(({ cluster: { doc, view }, neg, port }) => {
    if (negRequest(neg).ingress) {
      return [
        {
          where,
          message: `uses network endpoint groups in cluster ${doc.name} (annotation cloud.google.com/neg), for which there are no instance groups: set it to {"ingress":false} there`,
        },
      ]
    }
    const fact = view?.services[service.name]
    // The cluster gives it one when it is made.
    if (fact?.found === true && fact.unmade === true) return []
    if (port.nodePort === null)
      return [
        {
          where,
          message: `has type ${fact?.found === true ? fact.type : 'unknown'} and no NodePort in cluster ${doc.name}: make its type NodePort, or ask for network endpoint groups with the annotation cloud.google.com/neg: {"ingress":true} on the Service in every cluster`,
        },
      ]
    return []
  })
}

/** Clusters whose in-cluster controller has made no network endpoint groups for a service: the others serve. */
export function withoutNegs(
  model: IngressModel,
  { name, port, mode }: Pick<ServiceLayout, 'name' | 'port' | 'mode'>,
  places: readonly Place[],
): Problem[] {
  if (mode !== 'neg') return []
  return places.flatMap(({ cluster: { doc, view }, negs = [], neg }) => {
    if (negs.length > 0 || view?.lacking?.overdue !== true) return []
    const how = asksForNegs(neg, port)
      ? 'is the GKE Ingress controller (HttpLoadBalancing) enabled there?'
      : 'set the annotation cloud.google.com/neg: {"ingress":true} on the Service there'
    return [
      {
        where: `cluster ${doc.name}`,
        message: `has no network endpoint groups for service ${model.namespace}/${name}:${port}, so it does not serve it: ${how}`,
      },
    ]
  })
}

/** Of network endpoint groups: zones that serve without, and what cannot be read or be opened to. */
export function negNotices(
  model: IngressModel,
  service: Pick<ServiceLayout, 'name' | 'port' | 'mode' | 'backends'>,
  places: readonly Place[],
): Problem[] {
  if (service.mode !== 'neg') return []
  const what = `service ${model.namespace}/${service.name}:${service.port}`
  const missing = service.backends.flatMap(({ cluster, groups }) =>
    groups
      .filter((group) => group.missing === true)
      .map(({ zone, name }) => ({
        where: `cluster ${cluster}`,
        message: `network endpoint group ${name} of ${what} does not exist in zone ${zone}: the others serve, and it is taken in when it appears`,
      })),
  )
  const unread = places.flatMap(({ cluster, capacity, port }) => [
    ...capacity.problems.map((message) => ({ where: `cluster ${cluster.doc.name}`, message: `${what}: ${message}` })),
    ...(port.targets?.length === 0
      ? [
          {
            where: `cluster ${cluster.doc.name}`,
            message: `${what} names a port of its pods, and there are no pods yet that say its number: the firewall rule opens it when there are`,
          },
        ]
      : []),
  ])
  return [...missing, ...unread]
}

/** What a scheme cannot be, or cannot do. */
export function schemeProblems(model: IngressModel, scheme: Scheme): Problem[] {
  const problems: Problem[] = []
  if (model.settings.scheme !== null && model.settings.scheme !== scheme) {
    problems.push({
      where: 'annotation multicluster-ingress.io/scheme',
      message: `the load balancer exists with the scheme ${scheme}, which cannot be changed: take the annotation away, or choose another load balancer name`,
    })
  }
  if (scheme === 'EXTERNAL' && model.defaultBackend === null) {
    problems.push({
      where: 'spec.defaultBackend',
      message:
        'the classic scheme (EXTERNAL) needs a default backend: add spec.defaultBackend, or use the scheme EXTERNAL_MANAGED',
    })
  }
  return problems
}
