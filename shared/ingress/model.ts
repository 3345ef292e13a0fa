import type { BackendSettings } from './backend-config.ts'
import type { FrontendSettings } from './frontend-config.ts'
import type { MultiClusterServiceModel } from './multi-cluster-service.ts'

/**
 * One Ingress as the planner sees it: every Kubernetes shape (networking.k8s.io/v1, the two v1beta1, GKE's
 * MultiClusterIngress) is translated into this once, at the edge.
 */

/** A service of the Ingress's namespace and one of its ports, by number or by name, as the manifest says. */
export interface BackendRef {
  service: string
  port: number | string
}

/** A path of a rule, as Kubernetes defines its type. */
export interface PathModel {
  type: 'Exact' | 'Prefix' | 'ImplementationSpecific'
  /** Begins with '/'. For ImplementationSpecific it may end in '/*', as URL maps write it. */
  path: string
  backend: BackendRef
}

/** All paths of one host; rules of the same host are merged. */
export interface RuleModel {
  /** '' = every host that no other rule names. Lower case; may begin with '*.'. */
  host: string
  paths: PathModel[]
}

/** What the annotations ask for; each member names its annotation in shared/ingress/annotations.ts. */
export interface IngressSettings {
  /** Name of the load balancer; null = derived from namespace and name. */
  loadBalancer: string | null
  /** Exactly these clusters; null = not said. */
  clusters: string[] | null
  /** Clusters whose labels match; null = not said. */
  clusterSelector: LabelRequirement[] | null
  /** Take over resources of our names that carry no stamp of ours. */
  force: boolean
  mode: 'reconcile' | 'observe' | 'paused'
  /** null = what it is, EXTERNAL_MANAGED for a new one. */
  scheme: 'EXTERNAL_MANAGED' | 'EXTERNAL' | null
  ipVersions: ('IPV4' | 'IPV6')[]
  onDelete: 'delete' | 'orphan'
  backends: 'auto' | 'neg' | 'instance-groups'
  /** Name of a reserved global address of the user's; null = one of ours. */
  staticIp: string | null
  allowHttp: boolean
  /** A firewall rule that only the network's administrator may change degrades nothing; absent = it does. */
  firewallIsTheirs?: boolean
  /** Names of certificates of the user's. */
  preSharedCerts: string[]
  /** Host names of Google-managed certificates. */
  managedCertificates: string[]
  /** Names of ManagedCertificate objects in the clusters, whose domains are read. */
  managedCertificateNames: string[]
  /** Name of a FrontendConfig; null = none. */
  frontendConfig: string | null
}

/** One requirement of a label selector. */
export interface LabelRequirement {
  key: string
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt'
  values: string[]
}

/** The whole. */
export interface IngressModel {
  namespace: string
  name: string
  defaultBackend: BackendRef | null
  /** Sorted by host; paths in the manifest's order. */
  rules: RuleModel[]
  tls: { hosts: string[]; secretName: string }[]
  settings: IngressSettings
  /** The object's own labels and annotations, for the matching objects in the clusters. */
  labels: Record<string, string>
  annotations: Record<string, string>
  /** Of a MultiClusterIngress: the MultiClusterServices that its backends name; null = none of that name is published. */
  services?: Record<string, MultiClusterServiceModel | null>
  /** What was published for its namespace; absent = nothing. */
  configs?: PublishedConfigs
}

/** Settings that were published and that Services and Ingresses of the namespace may name. */
export interface PublishedConfigs {
  backend: Record<string, BackendSettings>
  frontend: Record<string, FrontendSettings>
}

/** `namespace/name`: the identity of an Ingress everywhere. */
export function ingressId(ingress: { namespace: string; name: string }): string {
  return `${ingress.namespace}/${ingress.name}`
}

/** Every backend that the Ingress names, once each, in a stable order. */
export function backendRefs(model: Pick<IngressModel, 'defaultBackend' | 'rules'>): BackendRef[] {
  const all = [
    ...(model.defaultBackend ? [model.defaultBackend] : []),
    ...model.rules.flatMap((rule) => rule.paths.map((path) => path.backend)),
  ]
  const byKey = new Map(all.map((ref) => [backendKey(ref), ref]))
  return [...byKey.keys()].sort().map((key) => byKey.get(key) as BackendRef)
}

/** `service:port` as the manifest names it. */
export function backendKey(ref: BackendRef): string {
  return `${ref.service}:${ref.port}`
}
