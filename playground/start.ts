import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import pc from 'picocolors'
import { parseAllDocuments } from 'yaml'
import { applyFile, startEnvironment, type Environment } from './environment.ts'
import { keepFilesFresh } from './files.ts'
import { startFunctions, type FunctionsProcess } from './functions-process.ts'
import { readOptions, type Options } from './options.ts'
import { publish } from './publish.ts'
import { followStages, read } from './stages.ts'
import { startScheduler } from './wiring.ts'

const project = 'playground'
/** Simulated time is short: a tick every few seconds instead of every minute. */
const tickMs = 5_000
const convergeMs = 120_000

const options = readOptions(process.argv.slice(2))
process.exitCode = await main(options)

async function main(options: Options): Promise<number> {
  const begun = Date.now()
  mkdirSync('.mci', { recursive: true })
  const log = openSync('.mci/functions.log', 'w')
  let offered = options.port
  const nextPort = (): number => (options.port === 0 ? 0 : offered++)
  const dashboardPort = nextPort()
  const environment = await startEnvironment({ project, ...options, nextPort })
  const functions = await startFunctions(
    {
      GOOGLE_CLOUD_PROJECT: project,
      ...(environment.firestore === null
        ? { MCI_STATE: 'memory' }
        : { FIRESTORE_EMULATOR_HOST: environment.firestore }),
      PUBSUB_EMULATOR_HOST: environment.pubsub.grpc,
      COMPUTE_API_ENDPOINT: environment.compute.url,
      STATUS_PORT: String(dashboardPort),
    },
    log,
  )
  await environment.pubsub.wire(project, functions.ports)
  const dashboard = `http://127.0.0.1:${functions.ports['status']}`
  const stopScheduler = startScheduler(environment.pubsub.rest, project, tickMs)
  const files = keepFilesFresh('.mci', environment, dashboard)
  await files.write()
  console.log(
    `${pc.bold('Google Cloud, simulated')} (up in ${seconds(begun)}): ${environment.clusters.length} clusters, Compute, Pub/Sub, ${Object.keys(functions.ports).length} functions`,
  )
  let failed: string | undefined
  try {
    await Promise.race([
      prepare(environment, dashboard),
      functions.ended.then((last) => Promise.reject(new Error(`the functions ended:\n${last}`))),
    ])
    if (!options.empty) failed = await serveExample(options, environment, dashboard)
    await files.write()
    if (failed !== undefined) console.log(pc.red(failed))
    if (!options.once) await serveUntilStopped(environment, dashboard, functions)
  } finally {
    stopScheduler()
    files.stop()
    await functions.stop()
    await environment.close()
    closeSync(log)
  }
  return failed === undefined ? 0 : 1
}

/** The application in every cluster, and the clusters registered. */
async function prepare(environment: Environment, dashboard: string): Promise<void> {
  for (const { name, server } of environment.clusters) {
    await applyFile(server, 'examples/zone-printer/app.yaml')
    await publish(
      environment.pubsub.rest,
      project,
      'cluster-changes',
      JSON.stringify({ cluster: name, register: { server, project } }),
    )
  }
  for (;;) {
    const known = await read<{ clusters: { name: string; version: string | null }[] }>(dashboard, '/api/clusters')
    if (known?.clusters.filter((cluster) => cluster.version !== null).length === environment.clusters.length) return
    await sleep(50)
  }
}

/** The main job: one manifest, published through Pub/Sub, until it serves. Answers what failed. */
async function serveExample(
  options: Options,
  environment: Environment,
  dashboard: string,
): Promise<string | undefined> {
  const text = readFileSync(options.ingress, 'utf8')
  const ids = parseAllDocuments(text).map((document) => idOf(document.toJS()))
  console.log(`\nPublishing ${options.ingress} to topic ingress-specs`)
  const begun = Date.now()
  await publish(environment.pubsub.rest, project, 'ingress-specs', text)
  const failures: string[] = []
  for (const id of ids) {
    const report = await followStages(dashboard, id, convergeMs, console.log)
    await environment.loadBalancers.settled()
    const url = environment.loadBalancers.loadBalancers().find((local) => local.ip === report?.vip)?.url
    if (report?.phase !== 'Ready' || url === undefined) {
      failures.push(
        `${id} is ${report?.phase ?? 'unknown'}: ${
          report?.conditions
            .filter((condition) => condition.status !== 'True')
            .map((condition) => condition.message)
            .join('; ') ?? 'no status'
        }`,
      )
      continue
    }
    console.log(
      `\n${pc.green('Ready')} after ${seconds(begun)}: ${id} at ${pc.bold(report.vip ?? '')} from ${report.clusters.join(', ')}`,
    )
    const answered = await firstAnswer(url)
    if (answered === undefined) failures.push(`${id} is Ready, but ${url} does not answer`)
    else console.log(`${pc.dim('first answer')} after ${seconds(begun)}: ${answered}`)
    console.log(`\n  curl ${url}\n  curl -H 'x-client-region: asia-east1' ${url}`)
  }
  return failures.length === 0 ? undefined : failures.join('\n')
}

/** A load balancer answers once its health checks have seen a pod. */
async function firstAnswer(url: string): Promise<string | undefined> {
  const until = Date.now() + 30_000
  while (Date.now() < until) {
    const answer = await fetch(url)
    const text = await answer.text()
    if (answer.ok) return text.trim().split('\n').join(' ')
    await sleep(100)
  }
  return undefined
}

async function serveUntilStopped(
  environment: Environment,
  dashboard: string,
  functions: FunctionsProcess,
): Promise<void> {
  console.log(
    `\n  export KUBECONFIG=$PWD/.mci/kubeconfig; kubectl --context ${environment.clusters[0]?.name ?? ''} get ingress,svc,nodes,pods`,
  )
  console.log(
    `  CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE=${environment.compute.url}/compute/v1/ CLOUDSDK_AUTH_ACCESS_TOKEN=none CLOUDSDK_CORE_PROJECT=${project} gcloud compute url-maps list`,
  )
  console.log(`  dashboard: ${pc.bold(dashboard)}   status: curl ${dashboard}/api/ingresses`)
  console.log(
    `\n${pc.dim('Endpoints are in .mci/playground.json, the functions log to .mci/functions.log. Ctrl-C ends everything.')}`,
  )
  const stopped = new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve())
    process.once('SIGTERM', () => resolve())
  })
  await Promise.race([
    stopped,
    functions.ended.then((last) => Promise.reject(new Error(`the functions ended:\n${last}`))),
  ])
}

function idOf(object: unknown): string {
  const { metadata } = object as { metadata: { namespace?: string; name: string } }
  return `${metadata.namespace ?? 'default'}/${metadata.name}`
}

function seconds(since: number): string {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`
}
