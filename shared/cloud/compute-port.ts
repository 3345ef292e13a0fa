import type {
  Address,
  BackendService,
  Firewall,
  ForwardingRule,
  HealthCheck,
  Instance,
  InstanceGroup,
  NetworkEndpointGroup,
  SslCertificate,
  TargetHttpProxy,
  TargetHttpsProxy,
  UrlMap,
} from './compute-resources.ts'

/**
 * The Compute Engine API as the kinds see it: collections of named resources, mutations that start operations and never
 * wait. Implementations: compute.ts over the vendor's clients; the simulation drives the simulated API through the same.
 *
 * Every method throws `CloudError` when the API refuses or does not answer in time.
 */
export interface ComputeCollections {
  /** Global addresses. */
  addresses: Address
  backendServices: BackendService
  firewalls: Firewall
  /** Global forwarding rules. */
  forwardingRules: ForwardingRule
  healthChecks: HealthCheck
  /** Zonal. */
  instanceGroups: InstanceGroup
  /** Zonal. */
  instances: Instance
  /** Zonal. */
  networkEndpointGroups: NetworkEndpointGroup
  sslCertificates: SslCertificate
  targetHttpProxies: TargetHttpProxy
  targetHttpsProxies: TargetHttpsProxy
  urlMaps: UrlMap
}

/** A collection's name as in the REST path. */
export type ComputeCollection = keyof ComputeCollections

/** One resource's place. `zone` is set for the zonal collections only. */
export interface ComputeRef<C extends ComputeCollection = ComputeCollection> {
  collection: C
  project: string
  zone?: string
  name: string
}

/** An operation that was begun: enough to find it again from another process. Kept in documents. */
export interface OperationRef {
  project: string
  /** null = a global operation. */
  zone: string | null
  name: string
  /** What it does to the resource, so that a later process knows what its end means. */
  does: 'create' | 'update' | 'remove'
}

/** Where an operation stands; a failed operation is done with an error and does not throw. */
export type OperationState = { done: false } | { done: true; error: CloudError | null }

/** Verbs beyond insert, patch, update and delete, as the REST API names them. */
export type ComputeVerb =
  | 'setTarget'
  | 'setUrlMap'
  | 'setSslCertificates'
  | 'setSslPolicy'
  | 'setNamedPorts'
  | 'setSecurityPolicy'
  | 'addSignedUrlKey'
  | 'deleteSignedUrlKey'

/** Health of one backend's member, as getHealth reports it. */
export interface MemberHealth {
  /** URL of the instance; absent for endpoints without one. */
  instance?: string
  ipAddress?: string
  port?: number
  healthState: string
}

/** The port; `requestId` makes a repeated request the same operation. */
export interface Compute {
  get<C extends ComputeCollection>(ref: ComputeRef<C>): Promise<ComputeCollections[C] | undefined>
  /** All pages, 500 a page; `zone` absent = over all zones (aggregatedList) for zonal collections. */
  list<C extends ComputeCollection>(
    collection: C,
    project: string,
    options?: { zone?: string; filter?: string },
  ): Promise<ComputeCollections[C][]>
  insert<C extends ComputeCollection>(
    ref: ComputeRef<C>,
    body: ComputeCollections[C],
    requestId: string,
  ): Promise<StartedOperation>
  /** JSON merge patch. An empty list is not sent (a trap of the client library): clear lists with `update`. */
  patch<C extends ComputeCollection>(
    ref: ComputeRef<C>,
    body: Partial<ComputeCollections[C]>,
    requestId: string,
  ): Promise<StartedOperation>
  /** PUT: replaces the whole resource; what is absent is cleared. */
  update<C extends ComputeCollection>(
    ref: ComputeRef<C>,
    body: ComputeCollections[C],
    requestId: string,
  ): Promise<StartedOperation>
  remove(ref: ComputeRef, requestId: string): Promise<StartedOperation>
  call(ref: ComputeRef, verb: ComputeVerb, body: object, requestId: string): Promise<StartedOperation>
  /** Waits at most `ms` for an operation to end; a return with `done: false` may come earlier. */
  wait(operation: Omit<OperationRef, 'does'>, ms: number): Promise<OperationState>
  health(ref: ComputeRef<'backendServices'>, group: string): Promise<MemberHealth[]>
}

/** What a mutation returns: the operation to wait for. */
export type StartedOperation = Omit<OperationRef, 'does'>

/** A private key as PEM, also one that was cut off. APIs quote the value that they refuse, and messages are kept and shown. */
const privateKey = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g

/**
 * The one error that the cloud ports throw; `shared/engine/faults.ts` decides what to do about it.
 * `status` is the HTTP status, 0 when there was no answer (timeout, connection refused, DNS).
 */
export class CloudError extends Error {
  override name = 'CloudError'
  readonly status: number
  /** `errors[].reason` or the operation's code, where the client shows one; else ''. */
  readonly reason: string
  constructor(status: number, reason: string, message: string) {
    super(message.replace(privateKey, '(private key)'))
    this.status = status
    this.reason = reason
  }
}
