import { kindContract, type Edit } from '../../contract/kind.ts'
import { project } from '../planning/facts.ts'

const patch =
  (body: Record<string, unknown>): Edit =>
  ({ fingerprint }) => ({ method: 'PATCH', body: { ...body, ...(fingerprint === undefined ? {} : { fingerprint }) } })
const namedPorts =
  (change: (ports: { name: string; port: number }[]) => object[]): Edit =>
  ({ namedPorts: ports = [], fingerprint }) => ({
    method: 'POST',
    verb: 'setNamedPorts',
    body: { namedPorts: change(ports as { name: string; port: number }[]), fingerprint },
  })

kindContract({
  kind: 'address',
  collection: 'addresses',
  insert: 'globalAddresses.insert',
  foreign: { addressType: 'EXTERNAL' },
})

kindContract({
  kind: 'health-check',
  collection: 'healthChecks',
  insert: 'healthChecks.insert',
  foreign: { type: 'HTTP', httpHealthCheck: { port: 80 } },
  unowned: patch({ logConfig: { enable: true } }),
  owned: patch({ checkIntervalSec: 60, httpHealthCheck: { requestPath: '/elsewhere' } }),
})

kindContract({
  kind: 'backend-service',
  collection: 'backendServices',
  insert: 'backendServices.insert',
  foreign: { loadBalancingScheme: 'EXTERNAL_MANAGED' },
  unowned: patch({ timeoutSec: 300, sessionAffinity: 'CLIENT_IP', connectionDraining: { drainingTimeoutSec: 7 } }),
  owned: patch({ backends: [], portName: 'other' }),
})

kindContract({
  kind: 'url-map',
  collection: 'urlMaps',
  insert: 'urlMaps.insert',
  unowned: patch({ headerAction: { responseHeadersToAdd: [{ headerName: 'x-a', headerValue: 'b', replace: true }] } }),
  owned: patch({ description: 'by hand; managed by multi-cluster-ingress for Ingress default/edge' }),
})

kindContract({ kind: 'target-proxy', collection: 'targetHttpProxies', insert: 'targetHttpProxies.insert' })

kindContract({
  kind: 'forwarding-rule',
  collection: 'forwardingRules',
  insert: 'globalForwardingRules.insert',
  deletable: true,
})

kindContract({
  kind: 'firewall-rule',
  collection: 'firewalls',
  insert: 'firewalls.insert',
  foreign: {
    network: `projects/${project}/global/networks/default`,
    sourceRanges: ['10.0.0.0/8'],
    allowed: [{ IPProtocol: 'tcp' }],
  },
  unowned: patch({ priority: 500, logConfig: { enable: true } }),
  owned: patch({ targetTags: ['other'], allowed: [{ IPProtocol: 'tcp', ports: ['22'] }] }),
  deletable: true,
})

kindContract({
  kind: 'named-ports',
  collection: 'instanceGroups',
  unowned: namedPorts((ports) => [...ports, { name: 'theirs', port: 9_000 }]),
  owned: namedPorts((ports) => ports.filter(({ name }) => !name.startsWith('mci1-'))),
})

kindContract({ kind: 'network-endpoint-group', collection: 'networkEndpointGroups', overNegs: true })
