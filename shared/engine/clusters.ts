import { isSame } from '../json.ts'
import type { Instance } from '../cloud/compute-resources.ts'
import type { ClusterRegistration, NodeObject } from '../cloud/kubernetes-port.ts'
import { select } from '../planning/select.ts'
import { clusterIngressId } from '../planning/layout.ts'
import { claimId, type ClusterDoc, type ClusterSight } from '../state/documents.ts'
import { queries } from '../state/store.ts'
import type { Deps } from './deps.ts'
import { classify } from './faults.ts'
import { planNudgeOf, send, type Cause } from './nudge.ts'

/** A cluster that does not answer is asked again after this; milliseconds. */
const askAgain = 60_000

/** Looks that overlap with others' are repeated so often before the message is left to be delivered again. */
const mostLooks = 5

/** Registers a cluster, or changes its registration, and looks at it. */
export async function registerCluster(deps: Deps, registration: ClusterRegistration, cause: Cause): Promise<void> {
  await deps.store.transact(async (tx) => {
    const doc = await tx.get('clusters', registration.name)
    if (doc !== undefined && !doc.leaving && isSame(doc.registration, registration)) return
    const now = deps.clock.now()
    tx.set('clusters', registration.name, {
      name: registration.name,
      registration,
      sight: doc?.sight ?? null,
      unreachable: null,
      leaving: false,
      untold: true,
      wakeAt: now,
      updatedAt: now,
    })
  }, 'one-document')
  await lookAtCluster(deps, registration.name, cause)
}

/** Takes a cluster out of every Ingress; its record goes when nothing refers to it. */
export async function unregisterCluster(deps: Deps, name: string, cause: Cause): Promise<void> {
  await deps.store.transact(async (tx) => {
    const doc = await tx.get('clusters', name)
    if (doc && !doc.leaving)
      tx.set('clusters', name, {
        ...doc,
        leaving: true,
        wakeAt: deps.clock.now() + askAgain,
        updatedAt: deps.clock.now(),
      })
  }, 'one-document')
  await replanAll(deps, name, cause)
}

/**
 * Looks at what a cluster and its machines are now, and has every Ingress that it serves planned again if that is news.
 * A cluster that does not answer keeps what was known of it: no answer is not an empty answer.
 */
export async function lookAtCluster(
  deps: Deps,
  name: string,
  cause: Cause,
  machines: Machines = (project) => deps.compute.list('instances', project),
): Promise<void> {
  for (let look = 0; look < mostLooks; look += 1) {
    const doc = await deps.store.get('clusters', name)
    if (doc === undefined) return
    if (doc.leaving) {
      await letGo(deps, doc, cause)
      return
    }
    const seen = await lookOnce(deps, doc, machines)
    const written = await writeSight(deps, doc, seen)
    if (written === undefined) continue
    const news = written.untold === true
    const trouble = 'why' in seen ? { unreachable: seen.why } : {}
    deps.log.info({ cluster: name, news, ...trouble, cause: cause.why, trace: cause.trace }, 'looked at cluster')
    if (news) await tellAll(deps, written, cause)
    return
  }
  throw new Error(`cluster ${name} was changed by others during each of ${mostLooks} looks at it`)
}

type Seen = { sight: ClusterSight } | { why: string }

async function lookOnce(deps: Deps, doc: ClusterDoc, machines: Machines): Promise<Seen> {
  try {
    return { sight: await sightOf(deps, doc, machines) }
  } catch (error) {
    return { why: classify(error).why }
  }
}

/**
 * Writes what was seen, and that it has still to be told, so that whoever comes next tells it should this process die.
 * undefined = somebody wrote since `doc` was read, and may have seen something newer.
 */
