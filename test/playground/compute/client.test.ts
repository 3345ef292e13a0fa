import { PassThroughClient } from 'google-auth-library'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  createCompute,
  type ServedCompute,
  serveCompute,
  type SimulatedCompute,
} from '../../../playground/compute/index.ts'
import { seededRandom, wallClock } from '../../../playground/world.ts'

type Body = Readonly<Record<string, unknown>>
/** A generated client, as far as it is called here: its own declarations would cost every type check seconds. */
type Client = Readonly<Record<string, (request: object, options: object) => Promise<readonly Body[]>>>

/** The vendor's own client against the simulator, over HTTP: what one writes the other must read. */
let served: ServedCompute
let compute: SimulatedCompute
let addresses: Client
let services: Client
let checks: Client
let groups: Client
let operations: Client

const project = 'p'
const calls = { timeout: 10_000 }

/** Deep imports: the package's root loads every client there is. */
async function client(file: string, name: string): Promise<Client> {
  const module = (await import(`@google-cloud/compute/build/src/v1/${file}.js`)) as Record<string, unknown> & {
    default?: Record<string, unknown>
  }
  const Constructor = (module[name] ?? module.default?.[name]) as new (options: object) => Client
  const port = Number(new URL(served.url).port)
  const authClient = new PassThroughClient()
  return new Constructor({ apiEndpoint: '127.0.0.1', port, protocol: 'http', projectId: project, authClient })
}

async function call(of: Client, method: string, request: object): Promise<Body> {
  const answer = await of[method]?.({ project, ...request }, calls)
  return answer?.[0] ?? {}
}

async function pages(of: Client, method: string, request: object): Promise<unknown[]> {
  const items: unknown[] = []
  // Paging methods answer an iterable at once.
  const iterable: unknown = of[method]?.({ project, ...request }, calls)
  for await (const item of iterable as AsyncIterable<unknown>) items.push(item)
  return items
}

/** A mutation, and its operation brought to its end by waiting. */
async function finish(of: Client, method: string, request: object): Promise<Body> {
  const { latestResponse } = await call(of, method, request)
  return call(operations, 'wait', { operation: (latestResponse as { name: string }).name })
}

beforeAll(async () => {
  compute = createCompute({ clock: wallClock, random: seededRandom(3), operationDelayMs: 30 })
  served = await serveCompute(compute, 0)
  addresses = await client('global_addresses_client', 'GlobalAddressesClient')
  services = await client('backend_services_client', 'BackendServicesClient')
  checks = await client('health_checks_client', 'HealthChecksClient')
  groups = await client('instance_groups_client', 'InstanceGroupsClient')
  operations = await client('global_operations_client', 'GlobalOperationsClient')
})

afterAll(() => served.close())

const requestId = 'c0ffee00-0000-4000-8000-000000000001'
const ofBe = { backendService: 'be' }

describe('@google-cloud/compute over HTTP', () => {
  it('inserts, waits, reads, patches and deletes', async () => {
    const healthCheckResource = { name: 'hc', type: 'HTTP', httpHealthCheck: { portSpecification: 'USE_SERVING_PORT' } }
    const inserted = await finish(checks, 'insert', { healthCheckResource })
    expect(inserted).toMatchObject({ status: 'DONE', operationType: 'insert' })
    expect(inserted['error'] ?? null).toBeNull()
    const scheme = 'EXTERNAL_MANAGED'
    const backendServiceResource = { name: 'be', loadBalancingScheme: scheme, healthChecks: ['global/healthChecks/hc'] }
    await finish(services, 'insert', { backendServiceResource, requestId })
    const made = await call(services, 'get', ofBe)
    expect(made).toMatchObject({ name: 'be', port: 80, portName: 'http', timeoutSec: 30, enableCDN: false })
    expect(String(made['id'])).toMatch(/^\d{19}$/)
    const change = { fingerprint: made['fingerprint'], timeoutSec: 7 }
    await finish(services, 'patch', { ...ofBe, backendServiceResource: change })
    expect(await call(services, 'get', ofBe)).toMatchObject({ timeoutSec: 7, portName: 'http' })
    await finish(services, 'delete', ofBe)
    await expect(call(services, 'get', ofBe)).rejects.toMatchObject({ code: 5 })
  })

  it.each([
    {
      reason: 'not found',
      code: 5,
      http: 404,
      message: /^The resource 'projects\/p\/global\/addresses\/none' was not found$/,
      attempt: () => call(addresses, 'get', { address: 'none' }),
    },
    {
      reason: 'a conflict',
      code: 10,
      http: 409,
      message: /^The resource 'projects\/p\/global\/addresses\/taken' already exists$/,
      attempt: async () => {
        await finish(addresses, 'insert', { addressResource: { name: 'taken' } })
        return call(addresses, 'insert', { addressResource: { name: 'taken' } })
      },
    },
    {
      reason: 'a bad value',
      code: 3,
      http: 400,
      message: /resource\.name/,
      attempt: () => call(addresses, 'insert', { addressResource: { name: 'Bad' } }),
    },
    {
      reason: 'a stale fingerprint',
      code: 9,
      http: 412,
      message: /^Invalid fingerprint\.$/,
      attempt: async () => {
        await finish(services, 'insert', { backendServiceResource: { name: 'kept' } })
        const stale = { fingerprint: 'AAAAAAAAAAA=', timeoutSec: 7 }
        return call(services, 'patch', { backendService: 'kept', backendServiceResource: stale })
      },
    },
  ])('meets $reason as from the service itself', async ({ code, http, message, attempt }) => {
    const error: unknown = await attempt().catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code, httpStatusCode: http })
    expect((error as Error).message).toMatch(message)
  })

  it('sees a late failure in the operation', async () => {
    compute.faults.failNext({ code: 'QUOTA_EXCEEDED', message: 'Quota.', httpStatus: 403 })
    expect(await finish(addresses, 'insert', { addressResource: { name: 'late' } })).toMatchObject({
      status: 'DONE',
      error: { errors: [{ code: 'QUOTA_EXCEEDED', message: 'Quota.' }] },
      httpErrorStatusCode: 403,
    })
  })

  it('lists over pages, and over all scopes', async () => {
    for (const name of ['l1', 'l2', 'l3']) await finish(addresses, 'insert', { addressResource: { name } })
    const found = await pages(addresses, 'listAsync', { maxResults: 1, filter: 'name eq l.' })
    expect(found).toMatchObject([{ name: 'l1' }, { name: 'l2' }, { name: 'l3' }])
    await call(groups, 'insert', { zone: 'us-central1-a', instanceGroupResource: { name: 'ig' } })
    const zones = async () => {
      const scopes = (await pages(groups, 'aggregatedListAsync', {})) as [string, { instanceGroups?: unknown[] }][]
      return scopes.filter(([, { instanceGroups }]) => (instanceGroups?.length ?? 0) > 0).map(([scope]) => scope)
    }
    await expect.poll(zones).toEqual(['zones/us-central1-a'])
  })

  it('loses the connection when the answer is lost, and finds the first operation by its requestId', async () => {
    compute.faults.dropNextAnswer({ method: 'globalAddresses.insert' })
    const request = { addressResource: { name: 'lost' }, requestId: requestId.replace(/1$/, '2') }
    await expect(call(addresses, 'insert', request)).rejects.toThrow()
    expect(await finish(addresses, 'insert', request)).toMatchObject({ status: 'DONE' })
    expect(await call(addresses, 'get', { address: 'lost' })).toMatchObject({ status: 'RESERVED' })
  })
})
