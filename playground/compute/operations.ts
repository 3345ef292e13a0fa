import type { Clock } from '../world.ts'
import { httpPhrase, type LateError } from './api-error.ts'
import { type Scope, scopePath } from './api-table.ts'
import type { JsonObject } from './json.ts'
import { fullUrl } from './references.ts'

/** What starts an operation. */
export interface OperationStart {
  project: string
  scope: Scope
  operationType: string
  /** Relative path of the resource it works on. */
  target: string
  targetId: string
  actor: string
  /** Applies the change at the end; an error makes the operation fail and must leave nothing behind. */
  finish(): LateError | undefined
  /** Told after the end. */
  ended(operation: Operation, error: LateError | undefined): void
}

/** One operation as the API keeps it. */
export interface Operation {
  readonly path: string
  readonly name: string
  readonly start: OperationStart
  readonly createdAt: number
  readonly serial: number
  /** The answer's body; replaced when the operation ends. */
  body: JsonObject
  done: boolean
}

export interface Operations {
  /** A new operation, RUNNING until `end` is called. */
  begin(start: OperationStart): Operation
  end(operation: Operation): void
  find(path: string): Operation | undefined
  /** Newest last. */
  list(project: string, scope: Scope): readonly Operation[]
  all(project: string): readonly Operation[]
  forget(operation: Operation): void
  /** Resolves when the operation is done or the time is over. */
  wait(operation: Operation, ms: number): Promise<void>
}

/** Per project; the oldest finished operations are forgotten beyond this. */
const kept = 20_000

/** RFC 3339 with the offset that the service shows (not checked: the offset follows Mountain View). */
export function timestamp(ms: number): string {
  return new Date(ms - 7 * 3_600_000).toISOString().replace('Z', '-07:00')
}

export function createOperations(
  clock: Clock,
  world: { newId(): string; nextSerial(): number; random(): number },
): Operations {
  const byPath = new Map<string, Operation>()
  const byProject = new Map<string, Set<Operation>>()
  const waiters = new Map<Operation, Set<() => void>>()

  function hex(digits: number): string {
    let text = ''
    while (text.length < digits) text += Math.floor(world.random() * 16).toString(16)
    return text
  }

  function end(operation: Operation): void {
    const error = operation.start.finish()
    operation.done = true
    operation.body = Object.freeze({
      ...operation.body,
      status: 'DONE',
      progress: 100,
      endTime: timestamp(clock.now()),
      ...(error === undefined
        ? {}
        : {
            error: { errors: [{ code: error.code, message: error.message }] },
            httpErrorStatusCode: error.httpStatus,
            httpErrorMessage: httpPhrase(error.httpStatus),
          }),
    })
    for (const wake of waiters.get(operation) ?? []) wake()
    waiters.delete(operation)
    operation.start.ended(operation, error)
  }

  function trim(project: string): void {
    const operations = byProject.get(project)
    if (operations === undefined || operations.size <= kept) return
    for (const operation of operations) {
      if (operations.size <= kept) return
      if (!operation.done) continue
      operations.delete(operation)
      byPath.delete(operation.path)
    }
  }

  return {
    begin(start) {
      const now = clock.now()
      const name = `operation-${now}-${hex(13)}-${hex(8)}-${hex(8)}`
      const path = `projects/${start.project}/${scopePath(start.scope)}/operations/${name}`
      const operation: Operation = {
        path,
        name,
        start,
        createdAt: now,
        serial: world.nextSerial(),
        done: false,
        body: Object.freeze({
          kind: 'compute#operation',
          id: world.newId(),
          name,
          operationType: start.operationType,
          targetLink: fullUrl(start.target),
          targetId: start.targetId,
          status: 'RUNNING',
          user: start.actor,
          progress: 0,
          insertTime: timestamp(now),
          startTime: timestamp(now),
          selfLink: fullUrl(path),
          ...(start.scope.type === 'zones'
            ? { zone: fullUrl(`projects/${start.project}/zones/${start.scope.name}`) }
            : {}),
          ...(start.scope.type === 'regions'
            ? { region: fullUrl(`projects/${start.project}/regions/${start.scope.name}`) }
            : {}),
        }),
      }
      byPath.set(path, operation)
      byProject.set(start.project, (byProject.get(start.project) ?? new Set()).add(operation))
      trim(start.project)
      return operation
    },
    end,
    find: (path) => byPath.get(path),
    list: (project, scope) =>
      [...(byProject.get(project) ?? [])].filter(({ start }) => scopePath(start.scope) === scopePath(scope)),
    all: (project) => [...(byProject.get(project) ?? [])],
    forget(operation) {
      byPath.delete(operation.path)
      byProject.get(operation.start.project)?.delete(operation)
    },
    wait(operation, ms) {
      if (operation.done) return Promise.resolve()
      return new Promise((resolve) => {
        const wakes = waiters.get(operation) ?? new Set<() => void>()
        waiters.set(operation, wakes)
        const timer = clock.after(ms, wake)
        wakes.add(wake)
        function wake(): void {
          timer.cancel()
          wakes.delete(wake)
          resolve()
        }
      })
    },
  }
}