async function writeSight(deps: Deps, doc: ClusterDoc, seen: Seen): Promise<ClusterDoc | undefined> {
  return deps.store.transact(async (tx) => {
    const current = await tx.get('clusters', doc.name)
    if (current === undefined || !isSame({ ...current, wakeAt: 0 }, { ...doc, wakeAt: 0 })) return undefined
    const now = deps.clock.now()
    const changed =
      'why' in seen
        ? current.unreachable === null
        : current.unreachable !== null || !sameSight(current.sight, seen.sight)
    const next: ClusterDoc = {
      ...current,
      ...('why' in seen
        ? { unreachable: { since: current.unreachable?.since ?? now, why: seen.why.slice(0, 1_000) } }
        : { sight: changed || !sameCounts(current.sight, seen.sight) ? seen.sight : current.sight, unreachable: null }),
      ...(changed ? { untold: true as const, updatedAt: now } : {}),
    }
    const restless = 'why' in seen || next.untold === true
    next.wakeAt = restless ? now + askAgain : null
    if (!isSame(next, current)) tx.set('clusters', doc.name, next)
    return next
  }, 'one-document')
}

async function tellAll(deps: Deps, doc: ClusterDoc, cause: Cause): Promise<void> {
  await replanAll(deps, doc.name, cause)
  await deps.store.transact(async (tx) => {
    const current = await tx.get('clusters', doc.name)
    // What was written meanwhile its own writer tells.
    if (current === undefined || !isSame(current, doc)) return
    const { untold: _, ...told } = current
    tx.set('clusters', doc.name, { ...told, wakeAt: current.unreachable === null ? null : current.wakeAt })
  }, 'one-document')
}

/** Looks at all clusters of a project, side by side and each for itself; they share one list of machines. */
export async function lookAtProject(deps: Deps, project: string, cause: Cause): Promise<void> {
  const clusters = (await deps.store.find(queries.clusters())).filter(
    (cluster) => !cluster.leaving && cluster.registration.project === project,
  )
  let list: ReturnType<Machines> | undefined
  const machines = (): ReturnType<Machines> => (list ??= deps.compute.list('instances', project))
  const looks = await Promise.allSettled(clusters.map(({ name }) => lookAtCluster(deps, name, cause, machines)))
  for (const look of looks) if (look.status === 'rejected') throw look.reason
}

/** The instances of a project. */
type Machines = (project: string) => Promise<Instance[]>

/** How many nodes a zone has is worth knowing, and no news for anybody's plan. */
function sameSight(a: ClusterSight | null, b: ClusterSight): boolean {
  const told = (sight: ClusterSight): unknown => ({ ...sight, zones: sight.zones.map(({ zone }) => zone), at: 0 })
  return a !== null && isSame(told(a), told(b))
}

function sameCounts(a: ClusterSight | null, b: ClusterSight): boolean {
  return isSame(a?.zones, b.zones)
}

/** Nodes from the cluster, tags and network from their machines. */
async function sightOf(deps: Deps, { registration, sight }: ClusterDoc, machinesOf: Machines): Promise<ClusterSight> {
  const client = deps.clusters.connect(registration)
  const [version, uid, nodes, instances] = await Promise.all([
    client.version(),
    client.uid(),
    client.nodes(),
    machinesOf(registration.project),
  ])
  const mine = new Set(nodes.map(machineOf))
  const others = new Set(
    instances
      .filter((instance) => !mine.has(`${zoneOf(instance.zone)}/${instance.name ?? ''}`))
      .flatMap((instance) => instance.tags?.items ?? []),
  )
  const machines = instances.filter((instance) => mine.has(`${zoneOf(instance.zone)}/${instance.name ?? ''}`))
  // A machine has its tags before its node joins, and still has them when its node has left: a tag that was the nodes' own
  // stays theirs, or every node that comes or goes would shut the firewall for a while.
  const before = new Set(sight?.nodeTags ?? [])
  const own = machines.map((instance) =>
    (instance.tags?.items ?? []).filter((tag) => before.has(tag) || !others.has(tag)).sort(),
  )
  const leaving = leavingZones(nodes)
  return {
    version,
    zones: zonesOf(nodes, sight),
    ...(leaving.length === 0 ? {} : { leavingZones: leaving }),
    network:
      machines.map((instance) => instance.networkInterfaces?.[0]?.network).find((network) => network !== undefined) ??
      registration.network ??
      `projects/${registration.project}/global/networks/default`,
    nodeTags: fewestTags(own),
    untagged: own.filter((tags) => tags.length === 0).length,
    ...(uid === undefined ? {} : { uid }),
    at: deps.clock.now(),
  }
}

