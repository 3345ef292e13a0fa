import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { publish } from '../../playground/publish.ts'
import { knownAnnotations } from '../../shared/ingress/annotations.ts'
import { deploy, simpleIngress } from '../support/manifests.ts'
import { startSystem, type System } from '../support/system.ts'

let system: System
/** A stranger's server: whatever connects to it is counted. */
let stranger: Server
let strangerUrl: string
let connections = 0
beforeAll(async () => {
  stranger = createServer((_request, response) => response.end('{}'))
  stranger.on('connection', () => (connections += 1))
  // Another address of this machine than the one that the playground's clusters have.
  await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.2', resolve))
  strangerUrl = `http://127.0.0.2:${(stranger.address() as AddressInfo).port}`
  system = await startSystem({ clusters: 1 })
}, 30_000)
afterAll(async () => {
  await system.close()
  stranger.close()
})

interface Letters {
  deadLetters: { id: string; why: string }[]
}

/** Publishes to cluster-changes and waits for the reason why it was not carried out. */
async function refused(change: object): Promise<string> {
  const before = ((await system.get('/api/dead-letters')) as Letters).deadLetters.map(({ id }) => id)
  await publish(system.environment.pubsub.rest, 'playground', 'cluster-changes', JSON.stringify(change))
  const found = async (): Promise<string | undefined> =>
    ((await system.get('/api/dead-letters')) as Letters).deadLetters.find(({ id }) => !before.includes(id))?.why
  await expect.poll(found, { timeout: 10_000, interval: 10 }).toBeTypeOf('string')
  return (await found()) ?? ''
}

describe('whoever may publish to cluster-changes', () => {
  const project = 'playground'
  const gke = 'projects/playground/locations/us-central1/clusters/blue'
  it.each([
    { reason: 'a server of their own', register: () => ({ server: strangerUrl, project }), says: /list of servers/ },
    {
      reason: 'a GKE cluster of their own project',
      register: () => ({ server: strangerUrl, gke: gke.replace('playground', 'stranger'), project }),
      says: /clusters of project stranger may not be registered here/,
    },
    {
      reason: 'the metadata server',
      register: () => ({ server: 'http://169.254.169.254/computeMetadata/v1', gke, project }),
      says: /no place for a cluster/,
    },
    {
      reason: 'a path of the GKE API',
      register: () => ({ server: strangerUrl, gke: 'projects/../locations/x/clusters/..', project }),
      says: /is not projects\/PROJECT/,
    },
  ])('cannot have us talk to $reason', async ({ register, says }) => {
    const [known] = ((await system.get('/api/clusters')) as { clusters: object[] }).clusters
    expect(await refused({ cluster: 'us-central', register: register() })).toMatch(says)
    expect(((await system.get('/api/clusters')) as { clusters: object[] }).clusters).toEqual([known])
    expect(connections).toBe(0)
  })
})

describe('whoever may publish to ingress-specs', () => {
  const annotations = knownAnnotations.map(({ key }) => key)
  it('cannot have us talk to anybody: no part of a manifest is an address', async () => {
    await deploy(system.environment.clusters[0]?.server ?? '', 'web')
    const name = 'urls'
    const url = strangerUrl
    const manifests = [
      // Each annotation by itself, so that one that is refused hides no other.
      ...annotations.map((annotation) => ({ [annotation]: url })),
      { 'kubernetes.io/ingress.class': url, 'example.com/webhook': url },
    ].map((given, index) => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: `${name}-${index}`, annotations: given, labels: { at: '127.0.0.2' } },
      spec: {
        defaultBackend: { service: { name: 'web', port: { number: 80 } } },
        rules: [{ host: '127-0-0-2.example', http: { paths: [path(`/${new URL(url).port}`)] } }],
        tls: [{ hosts: ['127-0-0-2.example'] }],
      },
    }))
    for (const manifest of manifests) await system.publish(JSON.stringify(manifest))
    for (const index of manifests.keys())
      await system.until(`default/${name}-${index}`, 'looked at', (report) => report !== undefined)
    // Long enough for every look at clusters and Compute that these could cause.
    await system.publish(simpleIngress('last', 'web'))
    await system.until('default/last', 'planned', (report) => (report?.resources.length ?? 0) > 3)
    expect(connections).toBe(0)
  })
})

function path(at: string): object {
  return { path: at, pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } }
}
