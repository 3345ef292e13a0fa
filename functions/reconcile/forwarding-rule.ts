import type { ForwardingRule } from '../../shared/cloud/compute-resources.ts'
import { CloudError, type ComputeRef } from '../../shared/cloud/compute-port.ts'
import type { Desired, Held, Kind } from '../../shared/engine/kind.ts'
import type { AddressLayout, Layout } from '../../shared/planning/layout.ts'
import { names, projectPath } from '../../shared/planning/names.ts'
import { ownership, stamped } from '../../shared/planning/stamp.ts'
import { resourceId, type ResourceId } from '../../shared/resource-id.ts'
import { body, globalRef, stampedWant, type Stamped } from './common.ts'

/** What is wanted of a forwarding rule: the API's own fields. */
export interface ForwardingRuleWant extends ForwardingRule, Stamped {
  target: string
}

const ref = (id: string): ComputeRef<'forwardingRules'> => globalRef(id, 'forwardingRules')

/** One front end: a protocol on an address. */
interface FrontEnd {
  name: string
  protocol: 'http' | 'https'
  address: AddressLayout
  ip: string | null
}

/** Every front end that a layout has: HTTP unless it is off, HTTPS with a certificate, each on every address. */
function frontEnds(layout: Layout): FrontEnd[] {
  const { address, address6, ip, ip6, lb } = layout
  const protocols = [
    ...(layout.model.settings.allowHttp ? (['http'] as const) : []),
    ...(layout.certificates.length > 0 ? (['https'] as const) : []),
  ]
  return protocols.flatMap((protocol) => {
    const [name, name6] =
      protocol === 'http'
        ? [layout.names.httpRule, names.httpRule6(lb)]
        : [layout.names.httpsRule, names.httpsRule6(lb)]
    return [
      { name, protocol, address, ip },
      ...(address6 === null ? [] : [{ name: name6, protocol, address: address6, ip: ip6 }]),
    ]
  })
}

/** The ids of them all. */
export function forwardingRuleIds(layout: Layout): ResourceId[] {
  return frontEnds(layout).map(({ name }) => resourceId('forwarding-rule', layout.project, name))
}

/** kubemci §5.7. */
function wantOf(layout: Layout, { name, protocol, address, ip }: FrontEnd): Desired<ForwardingRuleWant> | Held {
  const id = resourceId('forwarding-rule', layout.project, name)
  if (ip === null) return { id, hold: `waits for the IP of address ${address.name}` }
  const [proxy, collection, port] =
    protocol === 'http'
      ? [layout.names.httpProxy, 'targetHttpProxies', 80]
      : [layout.names.httpsProxy, 'targetHttpsProxies', 443]
  return {
    id,
    want: {
      ...stampedWant(layout),
      name,
      description: stamped(
        `${protocol} forwarding rule for kubernetes multicluster loadbalancer ${layout.lb}`,
        layout.ingress,
      ),
      IPAddress: ip,
      IPProtocol: 'TCP',
      portRange: `${port}-${port}`,
      loadBalancingScheme: layout.scheme,
      target: projectPath(layout.project, collection, proxy),
    },
    refs: [resourceId('target-proxy', layout.project, proxy), address.id],
  }
}

/**
 * Only the target can be moved in place; an IP or a port that differs would mean a moment without service, so it is
 * refused and said, never done behind the user's back.
 */
export const forwardingRule: Kind<ForwardingRuleWant, ForwardingRule> = {
  name: 'forwarding-rule',
  collections: ['forwardingRules'],
  lives: ['load-balancer'],
  owned: ['target', 'IPAddress', 'portRange'],
  desire: (layout) => frontEnds(layout).map((frontEnd) => wantOf(layout, frontEnd)),
  readdress(want, { ip, ip6 }) {
    const now = want.IPAddress?.includes(':') ? ip6 : ip
    return now === null ? want : { ...want, IPAddress: now }
  },
  async observe(cloud, id, want) {
    const got = await cloud.compute.get(ref(id))
    return { got, ...ownership(got, want) }
  },
  project: (got) => got,
  create: (cloud, id, want, requestId) => cloud.compute.insert(ref(id), body(want), requestId),
  update(cloud, id, want, _got, changes, requestId) {
    const fixed = changes.find((change) => change.field !== 'target')
    if (fixed)
      return Promise.reject(
        new CloudError(
          400,
          'immutable',
          `the forwarding rule has ${fixed.field} ${String(fixed.from)} and should have ${String(fixed.to)}: it cannot be changed without interrupting service; delete the rule by hand to have it made anew`,
        ),
      )
    return cloud.compute.call(ref(id), 'setTarget', { target: want.target }, requestId)
  },
  remove: (cloud, id, _got, requestId) => cloud.compute.remove(ref(id), requestId),
}
