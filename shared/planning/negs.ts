import type { ServiceNegObject } from '../cloud/kubernetes-port.ts'
import { resourceId, type ResourceId } from '../resource-id.ts'
import type { ServiceFact } from './facts.ts'
import { isMapping } from '../ingress/fields.ts'
import { parseJson } from '../json.ts'
import { isResourceName } from './names.ts'

/** What a Service asks of the in-cluster controller by its annotation `cloud.google.com/neg` (peers: ingress-gce). */
export interface NegRequest {
  /** For every port that an Ingress refers to; then there are no instance groups for the Service. */
  ingress: boolean
  /** Ports with network endpoint groups of their own, whoever uses them. */
  ports: readonly number[]
}

/** An annotation is not read beyond this many characters. */
const longest = 100_000

/** Reads the annotation; what cannot be read asks for nothing, as in ingress-gce. */
export function negRequest(annotation: string | null): NegRequest {
  const parsed = members(annotation)
  const exposed = parsed['exposed_ports']
  return {
    ingress: parsed['ingress'] === true,
    ports:
      exposed !== null && typeof exposed === 'object'
        ? Object.keys(exposed)
            .filter((port) => /^\d{1,5}$/.test(port))
            .map(Number)
        : [],
  }
}

/** Whether network endpoint groups are asked for a port of a Service. */
export function asksForNegs(annotation: string | null, port: number): boolean {
  const { ingress, ports } = negRequest(annotation)
  return ingress || ports.includes(port)
}

/** One zonal network endpoint group, as a cluster names it. */
export interface NegFact {
  zone: string
  name: string
}

/** Names the Service's port of such an object (a label that ingress-gce writes). */
const portLabel = 'networking.gke.io/service-port'

/**
 * The groups of a Service by its ports: from the controller's objects, which are in time, and for a port without one from
 * the annotation `cloud.google.com/neg-status`, which lags. A group in a zone without nodes is INACTIVE and still named: what
 * leaves is decided by the nodes.
 */
export function negsOf(objects: readonly ServiceNegObject[], status: string | null): Record<string, NegFact[]> {
  const found = new Map<string, NegFact[]>()
  for (const { metadata, groups } of objects) {
    const port = metadata.labels?.[portLabel]
    if (port === undefined || metadata.deletionTimestamp !== undefined) continue
    const zones = groups.flatMap(({ selfLink, state }) => {
      const zone = /\/zones\/([^/]+)\//.exec(selfLink)?.[1]
      return zone === undefined || state === 'TO_BE_DELETED' ? [] : [{ zone, name: metadata.name }].filter(canBe)
    })
    if (zones.length > 0) found.set(port, [...(found.get(port) ?? []), ...zones])
  }
  for (const [port, negs] of statusNegs(status)) if (!found.has(port)) found.set(port, negs)
  return Object.fromEntries(
    [...found]
      .sort(([a], [b]) => Number(a) - Number(b))
      .map(([port, negs]) => [port, negs.sort((a, b) => (`${a.zone}/${a.name}` < `${b.zone}/${b.name}` ? -1 : 1))]),
  )
}

function statusNegs(status: string | null): [string, NegFact[]][] {
  const { network_endpoint_groups: byPort, zones } = members(status)
  if (byPort === null || typeof byPort !== 'object' || !Array.isArray(zones)) return []
  const known = zones.filter((zone): zone is string => typeof zone === 'string')
  return Object.entries(byPort).flatMap(([port, name]: [string, unknown]): [string, NegFact[]][] => {
    const negs = typeof name === 'string' ? known.map((zone) => ({ zone, name })).filter(canBe) : []
    return negs.length > 0 ? [[port, negs]] : []
  })
}

/** Whoever may edit the object may write anything here, and it becomes a part of URLs. */
function canBe({ zone, name }: NegFact): boolean {
  return isResourceName(zone) && isResourceName(name)
}

/** Whose a group is, as its description says. */
export interface NegOwner {
  /** The uid of the cluster's namespace kube-system. */
  cluster: string
  namespace: string
  service: string
  /** The Service's. */
  port: string
}

/**
 * Reads the description that ingress-gce gives a group when it makes it, and that nobody can change afterwards:
 * `{"cluster-uid","namespace","service-name","port"}`, all texts. null = it says nothing, as one that people made.
 */
export function negOwner(description: string | undefined): NegOwner | null {
  const said = members(description ?? null)
  const text = (member: string): string => {
    const value = said[member]
    return typeof value === 'string' ? value.slice(0, 300) : ''
  }
  const namespace = text('namespace')
  if (namespace === '') return null
  return { cluster: text('cluster-uid'), namespace, service: text('service-name'), port: text('port') }
}

/** How a port of a Service is written where it is waited for. */
export function negKey(service: string, port: number): string {
  return `${service}:${port}`
}

/** The resource that watches over one group. */
export function negId({ project, zone, name }: NegFact & { project: string }): ResourceId {
  return resourceId('network-endpoint-group', project, zone, name)
}

/** What the annotations of a Service say of its endpoints' capacity. */
export interface Capacity {
  /** Requests per second that one endpoint takes; null = it is not said. */
  rate: number | null
  /** Share of the capacity that is used, 0 or 0.1 to 1 (the API's limits); null = it is not said. */
  share: number | null
  /** What was written and cannot be used. */
  problems: string[]
}

const rateAnnotation = 'networking.gke.io/max-rate-per-endpoint'
const shareAnnotation = 'networking.gke.io/capacity-scaler'

/** Reads `networking.gke.io/max-rate-per-endpoint` and `networking.gke.io/capacity-scaler` (peers: ingress-gce). */
export function capacityOf({
  maxRate,
  capacity,
}: Pick<ServiceFact & { found: true }, 'maxRate' | 'capacity'>): Capacity {
  const problems: string[] = []
  const rate = maxRate === undefined ? null : Number(maxRate)
  const share = capacity === undefined ? null : Number(capacity)
  // ingress-gce takes 0 for a rate, the API does not: it is taken as not said.
  const goodRate = rate === null || (maxRate?.trim() !== '' && rate >= 0 && rate <= 1e14)
  const goodShare = share === null || (capacity?.trim() !== '' && (share === 0 || (share >= 0.1 && share <= 1)))
  if (!goodRate)
    problems.push(
      `annotation ${rateAnnotation}: "${(maxRate ?? '').slice(0, 40)}" is not a number of requests per second: it is left out`,
    )
  if (!goodShare)
    problems.push(
      `annotation ${shareAnnotation}: "${(capacity ?? '').slice(0, 40)}" is neither 0 nor from 0.1 to 1: it is left out`,
    )
  return { rate: goodRate && rate !== 0 ? rate : null, share: goodShare ? share : null, problems }
}

function members(annotation: string | null): Record<string, unknown> {
  const said = annotation === null || annotation.length > longest ? undefined : parseJson(annotation)
  return isMapping(said) ? said : {}
}
