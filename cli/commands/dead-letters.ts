import { exitCodes, Failure, type ExitCode } from '../exit-codes.ts'
import { patiently } from '../patience.ts'
import { deadLettersShape, deadLetterShape, type DeadLetter } from '../report.ts'
import type { CommonFlags, Session } from '../session.ts'
import { secondsOf } from '../stages.ts'
import { table } from '../terminal.ts'

/** As many as the status API lists, and one message asks for. */
const most = 100

/** Messages that were refused or delivered in vain, the oldest first. */
export async function listDeadLetters(session: Session): Promise<ExitCode> {
  const deadLetters = await readAll(session)
  session.terminal.result({ deadLetters }, () =>
    deadLetters.length === 0
      ? 'No dead letters.'
      : [
          table(
            ['AGE', 'TOPIC', 'MESSAGE', 'WHY'],
            deadLetters.map(({ id, topic, why, at }) => [ageOf(session.now() - Date.parse(at)), topic, id, why]),
          ),
          ...(deadLetters.length < most ? [] : [`These are the oldest ${most}; there may be more.`]),
        ].join('\n'),
  )
  return exitCodes.ok
}

/** What `dead-letters replay` takes. */
export interface ReplayFlags extends CommonFlags {
  /** All of this topic. */
  topic?: string
  timeout: number
}

/** Has kept messages sent to their topics once more, and their records removed; waits until that is done. */
export async function replayDeadLetters(
  session: Session,
  ids: readonly string[],
  flags: ReplayFlags,
): Promise<ExitCode> {
  const letters = await chosen(session, ids, flags.topic)
  const stuck = letters.filter(({ replayable }) => !replayable)
  if (stuck.length > 0)
    throw new Failure(
      `cannot be sent again: ${stuck.map(({ id, obstacle }) => `${id}, because ${obstacle ?? 'of what it is'}`).join('; ')}`,
      'Nothing was sent. Publish what it was meant to say anew.',
    )
  const replay = [...new Set(letters.map(({ id }) => id))]
  if (replay.length > 0)
    await session.publish({
      topic: 'dead-letters',
      text: JSON.stringify({ replay }),
      attributes: { action: 'replay' },
    })
  await untilGone(session, replay, flags.timeout)
  session.terminal.result({ replayed: replay }, () =>
    replay.length === 0
      ? 'No dead letters to send again.'
      : letters.map(({ id, topic }) => `message ${id} was sent to ${topic} again`).join('\n'),
  )
  return exitCodes.ok
}

async function chosen(session: Session, ids: readonly string[], topic: string | undefined): Promise<DeadLetter[]> {
  if ((ids.length === 0) === (topic === undefined))
    throw new Failure(
      'which messages are to be sent again?',
      'Name them by what mci dead-letters list shows, or give --topic TOPIC for all of one topic.',
      exitCodes.usage,
    )
  if (ids.length > most)
    throw new Failure(`${ids.length} messages are named; at most ${most} go at once`, undefined, exitCodes.usage)
  if (topic !== undefined) return (await readAll(session)).filter((letter) => letter.topic === topic)
  const found = await Promise.all(ids.map((id) => readOne(session, id)))
  const unknown = ids.filter((_, index) => found[index] === undefined)
  if (unknown.length > 0)
    throw new Failure(`no message ${unknown.join(', ')} is kept`, 'mci dead-letters list shows those that are.')
  return found.filter((letter) => letter !== undefined)
}

async function untilGone(session: Session, ids: readonly string[], timeoutMs: number): Promise<void> {
  const end = session.now() + timeoutMs
  let left = ids
  for (;;) {
    const asked = left
    const letters = await patiently(session, () => Promise.all(asked.map((id) => readOne(session, id))), end)
    left = left.filter((_, index) => letters[index] !== undefined)
    if (left.length === 0) return
    if (session.now() > end)
      throw new Failure(
        `${left.join(', ')} is still kept after ${secondsOf(timeoutMs)}`,
        'Is the function dead-letter deployed, and may you publish to dead-letters? Its log says why a message is not sent.',
        exitCodes.timeout,
      )
    await session.sleep(session.status.pace)
  }
}

async function readAll(session: Session): Promise<DeadLetter[]> {
  return (await session.status.get('/api/dead-letters', deadLettersShape))?.deadLetters ?? []
}

function readOne(session: Session, id: string): Promise<DeadLetter | undefined> {
  return session.status.get(`/api/dead-letters/${encodeURIComponent(id)}`, deadLetterShape)
}

/** As kubectl writes ages: the largest unit that fits. */
export function ageOf(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000))
  if (seconds < 120) return `${seconds}s`
  if (seconds < 2 * 3_600) return `${Math.floor(seconds / 60)}m`
  if (seconds < 2 * 86_400) return `${Math.floor(seconds / 3_600)}h`
  return `${Math.floor(seconds / 86_400)}d`
}
