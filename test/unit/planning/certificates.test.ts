import { describe, expect, it } from 'vitest'
import { layCertificates, preSharedId, type LaidCertificates } from '../../../shared/planning/certificates.ts'
import type { CertificateFact, ClusterFacts, ClusterView, Facts, SecretFact } from '../../../shared/planning/facts.ts'
import type { IngressSettings } from '../../../shared/ingress/model.ts'
import type { ResourceId } from '../../../shared/resource-id.ts'
import type { Problem } from '../../../shared/state/documents.ts'
import { clusterOf, factsOf, modelOf, project, rule, to } from './facts.ts'

const now = Date.parse('2026-06-01')
const secret = (fingerprint: string, hosts = ['a.example'], expires = '2027-01-01'): SecretFact => ({
  found: true,
  problem: null,
  fingerprint: fingerprint.padEnd(32, '0'),
  leaf: fingerprint,
  hosts,
  expires: Date.parse(expires),
})
const active = (...hosts: string[]): CertificateFact => ({ status: 'ACTIVE', expires: null, hosts })

function lay(
  views: Record<string, Partial<ClusterView>>,
  {
    secrets = [],
    settings = {},
    certificates = {},
    attached = [],
    hosts = [],
    kept = {},
    fresh = true,
  }: {
    secrets?: string[]
    settings?: Partial<IngressSettings>
    certificates?: Facts['certificates']
    attached?: ResourceId[]
    hosts?: string[]
    kept?: Record<string, string>
    fresh?: boolean
  } = {},
): LaidCertificates {
  const clusters: ClusterFacts[] = Object.entries(views).map(([name, view]) => clusterOf(name, { view }))
  const model = modelOf({
    tls: secrets.map((secretName) => ({ hosts: [], secretName })),
    rules: hosts.map((host) => rule(host, ['Prefix', '/', to('web')])),
    settings,
  })
  const facts: Facts = { ...factsOf(...clusters), certificates, attached, now }
  return layCertificates({ lb: 'lb', model, clusters, facts, kept, fresh })
}

const names = (laid: LaidCertificates): string[] => laid.certificates.map(({ name }) => name)
const told = (problems: readonly Problem[]): string[] => problems.map(({ where, message }) => `${where}: ${message}`)

describe('which certificates, and in which order', () => {
  it('pre-shared ones first, then those of secrets in the order of the spec, then managed ones', () => {
    const laid = lay(
      { a: { secrets: { one: secret('1'), two: secret('2') }, managedCertificates: { m: ['m.example'] } } },
      {
        secrets: ['two', 'one'],
        settings: {
          preSharedCerts: ['corp'],
          managedCertificates: ['x.example'],
          managedCertificateNames: ['m'],
        },
      },
    )
    expect(laid.certificates.map(({ source }) => source.from)).toEqual([
      'pre-shared',
      'secret',
      'secret',
      'managed',
      'managed',
    ])
    expect(names(laid).slice(0, 3)).toEqual(['corp', 'mci1-ssl-2000000000--lb', 'mci1-ssl-1000000000--lb'])
    expect(laid.problems).toEqual([])
  })

  const rows: { reason: string; laid: LaidCertificates; want: string[] }[] = [
    {
      reason: 'two secrets that hold one certificate are one certificate',
      laid: lay({ a: { secrets: { one: secret('1'), two: secret('1') } } }, { secrets: ['one', 'two'] }),
      want: ['mci1-ssl-1000000000--lb'],
    },
    {
      reason: 'a changed certificate has another name',
      laid: lay({ a: { secrets: { one: secret('2') } } }, { secrets: ['one'] }),
      want: ['mci1-ssl-2000000000--lb'],
    },
    {
      reason: "kubemci's name stays with its content",
      laid: lay(
        { a: { secrets: { one: secret('1') } } },
        { secrets: ['one'], kept: { [`ssl-certificate ${'1'.padEnd(32, '0')}`]: 'mci1-ssl--lb' } },
      ),
      want: ['mci1-ssl--lb'],
    },
    {
      reason: "kubemci's name does not pass on to a new content",
      laid: lay(
        { a: { secrets: { one: secret('2') } } },
        { secrets: ['one'], kept: { [`ssl-certificate ${'1'.padEnd(32, '0')}`]: 'mci1-ssl--lb' } },
      ),
      want: ['mci1-ssl-2000000000--lb'],
    },
    { reason: 'nothing asks for one', laid: lay({ a: {} }), want: [] },
  ]
  for (const { reason, laid, want } of rows) it(reason, () => expect(names(laid)).toEqual(want))

  it('the name of a managed one depends on its host names, not on their order', () => {
    const of = (...hosts: string[]): string[] => names(lay({ a: {} }, { settings: { managedCertificates: hosts } }))
    expect(of('a.example', 'b.example')).toEqual(of('b.example', 'a.example'))
    expect(of('a.example')).not.toEqual(of('b.example'))
  })

  it('a secret is read where it decides, and where the same is', () => {
    const views = {
      a: { secrets: { one: secret('1') } },
      b: { secrets: { one: secret('2') } },
      c: { secrets: { one: secret('1') } },
    }
    const [only] = lay(views, { secrets: ['one'] }).certificates
    expect(only?.source).toMatchObject({ clusters: ['a', 'c'] })
  })
})

