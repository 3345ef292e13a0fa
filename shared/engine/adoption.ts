import type { Compute } from '../cloud/compute-port.ts'
import type { BackendService, Common, ForwardingRule, HealthCheck, UrlMap } from '../cloud/compute-resources.ts'
import { isNegName, kubemciNames, lastPart, loadBalancerNames } from '../planning/names.ts'
import { serviceKey } from '../planning/service-layout.ts'
import { readService, readStamp } from '../planning/stamp.ts'
import { fingerprintOf } from '../planning/tls-pair.ts'
import { resourceId, type ResourceId } from '../resource-id.ts'
import type { Leftover, Living } from '../state/documents.ts'

/** What a look for a load balancer found: what is noted of it, and the names to keep. */
export interface Found {
  living: Living
  names: Record<string, string>
}

/** Whose load balancer is looked for. */
export interface Sought {
  project: string
  lb: string
  /** `namespace/name` of the Ingress. */
  ingress: string
  namespace: string
}

/**
 * Looks once, before an Ingress is first planned, whether its load balancer is there already: made by kubemci, or by us
 * before our documents were lost. What there is keeps its name, so that it is taken over in place: no new IP, nothing made
 * anew. Only what says in its description that it belongs to this load balancer counts. Throws `CloudError`.
 */
export async function lookForLoadBalancer(compute: Compute, sought: Sought): Promise<Found> {
  const { project, lb } = sought
  const theirs = kubemciNames(lb)
  const ours = loadBalancerNames(lb)
  const get = async <
    C extends
      'urlMaps' | 'forwardingRules' | 'targetHttpProxies' | 'targetHttpsProxies' | 'sslCertificates' | 'firewalls',
  >(
    collection: C,
    ...candidates: string[]
  ) => {
    const found = await Promise.all([...new Set(candidates)].map((name) => compute.get({ collection, project, name })))
    return found.find((one) => belongs(one, sought))
  }
  const [urlMap, httpRule, httpsRule] = await Promise.all([
    get('urlMaps', theirs.urlMap, ours.urlMap),
    get('forwardingRules', theirs.httpRule, ours.httpRule),
    get('forwardingRules', theirs.httpsRule, ours.httpsRule),
  ])
  const rules = [httpRule, httpsRule].filter((rule) => rule !== undefined)
  if (urlMap === undefined && rules.length === 0)
    return { living: { loadBalancer: lb, scheme: null, leftovers: [] }, names: {} }

  const filter = 'name eq mci1-.*'
  const [services, checks, httpProxy, httpsProxy, certificate, firewall] = await Promise.all([
    compute.list('backendServices', project, { filter }),
    compute.list('healthChecks', project, { filter }),
    get('targetHttpProxies', theirs.httpProxy, ours.httpProxy),
    get('targetHttpsProxies', theirs.httpsProxy, ours.httpsProxy),
    get('sslCertificates', theirs.certificate),
    get('firewalls', theirs.firewall, ours.firewall),
  ])
  const backendServices = services.filter((service) => belongs(service, sought))
  const healthChecks = checks.filter((check) => belongs(check, sought))
  const ofUrlMap = urlMap?.name === undefined ? [] : [resourceId('url-map', project, urlMap.name)]
  const parts: [string, Common | undefined, ResourceId[]][] = [
    ...rules.map((rule): [string, Common, ResourceId[]] => [
      'forwarding-rule',
      rule,
      [resourceId('target-proxy', project, lastPart(rule.target ?? 'none'))],
    ]),
    ['target-proxy', httpProxy, ofUrlMap],
    [
      'target-proxy',
      httpsProxy,
      [...ofUrlMap, ...(certificate === undefined ? [] : [certificateId(sought, certificate)])],
    ],
    [
      'url-map',
      urlMap,
      [...new Set(referencesOf(urlMap))].sort().map((service) => resourceId('backend-service', project, service)),
    ],
    ...backendServices.map((service): [string, Common, ResourceId[]] => [
      'backend-service',
      service,
      (service.healthChecks ?? []).map((check) => resourceId('health-check', project, lastPart(check))),
    ]),
    ...healthChecks.map((check): [string, Common, ResourceId[]] => ['health-check', check, []]),
    ['firewall-rule', firewall, []],
  ]
  const leftovers = parts.flatMap(([kind, part, refs]): Leftover[] =>
    part?.name === undefined ? [] : [{ id: resourceId(kind, project, part.name), refs }],
  )
  if (certificate !== undefined) leftovers.push({ id: certificateId(sought, certificate), refs: [] })
  return {
    living: { loadBalancer: lb, scheme: schemeOf(rules, backendServices), leftovers },
    names: {
      ...cutNames(sought, [urlMap, ...rules]),
      ...serviceNames(sought, urlMap, backendServices, healthChecks),
      ...(certificate?.name === undefined
        ? {}
        : { [`ssl-certificate ${fingerprintOf(certificate.certificate ?? '')}`]: certificate.name }),
    },
  }
}

