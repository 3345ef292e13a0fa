import { InvalidArgumentError, Option, type Command } from 'commander'
import { exitCodes, Failure } from './exit-codes.ts'
import type { OutputFormat } from './terminal.ts'

/** Options that several commands share, each written once, and readers of their values. */

/** A comma list of names, without repeats; may be given several times. */
export function nameList(text: string, before: readonly string[] | undefined): string[] {
  const names = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
  if (names.length === 0) throw new InvalidArgumentError('Write at least one name, several with commas between them.')
  return [...new Set([...(before ?? []), ...names])]
}

/** `90s`, `10m`, `1h`, or seconds; milliseconds. */
export function duration(text: string): number {
  const found = /^(\d{1,6})(s|m|h)?$/.exec(text.trim())
  if (found === null) throw new InvalidArgumentError('Write a time such as 90s, 10m or 1h.')
  const unit = { s: 1_000, m: 60_000, h: 3_600_000 }[found[2] ?? 's'] ?? 1_000
  return Number(found[1]) * unit
}

/** `key=value` pairs. */
export function labelList(text: string): Record<string, string> {
  const pairs = text.split(',').map((part) => /^([^=]+)=([^=]*)$/.exec(part.trim()))
  if (pairs.some((pair) => pair === null)) throw new InvalidArgumentError('Write key=value, several with commas.')
  return Object.fromEntries(pairs.map((pair) => [pair?.[1] ?? '', pair?.[2] ?? '']))
}

/** `true` or `false`, as Go's flags take them after an equals sign. */
export function truth(text: string): boolean {
  if (text !== 'true' && text !== 'false') throw new InvalidArgumentError('Write true or false.')
  return text === 'true'
}

const formats: readonly OutputFormat[] = ['table', 'json', 'yaml']

/** What every command takes: where it works, who asks, how it answers. */
export function common(command: Command): Command {
  return command
    .option('--gcp-project <project>', 'project of the load balancers (GOOGLE_CLOUD_PROJECT)')
    .option('--status-url <url>', 'status API of the deployment (MCI_STATUS_URL); else Firestore is read')
    .option('-t, --access-token <->', '"-": read an access token from standard input (MCI_ACCESS_TOKEN)')
    .option('--impersonate-service-account <email>', 'act as this service account')
    .addOption(outputOption())
}

/** How a result is printed. */
export function outputOption(): Option {
  return new Option('-o, --output <format>', 'how to print the result').choices([...formats]).default('table')
}

/** For commands that can wait for what they began. */
export function waiting(command: Command): Command {
  return command
    .option('--wait', 'show the stages and wait for the end', false)
    .option('--timeout <time>', 'longest wait, such as 90s or 10m', duration, 15 * 60_000)
}

/** kubemci's names for clusters: contexts of a kubeconfig. */
export function contexts(command: Command, what: string): Command {
  return command
    .option('-k, --kubeconfig <file>', `kubeconfig whose contexts name ${what}`)
    .option('--kubecontexts <names>', 'only these contexts, with commas between them', nameList)
}

/** How a command line names a manifest, and kubemci's short form of force. */
export interface ManifestFlags {
  /** True for a bare -f, which is kubemci's --force. */
  filename?: string | true
  ingress?: string
  force?: boolean
}

/** For commands that publish or look ahead: they work on a manifest. */
export function manifest(command: Command): Command {
  return command
    .option('-f, --filename <file>', 'manifest; - is standard input')
    .option('-i, --ingress <file>', "the same in kubemci's words")
}

/** For kubemci's verbs, whose -f is --force: it is a manifest only when a file follows. */
export function manifestOrForce(command: Command, force: string): Command {
  return command
    .option('-i, --ingress <file>', 'manifest; - is standard input')
    .option('-f, --filename [file]', 'the same; without a file it is --force, as in kubemci')
    .option('--force', force, false)
}

/** One manifest, or none, and force. Throws Failure where two are named. */
export function settled<F extends ManifestFlags>(flags: F): F & { force: boolean } {
  const { filename, ingress } = flags
  const force = flags.force === true || filename === true
  if (typeof filename !== 'string') return { ...flags, force }
  if (ingress !== undefined)
    throw new Failure(
      `-f ${filename} and -i ${ingress} both name a manifest`,
      'Give one of them; to force something, write --force.',
      exitCodes.usage,
    )
  return { ...flags, force, ingress: filename }
}

/** As `settled`, where a manifest must be named. */
export function settledManifest<F extends ManifestFlags>(flags: F): F & { force: boolean; ingress: string } {
  const made = settled(flags)
  if (made.ingress === undefined)
    throw new Failure('which manifest is meant?', 'Name it with -f FILE (or -f - for standard input).', exitCodes.usage)
  return { ...made, ingress: made.ingress }
}
