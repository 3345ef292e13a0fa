import { readStamp } from '../../shared/planning/stamp.ts'
import { claimId, type ResourceDoc } from '../../shared/state/documents.ts'
import { queries } from '../../shared/state/store.ts'
import { balancerCollections } from '../support/collections.ts'
import { resourceOf } from './drift.ts'
import type { Story } from './story.ts'
import { project, type World } from './world.ts'

const stray = 'carries our stamp, and nobody wants it'

/** Whether a difference is a resource that was made for us and that no document knows. */
export const isStray = (difference: string): boolean => difference.endsWith(stray)

/** What carries our mark and nobody claims. */
export async function orphans(story: Story, claimed: ReadonlySet<string>): Promise<string[]> {
  const { world } = story
  const found: string[] = []
  const docs = await allResources(world)
  for (const doc of docs)
    if (!claimed.has(doc.id)) found.push(`${doc.id} has a document and no claim: ${doc.phase}: ${doc.why}`)
  for (const collection of balancerCollections) {
    for (const { path, body } of world.compute.list(collection, project)) {
      const id = resourceOf(path)
      const description = body['description']
      const stamp = readStamp(typeof description === 'string' ? description : undefined)
      const ours = stamp.by === 'us' || (stamp.by === 'kubemci' && (await isTakenOver(story, stamp.loadBalancer)))
      // Of an Ingress whose latest version was refused before it was ever planned whole, nobody knows what is left over.
      const unplanned = stamp.by === 'us' && (await isUnplanned(world, stamp.ingress))
      if (ours && !unplanned && id !== undefined && !claimed.has(id)) found.push(`${path} ${stray}`)
    }
  }
  for (const { path, body } of world.compute.list('instanceGroups', project)) {
    const id = resourceOf(path)
    const ports = (body['namedPorts'] ?? []) as unknown as { name: string }[]
    if (id !== undefined && !claimed.has(id) && ports.some(({ name }) => name.startsWith('mci1-')))
      found.push(`${path} has named ports of ours, and nobody wants them`)
  }
  for (const cluster of world.clusters.values()) found.push(...(await strayObjects(story, cluster.name, claimed)))
  for (const doc of docs) {
    if (doc.owner === '' || !claimed.has(doc.id) || doc.waitingFor === 'release') continue
    if ((await world.store.get('claims', claimId(doc.id, doc.owner))) === undefined)
      found.push(`${doc.id} says that ${doc.owner} owns it, which does not claim it`)
  }
  return found
}

async function isUnplanned(world: World, ingress: string): Promise<boolean> {
  const doc = await world.store.get('ingresses', ingress)
  const refused = (doc?.plan?.problems ?? []).length > 0
  return doc !== undefined && !doc.deleted && refused && doc.plannedGeneration !== doc.generation
}

/** Once it was planned here, whatever kubemci left of a load balancer is ours: in use, or removed. */
async function isTakenOver({ owned, world }: Story, loadBalancer: string): Promise<boolean> {
  const [first] = owned.filter(({ name }) => name.name === loadBalancer)
  const doc = first === undefined ? undefined : await world.store.get('ingresses', first.id)
  return doc !== undefined && doc.plannedGeneration > 0
}

async function strayObjects(story: Story, cluster: string, claimed: ReadonlySet<string>): Promise<string[]> {
  const found: string[] = []
  const client = story.world.outside.clusters.connect({ name: cluster, server: '', project })
  for (const { name } of story.owned) {
    const object = await client.ingress(name.namespace, name.name)
    const ours = object?.metadata.annotations?.['multicluster-ingress.io/managed'] === 'true'
    if (ours && !claimed.has(`cluster-ingress/${cluster}/${name.namespace}/${name.name}`))
      found.push(`cluster ${cluster} has our object ${name.namespace}/${name.name}, and nobody wants it`)
  }
  return found
}

async function allResources(world: World): Promise<ResourceDoc[]> {
  const all: ResourceDoc[] = []
  for (const kind of world.outside.kinds) all.push(...(await world.store.find(queries.resourcesOfKind(kind.name))))
  return all
}
