import { readFileSync } from 'node:fs'
import { parseDocument } from 'yaml'
import { parseManifest } from '../../shared/ingress/manifest.ts'
import type { IngressModel } from '../../shared/ingress/model.ts'
import { matchingObject } from '../../shared/planning/cluster-ingress.ts'
import { certificateFor, type TestCertificate } from './cluster-objects.ts'
import { balancerCollections } from './collections.ts'
import type { System } from './system.ts'

/** What a golden holds, as far as it is planted (README beside the goldens). */
interface Golden {
  clusters: { name: string }[]
  services: Record<string, ServiceObject[]>
  pods: Record<string, PodObject[]>
  secrets: Record<string, { metadata: { name: string; namespace: string } }[]>
  gceBefore: { sslCertificates: Body[] }
  commands: string[][]
  ingressYaml: string
  result: { gce: Record<string, Record<string, Body>>; kubernetes: Record<string, { ingresses: unknown[] }> }
}

type Body = Record<string, unknown> & { name: string; description?: string }

interface ServiceObject {
  metadata: { name: string; namespace: string }
  spec: { selector: Record<string, string>; ports: { targetPort: number }[] }
}

interface PodObject {
  metadata: { name: string; labels: Record<string, string> }
  spec: { containers: { readinessProbe?: object }[] }
}

const folder = new URL('../kubemci-goldens/', import.meta.url)

/** A load balancer as kubemci left it, in the simulated cloud. */
export interface Planted {
  lb: string
  model: IngressModel
  /** The same spec, with the load balancer's name, and with what kubemci's flags said. */
  manifest: string
  /** The clusters that it is spread across. */
  clusters: string[]
  ip: string
  /** The certificate of its TLS secret; undefined when it has none. */
  certificate: TestCertificate | undefined
  /** Names of its Compute resources by collection. */
  names: Record<string, string[]>
}

/** How to plant. */
export interface PlantOptions {
  /** Before 0.4 the status was in the forwarding rules' descriptions. */
  before04?: boolean
  /** Changes what kubemci left in Compute before it is made. */
  alter?: (collection: string, body: Body) => Body
  /** Further resources, by collection. */
  more?: Record<string, Body[]>
}

/** Reads a golden by its name. */
export function readGolden(name: string): Golden {
  return JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as Golden
}

/**
 * Brings the simulated cloud into the state in which kubemci left it: applications, secrets and Ingress objects in the
 * clusters, then every resource in Compute. The golden's clusters become the system's, in order, and so do their groups.
 */
export async function plantKubemci(system: System, golden: Golden, options: PlantOptions = {}): Promise<Planted> {
  const places = new Map(golden.clusters.map(({ name }, index) => [name, system.environment.clusters[index]]))
  const lb = golden.commands[0]?.[2] ?? ''
  const certificate = Object.values(golden.secrets).flat().length > 0 ? certificateFor(['zp.example.com']) : undefined
  const { manifest, model } = manifestOf(golden, lb)
  const serving = golden.clusters.filter(({ name }) => (golden.result.kubernetes[name]?.ingresses ?? []).length > 0)
  const groups = new Map<string, string[]>()
  for (const { name } of golden.clusters) {
    const server = places.get(name)?.server ?? ''
    await createNamespace(server, model.namespace)
    for (const service of golden.services[name] ?? []) await createApplication(server, service, golden.pods[name] ?? [])
    for (const { metadata } of golden.secrets[name] ?? []) await createSecret(server, metadata, certificate)
    if (serving.some((one) => one.name === name)) groups.set(name, await createIngress(server, model))
  }
  let ip = recordedIp
  const names = (text: string): string =>
    golden.clusters.reduce(
      (left, { name }) => left.replaceAll(`\\"${name}\\"`, `\\"${places.get(name)?.name ?? ''}\\"`),
      text.replaceAll('test-project', 'playground').replaceAll(recordedIp, ip),
    )
  const tags = serving.map(({ name }) => places.get(name)?.cluster.nodeTag ?? '')
  const made: Record<string, string[]> = {}
  for (const collection of balancerCollections) {
    const bodies = [...Object.values(golden.result.gce[collection] ?? {}), ...(options.more?.[collection] ?? [])]
    for (const recorded of bodies) {
      const body = JSON.parse(names(JSON.stringify(input(recorded)))) as Body
      if (collection === 'backendServices' && Array.isArray(body['backends']))
        body['backends'] = [...groups.values()].flat().map((group) => ({ ...(body['backends'] as Body[])[0], group }))
      if (collection === 'firewalls') body['targetTags'] = tags
      if (collection === 'sslCertificates')
        Object.assign(body, keyed(body.name === 'corp-cert' ? undefined : certificate))
      if (options.before04)
        oldStatus(
          collection,
          body,
          lb,
          serving.map(({ name }) => places.get(name)?.name ?? ''),
        )
      if (collection === 'addresses') delete body['address']
      const there = await create(system, collection, options.alter?.(collection, body) ?? body)
      if (collection === 'addresses') ip = String(there['address'])
      made[collection] = [...(made[collection] ?? []), body.name]
    }
  }
  return {
    lb,
    model,
    manifest,
    clusters: serving.map(({ name }) => places.get(name)?.name ?? ''),
    ip,
    certificate,
    names: made,
  }
}

/** The IP in the goldens; the simulated Compute allocates another. */
const recordedIp = '203.0.113.10'

