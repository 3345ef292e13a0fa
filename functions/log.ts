import { createHash } from 'node:crypto'
import { pino, type Logger } from 'pino'
import { CloudError } from '../shared/cloud/compute-port.ts'
import type { Config } from '../shared/config.ts'
import type { Log } from '../shared/engine/deps.ts'
import { StoreBusy } from '../shared/state/store.ts'

/** Cloud Logging's names of pino's levels. */
const severities: Readonly<Record<string, string>> = {
  trace: 'DEBUG',
  debug: 'DEBUG',
  info: 'INFO',
  warn: 'WARNING',
  error: 'ERROR',
  fatal: 'CRITICAL',
}

/** Who writes. */
export type Origin = Pick<Config, 'project' | 'service'>

/**
 * One JSON line per entry, in the shape that Cloud Logging reads: `severity`, `message`, `time`, labels to search by, and a
 * trace. A field `trace` holds the id of the first message of a chain, so one published Ingress is one trace over all
 * functions. A field `err` is reported to Error Reporting if it is a bug; what the world did wrong is not.
 */
export function createLog(
  level: Config['logLevel'],
  origin: Origin = { project: 'local', service: 'local' },
  write?: (line: string) => void,
): Log & Pick<Logger, 'fatal'> {
  return pino(
    {
      level,
      messageKey: 'message',
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      // A bug's error is put into words by `errorOf`; pino would wrap it first.
      serializers: { err: (value: unknown) => value },
      formatters: {
        level: (label) => ({ severity: severities[label] ?? 'DEFAULT' }),
        log: (fields) => shaped(fields, origin),
      },
    },
    write === undefined ? pino.destination({ dest: 1, sync: true }) : { write },
  )
}

/** Cloud Logging takes 256 KB an entry; a field is cut to this. Characters. */
const longestField = 20_000

function shaped(fields: Record<string, unknown>, { project, service }: Origin): Record<string, unknown> {
  // A field must not take the place of what an entry is.
  const { err, severity: _severity, message: _message, time: _time, ...rest } = fields
  const plain = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, cut(value)]))
  return {
    ...plain,
    ...(err === undefined ? {} : errorOf(err, service)),
    ...traceOf(plain['trace'], project),
    ...labelsOf(plain),
  }
}

function cut(value: unknown): unknown {
  return typeof value === 'string' && value.length > longestField ? `${value.slice(0, longestField)}…` : value
}

/** Cloud Trace's ids have 32 hexadecimal digits; ours are ids of messages. */
function traceOf(trace: unknown, project: string): object {
  if (typeof trace !== 'string' || trace === '') return {}
  const id = createHash('sha256').update(trace).digest('hex').slice(0, 32)
  return { 'logging.googleapis.com/trace': `projects/${project}/traces/${id}` }
}

/** Fields that people search by; Cloud Logging indexes labels. */
const labelled = ['ingress', 'resource', 'cluster', 'generation'] as const

function labelsOf(fields: Readonly<Record<string, unknown>>): object {
  const labels = Object.fromEntries(
    labelled.flatMap((name) => {
      const value = fields[name]
      return typeof value === 'string' || typeof value === 'number' ? [[name, String(value)]] : []
    }),
  )
  return Object.keys(labels).length === 0 ? {} : { 'logging.googleapis.com/labels': labels }
}

function errorOf(error: unknown, service: string): object {
  if (!(error instanceof Error)) return { error: String(error) }
  if (!isBug(error)) return { error: error.message }
  return {
    error: error.message,
    // The form that Error Reporting takes for an error with its own text.
    '@type': 'type.googleapis.com/google.devtools.clouderrorreporting.v1beta1.ReportedErrorEvent',
    stack_trace: error.stack,
    serviceContext: { service },
  }
}

/** Errors of the outer world carry what the client library said as their cause, or are the ports' own. */
function isBug(error: Error): boolean {
  return !(error instanceof CloudError || error instanceof StoreBusy) && error.cause === undefined
}
