import { stringify } from 'yaml'
import { parseManifest, type ParsedIngress } from '../../../shared/ingress/manifest.ts'
import type { Problem } from '../../../shared/state/documents.ts'

/** A good backend of networking.k8s.io/v1. */
export const backend = (name = 'web', port: number | string = 80) => ({
  service: { name, port: typeof port === 'number' ? { number: port } : { name: port } },
})

/** A rule of networking.k8s.io/v1 from triples of type, path and backend. */
export const rule = (
  host: string | undefined,
  ...paths: [string, string | undefined, ReturnType<typeof backend>][]
) => ({
  ...(host === undefined ? {} : { host }),
  http: {
    paths: paths.map(([pathType, path, to]) => ({ pathType, ...(path === undefined ? {} : { path }), backend: to })),
  },
})

/** A good networking.k8s.io/v1 Ingress as an object, with parts replaced. */
export function ingressObject(
  parts: {
    metadata?: Record<string, unknown>
    spec?: Record<string, unknown>
    annotations?: Record<string, unknown>
  } = {},
) {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'web', ...(parts.annotations ? { annotations: parts.annotations } : {}), ...parts.metadata },
    spec: parts.spec ?? { defaultBackend: backend() },
  }
}

/** The same as YAML. */
export const ingressYaml = (parts?: Parameters<typeof ingressObject>[0]) => stringify(ingressObject(parts))

/** The only Ingress of a manifest that is good. */
export function parseOne(text: string): ParsedIngress {
  const parsed = parseManifest(text)
  if (!parsed.ok) throw new Error(`refused: ${tell(parsed.problems).join('\n')}`)
  const [only, ...more] = parsed.ingresses
  if (only === undefined || more.length > 0) throw new Error(`want one Ingress, got ${parsed.ingresses.length}`)
  return only
}

/** The problems of a manifest, `where: message`; none when it is good. */
export function problemsOf(text: string): string[] {
  const parsed = parseManifest(text)
  return parsed.ok ? [] : tell(parsed.problems)
}

/** Problems as lines. */
export const tell = (problems: readonly Problem[]) => problems.map(({ where, message }) => `${where}: ${message}`)
