import { describe, expect, it } from 'vitest'
import { checkHost } from '../../../shared/ingress/hosts.ts'
import { checkPath } from '../../../shared/ingress/paths.ts'
import { backend, ingressYaml, parseOne, problemsOf, rule, tell } from './manifests.ts'

describe('hosts', () => {
  const good: { host: string; got: string; reason: string }[] = [
    { host: 'a.example', got: 'a.example', reason: 'a name' },
    { host: 'A.EXAMPLE', got: 'a.example', reason: 'DNS knows no capitals, Kubernetes refuses them' },
    { host: '*.a.example', got: '*.a.example', reason: 'one wildcard label' },
    { host: 'xn--bcher-kva.example', got: 'xn--bcher-kva.example', reason: 'Punycode' },
    { host: 'localhost', got: 'localhost', reason: 'one label is a name' },
    { host: '1and1.example', got: '1and1.example', reason: 'a label may begin with a digit' },
    { host: '10.example', got: '10.example', reason: 'digits alone make no address' },
    { host: `${'a'.repeat(63)}.example`, got: `${'a'.repeat(63)}.example`, reason: 'the longest label' },
  ]
  for (const { host, got, reason } of good)
    it(`takes ${host}: ${reason}`, () => expect(checkHost(host)).toMatchObject({ host: got, problem: null }))

  const bad: { host: string; why: RegExp; reason: string }[] = [
    { host: '1.2.3.4', why: /IP address/, reason: 'Kubernetes refuses addresses' },
    { host: '0127.1', why: /IP address/, reason: 'a short spelling of an address' },
    { host: '2130706433', why: /IP address/, reason: 'an address as one number' },
    { host: '::1', why: /IP address/, reason: 'IPv6' },
    { host: '[2001:db8::1]', why: /IP address/, reason: 'IPv6 in brackets' },
    { host: '2001:db8::1', why: /IP address/, reason: 'IPv6 bare' },
    { host: 'a.example:80', why: /names a port/, reason: 'the port is fixed' },
    { host: 'a.example:', why: /names a port/, reason: 'an empty port' },
    { host: 'https://a.example', why: /is a URL/, reason: 'pasted from a browser' },
    { host: 'a.example.', why: /ends with a dot/, reason: 'a rooted name never matches a Host header' },
    { host: '*', why: /leave host out/, reason: 'every host is the absent host' },
    { host: 'a.*.example', why: /'\*'/, reason: 'a wildcard in the middle' },
    { host: '*a.example', why: /'\*'/, reason: 'a part of a label' },
    { host: '*.*.example', why: /'\*'/, reason: 'two wildcards' },
    { host: '*.', why: /ends with a dot/, reason: 'a wildcard of nothing' },
    { host: 'a..example', why: /no DNS name/, reason: 'an empty label' },
    { host: '-a.example', why: /no DNS name/, reason: 'a hyphen first' },
    { host: 'a_b.example', why: /no DNS name/, reason: 'an underscore' },
    { host: `${'a'.repeat(64)}.example`, why: /no DNS name/, reason: 'a label too long' },
    { host: `${'a.'.repeat(127)}aaa`, why: /253/, reason: 'a name too long' },
    {
      host: 'ex\u0430mple.com',
      why: /ex\\u0430mple.*outside ASCII/,
      reason: 'a Cyrillic look-alike, shown as what it is',
    },
    { host: 'ａ.example', why: /outside ASCII/, reason: 'a full-width letter' },
    { host: 'a\u200b.example', why: /\\u200b.*outside ASCII/, reason: 'an invisible character' },
    { host: 'a。example', why: /outside ASCII/, reason: 'an ideographic full stop' },
    { host: 'a .example', why: /a space/, reason: 'a space' },
    { host: 'user@a.example', why: /no DNS name/, reason: 'user information' },
  ]
  for (const { host, why, reason } of bad)
    it(`refuses ${JSON.stringify(host).slice(0, 60)}: ${reason}`, () => expect(checkHost(host).problem).toMatch(why))
})

