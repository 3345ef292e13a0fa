import type { IngressModel } from '../ingress/model.ts'
import { defaultSettings } from '../ingress/settings.ts'
import type { IngressDoc } from '../state/documents.ts'

/** The document of an Ingress of which no version was accepted yet. */
export function fresh(id: string, model: IngressModel, now: number): IngressDoc {
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
export function withdrawn(doc: IngressDoc, publishedAt: number, now: number): IngressDoc {
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

/**
 * Whether its withdrawal leaves everything as it is: because it says so, or because what was found of its load balancer was only
 * ever looked at.
 */
export function leavesServing({ model, living }: IngressDoc): boolean {
  const { onDelete, mode } = model.settings
  return onDelete === 'orphan' || (mode !== 'reconcile' && (living?.leftovers ?? []).length > 0)
}

/** Whether there may be something of it that serves and that nobody looks after, because its last withdrawal left it so. */
export function wasLeftServing(doc: IngressDoc): boolean {
  return doc.leftServing === true || (doc.deleted && leavesServing(doc))
}

/** Namespace and name of an id. */
export function namesOf(id: string): { namespace: string; name: string } {
  const [namespace = '', name = ''] = id.split('/')
  return { namespace, name }
}

/** A model that routes nothing, for a document that has no good version. */
export function emptyModel({ namespace, name }: { namespace: string; name: string }): IngressModel {
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
