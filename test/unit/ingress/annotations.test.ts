import { describe, expect, it } from 'vitest'
import { knownAnnotations } from '../../../shared/ingress/annotations.ts'
import type { IngressSettings } from '../../../shared/ingress/model.ts'
import { defaultSettings } from '../../../shared/ingress/settings.ts'
import { backend, ingressYaml, parseOne, problemsOf, tell } from './manifests.ts'

const own = (name: string) => `multicluster-ingress.io/${name}`
const withAnnotations = (annotations: Record<string, unknown>, spec?: Record<string, unknown>) =>
  ingressYaml(spec ? { annotations, spec } : { annotations })

describe('settings', () => {
  const rows: { key: string; text: string; got: Partial<IngressSettings>; reason: string }[] = [
    {
      key: own('load-balancer'),
      text: ' shop ',
      got: { loadBalancer: 'shop' },
      reason: 'spaces around a name are no part of it',
    },
    { key: own('clusters'), text: 'b, a,b,', got: { clusters: ['b', 'a'] }, reason: 'once each, in order' },
    {
      key: own('clusters'),
      text: 'gke_p_us-central1-a_c1',
      got: { clusters: ['gke_p_us-central1-a_c1'] },
      reason: 'kubeconfig contexts are names of clusters',
    },
    {
      key: own('cluster-selector'),
      text: 'env=prod',
      got: { clusterSelector: [{ key: 'env', operator: 'In', values: ['prod'] }] },
      reason: 'plain form',
    },
    {
      key: 'federation.alpha.kubernetes.io/cluster-selector',
      text: '[{"key":"env","operator":"==","values":["prod"]}]',
      got: { clusterSelector: [{ key: 'env', operator: 'In', values: ['prod'] }] },
      reason: 'the form of Federated Ingress',
    },
    { key: own('force'), text: 'true', got: { force: true }, reason: 'takes over' },
    { key: own('mode'), text: 'observe', got: { mode: 'observe' }, reason: 'looks only' },
    { key: own('scheme'), text: 'EXTERNAL', got: { scheme: 'EXTERNAL' }, reason: 'classic, with a default backend' },
    { key: own('ip-versions'), text: 'IPV6, IPV4', got: { ipVersions: ['IPV4', 'IPV6'] }, reason: 'in one order' },
    { key: own('on-delete'), text: 'orphan', got: { onDelete: 'orphan' }, reason: 'left serving' },
    { key: own('backends'), text: 'neg', got: { backends: 'neg' }, reason: 'endpoints' },
    {
      key: own('managed-certificates'),
      text: 'A.example,b.example',
      got: { managedCertificates: ['a.example', 'b.example'] },
      reason: 'host names, lower case',
    },
    {
      key: 'networking.gke.io/managed-certificates',
      text: 'shop, api',
      got: { managedCertificateNames: ['shop', 'api'] },
      reason: 'names of objects in the clusters',
    },
    {
      key: 'kubernetes.io/ingress.global-static-ip-name',
      text: 'web-ip',
      got: { staticIp: 'web-ip' },
      reason: 'as kubemci',
    },
    {
      key: 'kubernetes.io/ingress.allow-http',
      text: 'true',
      got: { allowHttp: true },
      reason: 'the default, said aloud',
    },
    {
      key: 'ingress.gcp.kubernetes.io/pre-shared-cert',
      text: 'c1,c2',
      got: { preSharedCerts: ['c1', 'c2'] },
      reason: 'kubemci took one, ingress-gce several',
    },
    { key: 'kubernetes.io/ingress.class', text: 'gce-multi-cluster', got: {}, reason: 'ours' },
    { key: 'example.com/anything', text: '{"a":', got: {}, reason: 'annotations of others are no concern of ours' },
  ]
  for (const { key, text, got, reason } of rows)
    it(`${key}: ${text} (${reason})`, () => {
      const parsed = parseOne(withAnnotations({ [key]: text }))
      expect(parsed.model.settings).toEqual({ ...defaultSettings, ...got })
      expect(parsed.model.annotations).toEqual({ [key]: text })
      expect(parsed.warnings).toEqual([])
    })

  const offRows: { text: string; reason: string }[] = ['0', 'f', 'F', 'false', 'FALSE', 'False'].map((text) => ({
    text,
    reason: "Go's ParseBool takes it for false",
  }))
  for (const { text, reason } of offRows)
    it(`allow-http ${text} turns HTTP off: ${reason}`, () => {
      const { model } = parseOne(
        withAnnotations(
          { 'kubernetes.io/ingress.allow-http': text },
          { defaultBackend: backend(), tls: [{ secretName: 's' }] },
        ),
      )
      expect(model.settings.allowHttp).toBe(false)
    })

  it('keeps HTTP on for what is no truth value, as kubemci did, and says so', () => {
    const { model, warnings } = parseOne(withAnnotations({ 'kubernetes.io/ingress.allow-http': 'no' }))
    expect(model.settings.allowHttp).toBe(true)
    expect(tell(warnings)).toEqual([
      'document 1: metadata.annotations["kubernetes.io/ingress.allow-http"]: "no" is neither "true" nor "false", so HTTP stays on; write one of them, in quotes.',
    ])
  })

  const certificates: { annotations: Record<string, string>; reason: string }[] = [
    { annotations: { 'ingress.gcp.kubernetes.io/pre-shared-cert': 'c' }, reason: 'a pre-shared certificate is TLS' },
    { annotations: { [own('managed-certificates')]: 'a.example' }, reason: 'so is a managed one' },
    { annotations: { 'networking.gke.io/managed-certificates': 'c' }, reason: 'so is a ManagedCertificate object' },
  ]
  for (const { annotations, reason } of certificates)
    it(`takes HTTP off and tls without a secret: ${reason}`, () => {
      const { model } = parseOne(
        withAnnotations(
          { ...annotations, 'kubernetes.io/ingress.allow-http': 'false' },
          { defaultBackend: backend(), tls: [{ hosts: ['a.example'] }] },
        ),
      )
      expect(model.tls).toEqual([])
      expect(model.settings.allowHttp).toBe(false)
    })

  it('counts pre-shared certificates and secrets together', () => {
    const names = Array.from({ length: 14 }, (_, i) => `c${i}`).join(',')
    const spec = (secrets: number) => ({
      defaultBackend: backend(),
      tls: Array.from({ length: secrets }, (_, i) => ({ secretName: `s${i}` })),
    })
    expect(problemsOf(withAnnotations({ 'ingress.gcp.kubernetes.io/pre-shared-cert': names }, spec(1)))).toEqual([])
    expect(problemsOf(withAnnotations({ 'ingress.gcp.kubernetes.io/pre-shared-cert': names }, spec(2)))).toEqual([
      'document 1: spec.tls: The Ingress names 16 certificates; the load balancer takes at most 15.',
    ])
  })

  it('agrees when both spellings of the selector say the same', () => {
    const { model } = parseOne(
      withAnnotations({
        [own('cluster-selector')]: 'a=b',
        'federation.alpha.kubernetes.io/cluster-selector': '[{"key":"a","operator":"in","values":["b"]}]',
      }),
    )
    expect(model.settings.clusterSelector).toEqual([{ key: 'a', operator: 'In', values: ['b'] }])
  })
})

