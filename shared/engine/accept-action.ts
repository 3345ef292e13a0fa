import { isSame } from '../json.ts'
import { select } from '../planning/select.ts'
import type { ClusterDoc, IngressDoc } from '../state/documents.ts'
import { queries } from '../state/store.ts'
import { nudgeAccepted, type Accepted } from './accepted.ts'
import type { Deps } from './deps.ts'
import { remembered } from './history.ts'
import { emptyModel, fresh, namesOf, withdrawn } from './ingress-docs.ts'
import type { Cause } from './nudge.ts'

/** What people may ask of an Ingress besides publishing it (DESIGN section 8). */
export type IngressAction = 'delete' | 'remove-clusters' | 'drain-clusters' | 'undrain-clusters'

/** Carries out an action on a published Ingress, or says why not. */
export async function acceptAction(
  deps: Deps,
  id: string,
  action: IngressAction,
  clusters: readonly string[],
  force: boolean,
  publishedAt: number,
  cause: Cause,
): Promise<Accepted> {
  const registered = await deps.store.find(queries.clusters())
  const accepted = await deps.store.transact(async (tx): Promise<Accepted> => {
    const doc = await tx.get('ingresses', id)
    const now = deps.clock.now()
    const withdrawnAt = doc === undefined || doc.goneAt === null ? -Infinity : doc.source.publishedAt
    if (publishedAt < withdrawnAt) return overtaken(id)
    if (publishedAt === withdrawnAt && action === 'delete')
      return { ingress: id, is: 'unchanged', why: 'it is so already' }
    if (doc === undefined || doc.goneAt !== null) {
      // The version that it withdraws may still be on its way: only the time of the withdrawal can tell it then.
      if (action === 'delete')
        tx.set('ingresses', id, withdrawn(doc ?? fresh(id, emptyModel(namesOf(id)), now), publishedAt, now))
      return { ingress: id, is: 'unknown', why: `there is no Ingress ${id}` }
    }
    // Without a good version there is nothing that could be served from other clusters; it can only be withdrawn.
    if (doc.generation === 0 && action !== 'delete')
      return { ingress: id, is: 'unknown', why: `no version of ${id} was ever accepted: publish a good one first` }
    const latest = action === 'delete' ? doc.source.publishedAt : (doc.selectedAt ?? 0)
    if (publishedAt < latest) return overtaken(id)
    const times = action === 'delete' ? { source: { ...doc.source, publishedAt } } : { selectedAt: publishedAt }
    const change = changeOf(doc, action, clusters, force, registered)
    if ('refused' in change) {
      const refusedAction = { action, clusters: [...clusters].slice(0, 100), publishedAt, why: change.refused }
      if (!isSame(refusedAction, doc.refusedAction))
        tx.set('ingresses', id, { ...doc, refusedAction, wakeAt: now, token: doc.token + 1, updatedAt: now })
      return { ingress: id, is: 'refused', why: change.refused }
    }
    const { refusedAction: _refused, ...before } = doc
    const next: IngressDoc = { ...before, ...change }
    if (isSame(next, doc)) {
      // Whatever was published before this, and comes after it, is older than what is in place.
      if (publishedAt > latest) tx.set('ingresses', id, { ...doc, ...times })
      return { ingress: id, is: 'unchanged', why: 'it is so already' }
    }
    tx.set('ingresses', id, {
      ...next,
      ...times,
      history: remembered(doc.history, {
        at: now,
        by: 'spec',
        what: [action, ...clusters].join(' ').slice(0, 1_000),
        why: 'asked for by a message',
      }),
      generation: doc.generation + (action === 'delete' ? 0 : 1),
      wakeAt: now,
      token: doc.token + 1,
      updatedAt: now,
    })
    return { ingress: id, is: 'accepted', why: action }
  }, 'one-document')
  await nudgeAccepted(deps, [accepted], cause)
  return accepted
}

const overtaken = (id: string): Accepted => ({
  ingress: id,
  is: 'overtaken',
  why: `${id} was changed after this message was published: it is dropped`,
})

function changeOf(
  doc: IngressDoc,
  action: IngressAction,
  clusters: readonly string[],
  force: boolean,
  registered: readonly ClusterDoc[],
): Partial<IngressDoc> | { refused: string } {
  const { selection } = doc
  const chosen = select(doc.model, selection, registered)
  switch (action) {
    case 'delete':
      return { deleted: true, phase: 'Deleting' }
    case 'remove-clusters': {
      const left = chosen.names.filter((name) => !clusters.includes(name) && !selection.drained.includes(name))
      if (left.length === 0 && !force) {
        return {
          refused: `this would take ${doc.id} out of the last cluster that serves it: withdraw the Ingress, or send force=true`,
        }
      }
      return {
        selection: {
          ...selection,
          excluded: [...new Set([...selection.excluded, ...clusters])].sort(),
          drained: selection.drained.filter((name) => !clusters.includes(name)),
        },
      }
    }
    case 'drain-clusters': {
      const unknown = clusters.filter((name) => !chosen.names.includes(name))
      if (unknown.length > 0) return { refused: `${doc.id} is not served from ${unknown.join(', ')}` }
      const drained = [...new Set([...selection.drained, ...clusters])].sort()
      if (chosen.names.every((name) => drained.includes(name)))
        return { refused: `this would drain the last cluster that serves ${doc.id}` }
      return { selection: { ...selection, drained } }
    }
    case 'undrain-clusters':
      return { selection: { ...selection, drained: selection.drained.filter((name) => !clusters.includes(name)) } }
    default:
      return action satisfies never
  }
}
