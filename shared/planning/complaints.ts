import type { BackendRef, IngressModel } from '../ingress/model.ts'
import type { Problem } from '../state/documents.ts'
import type { ClusterFacts } from './facts.ts'

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
  service: { name: string; port: number },
  clusters: readonly ClusterFacts[],
): Problem[] {
  const where = `service ${model.namespace}/${service.name}`
  return clusters.flatMap((cluster) => {
    const fact = cluster.view?.services[service.name]
    if (fact?.found !== true) return []
    const port = fact.ports.find((candidate) => candidate.port === service.port)
    if (port === undefined) return []
    if (servedByNegs(fact.neg)) {
      return [
        {
          where,
          message: `uses network endpoint groups in cluster ${cluster.doc.name} (annotation cloud.google.com/neg), for which there are no instance groups: set it to {"ingress":false} there`,
        },
      ]
    }
    if (port.nodePort === null)
      return [
        {
          where,
          message: `has type ${fact.type} and no NodePort in cluster ${cluster.doc.name}: make its type NodePort`,
        },
      ]
    return []
  })
}

function servedByNegs(annotation: string | null): boolean {
  if (annotation === null) return false
  try {
    const parsed: unknown = JSON.parse(annotation)
    return parsed !== null && typeof parsed === 'object' && (parsed as { ingress?: unknown }).ingress === true
  } catch {
    return false
  }
}
