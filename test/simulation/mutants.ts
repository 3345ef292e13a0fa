import { CloudError, type Compute } from '../../shared/cloud/compute-port.ts'
import type { Cluster } from '../../shared/cloud/kubernetes-port.ts'
import type { Deps } from '../../shared/engine/deps.ts'
import type { AnyKind } from '../../shared/engine/kind.ts'
import type { ClusterDoc, IngressDoc, LeaseDoc, ResourceDoc } from '../../shared/state/documents.ts'
import type { Query, Store, Transaction } from '../../shared/state/store.ts'
import type { Mutation } from './world.ts'

/** A deliberate bug that the simulation has to catch. It is put between the system and its ports; the system has no switch for it. */
export interface Mutant {
  name: string
  /** How many seeds it may take to catch it. */
  within: number
  mutation: Mutation
}

/** What a mutant changes of the documents on their way. */
interface Tampering {
  /** A document read in a transaction. */
  seen?: (collection: string, doc: unknown) => unknown
  /** The result of a query in a transaction. */
  found?: (query: Query<never>, docs: unknown[]) => unknown[]
  /** A document that is about to be written; undefined = it is not written. */
  set?: (collection: string, doc: unknown) => unknown
}

function tamper(store: Store, { seen, found, set }: Tampering): Store {
  const see = <T>(collection: string, doc: T): T =>
    doc === undefined || seen === undefined ? doc : (seen(collection, doc) as T)
  return {
    ...store,
    transact: (body, scope) =>
      store.transact((tx) => {
        const tampered: Transaction = {
          get: async (collection, id) => see(collection, await tx.get(collection, id)),
          getAll: async (collection, ids) => (await tx.getAll(collection, ids)).map((doc) => see(collection, doc)),
          async find(query) {
            const docs = await tx.find(query)
            return found === undefined ? docs : (found(query as unknown as Query<never>, docs) as typeof docs)
          },
          set(collection, id, doc) {
            const changed = set === undefined ? doc : (set(collection, doc) as typeof doc | undefined)
            if (changed !== undefined) tx.set(collection, id, changed)
          },
          delete: (collection, id) => tx.delete(collection, id),
        }
        return body(tampered)
      }, scope),
  }
}

const inStore = (tampering: Tampering): Mutation => ({
  deps: (deps) => ({ ...deps, store: tamper(deps.store, tampering) }),
})

const inCompute = (change: (compute: Compute) => Partial<Compute>): Mutation => ({
  deps: (deps) => ({ ...deps, compute: { ...deps.compute, ...change(deps.compute) } }),
})

const inKinds = (change: (kind: AnyKind) => AnyKind): Mutation => ({
  deps: (deps) => ({ ...deps, kinds: deps.kinds.map(change) }),
})

const resource =
  (change: (doc: ResourceDoc) => ResourceDoc | undefined) =>
  (collection: string, doc: unknown): unknown =>
    collection === 'resources' ? change(doc as ResourceDoc) : doc

/** Remembers what an invocation read first, and answers it again in transactions. */
function stale(deps: Deps, of: 'resources' | 'claims'): Store {
  const known = new Map<string, unknown>()
  const { store } = deps
  const key = (query: Query<never>): string => JSON.stringify(query)
  return {
    ...store,
    async getAll(collection, ids) {
      const docs = await store.getAll(collection, ids)
      if (collection === of) ids.forEach((id, at) => known.set(id, docs[at]))
      return docs
    },
    async find(query) {
      const docs = await store.find(query)
      if (query.collection === of) known.set(key(query as unknown as Query<never>), docs)
      return docs
    },
    transact: (body, scope) =>
      store.transact(
        (tx) =>
          body({
            ...tx,
            async getAll(collection, ids) {
              if (collection !== of || !ids.every((id) => known.has(id))) return tx.getAll(collection, ids)
              return ids.map((id) => known.get(id)) as Awaited<ReturnType<typeof tx.getAll<typeof collection>>>
            },
            async find(query) {
              const before = known.get(key(query as unknown as Query<never>))
              return before === undefined ? tx.find(query) : (before as Awaited<ReturnType<typeof tx.find>> as never)
            },
          }),
        scope,
      ),
  }
}

/** A cluster that does not answer is taken for an empty one. */
function emptyWhenSilent(cluster: Cluster): Cluster {
  const or =
    <T>(empty: T) =>
    (error: unknown): T => {
      if (error instanceof CloudError && error.status === 0) return empty
      throw error
    }
  return {
    ...cluster,
    version: () => cluster.version().catch(or('')),
    nodes: () => cluster.nodes().catch(or([])),
    ingress: (namespace, name) => cluster.ingress(namespace, name).catch(or(undefined)),
    service: (namespace, name) => cluster.service(namespace, name).catch(or(undefined)),
  }
}

