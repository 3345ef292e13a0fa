import { load, type Loaded } from './load.ts'

/** A quota as the API words it (requests in 100 seconds), of which a tenth may come at once. Ours to assume: projects differ. */
const writes = { perSecond: 20, burst: 200 } as const

/** What a load may cost: requests beside the fewest possible, time beside the quota's own, growth for each Ingress, the neighbour's part. */
const most = { requests: 1.3, time: 1.2, growth: 1.5, neighbour: 1.1 } as const

/** Prints the rows of many Ingresses at once; answers how many targets were missed. */
export async function printLoad(): Promise<number> {
  const misses: string[] = []
  console.log(
    `\nMany Ingresses published at once, one service in two clusters each, on a virtual clock (operations of 1 s, requests of 50 ms); the functions at the concurrency that is deployed, in one process. Writes to Compute: ${writes.perSecond} a second, ${writes.burst} at once. Targets: all Ready, requests at most ${most.requests} x those of ten, of which none is refused, the last Ready after at most ${most.time} x what the quota alone forces, flat for each Ingress\n`,
  )
  console.log(
    '| Ingresses | Ready | the last after | quota alone | requests | refused | ratio | processor time each | memory each |',
  )
  console.log('|---|---|---|---|---|---|---|---|---|')
  const rows: Loaded[] = []
  let fewest: number | undefined
  for (const ingresses of [10, 100, 1_000]) {
    const loaded = await load({ ingresses, writes })
    rows.push(loaded)
    fewest ??= loaded.requests / loaded.ready
    console.log(row(String(ingresses), loaded, fewest))
    if (loaded.ready < ingresses) misses.push(`${ingresses - loaded.ready} of ${ingresses} not Ready`)
    if (loaded.requests > fewest * ingresses * most.requests) misses.push(`requests at ${ingresses}`)
    if (loaded.quotaSeconds > 0 && loaded.seconds > loaded.quotaSeconds * most.time) misses.push(`time at ${ingresses}`)
  }
  const [few, some, many] = rows
  const noisy = await load({ ingresses: 100, writes, noisy: true })
  console.log(row('100 beside one that fails for ever and is edited every second', noisy, fewest ?? 0))
  if (some !== undefined && noisy.seconds > some.seconds * most.neighbour)
    misses.push('a noisy neighbour slows the others')
  if (few !== undefined && many !== undefined) {
    if (many.processorMs > few.processorMs * most.growth) misses.push('processor time for each Ingress grows')
    if (many.kilobytes > few.kilobytes * most.growth) misses.push('memory for each Ingress grows')
  }
  if (misses.length > 0) console.log(`**missed**: ${misses.join('; ')}`)
  return misses.length
}

/** One row; `fewest` = requests that each Ingress takes where nothing is refused. */
function row(name: string, loaded: Loaded, fewest: number): string {
  const { ready, seconds, quotaSeconds, requests, refused, processorMs, kilobytes } = loaded
  return `| ${name} | ${ready} | ${seconds.toFixed(0)} s | ${quotaSeconds.toFixed(0)} s | ${requests} | ${refused} | ${(requests / (fewest * ready)).toFixed(2)} x | ${processorMs.toFixed(0)} ms | ${kilobytes.toFixed(0)} KB |`
}
