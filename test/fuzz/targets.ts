import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { parseEvent, Poison } from '../../functions/event.ts'
import { clusterIngress } from '../../functions/reconcile/cluster-ingress.ts'
import { kinds } from '../../functions/reconcile/index.ts'
import { eventFunctions } from '../../functions/registry.ts'
import { answer } from '../../functions/status.ts'
import { createWatch } from '../../functions/status-watch.ts'
import { parseServerRules, routeOf, type ServerPolicy } from '../../shared/cloud/cluster-servers.ts'
import { isGkeName } from '../../shared/cloud/gke.ts'
import type { Cluster } from '../../shared/cloud/kubernetes-port.ts'
import { createClusters } from '../../shared/cloud/kubernetes.ts'
import { parseAuditEntry } from '../../shared/engine/audit-entry.ts'
import { parseAttributes } from '../../shared/ingress/attributes.ts'
import { parseManifest } from '../../shared/ingress/manifest.ts'
import { parseSelector } from '../../shared/ingress/selector.ts'
import type { ClusterView } from '../../shared/planning/facts.ts'
import { isResourceName } from '../../shared/planning/names.ts'
import { plan } from '../../shared/planning/plan.ts'
import { readService, readStamp } from '../../shared/planning/stamp.ts'
import { publicPart } from '../../shared/planning/tls-pair.ts'
import { parseResourceId, resourceId } from '../../shared/resource-id.ts'
import { queries } from '../../shared/state/store.ts'
import { testDeps, type TestDeps } from '../unit/engine/deps.ts'
import { onlyThese } from '../unit/kinds/cluster.ts'
import { clusterOf, factsOf, ingressOf, modelOf, to } from '../unit/planning/facts.ts'
import * as inputs from './inputs.ts'

/** Something that reads what comes from outside, and what may come. `attempt` throws when it is not as it must be. */
export interface Target<T = unknown> {
  name: string
  /** Of every hundred cases, so many are its. */
  share: number
  cases: fc.Arbitrary<T>
  attempt: (value: T) => void | Promise<void>
}

function target<T>(name: string, share: number, cases: fc.Arbitrary<T>, attempt: Target<T>['attempt']): Target {
  return { name, share, cases, attempt: (value) => attempt(value as T) }
}

function check(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what)
}

/** Sentences of bounded length, and nothing in them that a terminal or a page could take for more than text. */
function checkManifest(text: string): void {
  const parsed = parseManifest(text)
  if (parsed.ok) {
    check(parsed.ingresses.length + parsed.objects.length > 0, 'a good message holds something')
    for (const { model } of parsed.ingresses) checkPlan(model)
    return
  }
  check(parsed.problems.length > 0 && parsed.problems.length <= 101, 'a bad message says why, and not without end')
  for (const { where, message } of parsed.problems) {
    check(where !== '' && where.length < 400 && message.length < 700, `a sentence of ${message.length} characters`)
    check(!/[\u0000-\u001f\u007f]/.test(where + message), 'control characters come back')
  }
}

/** Whatever was taken can be planned, by every kind. */
function checkPlan(model: Parameters<typeof modelOf>[0] & object, view?: Partial<ClusterView>): void {
  const doc = ingressOf(modelOf(model))
  const made = plan(
    kinds,
    doc,
    factsOf(clusterOf('k0', view === undefined ? {} : { view }), clusterOf('k1')),
    new Map(),
  )
  const ids = made.desired.map(({ id }) => id)
  check(new Set(ids).size === ids.length, 'a resource is wanted twice')
}

const unpolluted = Reflect.ownKeys(Object.prototype).length
function checkPrototypes(): void {
  check(Reflect.ownKeys(Object.prototype).length === unpolluted, 'the prototype of all objects was changed')
}

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const realTexts = ['examples/zone-printer/ingress.yaml', 'examples/shop/ingress.yaml'].map(read)

const published = (name: string): string =>
  JSON.stringify({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name, namespace: 'shop' },
    spec: { defaultBackend: { service: { name: 'web', port: { number: 80 } } } },
  })

/** Takes a message as a deployed function does: what no redelivery can make good is Poison, and everything else is a crash. */
async function deliver(deps: TestDeps, name: string, body: unknown): Promise<void> {
  const found = eventFunctions.find((one) => one.name === name)
  if (found === undefined) throw new Error(`there is no function ${name}`)
  try {
    await found.handle(deps, parseEvent(body, deps.clock.now()))
  } catch (error) {
    if (!(error instanceof Poison)) throw error
  }
}

const wrapped = (text: string, attributes: Record<string, string> = {}): object => ({
  message: {
    data: Buffer.from(text).toString('base64'),
    attributes,
    messageId: 'm0',
    publishTime: '2026-01-01T00:00:00Z',
  },
})

