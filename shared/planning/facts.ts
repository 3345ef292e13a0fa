import type { ClusterDoc } from '../state/documents.ts'

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
      type: string
      ports: PortFact[]
      /** Text of the annotation that names the ports' protocols; the older name wins, as in ingress-gce. */
      appProtocols: string | null
      /** Text of `cloud.google.com/neg`. */
      neg: string | null
    }

/** The instance groups that the in-cluster controller says it made for the Ingress. */
export type GroupsFact =
  | { state: 'none' }
  | { state: 'pending'; since: number }
  | { state: 'overdue'; since: number }
  | { state: 'known'; groups: { zone: string; name: string }[] }

/** What one cluster shows of one Ingress: the `output` of its cluster-ingress resource. */
export interface ClusterView {
  services: Record<string, ServiceFact>
  groups: GroupsFact
}

/** One registered cluster, as the planner of one Ingress sees it. */
export interface ClusterFacts {
  doc: ClusterDoc
  /** null = it has not been seen yet for this Ingress. */
  view: ClusterView | null
  /** Why the last look at it for this Ingress failed; null = it did not. */
  trouble: string | null
}

/** Everything besides the spec that a plan depends on. */
export interface Facts {
  clusters: ClusterFacts[]
  /** The IP of the load balancer's address, once known. */
  ip: string | null
  project: string
}
