import type { Clock, Random } from '../world.ts'
import type { Gce } from './gce.ts'
import { isAbsent } from './gce.ts'
import { hexDigits, shortHash, suffix, timestamp, uuid } from './identifiers.ts'
import { nodes } from './kinds.ts'
import { labelsOf, type KubeObject } from './object.ts'
import type { ObjectStore } from './store.ts'
import type { AddressBlock } from './workloads/addresses.ts'

/** The nodes of a cluster: each is an instance in Compute and a Node object. */
export interface NodePool {
  /** Makes an instance in a zone; its Node joins once the instance runs. Returns the name. */
  add(zone: string): Promise<string>
  /** The Node leaves with its pods, then the instance is deleted, however often that fails. Throws when there is no such node. */
  remove(name: string): Promise<void>
}

const joinRetryMs = 5000

/** The zone of a Node object. */
export function zoneOfNode(node: KubeObject): string {
  return labelsOf(node)['topology.kubernetes.io/zone'] ?? ''
}

/** Zones that have nodes, with the names of the nodes; both sorted. */
export function nodesByZone(store: ObjectStore): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>()
  for (const node of store.list(nodes)) {
    const zone = zoneOfNode(node)
    found.set(zone, [...(found.get(zone) ?? []), node.metadata.name])
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** The node pool of a cluster. */
export function createNodePool(world: {
  store: ObjectStore
  clock: Clock
  random: Random
  gce: Gce
  addresses: AddressBlock
  cluster: string
  network: string
  tag: string
  poolHash: string
  kubelet: string
}): NodePool {
  const { store, clock, random, gce } = world
  /** Nodes on their way that were removed before they joined. */
  const cancelled = new Set<string>()
  const joining = new Set<string>()

  async function makeInstance(zone: string, name: string, address: string): Promise<void> {
    const body = {
      name,
      machineType: `zones/${zone}/machineTypes/e2-medium`,
      tags: { items: [world.tag] },
      networkInterfaces: [{ network: world.network, networkIP: address }],
      labels: { 'goog-k8s-cluster-name': world.cluster },
    }
    for (;;) {
      try {
        await gce.change('POST', `zones/${zone}/instances`, body)
        return
      } catch (error) {
        if ((await gce.get(`zones/${zone}/instances/${name}`).catch(() => undefined)) !== undefined) return
        if (cancelled.has(name)) throw error
        await new Promise<void>((resolve) => clock.after(joinRetryMs, resolve))
      }
    }
  }

  /** GKE goes on until the machine is gone, whatever Compute says meanwhile. */
  async function deleteInstance(zone: string, name: string): Promise<void> {
    for (;;) {
      try {
        await gce.change('DELETE', `zones/${zone}/instances/${name}`)
        return
      } catch (error) {
        if (isAbsent(error)) return
        await new Promise<void>((resolve) => clock.after(joinRetryMs, resolve))
      }
    }
  }

  function join(zone: string, name: string, address: string): void {
    const region = zone.slice(0, zone.lastIndexOf('-'))
    const now = timestamp(clock.now())
    store.put(nodes, {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: {
        name,
        uid: uuid(random),
        resourceVersion: '',
        creationTimestamp: now,
        labels: {
          'beta.kubernetes.io/arch': 'amd64',
          'beta.kubernetes.io/instance-type': 'e2-medium',
          'cloud.google.com/gke-nodepool': 'default-pool',
          'failure-domain.beta.kubernetes.io/region': region,
          'failure-domain.beta.kubernetes.io/zone': zone,
          'kubernetes.io/arch': 'amd64',
          'kubernetes.io/hostname': name,
          'kubernetes.io/os': 'linux',
          'node.kubernetes.io/instance-type': 'e2-medium',
          'topology.kubernetes.io/region': region,
          'topology.kubernetes.io/zone': zone,
        },
      },
      spec: { providerID: `gce://${gce.project}/${zone}/${name}` },
      status: {
        addresses: [
          { type: 'InternalIP', address },
          { type: 'Hostname', address: name },
        ],
        capacity: { cpu: '2', memory: '4018124Ki', pods: '110' },
        allocatable: { cpu: '940m', memory: '2872268Ki', pods: '110' },
        conditions: [
          {
            type: 'Ready',
            status: 'True',
            reason: 'KubeletReady',
            message: 'kubelet is posting ready status',
            lastTransitionTime: now,
            lastHeartbeatTime: now,
          },
        ],
        nodeInfo: {
          kubeletVersion: world.kubelet,
          operatingSystem: 'linux',
          architecture: 'amd64',
          osImage: 'Container-Optimized OS from Google',
          containerRuntimeVersion: 'containerd://2.0.6',
          kernelVersion: '6.6.97+',
        },
      },
    })
  }

  return {
    async add(zone) {
      const name = `gke-${world.cluster.slice(0, 20)}-default-pool-${world.poolHash}-${suffix(random, 4)}`
      const address = world.addresses.nextNode()
      joining.add(name)
      try {
        await makeInstance(zone, name, address)
        if (!cancelled.delete(name)) join(zone, name, address)
        else await deleteInstance(zone, name)
      } finally {
        joining.delete(name)
      }
      return name
    },
    async remove(name) {
      const node = store.get(nodes, undefined, name)
      if (node === undefined) {
        if (!joining.has(name)) throw new Error(`cluster ${world.cluster} has no node ${name}`)
        cancelled.add(name)
        return
      }
      store.remove(nodes, node)
      await deleteInstance(zoneOfNode(node), name)
    },
  }
}

/** The hash in the names of a cluster's nodes and of their tag. */
export function poolHash(random: Random): string {
  return hexDigits(random, 8)
}

/** A uid of a cluster as ingress-gce stores it: 16 hexadecimal digits. */
export function clusterUid(random: Random, cluster: string): string {
  return shortHash(`${cluster}/${hexDigits(random, 16)}`, 16)
}
