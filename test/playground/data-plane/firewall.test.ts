import { describe, expect, it } from 'vitest'
import { reachable } from '../../../playground/data-plane/firewall.ts'
import { readResource, type Firewall } from '../../../playground/data-plane/resources.ts'

const NETWORK = 'projects/p/global/networks/default'

function rule(change: Record<string, unknown> = {}): Firewall {
  return readResource('firewalls', 'projects/p/global/firewalls/f', {
    network: `https://www.googleapis.com/compute/v1/${NETWORK}`,
    direction: 'INGRESS',
    priority: 1000,
    sourceRanges: ['130.211.0.0/22', '35.191.0.0/16'],
    targetTags: ['node'],
    allowed: [{ IPProtocol: 'tcp', ports: ['30000-32767'] }],
    ...change,
  })
}

describe('what the load balancer reaches', () => {
  const rows: { reason: string; rules: Firewall[]; want: boolean }[] = [
    { reason: 'no rule: ingress is denied', rules: [], want: false },
    { reason: 'both ranges, the port and a tag', rules: [rule()], want: true },
    { reason: 'one of two ranges is not enough', rules: [rule({ sourceRanges: ['130.211.0.0/22'] })], want: false },
    {
      reason: 'two rules may open a range each',
      rules: [rule({ sourceRanges: ['130.211.0.0/22'] }), rule({ sourceRanges: ['35.191.0.0/16'] })],
      want: true,
    },
    { reason: 'a wider range holds them', rules: [rule({ sourceRanges: ['0.0.0.0/0'] })], want: true },
    {
      reason: 'a narrower range does not',
      rules: [rule({ sourceRanges: ['130.211.0.0/24', '35.191.0.0/16'] })],
      want: false,
    },
    {
      reason: 'IPv6 ranges open nothing to IPv4',
      rules: [rule({ sourceRanges: ['2600:2d00:1:b029::/64'] })],
      want: false,
    },
    { reason: 'another port', rules: [rule({ allowed: [{ IPProtocol: 'tcp', ports: ['80', '443'] }] })], want: false },
    { reason: 'the single port', rules: [rule({ allowed: [{ IPProtocol: 'TCP', ports: ['30001'] }] })], want: true },
    { reason: 'no ports = all ports', rules: [rule({ allowed: [{ IPProtocol: 'tcp' }] })], want: true },
    { reason: 'all protocols', rules: [rule({ allowed: [{ IPProtocol: 'all' }] })], want: true },
    { reason: 'another protocol', rules: [rule({ allowed: [{ IPProtocol: 'udp' }] })], want: false },
    { reason: 'no target tags = every machine', rules: [rule({ targetTags: [] })], want: true },
    { reason: 'a tag that the machine lacks', rules: [rule({ targetTags: ['other'] })], want: false },
    { reason: 'another network', rules: [rule({ network: 'projects/p/global/networks/other' })], want: false },
    {
      reason: 'a network of the same name in another project',
      rules: [rule({ network: 'projects/q/global/networks/default' })],
      want: false,
    },
    { reason: 'a disabled rule', rules: [rule({ disabled: true })], want: false },
    { reason: 'an egress rule', rules: [rule({ direction: 'EGRESS' })], want: false },
    {
      reason: 'a deny rule with a lower number wins',
      rules: [rule(), rule({ priority: 900, allowed: [], denied: [{ IPProtocol: 'all' }] })],
      want: false,
    },
    {
      reason: 'a deny rule with a higher number loses',
      rules: [rule(), rule({ priority: 1100, allowed: [], denied: [{ IPProtocol: 'all' }] })],
      want: true,
    },
    {
      reason: 'a deny rule wins a tie',
      rules: [rule({ allowed: [], denied: [{ IPProtocol: 'tcp', ports: ['30001'] }] }), rule()],
      want: false,
    },
  ]
  it.each(rows)('$reason', ({ rules, want }) => {
    expect(reachable(rules, { network: NETWORK, tags: ['node', 'x'] }, 30001)).toBe(want)
  })
})
