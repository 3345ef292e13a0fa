/** What the process exits with. Scripts rely on these; `mci --help` shows them. */
export const exitCodes = {
  /** Done, and for `--wait` seen to be so. */
  ok: 0,
  /** Refused, failed, or not known. */
  failed: 1,
  /** `plan` only: there is something to do. */
  changes: 2,
  /** `--wait` or the answer of the deployment took longer than `--timeout`; what was asked for may still happen. */
  timeout: 3,
  /** `--wait`: it serves, but not from every cluster. */
  degraded: 4,
  /** The command line itself is wrong; nothing was done. */
  usage: 64,
} as const

/** One of `exitCodes`. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** A command that cannot go on, in words for a person: what is wrong, and what to do next. */
export class Failure extends Error {
  override name = 'Failure'
  readonly next: string | undefined
  readonly code: ExitCode
  constructor(message: string, next?: string, code: ExitCode = exitCodes.failed) {
    super(message)
    this.next = next
    this.code = code
  }
}

/** There was no answer, or none that says anything: the next question may well have one. */
export class Unanswered extends Failure {
  override name = 'Unanswered'
}
