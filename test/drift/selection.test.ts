import { afterEach, describe, expect, it } from 'vitest'
import { project, smallWorld, type SmallWorld } from './small-world.ts'

let world: SmallWorld

afterEach(() => world.close())

const path = '/apis/networking.k8s.io/v1/namespaces/default/ingresses/web'
const places = { east: ['us-east1-b'], west: ['us-west1-a'], north: ['europe-north1-a'] }

async function label(cluster: string, labels: Record<string, string>): Promise<void> {
  const register = { server: `https://${cluster}.example`, project, labels }
  await world.publish('cluster-changes', JSON.stringify({ cluster, register }))
}

/** Clusters that have the matching object, by the clusters themselves. */
async function withObject(): Promise<string[]> {
  const found = await Promise.all(
    [...world.clusters.keys()].map(async (name) =>
      world.request(name, 'GET', path).then(
        () => [name],
        () => [],
      ),
    ),
  )
  return found.flat().sort()
}

/** Zones whose groups the backend service has. */
function servedZones(): string[] {
  const backends = world.compute
    .list('backendServices', project)
    .flatMap(({ body }) => (body['backends'] ?? []) as unknown as { group: string }[])
  return backends.map(({ group }) => /zones\/([^/]+)/.exec(group)?.[1] ?? '').sort()
}

async function settle(): Promise<void> {
  for (let ticks = 0; ticks < 6; ticks += 1) await world.tick()
}

describe.each([
  {
    form: 'a plain annotation',
    annotation: { 'multicluster-ingress.io/cluster-selector': 'env in (prod, canary),!old' },
  },
  {
    form: 'the annotation of Federated Ingress',
    annotation: {
      'federation.alpha.kubernetes.io/cluster-selector': JSON.stringify([
        { key: 'env', operator: 'in', values: ['prod', 'canary'] },
        { key: 'old', operator: '!' },
      ]),
    },
  },
])('clusters selected by $form', ({ annotation }) => {
  it('serve while their labels match: they join by themselves, and drain and lose the object when they match no more', async () => {
    world = await smallWorld(places)
    for (const cluster of world.clusters.keys()) await world.deploy(cluster, 'web')
    await label('east', { env: 'prod' })
    await label('west', { env: 'test' })
    await label('north', { env: 'prod', old: 'yes' })
    await world.serve('web', 'web', annotation)
    expect(await withObject()).toEqual(['east'])
    expect(servedZones()).toEqual(['us-east1-b'])

    await label('west', { env: 'canary' })
    await settle()
    expect(await withObject()).toEqual(['east', 'west'])
    expect(servedZones()).toEqual(['us-east1-b', 'us-west1-a'])

    await label('east', { env: 'prod', old: 'yes' })
    await settle()
    expect(await withObject()).toEqual(['west'])
    expect(servedZones()).toEqual(['us-west1-a'])
    expect(await world.phase('default/web')).toBe('Ready')
  })
})

describe('an Ingress of the same name that a cluster has already', () => {
  it('is adopted: its own labels and annotations stay, the published ones are merged in, and the spec is made equal', async () => {
    world = await smallWorld(places)
    for (const cluster of world.clusters.keys()) await world.deploy(cluster, 'web')
    await world.request('east', 'POST', path.replace(/\/web$/, ''), {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: {
        name: 'web',
        namespace: 'default',
        labels: { theirs: 'label' },
        annotations: {
          'kubernetes.io/ingress.class': 'gce-multi-cluster',
          'team/only-here': 'yes',
          'team/both': 'cluster',
        },
      },
      spec: {
        rules: [{ host: 'old.example.com' }],
        defaultBackend: { service: { name: 'web', port: { number: 81 } } },
      },
    })
    const { metadata: before } = (await world.request('east', 'GET', path)) as { metadata: { uid: string } }
    await world.serve('web', 'web', { 'team/both': 'published' })
    const adopted = (await world.request('east', 'GET', path)) as {
      metadata: { uid: string; labels: object; annotations: object }
      spec: { rules?: unknown[] }
    }
    const made = (await world.request('west', 'GET', path)) as typeof adopted
    expect(adopted.metadata.uid, 'the same object').toBe(before.uid)
    expect(adopted.metadata.labels).toMatchObject({ theirs: 'label' })
    expect(adopted.metadata.annotations).toMatchObject({ 'team/only-here': 'yes', 'team/both': 'published' })
    expect(adopted.spec).toEqual(made.spec)
  })
})
