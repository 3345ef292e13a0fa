import { preview, type Preview } from '../../shared/engine/preview.ts'
import type { PreviewStep } from '../../shared/engine/preview-steps.ts'
import type { Problem } from '../../shared/state/documents.ts'
import { exitCodes, Failure, type ExitCode } from '../exit-codes.ts'
import { previewPorts, recordReader } from '../look-ahead.ts'
import { listed, loadManifest } from '../manifest-file.ts'
import type { CommonFlags, Session } from '../session.ts'
import { placeOf } from '../stages.ts'
import type { Colours } from '../terminal.ts'

/** What `plan` takes. */
export interface PlanFlags extends CommonFlags {
  ingress: string
  namespace?: string
  staticIp?: string
  force: boolean
  clusters?: string[]
}

/** Shows what publishing a manifest would do. Writes nothing anywhere. */
export async function plan(session: Session, flags: PlanFlags): Promise<ExitCode> {
  const { namespace, staticIp } = flags
  const manifest = await loadManifest(flags.ingress, { namespace, staticIp }, session.readStdin)
  const ports = await previewPorts(session, true)
  const reader = recordReader(session)
  const { terminal } = session
  const made = await Promise.all(
    manifest.ingresses.map(({ model, source }) => {
      const forced = flags.force ? { ...model, settings: { ...model.settings, force: true } } : model
      return preview(
        ports,
        reader,
        { model: forced, ...source },
        flags.clusters ?? model.settings.clusters,
        manifest.objects,
      )
    }),
  )
  for (const { where, message } of [...manifest.ingresses, ...manifest.objects, ...made].flatMap(
    ({ warnings }) => warnings,
  ))
    terminal.warn(`${where}: ${message}`)
  const wrong = made.flatMap(({ problems }) => problems)
  if (wrong.length > 0) throw refusal(wrong)
  const refused = made.flatMap(({ steps }) => steps).filter((step) => step.do === 'refuse')
  const changes = made.some(({ steps }) => steps.some((step) => step.do !== 'nothing' && step.do !== 'refuse'))
  terminal.result({ ingresses: made.map(asResult) }, () =>
    made.map((one) => textOf(one, terminal.colours)).join('\n\n'),
  )
  if (refused.length > 0) throw refusal(refused.map((step) => ({ where: placeOf(step), message: step.why })))
  return changes ? exitCodes.changes : exitCodes.ok
}

function refusal(problems: readonly Problem[]): Failure {
  return new Failure(`this would be refused:\n${listed(problems)}`, 'Correct it; nothing was published.')
}

function asResult({ ingress, modes, steps }: Preview): object {
  return { ingress, ...counts(steps), backends: modes, steps: steps.filter((step) => step.do !== 'nothing') }
}

function counts(steps: readonly PreviewStep[]): Record<'create' | 'update' | 'remove' | 'later' | 'unchanged', number> {
  const of = (what: PreviewStep['do']): number => steps.filter((step) => step.do === what).length
  return {
    create: of('create'),
    update: of('update'),
    remove: of('remove'),
    later: of('later'),
    unchanged: of('nothing'),
  }
}

/** Like `terraform plan`: a sign for each resource, field by field what changes, and a sum at the end. */
function textOf({ ingress, modes, steps }: Preview, colours: Colours): string {
  const shown = steps.filter((step) => step.do !== 'nothing')
  const { create, update, remove, later, unchanged } = counts(steps)
  const sum = `${create} to create, ${update} to change, ${remove} to remove, ${later} known only later, ${unchanged} unchanged`
  if (shown.length === 0) return `${colours.bold(ingress)}: nothing to do, ${unchanged} resources are as wanted.`
  const backends = modes.map(({ where, message }) => `  ${where}: ${message}`)
  return [
    colours.bold(ingress),
    ...shown.flatMap((step) => linesOf(step, colours)),
    '',
    ...(backends.length === 0 ? [] : [...backends, '']),
    `Plan: ${sum}.`,
  ].join('\n')
}

function linesOf(step: PreviewStep, colours: Colours): string[] {
  const what = `${step.kind.padEnd(16)} ${placeOf(step)}`
  switch (step.do) {
    case 'create':
      return [`  ${colours.green('+')} ${what}`]
    case 'update':
      return [
        `  ${colours.yellow('~')} ${what}`,
        ...step.changes.flatMap(({ field, from, to }) => differences(field, from, to)).map((line) => `      ${line}`),
      ]
    case 'remove':
      return [`  ${colours.red('-')} ${what}: ${step.why}`]
    case 'refuse':
      return [`  ${colours.red('!')} ${what}: ${step.why}`]
    case 'later':
      return [`  ${colours.dim('?')} ${what}: ${step.why}`]
    case 'nothing':
      return []
    default:
      return step.do satisfies never
  }
}

/** Down to the values that differ: a whole URL map in a line would show nothing. */
function differences(path: string, from: unknown, to: unknown): string[] {
  if (isObject(from) && isObject(to)) {
    // What is wanted says nothing about members that it leaves out: they stay.
    return Object.keys(to).flatMap((key) => differences(`${path}.${key}`, from[key], to[key]))
  }
  // The status JSON that kubemci reads stands in a description.
  const [fromJson, toJson] = [jsonIn(from), jsonIn(to)]
  if (fromJson !== undefined && toJson !== undefined) return differences(path, fromJson, toJson)
  if (Array.isArray(from) && Array.isArray(to)) return listDifferences(path, from, to)
  return shown(from) === shown(to) ? [] : [`${path}: ${shown(from)} -> ${shown(to)}`]
}

function listDifferences(path: string, from: readonly unknown[], to: readonly unknown[]): string[] {
  const before = new Map(from.map((item, index) => [keyOf(item, index), item]))
  const after = new Map(to.map((item, index) => [keyOf(item, index), item]))
  return [
    ...[...before].filter(([key]) => !after.has(key)).map(([key, item]) => `${path}[${key}]: ${shown(item)} -> (none)`),
    ...[...after].flatMap(([key, item]) =>
      before.has(key)
        ? differences(`${path}[${key}]`, before.get(key), item)
        : [`${path}[${key}]: (none) -> ${shown(item)}`],
    ),
  ]
}

/** What an entry of a list is known by, so that one in the middle does not seem to change all that follow. */
function keyOf(item: unknown, index: number): string {
  if (!isObject(item)) return typeof item === 'string' || typeof item === 'number' ? String(item) : String(index)
  for (const key of ['name', 'group', 'hosts', 'paths', 'host', 'path']) {
    const value = item[key]
    if (typeof value === 'string') return value
    if (Array.isArray(value) && value.length > 0) return value.join(',')
  }
  return String(index)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function jsonIn(value: unknown): Record<string, unknown> | undefined {
  if (typeof value !== 'string' || !value.startsWith('{')) return undefined
  try {
    const parsed: unknown = JSON.parse(value)
    return isObject(parsed) ? parsed : undefined
  } catch {
    return undefined
  }
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return '(none)'
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length <= 200 ? text : `${text.slice(0, 200)}…`
}