describe('refused', () => {
  const rows: { annotations: Record<string, string>; want: RegExp; reason: string }[] = [
    {
      annotations: { [own('load-balancer')]: 'My_Shop' },
      want: /The load balancer name "My_Shop" is not a name that Google Cloud takes: .* for example "my-shop"\.$/,
      reason: 'with a name that would do',
    },
    {
      annotations: { [own('load-balancer')]: '7-up-' },
      want: /for example "up"\.$/,
      reason: 'a letter first, no hyphen last',
    },
    { annotations: { [own('load-balancer')]: 'x'.repeat(64) }, want: /up to 63/, reason: 'length' },
    { annotations: { [own('load-balancer')]: '' }, want: /is empty/, reason: 'empty' },
    {
      annotations: { [own('clusters')]: ' , ' },
      want: /No cluster is named/,
      reason: 'no cluster is not every cluster',
    },
    {
      annotations: { [own('clusters')]: 'a/b' },
      want: /The cluster name "a\/b" is not valid/,
      reason: 'a slash would break ids',
    },
    {
      annotations: { [own('cluster-selector')]: 'a in b' },
      want: /"a in b" is no requirement/,
      reason: 'broken selector: nothing is changed',
    },
    {
      annotations: { 'federation.alpha.kubernetes.io/cluster-selector': '' },
      want: /The selector is empty/,
      reason: 'Federation refused it too',
    },
    {
      annotations: { [own('force')]: 'yes' },
      want: /"yes" is neither "true" nor "false"/,
      reason: 'force must be clear',
    },
    {
      annotations: { [own('mode')]: 'Paused' },
      want: /write "reconcile" or "observe" or "paused"/,
      reason: 'to the letter',
    },
    {
      annotations: { [own('scheme')]: 'INTERNAL' },
      want: /write "EXTERNAL_MANAGED" or "EXTERNAL"/,
      reason: 'no internal ones',
    },
    {
      annotations: { [own('ip-versions')]: 'IPV6' },
      want: /write "IPV4" or "IPV4,IPV6"/,
      reason: 'the contract has no IPv6 alone',
    },
    { annotations: { [own('on-delete')]: 'keep' }, want: /write "delete" or "orphan"/, reason: 'unknown word' },
    {
      annotations: { [own('backends')]: 'negs' },
      want: /write "auto" or "neg" or "instance-groups"/,
      reason: 'unknown word',
    },
    {
      annotations: { [own('managed-certificates')]: '*.a.example' },
      want: /is a wildcard/,
      reason: 'managed certificates take full names',
    },
    {
      annotations: { 'kubernetes.io/ingress.global-static-ip-name': 'Web' },
      want: /The address name "Web"/,
      reason: 'Compute would refuse it',
    },
    {
      annotations: {
        'ingress.gcp.kubernetes.io/pre-shared-cert': Array.from({ length: 16 }, (_, i) => `c${i}`).join(','),
      },
      want: /names 16 certificates; at most 15/,
      reason: 'the proxy takes 15',
    },
    {
      annotations: { 'networking.gke.io/managed-certificates': 'Not_A_Name' },
      want: /ManagedCertificate name/,
      reason: 'no object can have this name',
    },
    {
      annotations: { 'kubernetes.io/ingress.regional-static-ip-name': 'ip' },
      want: /global/,
      reason: 'the load balancer is global',
    },
    {
      annotations: { [own('clusters')]: 'a', [own('cluster-selector')]: 'a=b' },
      want: /Both a list of clusters and a cluster selector/,
      reason: 'two answers to one question',
    },
    {
      annotations: { [own('cluster-selector')]: 'a=b', 'federation.alpha.kubernetes.io/cluster-selector': '[]' },
      want: /different cluster selectors/,
      reason: 'two answers to one question',
    },
  ]
  for (const { annotations, want, reason } of rows)
    it(`${Object.entries(annotations).flat().join(' ').slice(0, 90)}: ${reason}`, () => {
      const got = problemsOf(withAnnotations(annotations))
      expect(got).toHaveLength(1)
      expect(got[0]).toMatch(want)
    })

  it('wants text, as Kubernetes does', () => {
    expect(problemsOf(withAnnotations({ [own('force')]: true }))).toEqual([
      `document 1: metadata.annotations["${own('force')}"]: The value must be text, not the truth value true; put it in quotes.`,
    ])
  })

  it('tells of every bad annotation at once', () => {
    expect(
      problemsOf(
        withAnnotations({
          [own('force')]: 'x',
          [own('mode')]: 'x',
          [own('scheme')]: 'x',
          [own('clusters')]: 'a/b,c/d',
        }),
      ),
    ).toHaveLength(5)
  })
})

