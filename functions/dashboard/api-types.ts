/** What the status API tells, as far as the dashboard reads it. Times are RFC 3339. */

export type Phase = 'Progressing' | 'Ready' | 'Degraded' | 'Failed' | 'Deleting'

export interface Summary {
  namespace: string
  name: string
  loadBalancer: string
  phase: Phase
  vip: string | null
  generation: number
  clusters: string[]
  updatedAt: string
}

export interface Resource {
  id: string
  kind: string
  name: string
  phase: string
  why: string
  dependsOn: string[]
  waitingOn: string[]
  wanted: boolean
  updatedAt: string
}

export interface Count {
  healthy: number | null
  total: number | null
}

export interface ClusterState extends Count {
  name: string
  state: string
  why: string
  zoneStates: (Count & { zone: string })[]
  requestsGoTo: string[]
}

export interface Service extends Count {
  namespace: string
  name: string
  port: string
  backendService: string
  /** What its backends are, and why; null = not planned yet. */
  backends: string | null
  clusters: (Count & { name: string })[]
}

/** The status of a MultiClusterIngress, by GKE's own names. */
export interface MultiClusterStatus {
  VIP: string | null
  CloudResources: Record<
    'BackendServices' | 'Firewalls' | 'ForwardingRules' | 'HealthChecks' | 'NetworkEndpointGroups' | 'TargetProxies',
    string[]
  > & { UrlMap: string | null }
}

export interface Detail extends Summary {
  /** Of a MultiClusterIngress only. */
  status?: MultiClusterStatus
  publishedAt: string
  mode: string
  resources: Resource[]
  clusterStates: ClusterState[]
  services: Service[]
  health: { asOf: string | null; missing: string | null }
  routes: { host: string; path: string; type: string; service: string }[]
  frontEnds: { id: string; ip: string | null; port: number | null; protocol: string; phase: string; applied: boolean }[]
  certificates: {
    id: string
    phase: string
    why: string
    status: string | null
    hosts: string[]
    expires: string | null
  }[]
  pending: { id: string | null; step: 'create' | 'change' | 'remove' | 'plan'; why: string }[]
  history: { at: string; by: string; what: string; why: string; resource: string | null }[]
  conditions: { type: string; status: string; reason: string; message: string; lastTransitionTime: string }[]
}

export interface Cluster {
  name: string
  server: string
  project: string
  labels: Record<string, string>
  version: string | null
  zones: { zone: string; nodes: number }[]
  leaving: boolean
  unreachable: { since: string; why: string } | null
}
