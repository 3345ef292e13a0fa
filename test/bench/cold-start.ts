import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startFirestoreEmulator } from '../../playground/emulators.ts'
import { deployments } from '../../functions/deployment.ts'
import { installBundle } from '../support/bundle.ts'
import { emulatorsFor } from '../support/emulators.ts'
import { deploy, simpleIngress } from '../support/manifests.ts'
import { startSystem, type System } from '../support/system.ts'

/** From the start of a process to the answer of its first event, a Store write included. */
export interface ColdStart {
  /** The function, or `(empty functions-framework)`. */
  name: string
  /** Median of the runs. */
  milliseconds: number
  /** Processor time of that run in milliseconds: says what it costs also on a busy machine; null as below. */
  processor: number | null
  /** Highest resident memory of the median run; null where the system does not tell (only Linux does). */
  megabytes: number | null
  /** What it may take. */
  allowed: { milliseconds: number; megabytes: number } | null
}

/** Functions that talk to clusters are allowed more. */
const allowances = {
  clusters: { milliseconds: 650, megabytes: 192 },
  others: { milliseconds: 500, megabytes: 160 },
} as const

const talksToClusters: ReadonlySet<string> = new Set(['watcher', 'backends', 'clusters', 'certificates'])

const project = 'playground'
const ingress = 'default/web'

/**
 * Starts every function from the bundle as Cloud Functions does (the functions-framework command, one target a process), on
 * the official Firestore emulator, beside a load balancer that is at rest, and sends it one event. The first row is
 * functions-framework with a function that does nothing. Null without the emulator.
 */
