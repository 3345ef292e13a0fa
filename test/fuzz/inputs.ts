import fc from 'fast-check'
import { knownAnnotations } from '../../shared/ingress/annotations.ts'
import { backend, ingressObject, rule } from '../unit/ingress/manifests.ts'

/** What arrives from outside, good in most parts and wrong in some. */

/** Nothing in most cases. */
const seldom = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, { weight: 2, arbitrary })

/** Keys that mean something to JavaScript rather than to a manifest. */
const dangerous = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'then', 'toJSON', 'length']

/** Characters that other programs take for something: direction, joiners, case that changes length, halves, NUL, look-alikes. */
const oddCharacters = [
  '\u202e',
  '\u200d',
  '\ufeff',
  'İ',
  'ß',
  'ﬁ',
  '\ud800',
  '\udc00',
  '\0',
  '\u0085',
  '\u2028',
  'а',
  '１',
  '𝟙',
  '%00',
  '%2e',
  '\\',
  '"',
  '\n',
  '\t',
]

export const oddText = fc
  .array(
    fc.oneof(
      fc.constantFrom(...oddCharacters),
      fc.string({ unit: 'binary', maxLength: 4 }),
      fc.constantFrom('a', '-', '.', '/', ':', '*', '1'),
    ),
    {
      maxLength: 24,
    },
  )
  .map((parts) => parts.join(''))

const names = fc.oneof(
  fc.constantFrom('web', 'default', 'a.example.com', '*.example.com', 'http', '80', ...dangerous),
  fc.string({ unit: fc.constantFrom('a', 'b', '-', '.', '1'), maxLength: 70 }),
  oddText,
)
const numbers = fc.oneof(
  fc.constantFrom(0, -0, -1, 80, 65_535, 65_536, 2 ** 31, 2 ** 53, 1e308, 0.5),
  fc.integer({ min: -70_000, max: 70_000 }),
)

/** Any JSON, with keys that a manifest has or that mean something to JavaScript. */
export const json: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthSize: 'small' },
    fc.oneof(names, numbers, fc.boolean(), fc.constant(null)),
    fc.array(tie('value'), { maxLength: 4 }),
    fc
      .array(
        fc.tuple(
          fc.constantFrom(
            'apiVersion',
            'kind',
            'metadata',
            'spec',
            'rules',
            'http',
            'paths',
            'path',
            'pathType',
            'backend',
            'service',
            'name',
            'namespace',
            'port',
            'number',
            'tls',
            'annotations',
            'labels',
            'items',
            ...dangerous,
          ),
          tie('value'),
        ),
        { maxLength: 5 },
      )
      // Through text, as it arrives: a key __proto__ is then a key like any other.
      .map(
        (members) =>
          JSON.parse(
            `{${members.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`,
          ) as unknown,
      ),
  ),
})).value

const good = (name: string): Record<string, unknown> => ({
  ...ingressObject({ metadata: { name, namespace: 'shop', labels: { team: 'web' } } }),
  spec: {
    rules: [rule('a.example.com', ['Prefix', '/', backend()], ['Exact', '/x', backend('cart', 'http')])],
    tls: [{ hosts: ['a.example.com'], secretName: 'pair' }],
  },
})

/** Replaces one part of a value, found by chance, by another value. */
function replaced(value: unknown, choices: readonly number[], by: unknown): unknown {
  const [choice = 0, ...rest] = choices
  if (rest.length === 0 || value === null || typeof value !== 'object') return by
  const entries = Object.entries(value)
  const at = choice % (entries.length + 1)
  if (at === entries.length) return Array.isArray(value) ? [...(value as unknown[]), by] : { ...value, extra: by }
  const changed = entries.map(([key, member], index): [string, unknown] => [
    key,
    index === at ? replaced(member, rest, by) : member,
  ])
  return Array.isArray(value) ? changed.map(([, member]) => member) : Object.fromEntries(changed)
}

