import type { Clock, WireRequest, WireResponse } from '../world.ts'
import { frozenCopy, isObject, items, number, text, type Json, type JsonObject } from './json.ts'

/** A refusal by Compute, or an operation of it that failed. */
export class GceError extends Error {
  /** HTTP status; of a failed operation, its httpErrorStatusCode. */
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

/** Compute as the software inside a cluster uses it. Paths start after `/compute/v1/projects/PROJECT/`. */
export interface Gce {
  readonly project: string
  get(path: string): Promise<JsonObject | undefined>
  /** A POST that changes nothing and answers with a body, such as listInstances; all pages of its items. */
  listBy(path: string, body: JsonObject): Promise<readonly Json[]>
  /** Starts an operation and waits for its end. Throws GceError when it is refused or fails. */
  change(method: 'POST' | 'DELETE', path: string, body?: JsonObject): Promise<void>
}

const pollMs = 1000
/** Longer than any operation should take; the caller's retry goes on from there. */
const maxPolls = 600
const maxPages = 100

/** Compute of one project through a wire. */
export function createGce(parts: {
  project: string
  clock: Clock
  /** How the software calls itself in the user agent. */
  agent: string
  compute: (request: WireRequest) => Promise<WireResponse>
}): Gce {
  const { project, clock } = parts
  const root = `/compute/v1/projects/${project}/`

  async function call(
    method: string,
    path: string,
    body?: JsonObject,
    query: Readonly<Record<string, string>> = {},
  ): Promise<JsonObject> {
    const headers = {
      'user-agent': parts.agent,
      // How the simulated Compute learns who calls; the real one reads it from the token.
      'x-playground-actor': `${parts.agent}@container-engine-robot.iam.gserviceaccount.com`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    }
    const answer = await parts.compute({ method, path: root + path, query, headers, body })
    const content = frozenCopy(answer.body ?? {})
    if (answer.status >= 400)
      throw new GceError(answer.status, text(content, 'error', 'message') ?? `Compute answered ${answer.status}`)
    if (!isObject(content)) throw new GceError(500, 'Compute answered with something that is no object')
    return content
  }

  async function settle(first: JsonObject): Promise<void> {
    let operation = first
    const name = text(operation, 'name') ?? ''
    const zone = text(operation, 'zone')?.split('/').at(-1)
    const path = `${zone === undefined ? 'global' : `zones/${zone}`}/operations/${name}`
    for (let polls = 0; text(operation, 'status') !== 'DONE'; polls += 1) {
      if (polls >= maxPolls) throw new GceError(504, `operation ${name} did not end in time`)
      if (polls > 0) await new Promise<void>((resolve) => clock.after(pollMs, resolve))
      operation = await call('POST', `${path}/wait`)
    }
    const errors = items(operation, 'error', 'errors')
    if (errors.length > 0)
      throw new GceError(
        number(operation, 'httpErrorStatusCode') ?? 500,
        errors.map((error) => text(error, 'message') ?? '').join('; '),
      )
  }

  return {
    project,
    async get(path) {
      try {
        return await call('GET', path)
      } catch (error) {
        if (error instanceof GceError && error.code === 404) return undefined
        throw error
      }
    },
    async listBy(path, body) {
      const found: Json[] = []
      let token = ''
      for (let pages = 0; pages < maxPages; pages += 1) {
        const answer = await call('POST', path, body, token === '' ? {} : { pageToken: token })
        found.push(...items(answer, 'items'))
        token = text(answer, 'nextPageToken') ?? ''
        if (token === '') return found
      }
      throw new GceError(500, `${path} has more than ${maxPages} pages`)
    },
    async change(method, path, body) {
      await settle(await call(method, path, body))
    },
  }
}

/** The last part of a resource URL. */
export function nameOf(url: Json | undefined): string {
  return typeof url === 'string' ? (url.split('/').at(-1) ?? '') : ''
}

/** The URL under which Compute shows a resource of a project. */
export function urlOf(project: string, path: string): string {
  return `https://www.googleapis.com/compute/v1/projects/${project}/${path}`
}

/** True for a failure that says the thing is gone already. */
export function isAbsent(error: unknown): boolean {
  return error instanceof GceError && error.code === 404
}
