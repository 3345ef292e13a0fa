import type { ResourceId } from '../resource-id.ts'
import type { IngressModel } from '../ingress/model.ts'
import type { ObjectContent } from '../ingress/published-object.ts'
import type { OperationRef } from '../cloud/compute-port.ts'
import type { ClusterRegistration } from '../cloud/kubernetes-port.ts'

/**
 * The documents that hold the truth. All times are milliseconds since the epoch. Members are plain JSON; an absent member
 * is written as absent, never as undefined, and arrays never hold arrays (Firestore refuses them).
 */

/** Where a resource stands. `Gone` documents are deleted, so the phase does not exist. */
export type ResourcePhase = 'Pending' | 'Waiting' | 'Working' | 'Retrying' | 'Ready' | 'Failed'

/** One load-balancer resource: what is known of it. What is wanted of it are its claims. */
export interface ResourceDoc {
  id: ResourceId
  kind: string
  /** The ingress that claimed it last; '' for a shared resource while it has several claims. */
  owner: string
  /** Edges of what is wanted: must exist before this is created or updated. */
  refs: ResourceId[]
  /** Edges of what is in the cloud, or may be since a mutation began: these must not be removed. */
  appliedRefs: ResourceId[]
  /** True from the confirmed creation until a removal begins: others may refer to it. */
  applied: boolean
  /** Hash of the merged want that was last seen to be in the cloud. */
  readyHash: string | null
  /** Of what Ingresses share: whose parts were in it then, by Ingress the hash of what it claimed. */
  madeFor?: Readonly<Record<string, string>>
  /** Of what Ingresses share: its claims changed since a visit last read them. */
  stirred?: true
  phase: ResourcePhase
  /** Why it is in this phase, in words for a person. */
  why: string
  /** While Waiting: the resources waited for, so that they can wake this one. */
  waitingOn: ResourceId[]
  /** Whether it waits for those to exist, or for them to refer to it no longer. */
  waitingFor: 'exist' | 'release' | null
  /** Faults in a row; the backoff grows with it. */
  failures: number
  /** Failed because a permission is lacking. */
  forbidden?: true
  /** A mutation that was begun and not seen to end. */
  operation: OperationRef | null
  /** Until then its absence is not trusted: a creation may be under way, or what was read may be stale. */
  mayAppearUntil?: number
  /** The API's id of a resource without our stamp that was taken over by force, and whose description cannot be changed. */
  taken?: string
  /** Nobody wants it any more, and it stays as it is: only the document goes. */
  left?: true
  /** The operation of ours that ended last: audit-log entries about it are no news. */
  lastOperation?: string
  /** The last time that somebody else's change was found and undone. */
  lastRepair?: Repair
  /** Came to rest after a change and was not seen by a sweep since: which sweep is to look at it. */
  unswept?: string
  /** The last mutation that was begun for its spec's sake. */
  lastChange?: Happening
  /** What the kind read from the world for the planner and for people (an IP, facts of a cluster). */
  output: unknown
  /** When to look again; null = at rest, found by drift listing only. */
  wakeAt: number | null
  /** Counts nudges that came while a holder was at work, so that it looks again. */
  nudges: number
  /** Fencing token of the last writer; a commit with a lower one is refused. */
  token: number
  createdAt: number
  updatedAt: number
}

/** A change by somebody else that was undone. */
export interface Repair {
  at: number
  /** What was found, in words, with what each field was changed from and to. */
  what: string
}

/** Something that happened, for people. */
export interface Happening {
  at: number
  /**
   * What made it happen: somebody published something (`spec`), the world told us (`event`), somebody else's change was found
   * (`drift`), or it follows from what was going on (`progress`).
   */
  by: 'spec' | 'event' | 'drift' | 'progress'
  /** In words, for example `generation 2 was accepted`. */
  what: string
  why: string
}

