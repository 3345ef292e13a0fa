import { z } from 'zod'
import type {
  ConfigObject,
  IngressObject,
  ManagedCertificateObject,
  NodeObject,
  PodObject,
  SecretObject,
  ServiceNegObject,
  ServiceObject,
} from './kubernetes-port.ts'

/**
 * The answers of a Kubernetes API server, read down to the fields of the port; all else is left out. A field of another
 * type than documented is an error, a field that is absent is not. Sources: the k8s.io API types, as in the vendor's models.
 */

const text = z.string()
const texts = z.record(text, text).exactOptional()

const metadata = z.object({
  name: text,
  namespace: text.exactOptional(),
  uid: text.exactOptional(),
  resourceVersion: text.exactOptional(),
  generation: z.number().exactOptional(),
  labels: texts,
  annotations: texts,
  deletionTimestamp: text.exactOptional(),
})

const namedOrNumbered = z.union([z.object({ number: z.number() }), z.object({ name: text })])

/** A backend may name a resource of another type instead of a service; we never write that, and read it as no backend. */
const serviceBackend = z.object({ service: z.object({ name: text, port: namedOrNumbered }) })
const otherBackend = z.object({ resource: z.looseObject({}) }).transform(() => undefined)
const backend = z.union([serviceBackend, otherBackend])

const path = z.object({ path: text.exactOptional(), pathType: text, backend })

const ingress = z
  .object({
    metadata,
    spec: z.object({
      ingressClassName: text.exactOptional(),
      defaultBackend: backend.optional(),
      rules: z
        .array(z.object({ host: text.exactOptional(), http: z.object({ paths: z.array(path) }).exactOptional() }))
        .exactOptional(),
      tls: z
        .array(z.object({ hosts: z.array(text).exactOptional(), secretName: text.exactOptional() }))
        .exactOptional(),
    }),
    status: z
      .object({
        loadBalancer: z
          .object({
            ingress: z.array(z.object({ ip: text.exactOptional(), hostname: text.exactOptional() })).exactOptional(),
          })
          .exactOptional(),
      })
      .exactOptional(),
  })
  .transform(({ spec: { defaultBackend, rules, ...spec }, ...object }): IngressObject => ({
    ...object,
    spec: {
      ...spec,
      ...(defaultBackend === undefined ? {} : { defaultBackend }),
      ...(rules === undefined ? {} : { rules: rules.map(withServicePaths) }),
    },
  }))

type Rule = NonNullable<IngressObject['spec']['rules']>[number]
type ReadPath = z.infer<typeof path>

function withServicePaths({ host, http }: { host?: string; http?: { paths: ReadPath[] } }): Rule {
  const rule: Rule = host === undefined ? {} : { host }
  if (http === undefined) return rule
  const paths = http.paths.flatMap(({ backend: to, ...rest }) => (to === undefined ? [] : [{ ...rest, backend: to }]))
  return { ...rule, http: { paths } }
}

const port = z.union([z.number(), text])

const service = z.object({
  metadata,
  spec: z.object({
    type: text.exactOptional(),
    selector: texts,
    ports: z
      .array(
        z.object({
          name: text.exactOptional(),
          port: z.number(),
          targetPort: port.exactOptional(),
          nodePort: z.number().exactOptional(),
          protocol: text.exactOptional(),
        }),
      )
      .default([]),
  }),
}) satisfies z.ZodType<ServiceObject>

const secret = z.object({
  metadata,
  type: text.exactOptional(),
  data: z.record(text, text).default({}),
}) satisfies z.ZodType<SecretObject>

const managedCertificate = z
  .object({ metadata, spec: z.object({ domains: z.array(text).default([]) }).default({ domains: [] }) })
  .transform(({ metadata: meta, spec }): ManagedCertificateObject => ({ metadata: meta, domains: spec.domains }))

/** The spec is checked by shared/ingress, which knows what every field means. */
const config = z.object({ metadata, spec: z.unknown() }) satisfies z.ZodType<ConfigObject>