export async function coldStarts(runs: number): Promise<ColdStart[] | null> {
  const programs = await emulatorsFor('cold starts')
  if (programs === null) return null
  const folder = mkdtempSync(join(tmpdir(), 'mci-cold-start-'))
  const firestore = await startFirestoreEmulator(programs)
  let system: System | undefined
  try {
    const bundle = await installBundle(join(folder, 'bundle'))
    const state = { MCI_STATE: 'firestore', FIRESTORE_EMULATOR_HOST: firestore.host }
    system = await startSystem({
      clusters: 1,
      tickMs: 600_000,
      host: bundle.host,
      env: { ...state, MCI_BUNDLE: bundle.folder },
    })
    for (const { server } of system.environment.clusters) await deploy(server, 'web')
    await system.publish(simpleIngress('web', 'web'))
    const report = await system.until(ingress, 'Ready', (seen) => seen?.phase === 'Ready', 120_000)
    const env = {
      ...state,
      GOOGLE_CLOUD_PROJECT: project,
      PUBSUB_EMULATOR_HOST: system.environment.pubsub.grpc,
      COMPUTE_API_ENDPOINT: system.environment.compute.url,
      MCI_LOG_LEVEL: 'error',
      // As the platform sets it.
      NODE_ENV: 'production',
    }
    const empty = join(folder, 'empty.cjs')
    writeFileSync(empty, 'exports.empty = (request, response) => response.status(204).end()\n')
    const rows: ColdStart[] = [
      { name: emptyFramework, ...(await measure(runs, unbundled, 'empty', empty, env, {})), allowed: null },
    ]
    for (const { name, identity } of deployments) {
      const body = eventFor(name, report?.resources ?? [], system.environment.clusters[0]?.name ?? '')
      if (body === undefined) continue
      const measured = await measure(runs, bundle.framework, name, bundle.folder, env, body)
      rows.push({ name, ...measured, allowed: allowances[talksToClusters.has(identity) ? 'clusters' : 'others'] })
      // What the event set going is the others' work, and must not take the processor from the next to be measured.
      await system.until(ingress, 'Ready again', (seen) => seen?.phase === 'Ready', 120_000)
    }
    return rows
  } finally {
    await system?.close()
    await firestore.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The name of the row that the others are compared with. */
export const emptyFramework = '(empty functions-framework)'

const unbundled = fileURLToPath(
  new URL('../../node_modules/@google-cloud/functions-framework/build/src/main.js', import.meta.url),
)

/** What each function gets: something that it has work with. Undefined: nothing of this kind is in the load balancer. */
function eventFor(
  name: string,
  resources: readonly { id: string; kind: string }[],
  cluster: string,
): object | undefined {
  const message = (data: unknown, attributes: Record<string, string> = {}): object => ({
    subscription: `projects/${project}/subscriptions/${name}`,
    message: {
      data: Buffer.from(typeof data === 'string' ? data : JSON.stringify(data)).toString('base64'),
      attributes,
      messageId: `${name}-cold`,
      publishTime: new Date().toISOString(),
    },
  })
  switch (name) {
    case 'ingress-spec':
      return message(simpleIngress('web', 'web', { annotations: { note: 'changed' } }))
    case 'plan':
      return message({ ingress })
    case 'cluster-change':
      return message({ cluster })
    case 'scheduler-tick':
      return message('{}')
    case 'dead-letter':
      return message('a message in vain')
    case 'status':
      return {}
    default: {
      const id = resources.find(({ kind }) => `reconcile-${kind}` === name)?.id
      return id === undefined ? undefined : message({ id })
    }
  }
}

async function measure(
  runs: number,
  framework: string,
  target: string,
  source: string,
  env: Readonly<Record<string, string>>,
  body: object,
): Promise<{ milliseconds: number; processor: number | null; megabytes: number | null }> {
  const all = []
  for (let run = 0; run < runs; run += 1) all.push(await start(framework, target, source, env, body))
  all.sort((a, b) => a.milliseconds - b.milliseconds)
  const median = all[Math.floor((all.length - 1) / 2)]
  if (median === undefined) throw new Error('no run')
  return median
}

async function start(
  framework: string,
  target: string,
  source: string,
  env: Readonly<Record<string, string>>,
  body: object,
): Promise<{ milliseconds: number; processor: number | null; megabytes: number | null }> {
  const port = await freePort()
  const args = [framework, `--target=${target}`, `--source=${source}`, `--port=${port}`]
  const begun = performance.now()
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  try {
    const status = await answered(`http://127.0.0.1:${port}/`, target, body)
    const milliseconds = performance.now() - begun
    if (status >= 300) throw new Error(`${target} answered ${status}`)
    return { milliseconds, ...usage(child.pid ?? 0) }
  } finally {
    child.kill('SIGTERM')
    if (child.exitCode === null) await once(child, 'exit')
  }
}

/** Knocks until the function listens; a request that was sent is never sent again. */
async function answered(url: string, target: string, body: object): Promise<number> {
  const [address, options]: [string, RequestInit] =
    target === 'status'
      ? [`${url}api/ingresses/${ingress}`, {}]
      : [url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }]
  const until = performance.now() + 30_000
  while (performance.now() < until) {
    try {
      return (await fetch(address, options)).status
    } catch (error) {
      if (!(error instanceof TypeError)) throw error
    }
    await sleep(2)
  }
  throw new Error(`${target} did not listen within 30 s`)
}

/** Processor time and highest resident memory of a process, as Linux tells them; clock ticks are hundredths of a second there. */
function usage(pid: number): { processor: number | null; megabytes: number | null } {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return {
      processor: (Number(fields[11]) + Number(fields[12])) * 10,
      megabytes: peak === undefined ? null : Math.round((Number(peak) * 1024) / 1_000_000),
    }
  } catch {
    return { processor: null, megabytes: null }
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => {
        resolve(port)
      })
    })
  })
}

/** Prints the table; answers how many functions missed what is allowed. */
export async function printColdStarts(runs: number, print: (line: string) => void = console.log): Promise<number> {
  const rows = await coldStarts(runs)
  if (rows === null) return 0
  const base = rows.find(({ name }) => name === emptyFramework)?.milliseconds ?? 1
  print('| from process start to first answer | allowed | measured | ratio to empty | processor | memory |')
  print('|---|---|---|---|---|---|')
  let missed = 0
  for (const { name, milliseconds, processor, megabytes, allowed } of rows) {
    const over = allowed !== null && (milliseconds > allowed.milliseconds || (megabytes ?? 0) > allowed.megabytes)
    if (over) missed += 1
    const limit = allowed === null ? '' : `${allowed.milliseconds} ms, ${allowed.megabytes} MB`
    print(
      `| ${name} | ${limit} | ${Math.round(milliseconds)} ms${over ? ' **missed**' : ''} | ${(milliseconds / base).toFixed(1)} x | ${processor ?? '?'} ms | ${megabytes ?? '?'} MB |`,
    )
  }
  return missed
}
