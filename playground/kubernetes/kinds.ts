/** The kinds that the simulated API server knows, and how each behaves. */
export interface Kind {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly plural: string
  readonly singular: string
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly namespaced: boolean
  /** Has a status subresource: writes to the object leave the status alone and the other way round. */
  readonly status: boolean
  readonly scale: boolean
  /** metadata.generation counts changes of the spec. */
  readonly generation: boolean
  /** Defined by a CustomResourceDefinition in real clusters: no strategic merge, lists are atomic. */
  readonly custom: boolean
}

function kind(
  groupVersion: string,
  name: string,
  plural: string,
  shortNames: readonly string[],
  traits: Partial<Pick<Kind, 'namespaced' | 'status' | 'scale' | 'generation' | 'custom' | 'categories'>> = {},
): Kind {
  const [group, version] = groupVersion.includes('/') ? groupVersion.split('/') : ['', groupVersion]
  return {
    group: group ?? '',
    version: version ?? '',
    kind: name,
    plural,
    singular: name.toLowerCase(),
    shortNames,
    categories: [],
    namespaced: true,
    status: false,
    scale: false,
    generation: false,
    custom: false,
    ...traits,
  }
}

const all = ['all']

export const namespaces = kind('v1', 'Namespace', 'namespaces', ['ns'], { namespaced: false, status: true })
export const nodes = kind('v1', 'Node', 'nodes', ['no'], { namespaced: false, status: true })
export const pods = kind('v1', 'Pod', 'pods', ['po'], { status: true, categories: all })
export const services = kind('v1', 'Service', 'services', ['svc'], { status: true, categories: all })
export const secrets = kind('v1', 'Secret', 'secrets', [])
export const configMaps = kind('v1', 'ConfigMap', 'configmaps', ['cm'])
export const events = kind('v1', 'Event', 'events', ['ev'])
export const endpointSlices = kind('discovery.k8s.io/v1', 'EndpointSlice', 'endpointslices', [], { generation: true })
export const deployments = kind('apps/v1', 'Deployment', 'deployments', ['deploy'], {
  status: true,
  scale: true,
  generation: true,
  categories: all,
})
export const replicaSets = kind('apps/v1', 'ReplicaSet', 'replicasets', ['rs'], {
  status: true,
  scale: true,
  generation: true,
  categories: all,
})
export const ingresses = kind('networking.k8s.io/v1', 'Ingress', 'ingresses', ['ing'], {
  status: true,
  generation: true,
})
export const negs = kind(
  'networking.gke.io/v1beta1',
  'ServiceNetworkEndpointGroup',
  'servicenetworkendpointgroups',
  ['svcneg'],
  {
    generation: true,
    custom: true,
  },
)
export const frontendConfigs = kind('networking.gke.io/v1beta1', 'FrontendConfig', 'frontendconfigs', [], {
  generation: true,
  custom: true,
})
export const managedCertificates = kind('networking.gke.io/v1', 'ManagedCertificate', 'managedcertificates', ['mcrt'], {
  generation: true,
  custom: true,
})
export const backendConfigs = kind('cloud.google.com/v1', 'BackendConfig', 'backendconfigs', ['bc'], {
  generation: true,
  custom: true,
})

export const multiClusterIngresses = kind(
  'networking.gke.io/v1',
  'MultiClusterIngress',
  'multiclusteringresses',
  ['mci'],
  { generation: true, custom: true, status: true },
)
export const multiClusterServices = kind(
  'networking.gke.io/v1',
  'MultiClusterService',
  'multiclusterservices',
  ['mcs'],
  { generation: true, custom: true, status: true },
)

/** Every kind, in the order in which discovery lists them. */
export const kinds: readonly Kind[] = [
  namespaces,
  nodes,
  pods,
  services,
  secrets,
  configMaps,
  events,
  deployments,
  replicaSets,
  endpointSlices,
  ingresses,
  managedCertificates,
  negs,
  frontendConfigs,
  backendConfigs,
  multiClusterIngresses,
  multiClusterServices,
]

const byResource = new Map(kinds.map((entry) => [`${entry.group}/${entry.version}/${entry.plural}`, entry]))

/** The kind served under a group, version and plural name. */
export function findKind(group: string, version: string, plural: string): Kind | undefined {
  return byResource.get(`${group}/${version}/${plural}`)
}

/** `v1`, `apps/v1`: as it stands in apiVersion. */
export function apiVersionOf(entry: Kind): string {
  return entry.group === '' ? entry.version : `${entry.group}/${entry.version}`
}

/** `services`, `ingresses.networking.k8s.io`: as it stands in messages. */
export function resourceName(entry: Kind): string {
  return entry.group === '' ? entry.plural : `${entry.plural}.${entry.group}`
}

/** `Service`, `Ingress.networking.k8s.io`: as it stands in messages about validity. */
export function qualifiedKind(entry: Kind): string {
  return entry.group === '' ? entry.kind : `${entry.kind}.${entry.group}`
}
