import { ApiError, invalid, notFound, notReady, required, staleFingerprint } from '../api-error.ts'
import { type JsonObject, numberAt, objectsAt, textAt } from '../json.ts'
import type { Call, Kind, Look, Resource } from '../kind.ts'
import { fullUrl, ofUrl, relativePath } from '../references.ts'
import { sameFingerprint } from '../world.ts'
import { checkOneBalancedGroup } from './backends.ts'

function checkNamedPorts(ports: readonly JsonObject[]): void {
  ports.forEach((item, index) => {
    const at = `resource.namedPorts[${index}]`
    const name = textAt(item, 'name') ?? ''
    const port = numberAt(item, 'port') ?? 0
    if (!/^[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?$/.test(name)) {
      throw invalid(`${at}.name`, name, "Must be a match of regex '(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)'")
    }
    if (port < 1 || port > 65_535) throw invalid(`${at}.port`, port, 'The port must be between 1 and 65535.')
  })
}

/** The machines that a call names: they exist, in the group's zone. */
function namedInstances({ look, resource, body }: Call): Resource[] {
  const list = objectsAt(body, 'instances')
  if (list.length === 0) throw required('resource.instances')
  return list.map((item, index) => {
    const value = textAt(item, 'instance') ?? ''
    const at = `resource.instances[${index}].instance`
    const path = relativePath(value, resource.project)
    if (path === undefined) throw invalid(at, value, 'The URL is malformed.')
    const instance = look.find(path)
    if (instance === undefined || instance.state === 'creating') throw notFound(path)
    if (instance.state === 'deleting') throw notReady(path)
    const zone = `projects/${resource.project}/zones/${resource.scope.type === 'zones' ? resource.scope.name : ''}/`
    if (!path.startsWith(zone)) throw invalid(at, value, "The instance is not in the group's zone and project.")
    return instance
  })
}

function networkOf(look: Look, members: readonly JsonObject[]): { network?: string; subnetwork?: string } {
  const instance = look.find(ofUrl(textAt(members[0] ?? {}, 'instance') ?? ''))
  const [first] = instance === undefined ? [] : objectsAt(instance.spec, 'networkInterfaces')
  const network = textAt(first ?? {}, 'network')
  const subnetwork = textAt(first ?? {}, 'subnetwork')
  return { ...(network === undefined ? {} : { network }), ...(subnetwork === undefined ? {} : { subnetwork }) }
}

export const instanceGroups: Kind = {
  collection: 'instanceGroups',
  message: 'InstanceGroup',
  singular: 'instanceGroup',
  noun: 'instance_group',
  // The fingerprint is that of the named ports: they are all that can change.
  fingerprint: 'checked',
  quota: 'INSTANCE_GROUPS',
  references: [{ at: 'network', to: ['networks'], crossProject: true }],
  check: (body) => checkNamedPorts(objectsAt(body, 'namedPorts')),
  derive: (look, resource) => ({ size: resource.members.length, ...networkOf(look, resource.members) }),
  methods: {
    setNamedPorts: {
      does: 'change',
      operationType: 'setNamedPorts',
      change({ resource, body }) {
        const fingerprint = textAt(body, 'fingerprint') ?? ''
        if (fingerprint !== '' && !sameFingerprint(fingerprint, resource.meta['fingerprint'])) throw staleFingerprint()
        return { spec: { ...resource.spec, namedPorts: objectsAt(body, 'namedPorts') } }
      },
    },
    addInstances: {
      does: 'members',
      operationType: 'addInstances',
      plan(call) {
        const added = namedInstances(call)
        const present = new Set(call.resource.members.map((member) => member['instance']))
        const { network } = networkOf(call.look, call.resource.members)
        for (const instance of added) {
          const url = fullUrl(instance.path)
          // Reason as clients of the service know it; the text is not checked.
          if (present.has(url)) {
            throw new ApiError(
              400,
              'memberAlreadyExists',
              `The instance '${instance.path}' is already a member of '${call.resource.path}'`,
            )
          }
          const theirs = textAt(objectsAt(instance.spec, 'networkInterfaces')[0] ?? {}, 'network')
          if (network !== undefined && theirs !== network) {
            throw invalid(
              'resource.instances',
              instance.path,
              `The instance is not in the group's network, '${ofUrl(network)}'.`,
            )
          }
          const balanced = call.look
            .holders(call.resource.path)
            .some(({ collection }) => collection === 'backendServices')
          if (balanced) checkOneBalancedGroup(call.look, url, call.resource)
        }
        return (members) => {
          const known = new Set(members.map((member) => member['instance']))
          const live = added.filter(({ path }) => call.look.find(path) !== undefined && !known.has(fullUrl(path)))
          return [...members, ...live.map(({ path }) => ({ instance: fullUrl(path) }))]
        }
      },
    },
    removeInstances: {
      does: 'members',
      operationType: 'removeInstances',
      plan(call) {
        const gone = new Set<unknown>(namedInstances(call).map(({ path }) => fullUrl(path)))
        const present = new Set<unknown>(call.resource.members.map((member) => member['instance']))
        for (const url of gone) {
          if (!present.has(url)) {
            throw new ApiError(
              400,
              'memberNotFound',
              `The instance '${ofUrl(String(url))}' is not a member of '${call.resource.path}'`,
            )
          }
        }
        return (members) => members.filter((member) => !gone.has(member['instance']))
      },
    },
    listInstances: {
      does: 'read',
      answer({ resource, body }) {
        const ports = resource.spec['namedPorts']
        const items = resource.members
          .map((member) => ({
            instance: member['instance'],
            status: 'RUNNING',
            ...(ports === undefined ? {} : { namedPorts: ports }),
          }))
          .filter((item) => textAt(body, 'instanceState') !== 'RUNNING' || item.status === 'RUNNING')
        return { kind: 'compute#instanceGroupsListInstances', ...(items.length === 0 ? {} : { items }) }
      },
    },
  },
}
