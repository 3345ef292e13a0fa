import { pino } from 'pino'
import type { Config } from '../shared/config.ts'
import type { Log } from '../shared/engine/deps.ts'

/** Cloud Logging's names of pino's levels. */
const severities: Readonly<Record<string, string>> = {
  trace: 'DEBUG',
  debug: 'DEBUG',
  info: 'INFO',
  warn: 'WARNING',
  error: 'ERROR',
  fatal: 'CRITICAL',
}

/** One JSON line per entry, in the shape that Cloud Logging reads (`severity`, `message`, `time`). */
export function createLog(level: Config['logLevel']): Log {
  return pino({
    level,
    messageKey: 'message',
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ severity: severities[label] ?? 'DEFAULT' }) },
  })
}
