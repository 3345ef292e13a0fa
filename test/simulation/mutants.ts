import type { BusMessage } from '../../shared/cloud/bus-port.ts'
import type { Observation } from '../../shared/engine/kind.ts'
import type { ClusterView } from '../../shared/planning/facts.ts'
import { splitResourceId } from '../../shared/resource-id.ts'
import type { ClusterDoc, IngressDoc, LeaseDoc } from '../../shared/state/documents.ts'
import type { Store } from '../../shared/state/store.ts'
import type { FaultKind } from './faults.ts'
import {
  believedLists,
  emptyWhenSilent,
  inCompute,
  inKinds,
  inStore,
  resource,
  stale,
  tamper,
  without,
} from './tampering.ts'
import type { Mutation } from './world.ts'

/** A deliberate bug that the simulation has to catch. It is put between the system and its ports; the system has no switch for it. */
export interface Mutant {
  name: string
  /** How many seeds, or kills of its scenario, it may take to catch it. */
  within: number
  /** What goes wrong in its worlds; absent = at random, as in every world. */
  faults?: readonly FaultKind[]
  /** A scenario, killed after its first call, its second, ...; absent = worlds from seeds. */
  scenario?: string
  mutation: Mutation
}

/** More than there are tokens in any world. */
const farBack = 1_000_000

