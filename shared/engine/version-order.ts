import type { Version } from '../state/documents.ts'
import type { Accepted } from './accepted.ts'

/**
 * Whether a version comes after the stored one: by metadata.generation where both have one of the same object, else by
 * the time of publishing. A new uid is a new object, whose generations begin again.
 */
export function isNewer(
  incoming: Version,
  { source: stored, deleted }: { source: Version; deleted: boolean },
): boolean {
  const sameObject = incoming.uid === stored.uid
  if (
    sameObject &&
    // A withdrawal has no generation: what was published before it, it withdraws.
    !deleted &&
    incoming.generation !== null &&
    stored.generation !== null &&
    incoming.generation !== stored.generation
  ) {
    return incoming.generation > stored.generation
  }
  return incoming.publishedAt >= stored.publishedAt
}

/** What becomes of a version that is not newer than the stored one. */
export function dropped(id: string, incoming: Version, stored: Version): Accepted {
  return incoming.publishedAt < stored.publishedAt
    ? { ingress: id, is: 'overtaken', why: `${id} was changed after this message was published: it is dropped` }
    : {
        ingress: id,
        is: 'older',
        why: `${id} has metadata.generation ${String(stored.generation)}, and this is ${String(incoming.generation)}, an older version: it is dropped`,
      }
}
