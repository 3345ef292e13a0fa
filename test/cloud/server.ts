import http, { type IncomingMessage, type RequestListener } from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'

/** One request as it arrived. */
export interface Seen {
  method: string
  path: string
  query: Record<string, string>
  headers: IncomingMessage['headers']
  body: unknown
}

/** What to answer; 'silence' keeps the connection open without a word, 'hang up' closes it. */
export type Answer =
  | { status?: number; body: unknown }
  | { status?: number; text: string; headers?: Record<string, string> }
  | 'silence'
  | 'hang up'

/** A server that records what it is asked. */
export interface TestServer {
  url: string
  seen: Seen[]
  close: () => Promise<void>
}

/** Starts a server on a free port of 127.0.0.1; with a key and certificate it speaks https. */
export async function serve(
  answer: (request: Seen) => Answer,
  tls?: { key: string; cert: string },
): Promise<TestServer> {
  const seen: Seen[] = []
  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://localhost')
      const text = Buffer.concat(chunks).toString()
      const one: Seen = {
        method: request.method ?? '',
        path: decodeURIComponent(url.pathname),
        query: Object.fromEntries(url.searchParams),
        headers: request.headers,
        body: text === '' ? undefined : JSON.parse(text),
      }
      seen.push(one)
      const given = answer(one)
      if (given === 'silence') return
      if (given === 'hang up') {
        request.socket.destroy()
        return
      }
      response.writeHead(given.status ?? 200, {
        'content-type': 'application/json; charset=UTF-8',
        ...('headers' in given ? given.headers : {}),
      })
      response.end('text' in given ? given.text : JSON.stringify(given.body))
    })
  }
  const server = tls === undefined ? http.createServer(listener) : https.createServer(tls, listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** The synchronous error of the Compute API, in its published form. */
export function computeError(status: number, reason: string, message: string): Answer {
  return { status, body: { error: { code: status, message, errors: [{ message, domain: 'global', reason }] } } }
}

/** An operation as a mutation returns it. */
export function runningOperation(operationType: string, zone?: string): Answer {
  return {
    body: {
      kind: 'compute#operation',
      id: '2860175380157437550',
      name: 'operation-1',
      operationType,
      status: 'RUNNING',
      progress: 0,
      ...(zone === undefined ? {} : { zone: `https://www.googleapis.com/compute/v1/projects/p/zones/${zone}` }),
    },
  }
}