/** Every deliberate bug. */
export const mutants: readonly Mutant[] = [
  {
    name: 'skip the fence',
    within: 20,
    faults: ['slept before a mutation', 'slept past its lease', 'message duplicated', 'operation slow'],
    // Every document looks older than it is; one that is written back as it was read keeps its token.
    mutation: inStore({
      seen: resource((doc) => ({ ...doc, token: doc.token - farBack })),
      set: resource((doc) => (doc.token < 0 ? { ...doc, token: doc.token + farBack } : doc)),
    }),
  },
  {
    name: 'fencing tokens start anew',
    within: 30,
    mutation: inStore({
      seen: (collection, doc) => (collection === 'leases' ? { ...(doc as LeaseDoc), token: 0 } : doc),
    }),
  },
  {
    name: 'forget to read again what is waited for',
    within: 150,
    faults: ['message overtakes', 'message duplicated', 'transaction lost a race', 'operation slow'],
    mutation: { deps: (deps) => ({ ...deps, store: stale(deps, 'resources') }) },
  },
  {
    name: 'come to rest though the claims have changed',
    within: 150,
    faults: ['message overtakes', 'message duplicated', 'transaction lost a race', 'operation slow'],
    mutation: { deps: (deps) => ({ ...deps, store: stale(deps, 'claims') }) },
  },
  {
    name: 'take no word that the claims on what is shared have changed',
    within: 250,
    faults: ['message overtakes', 'message duplicated', 'transaction lost a race', 'operation slow'],
    mutation: inStore({ seen: resource(({ stirred: _, ...doc }) => doc) }),
  },
  {
    name: "ignore an operation's error",
    within: 100,
    faults: ['operation failed late'],
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
    within: 50,
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
    within: 100,
    faults: ['cluster unreachable', 'cluster answer lost'],
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
    within: 80,
    faults: ['slept before a mutation', 'slept past its lease', 'message duplicated', 'compute 412'],
    mutation: inCompute((compute) => ({
      patch: (ref, body, id) => compute.patch(ref, without(body, 'fingerprint'), id),
      update: (ref, body, id) => compute.update(ref, without(body, 'fingerprint'), id),
      call: (ref, verb, body, id) => compute.call(ref, verb, without(body, 'fingerprint'), id),
    })),
  },
  {
    name: 'take over what is not ours',
    within: 250,
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
    within: 100,
    faults: ['message delayed', 'message overtakes'],
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
    within: 80,
    faults: ['done, answer lost', 'killed after a call', 'operation slow'],
    mutation: inStore({
      set: resource((doc) =>
        doc.phase === 'Working' && doc.why.startsWith('being ') && doc.operation === null ? undefined : doc,
      ),
    }),
  },
  {
    name: 'trust absence while a creation is under way',
    within: 150,
    faults: ['done, answer lost', 'stale read', 'killed after a call', 'operation slow'],
    mutation: inStore({ set: resource(({ mayAppearUntil: _, ...doc }) => doc) }),
  },
  {
    name: 'do not note that news of a cluster is untold',
    within: 120,
    scenario: 'a cluster joins',
    mutation: inStore({
      set(collection, doc) {
        if (collection !== 'clusters') return doc
        const { untold: _, ...told } = doc as ClusterDoc
        return told
      },
    }),
  },
  {
    name: 'wake nobody who waits',
    within: 10,
    faults: [],
    mutation: unpublished(({ topic }, by) => by.startsWith('reconcile-') && topic.startsWith('reconcile-')),
  },
  {
    name: 'tell nobody of drift',
    within: 30,
    mutation: unpublished(({ body }, by) => by === 'scheduler-tick' && (body as { why?: string }).why === 'drift'),
  },
  {
    name: 'take a creation that was asked for as done',
    within: 10,
    mutation: inKinds((kind) => ({
      ...kind,
      async create(...asked) {
        await kind.create(...asked)
        return null
      },
    })),
  },
  {
    name: 'take a removal that was asked for as done',
    within: 60,
    mutation: inKinds((kind) => ({
      ...kind,
      async remove(...asked) {
        await kind.remove(...asked)
        return null
      },
    })),
  },
  {
    name: 'plan over what a newer planner wrote',
    within: 60,
    faults: ['message overtakes', 'message duplicated', 'slept past its lease', 'killed after a call'],
    mutation: { deps: (deps) => ({ ...deps, store: withFirstToken(deps.store) }) },
  },
  {
    name: 'see a certificate once and never again',
    within: 100,
    mutation: lookedAt((view, before) => ({ ...view, secrets: { ...view.secrets, ...before?.secrets } })),
  },
  {
    name: 'keep what a secret holds',
    within: 30,
    mutation: inKinds((kind) => ({
      ...kind,
      async observe(cloud, id, want, before) {
        const seen: Observation<unknown> = await kind.observe(cloud, id, want, before)
        const { secrets } = (want ?? {}) as { secrets?: string[] }
        if (kind.name !== 'cluster-ingress' || secrets === undefined) return seen
        const [cluster = '', namespace = ''] = splitResourceId(id).path
        const secret = await (await cloud.cluster(cluster))?.secret(namespace, secrets[0] ?? '')
        return { ...seen, output: { ...(seen.output as object), held: secret?.data['tls.key'] ?? '' } }
      },
    })),
  },
  {
    name: 'see one zone of a cluster',
    within: 100,
    mutation: lookedAt((view) =>
      view.groups.state === 'known'
        ? { ...view, groups: { ...view.groups, groups: view.groups.groups.slice(0, 1) } }
        : view,
    ),
  },
  {
    name: 'take what a list does not show for gone',
    within: 300,
    faults: ['stale list'],
    mutation: {
      deps: (deps, { function: name }) =>
        name === 'scheduler-tick' ? { ...deps, compute: believedLists(deps) } : deps,
    },
  },
  {
    name: 'see the endpoints of another service',
    within: 60,
    mutation: lookedAt((view) => {
      const first = Object.values(view.services).find((service) => service.found && service.negs !== undefined)
      if (first?.found !== true || first.negs === undefined) return view
      const { negs } = first
      const services = Object.entries(view.services).map(([name, service]) => [
        name,
        service.found && service.negs !== undefined ? { ...service, negs } : service,
      ])
      return { ...view, services: Object.fromEntries(services) as ClusterView['services'] }
    }),
  },
  {
    name: 'mix network endpoint groups with instance groups, and take that for right',
    within: 60,
    mutation: believed('backend-service', (want: { backends: { group: string }[] }) => ({
      ...want,
      backends: want.backends.map((backend, at) =>
        at === 0
          ? backend
          : { ...backend, group: backend.group.replace('/networkEndpointGroups/', '/instanceGroups/') },
      ),
    })),
  },
  {
    name: 'take a managed certificate for ACTIVE once it is there',
    within: 3,
    scenario: 'a managed certificate takes the place of a secret, and IPv6 is served too',
    mutation: inKinds((kind) => ({
      ...kind,
      async observe(cloud, id, want, before) {
        const seen: Observation<unknown> = await kind.observe(cloud, id, want, before)
        if (kind.name !== 'ssl-certificate' || seen.output === undefined) return seen
        const { pending: _, ...made } = seen
        return { ...made, output: { ...(seen.output as object), status: 'ACTIVE' } }
      },
    })),
  },
  {
    name: 'serve IPv4 only, and take that for right',
    within: 40,
    mutation: {
      kind: (kind) => ({
        ...kind,
        desire: (layout) => kind.desire(layout).filter(({ id }) => !/^forwarding-rule\/.*\/mci1-fws?6--/.test(id)),
      }),
    },
  },
  {
    name: 'take nothing over of what kubemci left',
    within: 100,
    mutation: inStore({
      set(collection, doc) {
        const ingress = doc as IngressDoc
        if (collection !== 'ingresses' || ingress.living === null) return doc
        return { ...ingress, living: { ...ingress.living, scheme: null, leftovers: [] } }
      },
    }),
  },
  {
    name: 'drain nothing, and take that for right',
    within: 100,
    mutation: believed('backend-service', (want: { backends: { capacityScaler: number }[] }) => ({
      ...want,
      backends: want.backends.map((backend) => ({ ...backend, capacityScaler: 1 })),
    })),
  },
  {
    name: 'route a prefix as one path, and take that for right',
    within: 30,
    mutation: believed('url-map', (want: { pathMatchers: { pathRules: { paths: string[] }[] }[] }) => ({
      ...want,
      pathMatchers: want.pathMatchers.map((matcher) => ({
        ...matcher,
        pathRules: matcher.pathRules.filter(({ paths }) => paths.every((path) => !path.endsWith('/*'))),
      })),
    })),
  },
]

