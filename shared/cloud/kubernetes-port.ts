/**
 * Kubernetes clusters as the kinds see them. Implementation: kubernetes.ts over @kubernetes/client-node. Every method
 * throws `CloudError` (compute-port.ts) when the cluster refuses or does not answer in time; a missing object is undefined.
 */

/** How to reach a cluster, and where it lives. Holds no credential: those come from the function's own identity. */
export interface ClusterRegistration {
  name: string
  /**
   * URL of the API server. Followed as it is only where the deployment's list of servers has it; of a GKE cluster it chooses
   * among the endpoints that GKE names, and GKE's first is taken when it is none of them.
   */
  server: string
  /** Base64 of the CA certificate; absent = the system's trust store. GKE says its own. */
  caData?: string
  /** `projects/P/locations/L/clusters/N`; GKE says where it is, and requests carry the function's Google access token. */
  gke?: string
  /** The project whose instance groups and network endpoint groups the cluster makes. */
  project: string
  /** `projects/P/global/networks/N`, when it should not be read from the nodes. */
  network?: string
  labels?: Record<string, string>
}

export interface ObjectMeta {
  name: string
  namespace?: string
  uid?: string
  resourceVersion?: string
  generation?: number
  labels?: Record<string, string>
  annotations?: Record<string, string>
  deletionTimestamp?: string
}

/** networking.k8s.io/v1 Ingress. */
export interface IngressObject {
  metadata: ObjectMeta
  spec: IngressObjectSpec
  status?: { loadBalancer?: { ingress?: { ip?: string; hostname?: string }[] } }
}

export interface IngressObjectBackend {
  service: { name: string; port: { number: number } | { name: string } }
}

export interface IngressObjectSpec {
  ingressClassName?: string
  defaultBackend?: IngressObjectBackend
  rules?: {
    host?: string
    http?: { paths: { path?: string; pathType: string; backend: IngressObjectBackend }[] }
  }[]
  tls?: { hosts?: string[]; secretName?: string }[]
}

export interface ServicePort {
  name?: string
  port: number
  targetPort?: number | string
  nodePort?: number
  protocol?: string
}

export interface ServiceObject {
  metadata: ObjectMeta
  spec: { type?: string; selector?: Record<string, string>; ports: ServicePort[] }
}

/** httpGet of a readiness probe and its timings in seconds. */
export interface ReadinessProbe {
  path?: string
  port: number | string
  scheme?: string
  host?: string
  httpHeaders?: { name: string; value: string }[]
  periodSeconds?: number
  timeoutSeconds?: number
  successThreshold?: number
  failureThreshold?: number
}

export interface PodObject {
  metadata: ObjectMeta
  containers: { name: string; ports: { name?: string; containerPort: number }[]; readinessProbe?: ReadinessProbe }[]
}

export interface NodeObject {
  metadata: ObjectMeta
  /** `gce://PROJECT/ZONE/INSTANCE`. */
  providerID: string
  zone: string
  ready: boolean
  /** Marked unschedulable, as `kubectl cordon` does, and GKE before it deletes a node. */
  cordoned?: boolean
}

/** A Secret. `data` holds base64 and may hold a private key: never to be kept, logged or put into a document. */
export interface SecretObject {
  metadata: ObjectMeta
  type?: string
  data: Record<string, string>
}

/** networking.gke.io/v1 ManagedCertificate, as far as it is read. */
export interface ManagedCertificateObject {
  metadata: ObjectMeta
  domains: string[]
}

/** Kinds of Google's objects that hold settings: read as they are, and checked by shared/ingress. */
export type ConfigKind = 'BackendConfig' | 'FrontendConfig'

/** A BackendConfig or FrontendConfig. The spec of one may hold a secret: never to be kept, logged or put into a document. */
export interface ConfigObject {
  metadata: ObjectMeta
  spec?: unknown
}

/** networking.gke.io/v1beta1 ServiceNetworkEndpointGroup, as far as it is read; it bears the name of its groups. */
export interface ServiceNegObject {
  metadata: ObjectMeta
  groups: { selfLink: string; state?: string }[]
}

/** Something that happened to an Ingress object, for people. */
export interface IngressEvent {
  ingress: { namespace: string; name: string; uid?: string }
  type: 'Normal' | 'Warning'
  /** One word in capitals, for example `IPChanged`. */
  reason: string
  message: string
  /** Milliseconds since the epoch. */
  at: number
}

/** One connected cluster. */
export interface Cluster {
  version(): Promise<string>
  /**
   * The uid of namespace kube-system, which ingress-gce writes as the cluster's into what it makes; undefined where it may not
   * be read.
   */
  uid(): Promise<string | undefined>
  nodes(): Promise<NodeObject[]>
  ingress(namespace: string, name: string): Promise<IngressObject | undefined>
  /**
   * Server-side apply under our field manager. Labels and annotations of others stay. `force` takes fields over from other
   * managers; without it a conflict is a CloudError 409. Answers the object as it then is.
   */
  applyIngress(object: IngressObject, force: boolean): Promise<IngressObject>
  /**
   * Replaces `status.loadBalancer.ingress` by these addresses, whoever wrote it. CloudError 404 when there is no such Ingress.
   */
  setIngressAddresses(namespace: string, name: string, addresses: readonly string[]): Promise<void>
  /**
   * Records an Event about an Ingress, as `kubectl describe` shows it. One object has one Event a reason: the same again raises its
   * count, says the newer message and moves its last time.
   */
  recordEvent(event: IngressEvent): Promise<void>
  /** Absent is success. */
  deleteIngress(namespace: string, name: string): Promise<void>
  service(namespace: string, name: string): Promise<ServiceObject | undefined>
  /** Those that carry a label, complete or not at all. */
  servicesWith(namespace: string, label: string, value: string): Promise<ServiceObject[]>
  /** Server-side apply under our field manager, taking fields over from others; the cluster adds what is left out. */
  applyService(object: ServiceObject): Promise<void>
  /** Absent is success. */
  deleteService(namespace: string, name: string): Promise<void>
  secret(namespace: string, name: string): Promise<SecretObject | undefined>
  /** Undefined also where the cluster does not know the kind. */
  managedCertificate(namespace: string, name: string): Promise<ManagedCertificateObject | undefined>
  /** Undefined also where the cluster does not know the kind. */
  config(kind: ConfigKind, namespace: string, name: string): Promise<ConfigObject | undefined>
  /** Those of one Service; none also where the cluster does not know the kind. */
  serviceNegs(namespace: string, service: string): Promise<ServiceNegObject[]>
  /** Of all namespaces, complete or not at all. */
  ingresses(): Promise<IngressObject[]>
  /** Of all namespaces, complete or not at all. */
  services(): Promise<ServiceObject[]>
  /** Pods that the selector matches, ready ones first, at most `most` (100). */
  pods(namespace: string, selector: Readonly<Record<string, string>>, most?: number): Promise<PodObject[]>
}

/** Makes connections; cheap to call, connections are reused. */
export interface Clusters {
  /** Why a cluster that is registered so is not connected to, in words; undefined = it may be. */
  refusal(registration: ClusterRegistration): string | undefined
  connect(registration: ClusterRegistration): Cluster
}
