import { publish } from '../../playground/publish.ts'
import { deploy, simpleIngress } from '../support/manifests.ts'
import { startSystem, type System } from '../support/system.ts'

const operationMs = 1_000

/** From an event to what it led to, besides the operations; milliseconds. */
const allowedMs = 1_500

/** Each deletion so often; the median counts. */
const runs = 3

/** Zones in which the first cluster has no nodes; the slower counts. */
const newZones = ['us-central1-c', 'us-central1-f']

/** In the order in which they can be taken down. */
const chain = ['forwardingRules', 'targetHttpProxies', 'urlMaps', 'backendServices', 'healthChecks'] as const
type Collection = (typeof chain)[number] | 'firewalls'

/** Prints how fast events are followed, without a tick; answers how many targets were missed. */
export async function printEvents(): Promise<number> {
  const system = await startSystem({ clusters: 2, operationDelayMs: operationMs, tickMs: 600_000 })
  try {
    for (const { server } of system.environment.clusters) await deploy(server, 'web')
    await system.publish(simpleIngress('web', 'web'))
    await ready(system)
    console.log(
      `\nEvents, by the audit log alone: ${operationMs / 1_000} s operations, from the entry (for a zone: from its instance group) to the end of the last operation\n`,
    )
    console.log('| event | operations | target | measured |')
    console.log('|---|---|---|---|')
    let missed = 0
    const row = async (name: string, operations: number, tries: readonly (() => Promise<number>)[]): Promise<void> => {
      const took: number[] = []
      for (const attempt of tries) {
        took.push(await attempt())
        await ready(system)
      }
      const median = took.sort((a, b) => a - b)[Math.floor(tries.length / 2)] ?? Infinity
      const target = operations * operationMs + allowedMs
      if (median > target) missed += 1
      const seconds = (ms: number): string => (ms / 1_000).toFixed(2)
      console.log(
        `| ${name} | ${operations} | ${seconds(target)} s | ${seconds(median)} s${median > target ? ' **missed**' : ''} |`,
      )
    }
    const often = (one: () => Promise<number>): (() => Promise<number>)[] => Array.from({ length: runs }, () => one)
    await row(
      'a forwarding rule is deleted',
      1,
      often(() => deleted(system, ['forwardingRules'])),
    )
    await row(
      'a firewall rule is deleted',
      1,
      often(() => deleted(system, ['firewalls'])),
    )
    await row(
      'a health check is deleted, and before it all that leads to it',
      chain.length,
      often(() => deleted(system, chain)),
    )
    await row(
      'a node pool grows into a new zone',
      1,
      newZones.map((zone) => () => grown(system, zone)),
    )
    return missed
  } finally {
    await system.close()
  }
}

async function ready(system: System): Promise<void> {
  await system.until('default/web', 'Ready', (report) => report?.phase === 'Ready', 60_000)
}

/** Takes resources away one after the other, tells of it, and answers how long the first of them took to come back. */
async function deleted(system: System, collections: readonly Collection[]): Promise<number> {
  const { environment } = system
  const global = `${environment.compute.url}/compute/v1/projects/playground/global`
  const names = new Map<Collection, string>()
  for (const collection of collections) names.set(collection, (await system.holds(collection))[0] ?? '')
  // Told of each, we would win the race for each.
  environment.auditLog.setDelivering(false)
  for (const [collection, name] of names) {
    const gone = ended(system, ({ target, kind }) => kind === 'delete' && target.endsWith(`/${collection}/${name}`))
    await fetch(`${global}/${collection}/${name}`, { method: 'DELETE' })
    await gone
  }
  environment.auditLog.setDelivering(true)
  const [first] = collections
  const back = ended(
    system,
    ({ target, kind }) => kind === 'insert' && target.endsWith(`/${names.get(first ?? 'firewalls') ?? ''}`),
  )
  const begun = performance.now()
  for (const [collection, name] of names) {
    const service = collection === 'forwardingRules' ? 'globalForwardingRules' : collection
    const entry = {
      protoPayload: {
        methodName: `v1.compute.${service}.delete`,
        resourceName: `projects/playground/global/${collection}/${name}`,
      },
      operation: { id: `operation-${collection}`, last: true },
    }
    await publish(environment.pubsub.rest, 'playground', 'cluster-changes', JSON.stringify(entry))
  }
  return (await back) - begun
}

/** Lets a node pool grow; answers how long after the new group exists it has its named port and is a backend. */
async function grown(system: System, zone: string): Promise<number> {
  const [cluster] = system.environment.clusters
  const group = ended(
    system,
    ({ target, kind }) => kind === 'insert' && target.includes(`/zones/${zone}/instanceGroups/`),
  )
  const named = ended(system, ({ target, method }) => method.endsWith('.setNamedPorts') && target.includes(`/${zone}/`))
  const attached = (async () => {
    for (;;) {
      const at = await ended(system, ({ target }) => target.includes('/backendServices/'))
      const [name = ''] = await system.holds('backendServices')
      const url = `${system.environment.compute.url}/compute/v1/projects/playground/global/backendServices/${name}`
      if ((await (await fetch(url)).text()).includes(zone)) return at
    }
  })()
  await system.environment.nodePools.addZone(cluster?.name ?? '', zone)
  const begun = await group
  return Math.max(await named, await attached) - begun
}

interface Ended {
  target: string
  /** `insert`, `delete`, ... */
  kind: string
  method: string
}

/** The moment at which the next operation of a sort ends. */
function ended({ environment }: System, wanted: (operation: Ended) => boolean): Promise<number> {
  return new Promise((resolve) => {
    const stop = environment.compute.onChange(({ phase, target, operationType, method }) => {
      if (phase !== 'finished' || !wanted({ target, kind: operationType, method })) return
      stop()
      resolve(performance.now())
    })
  })
}
