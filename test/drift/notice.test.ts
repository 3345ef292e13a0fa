import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseAuditEntry } from '../../shared/engine/audit-entry.ts'
import { notice, type Noticed } from '../../shared/engine/notice.ts'
import { project, smallWorld, type SmallWorld } from './small-world.ts'

let world: SmallWorld
let rule: string
let group: { zone: string; name: string }

beforeAll(async () => {
  world = await smallWorld()
  for (const cluster of world.clusters.keys()) await world.deploy(cluster, 'web')
  const east = { server: 'https://east.example', project, gke: `projects/${project}/locations/us-east1/clusters/prod` }
  await world.publish('cluster-changes', JSON.stringify({ cluster: 'east', register: east }))
  await world.serve('web', 'web')
  rule = world.compute.list('forwardingRules', project)[0]?.name ?? ''
  const [first] = world.compute.list('instanceGroups', project)
  group = { zone: first?.path.split('/')[3] ?? '', name: first?.name ?? '' }
})
afterAll(() => world.close())

function told(method: string, resourceName: string, more: object = {}): Promise<Noticed> {
  const entry = parseAuditEntry({
    protoPayload: { methodName: method, resourceName },
    operation: { id: 'operation-of-somebody', last: true },
    ...more,
  })
  if (entry === undefined) throw new Error('not an entry')
  return notice(world.deps, entry, { why: 'test', trace: '' })
}

const deleted = 'v1.compute.globalForwardingRules.delete'
const path = (name: string, where = project): string => `projects/${where}/global/forwardingRules/${name}`

describe('an audit-log entry asks exactly those to look whom it may concern', () => {
  it('a resource of ours', async () => {
    const { resources, clusters } = await told(deleted, path(rule))
    expect({ resources, clusters }).toEqual({ resources: [`forwarding-rule/${project}/${rule}`], clusters: [] })
  })

  it('a resource of ours, by the number of its project alone', async () => {
    expect((await told(deleted, path(rule, '123456789012'))).resources).toEqual([`forwarding-rule/${project}/${rule}`])
  })

  it.each([
    { reason: 'a name that we have no document for', name: 'somebody-elses' },
    { reason: 'a name like ours that we have no document for', name: 'mci1-fw--other' },
  ])('nobody for $reason', async ({ name }) => {
    expect(await told(deleted, path(name))).toEqual({ resources: [], clusters: [] })
  })

  it('nobody for the echo of our own operation', async () => {
    const doc = await world.store.get('resources', `forwarding-rule/${project}/${rule}`)
    expect(doc?.lastOperation).toBeDefined()
    const operation = { id: doc?.lastOperation, last: true }
    expect((await told('v1.compute.globalForwardingRules.insert', path(rule), { operation })).resources).toEqual([])
  })

  it.each([
    {
      reason: 'machines came: the clusters that it may belong to too',
      verb: 'addInstances',
      clusters: ['east', 'west'],
    },
    { reason: 'its ports were named, which says nothing of machines', verb: 'setNamedPorts', clusters: [] },
  ])('the named ports of a group: $reason', async ({ verb, clusters }) => {
    const name = `projects/${project}/zones/${group.zone}/instanceGroups/${group.name}`
    expect(await told(`v1.compute.instanceGroups.${verb}`, name)).toEqual({
      resources: [`named-ports/${project}/${group.zone}/${group.name}`],
      clusters,
    })
  })

  it.each([
    {
      reason: 'the GKE name',
      name: 'zones/us-east1-b/instanceGroupManagers/gke-prod-pool-1-0a1b2c3d-grp',
      clusters: ['east'],
    },
    {
      reason: 'the registered name',
      name: 'zones/us-west1-a/instanceGroupManagers/gke-west-pool-0a1b-grp',
      clusters: ['west'],
    },
    { reason: 'no name at all', name: 'zones/us-west1-a/instanceGroupManagers/batch', clusters: ['east', 'west'] },
  ])('clusters by the name of their machines: $reason', async ({ name, clusters }) => {
    expect((await told('v1.compute.instanceGroupManagers.resize', `projects/${project}/${name}`)).clusters).toEqual(
      clusters,
    )
  })

  it('no cluster for a machine that bears no cluster’s name, nor for another project', async () => {
    const machine = `projects/${project}/zones/us-west1-a/instances/database-1`
    expect((await told('v1.compute.instances.delete', machine)).clusters).toEqual([])
    const elsewhere = 'projects/elsewhere/zones/us-west1-a/instanceGroupManagers/batch'
    expect((await told('v1.compute.instanceGroupManagers.resize', elsewhere)).clusters).toEqual([])
  })

  it.each([
    {
      reason: 'zonal form, the location of the registration',
      name: 'zones/us-east1/clusters/prod',
      clusters: ['east'],
    },
    { reason: 'regional form', name: 'locations/us-east1/clusters/prod/nodePools/pool-1', clusters: ['east'] },
    {
      reason: 'one that is registered without its GKE name',
      name: 'zones/us-west1-a/clusters/west',
      clusters: ['west'],
    },
  ])('a cluster by its name: $reason', async ({ name, clusters }) => {
    const method = 'google.container.v1beta1.ClusterManager.SetNodePoolSize'
    expect((await told(method, `projects/${project}/${name}`)).clusters).toEqual(clusters)
  })

  it('the Ingresses of a namespace, when an object there changes', async () => {
    const labels = { cluster_name: 'prod', location: 'us-east1', project_id: project }
    const here = await told('io.k8s.core.v1.services.update', 'core/v1/namespaces/default/services/web', {
      resource: { type: 'k8s_cluster', labels },
    })
    expect(here.resources).toEqual(['cluster-ingress/east/default/web'])
    const elsewhere = await told('io.k8s.core.v1.services.update', 'core/v1/namespaces/other/services/web', {
      resource: { type: 'k8s_cluster', labels },
    })
    expect(elsewhere.resources).toEqual([])
  })

  it.each([
    { object: 'web', resources: ['cluster-ingress/east/default/web'] },
    { object: 'of-somebody-else', resources: [] },
  ])('of Ingress objects nobody but the one that $object is of', async ({ object, resources }) => {
    const noticed = await told(
      'io.k8s.networking.v1.ingresses.update',
      `networking.k8s.io/v1/namespaces/default/ingresses/${object}`,
      {
        resource: {
          type: 'k8s_cluster',
          labels: { cluster_name: 'prod', location: 'us-east1', project_id: project },
        },
      },
    )
    expect(noticed.resources).toEqual(resources)
  })
})
