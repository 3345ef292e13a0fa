import type { AuthClient } from 'google-auth-library'
import {
  clientClassOf,
  type ClientOptions,
  type ClientSource,
  type VendorCall,
  type VendorClient,
} from './compute-clients.ts'
import { createCredentials, tokenOf } from './credentials.ts'
import { cloudErrorOf, readVendorError } from './vendor-error.ts'

/** How to reach the Compute API. */
export interface ComputeOptions {
  /** URL of another server than Google's, for example a simulator's. Plain http gets no credentials. */
  endpoint?: string
  /** Who asks; default: Application Default Credentials. */
  auth?: () => Promise<AuthClient>
  /** Bound of one API call in milliseconds. */
  timeoutMs?: number
}

/** One call of the API. */
export interface ComputeCall {
  /** Opens the message of every error: the verb and the resource. */
  what: string
  source: ClientSource
  /** Name of the client's method. */
  method: string
  request: { project: string; zone?: string }
  /** Bound in milliseconds; default: that of the options. */
  ms?: number
  /** The call changes nothing, so it may be sent again when the connection turns out to be dead. */
  reads?: boolean
}

/** Sends one call; answers the client's `[message or items, next page's request, message]`, throws CloudError. */
export type ComputeCaller = (call: ComputeCall) => Promise<readonly unknown[]>

/** System errors of a connection that the server closed while a function slept. */
const closedConnection = new Set(['ECONNRESET', 'EPIPE'])

/**
 * Clients are made when first used, one a collection, and kept. The library's own retries are off: the engine is the only
 * layer that repeats what the service answered.
 */
export function createCaller({ endpoint, auth, timeoutMs = 15_000 }: ComputeOptions): ComputeCaller {
  const server = endpoint === undefined ? {} : parseEndpoint(endpoint)
  const identity = server.protocol === 'http' ? anonymous() : (auth ?? createCredentials({ timeoutMs }).authClient)
  const made = new Map<string, Promise<VendorClient>>()

  async function make({ load }: ClientSource): Promise<VendorClient> {
    const [authClient, module] = await Promise.all([identity(), load()])
    const client = new (clientClassOf(module))({ ...server, authClient })
    await client.initialize()
    return client
  }

  async function clientOf(source: ClientSource): Promise<VendorClient> {
    const client = made.get(source.name) ?? make(source)
    made.set(source.name, client)
    try {
      return await client
    } catch (error) {
      // The next call tries again: what was missing (credentials) may have been put in place.
      made.delete(source.name)
      throw error
    }
  }

  return async ({ what, source, method, request, ms = timeoutMs, reads = false }) => {
    const client = await clientOf(source)
    const call = client.innerApiCalls[method]
    if (call === undefined) throw new Error(`${what}: the Compute API has no ${method} for ${source.name}`)
    await tokenOf(await identity(), timeoutMs)
    try {
      return await send(call, request, ms)
    } catch (error) {
      if (!reads || !closedConnection.has(readVendorError(error).systemCode)) throw cloudErrorOf(error, what)
    }
    try {
      return await send(call, request, ms)
    } catch (error) {
      throw cloudErrorOf(error, what)
    }
  }
}

/** `retry: null` turns the library's retries off; `autoPaginate: false` makes a list answer one page. */
function send(call: VendorCall, request: ComputeCall['request'], ms: number): Promise<readonly unknown[]> {
  const route = Object.entries({ project: request.project, zone: request.zone }).filter(
    ([, value]) => value !== undefined,
  )
  const headers = {
    'x-goog-request-params': route.map(([key, value]) => `${key}=${encodeURIComponent(value ?? '')}`).join('&'),
  }
  return call(request, { timeout: ms, retry: null, autoPaginate: false, otherArgs: { headers } })
}

function parseEndpoint(endpoint: string): Omit<ClientOptions, 'authClient'> {
  const url = new URL(endpoint)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new Error(`the Compute endpoint ${endpoint} is not an http or https URL`)
  }
  const protocol = url.protocol.slice(0, -1)
  const port = url.port === '' ? (protocol === 'http' ? 80 : 443) : Number(url.port)
  return { apiEndpoint: url.hostname, port, protocol }
}

function anonymous(): () => Promise<AuthClient> {
  let client: Promise<AuthClient> | undefined
  return () => (client ??= import('google-auth-library').then(({ PassThroughClient }) => new PassThroughClient()))
}
