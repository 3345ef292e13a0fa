import { changeNodePort, nodePortOf } from './applications.ts'
import { tellOfCluster, tellOfResource } from './drift.ts'
import type { Spec } from './manifests.ts'
import type { Owned } from './people.ts'
import { publish, register, unregister, type Story } from './story.ts'
import { project } from './world.ts'

/** One thing that people do to a world at rest; it is run with a kill at every call that follows from it. */
export interface Scenario {
  name: string
  /** Clusters that are registered before it begins; the world has two, `us` and `europe`. */
  registered: readonly string[]
  /** Whether the Ingress serves before it begins. */
  served: boolean
  act(story: Story, ingress: Owned): void
}

const spec = (defaultService: string, moved = false): Spec => ({
  defaultService,
  rules: [{ host: 'shop.example.com', paths: [{ path: '/a', type: 'Prefix', service: moved ? 'img' : 'api' }] }],
  namedPorts: false,
  tls: null,
  staticIp: null,
  clusters: null,
  version: null,
})

/** What every served scenario begins with. */
export const firstSpec = spec('web')

export const scenarios: readonly Scenario[] = [
  {
    name: 'create',
    registered: ['us', 'europe'],
    served: false,
    act: (story, ingress) => publish(story, ingress, { does: 'apply', spec: firstSpec, clusters: null }),
  },
  {
    name: 'edit: a path moves to another service, the first goes',
    registered: ['us'],
    served: true,
    act: (story, ingress) => publish(story, ingress, { does: 'apply', spec: spec('web', true), clusters: null }),
  },
  {
    name: 'withdraw',
    registered: ['us'],
    served: true,
    act: (story, ingress) => publish(story, ingress, { does: 'delete' }),
  },
  {
    name: 'withdraw, and publish again before all is gone',
    registered: ['us'],
    served: true,
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
    served: true,
    act: (story) => register(story, 'europe'),
  },
  {
    name: 'a cluster is removed',
    registered: ['us', 'europe'],
    served: true,
    act: (story, ingress) => publish(story, ingress, { does: 'remove-clusters', clusters: ['europe'] }),
  },
  {
    name: 'a cluster is drained',
    registered: ['us', 'europe'],
    served: true,
    act: (story, ingress) => publish(story, ingress, { does: 'drain-clusters', clusters: ['europe'] }),
  },
  {
    name: 'a cluster is unregistered',
    registered: ['us', 'europe'],
    served: true,
    act: (story) => unregister(story, 'europe'),
  },
  {
    name: 'a NodePort changes',
    registered: ['us'],
    served: true,
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
    name: 'somebody deletes the forwarding rule and widens the firewall',
    registered: ['us'],
    served: true,
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
]
