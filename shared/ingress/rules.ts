import { z } from 'zod'
import { isMapping, listOf, readFields, text } from './fields.ts'
import { checkHost } from './hosts.ts'
import { backendKey, type BackendRef, type PathModel, type RuleModel } from './model.ts'
import { checkDnsLabel, checkPortName, checkPortNumber } from './names.ts'
import { checkPath, pathKey } from './paths.ts'
import { quote, type Report } from './report.ts'

/** Our own bounds, far above what the size of a URL map allows. */
const maxRules = 1000
const maxPaths = 1000

/** What differs between the API versions of Ingress: `v1` is networking.k8s.io/v1, `beta` the two v1beta1. */
export type IngressDialect = 'v1' | 'beta'

/** The field of the spec that holds the rules. */
export const rulesField = listOf(maxRules).optional()

const backendHints = {
  serviceName: 'In networking.k8s.io/v1 this is written service.name.',
  servicePort: 'In networking.k8s.io/v1 this is written service.port.number or service.port.name.',
}

const betaBackendHints = {
  service: 'In v1beta1 this is written serviceName and servicePort; or publish the Ingress as networking.k8s.io/v1.',
}

/** Reads a backend of either dialect; null when it is wrong, which the report then says. */
export function readBackend(value: unknown, dialect: IngressDialect, where: string, report: Report): BackendRef | null {
  if (isMapping(value) && value['resource'] !== undefined && value['resource'] !== null) {
    report.problem(`${where}resource`, 'A backend that is a resource (a bucket, say) cannot be served; name a service.')
    return null
  }
  return dialect === 'v1' ? readV1Backend(value, where, report) : readBetaBackend(value, where, report)
}

function readV1Backend(value: unknown, where: string, report: Report): BackendRef | null {
  const backend = readFields({ service: z.unknown() }, value, where, report, { hints: backendHints })
  if (backend === null) return null
  if (backend.service === undefined) {
    const older = isMapping(value) && (value['serviceName'] !== undefined || value['servicePort'] !== undefined)
    if (!older) report.problem(`${where}service`, 'service is missing; write service.name and service.port.')
    return null
  }
  const service = readFields({ name: text, port: z.unknown() }, backend.service, `${where}service.`, report)
  if (service === null) return null
  const name = checkedService(service.name, `${where}service.name`, report)
  const at = `${where}service.port`
  const port = readFields({ number: z.unknown(), name: z.unknown() }, service.port, `${at}.`, report)
  if (port === null) return null
  const given = [port.number, port.name === '' ? undefined : port.name].filter((one) => one !== undefined)
  if (given.length !== 1) {
    report.problem(
      at,
      given.length === 0
        ? 'The port is missing; write number or name.'
        : 'The port has both number and name; keep one.',
    )
    return null
  }
  const checked =
    port.number !== undefined
      ? checkedPort(port.number, ['number'], `${at}.number`, report)
      : checkedPort(port.name, ['string'], `${at}.name`, report)
  return name === null || checked === null ? null : { service: name, port: checked }
}

function readBetaBackend(value: unknown, where: string, report: Report): BackendRef | null {
  const backend = readFields({ serviceName: text, servicePort: z.unknown() }, value, where, report, {
    hints: betaBackendHints,
  })
  if (backend === null) return null
  const name = checkedService(backend.serviceName, `${where}serviceName`, report)
  const port = checkedPort(backend.servicePort, ['number', 'string'], `${where}servicePort`, report)
  return name === null || port === null ? null : { service: name, port }
}

function checkedService(name: string | undefined, where: string, report: Report): string | null {
  if (name === undefined) return null
  const problem = checkDnsLabel('The service name', name)
  if (problem !== null) report.problem(where, problem)
  return problem === null ? name : null
}

function checkedPort(
  port: unknown,
  types: readonly ('number' | 'string')[],
  where: string,
  report: Report,
): number | string | null {
  const problem =
    typeof port === 'number' && types.includes('number')
      ? checkPortNumber(port)
      : typeof port === 'string' && (types.includes('string') || /^\d+$/.test(port))
        ? checkPortName(port)
        : `The port must be ${types.map((type) => (type === 'number' ? 'a whole number' : 'a name in quotes')).join(' or ')}.`
  if (problem !== null) {
    report.problem(where, problem)
    return null
  }
  return port as number | string
}

/** A path of the model and where it was written, to name both places when two disagree. */
interface PlacedPath {
  model: PathModel
  where: string
}

