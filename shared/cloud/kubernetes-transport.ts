import { lookup } from 'node:dns'
import type { Agent, IncomingMessage } from 'node:http'
import type { LookupFunction } from 'node:net'
import { isForbidden } from './cluster-servers.ts'
import { CloudError } from './compute-port.ts'

/** One request to a Kubernetes API server. */
export interface KubernetesRequest {
  method: string
  url: string
  headers: Readonly<Record<string, string>>
  body?: string
}

/** Its answer, read to the end. */
export interface KubernetesAnswer {
  status: number
  text: string
}

/** Sends one request; throws CloudError 0 without an answer, 502 when the answer is too large. */
export type KubernetesTransport = (request: KubernetesRequest) => Promise<KubernetesAnswer>

/** A page of 500 nodes with their lists of images is some 10 MB; more than this is not an API server. */
const maxBytes = 64 * 1024 * 1024

/**
 * Our own transport under the vendor's requests, because the vendor's makes a new connection pool for every request of a
 * cluster with a CA, follows redirects (a registered server could lead us anywhere) and reads answers of any size.
 */
export async function createTransport(
  secure: boolean,
  ca: string | undefined,
  timeoutMs: number,
): Promise<KubernetesTransport> {
  const library = secure ? await import('node:https') : await import('node:http')
  const trust = ca === undefined ? {} : { ca }
  const pool: Agent = new library.Agent({ keepAlive: true, maxSockets: 8, lookup: guardedLookup, ...trust })

  function once({ method, url, headers, body }: KubernetesRequest, agent: Agent | false): Promise<KubernetesAnswer> {
    return new Promise((resolve, reject) => {
      // An address is connected to without being looked up.
      const host = new URL(url).hostname
      if (isForbidden(host)) {
        reject(forbiddenHost(host))
        return
      }
      const signal = AbortSignal.timeout(timeoutMs)
      const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
      const request = library.request(url, {
        method,
        headers: { ...headers, ...length },
        agent,
        lookup: guardedLookup,
        signal,
        ...trust,
      })
      request.on('error', (error) =>
        reject(signal.aborted ? lateAnswer(timeoutMs) : noAnswer(error, request.reusedSocket)),
      )
      request.on('response', (response) => {
        readText(response).then(
          (text) => resolve({ status: response.statusCode ?? 0, text }),
          (error: unknown) => reject(signal.aborted ? lateAnswer(timeoutMs) : noAnswer(error, false)),
        )
      })
      request.end(body)
    })
  }

  return async (request) => {
    try {
      return await once(request, pool)
    } catch (error) {
      // A kept connection that the server closed while a function slept: the request never arrived. Every request that the
      // port makes can be sent twice without harm.
      if (error instanceof CloudError && error.reason === staleConnection) return once(request, false)
      throw error
    }
  }
}

/** A name that leads to where no cluster can be, such as the metadata server, leads nowhere. */
const guardedLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, options, (error, found, family) => {
    const addresses = typeof found === 'string' ? [found] : found.map(({ address }) => address)
    if (error === null && addresses.some(isForbidden)) callback(forbiddenHost(hostname), [])
    else callback(error, found, family)
  })
}

function forbiddenHost(host: string): CloudError {
  return new CloudError(403, 'serverNotAllowed', `${host} is no place for a cluster`)
}

const staleConnection = 'staleConnection'

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxBytes)
      throw new CloudError(502, 'tooLarge', `the answer is larger than ${maxBytes / 1024 / 1024} MiB`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function lateAnswer(timeoutMs: number): CloudError {
  return new CloudError(0, 'timeout', `no answer within ${timeoutMs} ms`)
}

function noAnswer(error: unknown, reused: boolean): CloudError {
  if (error instanceof CloudError) return error
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unavailable'
  const stale = reused && (code === 'ECONNRESET' || code === 'EPIPE')
  return new CloudError(0, stale ? staleConnection : code, error instanceof Error ? error.message : String(error))
}
