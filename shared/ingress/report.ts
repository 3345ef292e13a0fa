import type { Problem } from '../state/documents.ts'

/** Problems named at most per message; a person mends the first hundred before they read on. */
const maxFindings = 100
/** Longest path that is shown; only hostile nesting is longer. */
const maxWhere = 300

/**
 * Where the readers of a manifest write down what they find. A reader never stops at the first problem: all of a
 * message are told at once.
 */
export interface Report {
  /** The message cannot be applied. */
  problem(where: string, message: string): void
  /** It can, but a person should know. */
  warn(where: string, message: string): void
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
}

/**
 * An empty report. It keeps the first hundred of each sort and then says how many more there were. With a parent, every
 * problem is told to that too; warnings are not.
 */
export function createReport(parent?: Report): Report {
  const problems = bounded('problem')
  const warnings = bounded('warning')
  return {
    problem: (where, message) => {
      problems.add(where, message)
      parent?.problem(where, message)
    },
    warn: warnings.add,
    get problems() {
      return problems.list()
    },
    get warnings() {
      return warnings.list()
    },
  }
}

function bounded(sort: string) {
  const kept: Problem[] = []
  let dropped = 0
  return {
    add: (where: string, message: string) => {
      if (kept.length < maxFindings) kept.push({ where: tidy(where), message })
      else dropped += 1
    },
    list: (): Problem[] =>
      dropped === 0
        ? kept
        : [
            ...kept,
            {
              where: 'message',
              message: `There is more: ${dropped} further ${sort}${dropped === 1 ? '' : 's'} not shown.`,
            },
          ],
  }
}

/** Prefixes end in ': ' or '.', so that a member can be appended; what stands alone must not. */
function tidy(where: string): string {
  const whole = where.replace(/(: |\.)$/, '')
  return whole.length > maxWhere ? `${whole.slice(0, maxWhere)}…` : whole
}

/** A value from outside, fit to stand in a sentence: quoted, cut, and with every character visible that is not ASCII. */
export function quote(value: string): string {
  const cut = value.length > 80 ? `${value.slice(0, 80)}…` : value
  const visible = JSON.stringify(cut).replace(
    /[^ -~…]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return visible
}

/** What a value is, in the words that a writer of manifests uses. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'string') return 'text'
  if (typeof value === 'number') return `the number ${value}`
  if (typeof value === 'boolean') return `the truth value ${value}`
  return 'a mapping'
}
