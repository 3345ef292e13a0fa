import type { Clock, Random } from '../../world.ts'
import { asManager, type Writes } from '../api/writes.ts'
import { type Gce } from '../gce.ts'
import { timestamp, uuid } from '../identifiers.ts'
import { equal, items, number, text, withValue, type JsonObject } from '../json.ts'
import { apiVersionOf, ingresses, negs, nodes, services } from '../kinds.ts'
import { annotationsOf, isLive, keyOf, withMembers, type KubeObject } from '../object.ts'
import { nodesByZone, zoneOfNode } from '../nodes.ts'
import type { ObjectStore } from '../store.ts'
import { createWorkQueue } from '../work-queue.ts'
import { isReady } from '../workloads/pods.ts'
import { targetPortOf, type Endpoints } from '../workloads/endpoints.ts'
import { backendRefs, negRequest, servicePort } from './backends.ts'
import type { Recorder } from './events.ts'
import { negAnnotation, negName, negStatusAnnotation } from './names.ts'
import { serviceKeys, type References } from './references.ts'
import { deleteNeg, emptyNeg, ensureNeg, type NetworkEndpoint, type ZonalNeg } from './zonal-negs.ts'

/** What the NEG controller works with. */
export interface NegControllerWorld {
  readonly store: ObjectStore
  readonly writes: Writes
  readonly clock: Clock
  readonly random: Random
  readonly gce: Gce
  readonly references: References
  readonly endpoints: Endpoints
  readonly record: Recorder
  readonly clusterUid: string
  /** The uid of namespace kube-system, which the description of every NEG bears. */
  readonly systemUid: () => string
  readonly network: string
  /** How long after the NEGs the annotation on the Service follows; the ServiceNetworkEndpointGroup is in time. */
  readonly statusLagMs: number
  readonly vpcNative: boolean
}

const serviceLabel = 'networking.gke.io/service-name'
const portLabel = 'networking.gke.io/service-port'

/**
 * The NEG controller of ingress-gce: for each port of a Service that asks for it a zonal NEG in every zone with nodes, its endpoints
 * the ready pods. In a VPC-native cluster Services that an Ingress refers to ask by themselves. Returns how to stop it.
 */
