import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The process that hosts the functions, reached over HTTP only. */
export interface FunctionsProcess {
  /** Port of each function; `status` is the HTTP one. */
  ports: Record<string, number>
  /** Resolves when it ends by itself, with what it printed last. */
  ended: Promise<string>
  stop(): Promise<void>
  /** Ends it at once, in the middle of whatever it does. */
  kill(): Promise<void>
}

const localHost = join(dirname(dirname(fileURLToPath(import.meta.url))), 'functions', 'local.ts')

/** Starts functions/local.ts, or another program that hosts them and says so in the same way, by functions-framework, with the endpoints of the playground in its environment. */
export async function startFunctions(
  env: Readonly<Record<string, string>>,
  logFile: number | 'ignore',
  entry: string = localHost,
): Promise<FunctionsProcess> {
  const child = spawn(process.execPath, [entry], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  const tail: string[] = []
  const ended = new Promise<string>((resolve) => child.on('exit', () => resolve(tail.join('\n'))))
  const ports = await new Promise<Record<string, number>>((resolve, reject) => {
    const keep = (line: string): void => {
      if (line.startsWith('listening ')) resolve(JSON.parse(line.slice('listening '.length)) as Record<string, number>)
      else {
        tail.push(line)
        if (tail.length > 50) tail.shift()
        if (logFile !== 'ignore') writeSync(logFile, `${line}\n`)
      }
    }
    createInterface({ input: child.stdout }).on('line', keep)
    createInterface({ input: child.stderr }).on('line', keep)
    void ended.then((last) => reject(new Error(`the functions ended before they listened:\n${last}`)))
  })
  return {
    ports,
    ended,
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
