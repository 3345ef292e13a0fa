import { isIP } from 'node:net'
import { ApiError, invalid, notFound, required } from '../api-error.ts'
import { type JsonObject, numberAt, objectsAt, textAt } from '../json.ts'
import type { Call, Kind } from '../kind.ts'
import { fullUrl, relativePath } from '../references.ts'

const maxEndpoints = 500

/** The endpoints of a call, completed: an instance may be named by URL or by name, the port may be the group's. */
function readEndpoints({ look, resource, body }: Call, mustExist: boolean): JsonObject[] {
  const list = objectsAt(body, 'networkEndpoints')
  if (list.length === 0) throw required('resource.networkEndpoints')
  if (list.length > maxEndpoints) {
    throw invalid('resource.networkEndpoints', list.length, `A call takes at most ${maxEndpoints} endpoints.`)
  }
  const type = textAt(resource.spec, 'networkEndpointType') ?? ''
  return list.map((item, index) => {
    const at = `resource.networkEndpoints[${index}]`
    const port = numberAt(item, 'port') ?? numberAt(resource.spec, 'defaultPort')
    const ip = textAt(item, 'ipAddress')
    if (ip !== undefined && isIP(ip) === 0) throw invalid(`${at}.ipAddress`, ip, 'Must be an IP address.')
    if (type === 'GCE_VM_IP_PORT' || type === 'NON_GCP_PRIVATE_IP_PORT') {
      if (port === undefined) throw required(`${at}.port`)
      if (port < 1 || port > 65_535) throw invalid(`${at}.port`, port, 'The port must be between 1 and 65535.')
    }
    if (type !== 'GCE_VM_IP_PORT' && type !== 'GCE_VM_IP') return { ...item, ...(port === undefined ? {} : { port }) }
    const named = textAt(item, 'instance') ?? ''
    if (named === '') throw required(`${at}.instance`)
    const zone = resource.scope.type === 'zones' ? resource.scope.name : ''
    const parent = `projects/${resource.project}/zones/${zone}/instances/`
    const path = /^[a-z][-a-z0-9]*$/.test(named) ? `${parent}${named}` : relativePath(named, resource.project)
    if (path === undefined) throw invalid(`${at}.instance`, named, 'The URL is malformed.')
    if (!path.startsWith(parent))
      throw invalid(`${at}.instance`, named, "The instance is not in the group's zone and project.")
    const instance = look.find(path)
    // A machine that is gone leaves endpoints that must still be detachable.
    if (instance === undefined && mustExist) throw notFound(path)
    const own = textAt(objectsAt(instance?.spec ?? {}, 'networkInterfaces')[0] ?? {}, 'networkIP')
    const address = ip ?? own
    return {
      ...item,
      instance: fullUrl(path),
      ...(address === undefined ? {} : { ipAddress: address }),
      ...(port === undefined ? {} : { port }),
    }
  })
}

function keyOf(endpoint: JsonObject): string {
  return JSON.stringify([endpoint['instance'], endpoint['ipAddress'], endpoint['port'], endpoint['fqdn']])
}

export const networkEndpointGroups: Kind = {
  collection: 'networkEndpointGroups',
  message: 'NetworkEndpointGroup',
  singular: 'networkEndpointGroup',
  noun: 'network_endpoint_group',
  fingerprint: 'none',
  quota: 'NETWORK_ENDPOINT_GROUPS',
  references: [
    { at: 'network', to: ['networks'], crossProject: true },
    { at: 'subnetwork', to: ['subnetworks'], crossProject: true },
  ],
  check(body) {
    const port = numberAt(body, 'defaultPort')
    if (port !== undefined && (port < 1 || port > 65_535)) {
      throw invalid('resource.defaultPort', port, 'The port must be between 1 and 65535.')
    }
  },
  defaults(body, place) {
    const type = textAt(body, 'networkEndpointType') ?? 'GCE_VM_IP_PORT'
    const zonal = place.scope.type === 'zones'
    return {
      ...body,
      networkEndpointType: type,
      ...(zonal ? { network: textAt(body, 'network') ?? 'global/networks/default' } : {}),
    }
  },
  derive: (_look, resource) => ({ size: resource.members.length }),
  methods: {
    attachNetworkEndpoints: {
      does: 'members',
      operationType: 'attachNetworkEndpoints',
      plan(call) {
        const added = readEndpoints(call, true)
        return (members) => {
          const known = new Set(members.map(keyOf))
          return [...members, ...added.filter((endpoint) => !known.has(keyOf(endpoint)))]
        }
      },
    },
    detachNetworkEndpoints: {
      does: 'members',
      operationType: 'detachNetworkEndpoints',
      plan(call) {
        const gone = new Set(readEndpoints(call, false).map(keyOf))
        const present = new Set(call.resource.members.map(keyOf))
        for (const key of gone) {
          // The text is not checked against the real service.
          if (!present.has(key))
            throw new ApiError(400, 'invalid', `The network endpoint ${key} is not in '${call.resource.path}'`)
        }
        return (members) => members.filter((member) => !gone.has(keyOf(member)))
      },
    },
    listNetworkEndpoints: {
      does: 'read',
      answer({ resource }) {
        const items = resource.members.map((networkEndpoint) => ({ networkEndpoint }))
        return {
          kind: 'compute#networkEndpointGroupsListNetworkEndpoints',
          id: resource.path,
          ...(items.length === 0 ? {} : { items }),
        }
      },
    },
  },
}
