import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request on its way. */
export interface Relayed {
  method: string
  /** With its query. */
  path: string
  body: Buffer
}

/** What becomes of a request. */
export type Fate =
  | { is: 'passed' }
  /** Answered here; nobody else hears of it. */
  | { is: 'refused'; status: number; body: string }
  /** Done, and answered otherwise than with what came of it. */
  | { is: 'misanswered'; status: number; body: string }
  /** Done, and the connection breaks instead of an answer. */
  | { is: 'unanswered' }

/** An HTTP server on a port of its own that hands requests on, as load balancers and proxies do, or does something worse. */
export interface Relay {
  port: number
  url: string
  close(): Promise<void>
}

/** Where requests go, and what is to be done about each. */
export interface Route {
  /** Origin, such as http://127.0.0.1:1234; asked for every request, and waited for. */
  to(request: Relayed): string | Promise<string>
  fate?(request: Relayed): Fate
  /** Holds the request up while its promise is open; where it rejects, the connection breaks and nothing is handed on. */
  before?(request: Relayed): void | Promise<void>
  /** Done and not answered yet, or broken off: then there is no status. */
  after?(request: Relayed, status: number | undefined): void | Promise<void>
}

/** A larger body is cut off with its connection; the largest that a function takes is far below. */
const longestBody = 8 * 1024 * 1024

/** Starts a relay on a free port of the loopback interface. */
export async function startRelay(route: Route): Promise<Relay> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 256 })
  const server = http.createServer((incoming, response) => {
    relayed(route, agent, incoming).then(
      (answer) => {
        if (answer === undefined) incoming.socket.destroy()
        else response.writeHead(answer.status, answer.headers).end(answer.body)
      },
      // Whoever it was for is dead: so is the connection.
      () => incoming.socket.destroy(),
    )
  })
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        agent.destroy()
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
}

const json = { 'content-type': 'application/json; charset=utf-8' }

/** undefined = no answer is to come. */
async function relayed(route: Route, agent: http.Agent, incoming: IncomingMessage): Promise<Answer | undefined> {
  const request: Relayed = {
    method: incoming.method ?? 'GET',
    path: incoming.url ?? '/',
    body: await read(incoming),
  }
  const fate = route.fate?.(request) ?? { is: 'passed' }
  if (fate.is === 'refused') return { status: fate.status, headers: json, body: Buffer.from(fate.body) }
  const origin = await route.to(request)
  await route.before?.(request)
  const answer = await handOn(origin, agent, request, incoming.headers).catch(() => undefined)
  await route.after?.(request, answer?.status)
  switch (fate.is) {
    case 'passed':
      return answer
    case 'misanswered':
      return { status: fate.status, headers: json, body: Buffer.from(fate.body) }
    case 'unanswered':
      return undefined
    default:
      return fate satisfies never
  }
}

function handOn(origin: string, agent: http.Agent, request: Relayed, headers: IncomingHttpHeaders): Promise<Answer> {
  const { host: _host, connection: _connection, 'transfer-encoding': _encoding, ...kept } = headers
  return new Promise((resolve, reject) => {
    const outgoing = http.request(
      origin + request.path,
      { method: request.method, agent, headers: { ...kept, 'content-length': request.body.length } },
      (answer) => {
        const { connection: _, 'transfer-encoding': __, ...answered } = answer.headers
        read(answer).then((body) => {
          resolve({
            status: answer.statusCode ?? 502,
            headers: { ...answered, 'content-length': String(body.length) },
            body,
          })
        }, reject)
      },
    )
    outgoing.on('error', reject)
    outgoing.end(request.body)
  })
}

async function read(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > longestBody) throw new Error(`a body of more than ${longestBody} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
