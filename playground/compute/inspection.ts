import type { Scope } from './api-table.ts'
import type { JsonObject } from './json.ts'

/** One change as an audit log sees it: `started` with the answer to the request, `finished` at the operation's end. */
export interface ComputeChange {
  phase: 'started' | 'finished'
  /** As in audit logs: v1.compute.urlMaps.insert. Empty when the service acts by itself. */
  method: string
  operationType: string
  /** The operation's name; '' when the service acts by itself. */
  operation: string
  /** Relative path: projects/p/global/urlMaps/u. */
  target: string
  actor: string
  /** Milliseconds since the epoch. */
  at: number
  error: { code: string; message: string } | null
}

/** Requests since the start or the last reset. */
export interface ComputeCounters {
  /** get and read-only methods, without lists and operations. */
  reads: number
  lists: number
  writes: number
  /** Polls and waits. */
  operationReads: number
  /** By method, such as `urlMaps.insert`. */
  byMethod: Readonly<Record<string, number>>
  /** Refusals by reason, such as `conditionNotMet`. */
  refused: Readonly<Record<string, number>>
}

/** A resource as tests and the data plane read it: what a GET shows, and its members. */
export interface ComputeView {
  path: string
  project: string
  scope: Scope
  name: string
  /** What a GET answers. */
  body: JsonObject
  /** Instances of a group (`{instance}`), endpoints of a NEG. */
  members: readonly JsonObject[]
}
