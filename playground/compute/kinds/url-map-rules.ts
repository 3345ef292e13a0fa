import { invalid, required } from '../api-error.ts'
import {
  type Json,
  type JsonObject,
  isList,
  isObject,
  numberAt,
  objectAt,
  objectsAt,
  stringsAt,
  textAt,
  without,
} from '../json.ts'
import type { Place } from '../kind.ts'

/** What a URL map's body alone shows to be wrong. Rules from the proto comments; texts not checked against the real service. */

/** `*` first and then `-` or `.`, or a host name, with an optional port. */
const hostPattern = /^(?:\*|(?:\*[-.])?[a-z0-9](?:[a-z0-9-.]*[a-z0-9])?)(?::\d{1,5})?$/i

function checkPath(path: string, at: string): void {
  const star = path.indexOf('*')
  if (!path.startsWith('/')) throw invalid(at, path, 'The path must start with /.')
  if (/[?#]/.test(path)) throw invalid(at, path, 'The path must not contain ? or #.')
  if (star >= 0 && (star !== path.length - 1 || path.charAt(star - 1) !== '/')) {
    throw invalid(at, path, 'A * is allowed only at the end, after a /.')
  }
  if (path.length > 1024) throw invalid(at, path, 'The path is longer than 1024 characters.')
}

/** Exactly one way to answer: a service, a redirect, or weighted services. */
function checkTarget(body: JsonObject, names: { service: string; redirect: string; action: string }, at: string): void {
  const weighted = objectsAt(objectAt(body, names.action), 'weightedBackendServices')
  const ways = [body[names.service] !== undefined, body[names.redirect] !== undefined, weighted.length > 0]
  const count = ways.filter(Boolean).length
  if (count > 1) {
    throw invalid(
      at,
      '',
      `Only one of ${names.service}, ${names.redirect} and ${names.action}.weightedBackendServices can be set.`,
    )
  }
  if (count === 0) throw required(`${at}.${names.service}`)
  weighted.forEach((item, index) => {
    const where = `${at}.${names.action}.weightedBackendServices[${index}]`
    const weight = numberAt(item, 'weight')
    if (item['backendService'] === undefined) throw required(`${where}.backendService`)
    if (weight !== undefined && (weight < 0 || weight > 1000)) {
      throw invalid(`${where}.weight`, weight, 'The weight must be between 0 and 1000.')
    }
  })
  const redirect = objectAt(body, names.redirect)
  if (redirect['pathRedirect'] !== undefined && redirect['prefixRedirect'] !== undefined) {
    throw invalid(`${at}.${names.redirect}`, '', 'pathRedirect and prefixRedirect cannot both be set.')
  }
}

const defaultNames = { service: 'defaultService', redirect: 'defaultUrlRedirect', action: 'defaultRouteAction' }
const ruleNames = { service: 'service', redirect: 'urlRedirect', action: 'routeAction' }

function checkMatcher(matcher: JsonObject, at: string): void {
  checkTarget(matcher, defaultNames, at)
  const pathRules = objectsAt(matcher, 'pathRules')
  const routeRules = objectsAt(matcher, 'routeRules')
  if (pathRules.length > 0 && routeRules.length > 0) {
    throw invalid(at, '', 'Only one of pathRules and routeRules can be set.')
  }
  const paths = new Set<string>()
  pathRules.forEach((rule, index) => {
    const where = `${at}.pathRules[${index}]`
    const list = stringsAt(rule, 'paths')
    if (list.length === 0) throw required(`${where}.paths`)
    list.forEach((path, n) => {
      checkPath(path, `${where}.paths[${n}]`)
      if (paths.has(path)) throw invalid(`${where}.paths[${n}]`, path, 'The path stands twice in the path matcher.')
      paths.add(path)
    })
    checkTarget(rule, ruleNames, where)
  })
  const priorities = new Set<number>()
  routeRules.forEach((rule, index) => {
    const where = `${at}.routeRules[${index}]`
    const priority = numberAt(rule, 'priority') ?? 0
    if (priority < 0 || priority > 2_147_483_647)
      throw invalid(`${where}.priority`, priority, 'The value must be between 0 and 2147483647.')
    if (priorities.has(priority))
      throw invalid(`${where}.priority`, priority, 'Two route rules have the same priority.')
    priorities.add(priority)
    checkTarget(rule, ruleNames, where)
  })
}

/** Everything that the body alone can violate. */
export function checkUrlMap(body: JsonObject, _place: Place): void {
  checkTarget(body, defaultNames, 'resource')
  const matchers = new Set<string>()
  objectsAt(body, 'pathMatchers').forEach((matcher, index) => {
    const at = `resource.pathMatchers[${index}]`
    const name = textAt(matcher, 'name') ?? ''
    if (name === '') throw required(`${at}.name`)
    if (!/^[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?$/.test(name)) {
      throw invalid(`${at}.name`, name, "Must be a match of regex '(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)'")
    }
    if (matchers.has(name)) throw invalid(`${at}.name`, name, 'Two path matchers have the same name.')
    matchers.add(name)
    checkMatcher(matcher, at)
  })
  const hosts = new Set<string>()
  const used = new Set<string>()
  objectsAt(body, 'hostRules').forEach((rule, index) => {
    const at = `resource.hostRules[${index}]`
    const list = stringsAt(rule, 'hosts')
    if (list.length === 0) throw required(`${at}.hosts`)
    list.forEach((host, n) => {
      if (!hostPattern.test(host) || host.length > 255) {
        throw invalid(
          `${at}.hosts[${n}]`,
          host,
          'The host must be a host name, *, or *. or *- and the end of a host name, with an optional port.',
        )
      }
      if (hosts.has(host.toLowerCase())) throw invalid(`${at}.hosts[${n}]`, host, 'The host stands in two host rules.')
      hosts.add(host.toLowerCase())
    })
    const matcher = textAt(rule, 'pathMatcher') ?? ''
    if (matcher === '') throw required(`${at}.pathMatcher`)
    if (!matchers.has(matcher)) throw invalid(`${at}.pathMatcher`, matcher, 'The URL map has no such path matcher.')
    used.add(matcher)
  })
  for (const matcher of matchers) {
    if (!used.has(matcher)) throw invalid('resource.pathMatchers', matcher, 'No host rule uses the path matcher.')
  }
}

/** The path of the first member that `test` takes, `tests` left out; undefined when there is none. */
export function findMember(spec: JsonObject, test: (name: string, value: Json) => boolean): string | undefined {
  function walk(value: Json, at: string): string | undefined {
    if (isList(value)) {
      return value.map((item, index) => walk(item, `${at}[${index}]`)).find((found) => found !== undefined)
    }
    if (!isObject(value)) return undefined
    for (const [name, member] of Object.entries(value)) {
      if (member === undefined) continue
      const found = test(name, member) ? `${at}.${name}` : walk(member, `${at}.${name}`)
      if (found !== undefined) return found
    }
    return undefined
  }
  return walk(without(spec, 'tests'), 'resource')
}

/** What a route action of a classic load balancer cannot hold: all but rewrites of host and prefix. */
const notClassic = new Set([
  'cachePolicy',
  'corsPolicy',
  'faultInjectionPolicy',
  'maxStreamDuration',
  'requestMirrorPolicy',
  'retryPolicy',
  'timeout',
  'weightedBackendServices',
])

/** The first member that classic load balancers (EXTERNAL) cannot have, as its path; undefined when there is none. */
export function unfitForClassic(spec: JsonObject): string | undefined {
  return findMember(
    spec,
    (name) =>
      notClassic.has(name) ||
      name === 'headerAction' ||
      name === 'pathTemplateMatch' ||
      name === 'pathTemplateRewrite' ||
      name === 'regexRewrite',
  )
}
