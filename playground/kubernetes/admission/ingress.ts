import { invalidValue, notSupported, required, type Cause } from '../api-error.ts'
import { at, items, number, text, type Json } from '../json.ts'
import type { KubeObject } from '../object.ts'
import { isSubdomain } from './metadata.ts'

/** What is wrong with the spec of a networking.k8s.io/v1 Ingress. */
export function ingressCauses(ingress: KubeObject): Cause[] {
  const causes: Cause[] = []
  const rules = items(ingress, 'spec', 'rules')
  const defaultBackend = at(ingress, 'spec', 'defaultBackend')
  if (rules.length === 0 && defaultBackend === undefined) {
    causes.push(invalidValue('spec', [], 'either `defaultBackend` or `rules` must be specified'))
  }
  if (defaultBackend !== undefined) causes.push(...backendCauses(defaultBackend, 'spec.defaultBackend'))
  for (const [ruleIndex, rule] of rules.entries()) {
    const field = `spec.rules[${ruleIndex}]`
    const host = text(rule, 'host')
    if (host !== undefined && host !== '') causes.push(...hostCauses(host, `${field}.host`))
    if (at(rule, 'http') === undefined) continue
    const paths = items(rule, 'http', 'paths')
    if (paths.length === 0) causes.push(required(`${field}.http.paths`, ''))
    for (const [index, path] of paths.entries()) causes.push(...pathCauses(path, `${field}.http.paths[${index}]`))
  }
  for (const [index, entry] of items(ingress, 'spec', 'tls').entries()) {
    for (const [hostIndex, host] of items(entry, 'hosts').entries()) {
      if (typeof host === 'string') causes.push(...hostCauses(host, `spec.tls[${index}].hosts[${hostIndex}]`))
    }
  }
  return causes
}

function hostCauses(host: string, field: string): Cause[] {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(host)) return [invalidValue(field, host, 'must be a DNS name, not an IP address')]
  const plain = host.startsWith('*.') ? host.slice(2) : host
  return isSubdomain(plain)
    ? []
    : [invalidValue(field, host, 'a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters')]
}

function pathCauses(path: Json, field: string): Cause[] {
  const causes: Cause[] = []
  const pathType = text(path, 'pathType')
  const value = text(path, 'path') ?? ''
  switch (pathType) {
    case undefined:
      causes.push(required(`${field}.pathType`, 'pathType must be specified'))
      break
    case 'Exact':
    case 'Prefix':
      if (!value.startsWith('/')) causes.push(invalidValue(`${field}.path`, value, 'must be an absolute path'))
      for (const bad of ['//', '/./', '/../', '%2f', '%2F']) {
        if (value.includes(bad)) causes.push(invalidValue(`${field}.path`, value, `must not contain '${bad}'`))
      }
      break
    case 'ImplementationSpecific':
      if (value !== '' && !value.startsWith('/'))
        causes.push(invalidValue(`${field}.path`, value, 'must be an absolute path'))
      break
    default:
      causes.push(notSupported(`${field}.pathType`, pathType, ['Exact', 'ImplementationSpecific', 'Prefix']))
  }
  causes.push(...backendCauses(at(path, 'backend'), `${field}.backend`))
  return causes
}

function backendCauses(backend: Json | undefined, field: string): Cause[] {
  const service = at(backend, 'service')
  if (service === undefined) {
    return at(backend, 'resource') === undefined ? [required(field, 'resource or service backend is required')] : []
  }
  if (at(backend, 'resource') !== undefined)
    return [invalidValue(field, '', 'cannot set both resource and service backends')]
  const causes: Cause[] = []
  const name = text(service, 'name') ?? ''
  if (name === '') causes.push(required(`${field}.service.name`, ''))
  const portName = text(service, 'port', 'name') ?? ''
  const portNumber = number(service, 'port', 'number') ?? 0
  if (portName !== '' && portNumber !== 0)
    causes.push(invalidValue(field, '', 'cannot set both port name & port number'))
  else if (portName === '' && portNumber === 0) causes.push(required(field, 'port name or number is required'))
  else if (portName === '' && (portNumber < 1 || portNumber > 65_535)) {
    causes.push(invalidValue(`${field}.service.port.number`, portNumber, 'must be between 1 and 65535, inclusive'))
  }
  return causes
}
