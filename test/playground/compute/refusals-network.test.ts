import { loadBalancer, make } from './harness.ts'
import { firewall, group, groups, zone, testRefusals } from './refusal-table.ts'

testRefusals('network', [
  {
    reason: 'neither allowed nor denied',
    send: firewall({ allowed: undefined }),
    status: 400,
    code: 'required',
    message: "Required field 'resource.allowed' not specified",
  },
  {
    reason: 'allowed and denied',
    send: firewall({ denied: [{ IPProtocol: 'tcp' }] }),
    status: 400,
    code: 'invalid',
    message: /Only one of allowed and denied/,
  },
  {
    reason: 'a network of another project',
    send: firewall({ network: 'projects/host/global/networks/default' }),
    status: 400,
    code: 'invalid',
    message:
      /'resource\.network': 'projects\/host\/global\/networks\/default'\. Cross project referencing is not allowed for this resource\.$/,
  },
  {
    reason: 'a range that is none',
    send: firewall({ sourceRanges: ['10.0.0.0/33'] }),
    status: 400,
    code: 'invalid',
    message: /CIDR/,
  },
  {
    reason: 'IPv4 and IPv6 ranges mixed',
    send: firewall({ sourceRanges: ['10.0.0.0/8', '2600::/32'] }),
    status: 400,
    code: 'invalid',
    message: /cannot be mixed/,
  },
  {
    reason: 'ports in the wrong order',
    send: firewall({ allowed: [{ IPProtocol: 'tcp', ports: ['90-80'] }] }),
    status: 400,
    code: 'invalid',
    message: /allowed\[0\]\.ports\[0\]/,
  },
  {
    reason: 'a tag that is no name',
    send: firewall({ targetTags: ['A b'] }),
    status: 400,
    code: 'invalid',
    message: /targetTags\[0\]/,
  },
  {
    reason: 'a named port that is no name',
    given: groups,
    send: ['POST', `${zone}/instanceGroups/ig/setNamedPorts`, { namedPorts: [{ name: 'Http', port: 80 }] }],
    status: 400,
    code: 'invalid',
    message: /namedPorts\[0\]\.name/,
  },
  {
    reason: 'a machine that does not exist',
    given: groups,
    send: ['POST', `${zone}/instanceGroups/ig/addInstances`, { instances: [{ instance: `${zone}/instances/vm` }] }],
    status: 404,
    code: 'notFound',
    message: `The resource 'projects/p/${zone}/instances/vm' was not found`,
  },
  {
    reason: 'a machine of another zone',
    given: async (world) => {
      await groups(world)
      await world.done('POST', 'zones/us-central1-b/instances', make.instance('vm'))
    },
    send: [
      'POST',
      `${zone}/instanceGroups/ig/addInstances`,
      { instances: [{ instance: 'zones/us-central1-b/instances/vm' }] },
    ],
    status: 400,
    code: 'invalid',
    message: /not in the group's zone/,
  },
  {
    reason: 'a machine that is a member already',
    given: async (world) => {
      await groups(world)
      await world.done('POST', `${zone}/instances`, make.instance('vm'))
      await world.done('POST', `${zone}/instanceGroups/ig/addInstances`, {
        instances: [{ instance: `${zone}/instances/vm` }],
      })
    },
    send: ['POST', `${zone}/instanceGroups/ig/addInstances`, { instances: [{ instance: `${zone}/instances/vm` }] }],
    status: 400,
    code: 'memberAlreadyExists',
    message: /already a member/,
  },
  {
    reason: 'an endpoint without a machine',
    given: groups,
    send: [
      'POST',
      `${zone}/networkEndpointGroups/neg/attachNetworkEndpoints`,
      { networkEndpoints: [{ ipAddress: '10.0.0.1', port: 80 }] },
    ],
    status: 400,
    code: 'required',
    message: /networkEndpoints\[0\]\.instance/,
  },
  {
    reason: 'an endpoint without a port',
    given: groups,
    send: [
      'POST',
      `${zone}/networkEndpointGroups/neg/attachNetworkEndpoints`,
      { networkEndpoints: [{ instance: 'vm', ipAddress: '10.0.0.1' }] },
    ],
    status: 400,
    code: 'required',
    message: /networkEndpoints\[0\]\.port/,
  },
  {
    reason: 'an endpoint that is not there',
    given: groups,
    send: [
      'POST',
      `${zone}/networkEndpointGroups/neg/detachNetworkEndpoints`,
      { networkEndpoints: [{ instance: 'vm', ipAddress: '10.0.0.1', port: 80 }] },
    ],
    status: 400,
    code: 'invalid',
    message: /is not in/,
  },
  {
    reason: 'the health of a group that is no backend',
    given: loadBalancer,
    send: ['POST', 'global/backendServices/be/getHealth', { group: group('ig') }],
    status: 400,
    code: 'invalid',
    message: /not a backend/,
  },
])