function input({
  id: _id,
  kind: _kind,
  selfLink: _link,
  creationTimestamp: _at,
  fingerprint: _print,
  ...body
}: Body): Body {
  const { status: _status, connectionDraining: _draining, ...rest } = body
  return rest
}

function keyed(certificate: TestCertificate | undefined): { certificate: string; privateKey: string } {
  const { cert, key } = certificate ?? certificateFor(['corp.example.com'])
  return { certificate: cert, privateKey: key }
}

function oldStatus(collection: string, body: Body, lb: string, clusters: string[]): void {
  const text = body.description ?? ''
  if (collection === 'urlMaps') body.description = `URL map for kubernetes multicluster loadbalancer ${lb}`
  if (collection === 'forwardingRules')
    body.description = JSON.stringify({
      Description: text,
      LoadBalancerName: lb,
      Clusters: clusters,
      IPAddress: body['IPAddress'],
    })
}

/** The published spec: the golden's, its load balancer by name, and what kubemci's flags gave. */
function manifestOf(golden: Golden, lb: string): { manifest: string; model: IngressModel } {
  const document = parseDocument(golden.ingressYaml)
  const flags = golden.commands[0] ?? []
  const flag = (name: string): string | undefined =>
    flags.find((one) => one.startsWith(`--${name}=`))?.slice(name.length + 3)
  document.setIn(['metadata', 'annotations', 'multicluster-ingress.io/load-balancer'], lb)
  const namespace = flag('namespace')
  if (namespace !== undefined) document.setIn(['metadata', 'namespace'], namespace)
  const ip = flag('static-ip')
  if (ip !== undefined) document.setIn(['metadata', 'annotations', 'kubernetes.io/ingress.global-static-ip-name'], ip)
  const manifest = document.toString()
  const parsed = parseManifest(manifest)
  const model = parsed.ok ? parsed.ingresses[0]?.model : undefined
  if (model === undefined) throw new Error(`not a manifest: ${JSON.stringify(parsed)}`)
  return { manifest, model }
}

async function createNamespace(server: string, name: string): Promise<void> {
  await post(`${server}/api/v1/namespaces`, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
}

async function createApplication(server: string, service: ServiceObject, pods: readonly PodObject[]): Promise<void> {
  const { name, namespace } = service.metadata
  const { selector, ports } = service.spec
  const matches = ({ metadata }: PodObject): boolean =>
    Object.entries(selector).every(([key, value]) => metadata.labels[key] === value)
  const probe = pods.find(matches)?.spec.containers[0]?.readinessProbe
  const container = {
    name,
    image: `example/${name}:1`,
    ports: ports.map(({ targetPort }) => ({ containerPort: targetPort })),
    ...(probe === undefined ? {} : { readinessProbe: probe }),
  }
  await post(`${server}/apis/apps/v1/namespaces/${namespace}/deployments`, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace },
    spec: {
      replicas: 2,
      selector: { matchLabels: selector },
      template: { metadata: { labels: selector }, spec: { containers: [container] } },
    },
  })
  await post(`${server}/api/v1/namespaces/${namespace}/services`, service)
}

async function createSecret(
  server: string,
  metadata: { name: string; namespace: string },
  certificate: TestCertificate | undefined,
): Promise<void> {
  const { certificate: cert, privateKey: key } = keyed(certificate)
  const data = { 'tls.crt': Buffer.from(cert).toString('base64'), 'tls.key': Buffer.from(key).toString('base64') }
  const { name, namespace } = metadata
  const secret = { apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/tls', metadata: { name, namespace }, data }
  await post(`${server}/api/v1/namespaces/${namespace}/secrets`, secret)
}

/** kubemci's own object; answers the URLs of the groups that the in-cluster controller then makes. */
async function createIngress(server: string, model: IngressModel): Promise<string[]> {
  const { spec, annotations } = matchingObject(model)
  const own = Object.entries(annotations).filter(([key]) => !key.startsWith('multicluster-ingress.io/'))
  const { name, namespace } = model
  const path = `${server}/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses`
  await post(path, {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name, namespace, annotations: Object.fromEntries(own) },
    spec,
  })
  for (const end = Date.now() + 10_000; ;) {
    const found = (await (await fetch(`${path}/${name}`)).json()) as {
      metadata: { annotations?: Record<string, string> }
    }
    const written = found.metadata.annotations?.['ingress.gcp.kubernetes.io/instance-groups']
    if (written !== undefined)
      return (JSON.parse(written) as { Name: string; Zone: string }[]).map(
        (group) => `${group.Zone}/instanceGroups/${group.Name}`,
      )
    if (Date.now() > end) throw new Error(`no instance groups for ${name}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

async function post(url: string, body: object): Promise<void> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!answer.ok && answer.status !== 409) throw new Error(`${url}: ${answer.status} ${await answer.text()}`)
}

/** Creates a resource in Compute, waits until it is there, and answers it. */
async function create(system: System, collection: string, body: Body): Promise<Record<string, unknown>> {
  const url = `${system.environment.compute.url}/compute/v1/projects/playground/global/${collection}`
  await post(url, body)
  for (const end = Date.now() + 10_000; ;) {
    const answer = await fetch(`${url}/${body.name}`)
    if (answer.ok) return (await answer.json()) as Record<string, unknown>
    if (Date.now() > end) throw new Error(`${collection} ${body.name} did not come`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
