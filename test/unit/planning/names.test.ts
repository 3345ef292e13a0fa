import { describe, expect, it } from 'vitest'
import { defaultLoadBalancer, gceName, lastPart, names } from '../../../shared/planning/names.ts'

const web = { namespace: 'default', service: 'web', port: 80 }

describe('names', () => {
  const letters: { got: string; want: string | RegExp; reason: string }[] = [
    { got: names.urlMap('zp'), want: 'mci1-um--zp', reason: "kubemci's" },
    { got: names.httpProxy('zp'), want: 'mci1-tp--zp', reason: "kubemci's" },
    { got: names.httpsProxy('zp'), want: 'mci1-tps--zp', reason: "kubemci's" },
    { got: names.httpRule('zp'), want: 'mci1-fw--zp', reason: 'fw is the forwarding rule at kubemci' },
    { got: names.httpsRule('zp'), want: 'mci1-fws--zp', reason: 'fws is the HTTPS forwarding rule at kubemci' },
    { got: names.firewall('zp'), want: 'mci1-fr--zp', reason: 'fr is the firewall rule at kubemci' },
    { got: names.address('zp'), want: 'mci1-ip--zp', reason: 'kubemci reserved none' },
    { got: names.noBackend('zp'), want: 'mci1-be-none--zp', reason: 'kubemci had none' },
    { got: names.backendService('zp', web), want: /^mci1-be-[0-9a-f]{8}--zp$/, reason: 'no NodePort in the name' },
    { got: names.healthCheck('zp', web), want: /^mci1-hc-[0-9a-f]{8}--zp$/, reason: 'no NodePort in the name' },
    { got: names.namedPort(web), want: /^mci1-[0-9a-f]{8}$/, reason: 'the same in every cluster and load balancer' },
  ]
  for (const { got, want, reason } of letters) it(`${got}: ${reason}`, () => expect(got).toMatch(want))

  it('keeps a name of exactly 63 characters as it is', () => {
    const lb = 'l'.repeat(63 - 'mci1-um--'.length)
    expect(names.urlMap(lb)).toBe(`mci1-um--${lb}`)
  })

  it('ends a longer name in a hash of the whole, valid and 63 characters at most', () => {
    for (let length = 40; length <= 63; length += 1) {
      const lb = `${'a-'.repeat(31)}a`.slice(0, length).replace(/-$/, 'b')
      for (const name of [
        names.urlMap(lb),
        names.backendService(lb, web),
        names.firewallIn(lb, 'n'),
        names.httpsProxy(lb),
      ])
        expect(name).toMatch(gceName)
    }
  })

  it('tells long names apart that begin alike, where kubemci cut them and they collided', () => {
    const long = 'averyveryveryverylongloadbalancernameindeedyesreallylong'
    const all = ['a', 'b'].flatMap((end) => [
      names.urlMap(long + end),
      names.httpProxy(long + end),
      names.backendService(long + end, web),
    ])
    expect(new Set(all).size).toBe(all.length)
  })

  const identities = [
    { namespace: 'a', service: 'b', port: 80 },
    { namespace: 'a', service: 'b', port: 8080 },
    { namespace: 'b', service: 'a', port: 80 },
    { namespace: 'a', service: 'b-80', port: 80 },
  ]
  it('tells services apart by namespace, name and port', () =>
    expect(new Set(identities.map((one) => names.backendService('zp', one))).size).toBe(identities.length))

  const defaults: { namespace: string; name: string; want: RegExp; reason: string }[] = [
    { namespace: 'default', name: 'zp', want: /^zp$/, reason: 'the name alone, as kubemci users would choose' },
    { namespace: 'shop', name: 'zp', want: /^shop-zp-[0-9a-f]{4}$/, reason: 'with the namespace and a hash' },
  ]
  for (const { namespace, name, want, reason } of defaults)
    it(`${namespace}/${name}: ${reason}`, () => expect(defaultLoadBalancer(namespace, name)).toMatch(want))

  it('gives a-b/c and a/b-c different load balancers', () =>
    expect(defaultLoadBalancer('a-b', 'c')).not.toBe(defaultLoadBalancer('a', 'b-c')))

  const valid: { text: string; ok: boolean; reason: string }[] = [
    { text: 'a', ok: true, reason: 'one letter' },
    { text: 'a'.repeat(63), ok: true, reason: 'the longest' },
    { text: 'a'.repeat(64), ok: false, reason: 'too long' },
    { text: '1a', ok: false, reason: 'a digit first' },
    { text: 'a-', ok: false, reason: 'a hyphen last' },
    { text: 'aB', ok: false, reason: 'a capital' },
    { text: 'a.b', ok: false, reason: 'a dot, which Ingress names may have' },
    { text: '', ok: false, reason: 'nothing' },
  ]
  for (const { text, ok, reason } of valid)
    it(`${ok ? 'takes' : 'refuses'} "${text}": ${reason}`, () => expect(gceName.test(text)).toBe(ok))

  it('takes the last part of a reference', () => expect(lastPart('projects/p/zones/z')).toBe('z'))
})
