import type { BackendSettings } from '../ingress/backend-config.ts'
import type { FrontendSettings } from '../ingress/frontend-config.ts'
import type { DerivedService } from './derived.ts'
import type { ResourceId } from '../resource-id.ts'
import type { ClusterDoc } from '../state/documents.ts'
import type { NegFact, NegOwner } from './negs.ts'

/**
 * What is known of the world when an Ingress is planned. Facts are last known facts: a cluster that does not answer keeps
 * what it said last, because no answer is not an empty answer.
 */

/** One port of a Service in one cluster. */
export interface PortFact {
  name: string
  port: number
  /** Absent while the Service has none (ClusterIP). */
  nodePort: number | null
  protocol: string
  /** HTTP readiness probe of the container port that this port targets; null = none found. */
  probe: ProbeFact | null
  /** Container ports that it targets, by number; absent = not known. */
  targets?: number[]
}

/** An HTTP readiness probe, timings in seconds as Kubernetes has them. */
export interface ProbeFact {
  path: string
  host: string | null
  scheme: 'HTTP' | 'HTTPS'
  periodSeconds: number
  timeoutSeconds: number
  successThreshold: number
  failureThreshold: number
}

/** One Service in one cluster. */
export type ServiceFact =
  | { found: false }
  | {
      found: true
      /** It is derived and not there yet: this is what it will be, but for what the cluster gives it, such as NodePorts. */
      unmade?: true
      type: string
      ports: PortFact[]
      /** Text of the annotation that names the ports' protocols; the older name wins, as in ingress-gce. */
      appProtocols: string | null
      /** Text of `cloud.google.com/neg`. */
      neg: string | null
      /** Text of the annotation that names its BackendConfigs; absent = none. */
      backendConfig?: string
      /** Its zonal network endpoint groups by port; absent = it was not asked for any. */
      negs?: Record<string, NegFact[]>
      /** Text of `networking.gke.io/max-rate-per-endpoint`; absent = not set. */
      maxRate?: string
      /** Text of `networking.gke.io/capacity-scaler`; absent = not set. */
      capacity?: string
    }

/** A BackendConfig or FrontendConfig in one cluster. */
export interface ConfigFact<Settings> {
  found: boolean
  /** Why it cannot be used as it now is, in words. */
  problems: string[]
  /** What it asks for, or did when it was last good; null = it never was. */
  settings: Settings | null
}

/** The OAuth client of Identity-Aware Proxy in a Secret. Its secret stays where it is. */
export type OauthFact = { found: false } | { found: true; clientId: string; secretSha256: string }

/** The instance groups that the in-cluster controller says it made for the Ingress. */
export type GroupsFact =
  | { state: 'none' }
  | { state: 'pending'; since: number }
  | { state: 'overdue'; since: number }
  /** `lacking`: zones with nodes in which there is no group yet, and since when it is waited for. */
  | { state: 'known'; groups: { zone: string; name: string }[]; lacking?: { zones: string[]; since: number } }

/** The public part of a TLS secret in one cluster. The private key stays where it is. */
export type SecretFact =
  | { found: false }
  /** It cannot be used, and why. */
  | { found: true; problem: string }
  | {
      found: true
      problem: null
      /** Hash of the certificate chain, the same however its text is broken into lines. */
      fingerprint: string
      /** SHA-256 of the first certificate of the chain. */
      leaf: string
      /** Host names that it covers, wildcards as they are. */
      hosts: string[]
      /** Milliseconds since the epoch. */
      expires: number
    }

/** Network endpoint groups that should be there and are not. */
export interface LackingNegs {
  /** `service:port` where there are none at all, `service:port in ZONE` where one is missing. */
  what: string[]
  since: number
  /** The in-cluster controller had its time: the others go on without. */
  overdue?: true
}

/** What one cluster shows of one Ingress: the `output` of its cluster-ingress resource. */
export interface ClusterView {
  services: Record<string, ServiceFact>
  groups: GroupsFact
  /** Network endpoint groups that are waited for; absent = none are. */
  lacking?: LackingNegs
  /** TLS secrets by name; absent = none was asked for. */
  secrets?: Record<string, SecretFact>
  /** Domains of ManagedCertificate objects by name, null = there is none; absent = none was asked for. */
  managedCertificates?: Record<string, string[] | null>
  /** Those that the Services name; absent = none. */
  backendConfigs?: Record<string, ConfigFact<BackendSettings>>
  /** The one that the Ingress names; absent = none was asked for. */
  frontendConfigs?: Record<string, ConfigFact<FrontendSettings>>
  /** Whether derived Services were there; absent = no. */
  derived?: true
  /** By the name of the Secret; absent = none is named. */
  oauthClients?: Record<string, OauthFact>
}

/** What a certificate in Compute shows: the `output` of its ssl-certificate resource. */
export interface CertificateFact {
  /** `ACTIVE` for self-managed ones; the API's status for managed ones. */
  status: string
  /** Milliseconds since the epoch; null = not known yet. */
  expires: number | null
  hosts: string[]
}

/** One registered cluster, as the planner of one Ingress sees it. */
export interface ClusterFacts {
  doc: ClusterDoc
  /** null = it has not been seen yet for this Ingress. */
  view: ClusterView | null
  /** Derived Services that it has and whose backend services are still there; absent = it never had one. */
  derivedInUse?: DerivedService[]
  /** Why the last look at it for this Ingress failed; null = it did not. */
  trouble: string | null
  /** That was no answer, or one that may pass: it is asked again by itself. */
  asksAgain?: true
  /** Groups that it names and that do not exist, as `projects/P/zones/Z/instanceGroups/N` or `.../networkEndpointGroups/N`. */
  missing?: string[]
  /** Network endpoint groups that it names, or did, by path, and whose they say they are; those not looked at yet are absent. */
  owners?: Readonly<Record<string, NegOwner | null>>
  /** Network endpoint groups that it names and that are somebody else's, by path: they are looked at, and never used. */
  foreign?: readonly string[]
}

/** A group of a backend service, as it was last wanted. */
export interface ServedGroup {
  /** `projects/P/zones/Z/instanceGroups/N`, or `.../networkEndpointGroups/N`. */
  group: string
  /** It gets no traffic, and was seen to get none. */
  idle: boolean
  /** It takes another's place, and was seen to be healthy. */
  proven?: true
}

/** The IPs of a load balancer. */
export interface Ips {
  /** The IP of its address, once known. */
  ip: string | null
  /** The same of its IPv6 address. */
  ip6: string | null
}

/** Everything besides the spec that a plan depends on. */
export interface Facts extends Ips {
  clusters: ClusterFacts[]
  project: string
  /** Certificates by resource id, as their resources saw them. */
  certificates: Readonly<Record<string, CertificateFact>>
  /** Ids of the certificates that the HTTPS proxy was last wanted to have. */
  attached: readonly ResourceId[]
  /** Milliseconds since the epoch, for what expires. */
  now: number
  /** Groups by the resource id of their backend service; absent = none yet. */
  served?: Readonly<Record<string, readonly ServedGroup[]>>
  /** Absent = there are no backend services yet. */
  standing?: StandingServices
}

/** Backend services that are there, by resource id: what a service that changes its mode goes by. */
export interface StandingServices {
  /** The URL map was last wanted to send to them. */
  routed: readonly ResourceId[]
  /** They exist, wanted or not. */
  applied: readonly ResourceId[]
  /** Their backends were seen to be healthy before anything was sent to them. */
  proven: readonly ResourceId[]
}
