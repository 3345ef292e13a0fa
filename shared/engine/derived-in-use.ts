import type { ClusterIngressWant } from '../planning/cluster-ingress.ts'
import type { DerivedService } from '../planning/derived.ts'
import type { ClusterFacts } from '../planning/facts.ts'
import { loadBalancerOf } from '../planning/layout.ts'
import { names } from '../planning/names.ts'
import { serviceKey } from '../planning/service-layout.ts'
import { splitResourceId } from '../resource-id.ts'
import type { ClaimDoc } from '../state/documents.ts'
import type { Sources } from './sources.ts'

/**
 * Derived Services that a cluster has and whose backend services, wanted or not, are still there: traffic may still go to them.
 * `part` is the Ingress's claim on the cluster.
 */
export function derivedInUse(
  part: ClaimDoc | undefined,
  { doc, resources }: Pick<Sources, 'doc' | 'resources'>,
): Pick<ClusterFacts, 'derivedInUse'> {
  const derived = (part?.want as ClusterIngressWant | undefined)?.derived
  if (derived === undefined) return {}
  const lb = loadBalancerOf(doc.model)
  const there = new Set(
    [...resources.values()].map(({ kind, id }) => `${kind} ${splitResourceId(id).path.at(-1) ?? ''}`),
  )
  const isThere = ({ of, spec }: DerivedService): boolean =>
    spec.ports.some(({ port }) => {
      const identity = { namespace: doc.model.namespace, service: of, port }
      const kept = doc.names[serviceKey('backend-service', of, port)]
      const possible = [
        names.backendService(lb, identity),
        names.backendService(lb, identity, 'neg'),
        kept ?? [],
      ].flat()
      return possible.some((name) => there.has(`backend-service ${name}`))
    })
  return { derivedInUse: derived.filter(isThere) }
}
