import type { ResourceId } from '../resource-id.ts'
import type { IngressDoc, Leftover } from '../state/documents.ts'

/**
 * What was there before us is first only found (`living.leftovers`) and stays what it is, whatever is published or withdrawn. With
 * the first claim on its load balancer it is being taken over (`takingOver`), so ours by the user's wish, until it has a document
 * of its own.
 */

/** All that was there before us and has no document yet. */
export function withoutDocument({ living, takingOver = [] }: IngressDoc): Leftover[] {
  const known = new Set(takingOver.map(({ id }) => id))
  return [...takingOver, ...(living?.leftovers ?? []).filter(({ id }) => !known.has(id))]
}

/** The document once only these are still without one of their own, and nothing is merely found any more. */
export function stillWithout(doc: IngressDoc, takingOver: Leftover[]): Pick<IngressDoc, 'living' | 'takingOver'> {
  return {
    living: doc.living === null ? null : { ...doc.living, leftovers: [] },
    ...(takingOver.length === 0 && doc.takingOver === undefined ? {} : { takingOver }),
  }
}

/**
 * What changes in the document when these get documents of their own; undefined = nothing. `begins`: they are claims on the load
 * balancer that was found, so that all of it is being taken over.
 */
export function afterStaking(
  doc: IngressDoc,
  staked: readonly ResourceId[],
  begins: boolean,
): Partial<IngressDoc> | undefined {
  const waits = ({ id }: Leftover): boolean => !staked.includes(id)
  if (begins && (doc.living?.leftovers ?? []).length > 0) return stillWithout(doc, withoutDocument(doc).filter(waits))
  const { takingOver = [] } = doc
  return takingOver.every(waits) ? undefined : { takingOver: takingOver.filter(waits) }
}
