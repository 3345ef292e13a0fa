import { claimId } from '../../shared/state/documents.ts'
import { queries } from '../../shared/state/store.ts'
import { changeNodePort, nodePortOf, putSecret } from './applications.ts'
import { tellOfCluster, tellOfResource, tellOfZones } from './drift.ts'
import { kubemciSpec, type Spec } from './manifests.ts'
import { moveService } from './moves.ts'
import type { Owned } from './people.ts'
import { publish, register, unregister, type Story } from './story.ts'
import { project } from './world.ts'

/** One thing that people do to a world at rest; it is run with a kill at every call that follows from it. */
export interface Scenario {
  name: string
  /** Clusters that are registered before it begins; the world has two, `us` and `europe`. */
  registered: readonly string[]
  /** What serves before it begins: a spec of ours, or what kubemci left. */
  served: Spec | 'kubemci' | null
  act(story: Story, ingress: Owned): void
}

const spec = (defaultService: string, moved = false, tls: string | null = null): Spec => ({
  defaultService,
  rules: [{ host: 'shop.example.com', paths: [{ path: '/a', type: 'Prefix', service: moved ? 'img' : 'api' }] }],
  namedPorts: false,
  tls,
  managed: [],
  ipv6: false,
  backends: null,
  staticIp: null,
  clusters: null,
  version: null,
})

/** What served scenarios begin with. */
const firstSpec = spec('web')

/** The fixed list. */
export const scenarios: readonly Scenario[] = [
  {
    name: 'create',
    registered: ['us', 'europe'],
    served: null,
    act: (story, ingress) => publish(story, ingress, { does: 'apply', spec: firstSpec, clusters: null }),
  },
  {
    name: 'edit: a path moves to another service, the first goes',
    registered: ['us'],
    served: firstSpec,
    act: (story, ingress) => publish(story, ingress, { does: 'apply', spec: spec('web', true), clusters: null }),
  },
  {
    name: 'withdraw',
    registered: ['us'],
    served: firstSpec,
    act: (story, ingress) => publish(story, ingress, { does: 'delete' }),
  },
  {
    name: 'withdraw, and publish again before all is gone',
    registered: ['us'],
    served: firstSpec,
    act(story, ingress) {
      publish(story, ingress, { does: 'delete' })
      story.world.clock.after(6_000, () =>
        publish(story, ingress, { does: 'apply', spec: spec('api'), clusters: null }),
      )
    },
  },
  {
    name: 'a cluster joins',
    registered: ['us'],
    served: firstSpec,
    act: (story) => register(story, 'europe'),
  },
  {
    name: 'a cluster is removed',
    registered: ['us', 'europe'],
    served: firstSpec,
    act: (story, ingress) => publish(story, ingress, { does: 'remove-clusters', clusters: ['europe'] }),
  },
  {
    name: 'a cluster is drained',
    registered: ['us', 'europe'],
    served: firstSpec,
    act: (story, ingress) => publish(story, ingress, { does: 'drain-clusters', clusters: ['europe'] }),
  },
  {
    name: 'a cluster is unregistered',
    registered: ['us', 'europe'],
    served: firstSpec,
    act: (story) => unregister(story, 'europe'),
  },
  {
    name: 'a NodePort changes',
    registered: ['us'],
    served: firstSpec,
    act(story) {
      const cluster = story.world.clusters.get('us')
      const service = { namespace: 'default', name: 'web' }
      if (cluster === undefined) return
      story.disturbed.add('us default/web')
      void (async () => {
        const before = (await nodePortOf(cluster, service)) ?? 0
        const port = before === 30_123 ? 30_124 : 30_123
        await changeNodePort(cluster, service, port)
        story.nodePorts.get('default/web')?.add(port)
        tellOfCluster(story, 'us')
      })()
    },
  },
  {
    name: 'a service moves from instance groups to network endpoint groups',
    registered: ['us'],
    served: firstSpec,
    act: (story) => void moveService(story, { namespace: 'default', name: 'web' }, true, 0),
  },
  {
    name: 'somebody deletes the forwarding rule and widens the firewall',
    registered: ['us'],
    served: firstSpec,
    act(story) {
      const { compute } = story.world
      story.disturbed.add('everything')
      const hand = (method: string, path: string, body?: object): void => {
        void compute.handle({ method, path: `/compute/v1/${path}`, query: {}, headers: {}, body })
        story.world.clock.after(13_000, () => tellOfResource(story, path))
      }
      for (const { path } of compute.list('forwardingRules', project)) hand('DELETE', path)
      for (const { path } of compute.list('firewalls', project)) hand('PATCH', path, { sourceRanges: ['0.0.0.0/0'] })
    },
  },
  {
    name: 'a certificate is rotated',
    registered: ['us'],
    served: spec('web', false, 'cert'),
    act(story) {
      const cluster = story.world.clusters.get('us')
      if (cluster === undefined) return
      void putSecret(cluster, { namespace: 'default', name: 'cert' }, 1)
      tellOfCluster(story, 'us')
    },
  },
  {
    name: 'a managed certificate takes the place of a secret, and IPv6 is served too',
    registered: ['us'],
    served: spec('web', false, 'cert'),
    act(story, ingress) {
      const next: Spec = { ...spec('web'), managed: ['shop.example.com'], ipv6: true }
      publish(story, ingress, { does: 'apply', spec: next, clusters: null })
    },
  },
  {
    name: 'nodes join in a new zone',
    registered: ['us'],
    served: firstSpec,
    act(story) {
      story.disturbed.add('us')
      void story.world.clusters.get('us')?.addZone('us-central1-b')
      story.world.clock.after(15_000, () => tellOfZones(story, 'us'))
    },
  },
  {
    name: 'what kubemci made is taken over',
    registered: ['us', 'europe'],
    served: 'kubemci',
    act: (story, ingress) => publish(story, ingress, { does: 'apply', spec: kubemciSpec, clusters: null }),
  },
  {
    name: 'all documents are lost, and everything is published again',
    registered: ['us'],
    served: firstSpec,
    act(story, ingress) {
      void forgetEverything(story).then(() => {
        register(story, 'us')
        story.world.clock.after(10_000, () =>
          publish(story, ingress, { does: 'apply', spec: firstSpec, clusters: null }),
        )
      })
    },
  },
]

/** The state is lost, as by a restored empty database; leases and their tokens too. */
async function forgetEverything({ world, owned }: Story): Promise<void> {
  const { store, outside } = world
  const resources = (
    await Promise.all(outside.kinds.map((kind) => store.find(queries.resourcesOfKind(kind.name))))
  ).flat()
  const claims = (await Promise.all(owned.map(({ id }) => store.find(queries.claimsOf(id))))).flat()
  const clusters = await store.find(queries.clusters())
  await store.transact((tx) => {
    for (const { id } of resources) {
      tx.delete('resources', id)
      tx.delete('leases', id)
    }
    for (const { resource, ingress } of claims) tx.delete('claims', claimId(resource, ingress))
    for (const { id } of owned) tx.delete('ingresses', id)
    for (const { name } of clusters) tx.delete('clusters', name)
    return Promise.resolve()
  })
}
