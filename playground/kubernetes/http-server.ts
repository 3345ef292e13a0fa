import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { parse as parseYaml } from 'yaml'
import type { WireRequest } from '../world.ts'
import { isWatch } from './api/server.ts'
import { ApiError, badRequest } from './api-error.ts'
import type { SimulatedCluster } from './cluster.ts'
import { readProtobuf } from './protobuf.ts'

/** The real server's limit of a request body: 3 MiB. */
const maxBody = 3 * 1024 * 1024
const bodyTimeoutMs = 30_000

/** A cluster's API on a port of 127.0.0.1. */
export interface ServedCluster {
  readonly url: string
  readonly close: () => Promise<void>
}

/** Serves a cluster over HTTP; port 0 takes a free one. While the cluster is unreachable connections break off. */
export async function serveCluster(cluster: SimulatedCluster, port: number): Promise<ServedCluster> {
  const sockets = new Set<Socket>()
  const watches = new Set<() => void>()
  const server = createServer((request, response) => {
    serve(cluster, request, response, watches).catch(() => response.destroy())
  })
  server.requestTimeout = bodyTimeoutMs
  server.keepAliveTimeout = 60_000
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const { port: actual } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${actual}`,
    close: () =>
      new Promise((resolve) => {
        for (const stop of watches) stop()
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

async function serve(
  cluster: SimulatedCluster,
  incoming: IncomingMessage,
  response: ServerResponse,
  watches: Set<() => void>,
): Promise<void> {
  if (!cluster.reachable()) {
    incoming.socket.destroy()
    return
  }
  let request: WireRequest
  try {
    request = await read(incoming)
    if (isWatch(request)) {
      stream(cluster, request, response, watches)
      return
    }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    // The rest of a body that was refused would be read as the next request.
    send(response, error.code, error.status, undefined, true)
    return
  }
  const answer = await cluster.handle(request)
  send(response, answer.status, answer.body, answer.contentType, false)
}

function send(
  response: ServerResponse,
  status: number,
  body: unknown,
  contentType: string | undefined,
  close: boolean,
): void {
  const payload = Buffer.from(typeof body === 'string' ? body : `${JSON.stringify(body)}\n`)
  response.writeHead(status, {
    'content-type': contentType ?? 'application/json',
    'cache-control': 'no-cache, private',
    'content-length': payload.length,
    ...(close ? { connection: 'close' } : {}),
  })
  response.end(payload)
}

function stream(
  cluster: SimulatedCluster,
  request: WireRequest,
  response: ServerResponse,
  watches: Set<() => void>,
): void {
  let started = false
  const begin = (): void => {
    if (started) return
    started = true
    response.writeHead(200, {
      'content-type': 'application/json',
      'cache-control': 'no-cache, private',
      'transfer-encoding': 'chunked',
    })
    response.flushHeaders()
  }
  const stop = cluster.subscribe(request, {
    event(event) {
      begin()
      response.write(`${JSON.stringify(event)}\n`)
    },
    end() {
      begin()
      // A cluster that nobody reaches says no goodbye.
      if (cluster.reachable()) response.end()
      else response.destroy()
    },
  })
  begin()
  watches.add(stop)
  response.on('close', () => {
    watches.delete(stop)
    stop()
  })
}

async function read(incoming: IncomingMessage): Promise<WireRequest> {
  const url = new URL(incoming.url ?? '/', 'http://127.0.0.1')
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(incoming.headers))
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of incoming) {
    const bytes = chunk as Buffer
    size += bytes.length
    if (size > maxBody)
      throw new ApiError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${maxBody}`)
    chunks.push(bytes)
  }
  const payload = Buffer.concat(chunks)
  return {
    method: incoming.method ?? 'GET',
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers,
    body: parseBody(payload, headers['content-type'] ?? ''),
  }
}

function parseBody(payload: Buffer, contentType: string): unknown {
  if (payload.length === 0) return undefined
  if (contentType.includes('protobuf')) return readProtobuf(payload)
  const text = payload.toString('utf8')
  try {
    // Aliases could make a small body huge.
    if (contentType.includes('yaml') && !/^\s*\{/.test(text)) return parseYaml(text, { maxAliasCount: 100 }) as unknown
    return JSON.parse(text) as unknown
  } catch (error) {
    throw badRequest(
      `the body of the request cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}
