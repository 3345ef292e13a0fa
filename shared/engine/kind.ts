import type { ResourceId } from '../resource-id.ts'
import type { ClaimDoc } from '../state/documents.ts'
import type { Compute, ComputeCollection, StartedOperation } from '../cloud/compute-port.ts'
import type { Cluster } from '../cloud/kubernetes-port.ts'
import type { Ips } from '../planning/facts.ts'
import type { Layout } from '../planning/layout.ts'

/** The world that a kind observes and changes. */
export interface Cloud {
  compute: Compute
  /** A registered cluster by name; undefined when it is not, or no longer, registered. */
  cluster(name: string): Promise<Cluster | undefined>
  /** It was unregistered, and is kept only until everything of ours in it is gone. */
  isLeaving(name: string): Promise<boolean>
  /** Milliseconds since the epoch, for facts that carry their age. */
  now(): number
  /** What `read` answered earlier in this visit, if that is at most `ms` milliseconds ago; else asks it. */
  recall<T>(what: string, ms: number, read: () => Promise<T>): Promise<T>
  /** Does in the background what nobody waits for; the visit ends after it, and a failure is logged and no more. */
  aside(work: () => Promise<void>): void
}

/** One resource that an Ingress wants: what planning produces. */
export interface Desired<Want = unknown> {
  id: ResourceId
  want: Want
  /** Must exist before this is created or updated; must not be removed while this refers to it. */
  refs: ResourceId[]
  /** Need not exist before, but must not be removed while this may still use it; absent = nothing. */
  uses?: ResourceId[]
}

/** A resource that the Ingress goes on wanting as before, because what it should be is not known yet. */
export interface Held {
  id: ResourceId
  hold: string
}

/** What a look at the world showed. `owner` says whose it is; a resource without our or kubemci's stamp is foreign. */
export interface Observation<Got> {
  got: Got | undefined
  /** `ours`: our stamp for this ingress, or something that needs none. */
  owner: 'ours' | 'foreign'
  /** Who made a foreign one, as far as it says; for the message. */
  ownedBy?: string
  /** The Ingress that its stamp names; absent when it has none, or needs none. */
  stampedFor?: string
  /** What the planner wants to know from it; replaces the document's `output`. */
  output?: unknown
  /** Not settled yet through nobody's fault: look again after so many milliseconds. With no got: nothing to create, somebody else does. */
  pending?: { after: number; why: string }
  /** As it is, a person must change something: the resource is Failed with these words. */
  refused?: string
}

/** One field that differs. */
export interface Change {
  field: string
  from: unknown
  to: unknown
}

/**
 * Everything peculiar to one kind of resource. Nothing here waits: mutations start operations, or return null when the API
 * answers at once. All are idempotent: creating what exists is a Conflict fault and leads to another look, removing what
 * is absent is an Absent fault and counts as done.
 */
export interface Kind<Want extends object, Got> {
  /** For example `backend-service`; also the topic `reconcile-<name>` and the first part of the ids. */
  name: string
  /**
   * Collections of Compute in which resources of this kind live, `KIND/PROJECT/NAME` or `KIND/PROJECT/ZONE/NAME`: by these an
   * audit-log entry or a bulk list leads to them. Absent: they live elsewhere.
   */
  collections?: readonly ComputeCollection[]
  /**
   * It only tells of what the others made: an Ingress is Ready without it, what it refers to may go before it, and nothing is to
   * be undone when it is no longer wanted.
   */
  follows?: true
  /** In which projects those are: that of the load balancers, those of the clusters, or those of the clusters' networks. */
  lives?: readonly ('load-balancer' | 'clusters' | 'networks')[]
  /** Fields of the want that are compared and written; what an operator set elsewhere stays. */
  owned: readonly (keyof Want & string)[]
  /** Pure: what an Ingress wants of this kind; names are deterministic. */
  desire(layout: Layout): (Desired<Want> | Held)[]
  /**
   * Pure: a want that stays as it was, because nothing can be planned at present, with the IPs that the load balancer's addresses
   * have by now. Absent: its wants name no IP.
   */
  readdress?(want: Want, ips: Ips): Want
  /** Only for kinds that several Ingresses share: one want from all claims. */
  merge?(claims: readonly (ClaimDoc & { want: Want })[]): Want
  /** Reads the world. `want` is null when the resource is to go. */
  observe(cloud: Cloud, id: ResourceId, want: Want | null, before: unknown): Promise<Observation<Got>>
  /** The got in the shape of the want, for comparison. */
  project(got: Got): Partial<Want>
  create(cloud: Cloud, id: ResourceId, want: Want, requestId: string): Promise<StartedOperation | null>
  /** Absent: immutable, its name holds a hash of its content. May do the first of several changes; the next round does the next. */
  update?(
    cloud: Cloud,
    id: ResourceId,
    want: Want,
    got: Got,
    changes: readonly Change[],
    requestId: string,
  ): Promise<StartedOperation | null>
  remove(cloud: Cloud, id: ResourceId, got: Got, requestId: string): Promise<StartedOperation | null>
}

/** A kind whose types are forgotten: what the engine and the registry hold. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the one place where kinds of different types meet; want and got only ever go back into the kind they came from
export type AnyKind = Kind<any, any>
