import { stringify } from 'yaml'
import { describe, expect, it } from 'vitest'
import { parseManifest } from '../../../shared/ingress/manifest.ts'
import { defaultSettings } from '../../../shared/ingress/settings.ts'
import { backend, ingressObject, ingressYaml, parseOne, problemsOf, rule, tell } from './manifests.ts'

const betaSpec = {
  backend: { serviceName: 'web', servicePort: 80 },
  rules: [
    {
      host: 'a.example',
      http: { paths: [{ path: '/x', backend: { serviceName: 'x', servicePort: 'http' } }] },
    },
  ],
}

describe('good manifests', () => {
  it('reads every part of a networking.k8s.io/v1 Ingress', () => {
    const parsed = parseOne(
      ingressYaml({
        metadata: {
          name: 'shop',
          namespace: 'store',
          uid: 'a1b2-c3',
          generation: 7,
          labels: { team: 'web' },
          annotations: { 'example.com/note': 'hello' },
          resourceVersion: '12',
          managedFields: [],
        },
        spec: {
          ingressClassName: 'gce-multi-cluster',
          defaultBackend: backend('fallback', 'http'),
          rules: [
            rule('b.example', ['Prefix', '/', backend()]),
            rule('a.example', ['Exact', '/x', backend('x', 8080)]),
          ],
          tls: [{ hosts: ['A.example'], secretName: 'cert' }],
        },
      }),
    )
    expect(parsed).toEqual({
      model: {
        namespace: 'store',
        name: 'shop',
        defaultBackend: { service: 'fallback', port: 'http' },
        rules: [
          { host: 'a.example', paths: [{ type: 'Exact', path: '/x', backend: { service: 'x', port: 8080 } }] },
          { host: 'b.example', paths: [{ type: 'Prefix', path: '/', backend: { service: 'web', port: 80 } }] },
        ],
        tls: [{ hosts: ['a.example'], secretName: 'cert' }],
        settings: defaultSettings,
        labels: { team: 'web' },
        annotations: { 'example.com/note': 'hello' },
      },
      source: { uid: 'a1b2-c3', generation: 7 },
      warnings: [],
    })
  })

  const dialects: { apiVersion: string; reason: string }[] = [
    { apiVersion: 'networking.k8s.io/v1beta1', reason: 'the form between the two' },
    { apiVersion: 'extensions/v1beta1', reason: 'what kubemci users have' },
  ]
  for (const { apiVersion, reason } of dialects) {
    it(`reads ${apiVersion}: ${reason}`, () => {
      const { model } = parseOne(stringify({ ...ingressObject({ spec: betaSpec }), apiVersion }))
      expect(model.defaultBackend).toEqual({ service: 'web', port: 80 })
      expect(model.rules).toEqual([
        {
          host: 'a.example',
          paths: [{ type: 'ImplementationSpecific', path: '/x', backend: { service: 'x', port: 'http' } }],
        },
      ])
    })
  }

  const forms: { form: string; text: string; names: string[]; reason: string }[] = [
    { form: 'JSON', text: JSON.stringify(ingressObject()), names: ['default/web'], reason: 'JSON is taken too' },
    {
      form: 'JSON with tabs',
      text: JSON.stringify(ingressObject(), null, '\t'),
      names: ['default/web'],
      reason: 'tabs may not indent YAML blocks, but JSON is no block',
    },
    {
      form: 'two documents',
      text: `${ingressYaml({ metadata: { name: 'b' } })}---\n${ingressYaml({ metadata: { name: 'a' } })}`,
      names: ['default/a', 'default/b'],
      reason: 'sorted by name, whatever the order',
    },
    {
      form: 'empty documents around it',
      text: `---\n---\n# nothing\n---\n${ingressYaml()}---\n`,
      names: ['default/web'],
      reason: 'template engines leave empty documents behind',
    },
    {
      form: 'List',
      text: stringify({ apiVersion: 'v1', kind: 'List', items: [ingressObject()] }),
      names: ['default/web'],
      reason: 'kubectl get -o yaml writes Lists',
    },
    {
      form: 'IngressList without kinds in it',
      text: JSON.stringify({
        apiVersion: 'networking.k8s.io/v1',
        kind: 'IngressList',
        items: [{ metadata: { name: 'in-list' }, spec: { defaultBackend: backend() } }],
      }),
      names: ['default/in-list'],
      reason: 'the API server leaves them out',
    },
    {
      form: 'Windows line ends and a byte order mark',
      text: `\ufeff${ingressYaml().replaceAll('\n', '\r\n')}`,
      names: ['default/web'],
      reason: 'editors write them',
    },
    {
      form: 'an anchor and its alias',
      text: 'apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web}\nspec:\n  defaultBackend: &b {service: {name: web, port: {number: 80}}}\n  rules: [{http: {paths: [{path: /a, pathType: Exact, backend: *b}]}}]\n',
      names: ['default/web'],
      reason: 'kubectl takes small ones, and so do people',
    },
    {
      form: 'nulls',
      text: ingressYaml({
        metadata: { namespace: null, labels: null, annotations: null },
        spec: { defaultBackend: backend(), rules: null, tls: null },
      }),
      names: ['default/web'],
      reason: 'Kubernetes takes null for absent',
    },
  ]
  for (const { form, text, names, reason } of forms) {
    it(`reads ${form}: ${reason}`, () => {
      const parsed = parseManifest(text)
      expect(
        parsed.ok ? parsed.ingresses.map(({ model }) => `${model.namespace}/${model.name}`) : tell(parsed.problems),
      ).toEqual(names)
    })
  }

  it('expands an alias to what its anchor was at that place', () => {
    const { model } = parseOne(
      'apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web, labels: {a: &x one, b: *x, c: &x two, d: *x}}\nspec: {defaultBackend: {service: {name: w, port: {number: 1}}}}\n',
    )
    expect(model.labels).toEqual({ a: 'one', b: 'one', c: 'two', d: 'two' })
  })

  const versions: { generation: unknown; got: number | null; reason: string }[] = [
    { generation: 3, got: 3, reason: 'a version' },
    { generation: 0, got: null, reason: 'zero is what a template writes' },
    { generation: null, got: null, reason: 'absent' },
  ]
  for (const { generation, got, reason } of versions) {
    it(`takes generation ${String(generation)} for ${String(got)}: ${reason}`, () => {
      expect(parseOne(ingressYaml({ metadata: { generation } })).source.generation).toBe(got)
    })
  }
})

