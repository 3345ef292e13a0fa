import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { routeRequest } from '../../../playground/compute/index.ts'
import type { PathModel, RuleModel } from '../../../shared/ingress/model.ts'
import { routeProblems, routes, texts, urlMapLimit } from '../../../shared/planning/paths.ts'
import { rule, to } from './facts.ts'

const none = 'none'
const built = (rules: RuleModel[], fallback: string | null = 'default') =>
  routes(rules, (ref) => ref.service, fallback, none)

/** Where the simulated load balancer sends a request; its rules are written after the API's documentation. */
const goes = (map: object, host: string, path: string): string | undefined =>
  routeRequest(structuredClone(map) as Parameters<typeof routeRequest>[0], { host, path, headers: {} }).service

describe('texts', () => {
  const rows: { type: PathModel['type']; path: string; want: string[]; reason: string }[] = [
    { type: 'Exact', path: '/foo', want: ['/foo'], reason: 'letter by letter' },
    { type: 'Exact', path: '/foo/', want: ['/foo/'], reason: 'a trailing slash is another path' },
    { type: 'Exact', path: '/', want: ['/'], reason: 'the root alone' },
    { type: 'Prefix', path: '/foo', want: ['/foo', '/foo/*'], reason: 'itself and everything below' },
    { type: 'Prefix', path: '/foo/', want: ['/foo', '/foo/*'], reason: 'Kubernetes ignores the trailing slash' },
    { type: 'Prefix', path: '/', want: ['/*'], reason: 'everything' },
    { type: 'Prefix', path: '/a/b', want: ['/a/b', '/a/b/*'], reason: 'several segments' },
    { type: 'ImplementationSpecific', path: '/foo', want: ['/foo'], reason: 'as a URL map takes it' },
    { type: 'ImplementationSpecific', path: '/foo/*', want: ['/foo/*'], reason: 'as a URL map takes it' },
    { type: 'ImplementationSpecific', path: '/*', want: ['/*'], reason: 'everything' },
    { type: 'ImplementationSpecific', path: '/foo/', want: ['/foo/'], reason: 'kept as written' },
  ]
  for (const { type, path, want, reason } of rows)
    it(`${type} ${path}: ${reason}`, () => expect(texts({ type, path })).toEqual(want))
})

