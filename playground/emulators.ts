import { spawn, execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** The official emulators that the gcloud SDK installs, as programs. */
export interface EmulatorPrograms {
  firestore: string
  pubsub: string
}

/** A running emulator. */
export interface Emulator {
  /** `host:port`, as FIRESTORE_EMULATOR_HOST and PUBSUB_EMULATOR_HOST take it. */
  host: string
  /** Ends its whole process group; resolves when it is gone. */
  stop(): Promise<void>
}

/** How long an emulator may take until it answers; measured: 1 to 3 s. */
const readyWithinMs = 60_000

const run = promisify(execFile)

/** Finds the emulators of the gcloud SDK and Java; or says what is missing. */
export async function findEmulators(): Promise<EmulatorPrograms | { missing: string }> {
  const options = { timeout: 30_000 }
  const sdk = await run('gcloud', ['info', '--format=value(installation.sdk_root)'], options).then(
    ({ stdout }) => stdout.trim(),
    () => '',
  )
  if (sdk === '') return { missing: 'the gcloud SDK (the command gcloud does not answer)' }
  const java = await run('java', ['-version'], options).then(
    () => true,
    () => false,
  )
  if (!java) return { missing: 'Java (the command java does not answer)' }
  const firestore = join(sdk, 'platform/cloud-firestore-emulator/cloud_firestore_emulator')
  const pubsub = join(sdk, 'platform/pubsub-emulator/bin/cloud-pubsub-emulator')
  if (!existsSync(firestore))
    return { missing: 'the Firestore emulator (gcloud components install cloud-firestore-emulator)' }
  if (!existsSync(pubsub)) return { missing: 'the Pub/Sub emulator (gcloud components install pubsub-emulator)' }
  return { firestore, pubsub }
}

/** Starts the Firestore emulator on a free port; resolves when it answers. */
export async function startFirestoreEmulator(programs: EmulatorPrograms): Promise<Emulator> {
  return start('Firestore', programs.firestore, ['start'])
}

/** Starts the Pub/Sub emulator on a free port; resolves when it answers. */
export async function startPubsubEmulator(programs: EmulatorPrograms): Promise<Emulator> {
  return start('Pub/Sub', programs.pubsub, [])
}

/**
 * For programs that live for minutes: the second compiler and the parallel collector cost more of two cores than they give. Measured: 15 s of CPU
 * instead of 37. Whoever knows better says so in the environment.
 */
const javaOptions = '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC'

/**
 * The emulator runs in a process group of its own, led by a shell that ends the group when the emulator ends, or when the
 * pipe that this process holds is closed: so nothing is left running, however this process dies.
 */
const guardian = `(read -r _ <&3; kill -KILL 0) & "$@" 3<&-; kill -KILL 0`

async function start(name: string, program: string, args: readonly string[]): Promise<Emulator> {
  const port = await freePort()
  const host = `127.0.0.1:${port}`
  const child = spawn('/bin/sh', ['-c', guardian, 'sh', program, ...args, '--host=127.0.0.1', `--port=${port}`], {
    detached: true,
    env: { JAVA_TOOL_OPTIONS: javaOptions, ...process.env },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-2_000)))
  }
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', (error) => {
      said += error.message
      resolve()
    })
  })
  const stop = async (): Promise<void> => {
    ;(child.stdio[3] as { destroy(): void } | null)?.destroy()
    await gone
  }

  const abort = new AbortController()
  const ended = gone.then(() => 'ended' as const)
  const ready = answers(`http://${host}/`, abort.signal)
  const outcome = await Promise.race([ready, ended])
  abort.abort()
  if (outcome === 'ready') return { host, stop }
  await stop()
  throw new Error(`The ${name} emulator did not start (${outcome}). It said last:\n${said}`)
}

/** Asks until there is an answer of any kind. */
async function answers(url: string, signal: AbortSignal): Promise<'ready' | 'no answer'> {
  for (let waited = 0; waited < readyWithinMs && !signal.aborted; waited += 100) {
    try {
      await (await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(2_000)]) })).arrayBuffer()
      return 'ready'
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  return 'no answer'
}

/** A port that was free a moment ago. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
