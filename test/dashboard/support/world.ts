import { kinds } from '../../../functions/reconcile/index.ts'
import type { Compute } from '../../../shared/cloud/compute-port.ts'
import type { Desired } from '../../../shared/engine/kind.ts'
import type { IngressModel } from '../../../shared/ingress/model.ts'
import type { ClusterFacts } from '../../../shared/planning/facts.ts'
import { statusOf } from '../../../shared/engine/status.ts'
import { plan } from '../../../shared/planning/plan.ts'
import { splitResourceId } from '../../../shared/resource-id.ts'
import { claimId, type ClusterDoc, type IngressDoc, type ResourceDoc } from '../../../shared/state/documents.ts'
import type { Store } from '../../../shared/state/store.ts'
import { resourceDoc } from '../../unit/engine/resources.ts'
import {
  clusterDoc,
  clusterOf,
  factsOf,
  groupsOf,
  ingressOf,
  modelOf,
  project,
  rule,
  serviceOf,
  to,
} from '../../unit/planning/facts.ts'

/** The state in which an Ingress is put on the stage. */
export type Scene = 'Ready' | 'Progressing' | 'Failed' | 'Deleting'

/** How one Ingress is put on the stage. */
export interface Act {
  name: string
  namespace?: string
  scene?: Scene
  services?: string[]
  /** Ends the reason of the resource that failed. */
  trouble?: string
}

/** Clusters and their zones. */
export const places: Readonly<Record<string, readonly string[]>> = {
  'asia-east': ['asia-east1-a', 'asia-east1-b'],
  'europe-west': ['europe-west1-b', 'europe-west1-c', 'europe-west1-d'],
  'us-central': ['us-central1-a', 'us-central1-b'],
}

/** A getHealth that finds two members in every group, healthy unless their zone is among `sick`. */
export function healthOf(sick: ReadonlySet<string>): Pick<Compute, 'health'> {
  return {
    health: (_ref, group) => {
      const zone = /\/zones\/([^/]+)\//.exec(group)?.[1] ?? ''
      const healthState = sick.has(zone) ? 'UNHEALTHY' : 'HEALTHY'
      return Promise.resolve([{ healthState }, { healthState }])
    },
  }
}

/** Writes the clusters, and each Ingress with what the planner wants for it, as it would be in its scene. */
export async function putOnStage(store: Store, acts: readonly Act[], now: number): Promise<void> {
  const clusters = Object.entries(places).map(([name, zones]) =>
    clusterDoc(name, {
      sight: {
        version: 'v1.33.1-gke.1107000',
        zones: zones.map((zone) => ({ zone, nodes: 2 })),
        network: `projects/${project}/global/networks/default`,
        nodeTags: [`gke-${name}-node`],
        untagged: 0,
        at: now,
      },
      updatedAt: now,
    }),
  )
  await store.transact(async (tx) => {
    for (const doc of clusters) tx.set('clusters', doc.name, doc)
  })
  for (const [index, act] of acts.entries()) await putOne(store, act, clusters, index, now)
}

async function putOne(store: Store, act: Act, clusters: ClusterDoc[], index: number, now: number): Promise<void> {
  const { name, namespace = 'default', scene = 'Ready', services = ['web'] } = act
  const model = modelFor(name, namespace, services)
  const ip = `203.0.${113 + Math.floor(index / 250)}.${(index % 250) + 1}`
  const facts = {
    ...factsOf(...clusters.map((doc) => factsFor(doc, services))),
    ip,
    now,
  }
  const since = now - 90_000 - index * 61_000
  const doc = docFor(model, scene, since)
  const made = plan(kinds, doc, facts, new Map())
  if (made.is !== 'planned') throw new Error(`${name} cannot be planned: ${JSON.stringify(made)}`)
  const resources = made.desired.map((desired) => resourceFor(desired, act, doc, facts, ip, since))
  const claims =
    scene === 'Deleting'
      ? []
      : made.desired.map(({ id, want, refs }) => ({
          resource: id,
          ingress: doc.id,
          want,
          refs,
          force: false,
          at: since,
        }))
  const byId = new Map(resources.map((resource) => [resource.id, resource]))
  const { conditions } = statusOf({ doc, clusters, claims, resources: byId }, project, since)
  await store.transact(async (tx) => {
    const plan = doc.plan === null ? null : { ...doc.plan, modes: made.modes }
    tx.set('ingresses', doc.id, { ...doc, plan, conditions })
    for (const resource of resources) tx.set('resources', resource.id, resource)
    for (const claim of claims) tx.set('claims', claimId(claim.resource, doc.id), claim)
  })
}

