import type { ComputeCollection, ComputeVerb } from '../../shared/cloud/compute-port.ts'

/**
 * Which IAM permissions a call of the Compute API needs. The names follow IAM's own scheme (`compute.<resources>.<verb>`)
 * and the documentation of the methods; not checked against the real service. Global forwarding rules and addresses have
 * permissions of their own.
 */

/** A call: the port's verb, or one of the API's own. */
export type ComputeMethod =
  `${ComputeCollection}.${'get' | 'list' | 'insert' | 'patch' | 'update' | 'remove' | 'health' | ComputeVerb}`

const iamNames: Partial<Record<ComputeCollection, string>> = {
  addresses: 'globalAddresses',
  forwardingRules: 'globalForwardingRules',
}

const iamVerbs: Readonly<Record<string, string>> = {
  insert: 'create',
  remove: 'delete',
  patch: 'update',
  health: 'get',
  setNamedPorts: 'update',
}

/** Naming a resource in another is a use of it. */
const uses: Partial<Record<ComputeCollection, readonly string[]>> = {
  backendServices: [
    'compute.healthChecks.useReadOnly',
    'compute.instanceGroups.use',
    'compute.networkEndpointGroups.use',
    'compute.securityPolicies.use',
  ],
  urlMaps: ['compute.backendServices.use'],
  targetHttpProxies: ['compute.urlMaps.use'],
  targetHttpsProxies: ['compute.urlMaps.use', 'compute.sslCertificates.get', 'compute.sslPolicies.use'],
  forwardingRules: ['compute.globalAddresses.use', 'compute.targetHttpProxies.use', 'compute.targetHttpsProxies.use'],
}

/** Firewall rules belong to their network. */
const onNetwork = ['compute.networks.get', 'compute.networks.updatePolicy']

/** The permissions that one call needs. */
export function permissionsOf(method: ComputeMethod): string[] {
  const [collection, verb] = method.split('.') as [ComputeCollection, string]
  const own = `compute.${iamNames[collection] ?? collection}.${iamVerbs[verb] ?? verb}`
  if (verb === 'get' || verb === 'list' || verb === 'health') return [own]
  // The answer of every mutation is an operation, which is then waited for.
  const operation = collection === 'instanceGroups' ? 'compute.zoneOperations.get' : 'compute.globalOperations.get'
  if (verb === 'remove') return [own, operation, ...(collection === 'firewalls' ? onNetwork : [])]
  return [own, operation, ...(uses[collection] ?? []), ...(collection === 'firewalls' ? onNetwork : [])]
}

const crud = (collection: ComputeCollection, ...more: ComputeVerb[]): ComputeMethod[] =>
  (['get', 'insert', 'remove', ...more] as const).map((verb): ComputeMethod => `${collection}.${verb}`)

/** What the planner looks for when a load balancer may be there already, and the sweeps list. */
const listed: readonly ComputeCollection[] = [
  'addresses',
  'backendServices',
  'firewalls',
  'forwardingRules',
  'healthChecks',
  'instanceGroups',
  'networkEndpointGroups',
  'sslCertificates',
  'targetHttpProxies',
  'targetHttpsProxies',
  'urlMaps',
]

const looks = (verb: 'get' | 'list'): ComputeMethod[] =>
  listed.map((collection): ComputeMethod => `${collection}.${verb}`)

const certificateMethods: ComputeMethod[] = crud('sslCertificates')

/** The calls that the functions of each identity make. */
export const computeMethods = {
  planner: [...looks('get'), ...looks('list')],
  watcher: [...looks('list'), 'instances.list'],
  balancer: [
    ...crud('addresses'),
    'addresses.list',
    'backendServices.health',
    ...crud('firewalls'),
    'firewalls.patch',
    ...crud('forwardingRules', 'setTarget'),
    ...crud('healthChecks'),
    'healthChecks.patch',
    'healthChecks.update',
    'instanceGroups.get',
    'instanceGroups.setNamedPorts',
    'networkEndpointGroups.get',
    ...crud('targetHttpProxies', 'setUrlMap'),
    ...crud('targetHttpsProxies', 'setUrlMap', 'setSslCertificates', 'setSslPolicy'),
    ...crud('urlMaps'),
    'urlMaps.update',
  ],
  backends: [
    ...crud('backendServices', 'setSecurityPolicy', 'addSignedUrlKey', 'deleteSignedUrlKey'),
    'backendServices.list',
    'backendServices.patch',
    'backendServices.update',
  ],
  clusters: [],
  certificates: certificateMethods,
  keeper: [],
  reader: ['backendServices.health'],
} as const satisfies Record<string, readonly ComputeMethod[]>

/** Firestore, by what the Store does; IAM calls its documents entities of Datastore. */
export const statePermissions = {
  read: ['datastore.databases.get', 'datastore.entities.get', 'datastore.entities.list'],
  write: ['datastore.entities.create', 'datastore.entities.delete', 'datastore.entities.update'],
} as const

/**
 * To be told by GKE where a cluster is, and to reach it by its DNS-based endpoint; what may be done inside is the cluster's own
 * RBAC.
 */
export const clusterPermissions = ['container.clusters.connect', 'container.clusters.get'] as const
