import { routeRequest } from '../../playground/compute/kinds/url-map-routing.ts'
import { hasNegs, nodePortOf } from './applications.ts'
import { isSecure, servicesOf, type Spec } from './manifests.ts'
import { wishOf, type Owned } from './people.ts'
import { followed, relative, servedBy, type Followed, type Served } from './serving.ts'
import type { Story } from './story.ts'
import type { World } from './world.ts'

/** Clusters of which an Ingress is to be served, by its document. */
export interface Chosen {
  clusters: readonly string[]
  drained: readonly string[]
}

const hosts = ['shop.example.com', 'eu.example.org', 'blog.example.net', 'other.test']
const paths = ['/', '/a', '/a/', '/a/b', '/a/b/c', '/ab', '/img', '/img/1', '/v1', '/v1/x', '/none']

/**
 * What clients of a load balancer would get otherwise than the spec says, in words: every host and path from every cluster,
 * over HTTP and HTTPS, to the IPv4 and the IPv6 address. It knows what Kubernetes means by a rule and how Compute routes, and nothing of the planner.
 */
export async function misserved(story: Story, owned: Owned, chosen: Chosen): Promise<string[]> {
  const { world } = story
  const { spec } = wishOf(owned)
  if (spec === null) return []
  const found: string[] = []
  const serving = servingOnce(world)
  const having = await havingService(world, owned, spec, chosen)
  for (const at of frontsOf(spec)) {
    const { scheme } = at
    const front = followed(world).get(frontOf(world, owned, at) ?? '')
    if (front === undefined) {
      found.push(`Ingress ${owned.id} does not answer over ${scheme} and ${at.ip}`)
      continue
    }
    for (const host of hosts) {
      for (const path of paths) {
        const wrong = answeredWrong(owned, { front, host, path, chosen, spec, serving, having })
        if (wrong !== undefined) found.push(`Ingress ${owned.id}: ${scheme}://${host}${path} ${wrong}`)
      }
    }
    if (scheme === 'https') found.push(...(await certificateWrong(world, owned, front, spec, chosen)))
  }
  return found.slice(0, 5)
}

/** Who answers for each backend service at this moment, by its path. */
type Serving = (path: string) => Served

function servingOnce(world: World): Serving {
  const known = new Map<string, Served>()
  return (path) => {
    const served = known.get(path) ?? servedBy(world, path)
    known.set(path, served)
    return served
  }
}

/** By each service that a spec names, the chosen clusters that have it. */
async function havingService(
  world: World,
  { name: { namespace } }: Owned,
  spec: Spec,
  chosen: Chosen,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const having = new Map<string, string[]>()
  for (const name of servicesOf(spec)) {
    const clusters: string[] = []
    for (const cluster of chosen.clusters) {
      const simulated = world.clusters.get(cluster)
      const service = { namespace, name }
      if (simulated === undefined || (await nodePortOf(simulated, service)) === undefined) continue
      // Where only network endpoint groups are wanted, who has none does not serve.
      if (spec.backends !== 'neg' || hasNegs(simulated, service)) clusters.push(cluster)
    }
    having.set(name, clusters)
  }
  return having
}

function answeredWrong(
  { name }: Owned,
  asked: {
    front: Followed
    host: string
    path: string
    chosen: Chosen
    spec: Spec
    serving: Serving
    having: ReadonlyMap<string, readonly string[]>
  },
): string | undefined {
  const { front, host, path, chosen } = asked
  const { service: reference } = routeRequest(front.urlMap, { host, path, headers: {} })
  const served = asked.serving(relative(reference))
  const service = serviceFor(asked.spec, host, path)
  const wanted = service === null ? '' : `${name.namespace}/${service}`
  if (served.service !== wanted) return `is for service "${served.service}", and should be for "${wanted}"`
  if (service === null) return undefined
  const having = asked.having.get(service) ?? []
  const expected = having.filter((cluster) => !chosen.drained.includes(cluster)).sort()
  // Where all are drained the last keep their capacity.
  if (expected.length === 0) return undefined
  const actual = [...served.clusters].sort()
  return actual.join() === expected.join()
    ? undefined
    : `is answered from ${actual.join(', ') || 'nowhere'}, and should be from ${expected.join(', ')}`
}

/** Kubernetes' meaning of the rules: the host first, then the longest path; null = nobody. */
function serviceFor(spec: Spec, host: string, path: string): string | null {
  const rule =
    spec.rules.find((one) => one.host === host) ??
    spec.rules.find((one) => one.host.startsWith('*.') && host.endsWith(one.host.slice(1))) ??
    spec.rules.find((one) => one.host === '')
  const matching = (rule?.paths ?? [])
    .filter((one) => {
      if (one.type !== 'Prefix') return one.path === path
      return one.path === '/' || path === one.path || path.startsWith(`${one.path}/`)
    })
    .sort((a, b) => b.path.length - a.path.length)
  return matching[0]?.service ?? spec.defaultService
}

/** Where clients may ask. */
interface Front {
  scheme: 'http' | 'https'
  ip: 'IPv4' | 'IPv6'
}

function frontsOf(spec: Spec): Front[] {
  return (spec.ipv6 ? (['IPv4', 'IPv6'] as const) : (['IPv4'] as const)).flatMap((ip) => [
    { scheme: 'http', ip } satisfies Front,
    ...(isSecure(spec) ? [{ scheme: 'https', ip } satisfies Front] : []),
  ])
}

/**
 * The certificate that the first cluster by name has in the secret is the one that clients get; the one that Google makes comes
 * after it, works, and is of the hosts that were asked for.
 */
async function certificateWrong(
  world: World,
  { id, name }: Owned,
  { proxy }: Followed,
  { tls, managed }: Spec,
  chosen: Chosen,
): Promise<string[]> {
  const [first, second] = (proxy['sslCertificates'] ?? []) as unknown as string[]
  const made = world.compute.get(relative(tls === null ? first : second))?.body['managed'] as
    { domains?: string[]; status?: string } | undefined
  const hosts = [...managed].sort().join()
  if (managed.length > 0 && (made?.status !== 'ACTIVE' || [...(made.domains ?? [])].sort().join() !== hosts))
    return [`Ingress ${id}: its managed certificate is ${JSON.stringify(made)}, and should be for ${hosts}`]
  if (tls === null) return []
  const served = world.compute.get(relative(first))?.body['certificate']
  for (const cluster of [...chosen.clusters].sort()) {
    const client = world.outside.clusters.connect({ name: cluster, server: '', project: '' })
    const secret = await client.secret(name.namespace, tls)
    if (secret === undefined) continue
    const wanted = Buffer.from(secret.data['tls.crt'] ?? '', 'base64').toString('utf8')
    return served === wanted ? [] : [`Ingress ${id}: clients get another certificate than ${cluster} has in ${tls}`]
  }
  return []
}

function frontOf(world: World, { name }: Owned, { scheme, ip }: Front): string | undefined {
  const lb = name.namespace === 'default' ? name.name : `${name.namespace}-${name.name}`
  const begin = `mci1-${scheme === 'http' ? 'fw' : 'fws'}${ip === 'IPv6' ? '6' : ''}--${lb}`
  return [...followed(world).keys()].find((front) => front === begin || front.startsWith(`${begin}-`))
}
