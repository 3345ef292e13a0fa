import {
  changeNodePort,
  changeProbe,
  createService,
  deleteIngressObject,
  deleteSecret,
  deleteService,
  putSecret,
} from './applications.ts'
import { balancerCollections } from '../support/collections.ts'
import { tellOfCluster, tellOfResource, tellOfZones } from './drift.ts'
import { secrets, services } from './manifests.ts'
import { moveService } from './moves.ts'
import { wishOf, type Owned } from './people.ts'
import { chosenClusters, nextSpec, noteNodePort, publish, register, somebody, unregister, type Story } from './story.ts'
import { tlsPairs } from './tls-pairs.ts'
import { project } from './world.ts'

/** Something that people, machines or the weather do to the world. */
export interface Action {
  name: string
  /** How often it is chosen, against the others. */
  weight: number
  /** Does it; false when it makes no sense at present. */
  run(story: Story): boolean
}

const alive = (story: Story): Owned[] =>
  story.owned.filter((owned) => wishOf(owned).spec !== null && !wishOf(owned).deleted)

function onSome<T>(story: Story, list: readonly T[], act: (one: T) => void): boolean {
  if (list.length === 0) return false
  act(story.chance.pick(list))
  return true
}

/** Work of somebody else that takes its time; nobody waits for it, and its failures are theirs. */
function later(story: Story, key: string, work: () => Promise<unknown>): boolean {
  if (story.busy.has(key)) return false
  story.busy.add(key)
  void work()
    .catch(() => undefined)
    .finally(() => story.busy.delete(key))
  return true
}

