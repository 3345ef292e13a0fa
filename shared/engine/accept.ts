import { isSame } from '../json.ts'
import { ingressId, type IngressModel } from '../ingress/model.ts'
import { objectId, type PublishedObject } from '../ingress/published-object.ts'
import type { IngressDoc, Problem } from '../state/documents.ts'
import type { Transaction } from '../state/store.ts'
import { nudgeAccepted, type Accepted } from './accepted.ts'
import type { Deps } from './deps.ts'
import { acceptObjects, catchUp, objectsOf, tellIngresses, tooMany, withObjects } from './accept-objects.ts'
import { remembered } from './history.ts'
import { emptyModel, fresh, wasLeftServing } from './ingress-docs.ts'
import type { Cause } from './nudge.ts'
import { sentences } from './status.ts'
import { dropped, isNewer } from './version-order.ts'

/** A spec as it was published. */
export interface Published {
  model: IngressModel
  uid: string | null
  generation: number | null
}

/**
 * Takes the Ingresses of one message and the objects beside them, all or none, and has planned what they concern. `clusters` =
 * exactly these; null = as before, and at first all registered ones. A version older than the stored one is dropped.
 */
export async function acceptSpecs(
  deps: Deps,
  specs: readonly Published[],
  clusters: readonly string[] | null,
  publishedAt: number,
  cause: Cause,
  objects: readonly PublishedObject[] = [],
): Promise<Accepted[]> {
  const namespaces = [...specs.map(({ model }) => model.namespace), ...objects.map(({ namespace }) => namespace)]
  // Mostly there are no objects: then one document is written under what was read just before, and looked after below.
  const before = objects.length === 0 ? await objectsOf(deps.store, namespaces) : undefined
  const ids = specs.map((spec) => ingressId(spec.model))
  const { ofSpecs, ofObjects } = await deps.store.transact(
    async (tx) => {
      const [docs, known] = await Promise.all([tx.getAll('ingresses', ids), before ?? objectsOf(tx, namespaces)])
      const why = tooMany(known, objects)
      if (why !== undefined) {
        const refused = (one: string): Accepted => ({ ingress: one, is: 'refused', why })
        return { ofSpecs: ids.map(refused), ofObjects: objects.map((one) => refused(objectId(one.content.kind, one))) }
      }
      return {
        ofObjects: acceptObjects(deps, tx, known, objects, publishedAt),
        ofSpecs: specs.map((spec, index) =>
          acceptOne(deps, tx, { ...spec, model: withObjects(spec.model, known) }, docs[index], clusters, publishedAt),
        ),
      }
    },
    before !== undefined && specs.length === 1 ? 'one-document' : 'any',
  )
  await nudgeAccepted(deps, ofSpecs, cause)
  // An object that changed meanwhile was told to those Ingresses that were there by then.
  if (before !== undefined) await catchUp(deps, ids, before, cause)
  await tellIngresses(deps, objects, cause)
  return [...ofSpecs, ...ofObjects]
}

/** Withdraws objects: Ingresses that name them go on with what they do not say. */
export async function withdrawObjects(
  deps: Deps,
  objects: readonly PublishedObject[],
  publishedAt: number,
  cause: Cause,
): Promise<Accepted[]> {
  const accepted = await deps.store.transact(async (tx) => {
    const known = await objectsOf(
      tx,
      objects.map(({ namespace }) => namespace),
    )
    return acceptObjects(deps, tx, known, objects, publishedAt, 'delete')
  })
  await tellIngresses(deps, objects, cause)
  return accepted
}

