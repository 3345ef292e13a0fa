import { z } from 'zod'
import { createCaller, type ComputeOptions } from './compute-caller.ts'
import { collections, operations, verbBodies } from './compute-clients.ts'
import { readList } from './compute-list.ts'
import { refuseWhatGetsLost, tidy } from './compute-values.ts'
import {
  CloudError,
  type Compute,
  type ComputeCollection,
  type ComputeCollections,
  type ComputeRef,
  type MemberHealth,
  type OperationState,
  type StartedOperation,
} from './compute-port.ts'

export type { ComputeOptions } from './compute-caller.ts'

/** A wait gets this much longer than was asked before the connection is given up. */
const waitSlackMs = 250

const operation = z.object({
  name: z.string().min(1),
  status: z.string().nullish(),
  httpErrorStatusCode: z.number().nullish(),
  httpErrorMessage: z.string().nullish(),
  error: z
    .object({ errors: z.array(z.object({ code: z.string().nullish(), message: z.string().nullish() })) })
    .nullish(),
})

const health = z.array(
  z.object({
    instance: z.string().exactOptional(),
    ipAddress: z.string().exactOptional(),
    port: z.number().exactOptional(),
    healthState: z.string().default('UNKNOWN'),
  }),
)

/** The Compute port over Google's client library. Nothing is loaded before the first call. */
export function createCompute(options: ComputeOptions = {}): Compute {
  const call = createCaller(options)

  async function mutate(verb: string, ref: ComputeRef, method: string, request: object): Promise<StartedOperation> {
    const what = `${verb} ${pathOf(ref)}`
    const answer = await call({
      what,
      source: collections[ref.collection],
      method,
      request: { ...placeOf(ref), ...request },
    })
    const { name } = parsed(operation, answer[0], what)
    return { project: ref.project, zone: placeOf(ref).zone ?? null, name }
  }

  return {
    async get<C extends ComputeCollection>(ref: ComputeRef<C>) {
      const source = collections[ref.collection]
      try {
        const request = { ...placeOf(ref), [source.key]: ref.name }
        const [resource] = await call({ what: `get ${pathOf(ref)}`, source, method: 'get', request, reads: true })
        // The library decodes by the API's own message types, of which the port's are a part.
        return tidy(resource) as ComputeCollections[C]
      } catch (error) {
        if (error instanceof CloudError && error.status === 404) return undefined
        throw error
      }
    },

    async list<C extends ComputeCollection>(
      collection: C,
      project: string,
      { zone, filter }: { zone?: string; filter?: string } = {},
    ) {
      const place = { ...(zone === undefined ? {} : { zone }), ...(filter === undefined ? {} : { filter }) }
      const found = await readList(call, { collection, project, ...place })
      return found.map(tidy) as ComputeCollections[C][]
    },

    async insert(ref, body, requestId) {
      return mutate('insert', ref, 'insert', { [bodyOf(ref)]: body, requestId })
    },

    async patch(ref, body, requestId) {
      refuseWhatGetsLost(body)
      return mutate('patch', ref, 'patch', { ...nameOf(ref), [bodyOf(ref)]: body, requestId })
    },

    async update(ref, body, requestId) {
      return mutate('update', ref, 'update', { ...nameOf(ref), [bodyOf(ref)]: body, requestId })
    },

    async remove(ref, requestId) {
      return mutate('delete', ref, 'delete', { ...nameOf(ref), requestId })
    },

    async call(ref, verb, body, requestId) {
      if (Object.keys(body).length === 0)
        throw new Error(`${verb} needs a body: the client library sends an empty one as text`)
      const field = verbBodies[verb]
      return mutate(verb, ref, verb, { ...nameOf(ref), ...(field === null ? body : { [field]: body }), requestId })
    },

    async wait({ project, zone, name }, ms): Promise<OperationState> {
      const what = `wait for operation ${name} of project ${project}`
      const source = zone === null ? operations.global : operations.zonal
      const request = { project, operation: name, ...(zone === null ? {} : { zone }) }
      try {
        const [answer] = await call({ what, source, method: 'wait', request, ms: ms + waitSlackMs, reads: true })
        return endOf(parsed(operation, answer, what))
      } catch (error) {
        if (!(error instanceof CloudError)) throw error
        // The service holds a wait for up to two minutes: that our time ran out first says only that it still runs.
        if (error.reason === 'timeout') return { done: false }
        // Operations are forgotten some time after their end; what it did is then to be seen on the resource.
        if (error.status === 404) return { done: true, error: null }
        throw error
      }
    },

    async health(ref, group): Promise<MemberHealth[]> {
      const what = `getHealth ${pathOf(ref)}`
      const request = { ...placeOf(ref), ...nameOf(ref), resourceGroupReferenceResource: { group } }
      const [answer] = await call({
        what,
        source: collections.backendServices,
        method: 'getHealth',
        request,
        reads: true,
      })
      return parsed(z.object({ healthStatus: health.default([]) }), tidy(answer), what).healthStatus
    },
  }
}

/** Project and zone of a request; a zone given for a global collection, or missing for a zonal one, is a programming error. */
function placeOf({ collection, project, zone }: ComputeRef): { project: string; zone?: string } {
  if (collections[collection].zonal !== (zone !== undefined)) {
    throw new Error(`${collection} ${zone === undefined ? 'are zonal and need a zone' : 'are global and have no zone'}`)
  }
  return zone === undefined ? { project } : { project, zone }
}

function nameOf({ collection, name }: ComputeRef): Record<string, string> {
  return { [collections[collection].key]: name }
}

function bodyOf({ collection }: ComputeRef): string {
  return `${collections[collection].key}Resource`
}

function pathOf({ collection, project, zone, name }: ComputeRef): string {
  return `projects/${project}/${zone === undefined ? 'global' : `zones/${zone}`}/${collection}/${name}`
}

/** A failed operation has a status of its own; without one it is the service's fault (500). */
function endOf({
  name,
  status,
  httpErrorStatusCode,
  httpErrorMessage,
  error,
}: z.infer<typeof operation>): OperationState {
  if (status !== 'DONE') return { done: false }
  const first = error?.errors[0]
  if (first === undefined && !httpErrorStatusCode) return { done: true, error: null }
  const message = first?.message ?? httpErrorMessage ?? 'the operation failed without saying why'
  return {
    done: true,
    error: new CloudError(httpErrorStatusCode || 500, first?.code ?? '', `operation ${name}: ${message}`),
  }
}

function parsed<T>(shape: z.ZodType<T>, value: unknown, what: string): T {
  const result = shape.safeParse(value)
  if (result.success) return result.data
  throw new CloudError(
    502,
    'unexpectedAnswer',
    `${what}: the answer is not what the API documents: ${z.prettifyError(result.error)}`,
  )
}
