import {
  CloudError,
  type Compute,
  type ComputeCollection,
  type ComputeCollections,
  type ComputeRef,
  type MemberHealth,
  type StartedOperation,
} from '../../shared/cloud/compute-port.ts'
import type { WireRequest, WireResponse } from '../../playground/world.ts'

/** Anything that answers the API's requests: the simulated Compute, or it behind faults. */
export type Handle = (request: WireRequest) => Promise<WireResponse>

/** Collections of which Compute has one per zone. */
const zonal: ReadonlySet<ComputeCollection> = new Set(['instanceGroups', 'instances', 'networkEndpointGroups'])

/**
 * The Compute port over a function that answers REST requests: no sockets and no vendor client, so that a simulation can run
 * on a virtual clock. It behaves as shared/cloud/compute.ts does; test/contract holds both to that.
 */
export function computeInProcess(handle: Handle): Compute {
  async function call(
    method: string,
    path: string,
    body?: unknown,
    query: Record<string, string> = {},
  ): Promise<unknown> {
    const response = await handle({
      method,
      path: `/compute/v1/${path}`,
      query,
      headers: {},
      body: body === undefined ? undefined : absolute(body),
    })
    if (response.status >= 400) throw errorOf(response)
    return response.body
  }

  async function mutate(
    ref: ComputeRef,
    method: string,
    path: string,
    body: unknown,
    requestId: string,
    parameters: Record<string, string> = {},
  ): Promise<StartedOperation> {
    const operation = (await call(method, path, body, { ...parameters, requestId })) as { name: string }
    return { project: ref.project, zone: ref.zone ?? null, name: operation.name }
  }

  return {
    async get(ref) {
      try {
        return relative(await call('GET', pathOf(ref))) as ComputeCollections[typeof ref.collection]
      } catch (error) {
        if (error instanceof CloudError && error.status === 404) return undefined
        throw error
      }
    },
    async list(collection, project, options = {}) {
      const items: unknown[] = []
      const everywhere = zonal.has(collection) && options.zone === undefined
      const place = everywhere
        ? `aggregated/${collection}`
        : options.zone === undefined
          ? `global/${collection}`
          : `zones/${options.zone}/${collection}`
      for (let pageToken: string | undefined; ;) {
        const query = {
          maxResults: '500',
          ...(pageToken === undefined ? {} : { pageToken }),
          ...(options.filter === undefined ? {} : { filter: options.filter }),
        }
        const page = (await call('GET', `projects/${project}/${place}`, undefined, query)) as {
          items?: unknown
          nextPageToken?: string
        }
        if (everywhere)
          for (const scope of Object.values((page.items ?? {}) as Record<string, Record<string, unknown[]>>))
            items.push(...(scope[collection] ?? []))
        else items.push(...((page.items ?? []) as unknown[]))
        pageToken = page.nextPageToken
        if (pageToken === undefined || pageToken === '') break
      }
      return items.map(relative) as ComputeCollections[typeof collection][]
    },
    insert: (ref, body, requestId) => mutate(ref, 'POST', parentOf(ref), body, requestId),
    patch: (ref, body, requestId) => mutate(ref, 'PATCH', pathOf(ref), withoutEmptyLists(body), requestId),
    update: (ref, body, requestId) => mutate(ref, 'PUT', pathOf(ref), withoutEmptyLists(body), requestId),
    remove: (ref, requestId) => mutate(ref, 'DELETE', pathOf(ref), undefined, requestId),
    call(ref, verb, body, requestId) {
      // The API's own irregularity: setUrlMap and setSslCertificates have no `global/` in their path (gce-semantics §7).
      const bare = verb === 'setUrlMap' || verb === 'setSslCertificates'
      const path = bare ? `projects/${ref.project}/${ref.collection}/${ref.name}` : pathOf(ref)
      return verb === 'deleteSignedUrlKey'
        ? mutate(ref, 'POST', `${path}/${verb}`, undefined, requestId, body as Record<string, string>)
        : mutate(ref, 'POST', `${path}/${verb}`, body, requestId)
    },
    async wait({ project, zone, name }, _ms) {
      const scope = zone === null ? 'global' : `zones/${zone}`
      const operation = (await call('POST', `projects/${project}/${scope}/operations/${name}/wait`)) as {
        status: string
        error?: { errors: { code: string; message: string }[] }
        httpErrorStatusCode?: number
      }
      if (operation.status !== 'DONE') return { done: false }
      const first = operation.error?.errors[0]
      return {
        done: true,
        error:
          first === undefined ? null : new CloudError(operation.httpErrorStatusCode ?? 500, first.code, first.message),
      }
    },
    async health(ref, group) {
      const answer = (await call('POST', `${pathOf(ref)}/getHealth`, { group })) as { healthStatus?: MemberHealth[] }
      return answer.healthStatus ?? []
    },
  }
}

function parentOf(ref: ComputeRef): string {
  return `projects/${ref.project}/${ref.zone === undefined ? 'global' : `zones/${ref.zone}`}/${ref.collection}`
}

function pathOf(ref: ComputeRef): string {
  return `${parentOf(ref)}/${ref.name}`
}

const root = 'https://www.googleapis.com/compute/v1/'

/** References as the port shows them: relative. */
function relative(value: unknown): unknown {
  return mapStrings(value, (text) => (text.startsWith(root) ? text.slice(root.length) : text))
}

/** The API takes relative references as they are; a copy keeps callers' objects out of the simulated world. */
function absolute(value: unknown): unknown {
  return structuredClone(value)
}

/** As the vendor's client does: an empty list never reaches the wire. */
function withoutEmptyLists(body: object): object {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => !(Array.isArray(value) && value.length === 0)))
}

function mapStrings(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value)
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, change))
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, mapStrings(member, change)]))
  return value
}

function errorOf({ status, body }: WireResponse): CloudError {
  const error = (body as { error?: { message?: string; errors?: { reason?: string }[] } } | null)?.error
  return new CloudError(status, error?.errors?.[0]?.reason ?? '', error?.message ?? `HTTP ${status}`)
}
