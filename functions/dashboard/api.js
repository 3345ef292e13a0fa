/** Reading the status API: politely, by ETag, more often while something moves. */

const base = new URL('../', import.meta.url)

/**
 * @template T
 * @typedef {object} Poll
 * @property {() => string} path Relative to the status function, for example `api/ingresses`.
 * @property {(answer: T | null) => number} onAnswer Shows the answer (null = there is no such thing) and says after how many milliseconds to ask again.
 * @property {(trouble: string | null) => void} onTrouble Says why there is no answer, or that there is one again.
 */

/** After a failure; milliseconds. */
const patience = 3_000
const longestWait = 20_000

/**
 * Asks again and again until stopped; not while the page is hidden.
 * @template T
 * @param {Poll<T>} poll
 * @returns {{ stop(): void, now(): void }}
 */
export function startPolling({ path, onAnswer, onTrouble }) {
  /** @type {string | null} */
  let etag = null
  let etagOf = ''
  let pause = patience
  const over = new AbortController()
  const ended = () => over.signal.aborted
  /** @type {number | undefined} */
  let timer

  async function round() {
    clearTimeout(timer)
    if (ended() || document.hidden) return
    const asked = path()
    try {
      const answer = await fetch(new URL(asked, base), {
        cache: 'no-store',
        headers: etag !== null && etagOf === asked ? { 'if-none-match': etag } : {},
        signal: AbortSignal.any([over.signal, AbortSignal.timeout(longestWait)]),
      })
      if (answer.status !== 304) {
        /** @type {unknown} */
        const body = await answer.json()
        if (answer.status !== 200 && answer.status !== 404) throw new Error(`HTTP ${answer.status}`)
        etag = answer.headers.get('etag')
        etagOf = asked
        pause = onAnswer(answer.status === 404 ? null : /** @type {T} */ (body))
      }
      onTrouble(null)
    } catch (error) {
      if (ended()) return
      onTrouble(error instanceof Error ? error.message : String(error))
    }
    timer = setTimeout(() => void round(), pause)
  }

  const wake = () => void round()
  document.addEventListener('visibilitychange', wake)
  wake()
  return {
    stop() {
      over.abort()
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', wake)
    },
    now: wake,
  }
}
