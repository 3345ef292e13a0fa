import { read } from '../../shared/engine/view.ts'
import type { ResourceDoc } from '../../shared/state/documents.ts'
import { queries } from '../../shared/state/store.ts'
import { ourActor } from './compute-wire.ts'
import { resourceOf } from './drift.ts'
import { losses, seenIn, type Seen } from './losses.ts'
import { services } from './manifests.ts'
import { strangersIn } from './serving.ts'
import type { Owned } from './people.ts'
import type { Story } from './story.ts'

/** Something that must hold at every step; it watches the world and says when it was broken. */
export interface Invariant {
  name: string
  watch: (story: Story, broken: (text: string) => void) => void
}

/** Collections whose mutations carry a fingerprint, so that no stale writer can get through. */
const fingerprinted = /\/(backendServices|urlMaps|instanceGroups)\//

/** Where Google's load balancers and health checks come from. */
const googleRanges = ['130.211.0.0/22', '35.191.0.0/16']

/** Who waits for nothing any more is at work again within this time, when nothing goes wrong; milliseconds. */
const wakeWithin = 12_000

/** Everything that must hold at every step. Parts that add kinds add theirs here. */
export const invariants: readonly Invariant[] = [
  {
    name: 'nothing foreign is touched',
    watch(story, broken) {
      story.world.watchers.mutation.push(({ request, target, status }) => {
        if (status === 200 && story.foreign.has(target)) broken(`${request.method} ${target}, which is not ours`)
        if (status !== 200 || !request.path.endsWith('/setNamedPorts')) return
        const sent = ((request.body as { namedPorts?: { name: string }[] }).namedPorts ?? []).map(({ name }) => name)
        const present = (story.world.compute.get(target)?.body['namedPorts'] ?? []) as unknown as { name: string }[]
        const lost = present.filter(({ name }) => !name.startsWith('mci1-') && !sent.includes(name))
        if (lost.length > 0)
          broken(`named ports ${lost.map(({ name }) => name).join(', ')} of others are taken from ${target}`)
      })
    },
  },
  {
    name: 'no reference violation',
    watch(story, broken) {
      const removed = new Set<string>()
      const newest = new Map<string, number>()
      story.world.watchers.set.push((_invocation, collection, id, doc) => {
        if (collection === 'leases') newest.set(id, Math.max(newest.get(id) ?? 0, (doc as { token: number }).token))
      })
      story.world.watchers.mutation.push(({ invocation, request, target, status, reason, message }) => {
        if (request.method === 'DELETE' && status === 200) removed.add(target)
        // Of a holder that slept and was overtaken the API keeps the order too.
        const id = resourceOf(target) ?? ''
        if ((invocation.tokens.get(id) ?? Infinity) < (newest.get(id) ?? 0)) return
        // Who is shown an old state takes a reference for gone that is there: then only the API keeps the order.
        if (story.disturbed.has('everything') || story.world.faults.has('stale read') || !message.includes('mci1-'))
          return
        if (status === 400 && reason.startsWith('resourceInUse') && request.method === 'DELETE')
          broken(`${target} was to be removed while it was referred to: ${message}`)
        // A removal whose answer was lost, and that was overtaken by a new wish, shows only when it is done.
        const known = [...removed].some((path) => message.includes(`'${path}'`))
        const refers = request.method !== 'DELETE' && !message.includes(target) && !known
        if (status === 404 && refers) broken(`${target} was to refer to what does not exist: ${message}`)
        if (reason === 'resourceNotReady' && refers)
          broken(`${target} was to refer to what is still being made: ${message}`)
      })
    },
  },
  {
    name: 'no stale writer gets through where the API can tell',
    watch(story, broken) {
      const acted = new Map<string, number>()
      /** Changes under way, by their target: one that fails leaves the fingerprint as it was, and the API cannot tell. */
      const begun = new Map<string, { id: string; token: number }>()
      const { watchers, faults, compute } = story.world
      compute.onChange(({ phase, target, error }) => {
        const one = begun.get(target)
        if (phase !== 'finished' || error !== null || one === undefined) return
        acted.set(one.id, Math.max(acted.get(one.id) ?? 0, one.token))
      })
      watchers.set.push((invocation, collection, id, doc) => {
        if (collection !== 'leases') return
        const { token, expiresAt } = doc as { token: number; expiresAt: number }
        if (expiresAt > 0) invocation.tokens.set(id, token)
      })
      watchers.mutation.push(({ invocation, request, target, status }) => {
        const id = resourceOf(target)
        const token = id === undefined ? undefined : invocation.tokens.get(id)
        if (id === undefined || token === undefined || status !== 200) return
        const newest = acted.get(id) ?? 0
        if (token < newest) {
          faults.reached('stale holder acted')
          if (
            fingerprinted.test(target) &&
            request.method !== 'DELETE' &&
            !(request.method === 'POST' && !request.path.includes(':'))
          )
            broken(`a holder with token ${token} changed ${target} after ${newest} had acted`)
        }
        begun.set(target, { id, token })
      })
    },
  },
  {
    name: 'no service loses what serves it',
    watch(story, broken) {
      const { compute, trace } = story.world
      let before: Seen | undefined
      let underWay = 0
      compute.onChange(({ phase, actor, target, method, error }) => {
        if (actor !== ourActor) return
        underWay += phase === 'started' ? 1 : -1
        if (phase === 'started' || error !== null || before === undefined) return
        const now = seenIn(story)
        for (const lost of losses(story, before, now)) {
          trace.note('INVARIANT', () => `${method} ${target}: ${lost}`)
          broken(`${method} of ${target}: ${lost}`)
        }
      })
      story.world.beforeOperationEnds.push(() => {
        before = underWay > 0 ? seenIn(story) : undefined
      })
    },
  },
  {
    name: 'a backend service is of one sort, and of one service',
    watch(story, broken) {
      story.world.watchers.mutation.push(({ request, target, status, message }) => {
        if (!target.includes('/backendServices/')) return
        const sent = (request.body ?? {}) as { backends?: { group: string }[] }
        const { backends = [] } = sent
        const negs = backends.filter(({ group }) => group.includes('/networkEndpointGroups/'))
        if (negs.length > 0 && negs.length < backends.length)
          broken(`${target} is to have instance groups and network endpoint groups (${status} ${message})`)
        const after = { ...story.world.compute.get(target)?.body, ...sent }
        for (const text of status === 200 ? strangersIn(story.world, after) : []) broken(text)
      })
    },
  },
  {
    name: 'the firewall is never wider than asked',
    watch(story, broken) {
      story.world.watchers.mutation.push(({ request, target, status }) => {
        if (status !== 200 || !target.includes('/firewalls/') || request.method === 'DELETE') return
        const body = request.body as {
          sourceRanges?: string[]
          targetTags?: string[]
          allowed?: { IPProtocol: string; ports?: string[] }[]
        }
        const tags = new Set([...story.world.clusters.values()].map(({ nodeTag }) => nodeTag))
        const ports = new Set(story.owned.flatMap((owned) => [...portsOf(story, owned)]).map(String))
        const wide = [
          ...(body.sourceRanges ?? []).filter((range) => !googleRanges.includes(range)),
          ...(body.targetTags ?? []).filter((tag) => !tags.has(tag)),
          ...(body.allowed ?? [])
            .flatMap((rule) => (rule.IPProtocol === 'tcp' ? (rule.ports ?? ['all']) : [rule.IPProtocol]))
            .filter((port) => !ports.has(port)),
        ]
        if (wide.length > 0) broken(`${target} lets in ${wide.join(', ')}`)
        if (request.method === 'POST' && (body.targetTags ?? []).length === 0)
          broken(`${target} is for every machine of its network`)
      })
    },
  },
  {
    name: 'no private key outside Compute and the clusters',
    watch(story, broken) {
      const { watchers } = story.world
      watchers.set.push((_invocation, collection, id, doc) => {
        if (collection !== 'leases' && holdsKey(doc)) broken(`${collection} ${id} holds a private key`)
      })
      watchers.logged.push((_level, fields, message) => {
        if (holdsKey(fields)) broken(`the log line "${message}" holds a private key`)
      })
      watchers.published.push((topic, body) => {
        if (holdsKey(body)) broken(`a message for ${topic} holds a private key`)
      })
      watchers.mutation.push(({ request, target }) => {
        if (!target.includes('/sslCertificates/') && holdsKey(request.body)) broken(`${target} is sent a private key`)
      })
      watchers.clusterMutation.push((_invocation, cluster, { path, body }) => {
        if (holdsKey(body)) broken(`${path} in cluster ${cluster} is sent a private key`)
      })
    },
  },
  {
    name: 'no wake-up is lost',
    watch(story, broken) {
      const { clock, store, plan, watchers } = story.world
      // Where nothing is lost or late, whoever waits is woken by what it waits for, and not by the tick.
      if (plan.disturbed) return
      /** Who waits, or has begun to since. */
      const waiting = new Set<ResourceDoc['id']>()
      watchers.set.push((_invocation, collection, _id, written) => {
        // Once it is committed.
        if (collection === 'resources' && isAwaiting(written as ResourceDoc))
          clock.after(50, () => waiting.add((written as ResourceDoc).id))
      })
      const satisfied = new Map<string, number>()
      const check = async (): Promise<void> => {
        for (const id of [...waiting].sort()) {
          const doc = await store.get('resources', id)
          const isStill = doc !== undefined && isAwaiting(doc)
          if (!isStill) waiting.delete(id)
          const awaited = isStill ? await store.getAll('resources', doc.waitingOn) : []
          const done = isStill && awaited.length > 0 && awaited.every(isThere)
          if (done && satisfied.get(id) === doc.updatedAt) broken(`${id} waits for what is there: ${doc.why}`)
          if (done) satisfied.set(id, doc.updatedAt)
          else satisfied.delete(id)
        }
      }
      const again = (): void => {
        void check()
        clock.after(wakeWithin, again)
      }
      clock.after(wakeWithin, again)
    },
  },
  {
    name: 'what rests is as it is wanted now',
    watch(story, broken) {
      const { clock, store, outside, watchers } = story.world
      // Claims change together with the document that they are on, so that no committed state has one at rest by old ones; of what is
      // shared, while their Ingress says that it is still to be stirred.
      const isToBeStirred = async (id: ResourceDoc['id']): Promise<boolean> =>
        (await store.find(queries.ingresses())).some(({ stirring = [] }) => stirring.includes(id))
      const check = async (id: ResourceDoc['id']): Promise<void> => {
        const kind = outside.kinds.find((candidate) => candidate.name === id.split('/')[0])
        const view = kind === undefined ? undefined : await read(store, kind, id)
        if (view === undefined || !isAtRest(view.doc)) return
        if (view.doc.readyHash !== view.wantHash && !(await isToBeStirred(id)))
          broken(`${id} rests (${view.doc.why}), and is wanted otherwise`)
      }
      watchers.set.push((_invocation, collection, _id, written) => {
        const doc = written as ResourceDoc
        // Once it is committed.
        if (collection === 'resources' && isAtRest(doc)) clock.after(50, () => void check(doc.id))
      })
    },
  },
  {
    name: 'the token of a document never goes back',
    watch(story, broken) {
      const { clock, store, watchers } = story.world
      const newest = new Map<string, { token: number; createdAt: number }>()
      const check = async (id: string): Promise<void> => {
        const doc = await store.get('resources', id)
        const before = newest.get(id)
        if (doc === undefined) newest.delete(id)
        else newest.set(id, { token: doc.token, createdAt: doc.createdAt })
        if (doc !== undefined && doc.createdAt === before?.createdAt && doc.token < before.token)
          broken(`${id} was written under token ${doc.token} after ${before.token}`)
      }
      watchers.set.push((_invocation, collection, id) => {
        // Once it is committed.
        if (collection === 'resources') clock.after(50, () => void check(id))
      })
    },
  },
  {
    name: 'no programming error',
    watch(story, broken) {
      story.world.watchers.logged.push((level, fields, message) => {
        if (
          level !== 'info' &&
          /\b(TypeError|ReferenceError|RangeError|SyntaxError|DocumentRefused)\b/.test(JSON.stringify(fields))
        )
          broken(`${message}: ${JSON.stringify(fields).slice(0, 400)}`)
      })
    },
  },
  {
    name: 'none of our own messages is bad',
    watch(story, broken) {
      story.world.watchers.set.push((_invocation, collection, _id, doc) => {
        const letter = doc as { topic: string; why: string; data: string }
        if (collection === 'deadLetters' && letter.topic !== 'ingress-specs')
          broken(`a dead letter of ${letter.topic}: ${letter.why}: ${letter.data}`)
      })
    },
  },
]

/** What Ingresses share exists for the others already: of who waits for it, it may lack the part until it rests. */
function isThere(doc: ResourceDoc | undefined): boolean {
  return doc?.applied === true && (doc.owner !== '' || doc.phase === 'Ready')
}

function isAwaiting({ phase, waitingFor }: ResourceDoc): boolean {
  return phase === 'Waiting' && waitingFor === 'exist'
}

function isAtRest({ phase, wakeAt }: ResourceDoc): boolean {
  return phase === 'Ready' && wakeAt === null
}

/** By what every key of these worlds begins with: as PEM text, and in base64 as secrets are read. */
function holdsKey(value: unknown): boolean {
  const text = JSON.stringify([value])
  return text.includes('MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0') || text.includes('LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0')
}

/** Every port by which a service of an Ingress's namespace was ever reached. */
function portsOf(story: Story, owned: Owned): Set<number> {
  const ports = new Set<number>()
  for (const service of services) {
    if (service.namespace !== owned.name.namespace) continue
    for (const port of story.nodePorts.get(`${service.namespace}/${service.name}`) ?? []) ports.add(port)
  }
  return ports
}
