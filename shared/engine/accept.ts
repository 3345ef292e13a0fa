import { canonical } from '../json.ts'
import { ingressId, type IngressModel } from '../ingress/model.ts'
import { defaultSettings } from '../ingress/settings.ts'
import { select } from '../planning/select.ts'
import type { ClusterDoc, IngressDoc, Problem } from '../state/documents.ts'
import { queries, type Transaction } from '../state/store.ts'
import type { Deps } from './deps.ts'
import { remembered } from './history.ts'
import { planNudgeOf, send, type Cause } from './nudge.ts'
import { sentences } from './status.ts'

/** A spec as it was published. */
export interface Published {
  model: IngressModel
  uid: string | null
  generation: number | null
}

/** What people may ask of an Ingress besides publishing it (DESIGN section 8). */
export type IngressAction = 'delete' | 'remove-clusters' | 'drain-clusters' | 'undrain-clusters'

/** What became of one Ingress of a message. */
export interface Accepted {
  ingress: string
  is: 'accepted' | 'unchanged' | 'older' | 'refused' | 'unknown'
  why: string
}

/**
 * Takes the Ingresses of one message, all or none, and has them planned. `clusters` = exactly these; null = as before, and
 * at first all registered ones. A version older than the stored one is dropped.
 */
export async function acceptSpecs(
  deps: Deps,
  specs: readonly Published[],
  clusters: readonly string[] | null,
  publishedAt: number,
  cause: Cause,
): Promise<Accepted[]> {
  const accepted = await deps.store.transact(
    async (tx) => {
      const ids = specs.map((spec) => ingressId(spec.model))
      const docs = await tx.getAll('ingresses', ids)
      return specs.map((spec, index) => acceptOne(deps, tx, spec, docs[index], clusters, publishedAt))
    },
    specs.length === 1 ? 'one-document' : 'any',
  )
  await nudgeAccepted(deps, accepted, cause)
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
  if (doc !== undefined && !isNewer(source, doc)) {
    return { ingress: id, is: 'older', why: `a newer version of ${id} was published before: this one is dropped` }
  }
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
  if (alive && canonical([doc.model, doc.selection, doc.rejected]) === canonical([spec.model, selection, rejected])) {
    // Whatever was published before this, and comes after it, is older than what is in place.
    const next = { ...doc, ...times }
    if (canonical(next) !== canonical(doc)) tx.set('ingresses', id, next)
    return { ingress: id, is: 'unchanged', why: 'the same spec is in place' }
  }
  const base = doc ?? fresh(id, spec.model, now)
  tx.set('ingresses', id, {
    ...base,
    model: spec.model,
    ...times,
    selection,
    // What a withdrawn one had may be gone by now: it is looked for again.
    ...(alive ? {} : { living: null, names: {} }),
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
        // Of a withdrawn one only the order of its versions is left: a bad new version must not bring it back.
        const base =
          doc?.goneAt === null
            ? doc
            : {
                ...fresh(id, emptyModel(one), now),
                ...(doc === undefined ? {} : { source: doc.source, token: doc.token, createdAt: doc.createdAt }),
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
    if (doc === undefined || doc.goneAt !== null) {
      // The version that it withdraws may still be on its way: only the time of the withdrawal can tell it then.
      if (action === 'delete' && publishedAt > (doc?.source.publishedAt ?? -Infinity))
        tx.set('ingresses', id, withdrawn(doc ?? fresh(id, emptyModel(namesOf(id)), now), publishedAt, now))
      return { ingress: id, is: 'unknown', why: `there is no Ingress ${id}` }
    }
    // Without a good version there is nothing that could be served from other clusters; it can only be withdrawn.
    if (doc.generation === 0 && action !== 'delete')
      return { ingress: id, is: 'unknown', why: `no version of ${id} was ever accepted: publish a good one first` }
    const latest = action === 'delete' ? doc.source.publishedAt : (doc.selectedAt ?? 0)
    if (publishedAt < latest)
      return { ingress: id, is: 'older', why: `${id} was changed after this message was published` }
    const times = action === 'delete' ? { source: { ...doc.source, publishedAt } } : { selectedAt: publishedAt }
    const change = changeOf(doc, action, clusters, force, registered)
    if ('refused' in change) {
      const refusedAction = { action, clusters: [...clusters].slice(0, 100), publishedAt, why: change.refused }
      if (canonical(refusedAction) !== canonical(doc.refusedAction))
        tx.set('ingresses', id, { ...doc, refusedAction, wakeAt: now, token: doc.token + 1, updatedAt: now })
      return { ingress: id, is: 'refused', why: change.refused }
    }
    const { refusedAction: _refused, ...before } = doc
    const next: IngressDoc = { ...before, ...change }
    if (canonical(next) === canonical(doc)) {
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

/**
 * Whether a version comes after the stored one: by metadata.generation where both have one of the same object, else by
 * the time of publishing. A new uid is a new object, whose generations begin again.
 */
function isNewer(
  incoming: IngressDoc['source'],
  { source: stored, deleted }: Pick<IngressDoc, 'source' | 'deleted'>,
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

async function nudgeAccepted(deps: Deps, accepted: readonly Accepted[], cause: Cause): Promise<void> {
  await send(
    deps,
    accepted
      .filter((one) => one.is === 'accepted' || one.is === 'refused')
      .map((one) => planNudgeOf(one.ingress, cause)),
  )
}

function fresh(id: string, model: IngressModel, now: number): IngressDoc {
  return {
    id,
    model,
    source: { uid: null, generation: null, publishedAt: 0 },
    generation: 0,
    selection: { clusters: null, excluded: [], drained: [] },
    plannedGeneration: 0,
    deleted: false,
    goneAt: null,
    rejected: null,
    plan: null,
    names: {},
    living: null,
    conditions: [],
    phase: 'Progressing',
    wakeAt: now,
    token: 0,
    createdAt: now,
    updatedAt: now,
  }
}

/** What is left of an Ingress that was withdrawn: the order of its versions. */
function withdrawn(doc: IngressDoc, publishedAt: number, now: number): IngressDoc {
  return {
    ...doc,
    source: { ...doc.source, publishedAt },
    deleted: true,
    goneAt: now,
    phase: 'Deleting',
    wakeAt: null,
    token: doc.token + 1,
    updatedAt: now,
  }
}

function namesOf(id: string): { namespace: string; name: string } {
  const [namespace = '', name = ''] = id.split('/')
  return { namespace, name }
}

function emptyModel({ namespace, name }: { namespace: string; name: string }): IngressModel {
  return {
    namespace,
    name,
    defaultBackend: null,
    rules: [],
    tls: [],
    settings: structuredClone(defaultSettings),
    labels: {},
    annotations: {},
  }
}
