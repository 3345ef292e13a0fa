import { describe, expect, it } from 'vitest'
import { readResource, type UrlMap } from '../../../playground/data-plane/resources.ts'
import { route, type Asked } from '../../../playground/data-plane/url-map.ts'

const service = (name: string): string =>
  `https://www.googleapis.com/compute/v1/projects/p/global/backendServices/${name}`

function map(json: Record<string, unknown>): UrlMap {
  return readResource('urlMaps', 'projects/p/global/urlMaps/u', json)
}

const shop = map({
  defaultService: service('default'),
  hostRules: [
    { hosts: ['shop.example.com', 'Store.Example.com'], pathMatcher: 'shop' },
    { hosts: ['*.example.com'], pathMatcher: 'wild' },
    { hosts: ['*.eu.example.com'], pathMatcher: 'eu' },
    { hosts: ['ported.example.org:8443'], pathMatcher: 'eu' },
  ],
  pathMatchers: [
    {
      name: 'shop',
      defaultService: service('shop'),
      pathRules: [
        { paths: ['/cart', '/cart/*'], service: service('cart') },
        { paths: ['/cart/api/*'], service: service('cart-api') },
        { paths: ['/cart/api/health'], service: service('health') },
        { paths: ['/old/*'], urlRedirect: { prefixRedirect: '/new/', redirectResponseCode: 'FOUND' } },
        {
          paths: ['/gone'],
          urlRedirect: { pathRedirect: '/', stripQuery: true, redirectResponseCode: 'PERMANENT_REDIRECT' },
        },
        {
          paths: ['/api/*'],
          service: service('api'),
          routeAction: { urlRewrite: { pathPrefixRewrite: '/v2/', hostRewrite: 'api.internal' } },
        },
        { paths: ['/blocked'], routeAction: { faultInjectionPolicy: { abort: { httpStatus: 403, percentage: 100 } } } },
        {
          paths: ['/weighted'],
          routeAction: {
            weightedBackendServices: [
              { backendService: service('none'), weight: 0 },
              { backendService: service('all'), weight: 100 },
            ],
          },
        },
      ],
    },
    { name: 'wild', defaultService: service('wild') },
    { name: 'eu', defaultService: service('eu') },
  ],
})

function shown(asked: Partial<Asked>, by: UrlMap = shop): string {
  const to = route(by, { scheme: 'http', host: 'shop.example.com', path: '/', ...asked })
  switch (to.kind) {
    case 'service':
      return to.service.slice(to.service.lastIndexOf('/') + 1)
    case 'redirect':
      return `${to.status} ${to.location}`
    case 'abort':
      return `abort ${to.status}`
    case 'unroutable':
      return 'unroutable'
  }
}

describe('hosts', () => {
  it.each([
    { reason: 'an exact host', host: 'shop.example.com', want: 'shop' },
    { reason: 'the port of the Host header does not count', host: 'shop.example.com:8080', want: 'shop' },
    { reason: 'the case of the request does not count', host: 'SHOP.Example.COM', want: 'shop' },
    { reason: 'the case of the rule does not count', host: 'store.example.com', want: 'shop' },
    { reason: 'a wildcard matches one label', host: 'www.example.com', want: 'wild' },
    { reason: 'a wildcard matches any depth', host: 'a.b.c.example.com', want: 'wild' },
    { reason: 'the longest wildcard wins', host: 'a.eu.example.com', want: 'eu' },
    { reason: 'a wildcard does not match its own domain', host: 'example.com', want: 'default' },
    { reason: 'a wildcard does not match a longer last label', host: 'evilexample.com', want: 'default' },
    { reason: 'a rule with a port wants that port', host: 'ported.example.org:8443', want: 'eu' },
    { reason: 'a rule with a port matches no other', host: 'ported.example.org', want: 'default' },
    { reason: 'no host at all', host: '', want: 'default' },
  ])('$reason', ({ host, want }) => {
    expect(shown({ host })).toBe(want)
  })

  it('a rule for * takes every host that no other rule names', () => {
    const any = map({
      hostRules: [
        { hosts: ['*'], pathMatcher: 'any' },
        { hosts: ['a.example.com'], pathMatcher: 'a' },
      ],
      pathMatchers: [
        { name: 'any', defaultService: service('any') },
        { name: 'a', defaultService: service('a') },
      ],
    })
    expect([shown({ host: 'b.example.com' }, any), shown({ host: 'a.example.com' }, any)]).toEqual(['any', 'a'])
  })
})

describe('paths', () => {
  it.each([
    { reason: 'no rule: the matcher’s default', path: '/', want: 'shop' },
    { reason: 'an exact path', path: '/cart', want: 'cart' },
    { reason: 'a wildcard path', path: '/cart/items', want: 'cart' },
    { reason: 'a wildcard covers its own slash', path: '/cart/', want: 'cart' },
    { reason: 'a wildcard stops at the slash', path: '/cartoon', want: 'shop' },
    { reason: 'the longest pattern wins', path: '/cart/api/x', want: 'cart-api' },
    { reason: 'an exact path wins over a wildcard', path: '/cart/api/health', want: 'health' },
    { reason: 'the query does not count', path: '/cart?x=/cart/api/', want: 'cart' },
    { reason: 'the case of a path counts', path: '/CART', want: 'shop' },
    {
      reason: 'a prefix redirect keeps the rest and the query',
      path: '/old/a?b=c',
      want: '302 http://shop.example.com/new/a?b=c',
    },
    { reason: 'a path redirect that strips the query', path: '/gone?b=c', want: '308 http://shop.example.com/' },
    { reason: 'a fault at 100 % is the answer', path: '/blocked', want: 'abort 403' },
    { reason: 'a weight of 0 takes nothing', path: '/weighted', want: 'all' },
  ])('$reason', ({ path, want }) => {
    expect(shown({ path })).toBe(want)
  })

  it('rewrites what the backend sees', () => {
    expect(route(shop, { scheme: 'http', host: 'shop.example.com', path: '/api/a?b=c' })).toEqual({
      kind: 'service',
      service: 'projects/p/global/backendServices/api',
      host: 'api.internal',
      path: '/v2/a?b=c',
    })
  })
})

describe('defaults of the map', () => {
  it.each([
    {
      reason: 'an HTTPS redirect, without the port of HTTP',
      json: { defaultUrlRedirect: { httpsRedirect: true, redirectResponseCode: 'PERMANENT_REDIRECT' } },
      want: '308 https://shop.example.com/a?b=c',
    },
    {
      reason: '301 is the default code',
      json: { defaultUrlRedirect: { httpsRedirect: true } },
      want: '301 https://shop.example.com/a?b=c',
    },
    {
      reason: 'a redirect to another host',
      json: { defaultUrlRedirect: { hostRedirect: 'x.org' } },
      want: '301 http://x.org/a?b=c',
    },
    {
      reason: 'a fault at 100 % serves as a 404 without a default backend',
      json: { defaultRouteAction: { faultInjectionPolicy: { abort: { httpStatus: 404, percentage: 100 } } } },
      want: 'abort 404',
    },
    { reason: 'a map with nothing', json: {}, want: 'unroutable' },
    {
      reason: 'a matcher with route rules says that they are not simulated',
      json: {
        hostRules: [{ hosts: ['*'], pathMatcher: 'm' }],
        pathMatchers: [{ name: 'm', routeRules: [{ priority: 1 }] }],
      },
      want: 'unroutable',
    },
  ])('$reason', ({ json, want }) => {
    expect(shown({ host: 'shop.example.com:80', path: '/a?b=c' }, map(json))).toBe(want)
  })
})
