import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { clusterIngress } from '../../functions/reconcile/cluster-ingress.ts'
import { kinds } from '../../functions/reconcile/index.ts'
import type { Cluster, PodObject, ServiceObject } from '../../shared/cloud/kubernetes-port.ts'
import type { Cloud } from '../../shared/engine/kind.ts'
import { parseManifest } from '../../shared/ingress/manifest.ts'
import { withObjects, type KnownObjects } from '../../shared/engine/accept-objects.ts'
import { modelIn } from '../../shared/planning/derived.ts'
import { objectId, type PublishedObject } from '../../shared/ingress/published-object.ts'
import type { IngressModel } from '../../shared/ingress/model.ts'
import { looksOf, matchingObject } from '../../shared/planning/cluster-ingress.ts'
import type { ClusterFacts, ClusterView } from '../../shared/planning/facts.ts'
import { clusterIngressId } from '../../shared/planning/layout.ts'
import { plan } from '../../shared/planning/plan.ts'
import { clusterDoc, everything, ingressOf, lookedAt } from '../unit/planning/facts.ts'

/**
 * From a manifest and what the clusters hold to everything that is wanted, as files for people to read. After a change
 * that is meant, `npx vitest run test/golden -u` writes the files anew; read the difference before you commit it.
 */

const probe = z.object({ httpGet: z.object({ port: z.union([z.number(), z.string()]) }).loose() }).loose()
const object = z.object({
  kind: z.enum(['Service', 'Pod', 'ServiceNetworkEndpointGroup', 'BackendConfig', 'FrontendConfig']),
  metadata: z.object({ name: z.string(), namespace: z.string() }).loose(),
  spec: z
    .object({
      containers: z
        .array(z.object({ name: z.string(), ports: z.array(z.unknown()), readinessProbe: probe.optional() }))
        .optional(),
    })
    .loose()
    .default({}),
  status: z
    .object({ networkEndpointGroups: z.array(z.object({ selfLink: z.string(), state: z.string() })) })
    .optional(),
})
const world = z.strictObject({
  project: z.string(),
  ip: z.string(),
  drained: z.array(z.string()).default([]),
  clusters: z.array(
    z.strictObject({
      name: z.string(),
      project: z.string(),
      network: z.string(),
      nodeTags: z.array(z.string()),
      /** Why the last look at it failed; what it held is what was seen before. */
      trouble: z.string().optional(),
      instanceGroups: z.array(z.strictObject({ zone: z.string(), name: z.string() })),
      objects: z.array(object),
    }),
  ),
})
type World = z.infer<typeof world>

const cases = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)

describe('goldens', () => {
  it('has its cases', () => expect(cases.length).toBeGreaterThanOrEqual(9))

  for (const name of cases)
    it(name, async () => {
      const read = (file: string): string => readFileSync(join(import.meta.dirname, name, file), 'utf8')
      const manifest = parseManifest(read('ingress.yaml'))
      if (!manifest.ok)
        throw new Error(manifest.problems.map(({ where, message }) => `${where}: ${message}`).join('\n'))
      const [ingress] = manifest.ingresses
      if (ingress === undefined) throw new Error('the manifest is empty')
      const model = withObjects(ingress.model, knownObjects(manifest.objects))
      const given = world.parse(parse(read('clusters.yaml')))
      const facts = {
        project: given.project,
        ip: given.ip,
        ip6: null,
        certificates: {},
        attached: [],
        now: 0,
        clusters: await Promise.all(given.clusters.map((one) => factsOf(one, model))),
      }
      const made = plan(
        kinds,
        ingressOf(model, { selection: { ...everything, drained: given.drained } }),
        facts,
        new Map(),
      )
      if (made.is !== 'planned') throw new Error(`the plan is ${made.is}: ${JSON.stringify(made, null, 1)}`)
      const { desired, held, warnings, modes } = made
      await expect(`${JSON.stringify({ warnings, held, modes, resources: desired }, null, 2)}\n`).toMatchFileSnapshot(
        join(name, 'resources.json'),
      )
    })
})

