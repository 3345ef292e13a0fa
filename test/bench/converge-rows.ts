import { converge, type Case, type Cost } from './converge.ts'

/** What a case may take, in seconds; the second sort is measured against the case before it. */
type Limit = { seconds: number } | { operationsMore: number }

const slow = { operationDelayMs: 1_000, requestDelayMs: 50 }

const cases: (Case & { limit: Limit })[] = [
  {
    name: '1 service, 2 clusters, 1 s operations, 50 ms requests',
    ...slow,
    services: 1,
    clusters: 2,
    limit: { seconds: 6.5 },
    groupsExist: true,
  },
  {
    name: 'the same with 10 TLS certificates: one operation more, at most',
    ...slow,
    services: 1,
    clusters: 2,
    certificates: 10,
    limit: { operationsMore: 1 },
    groupsExist: true,
  },
  {
    name: '20 services, 8 clusters, 1 s operations, 50 ms requests',
    ...slow,
    services: 20,
    clusters: 8,
    limit: { seconds: 7 },
    groupsExist: true,
  },
  {
    name: '1 service, 2 clusters, first Ingress of its clusters',
    ...slow,
    services: 1,
    clusters: 2,
    limit: { seconds: 10 },
    groupsExist: false,
  },
  {
    name: '1 service, 2 clusters, no delays',
    services: 1,
    clusters: 2,
    operationDelayMs: 0,
    requestDelayMs: 0,
    limit: { seconds: 0.4 },
    groupsExist: true,
  },
]

/** An operation, with a look before it, the request that starts it and the wait for its end; seconds. */
const operationSeconds = (one: Case): number => (one.operationDelayMs + 3 * one.requestDelayMs) / 1_000

/** The longest chain is five operations. */
const chainSeconds = (one: Case): number => 5 * operationSeconds(one)

/** Prints the rows of convergence; answers how many targets were missed. */
export async function printConvergence(): Promise<number> {
  console.log(
    '| from publish to Ready | target | measured | longest chain | Compute reads | writes | cluster requests | Store reads | writes | messages |',
  )
  console.log('|---|---|---|---|---|---|---|---|---|---|')
  let missed = 0
  let before: Cost | undefined
  for (const one of cases) {
    const cost = await converge(one, one.groupsExist ? 3 : 1)
    const { limit } = one
    const target =
      'seconds' in limit ? limit.seconds : (before?.seconds ?? 0) + limit.operationsMore * operationSeconds(one)
    if (cost.seconds > target) missed += 1
    console.log(row(one, cost, target))
    before = cost
  }
  return missed
}

function row(one: Case, cost: Cost, target: number): string {
  const chain = chainSeconds(one)
  const ratio = chain === 0 ? '' : ` (${(cost.seconds / chain).toFixed(2)} x)`
  return `| ${one.name} | ${Number(target.toFixed(2))} s | ${cost.seconds.toFixed(2)} s${cost.seconds > target ? ' **missed**' : ''} | ${chain.toFixed(2)} s${ratio} | ${cost.computeReads} | ${cost.computeWrites} | ${cost.clusterRequests} | ${cost.storeReads} | ${cost.storeWrites} | ${cost.messages} |`
}
