import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { certificateFor, putSecret } from '../support/cluster-objects.ts'
import { deploy, pathsIngress, simpleIngress } from '../support/manifests.ts'
import { describe, startSystem, type System } from '../support/system.ts'

/** One case: from the publishing of one Ingress to its phase Ready. */
export interface Case {
  name: string
  services: number
  clusters: number
  operationDelayMs: number
  requestDelayMs: number
  /** TLS secrets of the Ingress; absent = HTTP only. */
  certificates?: number
  /** Whether the clusters' instance groups exist already (another Ingress made them), as in kubemci's own measurement. */
  groupsExist: boolean
}

/** What one run cost. */
export interface Cost {
  seconds: number
  computeReads: number
  computeWrites: number
  clusterRequests: number
  storeReads: number
  storeWrites: number
  messages: number
}

const host = fileURLToPath(new URL('counting-host.ts', import.meta.url))

/** Runs a case `runs` times in one system, a fresh Ingress each time, after one that warms up; answers the median run. */
export async function converge(one: Case, runs: number): Promise<Cost> {
  const system = await startSystem({
    clusters: one.clusters,
    operationDelayMs: one.operationDelayMs,
    requestDelayMs: one.requestDelayMs,
    tickMs: 60_000,
    host,
  })
  try {
    const services = Array.from({ length: one.services }, (_, index) => `service-${index}`)
    for (const { server } of system.environment.clusters) for (const service of services) await deploy(server, service)
    const secrets = Array.from({ length: one.certificates ?? 0 }, (_, index) => `tls-${index}`)
    for (const name of secrets) await putSecret(system, name, certificateFor([`${name}.example.com`]))
    const manifest = (name: string): string =>
      one.services === 1 ? simpleIngress(name, services[0] ?? '', { secrets }) : pathsIngress(name, services)
    const costs: Cost[] = []
    if (one.groupsExist) await run(system, 'warm', manifest('warm'))
    for (let index = 0; index < runs; index += 1)
      costs.push(await run(system, `web-${index}`, manifest(`web-${index}`)))
    costs.sort((a, b) => a.seconds - b.seconds)
    const median = costs[Math.floor((costs.length - 1) / 2)]
    if (median === undefined) throw new Error('no run')
    return median
  } finally {
    await system.close()
  }
}

async function run(system: System, name: string, manifest: string): Promise<Cost> {
  const before = await countersOf(system)
  const begun = performance.now()
  await system.publish(manifest)
  while ((await system.phase(`default/${name}`)) !== 'Ready') {
    if (performance.now() - begun > 120_000) throw new Error(describe(await system.report(`default/${name}`)))
    await sleep(10)
  }
  const seconds = (performance.now() - begun) / 1_000
  const after = await countersOf(system)
  // The one that warms up stays, and with it the clusters' instance groups.
  if (name !== 'warm') {
    await system.publish('', { action: 'delete', namespace: 'default', name })
    await system.until(`default/${name}`, 'gone', (report) => report === undefined, 120_000)
  }
  return {
    seconds,
    ...(Object.fromEntries(
      Object.entries(after).map(([key, value]) => [key, value - before[key as keyof typeof before]]),
    ) as unknown as Omit<Cost, 'seconds'>),
  }
}

async function countersOf(system: System): Promise<Omit<Cost, 'seconds'>> {
  const compute = system.environment.compute.counters()
  const clusters = system.environment.clusters.map(({ cluster }) => cluster.counters)
  const store = await system.storeCounts()
  return {
    computeReads: compute.reads + compute.lists + compute.operationReads,
    computeWrites: compute.writes,
    clusterRequests: clusters.reduce((sum, one) => sum + one.reads + one.writes, 0),
    storeReads: store?.reads ?? 0,
    storeWrites: store?.writes ?? 0,
    messages: system.environment.pubsub.counts()?.published ?? 0,
  }
}
