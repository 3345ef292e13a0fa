import { ApiError, type LateError, NoAnswer } from './api-error.ts'

/** Which requests a fault meets: by method such as `urlMaps.insert`, and the name in the path or body; absent = any. */
export interface FaultMatch {
  method?: string
  name?: string
}

/** What is not permitted: methods such as `firewalls.insert` in a project, to everybody whose headers `whose` picks. */
export interface Forbidden {
  project: string
  methods: readonly string[]
  whose(headers: Readonly<Record<string, string>>): boolean
}

/** Faults that tests inject; each prepared fault meets one request. */
export interface Faults {
  /** The next matching mutation is refused at once and changes nothing. */
  refuseNext(error: { code: number; reason: string; message?: string }, match?: FaultMatch): void
  /** The next matching operation starts and fails at its end; nothing is changed. */
  failNext(error: { code: string; message: string; httpStatus?: number }, match?: FaultMatch): void
  /** The next matching request is carried out and its answer is lost. */
  dropNextAnswer(match?: FaultMatch): void
  /** From now on requests are refused for lack of a permission; returns the way to allow them again. */
  forbid(rule: Forbidden): () => void
  /** All requests: `unavailable` answers 503, `silent` breaks the connection, neither changes anything. */
  outage(mode: 'off' | 'unavailable' | 'silent'): void
  /** Prepared faults that have met no request yet. */
  pending(): number
  clear(): void
}

/** A request as faults are matched to it. */
export interface FaultTarget {
  method: string
  name: string
}

/** What the engine asks. */
export interface FaultPlan extends Faults {
  checkOutage(): void
  checkPermission(project: string, target: FaultTarget, headers: Readonly<Record<string, string>>): void
  checkRefusal(target: FaultTarget): void
  takeFailure(target: FaultTarget): LateError | undefined
  takeDrop(target: FaultTarget): boolean
}

function take<T>(list: { match: FaultMatch; fault: T }[], target: FaultTarget): T | undefined {
  const index = list.findIndex(
    ({ match }) =>
      (match.method === undefined || match.method === target.method) &&
      (match.name === undefined || match.name === target.name),
  )
  return index < 0 ? undefined : list.splice(index, 1)[0]?.fault
}

export function createFaults(): FaultPlan {
  const refusals: { match: FaultMatch; fault: ApiError }[] = []
  const failures: { match: FaultMatch; fault: LateError }[] = []
  const drops: { match: FaultMatch; fault: true }[] = []
  const forbidden = new Set<Forbidden>()
  let mode: 'off' | 'unavailable' | 'silent' = 'off'
  return {
    refuseNext(error, match = {}) {
      const message = error.message ?? `Injected refusal: ${error.reason}.`
      refusals.push({ match, fault: new ApiError(error.code, error.reason, message) })
    },
    failNext(error, match = {}) {
      failures.push({ match, fault: { httpStatus: 400, ...error } })
    },
    dropNextAnswer(match = {}) {
      drops.push({ match, fault: true })
    },
    outage(next) {
      mode = next
    },
    forbid(rule) {
      forbidden.add(rule)
      return () => void forbidden.delete(rule)
    },
    pending: () => refusals.length + failures.length + drops.length,
    clear() {
      refusals.length = 0
      failures.length = 0
      drops.length = 0
      forbidden.clear()
      mode = 'off'
    },
    checkOutage() {
      if (mode === 'silent') throw new NoAnswer()
      if (mode === 'unavailable') {
        throw new ApiError(503, 'backendError', 'Backend Error', {})
      }
    },
    checkPermission(project, { method, name }, headers) {
      const applies = (rule: Forbidden): boolean =>
        rule.project === project && rule.methods.includes(method) && rule.whose(headers)
      if (![...forbidden].some(applies)) return
      const [collection = '', verb = ''] = method.split('.')
      const permission = `compute.${collection}.${{ insert: 'create', patch: 'update' }[verb] ?? verb}`
      // The text is as users quote it; it is not among the recordings.
      throw new ApiError(
        403,
        'forbidden',
        `Required '${permission}' permission for 'projects/${project}/global/${collection}/${name}'`,
      )
    },
    checkRefusal(target) {
      const refusal = take(refusals, target)
      if (refusal !== undefined) throw refusal
    },
    takeFailure: (target) => take(failures, target),
    takeDrop: (target) => take(drops, target) === true,
  }
}