export function runNegController(world: NegControllerWorld): () => void {
  const { store, gce, references, endpoints } = world
  const queue = createWorkQueue({
    clock: world.clock,
    workers: 10,
    work: sync,
    failed(key, why) {
      const service = find(key)
      if (service !== undefined) world.record(service, 'Warning', 'SyncNetworkEndpointGroupFailed', why)
    },
  })
  /** The NEGs of each Service that has or had some; new zones and pods concern them. */
  const following = new Map<string, Set<string>>()

  const stopListening = store.onChange(({ type, kind, object, previous }) => {
    if (kind === services) {
      if (type !== 'DELETED') markByItself(keyOf(object))
      queue.add(keyOf(object))
    }
    if (kind === ingresses) {
      const touched = new Set([...serviceKeys(object), ...(previous === undefined ? [] : serviceKeys(previous))])
      for (const key of touched) {
        markByItself(key)
        queue.add(key)
      }
    }
    if (kind === nodes && type !== 'MODIFIED') for (const key of following.keys()) queue.add(key)
  })
  endpoints.onChange((key) => {
    if (following.has(key)) queue.add(key)
  })

  function find(key: string): KubeObject | undefined {
    const [namespace, name] = key.split('/')
    return store.get(services, namespace, name ?? '')
  }

  function markByItself(key: string): void {
    if (!world.vpcNative || references.ingressesOf(key).length === 0) return
    const service = find(key)
    if (service === undefined || annotationsOf(service)[negAnnotation] !== undefined) return
    annotate(service, negAnnotation, JSON.stringify({ ingress: true }))
  }

  function annotate(service: KubeObject, annotation: string, value: string | undefined): void {
    if (annotationsOf(service)[annotation] === value) return
    world.writes.edit(services, service.metadata.namespace, service.metadata.name, asManager('glbc'), (live) =>
      withValue(live, ['metadata', 'annotations', annotation], value),
    )
  }

  /** NEG names by Service port. */
  function wantedNegs(service: KubeObject): ReadonlyMap<number, string> {
    const wanted = new Map<number, string>()
    const request = negRequest(service)
    if (request === undefined || !isLive(service)) return wanted
    const { name, namespace = '' } = service.metadata
    const add = (port: number, custom: string): void => {
      if (servicePort(service, port) !== undefined && !wanted.has(port))
        wanted.set(port, custom === '' ? negName(world.clusterUid, namespace, name, port) : custom)
    }
    for (const [port, custom] of request.exposed) add(port, custom)
    if (request.ingress) {
      const refs = references.ingressesOf(keyOf(service)).flatMap(backendRefs)
      for (const ref of refs) {
        const port = ref.service === name ? number(servicePort(service, ref.port), 'port') : undefined
        if (port !== undefined) add(port, '')
      }
    }
    return wanted
  }

  async function sync(key: string): Promise<void> {
    const service = find(key)
    const wanted = service === undefined ? new Map<number, string>() : wantedNegs(service)
    const made = following.get(key) ?? new Set<string>()
    for (const neg of wanted.values()) made.add(neg)
    if (made.size === 0) return
    following.set(key, made)
    if (service !== undefined) for (const [port, neg] of wanted) await ensurePort(service, port, neg)
    const tell = (): void => {
      if (service !== undefined) world.clock.after(world.statusLagMs, () => writeStatus(key))
    }
    // What takes the place of others is told at once: Compute may refuse to delete those for as long as they are used.
    if (wanted.size > 0) tell()
    const [namespace = ''] = key.split('/')
    for (const neg of [...made].filter((name) => ![...wanted.values()].includes(name))) {
      await removeNeg(namespace, neg)
      made.delete(neg)
    }
    if (made.size === 0) following.delete(key)
    if (wanted.size === 0) tell()
  }

  async function ensurePort(service: KubeObject, port: number, neg: string): Promise<void> {
    const { name, namespace = '' } = service.metadata
    const zones = [...nodesByZone(store).keys()]
    const found = store.get(negs, namespace, neg)
    // One that is wanted again while it is being removed is made anew.
    if (found !== undefined && !isLive(found)) store.remove(negs, found)
    const before = found !== undefined && isLive(found) ? found : undefined
    const wanted = endpointsByZone(service, port)
    const description = { 'cluster-uid': world.systemUid(), namespace, 'service-name': name, port: String(port) }
    const made = await Promise.all(
      zones.map((zone) => ensureNeg(gce, zone, neg, world.network, description, wanted.get(zone) ?? [])),
    )
    // Zones without nodes keep their NEG, empty, until the Service goes.
    const idle = zonesOf(before).filter((zone) => !zones.includes(zone))
    await Promise.all(idle.map((zone) => emptyNeg(gce, zone, neg)))
    putNegObject(service, port, neg, made, before)
    if (before === undefined)
      for (const { zone } of made)
        world.record(
          service,
          'Normal',
          'Create',
          `Created NEG "${neg}" for ${namespace}/${name}-${neg}-/${port}-${port}-GCE_VM_IP_PORT-L7 in "${zone}".`,
        )
  }

  function endpointsByZone(service: KubeObject, port: number): ReadonlyMap<string, NetworkEndpoint[]> {
    const found = new Map<string, NetworkEndpoint[]>()
    const entry = servicePort(service, port)
    if (entry === undefined) return found
    for (const pod of endpoints.podsOf(service)) {
      const instance = text(pod, 'spec', 'nodeName') ?? ''
      const node = store.get(nodes, undefined, instance)
      const target = targetPortOf(entry, pod)
      const ipAddress = text(pod, 'status', 'podIP')
      if (!isReady(pod) || node === undefined || target === undefined || ipAddress === undefined) continue
      const zone = zoneOfNode(node)
      found.set(zone, [...(found.get(zone) ?? []), { instance, ipAddress, port: target }])
    }
    return found
  }

  function putNegObject(
    service: KubeObject,
    port: number,
    neg: string,
    made: readonly ZonalNeg[],
    before: KubeObject | undefined,
  ): void {
    const { name, namespace = '', uid } = service.metadata
    const now = timestamp(world.clock.now())
    const condition = (type: string): JsonObject => ({
      type,
      status: 'True',
      reason: `NegSync${type === 'Synced' ? 'Successful' : 'Initialized'}`,
      message: '',
      lastTransitionTime: now,
    })
    const active = made.map(({ id, selfLink }): JsonObject => ({
      id,
      selfLink,
      networkEndpointType: 'GCE_VM_IP_PORT',
      state: 'ACTIVE',
    }))
    const inactive = items(before, 'status', 'networkEndpointGroups')
      .filter((entry) => !made.some((each) => each.selfLink === text(entry, 'selfLink')))
      .map((entry): JsonObject => ({
        id: text(entry, 'id') ?? '',
        selfLink: text(entry, 'selfLink') ?? '',
        networkEndpointType: 'GCE_VM_IP_PORT',
        state: 'INACTIVE',
      }))
    const status = {
      networkEndpointGroups: [...active, ...inactive],
      conditions:
        items(before, 'status', 'conditions').length > 0
          ? items(before, 'status', 'conditions')
          : [condition('Initialized'), condition('Synced')],
    }
    const present = store.get(negs, namespace, neg)
    if (present !== undefined) {
      const known = { networkEndpointGroups: items(present, 'status', 'networkEndpointGroups') }
      if (!equal(known, { networkEndpointGroups: status.networkEndpointGroups }))
        store.put(negs, withMembers(present, { status: { ...status, lastSyncTime: now } }))
      return
    }
    store.put(negs, {
      apiVersion: apiVersionOf(negs),
      kind: negs.kind,
      metadata: {
        name: neg,
        namespace,
        uid: uuid(world.random),
        resourceVersion: '',
        creationTimestamp: now,
        generation: 1,
        finalizers: ['networking.gke.io/neg-finalizer'],
        labels: { 'networking.gke.io/managed-by': 'neg-controller', [serviceLabel]: name, [portLabel]: String(port) },
        ownerReferences: [
          { apiVersion: 'v1', kind: 'Service', name, uid, controller: false, blockOwnerDeletion: true },
        ],
      },
      spec: {},
      status: { ...status, lastSyncTime: now },
    })
  }

  /** The object is marked as deleted at once. Throws while Compute refuses to delete one of the NEGs; it stays until all are gone. */
  async function removeNeg(namespace: string, neg: string): Promise<void> {
    const object = store.get(negs, namespace, neg)
    if (object !== undefined)
      world.writes.remove(negs, namespace, neg, { dryRun: false, preconditions: {}, now: false })
    await Promise.all(zonesOf(object).map((zone) => deleteNeg(gce, zone, neg)))
    const present = store.get(negs, namespace, neg)
    if (present !== undefined) store.remove(negs, present)
  }

  function writeStatus(key: string): void {
    const service = find(key)
    if (service === undefined || !isLive(service)) return
    const known = [...wantedNegs(service)].flatMap(([port, neg]) => {
      const object = store.get(negs, service.metadata.namespace, neg)
      return object === undefined ? [] : [{ port, neg, zones: activeZones(object) }]
    })
    const zones = [...new Set(known.flatMap((entry) => entry.zones))].sort()
    const groups = Object.fromEntries(known.map((entry) => [String(entry.port), entry.neg]))
    annotate(
      service,
      negStatusAnnotation,
      known.length === 0 ? undefined : JSON.stringify({ network_endpoint_groups: groups, zones }),
    )
  }

  return () => {
    stopListening()
    queue.close()
  }
}

function zonesOf(object: KubeObject | undefined): string[] {
  return items(object, 'status', 'networkEndpointGroups').map((entry) => zoneInUrl(text(entry, 'selfLink') ?? ''))
}

function activeZones(object: KubeObject): string[] {
  return items(object, 'status', 'networkEndpointGroups').flatMap((entry) =>
    text(entry, 'state') === 'ACTIVE' ? [zoneInUrl(text(entry, 'selfLink') ?? '')] : [],
  )
}

function zoneInUrl(url: string): string {
  return /\/zones\/([^/]+)\//.exec(url)?.[1] ?? ''
}