/** Three Ingresses are there; then one message comes, and afterwards all or none of what it says is taken. */
async function oneMessage(body: unknown): Promise<void> {
  const deps = testDeps({ kinds })
  for (const name of ['a', 'b', 'c']) await deliver(deps, 'ingress-spec', wrapped(published(name)))
  const generations = async (): Promise<Map<string, number>> =>
    new Map((await deps.store.find(queries.ingresses())).map(({ id, generation }) => [id, generation]))
  const before = await generations()
  await deliver(deps, 'ingress-spec', body)
  const after = await generations()
  checkPrototypes()
  const said = saidBy(body, deps)
  if (said === undefined) return
  const moved = said.filter((id) => (after.get(id) ?? 0) !== (before.get(id) ?? 0))
  // Every document of these messages differs from what is there.
  check(moved.length === 0 || moved.length === said.length, `partly applied: ${moved.join()} of ${said.join()}`)
}

/** The Ingresses that an application names; undefined where the message is another action, or none. */
function saidBy(body: unknown, deps: TestDeps): string[] | undefined {
  try {
    const event = parseEvent(body, deps.clock.now())
    const command = parseAttributes(event.attributes, event.data !== null)
    const manifest = event.data === null ? undefined : parseManifest(event.data)
    if (!command.ok || command.command.action !== 'apply') return undefined
    if (manifest?.ok === false) return manifest.named.map(({ namespace, name }) => `${namespace}/${name}`)
    return manifest?.ingresses.map(({ model }) => `${model.namespace}/${model.name}`)
  } catch {
    return undefined
  }
}

const policy: ServerPolicy = {
  servers: parseServerRules('https://listed.example/k8s').rules,
  gkeProjects: ['lb-project'],
  unlisted: 'refused',
}

async function oneRegistration(body: unknown): Promise<void> {
  const gke = (): never => {
    throw new Error('a registration alone asks nobody')
  }
  const clusters = createClusters({ ...policy, gke })
  const deps = testDeps({ kinds })
  deps.clusters = { ...deps.clusters, refusal: (registration) => clusters.refusal(registration) }
  await deliver(deps, 'cluster-change', body)
  for (const { registration } of await deps.store.find(queries.clusters()))
    check(routeOf(registration, policy) !== undefined, `registered: ${registration.server}`)
  checkPrototypes()
}

/** What the planner is told of a cluster whose objects say this. */
async function oneLook({
  groups,
  service,
  port,
  secret,
}: typeof inputs.clusterTexts extends fc.Arbitrary<infer T> ? T : never): Promise<void> {
  const object = {
    metadata: {
      name: 'zp',
      namespace: 'default',
      annotations: {
        'ingress.gcp.kubernetes.io/instance-groups': groups,
        'kubernetes.io/ingress.class': 'gce-multi-cluster',
      },
    },
    spec: {},
  }
  const client = onlyThese({
    ingress: () => Promise.resolve(object),
    service: () =>
      Promise.resolve({
        metadata: { name: 'web', annotations: service },
        spec: { type: 'NodePort', ports: [{ ...port, nodePort: port.nodePort ?? 0 }] },
      }),
    serviceNegs: () => Promise.resolve([]),
    secret: () => Promise.resolve({ metadata: { name: 'pair' }, data: secret }),
    config: () => Promise.resolve(undefined),
  })
  const seen = await clusterIngress.observe(
    cloudOf(client),
    resourceId('cluster-ingress', 'k0', 'default', 'zp'),
    { services: ['web'], secrets: ['pair'], object: { labels: {}, annotations: {}, spec: {} } },
    null,
  )
  const view = seen.output as ClusterView
  check(!JSON.stringify(view).includes('PRIVATE KEY'), 'a key comes out')
  if (view.groups.state === 'known')
    for (const { zone, name } of view.groups.groups)
      check(isResourceName(zone) && isResourceName(name), `${zone}/${name} would be a part of a URL`)
  checkPlan({ defaultBackend: to('web') }, view)
  checkPrototypes()
}

function cloudOf(client: Cluster): Parameters<typeof clusterIngress.observe>[0] {
  return {
    compute: testDeps().compute,
    cluster: () => Promise.resolve(client),
    isLeaving: () => Promise.resolve(false),
    now: () => 0,
    recall: (_what, _ms, look) => look(),
    aside: () => undefined,
  }
}

async function oneRequest({
  method,
  path,
  query,
}: {
  method: string
  path: string
  query: { limit?: string; after?: string }
}): Promise<void> {
  const deps = testDeps({ kinds })
  await deliver(deps, 'ingress-spec', wrapped(published('a')))
  const { status, body } = await answer({ ...deps, watch: createWatch(deps) }, method, path, query)
  check([200, 400, 404, 405].includes(status), `HTTP ${status}`)
  const text = JSON.stringify(body)
  check(text.length < 100_000, `an answer of ${text.length} characters`)
  if (status >= 400) check(text.length < 700, 'the request comes back in full')
}

