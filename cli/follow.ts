import { exitCodes, Failure, type ExitCode } from './exit-codes.ts'
import { deadLetterShape, reportShape, type Report } from './report.ts'
import { patiently } from './patience.ts'
import type { Session } from './session.ts'
import { secondsOf, stageLine, treeOf } from './stages.ts'

/** How long a deployment may take to take a message, and to plan it, before that is said; milliseconds. */
const patience = 60_000

/** Reads one Ingress. */
export function readReport(session: Session, id: string): Promise<Report | undefined> {
  const [namespace = '', name = ''] = id.split('/')
  return session.status.get(`/api/ingresses/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`, reportShape)
}

/** A version of an Ingress that is waited for. */
export interface Awaited {
  id: string
  /** What there was before the message that made it; what has not moved since is no news. */
  before?: Report | undefined
  /** What was there when that message had been taken: an answer of less says nothing about it. */
  taken?: Report | undefined
}

/**
 * Waits until a message has been taken: the Ingress shows it, or the message is found among those that were not carried
 * out. `before` is what the Ingress was before it was published. Throws Failure with the reason, or when nobody takes it.
 */
export async function awaitTaken(
  session: Session,
  id: string,
  messageId: string,
  before: Report | undefined,
): Promise<Awaited> {
  const until = session.now() + patience
  for (;;) {
    const [report, refused] = await patiently(session, () =>
      Promise.all([
        readReport(session, id),
        session.status.get(`/api/dead-letters/${encodeURIComponent(messageId)}`, deadLetterShape),
      ]),
    )
    if (refused !== undefined)
      throw new Failure(
        `not done: ${refused.why}`,
        refused.why.includes('force=true')
          ? 'Here these are mci delete, and the same command with --force.'
          : undefined,
      )
    const moved =
      report?.publishedAt !== before?.publishedAt ||
      report?.generation !== before?.generation ||
      (report === undefined) !== (before === undefined)
    if (moved) return { id, before, taken: report }
    if (session.now() > until)
      throw new Failure(
        `message ${messageId} was published, and nothing has taken it for ${secondsOf(patience)}`,
        'It is kept and will be worked on; are the functions deployed? See their logs, then: mci get-status.',
        exitCodes.timeout,
      )
    await session.sleep(session.status.pace)
  }
}

/** Waits until this version, or a later one, has been planned. Throws Failure with everything that is wrong when it is refused. */
export async function awaitVerdict(session: Session, awaited: Awaited): Promise<void> {
  const { id, taken } = awaited
  const until = session.now() + patience
  for (;;) {
    const report = newsOf(awaited, await patiently(session, () => readReport(session, id)))
    const accepted = report?.conditions.find(({ type }) => type === 'Accepted')
    if (accepted?.status === 'True') return
    if (accepted?.status === 'False') {
      const other =
        report?.publishedAt === taken?.publishedAt ? '' : ', in a version that was published after this one,'
      throw new Failure(
        `${id}${other} is refused: ${accepted.message}`,
        'Correct it and apply again. What served before, if anything, serves on.',
      )
    }
    if (session.now() > until) {
      session.terminal.warn(
        `it is not clear after ${secondsOf(patience)} whether ${id} can be served: ${accepted?.message ?? 'no status'}`,
      )
      return
    }
    await session.sleep(session.status.pace)
  }
}

/** What an answer says about the version that is waited for; undefined = nothing, it is of the time before. */
function newsOf({ taken }: Awaited, report: Report | undefined): Report | undefined {
  return report !== undefined && report.generation < (taken?.generation ?? 0) ? undefined : report
}

/** How waiting ended. */
export interface Ending {
  id: string
  code: ExitCode
  /** undefined = the Ingress is gone. */
  report: Report | undefined
}

/** Shows the stages of Ingresses until each has come to its end: served, or withdrawn and gone. */
export async function follow(
  session: Session,
  awaited: readonly Awaited[],
  goal: 'served' | 'gone',
  timeoutMs: number,
): Promise<Ending[]> {
  const begun = session.now()
  const { terminal } = session
  const known = new Map(awaited.flatMap(({ before }) => before?.resources ?? []).map((one) => [one.id, one.updatedAt]))
  const said = new Map<string, string>()
  for (;;) {
    const elapsed = session.now() - begun
    const seen = await patiently(
      session,
      () => Promise.all(awaited.map(async (one) => ({ ...one, report: await readReport(session, one.id) }))),
      begun + timeoutMs,
    )
    const endings = seen.map((one) => endingOf(one, goal))
    if (terminal.live) {
      const size = { columns: terminal.columns(), rows: Math.floor(terminal.rows() / seen.length) }
      terminal.show(seen.flatMap(({ report, id }) => treeOf(report, id, elapsed, size, terminal.sayColours)))
    } else {
      for (const { report } of seen) sayNews(session, report, elapsed, known, said)
    }
    const over = elapsed > timeoutMs
    if (over || endings.every((ending) => ending !== undefined)) {
      return seen.map(({ id, report }, index): Ending => endings[index] ?? { id, code: exitCodes.timeout, report })
    }
    await session.sleep(session.status.pace)
  }
}

function endingOf(seen: Awaited & { report: Report | undefined }, goal: 'served' | 'gone'): Ending | undefined {
  const { id } = seen
  if (goal === 'gone') return seen.report === undefined ? { id, code: exitCodes.ok, report: undefined } : undefined
  const report = newsOf(seen, seen.report)
  if (report === undefined) return undefined
  switch (report.phase) {
    case 'Ready':
      return { id, code: exitCodes.ok, report }
    case 'Degraded':
      return { id, code: exitCodes.degraded, report }
    case 'Failed':
      return { id, code: exitCodes.failed, report }
    case 'Deleting':
    case 'Progressing':
      return undefined
    default:
      return report.phase satisfies never
  }
}

const worthALine: ReadonlySet<string> = new Set(['Ready', 'Failed', 'Retrying'])

function sayNews(
  session: Session,
  report: Report | undefined,
  elapsed: number,
  known: ReadonlyMap<string, string>,
  said: Map<string, string>,
): void {
  for (const resource of report?.resources ?? []) {
    const { id, phase, why, updatedAt } = resource
    const news = phase === 'Ready' ? phase : `${phase} ${why}`
    if (!worthALine.has(phase) || said.get(id) === news || known.get(id) === updatedAt) continue
    said.set(id, news)
    session.terminal.say(stageLine(elapsed, resource, session.terminal.sayColours))
  }
}
