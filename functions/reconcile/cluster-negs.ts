import type { ClusterIngressWant, ClusterModes } from '../../shared/planning/cluster-ingress.ts'
import type { ClusterView, LackingNegs } from '../../shared/planning/facts.ts'
import type { ClusterLayout, Layout } from '../../shared/planning/layout.ts'
import { negKey } from '../../shared/planning/negs.ts'

/** Which sorts of groups a cluster is to have, for the want of its cluster-ingress. */
export function modesOf(layout: Layout, cluster: ClusterLayout): Pick<ClusterModes, 'negs' | 'groupless'> {
  const here = [...layout.services, ...layout.lingering].filter(({ name, port }) => {
    const service = cluster.facts.view?.services[name]
    return service?.found === true && service.ports.some((one) => one.port === port)
  })
  const negs = layout.services
    .filter((service) => service.mode === 'neg' && here.includes(service))
    .map(({ name, port }) => negKey(name, port))
  if (negs.length === 0) return {}
  const groupless = here.every(({ mode }) => mode === 'neg')
  return { negs: negs.sort(), ...(groupless ? { groupless: true } : {}) }
}

/** What of the wanted network endpoint groups the cluster does not name, and since when; it is overdue after `patience` ms. */
export function lackingNegs(
  { negs = [], nodes }: Pick<ClusterIngressWant, 'negs' | 'nodes'>,
  services: ClusterView['services'],
  before: LackingNegs | undefined,
  now: number,
  patience: number,
): LackingNegs | undefined {
  const what = negs.flatMap((key) => {
    const at = key.lastIndexOf(':')
    const service = services[key.slice(0, at)]
    if (service?.found !== true) return []
    const found = service.negs?.[key.slice(at + 1)] ?? []
    if (found.length === 0) return [key]
    return (nodes?.zones ?? [])
      .filter((zone) => !found.some((neg) => neg.zone === zone))
      .map((zone) => `${key} in ${zone}`)
  })
  if (what.length === 0) return undefined
  const since = before?.what.join() === what.join() ? before.since : now
  return { what, since, ...(now - since > patience ? { overdue: true as const } : {}) }
}
