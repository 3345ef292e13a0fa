import { Failure, Unanswered } from './exit-codes.ts'
import type { Session } from './session.ts'
import { secondsOf } from './stages.ts'

/** So long nothing may be heard of what is waited for, before that is the end of waiting; milliseconds. */
const longestSilence = 30_000

const firstPause = 200
const longestPause = 5_000

/**
 * Reads, and reads again while there is no answer: functions start, connections break, and what is waited for goes on all the
 * same. Throws Failure with how long it was silent when that is too long, or goes on beyond `until` (of the session's clock);
 * an answer that no repetition changes, such as that nobody is let in, at once.
 */
export async function patiently<T>(
  session: Pick<Session, 'now' | 'sleep'>,
  read: () => Promise<T>,
  until = Infinity,
): Promise<T> {
  const begun = session.now()
  for (let pause = firstPause; ; pause = Math.min(2 * pause, longestPause)) {
    try {
      return await read()
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error
      if (session.now() + pause > Math.min(begun + longestSilence, until)) {
        const silent = session.now() - begun
        throw new Failure(
          `nothing was heard for ${secondsOf(silent)} of what is waited for: ${error.message}`,
          'It goes on by itself; look again (mci get-status, mci clusters list) when there are answers.',
        )
      }
      await session.sleep(pause)
    }
  }
}
