import type { RequestContext } from '@kubernetes/client-node'
import type { CoreV1ApiRequestFactory } from '@kubernetes/client-node/dist/gen/apis/CoreV1Api.js'
import type { CustomObjectsApiRequestFactory } from '@kubernetes/client-node/dist/gen/apis/CustomObjectsApi.js'
import type { NetworkingV1ApiRequestFactory } from '@kubernetes/client-node/dist/gen/apis/NetworkingV1Api.js'
import type { VersionApiRequestFactory } from '@kubernetes/client-node/dist/gen/apis/VersionApi.js'
import { z } from 'zod'
import { CloudError } from './compute-port.ts'
import { withDeadline } from './deadline.ts'
import { shapes } from './kubernetes-shapes.ts'
import { createTransport, type KubernetesAnswer, type KubernetesTransport } from './kubernetes-transport.ts'
import { parseJson } from '../json.ts'

/** The vendor's builders of requests, by API group. */
export interface KubernetesApis {
  core: CoreV1ApiRequestFactory
  networking: NetworkingV1ApiRequestFactory
  custom: CustomObjectsApiRequestFactory
  version: VersionApiRequestFactory
}

/** Sends what `build` makes and reads the answer as `shape`; `what` opens the message of every error. Throws CloudError. */
export type KubernetesCaller = <T>(
  what: string,
  build: (apis: KubernetesApis) => Promise<RequestContext>,
  shape: z.ZodType<T>,
) => Promise<T>

/** Where requests to a cluster go, and what they carry. */
export interface ClusterEndpoint {
  server: string
  /** Base64 of the CA certificate; undefined = the system's trust store. */
  caData: string | undefined
  /** Whether our access token may be shown there. */
  token: boolean
}

interface Connection {
  apis: KubernetesApis
  transport: KubernetesTransport
  /** Headers that show who asks, made anew for every request. */
  identity: () => Promise<Record<string, string>>
}

/** How a caller finds its cluster. */
export interface CallerOptions {
  /** For messages. */
  name: string
  endpoint: () => Promise<ClusterEndpoint>
  accessToken: (() => Promise<string>) | undefined
  timeoutMs: number
  /** Milliseconds of any clock. */
  now: () => number
}

/** The endpoint is asked for again after this: control planes get new addresses and certificates. Milliseconds. */
const endpointFor = 10 * 60_000

/** After a call without an answer it is asked for sooner, for the address may have changed. */
const doubtfulAfter = 30_000

/** A caller for one cluster. The endpoint is asked for and everything is loaded at the first call. */
export function createKubernetesCaller(options: CallerOptions): KubernetesCaller {
  let kept: { connection: Promise<Connection>; since: number } | undefined

  function connect(): Promise<Connection> {
    const now = options.now()
    if (kept === undefined || now - kept.since >= endpointFor) kept = { connection: open(options), since: now }
    return kept.connection
  }

  /** What failed is not kept; what stopped answering is doubted. */
  function doubt(error: unknown, opened: boolean): void {
    const silent = error instanceof CloudError && error.status === 0
    if (!opened || (silent && kept !== undefined && options.now() - kept.since >= doubtfulAfter)) kept = undefined
  }

  return async (what, build, shape) => {
    const where = `cluster ${options.name}, ${what}`
    let opened = false
    try {
      const { apis, transport, identity } = await connect()
      opened = true
      const context = await build(apis)
      const body = context.getBody()
      const answer = await transport({
        method: context.getHttpMethod(),
        url: context.getUrl(),
        headers: { ...context.getHeaders(), ...(await identity()) },
        ...(typeof body === 'string' ? { body } : {}),
      })
      return read(answer, shape)
    } catch (error) {
      doubt(error, opened)
      if (error instanceof CloudError) throw new CloudError(error.status, error.reason, `${where}: ${error.message}`)
      throw error
    }
  }
}

async function open({ endpoint, accessToken, timeoutMs }: CallerOptions): Promise<Connection> {
  const { server, caData, token } = await endpoint()
  const secure = new URL(server).protocol === 'https:'
  const ca = caData === undefined ? undefined : certificateOf(caData)
  // A token is worth our whole identity: never in the clear.
  const show = secure && token ? accessToken : undefined
  return {
    apis: await loadApis(server.replace(/\/+$/, '')),
    transport: await createTransport(secure, ca, timeoutMs),
    async identity() {
      if (show === undefined) return {}
      return { authorization: `Bearer ${await withDeadline(show(), timeoutMs, 'the source of access tokens')}` }
    },
  }
}

/**
 * Only the builders of requests are loaded, not the vendor's index: it holds every API group, file and OAuth authentication
 * (630 ms and 130 MB against 170 ms and 90 MB, unbundled).
 */
async function loadApis(server: string): Promise<KubernetesApis> {
  const [core, networking, custom, version, { createConfiguration }, { ServerConfiguration }] = await Promise.all([
    import('@kubernetes/client-node/dist/gen/apis/CoreV1Api.js'),
    import('@kubernetes/client-node/dist/gen/apis/NetworkingV1Api.js'),
    import('@kubernetes/client-node/dist/gen/apis/CustomObjectsApi.js'),
    import('@kubernetes/client-node/dist/gen/apis/VersionApi.js'),
    import('@kubernetes/client-node/dist/gen/configuration.js'),
    import('@kubernetes/client-node/dist/gen/servers.js'),
  ])
  const configuration = createConfiguration({ baseServer: new ServerConfiguration(server, {}) })
  return {
    core: new core.CoreV1ApiRequestFactory(configuration),
    networking: new networking.NetworkingV1ApiRequestFactory(configuration),
    custom: new custom.CustomObjectsApiRequestFactory(configuration),
    version: new version.VersionApiRequestFactory(configuration),
  }
}

function certificateOf(caData: string): string {
  const pem = Buffer.from(caData, 'base64').toString('utf8')
  if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem
  throw new CloudError(400, 'badRegistration', 'the registered caData is not a base64 encoded PEM certificate')
}

function read<T>({ status, text }: KubernetesAnswer, shape: z.ZodType<T>): T {
  const value = parseJson(text)
  if (status < 200 || status > 299) throw refusal(status, value, text)
  const result = shape.safeParse(value)
  if (result.success) return result.data
  throw new CloudError(
    502,
    'unexpectedAnswer',
    `the answer is not what Kubernetes documents: ${z.prettifyError(result.error)}`,
  )
}

function refusal(httpStatus: number, value: unknown, text: string): CloudError {
  const said = shapes.status.safeParse(value)
  if (said.success) return new CloudError(httpStatus, said.data.reason, said.data.message)
  // Without a Status it is not the API server that answers: its 404, or a redirect, says nothing about the object.
  const status = httpStatus >= 500 || httpStatus === 401 || httpStatus === 403 || httpStatus === 429 ? httpStatus : 502
  return new CloudError(
    status,
    'notKubernetes',
    `HTTP ${httpStatus} without a Kubernetes Status: ${text.slice(0, 200)}`,
  )
}
