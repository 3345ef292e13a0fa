import type { Report, ResourceReport } from './report.ts'
import type { Colours } from './terminal.ts'

/** The resources of one kind. */
export interface Stage {
  kind: string
  resources: ResourceReport[]
}

/** The kinds of an Ingress in the order in which they can be done: what refers to others comes after them. */
export function stagesOf(resources: readonly ResourceReport[]): Stage[] {
  const depths = new Map<string, number>()
  const byId = new Map(resources.map((resource) => [resource.id, resource]))
  const depthOf = (id: string): number => {
    const known = depths.get(id)
    if (known !== undefined) return known
    // A circle, which there should not be, ends here.
    depths.set(id, 0)
    const below = (byId.get(id)?.dependsOn ?? []).filter((other) => byId.has(other)).map(depthOf)
    const depth = below.length === 0 ? 0 : Math.max(...below) + 1
    depths.set(id, depth)
    return depth
  }
  const kinds = [...new Set(resources.map(({ kind }) => kind))]
  const last = (kind: string): number =>
    Math.max(...resources.filter((resource) => resource.kind === kind).map(({ id }) => depthOf(id)))
  return kinds
    .sort((a, b) => last(a) - last(b) || (a < b ? -1 : 1))
    .map((kind) => ({ kind, resources: resources.filter((resource) => resource.kind === kind) }))
}

/** A name that says where, as short as it can be: without kind, and without the project, which is one and the same. */
export function placeOf({ id, kind }: Pick<ResourceReport, 'id' | 'kind'>): string {
  const parts = id.split('/')
  return parts.slice(kind === 'cluster-ingress' ? 1 : 2).join('/')
}

/**
 * The tree of an Ingress on its way: a line a stage, and under it what is not Ready, with what it waits for. Cut to `rows`
 * lines of `columns` characters, so that it can be redrawn.
 */
export function treeOf(
  report: Report | undefined,
  id: string,
  elapsedMs: number,
  size: { columns: number; rows: number },
  colours: Colours,
): string[] {
  const lines = [
    `${colours.bold(cut(id, size.columns - 30))}  ${report?.phase ?? 'not there yet'}  ${colours.dim(secondsOf(elapsedMs))}`,
  ]
  for (const { kind, resources } of stagesOf(report?.resources ?? [])) {
    const open = resources.filter(({ phase }) => phase !== 'Ready')
    const ready = resources.length - open.length
    lines.push(`  ${markOf(worst(resources), colours)} ${kind.padEnd(16)} ${ready}/${resources.length}`)
    for (const resource of open) {
      const line = cut(`${placeOf(resource)}: ${resource.why}`, size.columns - 8)
      lines.push(`      ${markOf(resource.phase, colours)} ${line}`)
    }
  }
  const most = Math.max(3, size.rows - 2)
  return lines.length <= most
    ? lines
    : [...lines.slice(0, most - 1), colours.dim(`  … ${lines.length - most + 1} more`)]
}

/** One line for a stage that came to an end, for logs. */
export function stageLine(elapsedMs: number, resource: ResourceReport, colours: Colours): string {
  const { kind, phase, why } = resource
  const said = phase === 'Ready' ? '' : `: ${why}`
  return `  ${colours.dim(secondsOf(elapsedMs).padStart(7))} ${markOf(phase, colours)} ${kind.padEnd(16)} ${placeOf(resource)}${said}`
}

/** Seconds with a decimal. */
export function secondsOf(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

const order = ['Failed', 'Retrying', 'Working', 'Pending', 'Waiting', 'Ready']

function worst(resources: readonly ResourceReport[]): string {
  return order.find((phase) => resources.some((resource) => resource.phase === phase)) ?? 'Pending'
}

function markOf(phase: string, colours: Colours): string {
  switch (phase) {
    case 'Ready':
      return colours.green('✓')
    case 'Failed':
      return colours.red('✗')
    case 'Retrying':
      return colours.yellow('!')
    case 'Working':
      return colours.cyan('●')
    default:
      return colours.dim('○')
  }
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, Math.max(1, most - 1))}…`
}
