import type { Chance } from './chance.ts'

/** A service port that Ingresses may name; every one is called `http` and has number 80. */
export interface ServiceName {
  namespace: string
  name: string
}

/** The services that exist in every cluster at first. */
export const services: readonly ServiceName[] = [
  { namespace: 'default', name: 'web' },
  { namespace: 'default', name: 'api' },
  { namespace: 'default', name: 'img' },
  { namespace: 'team', name: 'web' },
  { namespace: 'team', name: 'api' },
]

/** TLS secrets that exist in every cluster at first. */
export const secrets: readonly ServiceName[] = [
  { namespace: 'default', name: 'cert' },
  { namespace: 'default', name: 'other-cert' },
  { namespace: 'team', name: 'cert' },
]

/** The Ingresses that people may publish. */
export const ingressNames: readonly ServiceName[] = [
  { namespace: 'default', name: 'shop' },
  { namespace: 'default', name: 'blog' },
  { namespace: 'team', name: 'shop' },
]

/** What an Ingress asks for, as far as the simulation varies it. */
export interface Spec {
  defaultService: string | null
  rules: { host: string; paths: { path: string; type: string; service: string }[] }[]
  /** By name rather than by number. */
  namedPorts: boolean
  /** The TLS secret; null = none. */
  tls: string | null
  /** Hosts of a certificate that Google makes; none = no such certificate. Without it and a secret there is HTTP only. */
  managed: string[]
  /** Whether there is a front end for IPv6 too. */
  ipv6: boolean
  /** The annotation that says what backends are made of; null = absent. */
  backends: 'neg' | 'instance-groups' | null
  /** Name of a static address of the user's; null = none. */
  staticIp: string | null
  /** The annotation; null = absent. */
  clusters: string[] | null
  /** metadata.generation and uid; null = absent. */
  version: { generation: number; uid: string } | null
}

/** The spec that kubemci was given, where it was before us. */
export const kubemciSpec: Spec = {
  defaultService: 'web',
  rules: [],
  namedPorts: false,
  tls: null,
  managed: [],
  ipv6: false,
  backends: null,
  staticIp: 'shop-ip',
  clusters: null,
  version: null,
}

const hosts = ['', 'shop.example.com', '*.example.org', 'blog.example.net']
/** Managed certificates are of hosts without a wildcard. */
const managedHosts = ['shop.example.com', 'blog.example.net']
const paths = ['/', '/a', '/a/b', '/img', '/v1']

/** A spec that validation accepts. */
export function randomSpec(chance: Chance, namespace: string, version: Spec['version']): Spec {
  const own = services.filter((service) => service.namespace === namespace).map(({ name }) => name)
  const rules = chance.some(hosts).map((host) => ({
    host,
    paths: chance.some(paths, 1).map((path) => ({
      path,
      type: chance.pick(['Prefix', 'Exact', 'ImplementationSpecific']),
      service: chance.pick(own),
    })),
  }))
  const defaultService = rules.length === 0 || chance.hits(0.7) ? chance.pick(own) : null
  const pairs = secrets.filter((secret) => secret.namespace === namespace).map(({ name }) => name)
  const tls = chance.hits(0.35) ? chance.pick(pairs) : null
  const managed = chance.hits(0.15) ? chance.some(managedHosts, 1) : []
  const ipv6 = chance.hits(0.2)
  const backends = chance.pick([...Array<null>(8).fill(null), 'neg' as const, 'instance-groups' as const])
  const namedPorts = chance.hits(0.3)
  return { defaultService, rules, namedPorts, tls, managed, ipv6, backends, staticIp: null, clusters: null, version }
}

/** Whether a spec asks for HTTPS. */
export function isSecure({ tls, managed }: Spec): boolean {
  return tls !== null || managed.length > 0
}

/** The names of the services that a spec names, once each. */
export function servicesOf(spec: Spec): string[] {
  const all = [
    ...(spec.defaultService === null ? [] : [spec.defaultService]),
    ...spec.rules.flatMap((rule) => rule.paths.map((path) => path.service)),
  ]
  return [...new Set(all)].sort()
}

/** The manifest as a person publishes it. */
export function manifestOf({ namespace, name }: ServiceName, spec: Spec): string {
  const backend = (service: string): object => ({
    service: { name: service, port: spec.namedPorts ? { name: 'http' } : { number: 80 } },
  })
  const annotations = {
    ...(spec.clusters === null ? {} : { 'multicluster-ingress.io/clusters': spec.clusters.join(',') }),
    ...(spec.managed.length === 0 ? {} : { 'multicluster-ingress.io/managed-certificates': spec.managed.join(',') }),
    ...(spec.ipv6 ? { 'multicluster-ingress.io/ip-versions': 'IPV4,IPV6' } : {}),
    ...(spec.backends === null ? {} : { 'multicluster-ingress.io/backends': spec.backends }),
    ...(spec.staticIp === null ? {} : { 'kubernetes.io/ingress.global-static-ip-name': spec.staticIp }),
  }
  return JSON.stringify({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: {
      namespace,
      name,
      ...(spec.version === null ? {} : spec.version),
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    },
    spec: {
      ...(spec.tls === null ? {} : { tls: [{ secretName: spec.tls }] }),
      ...(spec.defaultService === null ? {} : { defaultBackend: backend(spec.defaultService) }),
      ...(spec.rules.length === 0
        ? {}
        : {
            rules: spec.rules.map((rule) => ({
              ...(rule.host === '' ? {} : { host: rule.host }),
              http: {
                paths: rule.paths.map(({ path, type, service }) => ({
                  path,
                  pathType: type,
                  backend: backend(service),
                })),
              },
            })),
          }),
    },
  })
}
