import { cpus, totalmem } from 'node:os'
import { converge, type Case } from './converge.ts'
import { printTickAtScale } from './tick-rows.ts'

/** `npm run bench`: what docs/bench.md shows. Ratios and counts first; times are of this machine. */
const cases: Case[] = [
  {
    name: '1 service, 2 clusters, 1 s operations, 50 ms requests',
    services: 1,
    clusters: 2,
    operationDelayMs: 1_000,
    requestDelayMs: 50,
    target: 6.5,
    groupsExist: true,
  },
  {
    name: '20 services, 8 clusters, 1 s operations, 50 ms requests',
    services: 20,
    clusters: 8,
    operationDelayMs: 1_000,
    requestDelayMs: 50,
    target: 7,
    groupsExist: true,
  },
  {
    name: '1 service, 2 clusters, first Ingress of its clusters',
    services: 1,
    clusters: 2,
    operationDelayMs: 1_000,
    requestDelayMs: 50,
    target: 10,
    groupsExist: false,
  },
  {
    name: '1 service, 2 clusters, no delays',
    services: 1,
    clusters: 2,
    operationDelayMs: 0,
    requestDelayMs: 0,
    target: 0.4,
    groupsExist: true,
  },
]

/** The longest chain is five operations and, for each, a look, a mutation and a wait. */
const chainSeconds = (one: Case): number => (5 * one.operationDelayMs + 15 * one.requestDelayMs) / 1_000

console.log(
  `${cpus().length} x ${cpus()[0]?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}\n`,
)
console.log(
  '| from publish to Ready | target | measured | longest chain | Compute reads | writes | cluster requests | Store reads | writes | messages |',
)
console.log('|---|---|---|---|---|---|---|---|---|---|')
let missed = 0
for (const one of cases) {
  const cost = await converge(one, one.groupsExist ? 3 : 1)
  const chain = chainSeconds(one)
  if (cost.seconds > one.target) missed += 1
  const ratio = chain === 0 ? '' : ` (${(cost.seconds / chain).toFixed(2)} x)`
  console.log(
    `| ${one.name} | ${one.target} s | ${cost.seconds.toFixed(2)} s${cost.seconds > one.target ? ' **missed**' : ''} | ${chain.toFixed(2)} s${ratio} | ${cost.computeReads} | ${cost.computeWrites} | ${cost.clusterRequests} | ${cost.storeReads} | ${cost.storeWrites} | ${cost.messages} |`,
  )
}
missed += await printTickAtScale()
process.exitCode = missed === 0 ? 0 : 1
