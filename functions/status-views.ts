import { historyOf } from '../shared/engine/history.ts'
import type { Sources } from '../shared/engine/sources.ts'
import type { Serving } from '../shared/engine/serving.ts'
import type { IngressStatus } from '../shared/engine/status.ts'
import type { BackendRef } from '../shared/ingress/model.ts'
import type { CertificateFact } from '../shared/planning/facts.ts'
import type { ForwardingRule } from '../shared/cloud/compute-resources.ts'
import type { ResourceId } from '../shared/resource-id.ts'
import type { IngressDoc } from '../shared/state/documents.ts'
import type { Detail, Summary } from './dashboard/api-types.ts'
import { multiClusterStatusOf } from './status-multi-cluster.ts'

/**
 * The bodies of the status API (DESIGN section 8) and what the dashboard shows besides. Pure. Nothing in them depends on
 * the moment at which they are made, so that an unchanged status has an unchanged ETag.
 */

/** The line of an Ingress. */
export function summaryOf(
  doc: IngressDoc,
  { loadBalancer, phase, vip, clusters }: Pick<IngressStatus, 'loadBalancer' | 'phase' | 'vip' | 'clusters'>,
): Summary {
  const { namespace, name } = doc.model
  const updatedAt = time(Math.max(doc.updatedAt, doc.createdAt))
  return { namespace, name, loadBalancer, phase, vip, generation: doc.generation, clusters, updatedAt }
}

/** Everything of one Ingress. */
export function detailOf(sources: Sources, status: Serving): Detail {
  const { doc } = sources
  const wanted = new Map(sources.claims.map((claim) => [claim.resource, claim.want]))
  const multiCluster = multiClusterStatusOf(sources, status.vip)
  return {
    ...summaryOf(doc, status),
    ...(multiCluster === undefined ? {} : { status: multiCluster }),
    // Moves with every message that was taken, so that whoever published one can tell.
    publishedAt: time(Math.max(doc.source.publishedAt, doc.rejected?.publishedAt ?? 0)),
    mode: doc.model.settings.mode,
    resources: status.resources.map((resource) => ({
      ...resource,
      updatedAt: time(resource.updatedAt),
      waitingOn: sources.resources.get(resource.id)?.waitingOn ?? [],
      wanted: wanted.has(resource.id),
    })),
    clusterStates: status.clusterStates,
    services: status.services.map((service) => ({ ...service, backends: backendsOf(doc, service) })),
    health: { ...status.health, asOf: status.health.asOf === null ? null : time(status.health.asOf) },
    routes: routesOf(doc),
    frontEnds: frontEndsOf(sources, wanted),
    certificates: certificatesOf(sources),
    pending: pendingOf(sources, wanted),
    history: historyOf(sources).map((told) => ({ ...told, at: time(told.at) })),
    conditions: status.conditions.map((condition) => ({
      ...condition,
      lastTransitionTime: time(condition.lastTransitionTime),
    })),
  }
}

/** What the backends of a service are, and why, as the plan says it. */
function backendsOf({ plan }: IngressDoc, { namespace, name, port }: Serving['services'][number]): string | null {
  const where = `service ${namespace}/${name}:${port}`
  return plan?.modes?.find((mode) => mode.where === where)?.message ?? null
}

function routesOf({ model }: IngressDoc): Detail['routes'] {
  const to = ({ service, port }: BackendRef): string => `${service}:${port}`
  return [
    ...model.rules.flatMap((rule) =>
      rule.paths.map((path) => ({ host: rule.host, path: path.path, type: path.type, service: to(path.backend) })),
    ),
    ...(model.defaultBackend === null
      ? []
      : [{ host: '', path: '', type: 'default', service: to(model.defaultBackend) }]),
  ]
}

function frontEndsOf({ resources }: Sources, wanted: ReadonlyMap<ResourceId, unknown>): Detail['frontEnds'] {
  return [...resources.values()]
    .filter((resource) => resource.kind === 'forwarding-rule')
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ id, phase, applied }) => {
      const { IPAddress = null, portRange = '' } = (wanted.get(id) ?? {}) as ForwardingRule
      const port = Number(portRange.split('-')[0]) || null
      return { id, ip: IPAddress, port, protocol: port === 443 ? 'https' : 'http', phase, applied }
    })
}

function certificatesOf({ resources }: Sources): Detail['certificates'] {
  return [...resources.values()]
    .filter((resource) => resource.kind === 'ssl-certificate')
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ id, phase, why, output }) => {
      const fact = output as CertificateFact | null
      const expires = fact?.expires ?? null
      return {
        id,
        phase,
        why,
        status: fact?.status ?? null,
        hosts: fact?.hosts ?? [],
        expires: expires === null ? null : time(expires),
      }
    })
}

/** What has still to happen before everything is as wanted, by resource and by what the planner waits for. */
function pendingOf({ doc, resources }: Sources, wanted: ReadonlyMap<ResourceId, unknown>): Detail['pending'] {
  const open = [...resources.values()].filter((resource) => resource.phase !== 'Ready')
  return [
    ...(doc.plan?.waiting ?? []).map(({ where, message }) => ({
      id: null,
      step: 'plan' as const,
      why: `${where}: ${message}`,
    })),
    ...open.map(({ id, applied, why }) => ({
      id,
      step: !wanted.has(id) ? ('remove' as const) : applied ? ('change' as const) : ('create' as const),
      why,
    })),
  ]
}

/** RFC 3339 of milliseconds since the epoch. */
export function time(ms: number): string {
  return new Date(ms).toISOString()
}
