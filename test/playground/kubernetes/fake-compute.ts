import type { Clock, WireRequest, WireResponse } from '../../../playground/world.ts'

interface Stored {
  [key: string]: unknown
  namedPorts?: unknown[]
  members?: string[]
  endpoints?: { ipAddress: string; port: number; instance: string }[]
}

/** Just enough of Compute for the controllers inside a cluster; operations take `delay`. */
export function fakeCompute(clock: Clock, delay = 100) {
  const resources = new Map<string, Stored>()
  const inUse = new Set<string>()
  const log: string[] = []
  const operations = new Map<string, { done: boolean; waiters: (() => void)[]; zone: string }>()
  let count = 0
  let down = false

  function operate(zone: string): WireResponse {
    const name = `operation-${(count += 1)}`
    const operation = { done: false, waiters: [] as (() => void)[], zone }
    operations.set(name, operation)
    clock.after(delay, () => {
      operation.done = true
      for (const wake of operation.waiters) wake()
    })
    return { status: 200, body: { name, status: 'RUNNING', zone: `https://x/zones/${zone}` } }
  }
  const error = (code: number, message: string): WireResponse => ({
    status: code,
    body: { error: { code, message, errors: [] } },
  })

  async function handle(request: WireRequest): Promise<WireResponse> {
    if (down) return error(503, 'outage')
    const path = request.path.replace('/compute/v1/', '')
    const parts = path.split('/')
    const zone = parts[3] ?? ''
    const last = parts.at(-1) ?? ''
    if (last === 'wait') {
      const operation = operations.get(parts.at(-2) ?? '')
      if (operation === undefined) return error(404, 'no operation')
      if (!operation.done) await new Promise<void>((resolve) => operation.waiters.push(resolve))
      return { status: 200, body: { name: parts.at(-2), status: 'DONE', zone: `https://x/zones/${zone}` } }
    }
    log.push(`${request.method} ${path}`)
    const body = (request.body ?? {}) as Stored & {
      name?: string
      instances?: { instance: string }[]
      networkEndpoints?: NonNullable<Stored['endpoints']>
    }
    const owner = parts.slice(0, -1).join('/')
    const resource = resources.get(owner)
    const names = (body.instances ?? []).map((entry) => entry.instance.split('/').at(-1) ?? '')
    if (request.method === 'GET') {
      const found = resources.get(path)
      return found === undefined ? error(404, `The resource '${path}' was not found`) : { status: 200, body: found }
    }
    if (request.method === 'DELETE') {
      if (!resources.has(path)) return error(404, `The resource '${path}' was not found`)
      if (inUse.has(path)) return error(400, `The resource '${path}' is already being used`)
      resources.delete(path)
      for (const group of resources.values()) group.members = (group.members ?? []).filter((member) => member !== last)
      return operate(zone)
    }
    if (['instances', 'instanceGroups', 'networkEndpointGroups'].includes(last)) {
      const full = `${path}/${body.name ?? ''}`
      if (resources.has(full)) return error(409, `The resource '${full}' already exists`)
      resources.set(full, {
        ...body,
        id: String((count += 1)),
        selfLink: `https://www.googleapis.com/compute/v1/${full}`,
        members: [],
        endpoints: [],
      })
      return operate(zone)
    }
    if (resource === undefined) return error(404, `The resource '${owner}' was not found`)
    switch (last) {
      case 'setNamedPorts':
        resource.namedPorts = body.namedPorts ?? []
        return operate(zone)
      case 'addInstances':
        resource.members = [...(resource.members ?? []), ...names]
        return operate(zone)
      case 'removeInstances':
        resource.members = (resource.members ?? []).filter((member) => !names.includes(member))
        return operate(zone)
      case 'listInstances':
        return {
          status: 200,
          body: { items: (resource.members ?? []).map((member) => ({ instance: `https://x/instances/${member}` })) },
        }
      case 'attachNetworkEndpoints':
        resource.endpoints = [...(resource.endpoints ?? []), ...(body.networkEndpoints ?? [])]
        return operate(zone)
      case 'detachNetworkEndpoints': {
        const gone = (body.networkEndpoints ?? []).map((endpoint) => `${endpoint.ipAddress}:${endpoint.port}`)
        resource.endpoints = (resource.endpoints ?? []).filter(
          (endpoint) => !gone.includes(`${endpoint.ipAddress}:${endpoint.port}`),
        )
        return operate(zone)
      }
      case 'listNetworkEndpoints':
        return {
          status: 200,
          body: { items: (resource.endpoints ?? []).map((networkEndpoint) => ({ networkEndpoint })) },
        }
      default:
        return error(404, `no route ${path}`)
    }
  }
  return { handle, resources, inUse, log, setDown: (value: boolean) => void (down = value) }
}
