import { z } from 'zod'

/** A reference as `projects/P/...`, whatever form it came in; '' for none. */
export function linkPath(reference: string | undefined): string {
  if (reference === undefined) return ''
  const at = reference.indexOf('projects/')
  return at < 0 ? reference : reference.slice(at)
}

const link = z.string().transform(linkPath)

const redirect = z.object({
  hostRedirect: z.string().optional(),
  httpsRedirect: z.boolean().optional(),
  pathRedirect: z.string().optional(),
  prefixRedirect: z.string().optional(),
  redirectResponseCode: z.string().optional(),
  stripQuery: z.boolean().optional(),
})

const routeAction = z.object({
  faultInjectionPolicy: z
    .object({ abort: z.object({ httpStatus: z.number().optional(), percentage: z.number().optional() }).optional() })
    .optional(),
  urlRewrite: z.object({ hostRewrite: z.string().optional(), pathPrefixRewrite: z.string().optional() }).optional(),
  weightedBackendServices: z.array(z.object({ backendService: link, weight: z.number().optional() })).optional(),
})

/** The parts of each Compute resource that decide how a load balancer behaves; everything else is ignored. */
const schemas = {
  forwardingRules: z.object({
    IPAddress: z.string().optional(),
    portRange: z.string().optional(),
    target: link.optional(),
  }),
  targetHttpProxies: z.object({ urlMap: link.optional() }),
  targetHttpsProxies: z.object({ urlMap: link.optional(), sslCertificates: z.array(link).default([]) }),
  sslCertificates: z.object({
    certificate: z.string().optional(),
    privateKey: z.string().optional(),
    managed: z.object({ domains: z.array(z.string()).default([]), status: z.string().optional() }).optional(),
  }),
  urlMaps: z.object({
    defaultService: link.optional(),
    defaultUrlRedirect: redirect.optional(),
    defaultRouteAction: routeAction.optional(),
    hostRules: z.array(z.object({ hosts: z.array(z.string()).default([]), pathMatcher: z.string() })).default([]),
    pathMatchers: z
      .array(
        z.object({
          name: z.string(),
          defaultService: link.optional(),
          defaultUrlRedirect: redirect.optional(),
          defaultRouteAction: routeAction.optional(),
          pathRules: z
            .array(
              z.object({
                paths: z.array(z.string()).default([]),
                service: link.optional(),
                urlRedirect: redirect.optional(),
                routeAction: routeAction.optional(),
              }),
            )
            .default([]),
          routeRules: z.array(z.unknown()).default([]),
        }),
      )
      .default([]),
  }),
  backendServices: z.object({
    backends: z
      .array(
        z.object({
          group: link,
          balancingMode: z.string().optional(),
          capacityScaler: z.number().default(1),
          maxRate: z.number().optional(),
          maxRatePerInstance: z.number().optional(),
          maxRatePerEndpoint: z.number().optional(),
        }),
      )
      .default([]),
    healthChecks: z.array(link).default([]),
    portName: z.string().default('http'),
    timeoutSec: z.number().default(30),
    customRequestHeaders: z.array(z.string()).default([]),
    customResponseHeaders: z.array(z.string()).default([]),
    connectionDraining: z.object({ drainingTimeoutSec: z.number().default(0) }).default({ drainingTimeoutSec: 0 }),
  }),
  healthChecks: z.object({
    type: z.string().default('HTTP'),
    checkIntervalSec: z.number().default(5),
    timeoutSec: z.number().default(5),
    healthyThreshold: z.number().default(2),
    unhealthyThreshold: z.number().default(2),
    httpHealthCheck: z.lazy(() => probe).optional(),
    httpsHealthCheck: z.lazy(() => probe).optional(),
    http2HealthCheck: z.lazy(() => probe).optional(),
    tcpHealthCheck: z.lazy(() => probe).optional(),
    sslHealthCheck: z.lazy(() => probe).optional(),
  }),
  instanceGroups: z.object({
    // By name: one group serves thousands of services, each of which asks for its own name. A name may have several ports.
    namedPorts: z
      .array(z.object({ name: z.string(), port: z.number() }))
      .default([])
      .transform((list) => Map.groupBy(list, ({ name }) => name)),
    members: z.array(z.object({ instance: link })).default([]),
  }),
  networkEndpointGroups: z.object({
    network: link.optional(),
    members: z
      .array(
        z.object({ instance: z.string().optional(), ipAddress: z.string().default(''), port: z.number().default(0) }),
      )
      .default([]),
  }),
  instances: z.object({
    networkInterfaces: z.array(z.object({ network: link.optional(), networkIP: z.string().optional() })).default([]),
    tags: z.object({ items: z.array(z.string()).default([]) }).default({ items: [] }),
  }),
  firewalls: z.object({
    network: link.optional(),
    direction: z.string().default('INGRESS'),
    disabled: z.boolean().default(false),
    priority: z.number().default(1000),
    sourceRanges: z.array(z.string()).default([]),
    targetTags: z.array(z.string()).default([]),
    targetServiceAccounts: z.array(z.string()).default([]),
    allowed: z.array(z.object({ IPProtocol: z.string(), ports: z.array(z.string()).optional() })).default([]),
    denied: z.array(z.object({ IPProtocol: z.string(), ports: z.array(z.string()).optional() })).default([]),
  }),
} as const

const probe = z.object({
  port: z.number().optional(),
  portSpecification: z.string().optional(),
  requestPath: z.string().default('/'),
  host: z.string().default(''),
  response: z.string().default(''),
})

export type Collection = keyof typeof schemas
export type Resource<C extends Collection> = z.infer<(typeof schemas)[C]>

export type UrlMap = Resource<'urlMaps'>
export type RouteAction = z.infer<typeof routeAction>
export type RedirectAction = z.infer<typeof redirect>
export type BackendService = Resource<'backendServices'>
export type Backend = BackendService['backends'][number]
export type HealthCheck = Resource<'healthChecks'>
export type Probe = z.infer<typeof probe>
export type Instance = Resource<'instances'>
export type Firewall = Resource<'firewalls'>

/** The collections that a load balancer is made of. */
export const COLLECTIONS = Object.keys(schemas) as readonly Collection[]

/** The collection that a link names, when it is one of ours. */
export function collectionOf(path: string): Collection | undefined {
  const name = path.split('/').at(-2)
  return COLLECTIONS.find((collection) => collection === name)
}

/**
 * Reads one resource as the API shows it.
 * @throws Error naming the resource when a field has a type that the API never answers
 */
export function readResource<C extends Collection>(collection: C, path: string, json: unknown): Resource<C> {
  const parsed = schemas[collection].safeParse(json)
  if (!parsed.success) throw new Error(`The data plane can't read ${path}: ${z.prettifyError(parsed.error)}`)
  return parsed.data as Resource<C>
}