describe('paths', () => {
  const good: {
    type: 'Exact' | 'Prefix' | 'ImplementationSpecific'
    path: string | undefined
    got: string
    reason: string
    warns?: RegExp
  }[] = [
    { type: 'Exact', path: '/', got: '/', reason: 'the root alone' },
    { type: 'Exact', path: '/a/b.html', got: '/a/b.html', reason: 'a file' },
    { type: 'Exact', path: '/a/', got: '/a/', reason: 'a trailing slash is another path' },
    { type: 'Exact', path: '/%C3%BC', got: '/%C3%BC', reason: 'percent-encoded' },
    { type: 'Prefix', path: '/', got: '/', reason: 'everything' },
    { type: 'Prefix', path: '/a/', got: '/a/', reason: 'kept as written; planning knows that it means /a' },
    {
      type: 'Prefix',
      path: '/a..b/.well-known',
      got: '/a..b/.well-known',
      reason: 'dots inside a segment are letters',
    },
    {
      type: 'ImplementationSpecific',
      path: undefined,
      got: '/*',
      reason: 'ingress-gce and kubemci: no path is every path',
    },
    { type: 'ImplementationSpecific', path: '', got: '/*', reason: 'likewise' },
    { type: 'ImplementationSpecific', path: '/*', got: '/*', reason: 'as URL maps write it' },
    { type: 'ImplementationSpecific', path: '/a/*', got: '/a/*', reason: 'as URL maps write it' },
    { type: 'ImplementationSpecific', path: '/a', got: '/a', reason: 'verbatim: this path alone' },
    {
      type: 'ImplementationSpecific',
      path: '/',
      got: '/',
      warns: /matches the root alone/,
      reason: 'rarely what was meant',
    },
    {
      type: 'ImplementationSpecific',
      path: '/a//b',
      got: '/a//b',
      warns: /as it is written/,
      reason: 'a URL map takes it',
    },
    {
      type: 'ImplementationSpecific',
      path: '/a/%2Fb',
      got: '/a/%2Fb',
      warns: /as it is written/,
      reason: 'a URL map takes it',
    },
  ]
  for (const { type, path, got, reason, warns } of good)
    it(`${type} ${path ?? '(absent)'}: ${reason}`, () => {
      const checked = checkPath(type, path)
      expect(checked).toMatchObject({ path: got, problem: null })
      if (warns) expect(checked).toMatchObject({ warning: expect.stringMatching(warns) as string })
      else expect(checked).toMatchObject({ warning: null })
    })

  const bad: {
    type: 'Exact' | 'Prefix' | 'ImplementationSpecific'
    path: string | undefined
    why: RegExp
    reason: string
  }[] = [
    { type: 'Exact', path: undefined, why: /is empty/, reason: 'nothing to match' },
    { type: 'Exact', path: 'a', why: /does not begin with '\/'/, reason: 'relative' },
    { type: 'Exact', path: '/a/*', why: /choose type Prefix/, reason: "ingress-gce: no '*' in Exact" },
    {
      type: 'Exact',
      path: '/a//b',
      why: /"\/\/", which Kubernetes refuses/,
      reason: 'the API server of the clusters refuses it',
    },
    { type: 'Exact', path: '/a/..', why: /"\/\.\.", which Kubernetes refuses/, reason: 'the same' },
    { type: 'Prefix', path: '', why: /is empty/, reason: 'Prefix needs a path' },
    { type: 'Prefix', path: '/*', why: /leave '\*' out/, reason: 'Prefix matches below already' },
    { type: 'Prefix', path: '/a/../b', why: /which Kubernetes refuses/, reason: 'a way up' },
    { type: 'Prefix', path: '/a%2fb', why: /which Kubernetes refuses/, reason: 'a hidden slash' },
    { type: 'ImplementationSpecific', path: 'a', why: /does not begin/, reason: 'relative' },
    { type: 'ImplementationSpecific', path: '/a*', why: /takes none/, reason: "'*' must follow a '/'" },
    { type: 'ImplementationSpecific', path: '/*/a', why: /takes none/, reason: "'*' only at the end" },
    { type: 'ImplementationSpecific', path: '/*/*', why: /takes none/, reason: "one '*' only" },
    {
      type: 'ImplementationSpecific',
      path: '/a(/|$)(.*)',
      why: /regular expressions are not known/,
      reason: 'nginx spelling',
    },
    {
      type: 'ImplementationSpecific',
      path: '/a?b=c',
      why: /holds '\?'/,
      reason: 'the query is not matched (PathRule.paths)',
    },
    { type: 'Exact', path: '/a#b', why: /holds '#'/, reason: 'the fragment never reaches a server' },
    { type: 'Prefix', path: '/a b', why: /percent-encoded/, reason: 'a space' },
    { type: 'Prefix', path: '/ü', why: /percent-encoded/, reason: 'outside ASCII' },
    { type: 'Exact', path: `/${'a'.repeat(1024)}`, why: /longer than 1024/, reason: 'bounded' },
  ]
  for (const { type, path, why, reason } of bad)
    it(`refuses ${type} ${(path ?? '(absent)').slice(0, 30)}: ${reason}`, () =>
      expect(checkPath(type, path).problem).toMatch(why))
})