/**
 * A zone counts from its first node that is ready, because the in-cluster controller makes groups for ready ones; it counts
 * until its last node is gone, ready or not.
 */
function zonesOf(nodes: readonly NodeObject[], before: ClusterSight | null): ClusterSight['zones'] {
  return [...Map.groupBy(nodes, (node) => node.zone)]
    .filter(([zone, here]) => here.some((node) => node.ready) || before?.zones.some((known) => known.zone === zone))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([zone, here]) => ({ zone, nodes: here.length }))
}

/** Zones whose every node is cordoned: they are about to go. All of them at once means something else. */
function leavingZones(nodes: readonly NodeObject[]): string[] {
  const zones = [...Map.groupBy(nodes, (node) => node.zone)]
  const cordoned = zones.filter(([, here]) => here.every((node) => node.cordoned === true)).map(([zone]) => zone)
  return cordoned.length === zones.length ? [] : cordoned.sort()
}

function machineOf(node: NodeObject): string {
  return /^gce:\/\/[^/]+\/([^/]+\/[^/]+)$/.exec(node.providerID)?.[1] ?? `${node.zone}/${node.metadata.name}`
}

function zoneOf(zone: string | undefined): string {
  return zone?.slice(zone.lastIndexOf('/') + 1) ?? ''
}

/** Tags that together are on every tagged node: one that all share if there is one, else the first of each that has none yet. */
function fewestTags(own: readonly (readonly string[])[]): string[] {
  const chosen = new Set<string>()
  const count = new Map<string, number>()
  for (const tags of own) for (const tag of tags) count.set(tag, (count.get(tag) ?? 0) + 1)
  for (const tags of own) {
    if (tags.length === 0 || tags.some((tag) => chosen.has(tag))) continue
    const best = [...tags].sort((a, b) => (count.get(b) ?? 0) - (count.get(a) ?? 0) || (a < b ? -1 : 1))[0]
    if (best !== undefined) chosen.add(best)
  }
  return [...chosen].sort()
}

/** Has every Ingress planned that the cluster serves, or might serve; their own alarm clocks are set, so that none is lost. */
async function replanAll(deps: Deps, name: string, cause: Cause): Promise<void> {
  const clusters = await deps.store.find(queries.clusters())
  for (let after: string | undefined; ;) {
    const page = await deps.store.find(queries.ingresses(after))
    for (const doc of page) {
      if (doc.goneAt !== null || doc.generation === 0) continue
      const chosen = select(doc.model, doc.selection, clusters)
      const claimed = await deps.store.get('claims', claimId(clusterIngressId(name, doc.model), doc.id))
      if (!chosen.names.includes(name) && !chosen.unknown.includes(name) && claimed === undefined) continue
      await touchIngress(deps, doc.id)
      await send(deps, [planNudgeOf(doc.id, cause)])
    }
    after = page.at(-1)?.id
    if (page.length < 500 || after === undefined) return
  }
}

/** Sets an Ingress's alarm clock to now: its planner has news. */
export async function touchIngress(deps: Deps, id: string): Promise<void> {
  await deps.store.transact(async (tx) => {
    const doc = await tx.get('ingresses', id)
    if (doc) tx.set('ingresses', id, { ...doc, wakeAt: deps.clock.now(), token: doc.token + 1 })
  }, 'one-document')
}

/** A leaving cluster's record goes with the last resource that lives there, so that what is in it can still be removed. */
async function letGo(deps: Deps, doc: ClusterDoc, cause: Cause): Promise<void> {
  const left = await deps.store.find(queries.resourcesOfKind('cluster-ingress'))
  const here = left.filter((resource) => resource.id.startsWith(`cluster-ingress/${doc.name}/`))
  await deps.store.transact(async (tx) => {
    const current = await tx.get('clusters', doc.name)
    if (!current?.leaving) return
    if (here.length === 0) tx.delete('clusters', doc.name)
    else tx.set('clusters', doc.name, { ...current, wakeAt: deps.clock.now() + askAgain })
  }, 'one-document')
  if (here.length > 0) await replanAll(deps, doc.name, cause)
}
