import type { ComputeCollection, ComputeRef } from '../../shared/cloud/compute-port.ts'
import type { Layout } from '../../shared/planning/layout.ts'
import { splitResourceId, type ResourceId } from '../../shared/resource-id.ts'

/** Carried by every want: whose stamp a resource must bear to be ours. Never sent to the API. */
export interface Stamped {
  ingress: string
  lb: string
}

/** The stamp of a layout. */
export function stampedWant(layout: Layout): Stamped {
  return { ingress: layout.ingress, lb: layout.lb }
}

/** The want without what is only for us: what is sent. */
export function body<W extends Stamped>({ ingress: _ingress, lb: _lb, ...rest }: W): Omit<W, keyof Stamped> {
  return rest
}

/** The place of a global resource whose id is `kind/project/name`. */
export function globalRef<C extends ComputeCollection>(id: string, collection: C): ComputeRef<C> {
  const [project = '', name = ''] = splitResourceId(id as ResourceId).path
  return { collection, project, name }
}

/** The members of `body` that changed, for a patch. */
export function changed<T extends object>(body: T, changes: readonly { field: string }[]): Partial<T> {
  const fields = new Set(changes.map((change) => change.field))
  return Object.fromEntries(Object.entries(body).filter(([key]) => fields.has(key))) as Partial<T>
}