describe('routes', () => {
  const rows: {
    reason: string
    rules: RuleModel[]
    fallback?: null
    asks: [host: string, path: string, want: string][]
  }[] = [
    { reason: 'no rules: the default', rules: [], asks: [['a.example', '/', 'default']] },
    {
      reason: 'no rules and no default: the 404 of our own',
      rules: [],
      fallback: null,
      asks: [['a.example', '/', none]],
    },
    {
      reason: 'a prefix is whole segments',
      rules: [rule('', ['Prefix', '/foo', to('foo')])],
      asks: [
        ['a.example', '/foo', 'foo'],
        ['a.example', '/foo/', 'foo'],
        ['a.example', '/foo/bar', 'foo'],
        ['a.example', '/foobar', 'default'],
        ['a.example', '/', 'default'],
      ],
    },
    {
      reason: 'the longest path wins',
      rules: [rule('', ['Prefix', '/', to('all')], ['Prefix', '/foo', to('foo')], ['Prefix', '/foo/bar', to('bar')])],
      asks: [
        ['a.example', '/', 'all'],
        ['a.example', '/foo/x', 'foo'],
        ['a.example', '/foo/bar/x', 'bar'],
      ],
    },
    {
      reason: 'Exact beats Prefix on the same path, whatever their order',
      rules: [
        rule('a.example', ['Exact', '/foo', to('exact')], ['Prefix', '/foo', to('prefix')]),
        rule('b.example', ['Prefix', '/foo', to('prefix')], ['Exact', '/foo', to('exact')]),
      ],
      asks: [
        ['a.example', '/foo', 'exact'],
        ['a.example', '/foo/', 'prefix'],
        ['b.example', '/foo', 'exact'],
        ['b.example', '/foo/x', 'prefix'],
      ],
    },
    {
      reason: 'Prefix beats ImplementationSpecific where both say the same to a URL map',
      rules: [rule('', ['ImplementationSpecific', '/foo/*', to('specific')], ['Prefix', '/foo', to('prefix')])],
      asks: [['a.example', '/foo/x', 'prefix']],
    },
    {
      reason: 'Exact / is the root alone',
      rules: [rule('', ['Exact', '/', to('root')])],
      asks: [
        ['a.example', '/', 'root'],
        ['a.example', '/x', 'default'],
      ],
    },
    {
      reason: 'Exact / beside Prefix /',
      rules: [rule('', ['Prefix', '/', to('all')], ['Exact', '/', to('root')])],
      asks: [
        ['a.example', '/', 'root'],
        ['a.example', '/x', 'all'],
      ],
    },
    {
      reason: 'a named host does not fall through to the rule for every host',
      rules: [rule('', ['Prefix', '/', to('any')]), rule('a.example', ['Prefix', '/foo', to('foo')])],
      asks: [
        ['a.example', '/x', 'default'],
        ['b.example', '/x', 'any'],
      ],
    },
    {
      reason: 'without a default backend unmatched hosts and paths get the 404',
      rules: [rule('a.example', ['Prefix', '/foo', to('foo')])],
      fallback: null,
      asks: [
        ['a.example', '/foo', 'foo'],
        ['a.example', '/x', none],
        ['b.example', '/foo', none],
      ],
    },
    {
      reason: 'a wildcard host',
      rules: [rule('*.a.example', ['Prefix', '/', to('wild')]), rule('x.a.example', ['Prefix', '/', to('named')])],
      asks: [
        ['y.a.example', '/', 'wild'],
        ['x.a.example', '/', 'named'],
        ['a.example', '/', 'default'],
      ],
    },
    {
      reason: 'a rule without paths says nothing',
      rules: [rule('a.example')],
      asks: [['a.example', '/', 'default']],
    },
  ]
  for (const { reason, rules, fallback, asks } of rows)
    it(reason, () => {
      const map = built(rules, fallback === null ? null : 'default')
      expect(asks.map(([host, path]) => [host, path, goes(map, host, path)])).toEqual(asks)
    })

  it('puts the 404 into the map and into every matcher that has no path for everything', () => {
    const abort = { faultInjectionPolicy: { abort: { httpStatus: 404, percentage: 100 } } }
    const map = built(
      [rule('a.example', ['Prefix', '/foo', to('foo')]), rule('b.example', ['Prefix', '/', to('b')])],
      null,
    )
    expect(map).toMatchObject({ defaultService: none, defaultRouteAction: abort })
    const byService = new Map(map.pathMatchers?.map((matcher) => [matcher.defaultService, matcher.defaultRouteAction]))
    expect(byService).toEqual(
      new Map<string, unknown>([
        [none, abort],
        ['b', undefined],
      ]),
    )
  })

  it('has no fault injection at all when there is a default backend: the classic scheme refuses it', () =>
    expect(JSON.stringify(built([rule('a.example', ['Prefix', '/foo', to('foo')])]))).not.toContain('faultInjection'))

  it("names path matchers as kubemci and ingress-gce do: host and the host's MD5", () =>
    expect(built([rule('shop.example.com', ['Prefix', '/a', to('a')])]).hostRules).toEqual([
      { hosts: ['shop.example.com'], pathMatcher: 'hostf40d9b2f6eeec78e169bc40177907bff' },
    ]))

  const hosts = ['', 'a.example', 'b.example', 'c.example']
  const segment = fc.constantFrom('foo', 'bar', 'x')
  const path = fc.array(segment, { maxLength: 3 }).map((parts) => `/${parts.join('/')}`)
  const pathModel = fc
    .record({ type: fc.constantFrom<PathModel['type'][]>('Exact', 'Prefix'), path })
    .map((one) => ({ ...one, backend: to(`${one.type}${one.path}`) }))
  const manifest = fc
    .uniqueArray(fc.constantFrom(...hosts), { maxLength: 4 })
    .chain((chosen) =>
      fc.tuple(
        ...chosen.map((host) =>
          fc
            .uniqueArray(pathModel, { maxLength: 5, minLength: 1, selector: (one) => one.backend.service })
            .map((paths): RuleModel => ({ host, paths })),
        ),
      ),
    )

  it('sends every request where Kubernetes says', () =>
    fc.assert(
      fc.property(
        manifest,
        fc.constantFrom(...hosts.slice(1), 'z.example'),
        path,
        fc.boolean(),
        (rules, host, asked, slash) => {
          const request = slash && asked !== '/' ? `${asked}/` : asked
          expect(goes(built(rules), host, request)).toBe(kubernetes(rules, host, request))
        },
      ),
      { numRuns: 500, seed: 1 },
    ))

  it('is the same whatever the order of rules and paths', () =>
    fc.assert(
      fc.property(
        manifest.chain((rules) =>
          fc.tuple(fc.constant(rules), fc.shuffledSubarray(rules, { minLength: rules.length })),
        ),
        ([rules, shuffled]) => {
          expect(built(shuffled.map((one) => ({ ...one, paths: [...one.paths].reverse() })))).toEqual(built(rules))
        },
      ),
      { numRuns: 100, seed: 1 },
    ))
})

/** Kubernetes' own definition (Ingress, path types): Exact first, then the prefix of most segments, then the default backend. */
function kubernetes(rules: readonly RuleModel[], host: string, path: string): string {
  const chosen = rules.find((one) => one.host === host) ?? rules.find((one) => one.host === '')
  const exact = chosen?.paths.find((one) => one.type === 'Exact' && one.path === path)
  const asked = segments(path)
  const prefixes = (chosen?.paths ?? [])
    .filter((one) => one.type === 'Prefix' && segments(one.path).every((part, index) => asked[index] === part))
    .sort((a, b) => segments(b.path).length - segments(a.path).length)
  return (exact ?? prefixes[0])?.backend.service ?? 'default'
}

function segments(path: string): string[] {
  return path.split('/').filter((part) => part !== '')
}

describe('routeProblems', () => {
  const sized = (count: number) =>
    built(Array.from({ length: count }, (_, index) => rule(`h${index}.example`, ['Prefix', '/a', to('a')])))
  const rows: { scheme: keyof typeof urlMapLimit; count: number; refused: boolean; reason: string }[] = [
    { scheme: 'EXTERNAL', count: 10, refused: false, reason: 'small' },
    { scheme: 'EXTERNAL', count: 1000, refused: true, reason: 'over 64 KiB' },
    { scheme: 'EXTERNAL_MANAGED', count: 1000, refused: false, reason: 'the newer scheme takes more' },
    { scheme: 'EXTERNAL_MANAGED', count: 10_000, refused: true, reason: 'over 1 MiB' },
  ]
  for (const { scheme, count, refused, reason } of rows)
    it(`${scheme} with ${count} hosts: ${reason}`, () => {
      const problems = routeProblems(sized(count), scheme)
      expect(problems.map(({ where }) => where)).toEqual(refused ? ['spec.rules'] : [])
      if (refused) expect(problems[0]?.message).toContain(`${urlMapLimit[scheme]}`)
    })
})