/** What is published beside the Ingress, as it is remembered. */
function knownObjects(objects: readonly PublishedObject[]): KnownObjects {
  const docs = objects.map(({ content, source, ...name }) => ({
    ...name,
    id: objectId(content.kind, name),
    kind: content.kind,
    content,
    source: { ...source, publishedAt: 0 },
    updatedAt: 0,
  }))
  return new Map(docs.map((doc) => [doc.id, doc]))
}

/** What the cluster-ingress kind reads from a cluster that holds these objects and the applied Ingress. */
async function factsOf(given: World['clusters'][number], model: IngressModel): Promise<ClusterFacts> {
  const id = clusterIngressId(given.name, model)
  const cluster = { doc: clusterDoc(given.name) }
  const want = { ...looksOf(model, cluster), object: matchingObject(modelIn(model, cluster.doc)) }
  const cloud: Pick<Cloud, "cluster" | "now" | "recall"> = {
    recall: (_what, _ms, read) => read(),
    now: () => 0,
    cluster: () => Promise.resolve(clusterOf(given, want.object)),
  }
  const seen = await clusterIngress.observe(cloud as Cloud, id, want, null)
  const doc = clusterDoc(given.name)
  const zones = given.instanceGroups.map(({ zone }) => ({ zone, nodes: 2 }))
  return lookedAt({
    doc: {
      ...doc,
      registration: { ...doc.registration, project: given.project },
      sight: doc.sight === null ? null : { ...doc.sight, zones, network: given.network, nodeTags: given.nodeTags },
    },
    view: seen.output as ClusterView,
    trouble: given.trouble ?? null,
  })
}

function clusterOf(given: World['clusters'][number], applied: ReturnType<typeof matchingObject>): Cluster {
  const find = (kind: string, namespace: string, holds: (one: z.infer<typeof object>) => boolean) =>
    given.objects.find((one) => one.kind === kind && one.metadata.namespace === namespace && holds(one))
  const groups = given.instanceGroups.map(({ zone, name }) => ({
    Name: name,
    Zone: `https://www.googleapis.com/compute/v1/projects/${given.project}/zones/${zone}`,
  }))
  const no = (): Promise<never> => Promise.reject(new Error('a golden only looks'))
  return {
    version: no,
    uid: no,
    nodes: no,
    ingresses: no,
    services: no,
    applyIngress: no,
    setIngressAddresses: no,
    recordEvent: no,
    deleteIngress: no,
    servicesWith: () => Promise.resolve([]),
    applyService: no,
    deleteService: no,
    ingress: (namespace, name) =>
      Promise.resolve({
        metadata: {
          namespace,
          name,
          labels: applied.labels,
          annotations: { ...applied.annotations, 'ingress.gcp.kubernetes.io/instance-groups': JSON.stringify(groups) },
        },
        spec: applied.spec,
      }),
    service: (namespace, name) =>
      Promise.resolve(find('Service', namespace, (one) => one.metadata.name === name) as ServiceObject | undefined),
    secret: no,
    managedCertificate: no,
    config: (kind, namespace, name) => Promise.resolve(find(kind, namespace, (one) => one.metadata.name === name)),
    serviceNegs: (namespace, service) =>
      Promise.resolve(
        given.objects.flatMap(({ kind, metadata, status }) =>
          kind === 'ServiceNetworkEndpointGroup' &&
          metadata.namespace === namespace &&
          (metadata['labels'] as Record<string, string>)['networking.gke.io/service-name'] === service
            ? [{ metadata, groups: status?.networkEndpointGroups ?? [] }]
            : [],
        ),
      ),
    pods(namespace, selector) {
      const pod = find('Pod', namespace, ({ metadata }) =>
        Object.entries(selector).every(([key, value]) => (metadata['labels'] as Record<string, string>)[key] === value),
      )
      return Promise.resolve(pod === undefined ? [] : [podOf(pod)])
    },
  }
}

/** The port shows a probe flat, as the adapter reads it from httpGet and its timings. */
function podOf(pod: z.infer<typeof object>): PodObject {
  return {
    metadata: pod.metadata,
    containers: (pod.spec.containers ?? []).map(({ readinessProbe, ...container }) => {
      const { httpGet, ...timings } = readinessProbe ?? {}
      return { ...container, ...(httpGet === undefined ? {} : { readinessProbe: { ...httpGet, ...timings } }) }
    }) as PodObject['containers'],
  }
}
