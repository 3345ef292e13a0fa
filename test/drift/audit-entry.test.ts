import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseAuditEntry, type AuditSubject } from '../../shared/engine/audit-entry.ts'

const samples = join(import.meta.dirname, '..', '..', '..', 'shared', 'samples', 'audit-logs')
const present = existsSync(samples)
if (!present) {
  if (process.env['MCI_REQUIRE_EVERYTHING']) throw new Error('the audit-log samples are not on this machine')
  process.stderr.write('Skipped: the audit-log samples are not on this machine.\n')
}

function read(file: string): unknown {
  return JSON.parse(readFileSync(join(samples, file), 'utf8'))
}

const global = (collection: string, name: string): string => `resource example-project/global/${collection}/${name}`
const words = (subject: AuditSubject): string => {
  const project = subject.project ?? '?'
  switch (subject.about) {
    case 'resource':
      return `resource ${project}/${subject.zone ?? 'global'}/${subject.collection}/${subject.name}`
    case 'machines':
      return `machines ${project}/${subject.name}`
    case 'cluster':
      return `cluster ${project}/${subject.location}/${subject.cluster}`
    case 'object':
      return `object ${project}/${subject.location}/${subject.cluster}/${subject.namespace}${subject.ingress === null ? '' : ` ingress ${subject.ingress}`}`
  }
}

const zonal = (name: string): string[] => [
  `resource example-project/us-central1-a/instanceGroups/${name}`,
  `machines example-project/${name}`,
]
const cluster = 'cluster example-project/us-central1-a/'

/** What the published entries are about; a row per file, and a file without a row fails. */
const real: Record<string, { says: string[]; reason: string }> = {
  'beta.compute.instanceTemplates.insert.first.json': { says: [], reason: 'a template is no machine' },
  'beta.compute.networkEndpointGroups.insert.last.json': {
    says: ['resource example-project/us-central1-a/networkEndpointGroups/custodian-network-endpoint-group'],
    reason: 'the prefix beta. means nothing',
  },
  'beta.compute.networks.insert.first.json': { says: [], reason: 'networks are not ours' },
  'google.container.v1.ClusterManager.CreateCluster.error.json': { says: [], reason: 'refused: nothing changed' },
  'google.container.v1.ClusterManager.CreateCluster.first.json': {
    says: [`${cluster}gke-basic-1`],
    reason: 'a GKE operation that begins changes nodes before it ends',
  },
  'google.container.v1.ClusterManager.CreateCluster.last.json': {
    says: [`${cluster}gke-basic-1`],
    reason: 'without authenticationInfo, request and response',
  },
  'google.container.v1.ClusterManager.CreateNodePool.first.json': { says: [`${cluster}gke-basic-1`], reason: 'a pool' },
  'google.container.v1.ClusterManager.CreateNodePool.last.json': { says: [`${cluster}gke-basic-1`], reason: 'a pool' },
  'google.container.v1.ClusterManager.DeleteCluster.first.json': { says: [`${cluster}gke-basic-1`], reason: 'it goes' },
  'google.container.v1.ClusterManager.DeleteCluster.last.json': { says: [`${cluster}gke-basic-1`], reason: 'it went' },
  'google.container.v1.ClusterManager.DeleteNodePool.first.json': {
    says: [`${cluster}gke-basic-1`],
    reason: 'its nodes are cordoned now: time to drain',
  },
  'google.container.v1.ClusterManager.DeleteNodePool.last.json': { says: [`${cluster}gke-basic-1`], reason: 'a pool' },
  'google.container.v1.ClusterManager.SetLegacyAbac.first.json': {
    says: ['cluster example-project/europe-west4-a/example-cluster'],
    reason: 'a look too many costs little',
  },
  'google.container.v1.ClusterManager.SetNodePoolManagement.first.json': {
    says: ['cluster example-project/europe-west4-a/example-cluster'],
    reason: 'a look too many costs little',
  },
  'google.container.v1beta1.ClusterManager.CreateCluster.first.json': {
    says: ['cluster example-project/us-east1-d/gke'],
    reason: 'v1beta1',
  },
  'io.k8s.core.v1.nodes.create.json': {
    says: [`${cluster}standard-cluster-1`],
    reason: 'a node joined; the labels say where',
  },
  'v1.compute.autoscalers.insert.last.json': { says: [], reason: 'an autoscaler is no machine' },
  'v1.compute.firewalls.delete.last.json': { says: [global('firewalls', 'firewall-create')], reason: 'deleted' },
  'v1.compute.firewalls.insert.first.json': { says: [], reason: 'the last entry comes when it is there to be seen' },
  'v1.compute.firewalls.insert.last.json': { says: [global('firewalls', 'test')], reason: 'only request.@type' },
  'v1.compute.instanceGroupManagers.insert.last.json': {
    says: ['machines example-project/instance-group-1'],
    reason: 'a group of machines',
  },
  'v1.compute.instanceGroupManagers.list.json': { says: [], reason: 'somebody only read' },
  'v1.compute.regionBackendServices.patch.first.json': { says: [], reason: 'ours are global' },
  ...Object.fromEntries(
    [
      'backendServices',
      'forwardingRules',
      'globalAddresses',
      'globalForwardingRules',
      'healthChecks',
      'sslCertificates',
      'targetHttpProxies',
      'targetHttpsProxies',
      'urlMaps',
    ].map((service) => [`v1.compute.${service}.get.json`, { says: [], reason: 'somebody only read' }]),
  ),
}