/** Every deliberate bug. */
export const mutants: readonly Mutant[] = [
  {
    name: 'skip the fence',
    within: 300,
    mutation: inStore({ seen: resource((doc) => ({ ...doc, token: 0 })) }),
  },
  {
    name: 'fencing tokens start anew',
    within: 5,
    mutation: inStore({
      seen: (collection, doc) => (collection === 'leases' ? { ...(doc as LeaseDoc), token: 0 } : doc),
    }),
  },
  {
    name: 'forget to read again what is waited for',
    within: 300,
    mutation: { deps: (deps) => ({ ...deps, store: stale(deps, 'resources') }) },
  },
  {
    name: 'come to rest though the claims have changed',
    within: 300,
    mutation: { deps: (deps) => ({ ...deps, store: stale(deps, 'claims') }) },
  },
  {
    name: "ignore an operation's error",
    within: 100,
    mutation: inCompute((compute) => ({
      async wait(operation, ms) {
        const state = await compute.wait(operation, ms)
        return state.done ? { done: true, error: null } : state
      },
    })),
  },
  {
    name: 'remove what is still referred to',
    within: 50,
    mutation: inStore({
      found: (query, docs) => (query.where.some(({ field }) => field === 'appliedRefs') ? [] : docs),
    }),
  },
  {
    name: 'create before what it refers to exists',
    within: 20,
    mutation: {
      deps: (deps) => {
        const exists = resource((doc) => ({ ...doc, applied: true }))
        const store = tamper(deps.store, { seen: exists })
        const getAll: Store['getAll'] = async (collection, ids) =>
          (await store.getAll(collection, ids)).map((doc) =>
            doc === undefined ? doc : (exists(collection, doc) as typeof doc),
          )
        return { ...deps, store: { ...store, getAll } }
      },
    },
  },
  {
    name: 'forget what is referred to',
    within: 50,
    mutation: inStore({ set: resource((doc) => ({ ...doc, appliedRefs: [] })) }),
  },
  {
    name: 'trust an empty answer',
    within: 300,
    mutation: {
      deps: (deps) => ({
        ...deps,
        clusters: {
          ...deps.clusters,
          connect: (registration) => emptyWhenSilent(deps.clusters.connect(registration)),
        },
      }),
    },
  },
  {
    name: 'send no fingerprint',
    within: 1_000,
    mutation: inCompute((compute) => ({
      patch: (ref, body, id) => compute.patch(ref, without(body, 'fingerprint'), id),
      update: (ref, body, id) => compute.update(ref, without(body, 'fingerprint'), id),
      call: (ref, verb, body, id) => compute.call(ref, verb, without(body, 'fingerprint'), id),
    })),
  },
  {
    name: 'take over what is not ours',
    within: 100,
    mutation: inKinds((kind) => ({
      ...kind,
      async observe(cloud, id, want, before) {
        const { stampedFor: _, ...seen } = await kind.observe(cloud, id, want, before)
        return { ...seen, owner: 'ours' }
      },
    })),
  },
  {
    name: 'set no alarm clock',
    within: 30,
    mutation: inStore({ set: resource((doc) => ({ ...doc, wakeAt: null })) }),
  },
  {
    name: 'relay nothing at the tick',
    within: 30,
    mutation: {
      deps: (deps, { function: name }) =>
        name === 'scheduler-tick' ? { ...deps, bus: { ...deps.bus, publish: () => Promise.resolve() } } : deps,
    },
  },
  {
    name: 'drop the named ports of others',
    within: 20,
    mutation: inCompute((compute) => ({
      call(ref, verb, body, id) {
        if (verb !== 'setNamedPorts') return compute.call(ref, verb, body, id)
        const { namedPorts = [] } = body as { namedPorts?: { name: string }[] }
        return compute.call(
          ref,
          verb,
          { ...body, namedPorts: namedPorts.filter(({ name }) => name.startsWith('mci1-')) },
          id,
        )
      },
    })),
  },
  {
    name: 'open the firewall for every port',
    within: 20,
    mutation: inCompute((compute) => ({
      insert: (ref, body, id) => compute.insert(ref, ref.collection === 'firewalls' ? wide(body) : body, id),
    })),
  },
  {
    name: 'let older versions win',
    within: 200,
    mutation: { event: (event, now) => ({ ...event, publishedAt: now }) },
  },
  {
    name: 'hide what is degraded',
    within: 100,
    mutation: inStore({
      set(collection, doc) {
        const ingress = doc as IngressDoc
        return collection === 'ingresses' && ingress.phase === 'Degraded' ? { ...ingress, phase: 'Ready' } : doc
      },
    }),
  },
  {
    name: 'write no intent before a mutation',
    within: 300,
    mutation: inStore({
      set: resource((doc) =>
        doc.phase === 'Working' && doc.why.startsWith('being ') && doc.operation === null ? undefined : doc,
      ),
    }),
  },
  {
    name: 'trust absence while a creation is under way',
    within: 1_000,
    mutation: inStore({ set: resource(({ mayAppearUntil: _, ...doc }) => doc) }),
  },
  {
    name: 'do not note that news of a cluster is untold',
    within: 1_000,
    mutation: inStore({
      set(collection, doc) {
        if (collection !== 'clusters') return doc
        const { untold: _, ...told } = doc as ClusterDoc
        return told
      },
    }),
  },
  {
    name: 'lose a nudge that comes during a visit',
    within: 1_000,
    mutation: inStore({ set: resource((doc) => ({ ...doc, nudges: 0 })) }),
  },
]

function without<T extends object>(body: T, member: string): T {
  return Object.fromEntries(Object.entries(body).filter(([key]) => key !== member)) as T
}

function wide<T extends object>(body: T): T {
  return { ...body, allowed: [{ IPProtocol: 'tcp' }] }
}
