import { describe, expect, it } from 'vitest'
import { kinds } from '../../../functions/reconcile/index.ts'

/** What a want that stays becomes when the addresses have other IPs. */
const rows: { reason: string; kind: string; want: object; ip?: string | null; ip6?: string | null; becomes: object }[] =
  [
    {
      reason: 'a rule follows the IPv4 address',
      kind: 'forwarding-rule',
      want: { IPAddress: '203.0.113.1', target: 'tp' },
      becomes: { IPAddress: '203.0.113.9', target: 'tp' },
    },
    {
      reason: 'one for IPv6 follows the other',
      kind: 'forwarding-rule',
      want: { IPAddress: '2001:db8::1', target: 'tp' },
      becomes: { IPAddress: '2001:db8::9', target: 'tp' },
    },
    {
      reason: 'no answer is not another address',
      kind: 'forwarding-rule',
      want: { IPAddress: '203.0.113.1' },
      ip: null,
      becomes: { IPAddress: '203.0.113.1' },
    },
    {
      reason: 'people in a cluster see both',
      kind: 'cluster-status',
      want: { addresses: ['203.0.113.1', '2001:db8::1'], rules: ['fw'] },
      becomes: { addresses: ['203.0.113.9', '2001:db8::9'], rules: ['fw'] },
    },
    {
      reason: 'one that is not known stays what it was',
      kind: 'cluster-status',
      want: { addresses: ['203.0.113.1', '2001:db8::1'], rules: ['fw'] },
      ip6: null,
      becomes: { addresses: ['203.0.113.9', '2001:db8::1'], rules: ['fw'] },
    },
    {
      reason: "kubemci's status tells it, in its place",
      kind: 'url-map',
      want: { description: '{"LoadBalancerName":"zp","IPAddress":"203.0.113.1","Stamp":"ours"}', defaultService: 'be' },
      becomes: {
        description: '{"LoadBalancerName":"zp","IPAddress":"203.0.113.9","Stamp":"ours"}',
        defaultService: 'be',
      },
    },
    {
      reason: 'a redirect says nothing of an IP',
      kind: 'url-map',
      want: { description: 'Redirect to HTTPS of zp' },
      becomes: { description: 'Redirect to HTTPS of zp' },
    },
  ]

describe('what stays wanted while nothing can be planned', () => {
  it.each(rows)('$kind: $reason', ({ kind: name, want, ip = '203.0.113.9', ip6 = '2001:db8::9', becomes }) => {
    const kind = kinds.find((one) => one.name === name)
    expect(kind?.readdress?.(want, { ip, ip6 })).toEqual(becomes)
  })
})
