import { hashOf } from '../json.ts'
import { ingressId, type BackendRef, type IngressModel } from '../ingress/model.ts'
import type { MultiClusterServiceModel } from '../ingress/multi-cluster-service.ts'
import type { ClusterDoc } from '../state/documents.ts'
import type { ClusterFacts } from './facts.ts'

/** A Service that a cluster gets for a MultiClusterService: derived from its template, as GKE does it. */
export interface DerivedService {
  /** The MultiClusterService. */
  of: string
  name: string
  labels: Record<string, string>
  annotations: Record<string, string>
  spec: {
    /** Endpoint groups need no port on the nodes. */
    type: 'NodePort' | 'ClusterIP'
    selector: Record<string, string>
    ports: { name?: string; port: number; targetPort: number | string; protocol: 'TCP' }[]
  }
}

/** On every derived Service: by this those of one MultiClusterIngress are found, whatever their names. */
export const derivedLabel = 'multicluster-ingress.io/derived-for'

/** The value of the label: an id does not fit into one. */
export function derivedFor(ingress: { namespace: string; name: string }): string {
  return hashOf(ingressId(ingress)).slice(0, 16)
}

/** What the Service itself tells: whose it is, and which MultiClusterService it comes from. */
const ingressAnnotation = 'multicluster-ingress.io/ingress'
export const ofAnnotation = 'multicluster-ingress.io/service'

/** As for the matching Ingress object: that what is no longer sent is taken away. */
const appliedAnnotation = 'multicluster-ingress.io/applied'

/** `mci-<service>-svc-<hash>`, as GKE names them; one for each MultiClusterIngress, so that each can remove its own. */
export function derivedName(ingress: { namespace: string; name: string }, service: string): string {
  return `mci-${service.slice(0, 40).replace(/-+$/, '')}-svc-${hashOf([ingressId(ingress), service]).slice(0, 8)}`
}

/** The MultiClusterServices that a cluster is to serve, sorted; undefined for an Ingress, which names Services. */
export function servedIn(model: Pick<IngressModel, 'services'>, cluster: ClusterDoc): string[] | undefined {
  if (model.services === undefined) return undefined
  return Object.entries(model.services)
    .filter(([, service]) => service !== null && isLinked(service, cluster))
    .map(([name]) => name)
    .sort()
}

/** A link is `LOCATION/CLUSTER` of GKE; a cluster that is registered without its GKE name is meant by its own. */
function isLinked({ clusters }: MultiClusterServiceModel, cluster: ClusterDoc): boolean {
  return clusters === null || clusters.some((link) => isMeant(link, cluster))
}

function isMeant(link: string, { name, registration }: ClusterDoc): boolean {
  const gke = /\/locations\/([^/]+)\/clusters\/([^/]+)$/.exec(registration.gke ?? '')
  return gke === null ? link.split('/')[1] === name : link === `${gke[1]}/${gke[2]}`
}

/** Links that no registered cluster answers to. */
export function unknownLinks(model: Pick<IngressModel, 'services'>, clusters: readonly ClusterDoc[]): string[] {
  const links = Object.values(model.services ?? {}).flatMap((service) => service?.clusters ?? [])
  return [...new Set(links)].filter((link) => !clusters.some((cluster) => isMeant(link, cluster))).sort()
}

/**
 * The Services that a cluster is to have, sorted by name: those of the MultiClusterServices, and those of before to which traffic
 * may still go. Undefined where there never was one.
 */
export function derivedServices(
  model: IngressModel,
  { doc, derivedInUse }: Pick<ClusterFacts, 'doc' | 'derivedInUse'>,
): DerivedService[] | undefined {
  if (model.services === undefined && derivedInUse === undefined) return undefined
  const wanted = (servedIn(model, doc) ?? []).flatMap((of) => {
    const service = model.services?.[of] ?? null
    return service === null ? [] : [derive(model, of, service)]
  })
  const kept = (derivedInUse ?? []).filter(({ name }) => !wanted.some((one) => one.name === name))
  return [...wanted, ...kept].sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** A MultiClusterIngress as an Ingress in one cluster: the backends that are served there, by the names of their Services there. */
export function modelIn(model: IngressModel, cluster: ClusterDoc): IngressModel {
  const served = servedIn(model, cluster)
  if (served === undefined) return model
  const there = (ref: BackendRef): BackendRef[] =>
    served.includes(ref.service) ? [{ ...ref, service: derivedName(model, ref.service) }] : []
  return {
    ...model,
    defaultBackend: model.defaultBackend === null ? null : (there(model.defaultBackend)[0] ?? null),
    rules: model.rules
      .map((rule) => ({
        ...rule,
        paths: rule.paths.flatMap((path) => there(path.backend).map((backend) => ({ ...path, backend }))),
      }))
      .filter((rule) => rule.paths.length > 0),
  }
}

/** What a cluster shows of the Services that it is to serve: what it no longer serves may still be there. */
export function restricted(model: IngressModel, cluster: ClusterFacts): ClusterFacts {
  const served = servedIn(model, cluster.doc)
  if (served === undefined || cluster.view === null) return cluster
  const services = Object.entries(cluster.view.services).filter(([name]) => served.includes(name))
  return { ...cluster, view: { ...cluster.view, services: Object.fromEntries(services) } }
}

function derive(model: IngressModel, of: string, service: MultiClusterServiceModel): DerivedService {
  const labels = { [derivedLabel]: derivedFor(model) }
  // GKE's own MultiClusterIngress serves by endpoint groups only; instance groups are for clusters that are not VPC-native.
  const byGroups = model.settings.backends === 'instance-groups'
  const spec = {
    type: byGroups ? ('NodePort' as const) : ('ClusterIP' as const),
    selector: service.selector,
    ports: service.ports.map(({ name, ...port }) => ({ ...(name === '' ? {} : { name }), ...port })),
  }
  const annotations = {
    ...service.annotations,
    'cloud.google.com/neg': JSON.stringify({ ingress: !byGroups }),
    [ingressAnnotation]: ingressId(model),
    [ofAnnotation]: of,
  }
  const applied = hashOf([labels, annotations, spec])
  return {
    of,
    name: derivedName(model, of),
    labels,
    annotations: { ...annotations, [appliedAnnotation]: applied },
    spec,
  }
}
