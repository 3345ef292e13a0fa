import type { Clock, Timer } from '../world.ts'
import type { DialEndpoint } from './endpoints.ts'
import { inRange } from './firewall.ts'
import type { PodAnswer, PodRequest } from './pods.ts'
import { DEFAULT_CLIENT_REGION } from './regions.ts'
import type { Replica } from './replica.ts'
import type { Services } from './services.ts'
import { route } from './url-map.ts'

/** A client's request to a load balancer. */
export interface ClientRequest {
  /** Default GET. */
  method?: string
  /** As in the Host header. */
  host: string
  /** With the query. */
  path: string
  /** Names in lower case; `x-client-region` places the client. */
  headers?: Readonly<Record<string, string>>
}

/** A load balancer's answer. */
export interface Answer {
  status: number
  headers: Readonly<Record<string, string>>
  body: string
}

/** What listens at an address and port: one forwarding rule with a proxy for HTTP or HTTPS. */
export interface FrontEnd {
  /** projects/P/global/forwardingRules/R */
  forwardingRule: string
  ip: string
  port: number
  scheme: 'http' | 'https'
  urlMap: string
  /** In the proxy's order; empty for HTTP. */
  sslCertificates: readonly string[]
}

/** Every front end that is configured now; forwarding rules for other kinds of proxies are left out. */
export function frontEnds(replica: Replica): FrontEnd[] {
  return [...replica.all('forwardingRules').keys()].flatMap((link) => frontEnd(replica, link) ?? [])
}

/** The front end of one forwarding rule; a port range serves its first port. */
function frontEnd(replica: Replica, forwardingRule: string): FrontEnd | undefined {
  const rule = replica.get('forwardingRules', forwardingRule)
  const port = Number(rule?.portRange?.split('-')[0])
  if (rule?.IPAddress === undefined || !(port > 0)) return undefined
  const at = { forwardingRule, ip: rule.IPAddress, port }
  const http = replica.get('targetHttpProxies', rule.target)
  if (http?.urlMap !== undefined) return { ...at, scheme: 'http', urlMap: http.urlMap, sslCertificates: [] }
  const https = replica.get('targetHttpsProxies', rule.target)
  if (https?.urlMap !== undefined)
    return { ...at, scheme: 'https', urlMap: https.urlMap, sslCertificates: https.sslCertificates }
  return undefined
}

/** The front end that listens at an address and port; undefined = the connection is refused. */
export function findFrontEnd(replica: Replica, ip: string, port: number): FrontEnd | undefined {
  for (const [link, { IPAddress, portRange }] of replica.all('forwardingRules')) {
    if (IPAddress === ip && portRange !== undefined && inRange(portRange, port)) return frontEnd(replica, link)
  }
  return undefined
}

/** The load balancer's own answer, told apart from a pod's by its header. */
function own(status: number, why: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers: { 'content-type': 'text/plain; charset=UTF-8', ...headers }, body: `${why}\n` }
}

const ERROR = { 'x-load-balancer': 'error' }

/** How requests are served. */
export interface Serving {
  replica: Replica
  services: Services
  dial: DialEndpoint
  clock: Clock
}

/** Serves one request at a front end, with the configuration as it is now. */
export async function serve(at: FrontEnd, request: ClientRequest, serving: Serving): Promise<Answer> {
  const map = serving.replica.get('urlMaps', at.urlMap)
  if (map === undefined) return own(502, 'The URL map of this load balancer is gone.', ERROR)
  const asked = { scheme: at.scheme, host: request.host, path: request.path }
  const to = route(map, asked)
  switch (to.kind) {
    case 'redirect':
      return own(to.status, `Redirected to ${to.location}`, { location: to.location })
    case 'abort':
      return own(to.status, 'The load balancer answers this by itself: no backend is configured for it.', ERROR)
    case 'unroutable':
      return own(502, to.why, ERROR)
    case 'service':
      return forward(to.service, { ...request, host: to.host, path: to.path }, at, serving)
    default:
      return to satisfies never
  }
}

/** Sends a request to a backend, once: a backend that refuses it costs the client a 502. */
async function forward(service: string, request: ClientRequest, at: FrontEnd, serving: Serving): Promise<Answer> {
  const { services, replica, clock, dial } = serving
  const region = request.headers?.['x-client-region'] ?? DEFAULT_CLIENT_REGION
  const endpoint = services.pick(service, region)
  if (endpoint?.port === undefined) return own(502, `No backend of ${service} is healthy.`, ERROR)
  const connection = dial(endpoint, endpoint.port)
  if (connection === undefined)
    return own(502, `The backend ${endpoint.ipAddress}:${endpoint.port} refused the connection.`, ERROR)

  const timers: Timer[] = []
  const cut = Promise.withResolvers<Answer>()
  const leave = services.enter(service, endpoint, () =>
    cut.resolve(
      own(502, `The backend ${endpoint.ipAddress}:${endpoint.port} was removed and its draining time is over.`, ERROR),
    ),
  )
  const settings = replica.get('backendServices', service)
  const timeoutSec = settings?.timeoutSec ?? 30
  const added = (headers: readonly string[] = []): Record<string, string> => customHeaders(headers, region)
  // The status of a backend timeout was not checked against the real service.
  const late = new Promise<Answer>((resolve) => {
    timers.push(
      clock.after(timeoutSec * 1000, () =>
        resolve(
          own(504, `The backend ${endpoint.ipAddress}:${endpoint.port} did not answer within ${timeoutSec} s.`, ERROR),
        ),
      ),
    )
  })
  try {
    const sent = toPod(request, at)
    const asked = connection({ ...sent, headers: { ...sent.headers, ...added(settings?.customRequestHeaders) } })
    return await Promise.race([ask(asked, added(settings?.customResponseHeaders)), cut.promise, late])
  } catch {
    return own(502, `The backend ${endpoint.ipAddress}:${endpoint.port} broke the connection.`, ERROR)
  } finally {
    leave()
    for (const timer of timers) timer.cancel()
  }
}

async function ask(answer: PodAnswer | Promise<PodAnswer>, added: Readonly<Record<string, string>>): Promise<Answer> {
  const { status, headers, body } = await answer
  return { status, headers: { ...headers, ...added, via: '1.1 google' }, body }
}

/** Of the variables only the client's region is known here; an unknown one stands for nothing. */
function customHeaders(headers: readonly string[], region: string): Record<string, string> {
  return Object.fromEntries(
    headers.map((header) => {
      const colon = header.indexOf(':')
      const value = header
        .slice(colon + 1)
        .trim()
        .replace(/\{(\w+)\}/g, (_variable, name) => (name === 'client_region' ? region : ''))
      return [header.slice(0, colon).trim().toLowerCase(), value]
    }),
  )
}

function toPod(request: ClientRequest, at: FrontEnd): PodRequest {
  return {
    method: request.method ?? 'GET',
    path: request.path,
    host: request.host,
    headers: { ...request.headers, host: request.host, 'x-forwarded-proto': at.scheme, via: '1.1 google' },
  }
}
