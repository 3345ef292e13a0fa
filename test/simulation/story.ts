import type { Chance } from './chance.ts'
import { statusTopic } from '../../shared/engine/announce.ts'
import { deployAll, nodePortOf, podPort } from './applications.ts'
import {
  ingressNames,
  kubemciSpec,
  manifestOf,
  randomSpec,
  services,
  servicesOf,
  type ServiceName,
  type Spec,
} from './manifests.ts'
import { newOwned, wish, wishOf, type Deed, type Owned } from './people.ts'
import { healthIn } from './serving.ts'
import { project, type World } from './world.ts'

/** A message of topic ingress-status, as far as it is compared. */
export interface Heard {
  namespace: string
  name: string
  sequence: number
  phase: string
  gone: boolean
  vip: string | null
}

/** A world and what people do in it. */
export interface Story {
  world: World
  chance: Chance
  owned: Owned[]
  /** Clusters that are registered at present. */
  registered: Set<string>
  /** Ports by which each service (`namespace/name`) was ever reached, over all clusters: NodePorts, and its pods' own. */
  nodePorts: Map<string, Set<number>>
  /** What somebody disturbed since everything was last known to be as wished: a cluster, a service, an Ingress, or `everything`. */
  disturbed: Set<string>
  /** Paths in Compute that are nobody's business but their owner's. */
  foreign: Set<string>
  /** Zones and services whose change must not overlap with itself. */
  busy: Set<string>
  /** Changes that are still under way, and news of them that nobody has told yet. */
  untold: number
  /** Clusters and services of Google's that cannot be reached at present. */
  weather: number
  /** Whether the first Ingress was served by kubemci before. */
  adopts: boolean
  /** By Ingress, the newest message of those that it was announced by. */
  heard: Map<string, Heard>
  /** Whether changes behind our back are told at all. */
  tells: boolean
}

/** Who edits and deletes in Compute by hand. */
export const somebody = 'somebody@example.com'

/** Starts the story: clusters with their applications run, nothing is published. */
export async function beginStory(world: World, ingresses: number): Promise<Story> {
  const chance = world.chance.fork('story')
  const story: Story = {
    world,
    chance,
    owned: ingressNames.slice(0, ingresses).map((name) => newOwned(name, chance.hits(0.4))),
    registered: new Set(),
    nodePorts: new Map(),
    disturbed: new Set(),
    foreign: new Set(),
    busy: new Set(),
    untold: 0,
    heard: new Map(),
    weather: 0,
    adopts: false,
    tells: chance.hits(0.5),
  }
  world.watchers.published.push((topic, body) => {
    if (topic !== statusTopic) return
    const said = body as Heard
    const id = `${said.namespace}/${said.name}`
    if (said.sequence > (story.heard.get(id)?.sequence ?? 0)) story.heard.set(id, said)
  })
  // What somebody has under way has not changed anything yet, and will.
  world.compute.onChange(({ phase, actor }) => {
    if (actor === somebody) story.untold += phase === 'started' ? 1 : -1
  })
  world.compute.setHealthSource(healthIn(world))
  let up = 0
  for (const cluster of world.clusters.values()) void cluster.started.then(() => (up += 1))
  while (up < world.clusters.size) await pass(story, 1_000)
  for (const cluster of world.clusters.values()) await deployAll(cluster)
  await pass(story, 2_000)
  for (const cluster of world.clusters.values()) {
    for (const service of services) {
      await noteNodePort(story, cluster.name, service)
      if (cluster.options.vpcNative === true) notePort(story, service, podPort)
    }
  }
  world.watchers.handled.push((_target, { message }) => {
    for (const owned of story.owned) {
      if (owned.published.includes(message.messageId) && !owned.handled.includes(message.messageId))
        owned.handled.push(message.messageId)
    }
  })
  world.watchers.set.push((_invocation, collection, id) => {
    if (collection !== 'deadLetters') return
    for (const owned of story.owned) owned.refused ||= owned.published.includes(id)
  })
  return story
}

/** Lets virtual time pass. */
export async function pass({ world }: Story, ms: number): Promise<void> {
  await world.clock.runUntil(world.clock.now() + ms)
}

export async function noteNodePort(story: Story, clusterName: string, service: ServiceName): Promise<void> {
  const cluster = story.world.clusters.get(clusterName)
  const port = cluster === undefined ? undefined : await nodePortOf(cluster, service)
  if (port !== undefined) notePort(story, service, port)
}

/** From here on the firewall may let requests in by this port. */
export function notePort(story: Story, { namespace, name }: ServiceName, port: number): void {
  const key = `${namespace}/${name}`
  story.nodePorts.set(key, (story.nodePorts.get(key) ?? new Set()).add(port))
}

/** Publishes what somebody wants of an Ingress, and notes it as the wish. */
export function publish(story: Story, owned: Owned, deed: Deed): void {
  const { messages } = story.world
  const { namespace, name } = owned.name
  wish(owned, deed)
  switch (deed.does) {
    case 'apply':
      if (deed.spec.backends === 'neg')
        for (const name of servicesOf(deed.spec)) notePort(story, { namespace, name }, podPort)
      owned.rejected = false
      owned.published.push(
        messages.publish(
          'ingress-specs',
          manifestOf(owned.name, deed.spec),
          deed.clusters === null ? {} : { clusters: deed.clusters.join(',') },
        ),
      )
      return
    case 'delete':
      owned.rejected = false
      owned.published.push(messages.publish('ingress-specs', null, { action: 'delete', namespace, name }))
      return
    case 'remove-clusters':
    case 'drain-clusters':
    case 'undrain-clusters':
      owned.published.push(
        messages.publish('ingress-specs', null, {
          action: deed.does,
          namespace,
          name,
          clusters: deed.clusters.join(','),
        }),
      )
      return
    default:
      deed satisfies never
  }
}

/** A new spec for an Ingress, with the next version number when its manifests carry one. */
export function nextSpec(story: Story, owned: Owned): Spec {
  const version =
    owned.generation === null ? null : { generation: owned.generation++, uid: `uid-${owned.id.replace('/', '-')}` }
  const spec = randomSpec(story.chance, owned.name.namespace, version)
  if (!story.adopts || owned !== story.owned[0]) return spec
  // The address of kubemci's stays. In the clusters a default backend stays half, and refused, where two managers applied it and
  // ours takes it away, or names its port where the other numbered it.
  return {
    ...spec,
    namedPorts: false,
    defaultService: spec.defaultService ?? kubemciSpec.defaultService,
    staticIp: kubemciSpec.staticIp,
  }
}

export function register(story: Story, name: string): void {
  story.registered.add(name)
  const body = { cluster: name, register: { server: `https://${name}.example.com`, project } }
  story.world.messages.publish('cluster-changes', JSON.stringify(body))
}

export function unregister(story: Story, name: string): void {
  story.registered.delete(name)
  story.world.messages.publish('cluster-changes', JSON.stringify({ cluster: name, unregister: true }))
}

/** The clusters that serve an Ingress, by the wish. */
export function chosenClusters(story: Story, owned: Owned): string[] {
  const { clusters, excluded } = wishOf(owned)
  return (clusters ?? [...story.registered])
    .filter((name) => story.registered.has(name) && !excluded.includes(name))
    .sort()
}
