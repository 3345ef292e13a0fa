import type { Story } from './story.ts'

/**
 * Says that something changed behind our back, as an audit log does: at once, and again later, because a first look may
 * have met a stale answer. In worlds that tell nothing the sweeps must find it.
 */

const again = [0, 20_000, 90_000] as const

/** The in-cluster controller sees that nodes came or went at its next resync only, ten minutes later at most. */
const afterResync = [320_000, 620_000] as const

const kindOf: Readonly<Record<string, string>> = {
  addresses: 'address',
  backendServices: 'backend-service',
  firewalls: 'firewall-rule',
  forwardingRules: 'forwarding-rule',
  healthChecks: 'health-check',
  sslCertificates: 'ssl-certificate',
  targetHttpProxies: 'target-proxy',
  targetHttpsProxies: 'target-proxy',
  urlMaps: 'url-map',
}

const zonalKindOf: Readonly<Record<string, string>> = {
  instanceGroups: 'named-ports',
  networkEndpointGroups: 'network-endpoint-group',
}

/** The resource id of a path in Compute; undefined for what the system has no kind for. */
export function resourceOf(path: string): string | undefined {
  const [, project = '', scope, ...rest] = path.split('/')
  if (scope === 'zones') {
    const [zone = '', collection = '', name = ''] = rest
    const zonal = zonalKindOf[collection]
    return zonal === undefined ? undefined : `${zonal}/${project}/${zone}/${name}`
  }
  const kind = kindOf[rest[0] ?? '']
  return kind === undefined ? undefined : `${kind}/${project}/${rest[1] ?? ''}`
}

/** A resource in Compute was changed by somebody. */
export function tellOfResource(story: Story, path: string): void {
  const id = resourceOf(path)
  if (id !== undefined) repeat(story, () => nudge(story, id))
}

/** Something in a cluster changed that an Ingress may depend on, and that its controller is told of at once too. */
export function tellOfCluster(story: Story, cluster: string): void {
  repeat(story, () => sayOfCluster(story, cluster))
}

/** The nodes of a cluster are in other zones than before. */
export function tellOfZones(story: Story, cluster: string): void {
  repeat(story, () => sayOfCluster(story, cluster), [...again, ...afterResync])
}

function sayOfCluster(story: Story, cluster: string): void {
  story.world.messages.publish('cluster-changes', JSON.stringify({ cluster, why: 'drift' }))
  for (const { name } of story.owned) nudge(story, `cluster-ingress/${cluster}/${name.namespace}/${name.name}`)
}

function repeat(story: Story, say: () => void, times: readonly number[] = again): void {
  for (const ms of times) {
    // What nobody tells still has its time in which the world must not be taken for settled.
    story.untold += 1
    story.world.clock.after(ms, () => {
      story.untold -= 1
      if (story.tells) say()
    })
  }
}

function nudge({ world }: Story, id: string): void {
  world.messages.publish(`reconcile-${id.split('/')[0] ?? ''}`, JSON.stringify({ id, why: 'drift' }))
}