function belongs(one: Common | undefined, { ingress, lb }: Sought): boolean {
  const stamp = readStamp(one?.description)
  return stamp.by === 'us' ? stamp.ingress === ingress : stamp.by === 'kubemci' && stamp.loadBalancer === lb
}

function certificateId({ project }: Sought, certificate: Common): ResourceId {
  return resourceId('ssl-certificate', project, certificate.name ?? 'none')
}

function schemeOf(rules: readonly ForwardingRule[], services: readonly BackendService[]): Living['scheme'] {
  const said = [...rules, ...services].map((one) => one.loadBalancingScheme)
  return said.find((scheme) => scheme === 'EXTERNAL' || scheme === 'EXTERNAL_MANAGED') ?? null
}

/** Long names, which kubemci cut and we end in a hash: those of a load balancer that it made stay. */
function cutNames({ lb }: Sought, parts: readonly (Common | undefined)[]): Record<string, string> {
  const theirs = kubemciNames(lb)
  const ours = loadBalancerNames(lb)
  const cut = parts.some((part) => part?.name !== undefined && (Object.values(theirs) as string[]).includes(part.name))
  if (!cut) return {}
  return Object.fromEntries(
    (Object.keys(ours) as (keyof typeof ours)[])
      .filter((part) => theirs[part] !== ours[part])
      .map((part) => [part, theirs[part]]),
  )
}

/**
 * Of several backend services for one service and port (kubemci left the old one when a NodePort changed) the one that the URL
 * map sends to is kept, and of health checks the one that it uses.
 */
function serviceNames(
  { namespace }: Sought,
  urlMap: UrlMap | undefined,
  services: readonly BackendService[],
  checks: readonly HealthCheck[],
): Record<string, string> {
  const used = new Set(referencesOf(urlMap))
  const names: Record<string, string> = {}
  const keep = (
    kind: 'backend-service' | 'health-check',
    parts: readonly Common[],
    inUse: ReadonlySet<string>,
  ): void => {
    const inOrder = [...parts].sort((a, b) => Number(inUse.has(a.name ?? '')) - Number(inUse.has(b.name ?? '')))
    for (const part of inOrder) {
      const serves = readService(part.description)
      if (serves?.namespace !== namespace || part.name === undefined) continue
      // Ours over network endpoint groups is named anew as it was; a kept name is for instance groups.
      const key = serviceKey(kind, serves.service, serves.port)
      names[isNegName(part.name) ? `${key} over network endpoint groups` : key] = part.name
    }
  }
  keep('backend-service', services, used)
  const kept = new Set(Object.values(names))
  const checked = services.filter((service) => kept.has(service.name ?? '')).flatMap((one) => one.healthChecks ?? [])
  keep('health-check', checks, new Set(checked.map(lastPart)))
  return names
}

function referencesOf(urlMap: UrlMap | undefined): string[] {
  const matchers = urlMap?.pathMatchers ?? []
  return [
    urlMap?.defaultService,
    ...matchers.flatMap((matcher) => [
      matcher.defaultService,
      ...(matcher.pathRules ?? []).map((rule) => rule.service),
    ]),
  ].flatMap((reference) => (reference === undefined ? [] : [lastPart(reference)]))
}
