import { isIP } from 'node:net'
import { z } from 'zod'
import { atMost } from '../bounded.ts'
import { isForbidden, isLoopback } from './cluster-servers.ts'
import { CloudError } from './compute-port.ts'
import { createTransport, type KubernetesTransport } from './kubernetes-transport.ts'
import { parseJson } from '../json.ts'

/** Where GKE says that the control plane of a cluster is. */
export interface GkeCluster {
  /** URLs that reach it, the one that GKE prefers first. */
  servers: string[]
  /** Base64 of its CA certificate. Servers below gke.goog have certificates of a public authority instead. */
  caData: string | undefined
}

/** Asks GKE about `projects/P/locations/L/clusters/N`. Throws CloudError; never 404, which would read as "the object is not there". */
export type GkeReader = (name: string) => Promise<GkeCluster>

/** How to ask. */
export interface GkeOptions {
  accessToken: () => Promise<string>
  /** Another API than Google's; it gets no token. */
  endpoint?: string
  timeoutMs?: number
}

const api = 'https://container.googleapis.com'

const nameShape = /^projects\/[a-z0-9][-a-z0-9:.]{2,62}\/locations\/[a-z0-9-]{3,40}\/clusters\/[a-z0-9][-a-z0-9]{0,62}$/

/** Whether it is the full name of a GKE cluster; nothing else becomes a part of the API's URL. */
export function isGkeName(name: string): boolean {
  return nameShape.test(name)
}

const host = z.string().refine(...atMost(253))

/**
 * What is read of projects.locations.clusters.get (v1). `endpoint` is the address of the control plane, or its DNS name when it
 * has no address; published answers of the API show the others beside it.
 */
const clusterShape = z.object({
  endpoint: host,
  masterAuth: z
    .object({
      clusterCaCertificate: z
        .string()
        .refine(...atMost(100_000))
        .optional(),
    })
    .optional(),
  privateClusterConfig: z.object({ privateEndpoint: host.optional(), publicEndpoint: host.optional() }).optional(),
  controlPlaneEndpointsConfig: z
    .object({
      dnsEndpointConfig: z.object({ endpoint: host.optional() }).optional(),
      ipEndpointsConfig: z.object({ privateEndpoint: host.optional(), publicEndpoint: host.optional() }).optional(),
    })
    .optional(),
})
const refusal = z.object({ error: z.object({ message: z.string() }) })

/** A reader of the GKE API. Nothing is loaded before the first question. */
export function createGkeReader({ accessToken, endpoint = api, timeoutMs = 10_000 }: GkeOptions): GkeReader {
  let transport: Promise<KubernetesTransport> | undefined
  return async (name) => {
    const where = `GKE about ${name.slice(0, 200)}`
    if (!isGkeName(name)) throw new CloudError(400, 'badRegistration', `${where}: that is not the name of a cluster`)
    const headers: Record<string, string> = endpoint === api ? { authorization: `Bearer ${await accessToken()}` } : {}
    transport ??= createTransport(endpoint.startsWith('https:'), undefined, timeoutMs)
    let answer
    try {
      answer = await (await transport)({ method: 'GET', url: `${endpoint}/v1/${name}`, headers })
    } catch (error) {
      if (error instanceof CloudError) throw new CloudError(error.status, error.reason, `${where}: ${error.message}`)
      throw error
    }
    const value = parseJson(answer.text)
    const cluster = clusterShape.safeParse(value)
    if (answer.status === 200 && cluster.success) return clusterOf(cluster.data, where)
    const said = refusal.safeParse(value)
    const why = said.success ? said.data.error.message : 'an answer that is not documented'
    const status = [200, 404].includes(answer.status) || answer.status < 400 ? 502 : answer.status
    throw new CloudError(status, 'gke', `${where}: HTTP ${answer.status}: ${why.slice(0, 500)}`)
  }
}

function clusterOf(cluster: z.infer<typeof clusterShape>, where: string): GkeCluster {
  const { endpoint, masterAuth, privateClusterConfig, controlPlaneEndpointsConfig: planes } = cluster
  const named = [
    endpoint,
    planes?.dnsEndpointConfig?.endpoint,
    planes?.ipEndpointsConfig?.privateEndpoint ?? privateClusterConfig?.privateEndpoint,
    planes?.ipEndpointsConfig?.publicEndpoint ?? privateClusterConfig?.publicEndpoint,
  ].filter((one) => one !== undefined)
  const strange = named.find((one) => !isControlPlane(one))
  if (strange !== undefined) throw new CloudError(502, 'gke', `${where}: "${strange}" cannot be a control plane`)
  return {
    servers: [...new Set(named)].map((one) => `https://${isIP(one) === 6 ? `[${one}]` : one}`),
    caData: masterAuth?.clusterCaCertificate,
  }
}

/** GKE names addresses, and names below gke.goog. */
function isControlPlane(name: string): boolean {
  return isIP(name) === 0 ? /^[a-z0-9][-a-z0-9.]*\.gke\.goog$/.test(name) : !isForbidden(name) && !isLoopback(name)
}

/** Whether a server of GKE has a certificate of a public authority, so that the cluster's own CA says nothing about it. */
export function hasPublicCertificate(server: string): boolean {
  return new URL(server).hostname.endsWith('.gke.goog')
}
