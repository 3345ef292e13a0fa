import { expect, it } from 'vitest'
import { createCompute } from '../../../playground/compute/index.ts'
import { createCluster, type SimulatedCluster } from '../../../playground/kubernetes/index.ts'
import { ingresses } from '../../../playground/kubernetes/kinds.ts'
import { seededRandom } from '../../../playground/world.ts'
import { virtualClock } from '../virtual-clock.ts'
import { core, ingress, networking, patch, service, type Body } from './world.ts'

const clusterCount = 20
const ingressCount = 250

async function call(
  cluster: SimulatedCluster,
  method: string,
  path: string,
  body?: unknown,
  contentType = 'application/json',
): Promise<Body> {
  const answer = await cluster.handle({
    method,
    path,
    query: { fieldManager: 'bench' },
    headers: { 'content-type': contentType },
    body,
  })
  expect(answer.status).toBeLessThan(300)
  return answer.body as Body
}

it(
  `holds ${clusterCount} clusters with ${ingressCount} Ingresses each in one process`,
  { timeout: 120_000 },
  async () => {
    const clock = virtualClock()
    const compute = createCompute({ clock, random: seededRandom(1), operationDelayMs: 1 })
    const clusters = Array.from({ length: clusterCount }, (_, index) =>
      createCluster({
        ...{
          name: `cluster-${index}`,
          project: 'p-1',
          network: 'default',
          zones: ['us-central1-a'],
          nodesPerZone: 1,
          addressBlock: index,
        },
        ...{ clock, random: seededRandom(index), compute: (request) => compute.handle(request) },
      }),
    )
    await clock.advance(100)
    const { headers } = patch('apply')
    const started = performance.now()
    for (const cluster of clusters) {
      await call(cluster, 'POST', `${core}/services`, service('web'))
      for (let index = 0; index < ingressCount; index += 1) {
        await call(
          cluster,
          'PATCH',
          `${networking}/ingresses/i${index}`,
          ingress(`i${index}`, ['web']),
          headers?.['content-type'],
        )
      }
    }
    const applied = performance.now()
    await clock.advance(10_000)
    const synced = performance.now()
    const [cluster] = clusters
    if (cluster === undefined) throw new Error('there is no cluster')
    const page = await call(cluster, 'GET', `${networking}/ingresses`)
    const listed = performance.now()
    const total = clusterCount * ingressCount
    process.stdout.write(
      `${total} Ingresses: applied at ${((applied - started) / total).toFixed(3)} ms each, annotated by the in-cluster controllers at ` +
        `${((synced - applied) / total).toFixed(3)} ms each; a list of ${ingressCount} in ${(listed - synced).toFixed(1)} ms; ` +
        `${(process.memoryUsage().heapUsed / 2 ** 20).toFixed(0)} MiB of heap\n`,
    )
    const key = 'ingress.gcp.kubernetes.io/instance-groups'
    const annotated = clusters.map(
      (each) => each.store.list(ingresses).filter((object) => object.metadata.annotations?.[key] !== undefined).length,
    )
    expect(annotated).toEqual(clusters.map(() => ingressCount))
    expect(page.items).toHaveLength(ingressCount)
    expect((applied - started) / total, 'ms for one apply').toBeLessThan(5)
    expect(listed - synced, 'ms for one list').toBeLessThan(250)
  },
)
