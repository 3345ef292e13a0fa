import { backendGroups, type BackendServiceGroups } from './backends.ts'
import { healthKey, type GroupHealth, type HealthTarget } from './health.ts'
import { nearest } from './nearest.ts'
import type { Sources } from './sources.ts'
import type { IngressStatus } from './status.ts'
import type { Condition } from '../state/documents.ts'

/**
 * For so long after what serves has changed nobody is blamed for being unhealthy: health checks need their first rounds.
 * It ends early for a cluster that was seen healthy since its backends last changed. Milliseconds.
 */
export const healthGrace = 30_000

/** An answer about health that is younger counts as of now; milliseconds. */
const asOfNow = 15_000

/** Healthy and all members; null = not known. */
export interface Count {
  healthy: number | null
  total: number | null
}

/** A cluster with what is known of its backends. */
export type ServingCluster = IngressStatus['clusterStates'][number] &
  Count & {
    zoneStates: (Count & { zone: string })[]
    /** Clusters that take over its requests, nearest first; empty while it serves its own. */
    requestsGoTo: string[]
  }

/** A Kubernetes service with what is known of its backends. */
export type ServingService = Count & {
  namespace: string
  name: string
  port: string
  backendService: string
  clusters: (Count & { name: string })[]
}

/** A status with health in it. */
export interface Serving extends Omit<IngressStatus, 'clusterStates'> {
  clusterStates: ServingCluster[]
  services: ServingService[]
  health: {
    /** Of the oldest answer that is shown, when it is not of now; milliseconds. */
    asOf: number | null
    /** Why some of it is not known; null = all of it is. */
    missing: string | null
  }
}

/** What getHealth is to be asked about: nothing before traffic can come, and only backend services that are there. */
export function healthTargets(sources: Sources): HealthTarget[] {
  if (!isOpen(sources)) return []
  return backendGroups(sources)
    .filter((service) => service.applied)
    .flatMap((service) => service.groups.map(({ group }) => targetOf(service, group)))
}

/** Pure: adds health to a status. A Ready Ingress with backends that nobody can reach is Degraded. */
export function withHealth(
  sources: Sources,
  status: IngressStatus,
  health: ReadonlyMap<string, GroupHealth>,
  now: number,
): Serving {
  const samples = samplesOf(sources, health)
  const seen = health.size === 0 ? [] : samples
  const open = isOpen(sources)
  const counted = status.clusterStates.map((cluster) => clusterWith(open ? cluster : notYet(cluster), seen))
  const since = quietSince(sources, status)
  const judged = counted.map((cluster): ServingCluster => {
    const own = seen.filter((sample) => sample.cluster === cluster.name)
    return cluster.state === 'Serving' && isDown(own, since, now)
      ? {
          ...cluster,
          state: 'Unhealthy',
          why: cluster.total === 0 ? 'it has no backends' : `none of its ${cluster.total ?? 0} backends is healthy`,
        }
      : cluster
  })
  const clusterStates = judged.map((cluster) => ({ ...cluster, requestsGoTo: othersFor(cluster, judged) }))
  const services = servicesOf(sources, seen)
  const troubles = [...clusterTroubles(clusterStates), ...serviceTroubles(services, seen, clusterStates, since, now)]
  const condition = conditionOf(troubles, seen, since, now)
  return {
    ...status,
    phase: status.phase === 'Ready' && troubles.length > 0 ? 'Degraded' : status.phase,
    clusterStates,
    services,
    conditions: condition === null ? status.conditions : [...status.conditions, condition],
    health: {
      asOf: ageOf(seen, now),
      missing: seen.flatMap(({ health }) => (health.known ? [] : [health.why]))[0] ?? null,
    },
  }
}

interface Sample {
  cluster: string | null
  zone: string
  service: BackendServiceGroups
  health: GroupHealth
}

function targetOf(service: BackendServiceGroups, group: string): HealthTarget {
  return { project: service.project, backendService: service.name, group }
}

function samplesOf(sources: Sources, health: ReadonlyMap<string, GroupHealth>): Sample[] {
  return backendGroups(sources).flatMap((service) =>
    service.groups.map(({ group, zone, cluster }) => ({
      cluster,
      zone,
      service,
      health: health.get(healthKey(targetOf(service, group))) ?? {
        known: false,
        why: `backend service ${service.name} is not there yet`,
      },
    })),
  )
}

/** What serves nobody yet waits. */
function notYet(cluster: IngressStatus['clusterStates'][number]): IngressStatus['clusterStates'][number] {
  return cluster.state === 'Serving'
    ? { ...cluster, state: 'Waiting', why: 'its part is there; the front end is not there yet' }
    : cluster
}

/** True once a front end is there. */
function isOpen({ resources }: Sources): boolean {
  return [...resources.values()].some((resource) => resource.kind === 'forwarding-rule' && resource.applied)
}

/**
 * Since when nothing about what serves has changed: the last change of a backend service's want, and of whether everything
 * was applied. While it is not, a front end that was only just made counts too.
 */
function quietSince(sources: Sources, status: IngressStatus): number {
  const programmed = status.conditions.find((condition) => condition.type === 'Programmed')
  const changes = backendGroups(sources).map((service) => service.claimedAt)
  const opened =
    programmed?.status === 'True'
      ? []
      : [...sources.resources.values()]
          .filter((resource) => resource.kind === 'forwarding-rule')
          .map((resource) => resource.updatedAt)
  return Math.max(0, programmed?.lastTransitionTime ?? 0, ...changes, ...opened)
}