/** An Ingress that is good, or of which one part is anything at all. */
export const almostGood: fc.Arbitrary<Record<string, unknown>> = fc
  .tuple(
    fc.constantFrom('a', 'b', 'c'),
    seldom(fc.tuple(fc.array(fc.nat(20), { minLength: 1, maxLength: 7 }), json)),
    seldom(
      fc.dictionary(fc.constantFrom(...knownAnnotations.map(({ key }) => key)), fc.oneof(names, oddText), {
        maxKeys: 2,
      }),
    ),
    fc.nat(1_000_000),
  )
  .map(([name, damage, annotations, serial]) => {
    const whole = good(name)
    const metadata = {
      ...(whole['metadata'] as object),
      annotations: annotations ?? {},
      labels: { serial: String(serial) },
    }
    const object = { ...whole, metadata }
    return damage === null ? object : (replaced(object, damage[0], damage[1]) as Record<string, unknown>)
  })

/** What is published beside an Ingress, or of which one is made: good, or one part of it is anything at all. */
export const beside: fc.Arbitrary<unknown> = fc
  .tuple(
    fc.constantFrom(
      {
        apiVersion: 'networking.gke.io/v1',
        kind: 'MultiClusterIngress',
        metadata: { name: 'a', namespace: 'shop', annotations: { 'networking.gke.io/static-ip': '203.0.113.9' } },
        spec: { template: { spec: { backend: { serviceName: 'web', servicePort: 80 }, rules: [] } } },
      },
      {
        apiVersion: 'networking.gke.io/v1',
        kind: 'MultiClusterService',
        metadata: { name: 'web', namespace: 'shop' },
        spec: {
          template: { spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] } },
          clusters: [{ link: 'us-central1-a/k0' }],
        },
      },
      {
        apiVersion: 'cloud.google.com/v1',
        kind: 'BackendConfig',
        metadata: { name: 'conf', namespace: 'shop' },
        spec: { timeoutSec: 40, cdn: { enabled: true, cachePolicy: { includeHost: true } }, healthCheck: { port: 80 } },
      },
      {
        apiVersion: 'networking.gke.io/v1beta1',
        kind: 'FrontendConfig',
        metadata: { name: 'front', namespace: 'shop' },
        spec: { sslPolicy: 'strict', redirectToHttps: { enabled: true, responseCodeName: 'FOUND' } },
      },
    ),
    seldom(fc.tuple(fc.array(fc.nat(8), { minLength: 1, maxLength: 7 }), json)),
  )
  .map(([object, damage]) => (damage === null ? object : replaced(object, damage[0], damage[1])))

/** Pieces of YAML that mean something to a parser, in any order. */
export const yamlNoise = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '\n',
        ' ',
        '  ',
        '- ',
        ': ',
        ', ',
        '{',
        '}',
        '[',
        ']',
        '&a ',
        '*a',
        '<<: ',
        '? ',
        '|\n',
        '>\n',
        '"',
        "'",
        '---\n',
        '...\n',
        '#',
        '%',
        '!!str ',
        '!!binary ',
        '\t',
        '\r',
        '~',
        '0x1',
        '.nan',
        '1_000',
        '0o7',
        '2001-01-01',
      ),
      fc.constantFrom(
        'apiVersion: networking.k8s.io/v1\n',
        'kind: Ingress\n',
        'kind: List\n',
        'metadata:\n',
        '  name: web\n',
        'spec:\n',
        '  rules:\n',
        '__proto__: ',
        'items:\n',
      ),
      fc.string({ maxLength: 5, unit: 'binary' }),
    ),
    { maxLength: 60 },
  )
  .map((parts) => parts.join(''))

/** A real text with some edits: cut, doubled, moved, or with something put in. */
export const edited = (texts: readonly string[]): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.constantFrom(...texts),
      fc.array(
        fc.tuple(fc.constantFrom('cut', 'double', 'put', 'move'), fc.nat(), fc.nat(40), fc.oneof(oddText, yamlNoise)),
        { maxLength: 4 },
      ),
    )
    .map(([text, edits]) =>
      edits.reduce((now, [edit, where, length, part]) => {
        const at = now.length === 0 ? 0 : where % now.length
        const piece = now.slice(at, at + length)
        const without = now.slice(0, at) + now.slice(at + length)
        if (edit === 'cut') return without
        if (edit === 'double') return now.slice(0, at) + piece + now.slice(at)
        if (edit === 'move')
          return without.slice(0, where % (without.length + 1)) + piece + without.slice(where % (without.length + 1))
        return now.slice(0, at) + part + now.slice(at)
      }, text),
    )

