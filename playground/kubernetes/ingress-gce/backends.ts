import { at, isObject, items, number, text, type Json } from '../json.ts'
import { services } from '../kinds.ts'
import { annotationsOf, isLive, type KubeObject } from '../object.ts'
import type { ObjectStore } from '../store.ts'
import { classAnnotation, negAnnotation } from './names.ts'

/** A Service port that an Ingress names, by number or by name. */
export interface BackendRef {
  readonly service: string
  readonly port: number | string
}

/** The class of an Ingress; empty when it names none. */
export function classOf(ingress: KubeObject): string {
  return annotationsOf(ingress)[classAnnotation] ?? ''
}

/** Every Service port that an Ingress refers to, each once. */
export function backendRefs(ingress: KubeObject): BackendRef[] {
  const backends = [
    at(ingress, 'spec', 'defaultBackend'),
    ...items(ingress, 'spec', 'rules').flatMap((rule) =>
      items(rule, 'http', 'paths').map((path) => at(path, 'backend')),
    ),
  ]
  const found = new Map<string, BackendRef>()
  for (const backend of backends) {
    const service = text(backend, 'service', 'name')
    const port = number(backend, 'service', 'port', 'number') ?? text(backend, 'service', 'port', 'name')
    if (service !== undefined && port !== undefined) found.set(`${service}:${port}`, { service, port })
  }
  return [...found.values()]
}

/** What the annotation `cloud.google.com/neg` of a Service asks for; undefined when it is absent or unreadable. */
export function negRequest(
  service: KubeObject,
): { ingress: boolean; exposed: ReadonlyMap<number, string> } | undefined {
  const annotation = annotationsOf(service)[negAnnotation]
  if (annotation === undefined || annotation === '') return undefined
  let parsed: unknown
  try {
    parsed = JSON.parse(annotation)
  } catch {
    return undefined
  }
  if (!isObject(parsed)) return undefined
  const exposed = new Map<number, string>()
  const ports = parsed['exposed_ports']
  if (isObject(ports)) {
    for (const [port, options] of Object.entries(ports))
      if (/^\d{1,5}$/.test(port)) exposed.set(Number(port), text(options, 'name') ?? '')
  }
  return { ingress: parsed['ingress'] === true, exposed }
}

/** What an Ingress resolves to: instance-group ports, or why it cannot be translated. */
export type Translation =
  { readonly ok: true; readonly nodePorts: readonly number[] } | { readonly ok: false; readonly why: string }

/** Node ports of the Services that an Ingress serves by instance groups; NEG Services have none. */
export function translate(store: ObjectStore, ingress: KubeObject): Translation {
  const nodePorts = new Set<number>()
  const problems: string[] = []
  for (const { service: name, port } of backendRefs(ingress)) {
    const namespace = ingress.metadata.namespace ?? ''
    const service = store.get(services, namespace, name)
    if (service === undefined || !isLive(service)) {
      problems.push(`could not find service "${namespace}/${name}"`)
      continue
    }
    const entry = servicePort(service, port)
    if (entry === undefined) {
      problems.push(`could not find port "${port}" in service "${namespace}/${name}"`)
      continue
    }
    if (negRequest(service)?.ingress === true) continue
    const nodePort = number(entry, 'nodePort')
    if (nodePort === undefined)
      problems.push(
        `service "${namespace}/${name}" is type "${text(service, 'spec', 'type') ?? ''}", expected "NodePort" or "LoadBalancer"`,
      )
    else nodePorts.add(nodePort)
  }
  return problems.length > 0
    ? { ok: false, why: problems.join('; ') }
    : { ok: true, nodePorts: [...nodePorts].sort((a, b) => a - b) }
}

/** The entry of spec.ports with a number or a name. */
export function servicePort(service: KubeObject, port: number | string): Json | undefined {
  return items(service, 'spec', 'ports').find(
    (entry) => (typeof port === 'number' ? number(entry, 'port') : text(entry, 'name')) === port,
  )
}
