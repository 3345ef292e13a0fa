import { changeNodePort } from './applications.ts'
import { kubemciSpec, manifestOf } from './manifests.ts'
import type { Owned } from './people.ts'
import { noteNodePort, pass, type Story } from './story.ts'
import { project } from './world.ts'

/** What kubemci served: one service to everybody, by the same NodePort in every cluster. */
const service = { namespace: 'default', name: 'web' }
const nodePort = 30_061

/**
 * Leaves an Ingress as kubemci left it, spread over these clusters and served by names and descriptions of kubemci's, with a
 * backend service that it forgot. That is what there is before anything is published to us, so the wish too.
 */
export async function leaveByKubemci(story: Story, owned: Owned, clusters: readonly string[]): Promise<void> {
  const groups: string[] = []
  for (const name of clusters) {
    const cluster = story.world.clusters.get(name)
    if (cluster === undefined) continue
    await changeNodePort(cluster, service, nodePort)
    await noteNodePort(story, name, service)
    groups.push(...(await groupsIn(story, owned, name)))
  }
  const lb = owned.name.name
  const of = `kubernetes multicluster loadbalancer ${lb}`
  for (const port of [nodePort - 1, nodePort]) {
    await make(story, 'healthChecks', {
      name: `mci1-hc-${port}--${lb}`,
      description: describe('Health check', of),
      type: 'HTTP',
      httpHealthCheck: { port, requestPath: '/', proxyHeader: 'NONE' },
      checkIntervalSec: 60,
      timeoutSec: 60,
      healthyThreshold: 1,
      unhealthyThreshold: 10,
    })
    await make(story, 'backendServices', {
      name: `mci1-be-${port}--${lb}`,
      description: describe('Backend service', of),
      protocol: 'HTTP',
      port,
      portName: `port${port}`,
      loadBalancingScheme: 'EXTERNAL',
      timeoutSec: 30,
      healthChecks: [path('healthChecks', `mci1-hc-${port}--${lb}`)],
      backends: groups.map((group) => ({ group, balancingMode: 'RATE', maxRatePerInstance: 1e14, capacityScaler: 1 })),
    })
  }
  const address = path('addresses', kubemciSpec.staticIp ?? '')
  await make(story, 'addresses', { name: kubemciSpec.staticIp ?? '' })
  story.foreign.add(address)
  await make(story, 'urlMaps', {
    name: `mci1-um--${lb}`,
    description: JSON.stringify({ Description: `URL map for ${of}`, LoadBalancerName: lb, Clusters: clusters }),
    defaultService: path('backendServices', `mci1-be-${nodePort}--${lb}`),
  })
  await make(story, 'targetHttpProxies', {
    name: `mci1-tp--${lb}`,
    description: `Target http proxy for ${of}`,
    urlMap: path('urlMaps', `mci1-um--${lb}`),
  })
  await make(story, 'forwardingRules', {
    name: `mci1-fw--${lb}`,
    description: `http forwarding rule for ${of}`,
    IPProtocol: 'TCP',
    portRange: '80-80',
    IPAddress: story.world.compute.get(address)?.body['address'],
    loadBalancingScheme: 'EXTERNAL',
    target: path('targetHttpProxies', `mci1-tp--${lb}`),
  })
  await make(story, 'firewalls', {
    name: `mci1-fr--${lb}`,
    description: `Firewall rule for ${of}`,
    network: path('networks', 'default'),
    sourceRanges: ['130.211.0.0/22', '35.191.0.0/16'],
    targetTags: clusters.map((name) => story.world.clusters.get(name)?.nodeTag ?? ''),
    allowed: [{ IPProtocol: 'tcp', ports: [String(nodePort)] }],
  })
  owned.wishes = [{ spec: kubemciSpec, deleted: false, clusters: null, excluded: [], drained: [] }]
}

/** kubemci's own object in a cluster, and the groups that the in-cluster controller then makes, as paths. */
async function groupsIn(story: Story, owned: Owned, name: string): Promise<string[]> {
  const cluster = story.world.clusters.get(name)
  const object = JSON.parse(manifestOf(owned.name, kubemciSpec)) as { metadata: object }
  const body = {
    ...object,
    metadata: { ...object.metadata, annotations: { 'kubernetes.io/ingress.class': 'gce-multi-cluster' } },
  }
  const collection = `/apis/networking.k8s.io/v1/namespaces/${owned.name.namespace}/ingresses`
  const headers = { 'content-type': 'application/json' }
  await cluster?.handle({ method: 'POST', path: collection, query: {}, headers, body })
  for (let second = 0; second < 1_000; second += 1) {
    await pass(story, 1_000)
    const client = story.world.outside.clusters.connect({ name, server: '', project })
    const found = await client.ingress(owned.name.namespace, owned.name.name)
    const written = found?.metadata.annotations?.['ingress.gcp.kubernetes.io/instance-groups']
    if (written === undefined) continue
    const groups = JSON.parse(written) as { Name: string; Zone: string }[]
    return groups.map(({ Name, Zone }) => `${Zone}/instanceGroups/${Name}`)
  }
  throw new Error(`cluster ${name} has made no instance groups`)
}

async function make(story: Story, collection: string, body: { name: string } & Record<string, unknown>): Promise<void> {
  const { compute } = story.world
  const at = path(collection, body.name)
  const request = {
    method: 'POST',
    path: `/compute/v1/${at.slice(0, at.lastIndexOf('/'))}`,
    query: {},
    headers: {},
    body,
  }
  const { status, body: answer } = await compute.handle(request)
  if (status !== 200) throw new Error(`${at}: ${JSON.stringify(answer)}`)
  const operation = (answer as { name: string }).name
  for (let second = 0; second < 1_000; second += 1) {
    await pass(story, 1_000)
    const place = `/compute/v1/projects/${project}/global/operations/${operation}`
    const { body: seen } = await compute.handle({ method: 'GET', path: place, query: {}, headers: {}, body: undefined })
    if ((seen as { status?: string }).status === 'DONE') return
  }
  throw new Error(`${at} was never made`)
}

function describe(what: string, of: string): string {
  const { namespace, name } = service
  const names = `{"kubernetes.io/service-name":"${namespace}/${name}","kubernetes.io/service-port":"80"}`
  return `${what} for service ${names} as part of ${of}`
}

function path(collection: string, name: string): string {
  return `projects/${project}/global/${collection}/${name}`
}