describe('what is wrong, and what is worth knowing', () => {
  const rows: { reason: string; laid: LaidCertificates; problem?: RegExp; notice?: RegExp }[] = [
    {
      reason: 'no cluster has the secret',
      laid: lay({ a: { secrets: { one: { found: false } } } }, { secrets: ['one'] }),
      problem: /TLS secret default\/one: does not exist in any selected cluster \(a\)/,
    },
    {
      reason: 'no cluster has answered',
      laid: lay({ a: {} }, { secrets: ['one'] }),
      problem: /no selected cluster has answered yet/,
    },
    {
      reason: 'the deciding secret cannot be used',
      laid: lay({ a: { secrets: { one: { found: true, problem: 'has no tls.key' } } } }, { secrets: ['one'] }),
      problem: /TLS secret default\/one: has no tls.key in cluster a/,
    },
    {
      reason: 'expired, in a new spec',
      laid: lay({ a: { secrets: { one: secret('1', ['a.example'], '2026-05-01') } } }, { secrets: ['one'] }),
      problem: /expired on 2026-05-01 in cluster a/,
    },
    {
      reason: 'expired while it serves: nothing better is at hand',
      laid: lay(
        { a: { secrets: { one: secret('1', ['a.example'], '2026-05-01') } } },
        { secrets: ['one'], fresh: false },
      ),
      notice: /expired on 2026-05-01/,
    },
    {
      reason: 'clusters differ: the first by name decides',
      laid: lay({ a: { secrets: { one: secret('1') } }, b: { secrets: { one: secret('2') } } }, { secrets: ['one'] }),
      notice: /holds another certificate .* in cluster b; the one of cluster a is served/,
    },
    {
      reason: 'a cluster that lacks it needs none',
      laid: lay(
        { a: { secrets: { one: { found: false } } }, b: { secrets: { one: secret('1') } } },
        { secrets: ['one'] },
      ),
    },
    {
      reason: 'a host that nobody covers',
      laid: lay(
        { a: { secrets: { one: secret('1', ['*.example']) } } },
        { secrets: ['one'], hosts: ['a.b.example', 'c.example'] },
      ),
      notice: /host a.b.example: no certificate covers it/,
    },
    {
      reason: 'while a pre-shared one is not known, nothing is said of hosts',
      laid: lay({ a: {} }, { settings: { preSharedCerts: ['corp'] }, hosts: ['a.example'] }),
    },
    {
      reason: 'a pre-shared one that has expired',
      laid: lay(
        { a: {} },
        {
          settings: { preSharedCerts: ['corp'] },
          certificates: { [preSharedId(project, 'lb', 'corp')]: { ...active('a.example'), expires: now - 1 } },
        },
      ),
      notice: /certificate corp: expired on 2026-05-31/,
    },
    {
      reason: 'a ManagedCertificate that no cluster has',
      laid: lay({ a: { managedCertificates: { m: null } } }, { settings: { managedCertificateNames: ['m'] } }),
      problem: /ManagedCertificate default\/m: does not exist in any selected cluster/,
    },
    {
      reason: 'ManagedCertificates that differ',
      laid: lay(
        { a: { managedCertificates: { m: ['a.example'] } }, b: { managedCertificates: { m: ['b.example'] } } },
        { settings: { managedCertificateNames: ['m'] } },
      ),
      notice: /names b.example in cluster b; the domains of cluster a are served/,
    },
    {
      reason: 'more than the proxy takes',
      laid: lay(
        { a: { secrets: { one: secret('1') } } },
        { secrets: ['one'], settings: { preSharedCerts: Array.from({ length: 15 }, (_, index) => `c${index}`) } },
      ),
      problem: /has 16 certificates; the load balancer takes at most 15/,
    },
  ]
  for (const { reason, laid, problem, notice } of rows)
    it(reason, () => {
      expect(told(laid.problems)).toEqual(problem ? [expect.stringMatching(problem)] : [])
      expect(told(laid.notices)).toEqual(notice ? [expect.stringMatching(notice)] : [])
    })
})

describe('what stays attached', () => {
  const old = 'ssl-certificate/p/old' as ResourceId
  const managed = { settings: { managedCertificates: ['m.example'] } }
  const [next] = lay({ a: {} }, managed).certificates
  const nextId = next?.id ?? ''
  const rows: { reason: string; laid: LaidCertificates; want: ResourceId[] }[] = [
    {
      reason: 'the old one, while the managed one cannot serve',
      laid: lay({ a: {} }, { ...managed, attached: [old], certificates: { [old]: active() } }),
      want: [old],
    },
    {
      reason: 'nothing, once it is ACTIVE',
      laid: lay({ a: {} }, { ...managed, attached: [old], certificates: { [old]: active(), [nextId]: active() } }),
      want: [],
    },
    {
      reason: 'no managed one that never could serve',
      laid: lay(
        { a: {} },
        { ...managed, attached: [old], certificates: { [old]: { status: 'PROVISIONING', expires: null, hosts: [] } } },
      ),
      want: [],
    },
    {
      reason: 'nothing beside the certificate of a secret, which serves at once',
      laid: lay(
        { a: { secrets: { one: secret('1') } } },
        { secrets: ['one'], attached: [old], certificates: { [old]: active() } },
      ),
      want: [],
    },
    {
      reason: 'no more than the proxy takes',
      laid: lay(
        { a: {} },
        {
          ...managed,
          attached: Array.from({ length: 15 }, (_, index) => `ssl-certificate/p/old${index}` as ResourceId),
          certificates: Object.fromEntries(
            Array.from({ length: 15 }, (_, index) => [`ssl-certificate/p/old${index}`, active()]),
          ),
        },
      ),
      want: Array.from({ length: 14 }, (_, index) => `ssl-certificate/p/old${index}` as ResourceId),
    },
  ]
  for (const { reason, laid, want } of rows) it(reason, () => expect(laid.retained).toEqual(want))
})
