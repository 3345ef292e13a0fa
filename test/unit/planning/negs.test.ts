import { describe, expect, it } from 'vitest'
import type { ServiceNegObject } from '../../../shared/cloud/kubernetes-port.ts'
import { asksForNegs, capacityOf, negOwner, negRequest, negsOf } from '../../../shared/planning/negs.ts'

describe('negRequest', () => {
  const rows: { reason: string; text: string | null; ingress: boolean; ports: number[] }[] = [
    { reason: 'no annotation', text: null, ingress: false, ports: [] },
    { reason: 'what GKE writes on VPC-native clusters', text: '{"ingress":true}', ingress: true, ports: [] },
    { reason: 'switched off', text: '{"ingress":false}', ingress: false, ports: [] },
    { reason: 'a text instead of true', text: '{"ingress":"true"}', ingress: false, ports: [] },
    {
      reason: 'exposed ports, with and without a name',
      text: '{"exposed_ports":{"80":{},"443":{"name":"shop"}}}',
      ingress: false,
      ports: [80, 443],
    },
    {
      reason: 'a port by name, which ingress-gce does not take',
      text: '{"exposed_ports":{"http":{}}}',
      ingress: false,
      ports: [],
    },
    { reason: 'no JSON', text: 'yes', ingress: false, ports: [] },
    { reason: 'another JSON', text: '[true]', ingress: false, ports: [] },
    {
      reason: 'longer than any that is meant',
      text: `{"ingress":true,"x":"${'x'.repeat(100_000)}"}`,
      ingress: false,
      ports: [],
    },
  ]
  for (const { reason, text, ingress, ports } of rows)
    it(reason, () => expect(negRequest(text)).toEqual({ ingress, ports }))

  it('asks for one port or for all', () => {
    expect(asksForNegs('{"exposed_ports":{"80":{}}}', 80)).toBe(true)
    expect(asksForNegs('{"exposed_ports":{"80":{}}}', 443)).toBe(false)
    expect(asksForNegs('{"ingress":true}', 443)).toBe(true)
  })
})

describe('negOwner', () => {
  const rows: { reason: string; text: string | undefined; owner: ReturnType<typeof negOwner> }[] = [
    {
      reason: 'what ingress-gce writes',
      text: '{"cluster-uid":"6f1d","namespace":"shop","service-name":"web","port":"80"}',
      owner: { cluster: '6f1d', namespace: 'shop', service: 'web', port: '80' },
    },
    {
      reason: 'no cluster',
      text: '{"namespace":"shop"}',
      owner: { cluster: '', namespace: 'shop', service: '', port: '' },
    },
    { reason: 'made by people: empty', text: '', owner: null },
    { reason: 'made by people: none at all', text: undefined, owner: null },
    { reason: 'made by people: words', text: 'for the shop', owner: null },
    { reason: 'another JSON', text: '["shop"]', owner: null },
    { reason: 'members of another sort', text: '{"namespace":{"a":1},"cluster-uid":7}', owner: null },
    { reason: 'longer than any that is meant', text: `{"namespace":"${'x'.repeat(100_000)}"}`, owner: null },
  ]
  for (const { reason, text, owner } of rows) it(reason, () => expect(negOwner(text)).toEqual(owner))
})

