import { afterEach, describe, expect, it } from 'vitest'
import { createCompute, type SimulatedCompute } from '../../../playground/compute/index.ts'
import { createDataPlane, dialAny, type DataPlane } from '../../../playground/data-plane/index.ts'
import { selfSigned } from '../../../playground/data-plane/self-signed.ts'
import { createCluster, type SimulatedCluster } from '../../../playground/kubernetes/index.ts'
import { seededRandom, type WireResponse } from '../../../playground/world.ts'
import { virtualClock, type VirtualClock } from '../virtual-clock.ts'
import { fetchFrom } from './fetch-from.ts'

const toClose: (() => void)[] = []
afterEach(() => {
  for (const close of toClose.splice(0)) close()
})

interface RealWorld {
  clock: VirtualClock
  compute: SimulatedCompute
  clusters: SimulatedCluster[]
  plane: DataPlane
  /** A mutation, waited for. */
  write(method: string, path: string, body?: unknown): Promise<void>
  kube(cluster: SimulatedCluster, method: string, path: string, body?: unknown): Promise<WireResponse>
  ask(ip: string, region?: string): Promise<string>
}

const g = (rest: string): string => `projects/p/global/${rest}`

async function realWorld(): Promise<RealWorld> {
  const clock = virtualClock()
  const compute = createCompute({ clock, random: seededRandom(1), operationDelayMs: 50 })
  const clusters = ['us-central1', 'europe-west1'].map((region, index) =>
    createCluster({
      name: region,
      project: 'p',
      network: 'default',
      zones: [`${region}-b`],
      nodesPerZone: 2,
      clock,
      random: seededRandom(10 + index),
      compute: (request) => compute.handle(request),
      addressBlock: 16 + index,
    }),
  )
  const plane = createDataPlane({ compute, clock, ...dialAny(() => clusters) })
  compute.setHealthSource(plane.healthOf)
  toClose.push(() => {
    plane.close()
    for (const cluster of clusters) cluster.close()
  })
  await clock.advance(2000)
  return {
    clock,
    compute,
    clusters,
    plane,
    async write(method, path, body) {
      const answer = await compute.handle({ method, path: `/compute/v1/${path}`, query: {}, headers: {}, body })
      expect(answer, `${method} ${path}`).toMatchObject({ status: 200 })
      await clock.advance(50)
    },
    kube: (cluster, method, path, body) =>
      cluster.handle({ method, path, query: {}, headers: { 'content-type': 'application/json' }, body }),
    async ask(ip, region = 'us-central1') {
      const answer = await plane.request(ip, 80, {
        host: 'example.com',
        path: '/x',
        headers: { accept: 'application/json', 'x-client-region': region },
      })
      if (answer === undefined) return 'refused'
      if (answer.headers['x-load-balancer'] === 'error') return `${answer.status} lb`
      const pod = JSON.parse(answer.body) as { cluster: string; service: string }
      return `${answer.status} ${pod.cluster} ${pod.service}`
    },
  }
}

/** A service with two pods and an Ingress for the in-cluster controller; returns the service's node port. */
async function deploy(w: RealWorld, cluster: SimulatedCluster): Promise<number> {
  const labels = { app: 'web' }
  const container = { name: 'web', image: 'web', ports: [{ containerPort: 8080 }] }
  const created = [
    await w.kube(cluster, 'POST', '/apis/apps/v1/namespaces/default/deployments', {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web' },
      spec: {
        replicas: 2,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [container] } },
      },
    }),
    await w.kube(cluster, 'POST', '/api/v1/namespaces/default/services', {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web' },
      spec: { type: 'NodePort', selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
    }),
    await w.kube(cluster, 'POST', '/apis/networking.k8s.io/v1/namespaces/default/ingresses', {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'web', annotations: { 'kubernetes.io/ingress.class': 'gce-multi-cluster' } },
      spec: { defaultBackend: { service: { name: 'web', port: { number: 80 } } } },
    }),
  ]
  expect(created.map(({ status }) => status)).toEqual([201, 201, 201])
  await w.clock.advance(5000)
  const service = created[1]?.body as { spec: { ports: { nodePort: number }[] } }
  return service.spec.ports[0]?.nodePort ?? 0
}

/** A whole load balancer over the clusters' instance groups; returns its IP. */
async function balance(w: RealWorld, nodePorts: readonly number[]): Promise<string> {
  const groups = w.compute.list('instanceGroups')
  expect(groups).toHaveLength(2)
  for (const [index, cluster] of w.clusters.entries()) {
    const group = groups.find(({ path }) => path.includes(cluster.uid))
    await w.write('POST', `${group?.path ?? ''}/setNamedPorts`, {
      namedPorts: [{ name: 'mci-web', port: nodePorts[index] }],
    })
  }
  await w.write('POST', g('firewalls'), {
    name: 'lb',
    network: g('networks/default'),
    sourceRanges: ['130.211.0.0/22', '35.191.0.0/16'],
    targetTags: w.clusters.map(({ nodeTag }) => nodeTag),
    allowed: [{ IPProtocol: 'tcp', ports: ['30000-32767'] }],
  })
  await w.write('POST', g('healthChecks'), {
    name: 'hc',
    type: 'HTTP',
    checkIntervalSec: 10,
    timeoutSec: 5,
    healthyThreshold: 1,
    unhealthyThreshold: 3,
    httpHealthCheck: { portSpecification: 'USE_SERVING_PORT', requestPath: '/' },
  })
  await w.write('POST', g('backendServices'), {
    name: 'be',
    protocol: 'HTTP',
    portName: 'mci-web',
    loadBalancingScheme: 'EXTERNAL_MANAGED',
    healthChecks: [g('healthChecks/hc')],
    backends: groups.map(({ path }) => ({
      group: `https://www.googleapis.com/compute/v1/${path}`,
      balancingMode: 'RATE',
      maxRatePerInstance: 100,
    })),
  })
  await w.write('POST', g('urlMaps'), { name: 'um', defaultService: g('backendServices/be') })
  await w.write('POST', g('targetHttpProxies'), { name: 'tp', urlMap: g('urlMaps/um') })
  await w.write('POST', g('addresses'), { name: 'ip' })
  await w.write('POST', g('forwardingRules'), {
    name: 'fr',
    loadBalancingScheme: 'EXTERNAL_MANAGED',
    IPAddress: g('addresses/ip'),
    portRange: '80',
    target: g('targetHttpProxies/tp'),
  })
  const address = w.compute.get(g('addresses/ip'))?.body['address']
  return typeof address === 'string' ? address : ''
}

