import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { auditFilter } from '../../scripts/infra/audit-filter.ts'
import { parseAuditEntry } from '../../shared/engine/audit-entry.ts'
import { parseFilter } from './logging-filter.ts'

const passes = parseFilter(auditFilter)

/** An entry of the form that Cloud Logging has. */
const entry = (service: string, method: string, resource: string, more: object = {}): object => ({
  logName: 'projects/p/logs/cloudaudit.googleapis.com%2Factivity',
  protoPayload: { serviceName: `${service}.googleapis.com`, methodName: method, resourceName: resource },
  operation: { id: 'operation-1', last: true },
  ...more,
})
const compute = (method: string, resource: string, more?: object): object =>
  entry('compute', `v1.compute.${method}`, `projects/p/${resource}`, more)
const inCluster = (method: string, resource: string, who: string): object => ({
  logName: 'projects/p/logs/cloudaudit.googleapis.com%2Factivity',
  resource: { type: 'k8s_cluster', labels: { project_id: 'p', location: 'z', cluster_name: 'c' } },
  protoPayload: {
    serviceName: 'k8s.io',
    methodName: method.startsWith('com.') ? method : `io.k8s.${method}`,
    resourceName: resource,
    authenticationInfo: { principalEmail: who },
  },
})

describe('the log sink', () => {
  it.each([
    ['a part of ours was deleted', compute('healthChecks.delete', 'global/healthChecks/mci1-hc-1--web')],
    [
      'a forwarding rule of ours was changed',
      compute('globalForwardingRules.setTarget', 'global/forwardingRules/mci1-fw--web'),
    ],
    [
      'a certificate that an Ingress may name is gone',
      compute('sslCertificates.delete', 'global/sslCertificates/shop'),
    ],
    ['an address that an Ingress may name came', compute('globalAddresses.insert', 'global/addresses/shop')],
    [
      'the same by a beta API',
      entry('compute', 'beta.compute.urlMaps.patch', 'projects/p/global/urlMaps/mci1-um--web'),
    ],
    [
      'the same by a method without version',
      entry('compute', 'compute.urlMaps.patch', 'projects/p/global/urlMaps/mci1-um--web'),
    ],
    ['a group of machines came', compute('instanceGroupManagers.insert', 'zones/z/instanceGroupManagers/gke-a-grp')],
    ['nodes joined a group', compute('instanceGroups.addInstances', 'zones/z/instanceGroups/k8s-ig--1')],
    [
      'a mutation without a long operation',
      compute('firewalls.patch', 'global/firewalls/mci1-fr--web', { operation: undefined }),
    ],
    [
      'GKE made a node pool',
      entry(
        'container',
        'google.container.v1.ClusterManager.CreateNodePool',
        'projects/p/zones/z/clusters/c/nodePools/n',
      ),
    ],
    [
      'GKE upgraded by itself',
      entry(
        'container',
        'google.container.internal.ClusterManagerInternal.UpdateClusterInternal',
        'projects/p/zones/z/clusters/c',
      ),
    ],
    [
      'somebody changed a Service',
      inCluster('core.v1.services.patch', 'core/v1/namespaces/n/services/s', 'a@example.com'),
    ],
    [
      'somebody changed a BackendConfig',
      inCluster(
        'com.google.cloud.v1.backendconfigs.update',
        'cloud.google.com/v1/namespaces/n/backendconfigs/b',
        'a@example.com',
      ),
    ],
    [
      'the in-cluster controller wrote to an Ingress',
      inCluster(
        'networking.v1.ingresses.update',
        'networking.k8s.io/v1/namespaces/n/ingresses/i',
        'system:l7-lb-controller',
      ),
    ],
  ])('brings: %s', (_reason, one) => {
    expect(passes(one)).toBe(true)
    expect(parseAuditEntry(one)?.subjects, 'and it leads somewhere').not.toEqual([])
  })

  it.each([
    ['a part of another load balancer', compute('healthChecks.delete', 'global/healthChecks/theirs')],
    ['reads', compute('healthChecks.get', 'global/healthChecks/mci1-hc-1--web')],
    [
      'the beginning of an operation',
      compute('healthChecks.delete', 'global/healthChecks/mci1-hc-1--web', { operation: { id: '1', first: true } }),
    ],
    [
      'what was refused at once',
      compute('healthChecks.delete', 'global/healthChecks/mci1-hc-1--web', { operation: undefined, severity: 'ERROR' }),
    ],
    [
      'data access logs',
      {
        ...compute('healthChecks.delete', 'global/healthChecks/mci1-hc-1--web'),
        logName: 'projects/p/logs/cloudaudit.googleapis.com%2Fdata_access',
      },
    ],
    [
      'endpoints that come and go',
      compute('networkEndpointGroups.attachNetworkEndpoints', 'zones/z/networkEndpointGroups/k8s1-x'),
    ],
    ['single machines', compute('instances.insert', 'zones/z/instances/gke-a-1')],
    ['regional load balancers', compute('regionBackendServices.patch', 'regions/r/backendServices/mci1-be-1--web')],
    [
      'status of a Service',
      inCluster('core.v1.services.status.patch', 'core/v1/namespaces/n/services/s/status', 'a@example.com'),
    ],
    [
      'what the control plane does to a Deployment',
      inCluster(
        'apps.v1.deployments.update',
        'apps/v1/namespaces/n/deployments/d',
        'system:serviceaccount:kube-system:x',
      ),
    ],
    ['ConfigMaps', inCluster('core.v1.configmaps.update', 'core/v1/namespaces/n/configmaps/m', 'a@example.com')],
  ])('does not bring: %s', (_reason, one) => {
    expect(passes(one)).toBe(false)
  })
})

