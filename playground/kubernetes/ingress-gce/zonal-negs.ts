import { type Gce, GceError, isAbsent, urlOf } from '../gce.ts'
import { at, fields, number, text, type Json, type JsonObject } from '../json.ts'

/** A pod behind a NEG. */
export interface NetworkEndpoint {
  readonly instance: string
  readonly ipAddress: string
  readonly port: number
}

/** What is known of a NEG after it was ensured. */
export interface ZonalNeg {
  readonly id: string
  readonly selfLink: string
  readonly zone: string
}

/** At most so many endpoints in one attach or detach, as ingress-gce. */
const batch = 500

/** Makes a NEG unless it is there, and brings its endpoints up to `wanted`. */
export async function ensureNeg(
  gce: Gce,
  zone: string,
  name: string,
  network: string,
  description: JsonObject,
  wanted: readonly NetworkEndpoint[],
): Promise<ZonalNeg> {
  const collection = `zones/${zone}/networkEndpointGroups`
  let neg = await gce.get(`${collection}/${name}`)
  if (neg === undefined) {
    try {
      await gce.change('POST', collection, {
        name,
        networkEndpointType: 'GCE_VM_IP_PORT',
        network,
        description: JSON.stringify(description),
      })
    } catch (error) {
      if (!(error instanceof GceError) || error.code !== 409) throw error
    }
    neg = await gce.get(`${collection}/${name}`)
    if (neg === undefined)
      throw new GceError(404, `network endpoint group ${name} in ${zone} is not there after it was made`)
  }
  await syncEndpoints(gce, zone, name, wanted)
  return {
    id: text(neg, 'id') ?? '',
    selfLink: text(neg, 'selfLink') ?? urlOf(gce.project, `${collection}/${name}`),
    zone,
  }
}

/** Detaches everything from a NEG that exists; a NEG that is gone is fine. */
export async function emptyNeg(gce: Gce, zone: string, name: string): Promise<void> {
  try {
    await syncEndpoints(gce, zone, name, [])
  } catch (error) {
    if (!isAbsent(error)) throw error
  }
}

/** Deletes a NEG; throws while Compute refuses because something refers to it. */
export async function deleteNeg(gce: Gce, zone: string, name: string): Promise<void> {
  try {
    await gce.change('DELETE', `zones/${zone}/networkEndpointGroups/${name}`)
  } catch (error) {
    if (!isAbsent(error)) throw error
  }
}

async function syncEndpoints(gce: Gce, zone: string, name: string, wanted: readonly NetworkEndpoint[]): Promise<void> {
  const path = `zones/${zone}/networkEndpointGroups/${name}`
  const listed = await gce.listBy(`${path}/listNetworkEndpoints`, { healthStatus: 'SKIP' })
  const present = new Map(listed.map((entry) => [keyOfListed(entry), fields(entry, 'networkEndpoint')]))
  const target = new Map(wanted.map((endpoint) => [`${endpoint.ipAddress}:${endpoint.port}`, endpoint]))
  const extra = [...present].filter(([key]) => !target.has(key)).map(([, endpoint]) => endpoint)
  const missing = [...target].filter(([key]) => !present.has(key)).map(([, endpoint]): JsonObject => ({ ...endpoint }))
  const steps = [
    change(gce, `${path}/attachNetworkEndpoints`, missing),
    change(gce, `${path}/detachNetworkEndpoints`, extra),
  ]
  await Promise.all(steps)
}

async function change(gce: Gce, path: string, endpoints: readonly JsonObject[]): Promise<void> {
  for (let start = 0; start < endpoints.length; start += batch) {
    await gce.change('POST', path, { networkEndpoints: endpoints.slice(start, start + batch) })
  }
}

function keyOfListed(entry: Json): string {
  const endpoint = at(entry, 'networkEndpoint')
  return `${text(endpoint, 'ipAddress') ?? ''}:${number(endpoint, 'port') ?? ''}`
}
