import { parseJson } from '../json.ts'
import { isMapping } from './fields.ts'
import { checkDnsSubdomain } from './names.ts'

/** Which BackendConfig each port of a Service has. */
export interface ConfigRefs {
  /** Of the ports that `ports` does not name; null = none. */
  byDefault: string | null
  /** By the port's name or number. */
  ports: Record<string, string>
}

/** An annotation of a Service by which its BackendConfigs are named; GA wins over beta (ingress-gce). */
export const backendConfigAnnotations = ['cloud.google.com/backend-config', 'beta.cloud.google.com/backend-config']

/** Longest text that is read; the API server bounds all annotations together by 256 KiB. */
const longest = 16_384

/** Reads `{"default":"x","ports":{"nameOrNumber":"y"}}`; a text when it is something else. */
export function readConfigRefs(annotation: string): ConfigRefs | string {
  const wrong = 'is not JSON of the form {"default":"NAME","ports":{"PORT":"NAME"}}'
  if (annotation.length > longest) return wrong
  const parsed = parseJson(annotation)
  if (!isMapping(parsed)) return wrong
  const { default: byDefault, ports } = parsed
  if (ports !== undefined && !isMapping(ports)) return wrong
  const entries = Object.entries(ports ?? {})
  const names = [...(byDefault === undefined ? [] : [byDefault]), ...entries.map(([, name]) => name)]
  if (names.length === 0) return wrong
  const bad = names.find((name) => typeof name !== 'string' || checkDnsSubdomain('', name) !== null)
  if (bad !== undefined) return `names ${JSON.stringify(bad).slice(0, 80)}, which cannot be the name of a BackendConfig`
  return {
    byDefault: (byDefault as string | undefined) ?? null,
    ports: Object.fromEntries(entries) as Record<string, string>,
  }
}

/** Every BackendConfig that an annotation names, sorted. */
export function namesIn(annotation: string): string[] {
  const refs = readConfigRefs(annotation)
  if (typeof refs === 'string') return []
  return [...new Set([...(refs.byDefault === null ? [] : [refs.byDefault]), ...Object.values(refs.ports)])].sort()
}

/** The BackendConfig of one port. */
export function configOfPort({ byDefault, ports }: ConfigRefs, port: { name: string; port: number }): string | null {
  const named = port.name !== '' && Object.hasOwn(ports, port.name) ? ports[port.name] : undefined
  return named ?? ports[String(port.port)] ?? byDefault
}
