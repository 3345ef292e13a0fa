import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** One exchange with the real API; members as the recordings' own README explains them. */
export interface Exchange {
  source: string
  seq: number
  method: string
  path: string
  query: Record<string, string>
  resource: string
  requestBody: unknown
  status: number
  responseBody: unknown
}

/** Exchanges that belong to one run against one project, in order. */
export interface Scenario {
  name: string
  exchanges: Exchange[]
}

/** Beside the project. */
export const recordingsFolder = join(import.meta.dirname, '../../../../shared/gce-recordings')

/** False where the recordings are not beside the project. */
export function haveRecordings(): boolean {
  return existsSync(recordingsFolder)
}

/** Migration phases of one test continue each other: they are one scenario. */
function scenarioOf(source: string): string {
  return source.replace(/_http_migration_phase\d.*\.log/, '_http_migration.log')
}

export function readScenarios(): Scenario[] {
  const scenarios = new Map<string, Exchange[]>()
  for (const file of readdirSync(recordingsFolder).filter((name) => name.endsWith('.jsonl'))) {
    for (const line of readFileSync(join(recordingsFolder, file), 'utf8').split('\n')) {
      if (line === '') continue
      const exchange = JSON.parse(line) as Exchange
      const name = scenarioOf(exchange.source)
      scenarios.set(name, [...(scenarios.get(name) ?? []), exchange])
    }
  }
  return [...scenarios].map(([name, exchanges]) => ({
    name: name.replace(/^.*\/(\w[^/]*\/[^/]*\.log@\w{8}).*$/, '$1'),
    exchanges: exchanges.sort((a, b) => (a.source < b.source ? -1 : a.source > b.source ? 1 : a.seq - b.seq)),
  }))
}