function modelFor(name: string, namespace: string, services: readonly string[]): IngressModel {
  const [first = 'web'] = services
  return modelOf({
    name,
    namespace,
    defaultBackend: to(first),
    rules:
      services.length === 1
        ? []
        : [
            rule(
              `${name}.example.com`,
              ...services.map(
                (service) => ['Prefix', `/${service}`, to(service)] as ['Prefix', string, ReturnType<typeof to>],
              ),
            ),
          ],
  })
}

function factsFor(doc: ClusterDoc, services: readonly string[]): ClusterFacts {
  return clusterOf(doc.name, {
    doc,
    view: {
      services: Object.fromEntries(services.map((service) => [service, serviceOf()])),
      groups: groupsOf(...(places[doc.name] ?? [])),
    },
  })
}

function docFor(model: IngressModel, scene: Scene, since: number): IngressDoc {
  const settled = scene === 'Ready' || scene === 'Failed'
  const loadBalancer = model.namespace === 'default' ? model.name : ''
  return ingressOf(model, {
    plannedGeneration: 1,
    plan: { generation: 1, at: since, problems: [], warnings: [], waiting: [] },
    living: loadBalancer === '' ? null : { loadBalancer, scheme: 'EXTERNAL_MANAGED', leftovers: [] },
    deleted: scene === 'Deleting',
    phase: scene,
    wakeAt: settled ? null : since + 60_000,
    createdAt: since - 3_600_000,
    updatedAt: since,
    history: [
      { at: since - 9_000, by: 'spec', what: 'generation 1 was accepted', why: 'a new spec was published' },
      ...(scene === 'Ready'
        ? [
            {
              at: since,
              by: 'progress' as const,
              what: 'Progressing became Ready',
              why: 'everything of the latest spec is applied and was seen to be so',
            },
          ]
        : []),
    ],
  })
}

/** While it progresses everything up to the backend services is there, and the rest waits for it. */
function resourceFor(
  { id, refs }: Desired,
  { scene = 'Ready', trouble = 'Quota BACKEND_SERVICES exceeded. Limit: 50 globally.' }: Act,
  doc: IngressDoc,
  facts: { clusters: ClusterFacts[] },
  ip: string,
  since: number,
): ResourceDoc {
  const { kind, path } = splitResourceId(id)
  const first = { owner: doc.id, refs, updatedAt: since, createdAt: since - 10_000, wakeAt: null }
  const ready: Partial<ResourceDoc> = {
    ...first,
    phase: 'Ready',
    applied: true,
    appliedRefs: refs,
    why: 'it is as wanted',
  }
  const output =
    kind === 'cluster-ingress'
      ? (facts.clusters.find((cluster) => cluster.doc.name === path[0])?.view ?? null)
      : kind === 'address'
        ? { ip }
        : null
  const late = ['url-map', 'target-proxy', 'forwarding-rule'].includes(kind)
  if (scene === 'Deleting' && kind !== 'forwarding-rule')
    return resourceDoc(id, { ...ready, phase: 'Waiting', why: 'to be removed once what refers to it is gone', output })
  if (scene === 'Deleting')
    return resourceDoc(id, { ...ready, phase: 'Working', why: 'being removed: no Ingress wants it any more' })
  if (scene === 'Ready' || (!late && kind !== 'backend-service')) return resourceDoc(id, { ...ready, output })
  if (kind === 'backend-service' && scene === 'Progressing')
    return resourceDoc(id, { ...first, phase: 'Working', why: 'being created: it does not exist' })
  if (kind === 'backend-service') return resourceDoc(id, { ...first, phase: 'Failed', failures: 3, why: trouble })
  return resourceDoc(id, {
    ...first,
    phase: 'Waiting',
    why: `waits for ${refs.map((ref) => ref.split('/').at(-1)).join(', ')}`,
    waitingOn: refs,
    waitingFor: 'exist',
  })
}