/** What one ingress wants of one resource. */
export interface ClaimDoc {
  resource: ResourceId
  ingress: string
  want: unknown
  refs: ResourceId[]
  /** What must not be removed while the resource may still use it, though it need not exist before; absent = nothing. */
  uses?: ResourceId[]
  /** The ingress's leave to take over a resource that carries no stamp of ours. */
  force: boolean
  /** The ingress only wants to know what differs (`observe`), or not even that (`paused`); absent = it is to be made so. */
  hold?: 'observe' | 'paused'
  /** When this want last changed; where shared claims disagree, the later one holds. */
  at: number
}

/** A sentence that says what is wrong or worth knowing, and where in the manifest or the world. */
export interface Problem {
  /** Path into the manifest or the thing meant, for example `spec.rules[0].host` or `cluster us-east`. */
  where: string
  message: string
}

/** Kubernetes-style condition; `lastTransitionTime` changes only with `status`. */
export interface Condition {
  type: string
  status: 'True' | 'False' | 'Unknown'
  reason: string
  message: string
  lastTransitionTime: number
}

/** The phases of DESIGN section 8. */
export type IngressPhase = 'Progressing' | 'Ready' | 'Degraded' | 'Failed' | 'Deleting'

/** Which clusters serve an ingress. */
export interface Selection {
  /** null = every registered cluster, also those registered later. */
  clusters: string[] | null
  /** Taken out by remove-clusters until an apply names them again. */
  excluded: string[]
  /** Kept, with capacity zero. */
  drained: string[]
}

/** What already was of a load balancer when it was first looked for. */
export interface Living {
  loadBalancer: string
  /** Its scheme, which nothing can change; null = there is none yet. */
  scheme: 'EXTERNAL' | 'EXTERNAL_MANAGED' | null
  /** All that was there of it, while none of it is claimed; empty from then on. */
  leftovers: Leftover[]
}

/** A resource that was there before us, and what it refers to. */
export interface Leftover {
  id: ResourceId
  refs: ResourceId[]
}

/** Which version of a published object this is: metadata.generation when it has one, and when it was published. */
export interface Version {
  uid: string | null
  generation: number | null
  publishedAt: number
}

/** An object that was published beside Ingresses, for those of its namespace that name it. */
export interface ObjectDoc {
  /** `KIND/namespace/name`. */
  id: string
  kind: string
  namespace: string
  name: string
  /** null = withdrawn; the document stays, so that a late older version is known to be old. */
  content: ObjectContent | null
  source: Version
  updatedAt: number
}

/** What those who listen are told of an Ingress. */
export interface Announcement {
  /** Grows with each of an Ingress: a reader passes over one that is not greater than the last. */
  sequence: number
  at: number
  generation: number
  phase: IngressPhase
  /** Withdrawn, and nothing is left of it. */
  gone: boolean
  vip: string | null
  vip6: string | null
  conditions: Condition[]
}