describe('spelling and place', () => {
  const rows: { key: string; want: RegExp; reason: string }[] = [
    { key: own('cluster'), want: /did you mean multicluster-ingress.io\/clusters\?/, reason: 'a letter missing' },
    {
      key: own('laod-balancer'),
      want: /did you mean multicluster-ingress.io\/load-balancer\?/,
      reason: 'letters swapped',
    },
    {
      key: 'multi-cluster-ingress.io/force',
      want: /did you mean multicluster-ingress.io\/force\?/,
      reason: 'the prefix misspelt',
    },
    {
      key: 'kubernetes.io/ingress.allow-https',
      want: /did you mean kubernetes.io\/ingress.allow-http\?/,
      reason: "Google's prefix",
    },
    {
      key: 'ingress.gcp.kubernetes.io/pre-shared-certs',
      want: /did you mean ingress.gcp.kubernetes.io\/pre-shared-cert\?/,
      reason: 'plural',
    },
    {
      key: 'federation.alpha.kubernetes.io/cluster-selectors',
      want: /did you mean federation.alpha/,
      reason: 'plural',
    },
    {
      key: own('timeout'),
      want: /with this prefix there are load-balancer, clusters, /,
      reason: 'our prefix, but no such annotation',
    },
    { key: 'cloud.google.com/backend-config', want: /belongs on the Service/, reason: 'another object' },
    {
      key: 'networking.gke.io/static-ip',
      want: /write kubernetes.io\/ingress.global-static-ip-name/,
      reason: "GKE's multi-cluster spelling",
    },
    {
      key: 'networking.gke.io/frontend-config',
      want: /write networking.gke.io\/v1beta1.FrontendConfig/,
      reason: "GKE's multi-cluster spelling",
    },
  ]
  for (const { key, want, reason } of rows)
    it(`warns of ${key}: ${reason}`, () => {
      const { warnings, model } = parseOne(withAnnotations({ [key]: 'a' }))
      expect(warnings.map(({ message }) => message)).toEqual([expect.stringMatching(want)])
      expect(model.settings).toEqual(defaultSettings)
    })

  it('drops what controllers wrote, since the clusters have their own', () => {
    const written = {
      'ingress.gcp.kubernetes.io/instance-groups': '[]',
      'ingress.kubernetes.io/backends': '{}',
      'kubectl.kubernetes.io/last-applied-configuration': '{}',
    }
    const { model, warnings } = parseOne(withAnnotations({ ...written, 'example.com/a': 'b' }))
    expect([model.annotations, warnings]).toEqual([{ 'example.com/a': 'b' }, []])
  })
})

describe('the table', () => {
  it('has every annotation of the contract', () => {
    const names = [
      'load-balancer',
      'clusters',
      'cluster-selector',
      'force',
      'mode',
      'scheme',
      'ip-versions',
      'on-delete',
      'backends',
      'managed-certificates',
    ]
    expect(knownAnnotations.filter(({ key }) => key.startsWith(own(''))).map(({ key }) => key)).toEqual(names.map(own))
  })

  it('names each annotation once, with a meaning, a default and a source', () => {
    expect(new Set(knownAnnotations.map(({ key }) => key)).size).toBe(knownAnnotations.length)
    for (const row of knownAnnotations)
      for (const part of [row.meaning, row.default, row.source]) expect(part, row.key).not.toBe('')
  })
})