describe('bad manifests', () => {
  const rows: { reason: string; text: string; want: (string | RegExp)[] }[] = [
    { reason: 'nothing at all', text: '', want: ['message: The manifest is empty; publish at least one Ingress.'] },
    { reason: 'only comments', text: '# soon\n---\n', want: [/^message: The manifest is empty/] },
    { reason: 'plain text', text: 'hello', want: ['document 1: An Ingress object is expected here, not text.'] },
    {
      reason: 'a list of objects is no List',
      text: '- a\n',
      want: ['document 1: An Ingress object is expected here, not a list.'],
    },
    {
      reason: 'broken YAML',
      text: 'a: [1,\nb: 2\n',
      want: [/^document 1: The YAML cannot be read at line \d+, column \d+: /],
    },
    {
      reason: 'another kind, in the second document',
      text: `${ingressYaml()}---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\n`,
      want: [
        'document 2: The kind "Service" (apiVersion "v1") is not taken here; publish only Ingress, MultiClusterIngress, MultiClusterService, BackendConfig or FrontendConfig objects.',
      ],
    },
    {
      reason: 'an apiVersion that does not exist',
      text: stringify({ ...ingressObject(), apiVersion: 'networking.k8s.io/v2' }),
      want: [
        /^document 1: The apiVersion "networking.k8s.io\/v2" of Ingress is not known; write networking.k8s.io\/v1, /,
      ],
    },
    {
      reason: 'no kind',
      text: 'apiVersion: v1\n',
      want: ['document 1: kind must be given as text, for example "networking.k8s.io/v1" and "Ingress".'],
    },
    {
      reason: 'the same Ingress twice',
      text: `${ingressYaml()}---\n${ingressYaml()}`,
      want: ['document 2: The Ingress default/web is in document 1 too; keep one.'],
    },
    {
      reason: 'a misspelt field would be passed over in silence by others',
      text: ingressYaml({ spec: { defaultBackend: backend(), rulez: [] } }),
      want: ['document 1: spec: "rulez" is not a field of this part; did you mean rules?'],
    },
    {
      reason: 'v1beta1 spelling in v1',
      text: ingressYaml({ spec: { backend: { serviceName: 'a', servicePort: 80 } } }),
      want: ['document 1: spec.backend: In networking.k8s.io/v1 this is called defaultBackend.'],
    },
    {
      reason: 'v1 spelling in v1beta1',
      text: stringify({ ...ingressObject(), apiVersion: 'extensions/v1beta1' }),
      want: [/^document 1: spec.defaultBackend: In v1beta1 this is called backend/],
    },
    {
      reason: 'neither rules nor default backend',
      text: ingressYaml({ spec: {} }),
      want: [
        'document 1: spec: The Ingress has neither a default backend (defaultBackend) nor a rule with paths; write one of them.',
      ],
    },
    {
      reason: 'a rule without paths serves nothing',
      text: ingressYaml({ spec: { rules: [{ host: 'a.example' }] } }),
      want: [/^document 1: spec: The Ingress has neither a default backend/],
    },
    {
      reason: 'no spec',
      text: 'apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: a}\n',
      want: ['document 1: spec: This part is missing or empty.'],
    },
    {
      reason: 'no name',
      text: ingressYaml({ metadata: { name: undefined } }),
      want: ['document 1: metadata.name: name is missing.'],
    },
    {
      reason: 'a name of digits without quotes',
      text: ingressYaml({ metadata: { name: 12 } }),
      want: ['document 1: metadata.name: name must be text, not the number 12; put it in quotes.'],
    },
    {
      reason: 'capitals in the name',
      text: ingressYaml({ metadata: { name: 'Web' } }),
      want: [/^document 1: metadata.name: The name of the Ingress "Web" is not valid/],
    },
    {
      reason: 'a namespace with a dot',
      text: ingressYaml({ metadata: { namespace: 'a.b' } }),
      want: [/^document 1: metadata.namespace: The namespace "a.b" is not valid/],
    },
    {
      reason: 'a generation in quotes',
      text: ingressYaml({ metadata: { generation: '3' } }),
      want: [/^document 1: metadata.generation: generation must be a whole number/],
    },
    {
      reason: 'a fractional generation',
      text: ingressYaml({ metadata: { generation: 1.5 } }),
      want: [/^document 1: metadata.generation: generation must be a whole number/],
    },
    {
      reason: 'a uid that could be a path',
      text: ingressYaml({ metadata: { uid: '../x' } }),
      want: [/^document 1: metadata.uid: uid is not valid/],
    },
    {
      reason: 'another class by annotation',
      text: ingressYaml({ annotations: { 'kubernetes.io/ingress.class': 'gce' } }),
      want: [/ingress.class"\]: The class "gce" is another controller's; write "gce-multi-cluster"/],
    },
    {
      reason: 'another class by field',
      text: ingressYaml({ spec: { ingressClassName: 'nginx', defaultBackend: backend() } }),
      want: [/^document 1: spec.ingressClassName: The class "nginx"/],
    },
    {
      reason: 'a resource backend',
      text: ingressYaml({ spec: { defaultBackend: { resource: { kind: 'Bucket', name: 'b' } } } }),
      want: [/^document 1: spec.defaultBackend.resource: A backend that is a resource/],
    },
    {
      reason: 'port by number and name',
      text: ingressYaml({ spec: { defaultBackend: { service: { name: 'a', port: { number: 80, name: 'http' } } } } }),
      want: ['document 1: spec.defaultBackend.service.port: The port has both number and name; keep one.'],
    },
    {
      reason: 'no port',
      text: ingressYaml({ spec: { defaultBackend: { service: { name: 'a', port: {} } } } }),
      want: ['document 1: spec.defaultBackend.service.port: The port is missing; write number or name.'],
    },
    {
      reason: 'port 0',
      text: ingressYaml({ spec: { defaultBackend: backend('a', 0) } }),
      want: [/service.port.number: The port 0 is not valid/],
    },
    {
      reason: 'port 65536',
      text: ingressYaml({ spec: { defaultBackend: backend('a', 65536) } }),
      want: [/service.port.number: The port 65536 is not valid/],
    },
    {
      reason: 'a port number in quotes',
      text: ingressYaml({ spec: { defaultBackend: { service: { name: 'a', port: { number: '80' } } } } }),
      want: [/service.port.number: The port "80" is text; write the number without quotes/],
    },
    {
      reason: 'a port name that Kubernetes refuses',
      text: ingressYaml({ spec: { defaultBackend: backend('a', 'a_b') } }),
      want: [/service.port.name: The port name "a_b" is not valid/],
    },
    {
      reason: 'octal or decimal: readers of YAML disagree',
      text: ingressYaml().replace('number: 80', 'number: 0100'),
      want: [/service.port.number: Readers of YAML disagree on the number "0100"/],
    },
    {
      reason: 'a truth value as a label',
      text: ingressYaml({ metadata: { labels: { on: true } } }),
      want: ['document 1: metadata.labels["on"]: The value must be text, not the truth value true; put it in quotes.'],
    },
    {
      reason: 'a label key that Kubernetes refuses',
      text: ingressYaml({ metadata: { labels: { 'a b': 'x' } } }),
      want: [/metadata.labels\["a b"\]: The label "a b" is not valid/],
    },
    {
      reason: 'TLS without a certificate',
      text: ingressYaml({ spec: { defaultBackend: backend(), tls: [{ hosts: ['a.example'] }] } }),
      want: [/^document 1: spec.tls\[0\].secretName: secretName is missing/],
    },
    {
      reason: 'a TLS host that is none',
      text: ingressYaml({ spec: { defaultBackend: backend(), tls: [{ hosts: ['a b', 7], secretName: 's' }] } }),
      want: [
        /spec.tls\[0\].hosts\[0\]: The host "a b" holds a space/,
        /spec.tls\[0\].hosts\[1\]: The host must be text, not the number 7/,
      ],
    },
    {
      reason: 'sixteen certificates',
      text: ingressYaml({
        spec: { defaultBackend: backend(), tls: Array.from({ length: 16 }, (_, i) => ({ secretName: `s${i}` })) },
      }),
      want: ['document 1: spec.tls: The Ingress names 16 certificates; the load balancer takes at most 15.'],
    },
    {
      reason: 'HTTP off and no TLS: kubemci made nothing and called it success',
      text: ingressYaml({ annotations: { 'kubernetes.io/ingress.allow-http': 'false' } }),
      want: [
        /allow-http"\]: Nothing would be served: HTTP is off and there is no certificate, so neither HTTP nor TLS is left/,
      ],
    },
    {
      reason: 'the classic scheme cannot answer 404 by itself',
      text: ingressYaml({
        annotations: { 'multicluster-ingress.io/scheme': 'EXTERNAL' },
        spec: { rules: [rule('a.example', ['Prefix', '/', backend()])] },
      }),
      want: [/^document 1: spec: A load balancer of scheme EXTERNAL needs a default backend/],
    },
    {
      reason: 'an item of a List',
      text: stringify({
        apiVersion: 'v1',
        kind: 'List',
        items: [ingressObject(), ingressObject({ metadata: { name: 'B' } })],
      }),
      want: [/^document 1: items\[1\].metadata.name: The name of the Ingress "B"/],
    },
    {
      reason: 'a List without items',
      text: 'apiVersion: v1\nkind: List\n',
      want: ['document 1: items: The items of a list must be a list, not nothing.'],
    },
    {
      reason: 'a List in a List',
      text: stringify({ apiVersion: 'v1', kind: 'List', items: [{ apiVersion: 'v1', kind: 'List', items: [] }] }),
      want: [/^document 1: items\[0\]: The kind "List"/],
    },
  ]
  for (const { reason, text, want } of rows) {
    it(reason, () => {
      const got = problemsOf(text)
      expect(got).toHaveLength(want.length)
      for (const [index, one] of want.entries()) expect(got[index]).toMatch(one)
    })
  }

  it('tells all problems of all documents at once', () => {
    const bad = ingressYaml({
      metadata: { name: 'bad', labels: { a: 1 } },
      annotations: { 'multicluster-ingress.io/mode': 'off', 'multicluster-ingress.io/force': 'perhaps' },
      spec: { defaultBackend: backend('UP', 0), rules: [rule('1.2.3.4', ['Regex', 'x', backend('a', 99999)])] },
    })
    const got = problemsOf(`${ingressYaml()}---\n${bad}---\nkind: Pod\napiVersion: v1\n`).join('\n')
    for (const part of ['labels["a"]', '"off"', '"perhaps"', '"UP"', 'port 0', '1.2.3.4', '"Regex"', '99999', '"Pod"'])
      expect(got).toContain(part)
  })

  it('cuts what it quotes and the number of problems, and says how many more there are', () => {
    const long = problemsOf(ingressYaml({ metadata: { name: 'A'.repeat(5000) } }))
    expect(long.every((line) => line.length < 500)).toBe(true)
    const labels = Object.fromEntries(Array.from({ length: 150 }, (_, i) => [`k${i}`, 'ü']))
    const many = problemsOf(ingressYaml({ metadata: { labels } }))
    expect(many).toHaveLength(101)
    expect(many.at(-1)).toBe('message: There is more: 50 further problems not shown.')
  })
})

describe('which Ingresses a bad message meant', () => {
  const rows: { reason: string; text: string; named: string[] }[] = [
    {
      reason: 'the good document besides a bad one: nothing of the message is applied',
      text: `${ingressYaml()}---\nkind: Pod\napiVersion: v1\n`,
      named: ['default/web'],
    },
    {
      reason: 'an Ingress with a bad spec',
      text: ingressYaml({ metadata: { namespace: 'n' }, spec: {} }),
      named: ['n/web'],
    },
    {
      reason: 'an unknown apiVersion still names',
      text: stringify({ ...ingressObject(), apiVersion: 'networking.k8s.io/v9' }),
      named: ['default/web'],
    },
    { reason: 'YAML that breaks off after the name', text: `${ingressYaml()}  x: [1,\n`, named: ['default/web'] },
    { reason: 'a broken document hides no other', text: `a: [\n---\n${ingressYaml()}`, named: ['default/web'] },
    {
      reason: 'a name that is none cannot be shown anywhere',
      text: ingressYaml({ metadata: { name: '../x' } }),
      named: [],
    },
    { reason: 'a Service names no Ingress', text: 'apiVersion: v1\nkind: Service\nmetadata: {name: web}\n', named: [] },
  ]
  for (const { reason, text, named } of rows) {
    it(reason, () => {
      const parsed = parseManifest(text)
      expect(parsed.ok ? 'good' : parsed.named.map((one) => `${one.namespace}/${one.name}`)).toEqual(named)
    })
  }
})