const internal = eventFunctions
  .map(({ name }) => name)
  .filter((name) => name !== 'ingress-spec' && name !== 'cluster-change')

/** Whoever may publish to an internal topic has nothing made, changed or removed that nobody wants. */
async function oneNudge([name, body]: [string, unknown]): Promise<void> {
  const deps = testDeps({ kinds })
  await deliver(deps, name, body)
  const made = (await Promise.all(kinds.map((kind) => deps.store.find(queries.resourcesOfKind(kind.name))))).flat()
  check(made.length === 0, `${made.map(({ id }) => id).join()} has a document`)
}

const nudge = fc.oneof(
  fc
    .record({
      id: fc.constantFrom('url-map/p/x', 'named-ports/p/z/x', 'x', '__proto__/a', 'url-map//', 'address/p/..'),
    })
    .map((value) => JSON.stringify(value)),
  fc.record({ ingress: fc.constantFrom('shop/a', '/', '__proto__', 'a/b/c') }).map((value) => JSON.stringify(value)),
  fc
    .record({
      sweep: fc.constantFrom('kind', 'machines', 'cluster', 'x'),
      kind: fc.constantFrom('url-map', '__proto__'),
      project: fc.constantFrom('p', '..'),
      cluster: fc.constantFrom('c', '__proto__'),
    })
    .map((value) => JSON.stringify(value)),
  inputs.json.map((value) => JSON.stringify(value)),
  inputs.oddText,
)

/** Everything that reads what comes from outside. */
export const targets: readonly Target[] = [
  target('manifest: noise of YAML', 20, inputs.yamlNoise, checkManifest),
  target('manifest: any text', 4, fc.string({ unit: 'binary', maxLength: 300 }), checkManifest),
  target(
    'manifest: any JSON',
    10,
    inputs.json.map((value) => JSON.stringify(value)),
    checkManifest,
  ),
  target(
    'manifest: a good Ingress with one damaged part',
    14,
    inputs.almostGood.map((value) => JSON.stringify(value)),
    checkManifest,
  ),
  target(
    'manifest: another kind with one damaged part',
    8,
    inputs.beside.map((value) => JSON.stringify(value)),
    checkManifest,
  ),
  target('manifest: a real one, edited', 10, inputs.edited(realTexts), checkManifest),
  target('manifest: huge, deep, or multiplying', 0.2, inputs.huge, checkManifest),
  target(
    'ingress-spec: a message with several documents',
    8,
    inputs.pushBody(
      fc
        .array(fc.oneof({ weight: 4, arbitrary: inputs.almostGood }, { weight: 1, arbitrary: inputs.beside }), {
          minLength: 1,
          maxLength: 4,
        })
        .map((all) => all.map((one) => JSON.stringify(one)).join('\n---\n')),
    ),
    oneMessage,
  ),
  target(
    'ingress-spec: a message with anything',
    4,
    inputs.pushBody(fc.oneof(inputs.yamlNoise, inputs.oddText)),
    oneMessage,
  ),
  target(
    'cluster-change: a registration',
    6,
    inputs.pushBody(inputs.clusterChange.map((value) => JSON.stringify(value))),
    oneRegistration,
  ),
  target(
    'cluster-change: an audit-log entry',
    3,
    inputs.pushBody(inputs.auditEntry.map((value) => JSON.stringify(value))),
    oneRegistration,
  ),
  target('internal topics: a nudge', 4, fc.tuple(fc.constantFrom(...internal), inputs.pushBody(nudge)), oneNudge),
  target('audit-log entries', 4, fc.oneof(inputs.auditEntry, inputs.json), (value) => {
    const entry = parseAuditEntry(value)
    check(entry === undefined || entry.subjects.length <= 10, 'an entry is about too much')
  }),
  target('attributes', 2, fc.oneof(inputs.attributes, inputs.json), (value) => {
    const parsed = parseAttributes(value, true)
    check(parsed.ok || parsed.problems.length > 0, 'refused without a reason')
  }),
  target('what a cluster shows', 4, inputs.clusterTexts, oneLook),
  target('status requests', 2, inputs.statusRequest, oneRequest),
  target('names and small texts', 0.5, inputs.oddText, (text) => {
    parseSelector(text)
    readStamp(text)
    readService(text)
    parseResourceId(text)
    parseServerRules(text)
    check(!isGkeName(text), `${text} names a cluster`)
    publicPart({ 'tls.crt': text, 'tls.key': text })
    check(parseResourceId(text) === undefined || text.includes('/'), 'an id without a kind')
  }),
]
