import { projectOfNetwork } from '../planning/networks.ts'
import type { ClusterDoc } from '../state/documents.ts'
import type { AnyKind } from './kind.ts'

/** Where a cluster is, as far as it decides in which projects our resources are. */
export interface Whereabouts {
  /** Of its machines and groups. */
  project: string
  /** `projects/P/global/networks/N`; a network of another project is one of a Shared VPC, and P its host project. */
  networks: readonly string[]
}

/** What a cluster's record says of that. */
export function whereaboutsOf({ registration, sight }: Pick<ClusterDoc, 'registration' | 'sight'>): Whereabouts {
  const networks = [registration.network, sight?.network].filter((network) => network !== undefined)
  return { project: registration.project, networks }
}

/** Every project in which there may be resources of a kind; nothing is asked of a project that never has any. */
export function projectsOf(
  { lives = [] }: Pick<AnyKind, 'lives'>,
  loadBalancers: string,
  clusters: readonly Whereabouts[],
): string[] {
  const projects = lives.flatMap((where): string[] => {
    switch (where) {
      case 'load-balancer':
        return [loadBalancers]
      case 'clusters':
        return clusters.map(({ project }) => project)
      case 'networks':
        return clusters.flatMap(({ networks }) => networks.flatMap((network) => projectOfNetwork(network) ?? []))
      default:
        return where satisfies never
    }
  })
  return [...new Set(projects)].sort()
}