/**
 * Reads the rules. Rules of one host are merged (Kubernetes serves the union; kubemci kept only the last); the same path of
 * the same type with another backend is a problem, with the same backend it is dropped. Sorted by host.
 */
export function readRules(
  values: readonly unknown[],
  dialect: IngressDialect,
  where: string,
  report: Report,
): RuleModel[] {
  const byHost = new Map<string, Map<string, PlacedPath>>()
  for (const [index, value] of values.entries()) {
    const at = `${where}rules[${index}].`
    const rule = readFields({ host: text.optional(), http: z.unknown() }, value, at, report)
    if (rule === null) continue
    const host = Object.hasOwn(rule, 'host') ? readHost(rule.host, `${at}host`, report) : null
    if (rule.http === undefined) {
      report.warn(
        at,
        'The rule has no paths (http), so it does nothing: its host goes to the default backend, if there is one.',
      )
      continue
    }
    const http = readFields({ paths: listOf(maxPaths) }, rule.http, `${at}http.`, report)
    if (http?.paths?.length === 0) report.problem(`${at}http.paths`, 'The list of paths is empty; write at least one.')
    const paths = (http?.paths ?? []).map((path, number) =>
      readPath(path, dialect, `${at}http.paths[${number}].`, report),
    )
    if (host !== null)
      addPaths(
        byHost,
        host,
        paths.filter((path) => path !== null),
        report,
      )
  }
  return [...byHost]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([host, paths]) => ({ host, paths: [...paths.values()].map((path) => path.model) }))
}

function readHost(given: string | undefined, where: string, report: Report): string | null {
  if (given === undefined || given === '') return ''
  const checked = checkHost(given)
  if (checked.problem !== null) {
    report.problem(where, checked.problem)
    return null
  }
  if (checked.wildcard)
    report.warn(
      where,
      `Google's URL map matches ${checked.host} at any depth (a.b${checked.host.slice(1)} too), while Kubernetes means one label.`,
    )
  return checked.host
}

function readPath(value: unknown, dialect: IngressDialect, where: string, report: Report): PlacedPath | null {
  const shape = { path: text.optional(), pathType: text.optional(), backend: z.unknown() }
  const fields = readFields(shape, value, where, report)
  if (fields === null) return null
  const backend = readBackend(fields.backend, dialect, `${where}backend.`, report)
  // A field of the wrong kind was reported and is not in the answer; it must not pass for an absent one.
  if (!Object.hasOwn(fields, 'path') || !Object.hasOwn(fields, 'pathType')) return null
  const type = readPathType(fields.pathType, dialect, `${where}pathType`, report)
  if (type === null) return null
  const path = checkPath(type, fields.path)
  if (path.problem !== null) {
    report.problem(`${where}path`, path.problem)
    return null
  }
  if (path.warning !== null) report.warn(`${where}path`, path.warning)
  return backend === null ? null : { model: { type, path: path.path, backend }, where: where.replace(/\.$/, '') }
}

function readPathType(
  given: string | undefined,
  dialect: IngressDialect,
  where: string,
  report: Report,
): PathModel['type'] | null {
  switch (given) {
    case 'Exact':
    case 'Prefix':
    case 'ImplementationSpecific':
      return given
    case undefined:
      if (dialect === 'beta') return 'ImplementationSpecific'
      report.problem(where, 'pathType is missing; write Prefix, Exact or ImplementationSpecific.')
      return null
    default:
      report.problem(where, `The pathType ${quote(given)} is not known; write Prefix, Exact or ImplementationSpecific.`)
      return null
  }
}

function addPaths(
  byHost: Map<string, Map<string, PlacedPath>>,
  host: string,
  paths: readonly PlacedPath[],
  report: Report,
): void {
  const known = byHost.get(host) ?? new Map<string, PlacedPath>()
  byHost.set(host, known)
  for (const path of paths) {
    const key = pathKey(path.model)
    const earlier = known.get(key)
    if (earlier === undefined) known.set(key, path)
    else if (backendKey(earlier.model.backend) !== backendKey(path.model.backend))
      report.problem(
        path.where,
        `The path ${quote(path.model.path)} (${path.model.type}) of ${host === '' ? 'every host' : host} goes to ${backendKey(path.model.backend)} here ` +
          `and to ${backendKey(earlier.model.backend)} in ${earlier.where}; keep one.`,
      )
  }
}