/** Much of one thing: long texts, many members, deep nesting, aliases that multiply. */
export const huge: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom(
      'long text',
      'many members',
      'many items',
      'many rules',
      'deep lists',
      'deep mappings',
      'deep blocks',
      'aliases',
      'many documents',
    ),
    fc.integer({ min: 1, max: 300_000 }),
    fc.constantFrom('a', 'ü', '😀', '"', '\\', ' ', '-', '\u202e'),
  )
  .map(([kind, size, part]) => {
    const few = Math.min(size, 20_000)
    switch (kind) {
      case 'long text':
        return JSON.stringify({
          ...good('a'),
          metadata: { name: 'a', annotations: { note: part.repeat(Math.floor(size / 2)) } },
        })
      case 'many members':
        return JSON.stringify({
          ...good('a'),
          metadata: { name: 'a', labels: Object.fromEntries(Array.from({ length: few }, (_, i) => [`k${i}`, part])) },
        })
      case 'many items':
        return `items: [${`${JSON.stringify(part)},`.repeat(few)}]`
      case 'many rules':
        return JSON.stringify({
          ...good('a'),
          spec: {
            rules: Array.from({ length: Math.min(size, 3_000) }, (_, i) =>
              rule(`h${i}.example`, ['Prefix', '/', backend()]),
            ),
          },
        })
      case 'deep lists':
        return '['.repeat(few) + ']'.repeat(few)
      case 'deep mappings':
        return `${'{"a":'.repeat(few)}1${'}'.repeat(few)}`
      case 'deep blocks':
        return Array.from({ length: Math.min(size, 600) }, (_, i) => `${' '.repeat(i)}a:`).join('\n')
      case 'aliases':
        return `a0: &a0 [${part === '"' ? 'x' : 'y'}]\n${Array.from({ length: Math.min(size, 40) }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(9)}]`).join('\n')}`
      case 'many documents':
        return '---\na: b\n'.repeat(few)
    }
  })

/** Attributes of a message; Pub/Sub's are texts, a forged push body may hold anything. */
export const attributes = fc.dictionary(
  fc.oneof(fc.constantFrom('action', 'clusters', 'namespace', 'name', 'force', 'actoin', ...dangerous), oddText),
  fc.oneof(
    fc.constantFrom(
      'apply',
      'validate',
      'delete',
      'remove-clusters',
      'drain-clusters',
      'undrain-clusters',
      'true',
      'false',
      'a',
      'shop',
      'a,b',
      '',
    ),
    oddText,
  ),
  { maxKeys: 5 },
)

/** An audit-log entry as a log sink delivers it, one part of which may be anything. */
export const auditEntry = fc
  .tuple(
    fc.constantFrom(
      'v1.compute.firewalls.insert',
      'beta.compute.instanceGroups.delete',
      'google.container.v1.ClusterManager.DeleteNodePool',
      'io.k8s.core.v1.services.update',
      'compute.',
      'x',
    ),
    fc.constantFrom(
      'projects/p/global/firewalls/f',
      'projects/123/zones/us-a/instanceGroups/g',
      'projects/p/zones/z/clusters/c',
      'core/v1/namespaces/shop/services/web',
      '//',
      '',
    ),
    fc.array(fc.nat(12), { minLength: 1, maxLength: 5 }),
    json,
    fc.boolean(),
  )
  .map(([methodName, resourceName, choices, by, whole]) => {
    const entry = {
      protoPayload: {
        '@type': 'type.googleapis.com/google.cloud.audit.AuditLog',
        methodName,
        resourceName,
        authenticationInfo: { principalEmail: 'user@example.com' },
        status: {},
      },
      resource: { type: 'gce_firewall_rule', labels: { project_id: 'lb-project', location: 'z', cluster_name: 'c' } },
      operation: { id: 'operation-1', first: true, last: true },
      severity: 'NOTICE',
      logName: 'projects/p/logs/cloudaudit.googleapis.com%2Factivity',
    }
    return whole ? entry : replaced(entry, choices, by)
  })

/** A message to cluster-changes, one part of which may be anything. */
export const clusterChange = fc
  .tuple(
    fc.constantFrom(
      'http://127.0.0.1:1',
      'https://203.0.113.9',
      'http://169.254.169.254',
      'file:///x',
      'https://a:b@c',
      'HTTPS://EXAMPLE.com.',
      'https://listed.example/k8s',
      'https://listed.example/k8s/east',
      'https://listed.example/k8s/west',
    ),
    fc.constantFrom(
      'projects/lb-project/locations/us/clusters/c',
      'projects/evil/locations/us-a/clusters/c',
      'projects/../locations/us-a/clusters/x',
      undefined,
    ),
    seldom(fc.tuple(fc.array(fc.nat(8), { minLength: 1, maxLength: 4 }), json)),
  )
  .map(([server, gke, damage]) => {
    const change = {
      cluster: 'us-east',
      register: { server, project: 'lb-project', labels: { a: 'b' }, ...(gke === undefined ? {} : { gke }) },
    }
    return damage === null ? change : replaced(change, damage[0], damage[1])
  })

/** What Pub/Sub, Eventarc, or somebody else posts to a function. */
export const pushBody = (data: fc.Arbitrary<string>): fc.Arbitrary<unknown> =>
  fc
    .tuple(
      data,
      seldom(attributes),
      fc.constantFrom('wrapped', 'structured', 'bare'),
      seldom(fc.tuple(fc.array(fc.nat(6), { minLength: 1, maxLength: 4 }), json)),
    )
    .map(([text, given, form, damage]) => {
      const message = {
        data: Buffer.from(text).toString('base64'),
        attributes: given ?? {},
        messageId: 'm1',
        publishTime: '2026-01-01T00:00:00Z',
      }
      const body =
        form === 'bare'
          ? message
          : form === 'wrapped'
            ? { message, subscription: 's' }
            : { specversion: '1.0', data: { message } }
      return damage === null ? body : replaced(body, damage[0], damage[1])
    })

/** What a cluster shows of one Ingress: annotations that anybody with edit rights there may write. */
export const clusterTexts = fc.record({
  groups: fc.oneof(
    fc
      .array(
        fc.record({
          Name: fc.oneof(names, fc.constantFrom('k8s-ig--a', 'k8s-ig--b')),
          Zone: fc.oneof(names, fc.constantFrom('zones/k0-a', 'k0-a', 'https://x/zones/k0-b')),
        }),
        { maxLength: 4 },
      )
      .map((list) => JSON.stringify(list)),
    json.map((value) => JSON.stringify(value)),
    oddText,
  ),
  service: fc.dictionary(
    fc.constantFrom(
      'cloud.google.com/neg',
      'cloud.google.com/neg-status',
      'cloud.google.com/backend-config',
      'cloud.google.com/app-protocols',
      'service.alpha.kubernetes.io/app-protocols',
    ),
    fc.oneof(
      json.map((value) => JSON.stringify(value)),
      oddText,
      fc.constant('{"ingress":true}'),
      fc.constant('{"default":"conf"}'),
    ),
    { maxKeys: 4 },
  ),
  port: fc.record({
    port: fc.integer({ min: 1, max: 65_535 }),
    nodePort: fc.option(fc.integer({ min: 0, max: 70_000 }), { nil: undefined }),
    targetPort: fc.oneof(names, fc.nat(70_000)),
    name: names,
  }),
  secret: fc.dictionary(
    fc.constantFrom('tls.crt', 'tls.key', 'ca.crt'),
    fc.oneof(
      fc.base64String({ maxLength: 80 }),
      oddText,
      fc.constant(Buffer.from('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n').toString('base64')),
    ),
  ),
})

/** Requests to the status API. */
export const statusRequest = fc.record({
  method: fc.constantFrom('GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS', '', 'get'),
  path: fc.oneof(
    fc
      .array(
        fc.oneof(
          fc.constantFrom(
            'api',
            'ingresses',
            'clusters',
            'dead-letters',
            'sources',
            'resources',
            'shop',
            'a',
            '..',
            '%2e%2e',
            '%',
            '%ff',
            '__proto__',
            'url-map%2Flb-project%2Fx',
          ),
          oddText,
        ),
        { maxLength: 6 },
      )
      .map((parts) => `/${parts.join('/')}`),
    fc.integer({ min: 1, max: 3_000 }).map((length) => `/api/ingresses/${'a'.repeat(length)}/b`),
  ),
  query: fc.record(
    {
      limit: fc.oneof(fc.constantFrom('0', '-1', '1', '1e9', 'NaN', 'Infinity', '0x10', ''), oddText),
      after: fc.oneof(names, oddText),
    },
    { requiredKeys: [] },
  ),
})
