import { describe, expect, it } from 'vitest'
import {
  isForbidden,
  parseServerRules,
  refusalOf,
  routeOf,
  thisMachine,
  type Route,
  type ServerPolicy,
} from '../../shared/cloud/cluster-servers.ts'
import { readConfig } from '../../shared/config.ts'

const gke = 'projects/shop/locations/us-central1/clusters/blue'
const gateway = 'https://connectgateway.googleapis.com/v1/projects/123/locations/global/gkeMemberships'

function policy(servers: string, more: Partial<ServerPolicy> = {}): ServerPolicy {
  return { servers: parseServerRules(servers).rules, gkeProjects: ['shop'], unlisted: 'refused', ...more }
}

describe('who says where a cluster is', () => {
  const rows: {
    reason: string
    policy?: ServerPolicy
    server: string
    gke?: string
    want: Route | undefined
  }[] = [
    { reason: 'nobody, for a server that a message names', server: 'https://203.0.113.9', want: undefined },
    { reason: 'GKE, for its own clusters', server: 'https://203.0.113.9', gke, want: { by: 'gke', name: gke } },
    {
      reason: 'nobody, for a GKE cluster of a stranger’s project',
      server: 'https://203.0.113.9',
      gke: 'projects/evil/locations/us-central1/clusters/blue',
      want: undefined,
    },
    {
      reason: 'GKE, where nobody listed projects',
      policy: policy('', { gkeProjects: undefined }),
      server: 'https://203.0.113.9',
      gke,
      want: { by: 'gke', name: gke },
    },
    {
      reason: 'the list, without a token',
      policy: policy('https://10.0.0.2'),
      server: 'https://10.0.0.2/',
      gke,
      want: { by: 'list', token: false },
    },
    {
      reason: 'the list, with a token to Google’s own gateway',
      policy: policy(gateway),
      server: `${gateway}/blue`,
      gke,
      want: { by: 'list', token: true },
    },
    {
      reason: 'the list, without a token where no GKE cluster is named',
      policy: policy(gateway),
      server: `${gateway}/blue`,
      want: { by: 'list', token: false },
    },
    {
      reason: 'nobody, beside a listed path',
      policy: policy(gateway),
      server: `${gateway}-evil/blue`,
      want: undefined,
    },
    {
      reason: 'nobody, for a path that climbs out of a listed one',
      policy: policy(gateway),
      server: `${gateway}/../../../../../v1/projects/666/x`,
      want: undefined,
    },
    {
      reason: 'nobody, for a path that is written in another way',
      policy: policy(gateway),
      server: `${gateway}/%2e%2e%2fx`,
      want: undefined,
    },
    {
      reason: 'nobody, for a host that only begins like a listed one',
      policy: policy('https://10.0.0.2'),
      server: 'https://10.0.0.2.evil.example',
      want: undefined,
    },
    {
      reason: 'nobody, for another port than listed',
      policy: policy('https://10.0.0.2:6443'),
      server: 'https://10.0.0.2',
      want: undefined,
    },
    {
      reason: 'nobody, for plain http where https is listed',
      policy: policy('https://10.0.0.2'),
      server: 'http://10.0.0.2',
      want: undefined,
    },
    {
      reason: 'the list, for any port of this machine in the playground',
      policy: policy(thisMachine),
      server: 'http://127.0.0.1:43210',
      gke,
      want: { by: 'list', token: false },
    },
    {
      reason: 'a person’s own kubeconfig, without a token',
      policy: policy('', { unlisted: 'reached' }),
      server: 'https://203.0.113.9',
      want: { by: 'message' },
    },
  ]
  it.each(rows)('$reason', ({ policy: given = policy(''), server, gke: name, want }) => {
    const registration = { name: 'c', project: 'shop', server, ...(name === undefined ? {} : { gke: name }) }
    expect(routeOf(registration, given)).toEqual(want)
    expect(refusalOf(registration, given) === undefined).toBe(want !== undefined)
  })
})

it.each([
  'http://169.254.169.254',
  'http://[::ffff:169.254.169.254]',
  'http://[fe80::1]',
  'http://[fd20:ce::254]',
  'http://[64:ff9b::169.254.169.254]',
  'http://2852039166',
  'http://0xa9.254.169.254',
  'http://metadata',
  'http://METADATA.google.internal.',
  'http://0.0.0.0',
  'http://[::]',
])('%s is no cluster, whoever lists it', (server) => {
  const listed = parseServerRules(server).rules
  expect(listed).toHaveLength(1)
  expect(refusalOf({ name: 'c', project: 'p', server }, policy(server))).toMatch(/no place for a cluster$/)
})
it.each(['127.0.0.1', '[::1]', '10.0.0.2', '192.168.1.1', '[fd00::1]', 'metadata.example', 'k8s.example'])(
  '%s may be one',
  (host) => {
    expect(isForbidden(host)).toBe(false)
  },
)

describe('configuration', () => {
  const production = { GOOGLE_CLOUD_PROJECT: 'shop' }
  const loopback = parseServerRules(thisMachine).rules
  it.each([
    ['in production nothing is listed', production, []],
    ['beside an emulator, this machine', { ...production, PUBSUB_EMULATOR_HOST: '127.0.0.1:1' }, loopback],
    ['beside Firestore’s too', { ...production, FIRESTORE_EMULATOR_HOST: '127.0.0.1:1' }, loopback],
    ['what is set counts', { ...production, PUBSUB_EMULATOR_HOST: '127.0.0.1:1', MCI_CLUSTER_SERVERS: '' }, []],
  ])('%s', (_reason, env, want) => {
    expect(readConfig(env).clusterServers).toEqual(want)
  })
  it('lets clusters of its own project in, and of those that are listed', () => {
    expect(readConfig(production).clusterProjects).toEqual(['shop'])
    expect(readConfig({ ...production, MCI_CLUSTER_PROJECTS: 'a, b' }).clusterProjects).toEqual(['a', 'b'])
  })
  it.each(['10.0.0.2', 'file:///x', 'https://user@host', 'https://*.example.com:*?', 'https://host:*evil'])(
    'says that "%s" is no server',
    (bad) => {
      expect(() => readConfig({ ...production, MCI_CLUSTER_SERVERS: `https://ok, ${bad}` })).toThrow(
        `MCI_CLUSTER_SERVERS: "${bad}" is not a URL`,
      )
    },
  )
})
