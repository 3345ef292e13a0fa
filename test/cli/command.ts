import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** How one command line ended. */
export interface Ran {
  code: number | null
  stdout: string
  stderr: string
}

/** A working directory of its own, and commands run in it as a person would. */
export interface Folder {
  path: string
  /** Writes a file there and answers its name. */
  write(name: string, text: string): string
  mci(args: readonly string[], options?: { stdin?: string; env?: Record<string, string> }): Promise<Ran>
  remove(): void
}

/** Makes an empty folder; `examples` in it are the project's. */
export function makeFolder(): Folder {
  const path = mkdtempSync(join(tmpdir(), 'mci-test-'))
  symlinkSync(join(root, 'examples'), join(path, 'examples'))
  return {
    path,
    write(name, text) {
      writeFileSync(join(path, name), text)
      return name
    },
    mci: (args, options = {}) => run(path, [join(root, 'cli', 'mci.mjs'), ...args], options),
    remove: () => rmSync(path, { recursive: true, force: true }),
  }
}

function run(
  cwd: string,
  args: readonly string[],
  { stdin = '', env = {} }: { stdin?: string; env?: Record<string, string> },
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd, env: { ...cleanEnvironment(), ...env } })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
    child.stdin.on('error', () => undefined)
    child.stdin.end(stdin)
  })
}

/** What this machine says about projects, tokens and emulators is none of the tests' business. */
function cleanEnvironment(): Record<string, string> {
  const { PATH = '', HOME = '', NODE_COMPILE_CACHE } = process.env
  return { PATH, HOME, ...(NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE }) }
}

/** A playground that runs in a folder, without an Ingress. */
export interface Playground extends Folder {
  /** The members of .mci/playground.json. */
  dashboard: string
  pubsub: string
  pubsubRest: string
  firestore: string | null
  compute: string
  clusters: { name: string; server: string }[]
  stop(): Promise<void>
}

/** Starts the playground as `npm start` does, fast, and waits until its clusters are registered. */
export async function startPlayground(...options: string[]): Promise<Playground> {
  const folder = makeFolder()
  const entry = join(root, 'playground', 'start.ts')
  const fast = ['--empty', '--operation-delay', '20', '--request-delay', '0', '--health-scale', '50']
  const child = spawn(process.execPath, [entry, ...fast, ...options], { cwd: folder.path, env: cleanEnvironment() })
  const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()))
  await new Promise<void>((resolve, reject) => {
    let said = ''
    const hear = (chunk: Buffer): void => {
      said += chunk.toString()
      if (said.includes('Ctrl-C ends everything')) resolve()
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    void ended.then(() => reject(new Error(`the playground ended before it was ready:\n${said}`)))
  })
  const facts = (await import(join(folder.path, '.mci', 'playground.json'), { with: { type: 'json' } })) as {
    default: Pick<Playground, 'dashboard' | 'pubsub' | 'pubsubRest' | 'firestore' | 'compute' | 'clusters'>
  }
  return {
    ...folder,
    ...facts.default,
    async stop() {
      child.kill('SIGTERM')
      await ended
      folder.remove()
    },
  }
}

/** Output without what differs from run to run: times, local ports and colours never appear in pipes. */
export function normal(text: string): string {
  return text
    .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT')
    .replace(/ +\d+\.\d s/g, ' T s')
    .replace(/k8s-ig--[0-9a-f]+/g, 'k8s-ig--HASH')
    .replace(/message \d+/g, 'message ID')
}

/** GET as JSON. */
export async function getJson(url: string): Promise<unknown> {
  const answer = await fetch(url)
  return answer.json()
}