/** What the inferred entries are about, by what their names begin with; the first row that fits holds. */
const inferred: readonly [RegExp, string[]][] = [
  [/^v1\.compute\..*\.first\.json$/, []],
  // The names of its ports are not its machines.
  [/instanceGroups\.setNamedPorts\./, zonal('k8s-ig--0123456789abcdef').slice(0, 1)],
  [/instanceGroups\./, zonal('k8s-ig--0123456789abcdef')],
  [/compute\.instanceGroupManagers\./, ['machines example-project/gke-cluster-1-default-pool-1a2b3c4d-grp']],
  [/regionInstanceGroupManagers\./, ['machines example-project/example-mig']],
  [/\.regional\./, ['cluster example-project/us-central1/cluster-1']],
  [/^google\.container\./, [`${cluster}cluster-1`]],
  [/compute\.forwardingRules\./, []],
  [/networkEndpointGroups\.(attach|detach)NetworkEndpoints/, []],
  [/(backendServices)\./, [global('backendServices', 'mci1-be-30061--example')]],
]

describe('published audit-log entries', () => {
  it.runIf(present)('every file has a row', () => {
    expect(Object.keys(real).sort()).toEqual(
      readdirSync(samples)
        .filter((file) => file.endsWith('.json'))
        .sort(),
    )
  })
  it.runIf(present).each(Object.entries(real).map(([file, row]) => ({ file, ...row })))(
    '$file: $reason',
    ({ file, says }) => {
      expect(parseAuditEntry(read(file))?.subjects.map(words)).toEqual(says)
    },
  )
})

describe.skipIf(!present)('inferred audit-log entries', () => {
  const files = present ? readdirSync(join(samples, 'inferred')).sort() : ['the samples are not on this machine']
  it.each(files)('%s', (file) => {
    const entry = read(join('inferred', file))
    const { resourceName } = (entry as { protoPayload: { resourceName: string } }).protoPayload
    const says = parseAuditEntry(entry)?.subjects.map(words)
    const row = inferred.find(([name]) => name.test(file))
    const [, , , collection = '', name = ''] = resourceName.split('/')
    expect(says).toEqual(
      row?.[1] ??
        (resourceName.includes('/zones/')
          ? [`resource ${resourceName.replace('projects/', '').replace('/zones/', '/')}`]
          : [global(collection, name)]),
    )
  })
})

/** An entry as the log sink delivers it, with what a row changes. */
function entry(method: string, resourceName: string, more: object = {}): object {
  return {
    protoPayload: { '@type': 'type.googleapis.com/google.cloud.audit.AuditLog', methodName: method, resourceName },
    resource: { type: 'any', labels: { project_id: 'example-project' } },
    operation: { id: 'operation-1', last: true },
    severity: 'NOTICE',
    ...more,
  }
}

const firewall = 'projects/example-project/global/firewalls/f'
const says = [global('firewalls', 'f')]