describe('with the simulated Compute and clusters', () => {
  it('serves from the nearest cluster over instance groups with different NodePorts, and fails over', async () => {
    const w = await realWorld()
    const [us, eu] = w.clusters
    if (us === undefined || eu === undefined) throw new Error('two clusters were wanted')
    const nodePorts = [await deploy(w, us), await deploy(w, eu)]
    expect(nodePorts[0]).not.toBe(nodePorts[1])
    const ip = await balance(w, nodePorts)
    await w.clock.advance(10_000)
    expect([await w.ask(ip), await w.ask(ip, 'europe-west4')]).toEqual(['200 us-central1 web', '200 europe-west1 web'])

    const group = w.compute.list('instanceGroups').find(({ path }) => path.includes(eu.uid))
    const health = await w.compute.handle({
      method: 'POST',
      path: `/compute/v1/${g('backendServices/be')}/getHealth`,
      query: {},
      headers: {},
      body: { group: `https://www.googleapis.com/compute/v1/${group?.path ?? ''}` },
    })
    expect(health.body).toMatchObject({
      healthStatus: [
        { healthState: 'HEALTHY', port: nodePorts[1] },
        { healthState: 'HEALTHY', port: nodePorts[1] },
      ],
    })

    await w.kube(eu, 'DELETE', '/apis/apps/v1/namespaces/default/deployments/web')
    await w.clock.advance(5000)
    expect(await w.ask(ip, 'europe-west4'), 'nobody has noticed yet').toBe('502 lb')
    await w.clock.advance(35_000)
    expect(await w.ask(ip, 'europe-west4')).toBe('200 us-central1 web')
  })

  it('refuses once the forwarding rule’s deletion is done', async () => {
    const w = await realWorld()
    const nodePorts: number[] = []
    for (const cluster of w.clusters) nodePorts.push(await deploy(w, cluster))
    const ip = await balance(w, nodePorts)
    await w.clock.advance(10_000)
    expect(await w.ask(ip)).toBe('200 us-central1 web')
    await w.write('DELETE', g('forwardingRules/fr'))
    expect(await w.ask(ip)).toBe('refused')
  })

  it('presents the certificates that Compute was given, and swaps them', async () => {
    const w = await realWorld()
    const nodePorts: number[] = []
    for (const cluster of w.clusters) nodePorts.push(await deploy(w, cluster))
    await balance(w, nodePorts)
    await w.clock.advance(10_000)
    for (const name of ['old', 'new']) {
      const { cert, key } = selfSigned([`${name}.example.com`])
      await w.write('POST', g('sslCertificates'), { name, certificate: cert, privateKey: key })
    }
    await w.write('POST', g('targetHttpsProxies'), {
      name: 'tps',
      urlMap: g('urlMaps/um'),
      sslCertificates: [g('sslCertificates/old')],
    })
    await w.write('POST', g('forwardingRules'), {
      name: 'frs',
      loadBalancingScheme: 'EXTERNAL_MANAGED',
      IPAddress: g('addresses/ip'),
      portRange: '443',
      target: g('targetHttpsProxies/tps'),
    })
    const listeners = w.plane.listen()
    await listeners.settled()
    const url = listeners.loadBalancers().find(({ scheme }) => scheme === 'https')?.url ?? ''
    expect(await fetchFrom(url, '/')).toMatchObject({ status: 200, certificate: 'DNS:old.example.com' })
    await w.write('POST', 'projects/p/targetHttpsProxies/tps/setSslCertificates', {
      sslCertificates: [g('sslCertificates/new')],
    })
    expect(await fetchFrom(url, '/')).toMatchObject({ status: 200, certificate: 'DNS:new.example.com' })
    await listeners.close()
  })

  it('leaves out a machine that is gone, also in getHealth', async () => {
    const w = await realWorld()
    const nodePorts: number[] = []
    for (const cluster of w.clusters) nodePorts.push(await deploy(w, cluster))
    await balance(w, nodePorts)
    await w.clock.advance(10_000)
    const us = w.clusters[0]
    const group = w.compute.list('instanceGroups').find(({ path }) => path.includes(us?.uid ?? '-'))?.path ?? ''
    expect(w.plane.healthOf(g('backendServices/be'), group)).toHaveLength(2)
    const node = us?.nodes()[0]?.name ?? ''
    await w.write('DELETE', `projects/p/zones/us-central1-b/instances/${node}`)
    const left = w.plane.healthOf(g('backendServices/be'), group)
    expect(left).toHaveLength(1)
    expect(left[0]?.instance).not.toContain(node)
  })
})
