/** Which database. */
interface Where {
  projectId: string
  databaseId: string
}

/** gRPC status codes, as the client library gives them in `code`. */
const INVALID_ARGUMENT = 3
const DEADLINE_EXCEEDED = 4
const NOT_FOUND = 5
const ALREADY_EXISTS = 6
const PERMISSION_DENIED = 7
const RESOURCE_EXHAUSTED = 8
const FAILED_PRECONDITION = 9
const ABORTED = 10
const INTERNAL = 13
const UNAVAILABLE = 14
const UNAUTHENTICATED = 16

/** Whether a transaction failed because others were faster, or held what it needed for too long. */
export function isLostRace(error: unknown): boolean {
  const code = codeOf(error)
  if (code === INVALID_ARGUMENT) return /transaction (has expired|is invalid or closed)/i.test(messageOf(error))
  return code === ABORTED
}

/** Whether a write with a precondition failed because the document is no longer as it was read a moment before. */
export function isChangedMeanwhile(error: unknown): boolean {
  return isLostRace(error) || [NOT_FOUND, ALREADY_EXISTS, FAILED_PRECONDITION].some((code) => code === codeOf(error))
}

/** A call that Firestore did not answer in time. */
export class NoAnswer extends Error {
  constructor(ms: number) {
    super(`no answer within ${ms / 1000} s`)
  }
}

/**
 * A failure of Firestore in words that say what to do about it, with the original as its cause; any other error as it is.
 */
export function firestoreFault(error: unknown, { projectId, databaseId }: Where): unknown {
  if (typeof codeOf(error) !== 'number' && !(error instanceof NoAnswer)) return error
  const database = `Firestore database ${databaseId} of project ${projectId}`
  const said = `Firestore said: ${messageOf(error)}`
  const words = (): string => {
    switch (codeOf(error)) {
      // Nothing that the store asks for fails when a document is missing: this is about the database itself.
      case NOT_FOUND:
        return (
          `The ${database} does not exist. Create it in Native mode (infra/ does, or: gcloud firestore databases create ` +
          `--project=${projectId} --database='${databaseId}' --location=LOCATION --type=firestore-native). ${said}`
        )
      case PERMISSION_DENIED:
      case UNAUTHENTICATED:
        return (
          `No access to the ${database}. The Firestore API must be enabled in the project, and this identity needs the role ` +
          `roles/datastore.user. ${said}`
        )
      case FAILED_PRECONDITION:
        return `The ${database} is not set up as the program needs it: Native mode, with the indexes that infra/ declares. ${said}`
      default:
        return `The ${database} did not do what was asked. ${said}`
    }
  }
  return new Error(words(), { cause: error })
}

/** Whether the same question may well be answered in a moment; of what `firestoreFault` answered. */
export function isPassing(fault: unknown): boolean {
  const cause = fault instanceof Error ? fault.cause : undefined
  return (
    cause instanceof NoAnswer ||
    [DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, ABORTED, INTERNAL, UNAVAILABLE].some((code) => code === codeOf(cause))
  )
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
}

function messageOf(error: unknown): string {
  // The library lists every failed try of a call in its message.
  return (error instanceof Error ? error.message : String(error)).slice(0, 500)
}
