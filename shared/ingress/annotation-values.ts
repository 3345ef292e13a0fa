import type { IngressSettings } from './model.ts'
import { checkHost } from './hosts.ts'
import { checkClusterName } from './names.ts'
import { quote } from './report.ts'

/** What one annotation's text came to: a part of the settings, or sentences that say what is wrong with it. */
export type ReadValue =
  { ok: true; set: Partial<IngressSettings>; warning?: string } | { ok: false; problems: string[] }

/** Reads the text of one annotation. */
export type ReadText = (text: string) => ReadValue

/** Most names that one comma list may hold. */
const maxListed = 200

/** The spellings of Go's strconv.ParseBool, which the controllers of Google Cloud and kubemci use. */
const truths: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'true', 'TRUE', 'True'].map((word): [string, boolean] => [word, true]),
  ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map((word): [string, boolean] => [word, false]),
])

/** True or false, or undefined when the text is neither. */
export function parseTruth(text: string): boolean | undefined {
  return truths.get(text)
}

/** One of a few words, to the letter. */
export function oneOf<W extends string>(words: readonly W[], set: (word: W) => Partial<IngressSettings>): ReadText {
  return (text) => {
    const word = words.find((candidate) => candidate === text.trim())
    return word === undefined
      ? {
          ok: false,
          problems: [`${quote(text)} is not known here; write ${words.map((known) => quote(known)).join(' or ')}.`],
        }
      : { ok: true, set: set(word) }
  }
}

/** One name that a check accepts. */
export function oneName(
  check: (name: string) => string | null,
  set: (name: string) => Partial<IngressSettings>,
): ReadText {
  return (text) => {
    const name = text.trim()
    const problem = name === '' ? 'The annotation is empty; write a name or leave it out.' : check(name)
    return problem === null ? { ok: true, set: set(name) } : { ok: false, problems: [problem] }
  }
}

/** `true` or `false`. */
export function truth(set: (value: boolean) => Partial<IngressSettings>): ReadText {
  return (text) => {
    const value = parseTruth(text.trim())
    return value === undefined
      ? { ok: false, problems: [`${quote(text)} is neither "true" nor "false"; write one of them, in quotes.`] }
      : { ok: true, set: set(value) }
  }
}

/** A comma list, without repeats and in the order written; empty members (a comma at the end) do not count. */
export function commaList(
  what: string,
  max: number,
  check: (name: string) => string | null,
  set: (names: string[]) => Partial<IngressSettings>,
): ReadText {
  return (text) => {
    const names = splitList(text)
    if (names.length === 0)
      return { ok: false, problems: [`The annotation names no ${what}; write at least one or leave it out.`] }
    if (names.length > max)
      return { ok: false, problems: [`The annotation names ${names.length} ${what}s; at most ${max} are taken.`] }
    const problems = names.map(check).filter((problem) => problem !== null)
    return problems.length === 0 ? { ok: true, set: set(names) } : { ok: false, problems }
  }
}

/** The members of a comma list, trimmed, once each. */
export function splitList(text: string): string[] {
  return [
    ...new Set(
      text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    ),
  ]
}

/** A comma list of clusters; used by the annotation and by the attribute of a message. */
export function clusterList(text: string): { ok: true; clusters: string[] } | { ok: false; problems: string[] } {
  const names = splitList(text)
  if (names.length === 0)
    return { ok: false, problems: ['No cluster is named; write at least one, or leave this out.'] }
  if (names.length > maxListed)
    return { ok: false, problems: [`${names.length} clusters are named; at most ${maxListed} are taken.`] }
  const problems = names.map(checkClusterName).filter((problem) => problem !== null)
  return problems.length === 0 ? { ok: true, clusters: names } : { ok: false, problems }
}

/** A host that a Google-managed certificate may cover. That these take no wildcard is not checked against the real service. */
export function checkCertificateHost(name: string): string | null {
  const checked = checkHost(name)
  if (checked.problem !== null) return checked.problem
  return checked.wildcard
    ? `The host ${quote(name)} is a wildcard, which a Google-managed certificate cannot cover; write full names.`
    : null
}