function acceptOne(
  deps: Deps,
  tx: Transaction,
  spec: Published,
  doc: IngressDoc | undefined,
  clusters: readonly string[] | null,
  publishedAt: number,
): Accepted {
  const id = ingressId(spec.model)
  const source = { uid: spec.uid, generation: spec.generation, publishedAt }
  if (doc !== undefined && !isNewer(source, doc)) return dropped(id, source, doc.source)
  const now = deps.clock.now()
  const alive = doc !== undefined && doc.generation > 0 && !doc.deleted
  const before = alive ? doc.selection : { clusters: null, excluded: [], drained: [] }
  // A spec that comes late may be the one to serve, but what was done to the clusters since stays done.
  const decidedLater = alive && publishedAt < (doc.selectedAt ?? 0)
  const named = decidedLater ? null : (clusters ?? spec.model.settings.clusters)
  const selection = named === null ? before : { ...before, clusters: [...named].sort(), excluded: [] }
  const times = {
    source: alive ? { ...source, publishedAt: Math.max(publishedAt, doc.source.publishedAt) } : source,
    selectedAt: alive && named === null ? (doc.selectedAt ?? 0) : publishedAt,
  }
  // A good version published before the bad one does not make the bad one good.
  const rejected = doc?.rejected && doc.rejected.publishedAt > publishedAt ? doc.rejected : null
  if (alive && isSame([doc.model, doc.selection, doc.rejected], [spec.model, selection, rejected])) {
    // Whatever was published before this, and comes after it, is older than what is in place.
    const next = { ...doc, ...times }
    if (!isSame(next, doc)) tx.set('ingresses', id, next)
    return { ingress: id, is: 'unchanged', why: 'the same spec is in place' }
  }
  const base = doc ?? fresh(id, spec.model, now)
  tx.set('ingresses', id, {
    ...base,
    model: spec.model,
    ...times,
    selection,
    // What a withdrawn one had may be gone by now: it is looked for again. What it was taking over is not forgotten before.
    ...(alive ? {} : { living: null, names: {} }),
    ...(base.goneAt === null || base.takingOver === undefined ? {} : { takingOver: [] }),
    ...(wasLeftServing(base) ? { leftServing: true } : {}),
    generation: base.generation + 1,
    deleted: false,
    goneAt: null,
    rejected,
    history: remembered(base.history, {
      at: now,
      by: 'spec',
      what: `generation ${base.generation + 1} was accepted`,
      why: alive ? 'a changed spec was published' : 'a new spec was published',
    }),
    phase: 'Progressing',
    wakeAt: now,
    token: base.token + 1,
    updatedAt: now,
  })
  return { ingress: id, is: 'accepted', why: alive ? 'a changed spec' : 'a new spec' }
}

/**
 * Notes that a published version was refused; the previous one, if any, keeps serving. An Ingress that never had a good
 * version gets a document all the same, so that its status can say what is wrong.
 */
export async function rejectSpecs(
  deps: Deps,
  named: readonly { namespace: string; name: string }[],
  problems: readonly Problem[],
  publishedAt: number,
): Promise<void> {
  if (named.length === 0) return
  await deps.store.transact(
    async (tx) => {
      const docs = await tx.getAll('ingresses', named.map(ingressId))
      const now = deps.clock.now()
      named.forEach((one, index) => {
        const id = ingressId(one)
        const doc = docs[index]
        if (doc !== undefined && publishedAt < doc.source.publishedAt) return
        // Of a withdrawn one only the order of its versions is left, and of what was told of it: a bad new version must
        // not bring it back.
        const base =
          doc?.goneAt === null
            ? doc
            : {
                ...fresh(id, emptyModel(one), now),
                ...(doc === undefined
                  ? {}
                  : {
                      source: doc.source,
                      ...(wasLeftServing(doc) ? { leftServing: true as const } : {}),
                      ...(doc.told === undefined ? {} : { told: doc.told }),
                      ...(doc.telling === undefined ? {} : { telling: doc.telling }),
                      token: doc.token,
                      createdAt: doc.createdAt,
                    }),
              }
        tx.set('ingresses', id, {
          ...base,
          rejected: { publishedAt, problems: problems.slice(0, 50) },
          history: remembered(base.history, {
            at: now,
            by: 'spec',
            what: 'a published version was refused',
            why: sentences(problems).slice(0, 1_000),
          }),
          phase: 'Failed',
          wakeAt: now,
          token: base.token + 1,
          updatedAt: now,
        })
      })
    },
    named.length === 1 ? 'one-document' : 'any',
  )
}
