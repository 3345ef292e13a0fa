import { hashOf } from '../json.ts'
import type { Cluster, IngressObject, ServiceObject } from '../cloud/kubernetes-port.ts'
import { backendConfigAnnotations } from '../ingress/config-refs.ts'
import { managedAnnotation } from '../planning/cluster-ingress.ts'
import { resourceId, splitResourceId, type ResourceId } from '../resource-id.ts'
import { claimId } from '../state/documents.ts'
import { queries } from '../state/store.ts'
import { decide } from './decide.ts'
import type { Deps } from './deps.ts'
import { digitOf, dueInFull, readInventory, writeInventory, type Seen } from './inventory.ts'
import { isSaid } from './hold.ts'
import type { AnyKind, Cloud } from './kind.ts'
import { viewOf, type View } from './view.ts'
import { nudgeOf, send, type Cause } from './nudge.ts'
import { cloudOf } from './visit.ts'
import { byDigit, noteSwept } from './sweep.ts'

/** What a sweep of one cluster came to. */
export interface SweptCluster {
  ingresses: number
  services: number
  judged: number
  drifted: ResourceId[]
}

/** The kinds whose resources are the matching Ingress objects: the first has the inventory, the second the objects' status. */
const kindNames = ['cluster-ingress', 'cluster-status'] as const

/** So many pods of a Service say what it is probed by: of the same template once a new version is rolled out. */
const fewPods = 3

/** So many Services are asked for their pods at once. */
const parallel = 8

/** So many documents are read at once. */
const page = 200

/**
 * Finds what changed in one cluster: lists its Ingresses and Services, asks each Service that is named for a few of its pods,
 * and has looked again whoever's object is not as wanted, or whose Services or their probes are not as they were when its
 * Ingress was planned. Throws while the cluster does not answer.
 */
export async function sweepCluster(deps: Deps, name: string, cause: Cause): Promise<SweptCluster> {
  const cluster = await deps.store.get('clusters', name)
  const kinds = deps.kinds.filter((kind) => (kindNames as readonly string[]).includes(kind.name))
  const nothing: SweptCluster = { ingresses: 0, services: 0, judged: 0, drifted: [] }
  // One that does not answer is asked by the look at its machines, which also says so; of one that is leaving nobody says it.
  if (cluster === undefined || (cluster.unreachable !== null && !cluster.leaving)) return nothing
  const client = deps.clusters.connect(cluster.registration)
  const scope = `${kindNames[0]}/${name}`
  const [ingresses, services, before, ...found] = await Promise.all([
    client.ingresses(),
    client.services(),
    readInventory(deps.store, scope),
    ...kinds.map((kind) => deps.store.find(queries.unswept(`${kind.name}/${name}`))),
  ])
  const unswept = found.flat()
  const now = deps.clock.now()
  const inFull = dueInFull(before, now)
  const seen = new Map([...before.values()].flatMap((part) => [...part.entries]))
  const ours = new Map(
    ingresses
      .filter((ingress) => ingress.metadata.annotations?.[managedAnnotation] === 'true')
      .map((ingress) => [keyOf(ingress), ingress]),
  )
  const servicesByKey = new Map(services.map((service) => [keyOf(service), service]))
  const probes = await probesOf(client, [...ours.values()], servicesByKey)
  const hashes = new Map([...ours].map(([key, ingress]) => [key, hashWith(ingress, servicesByKey, probes)]))
  const changed = new Set(unswept.map(({ id }) => keyOfId(id)))
  const suspects = [...new Set([...seen.keys(), ...ours.keys(), ...changed])]
    .filter(
      (key) =>
        changed.has(key) ||
        digitOf(key) === inFull ||
        seen.get(key)?.hash !== hashes.get(key) ||
        namesUnlisted(ours.get(key), servicesByKey),
    )
    .sort()
  const after = new Map<string, Seen>(seen)
  const drifted: ResourceId[] = []
  const cloud = cloudOfLists(deps, name, client, ours, servicesByKey)
  for (let at = 0; at < suspects.length; at += page) {
    const chunk = suspects.slice(at, at + page)
    const views = await Promise.all(
      kinds.map(async (kind) => ({ kind, views: await viewsOf(deps, kind, name, chunk) })),
    )
    for (const key of chunk) {
      const judgements: Judgement[] = []
      for (const { kind, views: known } of views) {
        const view = known.get(key)
        if (view === undefined) continue
        const judgement = await judge(deps, kind, cloud, view)
        judgements.push(judgement)
        if (judgement === 'drifted') drifted.push(view.doc.id)
      }
      if (judgements.length === 0) {
        // An object with our mark that no document knows is somebody's copy, or of a lost state: seen, and left alone.
        if (ours.has(key)) after.set(key, { hash: hashes.get(key) ?? '' })
        else after.delete(key)
      } else if (judgements.every((judgement) => judgement === 'right')) {
        after.set(key, { hash: hashes.get(key) ?? '' })
        changed.delete(key)
      }
    }
  }
  await writeInventory(deps, scope, before, byDigit(after), inFull)
  await noteSwept(
    deps,
    unswept.filter(({ id }) => !changed.has(keyOfId(id))),
  )
  await send(
    deps,
    drifted.map((id) => nudgeOf(id, { ...cause, why: 'drift' })),
  )
  return { ingresses: ours.size, services: services.length, judged: suspects.length, drifted }
}

