import type { LateError } from './api-error.ts'
import type { Scope } from './api-table.ts'
import type { JsonObject } from './json.ts'
import type { Reference, ReferenceField } from './references.ts'

/** A resource of the simulated project. Bodies are frozen: answers share them. */
export interface Resource {
  /** Relative: projects/p/global/urlMaps/u. */
  readonly path: string
  readonly project: string
  readonly scope: Scope
  readonly collection: string
  readonly name: string
  readonly kind: Kind
  /** Milliseconds since the epoch; `serial` orders resources of the same millisecond. */
  readonly createdAt: number
  readonly serial: number
  /** A resource in creation is not shown; one in deletion is, and still holds what it references. */
  state: 'creating' | 'ready' | 'deleting'
  /** The operation that changes the resource now; another change is refused until it is done. */
  busyWith: string | undefined
  /** What clients write, with defaults, references as full URLs. */
  spec: JsonObject
  /** What only the service writes: id, kind, selfLink, fingerprints... */
  meta: JsonObject
  /** `spec` and `meta` together. */
  body: JsonObject
  /** Paths and tokens that the resource holds in use. */
  holds: readonly string[]
  /** What came with the insert and is never shown: a certificate's private key. */
  readonly secret: string | undefined
  /** Instances of a group, endpoints of a NEG. */
  members: readonly JsonObject[]
}

/** Where a body belongs. */
export interface Place {
  project: string
  scope: Scope
  collection: string
  name: string
  path: string
}

/** What a kind may look at. */
export interface Look {
  now(): number
  /** Also resources in creation or deletion. */
  find(path: string): Resource | undefined
  /** The resources that hold a path or a token. */
  holders(pathOrToken: string): readonly Resource[]
  /** Resources of one collection in one scope, by name. */
  list(collectionPath: string): readonly Resource[]
  /** The next free address. */
  nextAddress(family: 'IPV4' | 'IPV6'): string
  /** The next free internal address (for machines). */
  nextInternalAddress(): string
  /** A random fingerprint. */
  newFingerprint(): string
  projectNumber(project: string): string
}

/** Resources that the service makes by itself. */
export interface Planting extends Look {
  add(resource: Resource): void
  remove(resource: Resource): void
  newId(): string
  nextSerial(): number
}

/** What a custom method is given. */
export interface Call {
  look: Look
  resource: Resource
  /** Checked against the route's message. */
  body: JsonObject
  query: Readonly<Record<string, string>>
}

/** A method beyond get, list, insert, patch, update, delete. */
export type CustomMethod =
  /** Changes the body; refused while another change is under way. */
  | {
      does: 'change'
      operationType: string
      /** The operation is DONE in the first answer. */
      immediate?: boolean
      /** The whole new spec; `meta` for members that only the service writes. */
      change(call: Call): { spec: JsonObject; meta?: JsonObject }
    }
  /** Adds or removes members; several may be under way at once, each applies to what is there when it ends. */
  | {
      does: 'members'
      operationType: string
      /** Refuses a bad call; returns what to do at the end. */
      plan(call: Call): (members: readonly JsonObject[]) => readonly JsonObject[]
    }
  /** Starts an operation that changes nothing that can be seen. */
  | { does: 'nothing'; operationType: string; check(call: Call): void }
  /** Answers without an operation. */
  | { does: 'read'; answer(call: Call): JsonObject }

/** What the engine must know of one type of resource; everything else is common. */
export interface Kind {
  collection: string
  /** The message of its body. */
  message: string
  /** As `kind` shows it, without `compute#`. */
  singular: string
  /** As messages show it: url_map. */
  noun: string
  /** `required`: PATCH and PUT without one are refused; `checked`: compared when sent. */
  fingerprint: 'none' | 'checked' | 'required'
  labels?: boolean
  /** Shows `selfLinkWithId` too. */
  linkWithId?: boolean
  /** The quota's metric. */
  quota?: string
  references?: readonly ReferenceField[]
  /** Members that cannot change once set. */
  immutable?: readonly string[]
  /** Operation types other than the method's name. */
  operationTypes?: Readonly<Record<string, string>>
  /** Checks that need only the body. */
  check?(body: JsonObject, place: Place): void
  /** The body as stored: defaults added, values normalised; before references are resolved. */
  defaults?(body: JsonObject, place: Place): JsonObject
  /** Server-side allocation on insert, after all checks. */
  allocate?(look: Look, spec: JsonObject, place: Place): { spec?: JsonObject; meta?: JsonObject }
  /** What of the body is kept and never shown. */
  secret?(body: JsonObject): string | undefined
  /** Checks that need other resources. `before` is absent on insert. */
  relate?(look: Look, spec: JsonObject, place: Place, references: readonly Reference[], before?: Resource): void
  /** What the resource holds besides its references. */
  tokens?(spec: JsonObject, place: Place): string[]
  /** Tokens under which others may hold this resource. */
  aliases?(resource: Resource): string[]
  /** Members that depend on other resources or on time. */
  derive?(look: Look, resource: Resource): JsonObject
  /** Refuses a delete beyond the common check. */
  checkDelete?(look: Look, resource: Resource): void
  /** An error that a delete meets only at its end. */
  lateDeleteError?(look: Look, resource: Resource): LateError | undefined
  /** What the service makes beside the resource, and takes away with it. */
  created?(world: Planting, resource: Resource): void
  removed?(world: Planting, resource: Resource): void
  /** Collections whose references do not block a delete at once. */
  lateHolders?: readonly string[]
  methods?: Readonly<Record<string, CustomMethod>>
}
