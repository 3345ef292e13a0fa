import { setTimeout as sleep } from 'node:timers/promises'
import pc from 'picocolors'

/** What the status API tells of one Ingress (DESIGN section 8). */
export interface IngressReport {
  namespace: string
  name: string
  loadBalancer: string
  phase: string
  vip: string | null
  clusters: string[]
  resources: { id: string; kind: string; name: string; phase: string; why: string }[]
  conditions: { type: string; status: string; reason: string; message: string }[]
}

/** Reads from the status API; undefined when there is no such thing. */
export async function read<T>(dashboard: string, path: string): Promise<T | undefined> {
  const answer = await fetch(dashboard + path)
  if (answer.status === 404) return undefined
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as T
}

const settled: ReadonlySet<string> = new Set(['Ready', 'Degraded', 'Failed'])

/** Prints every stage as it completes until the Ingress has come to an end, one way or the other. */
export async function followStages(
  dashboard: string,
  id: string,
  timeoutMs: number,
  print: (line: string) => void,
): Promise<IngressReport | undefined> {
  const begun = Date.now()
  const shown = new Map<string, string>()
  let report: IngressReport | undefined
  while (Date.now() - begun < timeoutMs) {
    report = await read<IngressReport>(dashboard, `/api/ingresses/${id}`)
    for (const resource of report?.resources ?? []) {
      const line = `${resource.phase}|${resource.phase === 'Failed' || resource.phase === 'Retrying' ? resource.why : ''}`
      if (shown.get(resource.id) === line) continue
      shown.set(resource.id, line)
      if (resource.phase === 'Ready' || resource.phase === 'Failed' || resource.phase === 'Retrying')
        print(stageLine(Date.now() - begun, resource))
    }
    if (report && settled.has(report.phase)) return report
    await sleep(50)
  }
  return report
}

function stageLine(ms: number, { kind, id, phase, why }: IngressReport['resources'][number]): string {
  const mark = phase === 'Ready' ? pc.green('✓') : pc.red('✗')
  const place = id
    .split('/')
    .slice(kind === 'cluster-ingress' ? 1 : 2)
    .join('/')
  return `  ${pc.dim(`${(ms / 1000).toFixed(1).padStart(5)} s`)} ${mark} ${kind.padEnd(16)} ${place}${phase === 'Ready' ? '' : `: ${why}`}`
}
