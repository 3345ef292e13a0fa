/** What happened, in words, for a person who replays a seed. */
export interface Trace {
  /** `text` is only made when somebody reads the trace. */
  note(who: string, text: () => string): void
  lines(): readonly string[]
}

/** Keeps everything when `on`, else nothing: a seed that fails is run again with it. */
export function createTrace(now: () => number, on: boolean): Trace {
  const start = now()
  const lines: string[] = []
  return {
    note(who, text) {
      if (on) lines.push(`${stamp(now() - start)}  ${who.padEnd(24)} ${text()}`)
    },
    lines: () => lines,
  }
}

function stamp(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  const two = (value: number): string => String(value).padStart(2, '0')
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}.${String(Math.floor(ms % 1000)).padStart(3, '0')}`
}