const serviceNeg = z
  .object({
    metadata,
    status: z
      .object({
        networkEndpointGroups: z.array(z.object({ selfLink: text.default(''), state: text.exactOptional() })).nullish(),
      })
      .nullish(),
  })
  .transform(({ metadata: meta, status: said }): ServiceNegObject => ({
    metadata: meta,
    groups: said?.networkEndpointGroups ?? [],
  }))

const httpGet = z.object({
  path: text.exactOptional(),
  port,
  scheme: text.exactOptional(),
  host: text.exactOptional(),
  httpHeaders: z.array(z.object({ name: text, value: text })).exactOptional(),
})

const timings = z.object({
  periodSeconds: z.number().exactOptional(),
  timeoutSeconds: z.number().exactOptional(),
  successThreshold: z.number().exactOptional(),
  failureThreshold: z.number().exactOptional(),
})

const conditions = z.array(z.object({ type: text, status: text })).default([])

const pod = z
  .object({
    metadata,
    spec: z.object({
      containers: z.array(
        z.object({
          name: text,
          ports: z.array(z.object({ name: text.exactOptional(), containerPort: z.number() })).default([]),
          readinessProbe: timings.extend({ httpGet: httpGet.exactOptional() }).exactOptional(),
        }),
      ),
    }),
    status: z.object({ conditions }).default({ conditions: [] }),
  })
  .transform(({ metadata: meta, spec, status }): { pod: PodObject; ready: boolean } => ({
    pod: {
      metadata: meta,
      containers: spec.containers.map(({ readinessProbe, ...container }) => {
        if (readinessProbe?.httpGet === undefined) return container
        const { httpGet: get, ...rest } = readinessProbe
        return { ...container, readinessProbe: { ...get, ...rest } }
      }),
    },
    ready: isReady(status.conditions),
  }))

/** Where GKE and older Kubernetes write a node's zone. */
const zoneLabels = ['topology.kubernetes.io/zone', 'failure-domain.beta.kubernetes.io/zone'] as const

const node = z
  .object({
    metadata,
    spec: z.object({ providerID: text.exactOptional(), unschedulable: z.boolean().exactOptional() }).default({}),
    status: z.object({ conditions }).default({ conditions: [] }),
  })
  .transform(({ metadata: meta, spec: { providerID, unschedulable }, status }): NodeObject | undefined => {
    // Until the cloud provider has initialised a node it has neither identity nor zone, and is in no instance group.
    if (providerID === undefined) return undefined
    const zone =
      zoneLabels.map((label) => meta.labels?.[label]).find((label) => label !== undefined) ??
      providerID.split('/').at(-2) ??
      ''
    const cordoned = unschedulable === true ? { cordoned: true } : {}
    return { metadata: meta, providerID, zone, ready: isReady(status.conditions), ...cordoned }
  })

function isReady(list: z.infer<typeof conditions>): boolean {
  return list.some(({ type, status }) => type === 'Ready' && status === 'True')
}

/** A page of a list; Go writes an empty list as null here and there. */
function listOf<T extends z.ZodType>(item: T) {
  return z.object({
    metadata: z.object({ continue: text.exactOptional() }).default({}),
    items: z
      .array(item)
      .nullish()
      .transform((items) => items ?? []),
  })
}

/** An error as the API server writes it. */
const status = z.object({ kind: z.literal('Status'), message: text.default(''), reason: text.default('') })

const event = z.object({ metadata, count: z.number().nullish() })

/** Every answer that the port reads. */
export const shapes = {
  event,
  version: z.object({ gitVersion: text }),
  namespace: z.object({ metadata: z.object({ uid: text }) }),
  ingress,
  service,
  secret,
  managedCertificate,
  config,
  pods: listOf(pod),
  nodes: listOf(node),
  ingresses: listOf(ingress),
  services: listOf(service),
  serviceNegs: listOf(serviceNeg),
  status,
}