describe('negsOf', () => {
  const link = (zone: string, name: string): string =>
    `https://www.googleapis.com/compute/v1/projects/p/zones/${zone}/networkEndpointGroups/${name}`
  const object = (
    name: string,
    port: string,
    zones: Record<string, string | undefined>,
    more: object = {},
  ): ServiceNegObject => ({
    metadata: { name, labels: { 'networking.gke.io/service-port': port }, ...more },
    groups: Object.entries(zones).map(([zone, state]) => ({
      selfLink: link(zone, name),
      ...(state === undefined ? {} : { state }),
    })),
  })
  const status = '{"network_endpoint_groups":{"80":"old","443":"tls"},"zones":["z-b","z-a"]}'
  const rows: { reason: string; objects: ServiceNegObject[]; status: string | null; found: object }[] = [
    { reason: 'nothing is there yet', objects: [], status: null, found: {} },
    {
      reason: 'the object comes before the annotation, which lags',
      objects: [object('new', '80', { 'z-c': 'ACTIVE', 'z-a': 'ACTIVE' })],
      status: '{"network_endpoint_groups":{"80":"old"},"zones":["z-a"]}',
      found: {
        80: [
          { zone: 'z-a', name: 'new' },
          { zone: 'z-c', name: 'new' },
        ],
      },
    },
    {
      reason: 'an older controller, which writes the annotation only',
      objects: [],
      status,
      found: {
        80: [
          { zone: 'z-a', name: 'old' },
          { zone: 'z-b', name: 'old' },
        ],
        443: [
          { zone: 'z-a', name: 'tls' },
          { zone: 'z-b', name: 'tls' },
        ],
      },
    },
    {
      reason: 'a port that no object tells of is taken from the annotation',
      objects: [object('new', '80', { 'z-a': 'ACTIVE' })],
      status,
      found: {
        80: [{ zone: 'z-a', name: 'new' }],
        443: [
          { zone: 'z-a', name: 'tls' },
          { zone: 'z-b', name: 'tls' },
        ],
      },
    },
    {
      reason: 'INACTIVE is still there, TO_BE_DELETED is not, and no state is a group',
      objects: [object('n', '80', { 'z-a': 'INACTIVE', 'z-b': 'TO_BE_DELETED', 'z-c': undefined })],
      status: null,
      found: {
        80: [
          { zone: 'z-a', name: 'n' },
          { zone: 'z-c', name: 'n' },
        ],
      },
    },
    {
      reason: 'an object on its way out, beside the one with the new name',
      objects: [
        object('before', '80', { 'z-a': 'ACTIVE' }, { deletionTimestamp: '2026-01-01T00:00:00Z' }),
        object('after', '80', { 'z-a': 'ACTIVE' }),
      ],
      status: null,
      found: { 80: [{ zone: 'z-a', name: 'after' }] },
    },
    {
      reason: 'what is no zonal group, or of no port',
      objects: [
        { metadata: { name: 'x' }, groups: [{ selfLink: link('z-a', 'x') }] },
        {
          metadata: { name: 'y', labels: { 'networking.gke.io/service-port': '80' } },
          groups: [{ selfLink: 'no link' }],
        },
      ],
      status: '{"network_endpoint_groups":{"80":7},"zones":["z-a"]}',
      found: {},
    },
  ]
  for (const { reason, objects, status: text, found } of rows)
    it(reason, () => expect(negsOf(objects, text)).toEqual(found))
})

describe('capacityOf', () => {
  const rows: {
    reason: string
    maxRate?: string
    capacity?: string
    rate?: number
    share?: number
    problems?: RegExp[]
  }[] = [
    { reason: 'nothing is said' },
    { reason: 'both', maxRate: '12.5', capacity: '0.5', rate: 12.5, share: 0.5 },
    { reason: 'all and nothing of the capacity', capacity: '0', share: 0 },
    { reason: 'a rate of 0, which ingress-gce takes and the API does not', maxRate: '0' },
    { reason: 'less than a rate can be', maxRate: '-1', problems: [/max-rate-per-endpoint: "-1"/] },
    { reason: 'no number', maxRate: 'fast', capacity: '', problems: [/"fast"/, /capacity-scaler: ""/] },
    { reason: 'a share below what the API takes', capacity: '0.05', problems: [/neither 0 nor from 0.1 to 1/] },
    { reason: 'more than all', capacity: '2', problems: [/"2"/] },
  ]
  for (const { reason, maxRate, capacity, rate = null, share = null, problems = [] } of rows)
    it(reason, () => {
      const said = { ...(maxRate === undefined ? {} : { maxRate }), ...(capacity === undefined ? {} : { capacity }) }
      const read = capacityOf(said)
      expect(read).toMatchObject({ rate, share })
      expect(read.problems).toEqual(problems.map((problem) => expect.stringMatching(problem) as unknown))
    })
})
