import { z } from 'zod'
import { CloudError } from '../shared/cloud/compute-port.ts'
import type { Credentials } from '../shared/cloud/credentials.ts'
import { Failure, Unanswered } from './exit-codes.ts'
import { parseJson } from '../shared/json.ts'
import { isPassing } from '../shared/state/firestore-faults.ts'
import type { Target } from './target.ts'

/** Reads the status API, wherever it is computed. */
export interface StatusReader {
  /** The answer to `GET path`, checked; undefined when there is no such thing. Throws Unanswered or Failure. */
  get<T>(path: string, shape: z.ZodType<T>): Promise<T | undefined>
  /** How long to wait between two looks at the same thing; milliseconds. Firestore counts every document read. */
  pace: number
  close(): Promise<void>
}

const timeoutMs = 15_000

/** Far above a status with thousands of resources. */
const maxBytes = 64 * 1024 * 1024

const refusal = z.object({ error: z.object({ message: z.string() }) })

/** Over HTTP when the target has a status API, else computed here from Firestore, by the same code. */
export function createStatusReader(target: Target, identity: () => Promise<Credentials>): StatusReader {
  return target.statusUrl === undefined ? overFirestore(target, identity) : overHttp(target, target.statusUrl, identity)
}

function overHttp(target: Target, base: string, identity: () => Promise<Credentials>): StatusReader {
  // A private function wants an identity token; only https hides one from others.
  const secure = base.startsWith('https:')
  const next =
    target.is === 'playground'
      ? 'Is the playground running? Start it with npm start.'
      : 'Check --status-url (or MCI_STATUS_URL); without it the state is read from Firestore.'

  async function headers(): Promise<Record<string, string>> {
    if (!secure) return {}
    const credentials = await identity()
    try {
      return { authorization: `Bearer ${await credentials.identityToken(base)}` }
    } catch (error) {
      // It may be open to everybody in this network; if it is not, it says so.
      if (error instanceof CloudError) return {}
      throw error
    }
  }

  return {
    async get(path, shape) {
      const { status, text } = await ask(`${base}${path}`, await headers(), next)
      const value = parseJson(text)
      const said = refusal.safeParse(value)
      if (status === 404 && said.success) return undefined
      if (status === 401 || status === 403)
        throw new Failure(
          `the status API at ${base} does not let you in (HTTP ${status})`,
          'Ask for the right to call the status function, or leave --status-url out to read Firestore directly.',
        )
      if (status !== 200) {
        const what = `the status API at ${base} answered HTTP ${status}${said.success ? `: ${said.data.error.message}` : ''}`
        throw mayPass(status) ? new Unanswered(what, next) : new Failure(what, next)
      }
      return checked(value, shape, `${base}${path}`)
    },
    pace: 200,
    close: () => Promise.resolve(),
  }
}

/** A function that starts, has too many questions, or has just lost its store: it is not what was asked that is wrong. */
function mayPass(status: number): boolean {
  return status >= 500 || status === 429 || status === 408
}

async function ask(
  url: string,
  headers: Record<string, string>,
  next: string,
): Promise<{ status: number; text: string }> {
  try {
    // A redirect could lead the token anywhere.
    const answer = await fetch(url, { headers, redirect: 'error', signal: AbortSignal.timeout(timeoutMs) })
    const chunks: Uint8Array[] = []
    let bytes = 0
    for await (const chunk of (answer.body ?? []) as AsyncIterable<Uint8Array>) {
      bytes += chunk.length
      if (bytes > maxBytes) throw new Error(`the answer is larger than ${maxBytes / 1024 / 1024} MiB`)
      chunks.push(chunk)
    }
    return { status: answer.status, text: Buffer.concat(chunks).toString('utf8') }
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new Unanswered(`the status API does not answer at ${url}: ${why}`, next)
  }
}

function overFirestore(target: Target, identity: () => Promise<Credentials>): StatusReader {
  const opened = (async () => {
    const [{ createFirestoreStore }, { answer }] = await Promise.all([
      import('../shared/state/firestore.ts'),
      import('../functions/status.ts'),
    ])
    const store = createFirestoreStore({
      projectId: target.project,
      databaseId: target.firestoreDatabase,
      auth: async () => (await identity()).authClient(),
      ...(target.firestoreHost === undefined ? {} : { host: target.firestoreHost }),
    })
    const clock = { now: () => Date.now(), sleep: () => Promise.reject(new Error('reading never waits')) }
    return { store, read: (path: string) => answer({ store, project: target.project, clock }, 'GET', path) }
  })()
  // Nothing may be asked for at all; then nobody waits for this.
  opened.catch(() => undefined)
  return {
    async get(path, shape) {
      try {
        const { status, body } = await (await opened).read(path)
        return status === 404 ? undefined : checked(body, shape, path)
      } catch (error) {
        if (error instanceof Failure) throw error
        const what = `the state in Firestore of ${target.describe} cannot be read: ${error instanceof Error ? error.message : String(error)}`
        const next = 'Sign in (gcloud auth application-default login), or give the status API with --status-url.'
        throw isPassing(error) ? new Unanswered(what, next) : new Failure(what, next)
      }
    },
    pace: 1_000,
    async close() {
      await (await opened).store.close()
    },
  }
}

function checked<T>(value: unknown, shape: z.ZodType<T>, where: string): T {
  const parsed = shape.safeParse(value)
  if (parsed.success) return parsed.data
  throw new Failure(
    `${where} is not the answer of a status API that this mci knows: ${parsed.error.issues
      .slice(0, 3)
      .map((issue) => `${issue.path.join('.')}: ${issue.message}`)
      .join('; ')}`,
    'Use the mci of the same version as the deployment.',
  )
}
