import type { IngressModel } from '../ingress/model.ts'
import { matchesSelector } from '../ingress/selector.ts'
import type { ClusterDoc, Selection } from '../state/documents.ts'
import { servedIn, unknownLinks } from './derived.ts'

/** Which registered clusters serve an Ingress, and which named ones there are not, or will not be soon. */
export interface Selected {
  names: string[]
  unknown: string[]
  drained: string[]
}

/**
 * A cluster serves when it is named (or nothing is named, or its labels match the selector), is not excluded by
 * remove-clusters, and is not leaving. New clusters join by themselves unless names were given.
 */
export function select(model: IngressModel, selection: Selection, clusters: readonly ClusterDoc[]): Selected {
  const registered = new Map(clusters.map((cluster) => [cluster.name, cluster]))
  const selector = model.settings.clusterSelector
  const chosen =
    selection.clusters ??
    [...registered.keys()].filter(
      (name) =>
        registered.get(name)?.leaving === false &&
        (selector === null || matchesSelector(registered.get(name)?.registration.labels ?? {}, selector)),
    )
  // A MultiClusterIngress is where its services are; while none of them is published, nobody can say.
  const anywhere = Object.values(model.services ?? {}).every((service) => service === null)
  const serves = (cluster: ClusterDoc | undefined): boolean =>
    anywhere || (cluster !== undefined && (servedIn(model, cluster) ?? []).length > 0)
  const wanted = chosen.filter((name) => !selection.excluded.includes(name))
  return {
    names: wanted.filter((name) => registered.get(name)?.leaving === false && serves(registered.get(name))).sort(),
    unknown: [
      ...wanted.filter((name) => registered.get(name)?.leaving !== false).sort(),
      ...unknownLinks(model, clusters),
    ],
    drained: selection.drained.filter((name) => wanted.includes(name)).sort(),
  }
}