/** Every member is known and none is healthy, and that is not because it has only just begun. */
function isDown(samples: readonly Sample[], since: number, now: number): boolean {
  const { healthy, total } = countOf(samples)
  if (healthy !== 0 || total === null) return false
  const wasHealthy = samples.some(
    ({ health, service }) => health.known && (health.lastHealthyAt ?? -1) > service.claimedAt,
  )
  return wasHealthy || now - since >= healthGrace
}

/** Not known as soon as a part of it is not known, or when there is nothing to count. */
function countOf(samples: readonly Sample[]): Count {
  let healthy = 0
  let total = 0
  for (const { health } of samples) {
    if (!health.known) return { healthy: null, total: null }
    healthy += health.healthy
    total += health.total
  }
  return samples.length === 0 ? { healthy: null, total: null } : { healthy, total }
}

function clusterWith(
  cluster: IngressStatus['clusterStates'][number],
  samples: readonly Sample[],
): Omit<ServingCluster, 'requestsGoTo'> & { requestsGoTo: string[] } {
  const own = samples.filter((sample) => sample.cluster === cluster.name)
  const zones = [...new Set([...cluster.zones, ...own.map(({ zone }) => zone)])].sort()
  return {
    ...cluster,
    ...countOf(own),
    zoneStates: zones.map((zone) => ({ zone, ...countOf(own.filter((sample) => sample.zone === zone)) })),
    requestsGoTo: [],
  }
}

/** A cluster that gets no requests leaves them to those that have healthy backends, or may have some. */
function othersFor(cluster: ServingCluster, all: readonly ServingCluster[]): string[] {
  const gives = cluster.state === 'Unhealthy' || cluster.state === 'Draining' || cluster.state === 'Removing'
  if (!gives) return []
  const others = all.filter(
    (other) =>
      other.name !== cluster.name &&
      (other.state === 'Serving' || other.state === 'Unreachable') &&
      other.healthy !== 0,
  )
  return nearest(cluster, others).map(({ name }) => name)
}

function servicesOf(sources: Sources, samples: readonly Sample[]): ServingService[] {
  return backendGroups(sources).flatMap(({ id, name, service }) => {
    if (service === null) return []
    const own = samples.filter((sample) => sample.service.id === id)
    const clusters = [...new Set(own.flatMap(({ cluster }) => cluster ?? []))].sort()
    return [
      {
        ...service,
        backendService: name,
        ...countOf(own),
        clusters: clusters.map((cluster) => ({
          name: cluster,
          ...countOf(own.filter((sample) => sample.cluster === cluster)),
        })),
      },
    ]
  })
}

function clusterTroubles(clusters: readonly ServingCluster[]): string[] {
  return clusters
    .filter((cluster) => cluster.state === 'Unhealthy')
    .map(({ name, why, requestsGoTo }) => `cluster ${name}: ${why}; ${whereTo(requestsGoTo)}`)
}

/** What the clusters' own state does not tell: a service without backends in a cluster that serves others. */
function serviceTroubles(
  services: readonly ServingService[],
  samples: readonly Sample[],
  clusters: readonly ServingCluster[],
  since: number,
  now: number,
): string[] {
  const serving = clusters.filter((cluster) => cluster.state === 'Serving')
  return services.flatMap(({ namespace, name, port, backendService }) =>
    serving.flatMap((cluster) => {
      const own = samples.filter((sample) => sample.service.name === backendService && sample.cluster === cluster.name)
      const total = countOf(own).total ?? 0
      return isDown(own, since, now)
        ? [`service ${namespace}/${name}:${port} has no healthy backend in cluster ${cluster.name}, of ${total}`]
        : []
    }),
  )
}

function whereTo(others: readonly string[]): string {
  return others.length === 0
    ? 'no other cluster can take its requests: they get an error from the load balancer'
    : `its requests go to ${others.length === 1 ? (others[0] ?? '') : `the nearest of ${others.join(', ')}`}`
}

function conditionOf(
  troubles: readonly string[],
  samples: readonly Sample[],
  since: number,
  now: number,
): Condition | null {
  if (samples.length === 0) return null
  const known = samples.flatMap(({ health }) => (health.known ? [health] : []))
  const base = { type: 'BackendsHealthy', lastTransitionTime: Math.max(since, ...known.map((health) => health.since)) }
  if (troubles.length > 0)
    return { ...base, status: 'False', reason: 'NoHealthyBackend', message: troubles.slice(0, 10).join('; ') }
  if (known.length < samples.length)
    return { ...base, status: 'Unknown', reason: 'NotKnown', message: 'The health of some backends could not be read' }
  if (
    known.every(({ healthy }) => healthy === 0) ||
    (now - since < healthGrace && known.some(({ healthy }) => healthy === 0))
  )
    return {
      ...base,
      status: 'Unknown',
      reason: 'Beginning',
      message: 'Not every backend has passed its first health checks',
    }
  return {
    ...base,
    status: 'True',
    reason: 'Healthy',
    message: 'Every serving cluster has a healthy backend for every service',
  }
}

function ageOf(samples: readonly Sample[], now: number): number | null {
  const times = samples.flatMap(({ health }) => (health.known ? [health.at] : []))
  const oldest = times.length === 0 ? now : Math.min(...times)
  return now - oldest > asOfNow ? oldest : null
}