function keyOf({ metadata }: { metadata: { namespace?: string; name: string } }): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`
}

function keyOfId(id: ResourceId): string {
  return splitResourceId(id).path.slice(1).join('/')
}

/** Annotations of an Ingress that name objects of other kinds. */
const naming = [
  'networking.gke.io/managed-certificates',
  'networking.gke.io/v1beta1.FrontendConfig',
  'networking.gke.io/frontend-config',
]

/** Secrets and settings are not listed, so that no right to list them is needed: those that are named are read each time. */
function namesUnlisted(ingress: IngressObject | undefined, services: ReadonlyMap<string, ServiceObject>): boolean {
  if (ingress === undefined) return false
  const annotations = ingress.metadata.annotations ?? {}
  const configured = servicesOf(ingress).some((name) => {
    const service = services.get(`${ingress.metadata.namespace ?? ''}/${name}`)
    return backendConfigAnnotations.some((key) => service?.metadata.annotations?.[key] !== undefined)
  })
  return configured || (ingress.spec.tls ?? []).length > 0 || naming.some((key) => annotations[key] !== undefined)
}

/** Names of the Services of an Ingress object, sorted. */
function servicesOf({ spec }: IngressObject): string[] {
  const backends = [
    spec.defaultBackend,
    ...(spec.rules ?? []).flatMap((rule) => rule.http?.paths.map((path) => path.backend) ?? []),
  ]
  return [...new Set(backends.flatMap((backend) => (backend === undefined ? [] : [backend.service.name])))].sort()
}

/** What a few pods of each Service that is named say of ports and readiness probes, by the Service's key. */
async function probesOf(
  client: Cluster,
  ingresses: readonly IngressObject[],
  services: ReadonlyMap<string, ServiceObject>,
): Promise<Map<string, unknown>> {
  const named = new Set(
    ingresses.flatMap((ingress) => servicesOf(ingress).map((name) => `${ingress.metadata.namespace ?? ''}/${name}`)),
  )
  const waiting = [...named].flatMap((key) => services.get(key) ?? [])
  const probes = new Map<string, unknown>()
  const work = async (): Promise<void> => {
    for (let service = waiting.pop(); service !== undefined; service = waiting.pop()) {
      const { selector = {} } = service.spec
      if (Object.keys(selector).length === 0) continue
      const pods = await client.pods(service.metadata.namespace ?? '', selector, fewPods)
      const said = pods.map(({ containers }) =>
        hashOf(containers.map(({ ports, readinessProbe }) => [ports, readinessProbe])),
      )
      probes.set(keyOf(service), [...new Set(said)].sort())
    }
  }
  await Promise.all(Array.from({ length: parallel }, work))
  return probes
}

/** An Ingress object, without what changes at every write, and the Services that it names with their probes. */
function hashWith(
  ingress: IngressObject,
  services: ReadonlyMap<string, ServiceObject>,
  probes: ReadonlyMap<string, unknown>,
): string {
  const { namespace = '' } = ingress.metadata
  const meaning = ({ metadata, spec }: IngressObject | ServiceObject): unknown => [
    metadata.uid,
    metadata.labels,
    metadata.annotations,
    spec,
  ]
  return hashOf([
    meaning(ingress),
    ingress.status?.loadBalancer?.ingress ?? [],
    ...servicesOf(ingress).map((name) => {
      const service = services.get(`${namespace}/${name}`)
      return service === undefined ? null : [meaning(service), probes.get(keyOf(service))]
    }),
  ])
}

async function viewsOf(
  deps: Deps,
  kind: AnyKind,
  cluster: string,
  keys: readonly string[],
): Promise<Map<string, View>> {
  const ids = keys.map((key) => resourceId(kind.name, cluster, ...key.split('/')))
  const [docs, claims] = await Promise.all([
    deps.store.getAll('resources', ids),
    deps.store.getAll(
      'claims',
      ids.map((id) => claimId(id, keyOfId(id))),
    ),
  ])
  return new Map(
    keys.flatMap((key, index) => {
      const doc = docs[index]
      const claim = claims[index]
      return doc === undefined ? [] : [[key, viewOf(kind, doc, claim === undefined ? [] : [claim])] as const]
    }),
  )
}

type Judgement = 'right' | 'drifted' | 'moving'

async function judge(deps: Deps, kind: AnyKind, cloud: Cloud, view: View): Promise<Judgement> {
  const { doc } = view
  if (doc.wakeAt !== null || doc.operation !== null) return 'moving'
  if (view.hold === 'paused') return 'right'
  try {
    const observed = await kind.observe(cloud, doc.id, view.want, doc.output)
    const news = observed.output !== undefined && hashOf(observed.output) !== hashOf(doc.output)
    if (news || observed.pending !== undefined || observed.refused !== undefined) return 'drifted'
    const step = decide(kind, view.want, observed, { force: view.force, ...doc })
    return step.do === 'nothing' || isSaid(view, step) ? 'right' : 'drifted'
  } catch (error) {
    deps.log.warn({ resource: doc.id, error: String(error) }, 'not judged by the list; it looks for itself')
    return 'drifted'
  }
}

/** The cluster as it was listed; what was not listed is asked for. */
function cloudOfLists(
  deps: Deps,
  name: string,
  client: Cluster,
  ingresses: ReadonlyMap<string, IngressObject>,
  services: ReadonlyMap<string, ServiceObject>,
): Cloud {
  const cloud = cloudOf(deps)
  const pods = new Map<string, ReturnType<Cluster['pods']>>()
  const listed: Cluster = {
    ...client,
    // Many Ingresses may name one Service.
    pods(namespace, selector) {
      const key = hashOf([namespace, selector])
      const known = pods.get(key) ?? client.pods(namespace, selector)
      pods.set(key, known)
      return known
    },
    ingress: (namespace, ingress) => Promise.resolve(ingresses.get(`${namespace}/${ingress}`)),
    service: (namespace, service) => Promise.resolve(services.get(`${namespace}/${service}`)),
    servicesWith: (namespace, label, value) =>
      Promise.resolve(
        [...services.values()].filter(
          ({ metadata }) => metadata.namespace === namespace && metadata.labels?.[label] === value,
        ),
      ),
  }
  return {
    ...cloud,
    // One cloud judges many Ingresses: what is remembered for one says nothing of another.
    recall: (_what, _ms, read) => read(),
    cluster: (asked) => (asked === name ? Promise.resolve(listed) : cloud.cluster(asked)),
  }
}
