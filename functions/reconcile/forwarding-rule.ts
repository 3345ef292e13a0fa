import type { ForwardingRule } from '../../shared/cloud/compute-resources.ts'
import { CloudError, type ComputeRef } from '../../shared/cloud/compute-port.ts'
import type { Kind } from '../../shared/engine/kind.ts'
import { names, projectPath } from '../../shared/planning/names.ts'
import { ownership, stamped } from '../../shared/planning/stamp.ts'
import { resourceId } from '../../shared/resource-id.ts'
import { body, globalRef, stampedWant, type Stamped } from './common.ts'

/** What is wanted of a forwarding rule: the API's own fields. */
export interface ForwardingRuleWant extends ForwardingRule, Stamped {
  target: string
}

const ref = (id: string): ComputeRef<'forwardingRules'> => globalRef(id, 'forwardingRules')

/**
 * kubemci §5.7. Only the target can be moved in place; an IP or a port that differs would mean a moment without service,
 * so it is refused and said, never done behind the user's back.
 */
export const forwardingRule: Kind<ForwardingRuleWant, ForwardingRule> = {
  name: 'forwarding-rule',
  collections: ['forwardingRules'],
  owned: ['target', 'IPAddress', 'portRange'],
  desire(layout) {
    if (!layout.model.settings.allowHttp) return []
    const id = resourceId('forwarding-rule', layout.project, names.httpRule(layout.lb))
    if (layout.ip === null) return [{ id, hold: `waits for the IP of address ${layout.address.name}` }]
    const proxy = names.httpProxy(layout.lb)
    return [
      {
        id,
        want: {
          ...stampedWant(layout),
          name: names.httpRule(layout.lb),
          description: stamped(
            `http forwarding rule for kubernetes multicluster loadbalancer ${layout.lb}`,
            layout.ingress,
          ),
          IPAddress: layout.ip,
          IPProtocol: 'TCP',
          portRange: '80-80',
          loadBalancingScheme: layout.scheme,
          target: projectPath(layout.project, 'targetHttpProxies', proxy),
        },
        refs: [resourceId('target-proxy', layout.project, proxy), layout.address.id],
      },
    ]
  },
  async observe(cloud, id, want) {
    const got = await cloud.compute.get(ref(id))
    return { got, ...ownership(got?.description, want?.ingress ?? null, want?.lb ?? null) }
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
