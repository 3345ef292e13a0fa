import { describe, expect, it } from 'vitest'
import { parseManifest, type ParsedMessage } from '../../../shared/ingress/manifest.ts'

const mci = (
  annotations: Record<string, string> = {},
  spec: object = { backend: { serviceName: 'web', servicePort: 80 } },
) => ({
  apiVersion: 'networking.gke.io/v1',
  kind: 'MultiClusterIngress',
  metadata: { name: 'shop', namespace: 'prod', annotations, finalizers: ['mci.finalizer.networking.gke.io'] },
  spec: { template: { spec } },
  status: { VIP: '203.0.113.1' },
})
const mcs = (parts: { spec?: object; annotations?: Record<string, string>; clusters?: unknown } = {}) => ({
  apiVersion: 'networking.gke.io/v1',
  kind: 'MultiClusterService',
  metadata: { name: 'web', namespace: 'prod', annotations: parts.annotations ?? {} },
  spec: {
    template: {
      spec: parts.spec ?? { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
    },
    ...(parts.clusters === undefined ? {} : { clusters: parts.clusters }),
  },
})
const read = (...objects: object[]): ParsedMessage =>
  parseManifest(objects.map((one) => JSON.stringify(one)).join('\n---\n'))
const problems = (...objects: object[]): string[] => {
  const read_ = read(...objects)
  return read_.ok ? [] : read_.problems.map(({ where, message }) => `${where}: ${message}`)
}
const settings = (annotations: Record<string, string>) => {
  const message = read(mci(annotations))
  return message.ok ? message.ingresses[0]?.model.settings : message.problems
}

describe('a MultiClusterIngress', () => {
  it('is an Ingress of the old shape whose backends are not known yet', () => {
    const message = read(mci())
    expect(message).toMatchObject({
      ok: true,
      objects: [],
      ingresses: [
        {
          model: {
            namespace: 'prod',
            name: 'shop',
            defaultBackend: { service: 'web', port: 80 },
            services: { web: null },
          },
        },
      ],
    })
  })

  const rows: { reason: string; annotations: Record<string, string>; want: object }[] = [
    { reason: 'an address by its IP', annotations: { 'static-ip': '203.0.113.9' }, want: { staticIp: '203.0.113.9' } },
    {
      reason: 'an address by its URL',
      annotations: { 'static-ip': 'https://www.googleapis.com/compute/v1/projects/p/global/addresses/shop-ip' },
      want: { staticIp: 'shop-ip' },
    },
    { reason: 'certificates', annotations: { 'pre-shared-certs': 'a, b' }, want: { preSharedCerts: ['a', 'b'] } },
    { reason: 'a FrontendConfig', annotations: { 'frontend-config': 'front' }, want: { frontendConfig: 'front' } },
  ]
  for (const { reason, annotations, want } of rows)
    it(`names ${reason}`, () => {
      const keyed = Object.entries(annotations).map(([key, text]): [string, string] => [
        `networking.gke.io/${key}`,
        text,
      ])
      expect(settings(Object.fromEntries(keyed))).toMatchObject(want)
    })

  it.each(['my-ip', 'projects/p/regions/r/addresses/a', '300.1.1.1', '2001:db8::1'])(
    'takes no static-ip %s',
    (text) => {
      expect(problems(mci({ 'networking.gke.io/static-ip': text }))).toHaveLength(1)
    },
  )

  it('and an Ingress of the same name are one load balancer: only one of them in a message', () => {
    const ingress = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'shop', namespace: 'prod' },
      spec: { defaultBackend: { service: { name: 'web', port: { number: 80 } } } },
    }
    expect(problems(ingress, mci())).toEqual([expect.stringMatching(/The Ingress prod\/shop is in document 1 too/)])
  })

  it('is named when it is wrong, so that its status can say so', () => {
    expect(read(mci({}, {}))).toMatchObject({ ok: false, named: [{ namespace: 'prod', name: 'shop' }] })
  })
})

describe('a MultiClusterService', () => {
  it('says pods, ports, clusters and how its Services are spoken to', () => {
    const annotations = {
      'beta.cloud.google.com/backend-config': '{"ports":{"80":"slow"}}',
      'networking.gke.io/app-protocols': '{"http":"HTTP2"}',
    }
    const clusters = [{ link: 'us-west1-a/gke-1' }, { link: 'europe-west1/gke-2' }, { link: 'us-west1-a/gke-1' }]
    expect(read(mcs({ annotations, clusters }))).toMatchObject({
      ok: true,
      ingresses: [],
      objects: [
        {
          namespace: 'prod',
          name: 'web',
          content: {
            kind: 'MultiClusterService',
            settings: {
              selector: { app: 'web' },
              ports: [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }],
              clusters: ['europe-west1/gke-2', 'us-west1-a/gke-1'],
              annotations: {
                'cloud.google.com/backend-config': '{"ports":{"80":"slow"}}',
                'cloud.google.com/app-protocols': '{"http":"HTTP2"}',
              },
            },
          },
        },
      ],
    })
  })

  const bad: { reason: string; object: object; want: RegExp }[] = [
    { reason: 'no selector', object: mcs({ spec: { ports: [{ port: 80 }] } }), want: /Without a selector/ },
    { reason: 'no port', object: mcs({ spec: { selector: { a: 'b' }, ports: [] } }), want: /list of ports is empty/ },
    {
      reason: 'a port twice',
      object: mcs({ spec: { selector: { a: 'b' }, ports: [{ port: 80 }, { port: 80 }] } }),
      want: /listed twice/,
    },
    {
      reason: 'UDP',
      object: mcs({ spec: { selector: { a: 'b' }, ports: [{ port: 80, protocol: 'UDP' }] } }),
      want: /write TCP/,
    },
    { reason: 'a link without location', object: mcs({ clusters: [{ link: 'gke-1' }] }), want: /LOCATION\/CLUSTER/ },
    { reason: 'a link that is text', object: mcs({ clusters: ['us-west1-a/gke-1'] }), want: /mapping/ },
    {
      reason: 'protocols',
      object: mcs({ annotations: { 'networking.gke.io/app-protocols': '{"http":"SPDY"}' } }),
      want: /HTTP2/,
    },
    { reason: 'config', object: mcs({ annotations: { 'cloud.google.com/backend-config': 'slow' } }), want: /not JSON/ },
    { reason: 'a typo', object: { ...mcs(), specs: {} }, want: /did you mean spec/ },
  ]
  it.each(bad)('is refused with $reason', ({ object, want }) => {
    expect(problems(object)).toEqual([expect.stringMatching(want)])
  })
  it('warns of an annotation that is a letter away from a known one', () => {
    const message = read(mcs({ annotations: { 'cloud.google.com/backend-confg': '{"default":"slow"}' } }))
    expect(message.ok && message.objects[0]?.warnings).toEqual([
      expect.objectContaining({
        message: expect.stringMatching(/did you mean cloud.google.com\/backend-config/) as string,
      }),
    ])
  })
  it('twice in a message is once too often', () => {
    expect(problems(mcs(), mcs())).toEqual([
      expect.stringMatching(/MultiClusterService\/prod\/web is in document 1 too/),
    ])
  })
})
