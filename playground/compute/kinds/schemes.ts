import { invalid } from '../api-error.ts'
import { type JsonObject, textAt } from '../json.ts'
import type { Look, Resource } from '../kind.ts'
import { ofUrl, resolveReferences } from '../references.ts'
import { urlMapReferences } from './url-map-references.ts'

/**
 * The load balancing scheme runs through a whole load balancer: forwarding rule, and the backend services behind its
 * proxy and URL map. Every change on that path must keep it whole.
 */

/** The backend services that a URL map's spec names. */
export function servicesOfUrlMap(look: Look, spec: JsonObject, project: string): Resource[] {
  const { references } = resolveReferences(spec, urlMapReferences, project)
  const found = new Set<Resource>()
  for (const { path } of references) {
    const target = look.find(path)
    if (target?.collection === 'backendServices') found.add(target)
  }
  return [...found]
}

/** The backend services behind a target, its URL map's spec replaced by `urlMap` when given. */
export function servicesBehind(look: Look, target: Resource): Resource[] {
  const service = textAt(target.spec, 'service')
  if (service !== undefined) {
    const found = look.find(ofUrl(service))
    return found === undefined ? [] : [found]
  }
  const map = look.find(ofUrl(textAt(target.spec, 'urlMap') ?? ''))
  return map === undefined ? [] : servicesOfUrlMap(look, map.spec, map.project)
}

/** The scheme of a backend service or forwarding rule. */
export function schemeOf(resource: Resource): string {
  return textAt(resource.spec, 'loadBalancingScheme') ?? 'EXTERNAL'
}

/** 400 unless all services have the forwarding rule's scheme. */
export function checkSchemes(ruleScheme: string, services: readonly Resource[]): void {
  for (const service of services) {
    const theirs = schemeOf(service)
    if (theirs !== ruleScheme) {
      throw invalid(
        'resource.backendService',
        '',
        `Load balancing scheme ${ruleScheme} does not match the backend service load balancing scheme ${theirs}.`,
      )
    }
  }
}

/** The forwarding rules that send to a URL map through any proxy. */
export function rulesOfUrlMap(look: Look, path: string): Resource[] {
  return look
    .holders(path)
    .flatMap((proxy) => look.holders(proxy.path))
    .filter(({ collection }) => collection === 'forwardingRules')
}
