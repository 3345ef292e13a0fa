import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ApiError, errorBody, NoAnswer } from './api-error.ts'
import type { SimulatedCompute } from './compute.ts'

/** Larger bodies are refused with 413. */
const maxBodyBytes = 4 * 1024 * 1024

/** The real service's headers that clients might look at. */
const headers = {
  'content-type': 'application/json; charset=UTF-8',
  vary: 'Origin, X-Origin, Referer',
  'cache-control': 'private',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'SAMEORIGIN',
  'x-xss-protection': '0',
  server: 'ESF',
}

/** A served simulator. */
export interface ServedCompute {
  /** http://127.0.0.1:PORT, without a slash at the end. */
  url: string
  close(): Promise<void>
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxBodyBytes)
      throw new ApiError(413, 'uploadTooLarge', `The body is larger than ${maxBodyBytes} bytes.`)
    chunks.push(chunk)
  }
  if (bytes === 0) return undefined
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    throw new ApiError(400, 'parseError', 'Parse Error: the body is not JSON.')
  }
}

async function answer(compute: SimulatedCompute, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1')
  let status: number
  let body: unknown
  try {
    const result = await compute.handle({
      method: request.method ?? 'GET',
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
      body: await readBody(request),
    })
    ;({ status, body } = result)
  } catch (error) {
    if (error instanceof NoAnswer) {
      request.socket.destroy()
      return
    }
    if (!(error instanceof ApiError)) throw error
    status = error.status
    body = errorBody(error)
    if (!request.complete) {
      // The rest of a body that is refused early must not be taken for the next request.
      response.setHeader('connection', 'close')
      request.resume()
    }
  }
  const text = JSON.stringify(body)
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(text) })
  response.end(text)
}

/** Serves the API over HTTP on the loopback interface; port 0 takes a free one. Rejects when the port is taken. */
export async function serveCompute(compute: SimulatedCompute, port: number): Promise<ServedCompute> {
  const server = createServer((request, response) => {
    answer(compute, request, response).catch((error: unknown) => {
      // A defect of the simulator: the client must see it, and the process must live on.
      const message = error instanceof Error ? error.message : String(error)
      if (!response.headersSent) response.writeHead(500, headers)
      response.end(JSON.stringify(errorBody(new ApiError(500, 'internalError', `The simulator failed: ${message}`))))
    })
  })
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const { port: taken } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${taken}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