describe('entries by their form', () => {
  it.each([
    { value: entry('compute.firewalls.delete', firewall), says, reason: 'a catalog lists names without a prefix' },
    { value: entry('alpha.compute.firewalls.delete', firewall), says, reason: 'alpha.' },
    { value: entry('v2.compute.firewalls.delete', firewall), says, reason: 'a version that does not exist yet' },
    {
      value: entry('v1.compute.firewalls.delete', 'projects/123456789012/global/firewalls/f'),
      says,
      reason: 'the project by its number; the label has the id',
    },
    {
      value: { ...entry('v1.compute.firewalls.delete', 'projects/123456789012/global/firewalls/f'), resource: null },
      says: ['resource ?/global/firewalls/f'],
      reason: 'only the number is known',
    },
    {
      value: entry('v1.compute.firewalls.delete', firewall, { operation: { id: 'o', first: true, last: true } }),
      says,
      reason: 'an operation of one entry',
    },
    {
      value: entry('v1.compute.firewalls.delete', firewall, { operation: null }),
      says,
      reason: 'without an operation',
    },
    {
      value: entry('v1.compute.firewalls.delete', firewall, { operation: null, severity: 'ERROR' }),
      says: [],
      reason: 'refused at once',
    },
    {
      value: entry('v1.compute.firewalls.delete', firewall, { severity: 'ERROR' }),
      says,
      reason: 'an operation that failed late may have done half of it',
    },
    {
      value: entry('v1.compute.constructor.delete', 'projects/example-project/global/constructor/f'),
      says: [],
      reason: 'a name that every object has is no collection',
    },
    { value: entry('v1.compute.firewalls.delete', 'nonsense'), says: [], reason: 'a name of no known form' },
    {
      value: entry('v1.compute.instances.delete', 'projects/example-project/zones/z/instances/gke-a-b-1'),
      says: ['machines example-project/gke-a-b-1'],
      reason: 'a machine went',
    },
    {
      value: entry('google.container.v1.ClusterManager.GetCluster', 'projects/example-project/zones/z/clusters/c'),
      says: [],
      reason: 'somebody only read',
    },
    {
      value: {
        ...entry('io.k8s.core.v1.services.update', 'core/v1/namespaces/shop/services/cart', { operation: undefined }),
        resource: { type: 'k8s_cluster', labels: { project_id: 'p1', location: 'l', cluster_name: 'c' } },
      },
      says: ['object p1/l/c/shop'],
      reason: 'a Service changed; Kubernetes entries have no operation',
    },
    {
      value: {
        ...entry('io.k8s.networking.v1.ingresses.delete', 'networking.k8s.io/v1/namespaces/shop/ingresses/cart'),
        resource: { type: 'k8s_cluster', labels: { project_id: 'p1', location: 'l', cluster_name: 'c' } },
      },
      says: ['object p1/l/c/shop ingress cart'],
      reason: 'an Ingress went, which is one of ours or nobody here',
    },
    {
      value: {
        ...entry('io.k8s.networking.v1.ingresses.deletecollection', 'networking.k8s.io/v1/namespaces/shop/ingresses'),
        resource: { type: 'k8s_cluster', labels: { project_id: 'p1', location: 'l', cluster_name: 'c' } },
      },
      says: ['object p1/l/c/shop'],
      reason: 'all Ingresses of a namespace went at once',
    },
    {
      value: {
        ...entry('com.google.cloud.v1.backendconfigs.update', 'cloud.google.com/v1/namespaces/shop/backendconfigs/b'),
        resource: { type: 'k8s_cluster', labels: { project_id: 'p1', location: 'l', cluster_name: 'c' } },
      },
      says: ['object p1/l/c/shop'],
      reason: 'a BackendConfig changed: the group of its API backwards',
    },
    {
      value: entry('io.k8s.core.v1.secrets.update', 'core/v1/namespaces/shop/secrets/s'),
      says: [],
      reason: 'not something that decides what is wanted',
    },
  ])('$reason', ({ value, says: expected }) => {
    expect(parseAuditEntry(value)?.subjects.map(words)).toEqual(expected)
  })

  it.each([{ cluster: 'us-east' }, null, 7, 'text', [], { protoPayload: {} }, { protoPayload: { methodName: 7 } }])(
    '%j is no audit-log entry',
    (value) => {
      expect(parseAuditEntry(value)).toBeUndefined()
    },
  )
})
