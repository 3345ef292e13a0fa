/** Texts made to cost time or memory, or to mean something else than they show; all but the last few of the largest size. */
const size = 256 * 1024

const fill = (part: string, head = '', tail = '') =>
  head + part.repeat(Math.floor((size - head.length - tail.length) / part.length)) + tail

const numbered = (make: (i: number) => string, head = '', tail = '') => {
  const parts: string[] = [head]
  let length = head.length + tail.length
  for (let i = 0; ; i += 1) {
    const part = make(i)
    if (length + part.length > size) return [...parts, tail].join('')
    parts.push(part)
    length += part.length
  }
}

const ingress = (spec: string, metadata = '') =>
  `apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web${metadata}}\n${spec}`

const bomb = (width: number) =>
  `a0: &a0 [x,x,x,x,x,x,x,x,x]\n${Array.from({ length: width }, (_, i) => `a${i + 1}: &a${i + 1} [${Array.from({ length: 9 }, () => `*a${i}`).join(',')}]\n`).join('')}`

/** Each is refused, in bounded time. */
export const hostileTexts: Readonly<Record<string, string>> = {
  'billion laughs': bomb(20),
  'billion laughs in the metadata': ingress('spec: {}\n', `, annotations: {${bomb(12).replaceAll('\n', ',')} b: c}`),
  'a long text repeated by aliases': fill('- *a\n', `- &a ${'x'.repeat(100_000)}\n`),
  'an alias inside its own anchor': 'a: &a [*a]\n',
  'an alias of nothing': 'a: *b\n',
  'deep lists': fill('['),
  'deep mappings': fill('{a: '),
  'deep block lists': fill('- '),
  'deep keys': fill('? '),
  'deep by indentation': numbered((i) => `${' '.repeat(i)}a:\n`),
  'deep lists, closed': `${'['.repeat(60)}${']'.repeat(60)}`,
  'fifty-one levels': `${'{a: '.repeat(51)}1${'}'.repeat(51)}`,
  'deep through an alias': `x: &x ${'['.repeat(30)}${']'.repeat(30)}\ny: ${'['.repeat(30)}*x${']'.repeat(30)}\n`,
  'many documents': fill('---\n'),
  'many documents with content': fill('a\n---\n'),
  'many keys': numbered((i) => `k${i}: 1\n`),
  'many keys in braces': numbered((i) => `k${i},`, '{', '}'),
  'many annotations': ingress(
    'spec: {}\n',
    `, annotations: {${Array.from({ length: 7000 }, (_, i) => `multicluster-ingress.io/a${i}: x`).join(',')}}`,
  ),
  'many labels': ingress('spec: {}\n', `, labels: {${Array.from({ length: 9000 }, (_, i) => `l${i}: x`).join(',')}}`),
  'many rules': ingress(`spec: {rules: [${'{},'.repeat(20_000)}]}\n`),
  'many bad paths': ingress(`spec: {rules: [{http: {paths: [${'{path: x},'.repeat(999)}]}}]}\n`),
  'many anchors': fill('- &a b\n'),
  commas: fill(',', '['),
  'closing braces': fill('}'),
  colons: fill(': '),
  tags: fill('!!x '),
  'unknown tags': fill('- !a b\n'),
  'anchors on nothing': fill('&a '),
  // Just below the limit on lexical pieces, so that all of the parser's work is done.
  'commas that are parsed': `[${','.repeat(129_000)}`,
  'closing braces that are parsed': '}'.repeat(129_000),
  'empty lists that are parsed': '[]'.repeat(64_000),
  'tags that are parsed': '!!x '.repeat(64_000),
  'anchors that are parsed': '&a '.repeat(60_000),
  'keys that are parsed': Array.from({ length: 18_000 }, (_, i) => `k${i}: 1\n`)
    .join('')
    .slice(0, 262_144),
  'repeated keys that are parsed': 'a: 1\n'.repeat(18_000),
  'aliases that are parsed': `- &a b\n${'- *a\n'.repeat(25_000)}`,
  'documents that are parsed': 'a: [\n---\n'.repeat(99),
  'a text without end': fill('a', '"'),
  'bad escapes': fill('\\q', '"', '"'),
  'empty lists in a row': fill('[]'),
  'one huge plain text': fill('a '),
  'one huge block text': fill(' x\n', 'a: |\n'),
  'carriage returns': fill('\r'),
  'tabs as indentation': fill('a:\n\tb\n'),
  'explicit pairs': fill('? a : b, ', '{', '}'),
  'comments only': fill('#a\n'),
  'white space only': fill(' \n'),
  'too large': 'a'.repeat(size + 1),
  'too large in bytes, not in characters': `a: ${'ü'.repeat(size / 2)}`,
  'a directive': '%YAML 1.1\n---\na: {<<: {b: c}}\n',
  'a merge key': ingress('spec: {<<: {rules: []}}\n'),
  'a repeated key': ingress('spec: {rules: [], rules: []}\n'),
  'a key that is a number': ingress('spec: {rules: []}\n1: 2\n'),
  'a key that is a list': ingress('spec: {rules: []}\n? [a]\n: b\n'),
  'a key that is null': ingress('spec: {rules: []}\n~: b\n'),
  'prototype pollution': ingress('spec: {rules: []}\n__proto__: {polluted: true}\n'),
  'prototype pollution by JSON':
    '{"apiVersion":"v1","kind":"Ingress","__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
  NUL: ingress('spec: {defaultBackend: {service: {name: "a\\0b", port: {number: 80}}}}\n'),
  'NUL in the text itself': ingress('spec: {}\n').replace('web', 'we\0b'),
  'a control character in an annotation': ingress(
    'spec: {defaultBackend: {service: {name: a, port: {number: 80}}}}\n',
    ', annotations: {a: "\\e[31m"}',
  ),
  'half a character': `{"apiVersion":"networking.k8s.io/v1","kind":"Ingress","metadata":{"name":"a","annotations":{"a":"\\ud800"}},"spec":{}}`,
  'half a character in the text itself': 'a: \ud800\n',
  'a tag of code': 'a: !!js/function "function(){}"\n',
  'infinity as a port': ingress('spec: {defaultBackend: {service: {name: a, port: {number: .inf}}}}\n'),
}
