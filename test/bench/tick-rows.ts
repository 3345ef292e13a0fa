import { tickAtScale, type TickCost } from './tick-at-scale.ts'

/** What a tick at scale may cost. */
const most = { seconds: 30, megabytes: 512, computeLists: 80 } as const

/** Prints the rows of the tick at scale; answers how many targets were missed. */
export async function printTickAtScale(): Promise<number> {
  const { loadBalancers, resources, clusters, setUp, first, atRest, withDrifts, drifts, repaired, complaints } =
    await tickAtScale()
  console.log(
    `\n${loadBalancers} load balancers, ${resources} resources, ${clusters} clusters (put there in ${setUp.toFixed(0)} s); one process does all of a tick. Targets, but for the first: under ${most.seconds} s and ${most.megabytes} MB, at most ${most.computeLists} Compute lists, at rest no write\n`,
  )
  console.log(
    '| tick | measured | processor time | memory, at most | Compute lists | reads | writes | cluster reads | writes | Store reads | writes | messages |',
  )
  console.log('|---|---|---|---|---|---|---|---|---|---|---|---|')
  console.log(row('the first, which takes the inventory', first))
  console.log(row('at rest', atRest))
  console.log(row(`with ${drifts.length} drifts`, withDrifts))
  const exactly = JSON.stringify(drifts) === JSON.stringify(repaired)
  const misses = [
    ...[atRest, withDrifts].flatMap((cost) =>
      Object.entries(most).flatMap(([what, limit]) => (cost[what as keyof typeof most] > limit ? [what] : [])),
    ),
    ...(atRest.computeWrites + atRest.clusterWrites + atRest.storeWrites > 0 ? ['writes at rest'] : []),
    ...(exactly ? [] : [`repaired ${repaired.join(', ')}`]),
    ...complaints.slice(0, 5).map((complaint) => complaint.slice(0, 300)),
  ]
  console.log(`\nRepaired: ${exactly ? `exactly the ${drifts.length}` : 'not exactly what had drifted'}.`)
  if (misses.length > 0) console.log(`**missed**: ${misses.join('; ')}`)
  return misses.length
}

function row(name: string, cost: TickCost): string {
  return `| ${name} | ${cost.seconds.toFixed(1)} s | ${cost.processorSeconds.toFixed(1)} s | ${cost.megabytes} MB | ${cost.computeLists} | ${cost.computeReads} | ${cost.computeWrites} | ${cost.clusterReads} | ${cost.clusterWrites} | ${cost.storeReads} | ${cost.storeWrites} | ${cost.messages} |`
}
