import { isSame } from '../json.ts'
import type { IngressModel } from '../ingress/model.ts'
import { objectId, type ObjectContent, type PublishedObject } from '../ingress/published-object.ts'
import type { IngressDoc, ObjectDoc } from '../state/documents.ts'
import { queries, type Reader, type Transaction } from '../state/store.ts'
import type { Accepted } from './accepted.ts'
import type { Deps } from './deps.ts'
import { remembered } from './history.ts'
import { planNudgeOf, send, type Cause } from './nudge.ts'
import { dropped, isNewer } from './version-order.ts'

/**
 * Objects that are published beside Ingresses are remembered, and what they say becomes part of the model of every Ingress of
 * their namespace that may name them: in the transaction that accepts the Ingress, and afterwards one Ingress at a time when an
 * object changes. So a planner reads nothing but the Ingress, and a change of an object is a new generation of it.
 */

/** GKE takes 100 MultiClusterServices in a project; each model holds those of its namespace. */
const mostInNamespace = 200

/** The objects of namespaces, by their ids. */
export type KnownObjects = Map<string, ObjectDoc>

/** Reads all that is remembered for some namespaces; withdrawn ones too, for the order of their versions. */
export async function objectsOf(reader: Reader, namespaces: Iterable<string>): Promise<KnownObjects> {
  const found = await Promise.all([...new Set(namespaces)].map((one) => reader.find(queries.objectsIn(one))))
  return new Map(found.flat().map((doc) => [doc.id, doc]))
}

/** Why objects cannot be taken, though each is good: there would be too many. Nothing of their message is applied then. */
export function tooMany(known: KnownObjects, incoming: readonly PublishedObject[]): string | undefined {
  const ids = new Set([...known.values()].filter((one) => one.content !== null).map((one) => one.id))
  for (const object of incoming) ids.add(objectId(object.content.kind, object))
  const counts = Map.groupBy(ids, (id) => id.split('/')[1] ?? '')
  const [full] = [...counts].filter(([, those]) => those.length > mostInNamespace)
  return full && `namespace ${full[0]} would have ${full[1].length} such objects; at most ${mostInNamespace} are taken`
}

/** Puts what was published, or withdrawn, among the known objects, and writes what is new. `known` is changed in place. */
export function acceptObjects(
  deps: Deps,
  tx: Transaction,
  known: KnownObjects,
  incoming: readonly PublishedObject[],
  publishedAt: number,
  does: 'apply' | 'delete' = 'apply',
): Accepted[] {
  return incoming.map((object): Accepted => {
    const { kind } = object.content
    const id = objectId(kind, object)
    const source = { ...object.source, publishedAt }
    const before = known.get(id)
    if (before !== undefined && !isNewer(source, { source: before.source, deleted: before.content === null }))
      return dropped(id, source, before.source)
    const content = does === 'delete' ? null : object.content
    const same = before !== undefined && isSame(before.content, content)
    const doc: ObjectDoc = {
      id,
      kind,
      namespace: object.namespace,
      name: object.name,
      content,
      source,
      updatedAt: same ? before.updatedAt : deps.clock.now(),
    }
    known.set(id, doc)
    if (!isSame(before, doc)) tx.set('objects', id, doc)
    return same
      ? { ingress: id, is: 'unchanged', why: 'the same object is in place' }
      : { ingress: id, is: 'accepted', why: before === undefined ? 'a new object' : 'a changed object' }
  })
}

type SettingsOf<K extends ObjectContent['kind']> = Extract<ObjectContent, { kind: K }>['settings']

/** The model with what its namespace's objects say, instead of what they said before. */
export function withObjects(model: IngressModel, known: KnownObjects): IngressModel {
  const { configs: _before, ...rest } = model
  const here = [...known.values()]
    .filter(({ namespace }) => namespace === model.namespace)
    .sort((a, b) => (a.id < b.id ? -1 : 1))
  const settingsOf = <K extends ObjectContent['kind']>(kind: K): Record<string, SettingsOf<K>> => {
    const found: Record<string, SettingsOf<K>> = {}
    for (const { name, content } of here) if (content?.kind === kind) found[name] = content.settings as SettingsOf<K>
    return found
  }
  const backend = settingsOf('BackendConfig')
  const named = model.settings.frontendConfig
  const frontend = Object.fromEntries(Object.entries(settingsOf('FrontendConfig')).filter(([name]) => name === named))
  const services = settingsOf('MultiClusterService')
  const none = Object.keys(backend).length + Object.keys(frontend).length === 0
  return {
    ...rest,
    ...(none ? {} : { configs: { backend, frontend } }),
    ...(model.services === undefined
      ? {}
      : {
          services: Object.fromEntries(Object.keys(model.services).map((name) => [name, services[name] ?? null])),
        }),
  }
}

/**
 * Brings what changed into the Ingresses of the namespaces, and has them planned. Does nothing where it was brought already: a
 * message that is delivered again, because this did not end, ends it.
 */
export async function tellIngresses(deps: Deps, objects: readonly PublishedObject[], cause: Cause): Promise<void> {
  const namespaces = new Set(objects.map(({ namespace }) => namespace))
  if (namespaces.size === 0) return
  for (let after: string | undefined; ;) {
    const page = await deps.store.find(queries.ingresses(after))
    for (const { id, model } of page)
      if (namespaces.has(model.namespace) && (await renew(deps, id, objects)))
        await send(deps, [planNudgeOf(id, cause)])
    after = page.at(-1)?.id
    if (page.length < 500 || after === undefined) return
  }
}

/** Brings into Ingresses just accepted what was published since the objects were read as `before`. */
export async function catchUp(deps: Deps, ids: readonly string[], before: KnownObjects, cause: Cause): Promise<void> {
  const now = await objectsOf(
    deps.store,
    ids.map((id) => id.split('/')[0] ?? ''),
  )
  if (isSame([...now.values()], [...before.values()])) return
  for (const id of ids) if (await renew(deps, id, [])) await send(deps, [planNudgeOf(id, cause)])
}

async function renew(deps: Deps, id: string, objects: readonly PublishedObject[]): Promise<boolean> {
  return deps.store.transact(async (tx) => {
    const doc = await tx.get('ingresses', id)
    if (doc === undefined || doc.deleted || doc.goneAt !== null || doc.generation === 0) return false
    const model = withObjects(doc.model, await objectsOf(tx, [doc.model.namespace]))
    if (isSame(model, doc.model)) return false
    const now = deps.clock.now()
    const names = objects.map((object) => `${object.content.kind} ${object.name}`)
    const next: IngressDoc = {
      ...doc,
      model,
      generation: doc.generation + 1,
      history: remembered(doc.history, {
        at: now,
        by: 'spec',
        what: `generation ${doc.generation + 1} was accepted`,
        why: `what it may name was published: ${names.slice(0, 5).join(', ')}`,
      }),
      phase: 'Progressing',
      wakeAt: now,
      token: doc.token + 1,
      updatedAt: now,
    }
    tx.set('ingresses', id, next)
    return true
  })
}