describe('rules', () => {
  const withRules = (...rules: unknown[]) => ingressYaml({ spec: { defaultBackend: backend(), rules } })

  it('merges rules of one host, whatever its capitals', () => {
    const { model } = parseOne(
      withRules(rule('a.example', ['Exact', '/x', backend('x')]), rule('A.example', ['Exact', '/y', backend('y')])),
    )
    expect(model.rules).toEqual([
      {
        host: 'a.example',
        paths: [
          { type: 'Exact', path: '/x', backend: { service: 'x', port: 80 } },
          { type: 'Exact', path: '/y', backend: { service: 'y', port: 80 } },
        ],
      },
    ])
  })

  it('takes an empty host and an absent one for every host', () => {
    const { model } = parseOne(
      withRules(rule('', ['Exact', '/x', backend('x')]), rule(undefined, ['Exact', '/y', backend('y')])),
    )
    expect(model.rules.map(({ host, paths }) => [host, paths.length])).toEqual([['', 2]])
  })

  it('keeps one of two equal paths', () => {
    const { model } = parseOne(
      withRules(rule('a.example', ['Prefix', '/x', backend('x')], ['Prefix', '/x/', backend('x')])),
    )
    expect(model.rules[0]?.paths).toHaveLength(1)
  })

  const conflicts: {
    reason: string
    first: [string, string | undefined]
    second: [string, string | undefined]
    problem: boolean
  }[] = [
    { reason: 'one path, two backends', first: ['Exact', '/x'], second: ['Exact', '/x'], problem: true },
    { reason: 'Prefix /x and /x/ match the same', first: ['Prefix', '/x'], second: ['Prefix', '/x/'], problem: true },
    {
      reason: 'no path is /*',
      first: ['ImplementationSpecific', undefined],
      second: ['ImplementationSpecific', '/*'],
      problem: true,
    },
    {
      reason: 'Exact beats Prefix, so both may stand',
      first: ['Exact', '/x'],
      second: ['Prefix', '/x'],
      problem: false,
    },
    { reason: 'Exact /x and /x/ are two paths', first: ['Exact', '/x'], second: ['Exact', '/x/'], problem: false },
    { reason: 'paths know capitals', first: ['Exact', '/x'], second: ['Exact', '/X'], problem: false },
  ]
  for (const { reason, first, second, problem } of conflicts)
    it(`${problem ? 'refuses' : 'takes'}: ${reason}`, () => {
      const got = problemsOf(
        withRules(rule('a.example', [...first, backend('x')]), rule('a.example', [...second, backend('y')])),
      )
      expect(got).toHaveLength(problem ? 1 : 0)
      if (problem)
        expect(got[0]).toMatch(
          /^document 1: spec.rules\[1\].http.paths\[0\]: The path .* of a.example goes to y:80 here and to x:80 in document 1: spec.rules\[0\].http.paths\[0\]; keep one.$/,
        )
    })

  it('warns that a URL map takes a wildcard for any depth', () => {
    const { warnings } = parseOne(withRules(rule('*.a.example', ['Prefix', '/', backend()])))
    expect(tell(warnings)).toEqual([
      "document 1: spec.rules[0].host: Google's URL map matches *.a.example at any depth (a.b.a.example too), while Kubernetes means one label.",
    ])
  })

  it('warns of a rule without paths', () => {
    expect(tell(parseOne(withRules({ host: 'a.example' })).warnings)).toEqual([
      'document 1: spec.rules[0]: The rule has no paths (http), so it does nothing: its host goes to the default backend, if there is one.',
    ])
  })

  const bad: { reason: string; rules: unknown; want: RegExp }[] = [
    {
      reason: 'v1 wants a pathType',
      rules: [{ http: { paths: [{ path: '/', backend: backend() }] } }],
      want: /pathType: pathType is missing; write Prefix, Exact or ImplementationSpecific/,
    },
    {
      reason: 'an unknown pathType',
      rules: [rule('a.example', ['exact', '/', backend()])],
      want: /pathType: The pathType "exact" is not known/,
    },
    {
      reason: 'a misspelt field of a path',
      rules: [{ http: { paths: [{ path: '/', pathtype: 'Exact', pathType: 'Exact', backend: backend() }] } }],
      want: /paths\[0\]: "pathtype" is not a field of this part; did you mean pathType\?/,
    },
    {
      reason: 'no backend',
      rules: [{ http: { paths: [{ path: '/', pathType: 'Exact' }] } }],
      want: /paths\[0\].backend: This part is missing or empty/,
    },
    { reason: 'no paths', rules: [{ http: { paths: [] } }], want: /http.paths: The list of paths is empty/ },
    {
      reason: 'a mapping where the list should be',
      rules: { host: 'a' },
      want: /spec.rules: rules must be a list, not a mapping/,
    },
    {
      reason: 'too many rules',
      rules: Array.from({ length: 1001 }, () => ({})),
      want: /spec.rules: rules holds more than 1000 members/,
    },
    {
      reason: 'a path that is a number is not an absent path',
      rules: [{ http: { paths: [{ path: 5, pathType: 'ImplementationSpecific', backend: backend() }] } }],
      want: /path: path must be text, not the number 5/,
    },
    {
      reason: 'a host that is a truth value is not every host',
      rules: [{ host: true, http: { paths: [{ path: '/', pathType: 'Exact', backend: backend() }] } }],
      want: /host: host must be text, not the truth value true/,
    },
  ]
  for (const { reason, rules, want } of bad)
    it(`refuses: ${reason}`, () => {
      const got = problemsOf(ingressYaml({ spec: { defaultBackend: backend(), rules } }))
      expect(got).toHaveLength(1)
      expect(got[0]).toMatch(want)
    })
})
