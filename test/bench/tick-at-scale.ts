import { fork, type ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { serveCompute } from '../../playground/compute/index.ts'
import { serveCluster } from '../../playground/kubernetes/index.ts'
import { seededRandom } from '../../playground/world.ts'
import { kinds } from '../../functions/reconcile/index.ts'
import { project, smallWorld, type SmallWorld } from '../drift/small-world.ts'
import { application } from '../support/manifests.ts'
import { putConverged } from './converged.ts'
import { serveStore } from './remote-store.ts'
import type { Tick, Ticked } from './tick-process.ts'

/** What one tick at scale cost. */
export interface TickCost {
  seconds: number
  /** Of the functions alone, without the simulated cloud and the Store. */
  processorSeconds: number
  computeLists: number
  computeReads: number
  computeWrites: number
  clusterReads: number
  clusterWrites: number
  storeReads: number
  storeWrites: number
  messages: number
  /** The most resident memory that the process of the functions held so far. */
  megabytes: number
}

/** The whole scenario: the first tick takes the inventory, the second finds nothing, the third repairs the drifts, and only them. */
export interface TickAtScale {
  loadBalancers: number
  resources: number
  clusters: number
  /** Seconds until the world was as it is after everything has converged. */
  setUp: number
  first: TickCost
  atRest: TickCost
  drifts: string[]
  repaired: string[]
  withDrifts: TickCost
  complaints: string[]
}

/** The size that the target is for. */
export const atScale = { loadBalancers: 1_000, services: 10, clusters: 20, clustersEach: 2, drifts: 10 } as const

/** As much as V8 takes for old objects in a container of 512 MiB: half of it. */
const heapMegabytes = 256

/** Measures whole ticks with all that follows from them, each by one process that has nothing else in its memory. */
export async function tickAtScale(size: { [Key in keyof typeof atScale]: number } = atScale): Promise<TickAtScale> {
  const begun = performance.now()
  const names = Array.from({ length: size.clusters }, (_, index) => `cluster-${String(index).padStart(2, '0')}`)
  const world = await smallWorld(Object.fromEntries(names.map((name) => [name, ['us-central1-a']])), 0)
  const closers: (() => Promise<void> | void)[] = [() => world.close()]
  try {
    await fill(world, names, size)
    const setUp = (performance.now() - begun) / 1_000
    const child = await serve(world, closers)
    const resources = kinds
      .flatMap((kind) => kind.collections ?? [])
      .filter((collection) => !['instanceGroups', 'targetHttpsProxies'].includes(collection))
      .reduce((sum, collection) => sum + world.compute.list(collection, project).length, 0)
    const complaints: string[] = []
    const first = await measure(world, child, complaints)
    const atRest = await measure(world, child, complaints)
    const drifts = await drift(world, size.drifts)
    const repaired: string[] = []
    const stop = world.compute.onChange(({ phase, target }) => {
      if (phase === 'started') repaired.push(target)
    })
    const withDrifts = await measure(world, child, complaints)
    stop()
    return {
      loadBalancers: size.loadBalancers,
      resources,
      clusters: size.clusters,
      setUp,
      first,
      atRest,
      drifts: drifts.sort(),
      repaired: repaired.sort(),
      withDrifts,
      complaints,
    }
  } finally {
    for (const close of closers.reverse()) await close()
  }
}

async function fill(
  world: SmallWorld,
  names: readonly string[],
  size: { [Key in keyof typeof atScale]: number },
): Promise<void> {
  const services = Array.from({ length: size.services }, (_, index) => `service-${index}`)
  for (const name of names)
    for (const service of services)
      await world.request(name, 'POST', '/api/v1/namespaces/default/services', application(service).service)
  await world.clock.advance(5_000)
  for (let index = 0; index < size.loadBalancers; index += 1) {
    const chosen = Array.from(
      { length: size.clustersEach },
      (_, offset) => names[(index + offset) % names.length] ?? '',
    )
    await putConverged(world, `lb-${index}`, services, chosen)
  }
}

/** Serves the world over sockets and starts the process of the functions. */
async function serve(world: SmallWorld, closers: (() => Promise<void> | void)[]): Promise<ChildProcess> {
  const compute = await serveCompute(world.compute, 0)
  closers.push(() => compute.close())
  const servers: string[] = []
  for (const [name, cluster] of world.clusters) {
    const served = await serveCluster(cluster, 0)
    closers.push(() => served.close())
    servers.push(served.url)
    await world.store.transact(async (tx) => {
      const doc = await tx.get('clusters', name)
      if (doc === undefined) throw new Error(`${name} is not registered`)
      tx.set('clusters', name, { ...doc, registration: { ...doc.registration, server: served.url } })
    })
  }
  const child = fork(fileURLToPath(new URL('tick-process.ts', import.meta.url)), {
    execArgv: [`--max-old-space-size=${heapMegabytes}`],
    env: {
      ...process.env,
      GOOGLE_CLOUD_PROJECT: project,
      COMPUTE_API_ENDPOINT: compute.url,
      MCI_LOG_LEVEL: 'silent',
      MCI_CLUSTER_SERVERS: servers.join(','),
    },
    serialization: 'advanced',
  })
  closers.push(() => child.disconnect())
  serveStore(world.store, child)
  return child
}

async function measure(world: SmallWorld, child: ChildProcess, complaints: string[]): Promise<TickCost> {
  const clusters = (...of: ('reads' | 'lists' | 'writes')[]): number =>
    [...world.clusters.values()].reduce((sum, { counters }) => of.reduce((all, one) => all + counters[one], sum), 0)
  await world.clock.advance(60_000)
  const before = {
    ...world.compute.counters(),
    clusterReads: clusters('reads', 'lists'),
    clusterWrites: clusters('writes'),
    store: world.store.counts(),
  }
  const ticked = await tickOnce(world, child)
  complaints.push(...ticked.complaints)
  const after = world.compute.counters()
  const store = world.store.counts()
  return {
    seconds: ticked.seconds,
    processorSeconds: ticked.processorSeconds,
    computeLists: after.lists - before.lists,
    computeReads: after.reads - before.reads,
    computeWrites: after.writes - before.writes,
    clusterReads: clusters('reads', 'lists') - before.clusterReads,
    clusterWrites: clusters('writes') - before.clusterWrites,
    storeReads: store.reads - before.store.reads,
    storeWrites: store.writes + store.deletes - before.store.writes - before.store.deletes,
    messages: ticked.messages,
    megabytes: ticked.megabytes,
  }
}

/** The world's clock stands still but for what is due at once: operations take no time. */
async function tickOnce(world: SmallWorld, child: ChildProcess): Promise<Ticked> {
  let ended: Ticked | undefined
  child.send({ tick: world.clock.now() } satisfies Tick)
  const told = new Promise<void>((resolve, reject) => {
    const hear = (message: object): void => {
      if (!('ticked' in message)) return
      ended = message as Ticked
      child.off('message', hear)
      resolve()
    }
    child.on('message', hear)
    child.once('exit', (code) => reject(new Error(`the process of the functions ended with ${String(code)}`)))
  })
  while (ended === undefined) {
    await world.clock.advance(0)
    await Promise.race([told, sleep(2)])
  }
  return ended
}

/** Deletes forwarding rules and firewall rules and edits health checks, chosen at random. */
async function drift(world: SmallWorld, count: number): Promise<string[]> {
  const random = seededRandom(3)
  const chosen = new Set<string>()
  while (chosen.size < count) {
    const collection =
      (['forwardingRules', 'firewalls', 'healthChecks'] as const)[Math.floor(random() * 3)] ?? 'firewalls'
    const all = world.compute.list(collection, project)
    const path = all[Math.floor(random() * all.length)]?.path ?? ''
    if (chosen.has(path)) continue
    chosen.add(path)
    if (collection === 'healthChecks') await world.compel('PATCH', path, { checkIntervalSec: 77 })
    else await world.compel('DELETE', path)
  }
  return [...chosen]
}
