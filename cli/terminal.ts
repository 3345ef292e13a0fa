import pc from 'picocolors'
import { stringify } from 'yaml'

/** How results are written. */
export type OutputFormat = 'table' | 'json' | 'yaml'

/** Where a command writes: results to standard output, everything for the person at the keyboard to standard error. */
export interface Terminal {
  format: OutputFormat
  /** A result, in the format that was asked for; `text` is made only for tables. */
  result(value: unknown, text: () => string): void
  /** A line for people; never part of the result. */
  say(line: string): void
  warn(line: string): void
  /** Replaces what was last shown on a terminal; writes nothing elsewhere. */
  show(lines: readonly string[]): void
  /** True when standard error is a terminal that can be redrawn. */
  live: boolean
  /** Size of the terminal. */
  columns(): number
  rows(): number
  /** Colours for standard output, and for standard error: on a terminal only. */
  colours: Colours
  sayColours: Colours
}

/** What picocolors makes. */
export type Colours = ReturnType<typeof pc.createColors>

/** A terminal over the process's own streams. */
export function createTerminal(format: OutputFormat, env: Readonly<Record<string, string | undefined>>): Terminal {
  const plain = (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb'
  const sayColours = pc.createColors(process.stderr.isTTY && !plain)
  const live = process.stderr.isTTY && env['TERM'] !== 'dumb'
  let shown = 0
  const erase = (): void => {
    if (shown > 0) process.stderr.write(`\u001b[${shown}A\u001b[J`)
    shown = 0
  }
  const say = (line: string): void => {
    erase()
    process.stderr.write(`${line}\n`)
  }
  return {
    format,
    result(value, text) {
      // What was shown last stays, above the result.
      shown = 0
      const written =
        format === 'json' ? `${JSON.stringify(value, null, 2)}\n` : format === 'yaml' ? stringify(value) : text()
      process.stdout.write(written.endsWith('\n') || written === '' ? written : `${written}\n`)
    },
    say,
    warn: (line) => say(`${sayColours.yellow('Warning:')} ${line}`),
    show(lines) {
      if (!live) return
      erase()
      process.stderr.write(lines.map((line) => `${line}\n`).join(''))
      shown = lines.length
    },
    live,
    columns: () => process.stderr.columns || 80,
    rows: () => process.stderr.rows || 24,
    colours: pc.createColors(process.stdout.isTTY && !plain),
    sayColours,
  }
}

/** Columns under their heads, as wide as their widest cell, two spaces apart; nothing is padded at the end. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)))
  return lines
    .map((line) =>
      line
        .map((cell, column) => (column === line.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