function wide<T extends object>(body: T): T {
  return { ...body, allowed: [{ IPProtocol: 'tcp' }] }
}

/** Messages of ours that are never sent; `by` is the function that would have. */
function unpublished(isLost: (message: BusMessage, by: string) => boolean): Mutation {
  return {
    deps: (deps, { function: by }) => ({
      ...deps,
      bus: { ...deps.bus, publish: (sent) => deps.bus.publish(sent.filter((message) => !isLost(message, by))) },
    }),
  }
}

/** What the planner is told of a cluster is changed. */
function lookedAt(change: (view: ClusterView, before: ClusterView | null) => ClusterView): Mutation {
  return inKinds((kind) => ({
    ...kind,
    async observe(cloud, id, want, before) {
      const seen: Observation<unknown> = await kind.observe(cloud, id, want, before)
      if (kind.name !== 'cluster-ingress' || seen.output === undefined) return seen
      return { ...seen, output: change(seen.output as ClusterView, before as ClusterView | null) }
    },
  }))
}

/** A wrong want that whoever compares wants with the world believes in too. */
function believed<Want>(name: string, change: (want: Want) => Want): Mutation {
  return {
    kind: (kind) =>
      kind.name !== name
        ? kind
        : {
            ...kind,
            desire: (layout) =>
              kind.desire(layout).map((one) => ('hold' in one ? one : { ...one, want: change(one.want as Want) })),
          },
  }
}

/** Reads of an Ingress always show the token that was read first, so that its fence lets everybody in. */
function withFirstToken(store: Store): Store {
  const tokens = new Map<string, number>()
  const first = (doc: IngressDoc): IngressDoc => {
    if (!tokens.has(doc.id)) tokens.set(doc.id, doc.token)
    return { ...doc, token: tokens.get(doc.id) ?? 0 }
  }
  return tamper(store, { seen: (collection, doc) => (collection === 'ingresses' ? first(doc as IngressDoc) : doc) })
}