const folder = fileURLToPath(new URL('../../../shared/samples/audit-logs', import.meta.url))
const present = existsSync(folder)
if (!present) {
  if (process.env['MCI_REQUIRE_EVERYTHING']) throw new Error('the samples of audit logs are missing, and are required')
  process.stderr.write('Skipped: the log filter on published audit-log entries; the samples are not on this machine.\n')
}

describe.skipIf(!present)('on entries as others have published them', () => {
  const files = present
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.json'))
    : []
  const samples = files.map(
    (path) => [path, JSON.parse(readFileSync(`${folder}/${path}`, 'utf8')) as Record<string, unknown>] as const,
  )

  /** What our code would act on and the sink leaves out on purpose, with the reason. */
  const leftOut: readonly [RegExp, string][] = [
    [/\/(?!mci1-)[^/]+$/, 'named as no resource of ours is'],
    [/setLabels/, 'labels are not ours to keep'],
    [/NetworkEndpoints/, 'endpoints change all the time'],
    [/nodes\.create/, 'the group of the node says the same'],
    [/\.first\.json$/, 'the end of the operation is told'],
    [/data_access/, 'old entries of GKE are in another log'],
  ]

  it.each(samples)('%s: is brought exactly if the code acts on it', (path, sample) => {
    const acts = (parseAuditEntry(sample)?.subjects ?? []).length > 0
    const payload = sample['protoPayload'] as { resourceName?: string; methodName: string }
    const text = [payload.resourceName ?? '', payload.methodName, path, String(sample['logName'])]
    const reason = leftOut.find(([pattern]) => text.some((one) => pattern.test(one)))?.[1]
    if (passes(sample)) expect(acts, 'brought for nothing').toBe(true)
    else expect(acts && reason === undefined, 'the code would act, and it is not brought').toBe(false)
  })
  it('has samples of both sorts', () => {
    const brought = samples.filter(([, sample]) => passes(sample)).length
    expect(brought).toBeGreaterThan(40)
    expect(samples.length - brought).toBeGreaterThan(20)
  })
})