/** Everything that can happen. Parts that add kinds or events add their actions here. */
export const actions: readonly Action[] = [
  {
    name: 'publish a new or changed spec',
    weight: 6,
    run: (story) =>
      onSome(story, story.owned, (owned) =>
        publish(story, owned, { does: 'apply', spec: nextSpec(story, owned), clusters: null }),
      ),
  },
  {
    name: 'publish the same spec again',
    weight: 1,
    run: (story) =>
      onSome(story, alive(story), (owned) => {
        const { spec } = wishOf(owned)
        if (spec !== null) publish(story, owned, { does: 'apply', spec, clusters: null })
      }),
  },
  {
    name: 'publish with named clusters',
    weight: 2,
    run(story) {
      const names = [...story.registered]
      if (names.length === 0) return false
      return onSome(story, story.owned, (owned) => {
        const clusters = story.chance.some(names, 1)
        const spec = nextSpec(story, owned)
        if (story.chance.hits(0.5)) publish(story, owned, { does: 'apply', spec, clusters })
        else publish(story, owned, { does: 'apply', spec: { ...spec, clusters }, clusters: null })
      })
    },
  },
  {
    name: 'publish a bad version',
    weight: 1,
    run: (story) =>
      onSome(story, story.owned, (owned) => {
        const { namespace, name } = owned.name
        const bad = {
          apiVersion: 'networking.k8s.io/v1',
          kind: 'Ingress',
          metadata: { namespace, name },
          spec: { rules: 'none' },
        }
        owned.rejected = true
        owned.published.push(story.world.messages.publish('ingress-specs', JSON.stringify(bad)))
      }),
  },
  {
    name: 'withdraw',
    weight: 2,
    run: (story) => onSome(story, alive(story), (owned) => publish(story, owned, { does: 'delete' })),
  },
  {
    name: 'remove clusters',
    weight: 2,
    run: (story) =>
      onSome(story, alive(story), (owned) => {
        const serving = chosenClusters(story, owned).filter((name) => !wishOf(owned).drained.includes(name))
        if (serving.length < 2) return
        const cluster = story.chance.pick(serving)
        publish(story, owned, { does: 'remove-clusters', clusters: [cluster] })
      }),
  },
  {
    name: 'drain or undrain clusters',
    weight: 2,
    run: (story) =>
      onSome(story, alive(story), (owned) => {
        const { drained } = wishOf(owned)
        if (drained.length > 0 && story.chance.hits(0.6)) {
          publish(story, owned, { does: 'undrain-clusters', clusters: [story.chance.pick(drained)] })
          return
        }
        const serving = chosenClusters(story, owned).filter((name) => !drained.includes(name))
        if (serving.length >= 2)
          publish(story, owned, { does: 'drain-clusters', clusters: [story.chance.pick(serving)] })
      }),
  },
  {
    name: 'register a cluster',
    weight: 2,
    run: (story) => {
      const others = [...story.world.clusters.keys()].filter((name) => !story.registered.has(name))
      return onSome(story, others, (name) => register(story, name))
    },
  },
  {
    name: 'unregister a cluster',
    weight: 1,
    run(story) {
      if (story.registered.size < 2) return false
      return onSome(story, [...story.registered], (name) => {
        story.disturbed.add(name)
        unregister(story, name)
      })
    },
  },
  {
    name: 'nodes appear in a new zone',
    weight: 1,
    run: (story) =>
      onSome(story, [...story.world.clusters.values()], (cluster) => {
        const zone = `${cluster.zones()[0]?.slice(0, -1) ?? 'us-central1-'}${story.chance.pick(['c', 'f'])}`
        if (cluster.zones().includes(zone) || !/^(us-central1-[cf]|europe-west1-c)$/.test(zone)) return
        story.disturbed.add(cluster.name)
        later(story, `zones of ${cluster.name}`, async () => {
          await cluster.addZone(zone)
          tellOfZones(story, cluster.name)
        })
      }),
  },
  {
    name: 'the nodes of a zone go',
    weight: 1,
    run: (story) =>
      onSome(story, [...story.world.clusters.values()], (cluster) => {
        const zones = cluster.zones()
        if (zones.length < 2) return
        story.disturbed.add(cluster.name)
        later(story, `zones of ${cluster.name}`, async () => {
          await cluster.removeZone(story.chance.pick(zones))
          tellOfZones(story, cluster.name)
        })
      }),
  },
  {
    name: 'a NodePort changes',
    weight: 2,
    run: (story) =>
      onSome(story, [...story.world.clusters.values()], (cluster) => {
        const service = story.chance.pick(services)
        const port = story.chance.whole(30_000, 32_700)
        later(story, `service ${cluster.name}`, async () => {
          story.disturbed.add(`${cluster.name} ${service.namespace}/${service.name}`)
          await changeNodePort(cluster, service, port)
          await noteNodePort(story, cluster.name, service)
          tellOfCluster(story, cluster.name)
        })
      }),
  },
  {
    name: 'a readiness probe changes',
    weight: 1,
    run: (story) =>
      onSome(story, [...story.world.clusters.values()], (cluster) => {
        const service = story.chance.pick(services)
        story.disturbed.add(`${cluster.name} ${service.namespace}/${service.name}`)
        later(story, `service ${cluster.name}`, async () => {
          await changeProbe(cluster, service, story.chance.pick(['/healthz', '/ready', '/']))
          tellOfCluster(story, cluster.name)
          story.world.clock.after(10_000, () => tellOfCluster(story, cluster.name))
        })
      }),
  },
  {
    name: 'a service asks for network endpoint groups, or no longer',
    weight: 2,
    run: (story) =>
      onSome(story, services, (service) => {
        const asks = story.chance.hits(0.6)
        // All at once, or one cluster after the other with a mixture in between.
        const pause = story.chance.pick([0, 1_000, 90_000])
        later(story, `negs of ${service.namespace}/${service.name}`, () => moveService(story, service, asks, pause))
      }),
  },
  {
    name: 'a service goes and comes back',
    weight: 1,
    run: (story) =>
      onSome(story, [...story.world.clusters.values()], (cluster) => {
        const service = story.chance.pick(services)
        story.disturbed.add(`${cluster.name} ${service.namespace}/${service.name}`)
        later(story, `service ${cluster.name}`, async () => {
          await deleteService(cluster, service)
          tellOfCluster(story, cluster.name)
          await story.world.clock.sleep(story.chance.whole(1_000, 200_000))
          await createService(cluster, service)
          await noteNodePort(story, cluster.name, service)
          tellOfCluster(story, cluster.name)
        })
      }),
  },
  {
    name: 'a TLS secret is rotated',
    weight: 3,
    run: (story) =>
      onSome(story, secrets, (secret) => {
        const pair = story.chance.whole(0, tlsPairs.length - 1)
        // A secret of every cluster, of one only, or of one after the other with a long time between.
        const clusters = story.chance.some([...story.world.clusters.values()], 1)
        const pause = story.chance.pick([0, 1_000, 60_000])
        later(story, `secret ${secret.namespace}/${secret.name}`, async () => {
          for (const cluster of clusters) {
            await putSecret(cluster, secret, pair)
            tellOfCluster(story, cluster.name)
            await story.world.clock.sleep(pause)
          }
        })
      }),
  },
  {
    name: 'a TLS secret goes and comes back',
    weight: 1,
    run: (story) =>
      onSome(story, secrets, (secret) => {
        const clusters = story.chance.some([...story.world.clusters.values()], 1)
        later(story, `secret ${secret.namespace}/${secret.name}`, async () => {
          for (const cluster of clusters) {
            await deleteSecret(cluster, secret)
            tellOfCluster(story, cluster.name)
          }
          await story.world.clock.sleep(story.chance.whole(1_000, 200_000))
          for (const cluster of clusters) {
            await putSecret(cluster, secret, story.chance.whole(0, tlsPairs.length - 1))
            tellOfCluster(story, cluster.name)
          }
        })
      }),
  },
  {
    name: 'somebody deletes our Ingress object',
    weight: 1,
    run: (story) =>
      onSome(story, [...story.world.clusters.values()], (cluster) => {
        const { name } = story.chance.pick(story.owned)
        story.disturbed.add(cluster.name)
        void deleteIngressObject(cluster, name)
        tellOfCluster(story, cluster.name)
      }),
  },
  {
    name: 'somebody edits or deletes in Compute',
    weight: 3,
    run(story) {
      const { compute } = story.world
      const ours = handCollections
        .flatMap((collection) => compute.list(collection, project))
        .filter(({ path }) => !story.foreign.has(path))
      return onSome(story, ours, ({ path, name, body: present }) => {
        story.disturbed.add('everything')
        const edit = story.chance.hits(0.5) ? edits[path.split('/').at(-2) ?? ''] : undefined
        const method = edit === undefined ? 'DELETE' : 'PATCH'
        const { fingerprint } = present
        const body = edit === undefined ? undefined : { ...edit, ...(fingerprint === undefined ? {} : { fingerprint }) }
        const headers = { 'x-playground-actor': somebody }
        const request = { method, path: `/compute/v1/${path}`, query: {}, headers, body }
        story.world.trace.note('somebody', () => `${method} ${name}`)
        void compute.handle(request).then(
          () => undefined,
          () => undefined,
        )
        // Said once the operation has ended, as an audit log does.
        story.world.clock.after(15_000, () => tellOfResource(story, path))
        tellOfResource(story, path)
      })
    },
  },
  {
    name: 'a cluster cannot be reached for a while',
    weight: 2,
    run(story) {
      const { faults } = story.world
      if (!faults.strikes('cluster unreachable')) return false
      return onSome(story, [...story.world.clusters.values()], (cluster) => {
        faults.reached('cluster unreachable')
        if (!cluster.reachable()) return
        cluster.setReachable(false)
        story.weather += 1
        story.world.trace.note('weather', () => `cluster ${cluster.name} cannot be reached`)
        story.world.clock.after(story.chance.whole(5_000, 900_000), () => {
          cluster.setReachable(true)
          story.weather -= 1
          story.world.trace.note('weather', () => `cluster ${cluster.name} can be reached again`)
        })
      })
    },
  },
  {
    name: 'Compute cannot be reached for a while',
    weight: 1,
    run(story) {
      const { faults, compute, clock, trace } = story.world
      if (!faults.strikes('compute unreachable')) return false
      faults.reached('compute unreachable')
      story.weather += 1
      compute.faults.outage(story.chance.pick(['unavailable', 'silent']))
      trace.note('weather', () => 'Compute cannot be reached')
      clock.after(story.chance.whole(5_000, 600_000), () => {
        compute.faults.outage('off')
        story.weather -= 1
        trace.note('weather', () => 'Compute can be reached again')
      })
      return true
    },
  },
]

/** By name: what a seed does rests on the order. */
const handCollections = balancerCollections.toSorted()

/** What somebody changes by hand; collections without one are only deleted. */
const edits: Readonly<Record<string, object>> = {
  healthChecks: { checkIntervalSec: 77, timeoutSec: 33 },
  firewalls: { sourceRanges: ['0.0.0.0/0'] },
  backendServices: { backends: [], timeoutSec: 77 },
}