/** One published Ingress. */
export interface IngressDoc {
  /** `namespace/name`. */
  id: string
  /** The last valid spec; what serves. Without rules while `generation` is 0. */
  model: IngressModel
  source: Version
  /** When the message was published that decided on the clusters last. */
  selectedAt?: number
  /** Grows with every accepted change of the spec or the selection; 0 = no version was ever accepted. */
  generation: number
  selection: Selection
  /** The last generation whose plan was put to work; lower than `generation` while it is planned, or refused. */
  plannedGeneration: number
  /** Set when withdrawn. */
  deleted: boolean
  /** It was once withdrawn and left serving: what bears its stamp and is not known here is never taken away. */
  leftServing?: true
  /** When the last resource of a withdrawn Ingress was gone. The document stays a while, so that a late older version is known to be old. */
  goneAt: number | null
  /** The latest published version when it was refused; the previous one keeps serving. */
  rejected: { publishedAt: number; problems: Problem[] } | null
  /** The last action that was asked for and refused, until one is accepted; absent = none. */
  refusedAction?: { action: string; clusters: string[]; publishedAt: number; why: string }
  /** What the last planning run said; notices degrade nothing, modes say what the backends of each service are and why. */
  plan: {
    generation: number
    at: number
    problems: Problem[]
    warnings: Problem[]
    waiting: Problem[]
    notices?: Problem[]
    modes?: Problem[]
  } | null
  /** Names kept from before (kubemci's, or of an earlier scheme), by what they name; of the load balancer in `living`. */
  names: Record<string, string>
  /** What was found when the load balancer was first looked for; null = not looked yet. */
  living: Living | null
  /**
   * Of a load balancer whose taking over has begun, what has no document yet (a forwarding rule waits for its IP): it is wanted
   * later, or goes with the rest, whatever is published meanwhile; absent = nothing.
   */
  takingOver?: Leftover[]
  conditions: Condition[]
  /** The last happenings, oldest first; absent = none yet. Written only with something else. */
  history?: Happening[]
  phase: IngressPhase
  /** What was last announced, and taken by Pub/Sub; absent = nothing yet. */
  told?: Announcement
  /** What is to be announced and was not yet, as far as is known. */
  telling?: Announcement
  wakeAt: number | null
  /** Word for the planner at work: there is news, plan once more. */
  called?: true
  /** Resources that Ingresses share and whose claims this one is changing: they are stirred when it is done, by the next planner should this one die. */
  stirring?: ResourceId[]
  /** Grows with every write that plans depend on; planners that began earlier are refused. */
  token: number
  createdAt: number
  updatedAt: number
}

/** What was last seen of a cluster. */
export interface ClusterSight {
  version: string
  /** Zones with at least one node, and how many. */
  zones: { zone: string; nodes: number }[]
  /** Of these, those whose every node is cordoned: no new traffic. Absent = none. */
  leavingZones?: string[]
  /** `projects/P/global/networks/N` of the nodes. */
  network: string
  /** Tags that together reach every node and no machine outside this cluster. */
  nodeTags: string[]
  /** Nodes that no such tag reaches. */
  untagged: number
  /** Of namespace kube-system; absent = it may not be read, or has not been since before it was. */
  uid?: string
  at: number
}

/** One registered cluster. */
export interface ClusterDoc {
  name: string
  registration: ClusterRegistration
  /** The last good look; kept while the cluster does not answer. */
  sight: ClusterSight | null
  /** Set while the cluster does not answer. */
  unreachable: { since: number; why: string } | null
  /** Unregistered: goes when nothing refers to it. */
  leaving: boolean
  /** Set while Ingresses have still to be planned anew for the last change of this record. */
  untold?: true
  wakeAt: number | null
  updatedAt: number
}

/** Kept for ever, so that a fencing token never starts again. */
export interface LeaseDoc {
  id: string
  holder: string
  token: number
  expiresAt: number
}

/** A message that could not be worked on, for people to read and replay. */
export interface DeadLetterDoc {
  id: string
  topic: string
  /** The payload, cut to a bounded length. */
  data: string
  attributes: Record<string, string>
  why: string
  at: number
  /** Firestore's TTL policy removes it after this time. */
  expireAt: number
}

/**
 * What a sweep found to be as wanted, so that the next one need not read a document for each of many thousand resources: a
 * part of the inventory of one kind in one project, or of one cluster.
 */
export interface InventoryDoc {
  id: string
  /** All parts of one inventory. */
  scope: string
  /** JSON: from a name to what was seen of it; one text, because Firestore would index every member of a map. */
  entries: string
  /** Since when sweeps have come without a long pause: before this nothing is known. */
  since: number
  /** When everything in this part was last looked at in full. */
  at: number
}

/** Every collection and the shape of its documents. */
export interface Collections {
  ingresses: IngressDoc
  clusters: ClusterDoc
  resources: ResourceDoc
  claims: ClaimDoc
  leases: LeaseDoc
  deadLetters: DeadLetterDoc
  inventories: InventoryDoc
  objects: ObjectDoc
}

/** The name of a collection. */
export type CollectionName = keyof Collections

/** A claim's document id. */
export function claimId(resource: ResourceId, ingress: string): string {
  return `${resource}|${ingress}`
}
