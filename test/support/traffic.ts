import http from 'node:http'
import https from 'node:https'
import { TLSSocket } from 'node:tls'
import { setTimeout as sleep } from 'node:timers/promises'

/** What one request through the data plane came to. */
export interface Answered {
  status: number
  /** `error` when the load balancer answered by itself. */
  byLoadBalancer: boolean
  headers: http.IncomingHttpHeaders
  /** The pod's JSON; undefined when it was not a pod that answered. */
  pod: { cluster: string; zone: string; service: string; host: string; path: string } | undefined
  /** SHA-256 of the certificate that was presented; undefined over HTTP. */
  certificate?: string
  /** Milliseconds since the client began. */
  at: number
}

const agent = new http.Agent({ keepAlive: true, maxSockets: 64 })
/** A handshake for every request: what is presented may change at any time, and no test has an authority to trust. */
const secureAgent = new https.Agent({ keepAlive: false, maxCachedSessions: 0, rejectUnauthorized: false })

/** One request; a connection that breaks counts as status 0. */
export function ask(
  url: string,
  options: { host?: string; path?: string; region?: string; serverName?: string } = {},
): Promise<Answered> {
  const headers: Record<string, string> = { accept: 'application/json' }
  if (options.host !== undefined) headers['host'] = options.host
  if (options.region !== undefined) headers['x-client-region'] = options.region
  return new Promise((resolve) => {
    const secure = url.startsWith('https:')
    const how = secure
      ? {
          headers,
          agent: secureAgent,
          timeout: 5_000,
          ...(options.serverName ? { servername: options.serverName } : {}),
        }
      : { headers, agent, timeout: 5_000 }
    const request = (secure ? https : http).get(url + (options.path ?? '/'), how, (response) => {
      const { socket } = response
      const certificate = socket instanceof TLSSocket ? socket.getPeerCertificate().fingerprint256 : undefined
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          byLoadBalancer: response.headers['x-load-balancer'] === 'error',
          headers: response.headers,
          pod: response.statusCode === 200 ? (JSON.parse(text) as Answered['pod']) : undefined,
          ...(certificate === undefined ? {} : { certificate: certificate.replaceAll(':', '') }),
          at: 0,
        }),
      )
    })
    request.on('timeout', () => request.destroy(new Error('no answer in 5 s')))
    request.on('error', () => resolve({ status: 0, byLoadBalancer: false, headers: {}, pod: undefined, at: 0 }))
  })
}

/** A client that asks at a fixed rate and never repeats a request. */
export interface Hammer {
  /** What it got so far. */
  got(): readonly Answered[]
  /** Ends the client and answers everything that it got. */
  stop(): Promise<Answered[]>
}

/** Starts a client at `perSecond` requests a second. */
export function hammer(url: string, perSecond: number, options: Parameters<typeof ask>[1] = {}): Hammer {
  const begun = Date.now()
  const pending: Promise<Answered>[] = []
  const got: Answered[] = []
  const state = { running: true }
  const loop = (async () => {
    for (let sent = 0; state.running; sent += 1) {
      const at = Date.now() - begun
      pending.push(
        ask(url, options).then((answered) => {
          const answer = { ...answered, at }
          got.push(answer)
          return answer
        }),
      )
      await sleep(Math.max(0, begun + ((sent + 1) * 1_000) / perSecond - Date.now()))
    }
  })()
  return {
    got: () => got,
    async stop() {
      state.running = false
      await loop
      return Promise.all(pending)
    },
  }
}

/** Asks until a pod answers; throws when none does in time. */
export async function firstAnswer(
  url: string,
  options: Parameters<typeof ask>[1] = {},
  timeoutMs = 10_000,
): Promise<Answered> {
  const end = Date.now() + timeoutMs
  for (;;) {
    const answered = await ask(url, options)
    if (answered.status === 200) return answered
    if (Date.now() > end)
      throw new Error(`${url} ${JSON.stringify(options)} answered ${answered.status} for ${timeoutMs} ms`)
    await sleep(20)
  }
}
