import { z } from 'zod'
import type { ComputeCaller } from './compute-caller.ts'
import { readList } from './compute-list.ts'
import { CloudError, type Compute, type ComputeCollection, type ComputeCollections } from './compute-port.ts'
import { tidy } from './compute-values.ts'
import { parseJson } from '../json.ts'

/** How to reach the Compute API for reading. */
export interface ComputeReaderOptions {
  /** URL of another server than Google's, for example a simulator's; it gets no token. */
  endpoint?: string
  accessToken: () => Promise<string>
  /** Bound of one API call in milliseconds. */
  timeoutMs: number
}

const google = 'https://compute.googleapis.com'

/** A page of 500 resources is some MB; more than this is not the Compute API. */
const maxBytes = 64 * 1024 * 1024

const failure = z.object({
  error: z.object({ message: z.string(), errors: z.array(z.object({ reason: z.string().default('') })).default([]) }),
})

/**
 * Lists of Compute resources over plain REST, for programs that a person waits for: the vendor's client takes the better
 * part of a second to load before it asks anything, and here nothing is asked but lists. What comes out is the same as
 * from compute.ts.
 */
export function createComputeReader({
  endpoint = google,
  accessToken,
  timeoutMs,
}: ComputeReaderOptions): Pick<Compute, 'list'> {
  const call: ComputeCaller = async ({ what, source, method, request }) => {
    const { project, zone, ...query } = request as { project: string; zone?: string } & Record<string, unknown>
    const scope = method === 'aggregatedList' ? 'aggregated' : zone === undefined ? 'global' : `zones/${zone}`
    const url = new URL(`${endpoint.replace(/\/+$/, '')}/compute/v1/projects/${project}/${scope}/${source.name}`)
    for (const [key, value] of Object.entries(query)) url.searchParams.set(key, String(value))
    const headers: Record<string, string> =
      endpoint === google ? { authorization: `Bearer ${await accessToken()}` } : {}
    const answer = await ask(what, url, headers, timeoutMs)
    return [(answer as { items?: unknown }).items ?? (method === 'aggregatedList' ? {} : []), undefined, answer]
  }
  return {
    async list<C extends ComputeCollection>(
      collection: C,
      project: string,
      { zone, filter }: { zone?: string; filter?: string } = {},
    ) {
      const place = { ...(zone === undefined ? {} : { zone }), ...(filter === undefined ? {} : { filter }) }
      const found = await readList(call, { collection, project, ...place })
      return found.map(tidy) as ComputeCollections[C][]
    },
  }
}

async function ask(what: string, url: URL, headers: Record<string, string>, timeoutMs: number): Promise<object> {
  const { status, text } = await read(what, url, headers, timeoutMs)
  const value = parseJson(text)
  const said = failure.safeParse(value)
  if (said.success)
    throw new CloudError(
      status,
      said.data.error.errors[0]?.reason ?? '',
      `${what}: ${said.data.error.message.slice(0, 1_000)}`,
    )
  if (status === 200 && typeof value === 'object' && value !== null) return value
  throw new CloudError(
    status === 200 || status === 404 ? 502 : status,
    'unexpectedAnswer',
    `${what}: HTTP ${status} without JSON`,
  )
}

async function read(
  what: string,
  url: URL,
  headers: Record<string, string>,
  timeoutMs: number,
): Promise<{ status: number; text: string }> {
  try {
    // A redirect could lead the token anywhere.
    const answer = await fetch(url, { headers, redirect: 'error', signal: AbortSignal.timeout(timeoutMs) })
    const chunks: Uint8Array[] = []
    let bytes = 0
    for await (const chunk of (answer.body ?? []) as AsyncIterable<Uint8Array>) {
      bytes += chunk.length
      if (bytes > maxBytes)
        throw new CloudError(502, 'tooLarge', `${what}: the answer is larger than ${maxBytes} bytes`)
      chunks.push(chunk)
    }
    return { status: answer.status, text: Buffer.concat(chunks).toString('utf8') }
  } catch (error) {
    if (error instanceof CloudError) throw error
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    throw new CloudError(
      0,
      'unavailable',
      `${what}: no answer: ${cause instanceof Error ? cause.message : String(cause)}`,
    )
  }
}
