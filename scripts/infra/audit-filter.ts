/**
 * Which entries of Cloud Audit Logs the log sink brings to topic cluster-changes: what shared/engine/audit-entry.ts makes
 * something of, and as little else as can be said in Cloud Logging's query language. A comparison with a field that an
 * entry does not have is false, so `NOT` of it is true.
 */

const alternatives = (...names: string[]): string => `(${names.join('|')})`

/** Machines come and go in groups; the groups of every cluster matter, whoever changes them. */
const groups = [
  'protoPayload.serviceName="compute.googleapis.com"',
  `protoPayload.methodName=~"compute\\\\.${alternatives('instanceGroups', 'instanceGroupManagers', 'regionInstanceGroupManagers')}\\\\.${alternatives('insert', 'delete', 'addInstances', 'removeInstances', 'setNamedPorts', 'resize', 'patch', 'createInstances', 'deleteInstances')}$"`,
]

/** Parts of load balancers: ours are known by their names. Two sorts of resource are named by their users. */
const loadBalancers = [
  'protoPayload.serviceName="compute.googleapis.com"',
  `protoPayload.methodName=~"compute\\\\.${alternatives('globalForwardingRules', 'globalAddresses', 'healthChecks', 'backendServices', 'urlMaps', 'targetHttpProxies', 'targetHttpsProxies', 'sslCertificates', 'firewalls')}\\\\.${alternatives('insert', 'delete', 'patch', 'update', 'setTarget', 'setUrlMap', 'setSslCertificates', 'setSslPolicy', 'setSecurityPolicy')}$"`,
  `protoPayload.resourceName=~"/(mci1-[^/]+|(addresses|sslCertificates)/[^/]+)$"`,
]

/** NEGs of container-native load balancing: their coming and going; their endpoints change all the time and matter to nobody here. */
const endpointGroups = [
  'protoPayload.serviceName="compute.googleapis.com"',
  `protoPayload.methodName=~"compute\\\\.networkEndpointGroups\\\\.${alternatives('insert', 'delete')}$"`,
]

/** GKE: clusters and node pools, also by auto-upgrade and repair. Node auto-provisioning ends in CreateNodePool. */
const clusters = [
  'protoPayload.serviceName="container.googleapis.com"',
  `protoPayload.methodName=~"ClusterManager(Internal)?\\\\.${alternatives('Create', 'Delete', 'Update', 'Set')}"`,
]

/**
 * Objects in clusters: configs decide how backends and front ends behave, Services decide ports, workloads what makes them the readiness probe, Ingresses are what we applied.
 * Status is written all the time and decides nothing; so does what the control plane itself does to workloads.
 */
const objects = [
  'protoPayload.serviceName="k8s.io"',
  `protoPayload.methodName=~"\\\\.${alternatives('services', 'ingresses', 'backendconfigs', 'frontendconfigs', 'deployments', 'statefulsets', 'daemonsets')}\\\\.${alternatives('create', 'update', 'patch', 'delete')}$"`,
  'NOT protoPayload.resourceName=~"/(status|scale)$"',
  '(protoPayload.resourceName=~"/ingresses/" OR NOT protoPayload.authenticationInfo.principalEmail=~"^system:")',
]

const all = (terms: readonly string[]): string => `(${terms.join(' AND ')})`

/** The filter of the sink. */
export const auditFilter = [
  'log_id("cloudaudit.googleapis.com/activity")',
  // A long operation writes two entries; at the first nothing has changed yet. GKE's later entries say no more than that.
  '(NOT operation.first=true OR operation.last=true)',
  // What was refused at once changed nothing; an operation that failed may have.
  '(NOT severity=ERROR OR operation.last=true)',
  `(${[groups, loadBalancers, endpointGroups, clusters, objects].map(all).join(' OR ')})`,
].join(' AND ')
