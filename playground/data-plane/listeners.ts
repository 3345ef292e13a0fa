import http from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { createSecureContext } from 'node:tls'
import { createCertificates } from './certificates.ts'
import { frontEnds, serve, type Answer, type FrontEnd, type Serving } from './front-end.ts'
import type { Collection } from './resources.ts'

/** A load balancer's port as it can be reached from this machine. */
export interface LocalLoadBalancer {
  ip: string
  port: number
  scheme: 'http' | 'https'
  /** http://127.0.0.1:P or https://127.0.0.1:P */
  url: string
  forwardingRule: string
}

/** The local servers of all front ends. */
export interface Listeners {
  loadBalancers(): LocalLoadBalancer[]
  /** Called when a port has opened or closed; returns the unsubscriber. */
  onChange(listener: () => void): () => void
  /** Resolves once the ports match the configuration of this moment. */
  settled(): Promise<void>
  close(): Promise<void>
}

interface Listener {
  frontEnd: FrontEnd
  server: http.Server | https.Server
  localPort: number
}

/** What decides which ports are open, and with which certificate. */
const RELEVANT: ReadonlySet<Collection> = new Set([
  'forwardingRules',
  'targetHttpProxies',
  'targetHttpsProxies',
  'sslCertificates',
])

const MAX_BODY_BYTES = 32 * 1024 * 1024

/**
 * Opens a local port per front end and closes it when the front end goes. `ports` offers local ports to try first; 0, or
 * a port that is taken, lets the system choose. An address and port that comes back gets the local port that it had.
 */
export function createListeners(serving: Serving, nextPort: () => number): Listeners {
  const certificates = createCertificates(serving.replica)
  const open = new Map<string, Listener>()
  const remembered = new Map<string, number>()
  const changed = new Set<() => void>()
  let work: Promise<void> = Promise.resolve()
  let queued = false
  let closed = false

  const unsubscribe = serving.replica.onApplied((collection) => {
    if (!RELEVANT.has(collection)) return
    closeGone()
    for (const listener of open.values()) useDefaultCertificate(listener)
    queue()
  })

  function keyOf({ ip, port, scheme }: FrontEnd): string {
    return `${scheme} ${ip} ${port}`
  }

  // Closing must not wait behind an opening: what is gone refuses at once.
  function closeGone(): void {
    const wanted = new Map(frontEnds(serving.replica).map((at) => [keyOf(at), at]))
    for (const [key, listener] of open) {
      const now = wanted.get(key)
      if (now !== undefined) {
        listener.frontEnd = now
        continue
      }
      open.delete(key)
      listener.server.close()
      listener.server.closeAllConnections()
      tell()
    }
  }

  function queue(): void {
    if (queued || closed) return
    queued = true
    work = work.then(async () => {
      queued = false
      for (const at of frontEnds(serving.replica)) await openOne(at)
      closeGone()
    })
  }

  async function openOne(at: FrontEnd): Promise<void> {
    const key = keyOf(at)
    if (closed || open.has(key)) return
    const listener: Listener = { frontEnd: at, server: serverFor(at, () => listener.frontEnd), localPort: 0 }
    listener.localPort = await listen(listener.server, remembered.get(key) ?? nextPort())
    remembered.set(key, listener.localPort)
    open.set(key, listener)
    useDefaultCertificate(listener)
    tell()
  }

  function serverFor(at: FrontEnd, now: () => FrontEnd): http.Server | https.Server {
    const handler: http.RequestListener = (request, response) => void handle(now(), request, response)
    if (at.scheme === 'http') return http.createServer(handler)
    return https.createServer(
      {
        SNICallback: (name, done) => {
          const certificate = certificates.find(now().sslCertificates, name)
          done(null, certificate === undefined ? undefined : createSecureContext(certificate))
        },
        ALPNProtocols: ['http/1.1'],
      },
      handler,
    )
  }

  /** Clients that name no server get the proxy's first certificate. */
  function useDefaultCertificate({ frontEnd, server }: Listener): void {
    const certificate = certificates.find(frontEnd.sslCertificates, undefined)
    if (server instanceof https.Server) server.setSecureContext(certificate ?? {})
  }

  async function handle(at: FrontEnd, request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    let size = 0
    for await (const chunk of request) {
      size += Buffer.isBuffer(chunk) ? chunk.length : 0
      if (size > MAX_BODY_BYTES) {
        write(response, { status: 413, headers: { 'x-load-balancer': 'error' }, body: 'The request is too large.\n' })
        return
      }
    }
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.join(', ') : (value ?? ''),
      ]),
    )
    const { host = '', ...rest } = headers
    write(
      response,
      await serve(at, { method: request.method ?? 'GET', host, path: request.url ?? '/', headers: rest }, serving),
    )
  }

  function tell(): void {
    for (const listener of [...changed]) listener()
  }

  queue()
  return {
    loadBalancers: () =>
      [...open.values()].map(({ frontEnd: { ip, port, scheme, forwardingRule }, localPort }) => ({
        ip,
        port,
        scheme,
        url: `${scheme}://127.0.0.1:${localPort}`,
        forwardingRule,
      })),
    onChange(listener) {
      changed.add(listener)
      return () => void changed.delete(listener)
    },
    settled: () => work,
    async close() {
      closed = true
      unsubscribe()
      await work
      for (const { server } of open.values()) {
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
      }
      open.clear()
    },
  }
}

function write(response: http.ServerResponse, answer: Answer): void {
  if (response.destroyed) return
  response
    .writeHead(answer.status, { ...answer.headers, 'content-length': Buffer.byteLength(answer.body) })
    .end(answer.body)
}

/** Listens on `port` of 127.0.0.1, or on any free one when it is taken; returns the port. */
async function listen(server: http.Server | https.Server, port: number): Promise<number> {
  const attempt = (wanted: number): Promise<number> =>
    new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(wanted, '127.0.0.1', () => {
        server.off('error', reject)
        resolve((server.address() as AddressInfo).port)
      })
    })
  try {
    return await attempt(port)
  } catch (error) {
    if (port === 0) throw error
    return attempt(0)
  }
}
