import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readInfra, textsIn, type Declared } from './hcl.ts'

const modules = await readInfra()
const resources = modules.flatMap((one) => one.resources)
const of = (type: string): Declared[] => resources.filter((one) => one.type === type)
const only = (type: string, name: string): Record<string, unknown> => {
  const [found, ...more] = of(type).filter((one) => one.name === name)
  if (found === undefined || more.length > 0) throw new Error(`there is not one ${type}.${name}`)
  return found.body
}
const registry = JSON.parse(readFileSync(new URL('../../infra/registry.json', import.meta.url), 'utf8')) as {
  identities: Record<string, { compute: string[]; state: string[]; clusters: string[] }>
}

describe('who may call a function', () => {
  const push = '${google_service_account.push.email}'
  const uri = '${google_cloudfunctions2_function.function[each.key].service_config[0].uri}'

  it('every push shows an identity that is for this one function', () => {
    const subscriptions = of('google_pubsub_subscription')
    expect(subscriptions).toHaveLength(1)
    const [config] = subscriptions[0]?.body['push_config'] as Record<string, unknown>[]
    expect(config).toEqual({ push_endpoint: uri, oidc_token: [{ service_account_email: push, audience: uri }] })
  })
  it('Cloud Run lets nobody else in: the pushes’ identity to event functions, and the dashboard’s members to the status', () => {
    const invokers = of('google_cloud_run_service_iam_member').map(({ name, body }) => [
      name,
      body['role'],
      body['member'],
    ])
    expect(invokers.sort()).toEqual([
      ['dashboard', 'roles/run.invoker', '${each.key}'],
      ['push', 'roles/run.invoker', '${google_service_account.push.member}'],
    ])
    expect(only('google_cloud_run_service_iam_member', 'dashboard')['for_each']).toBe('${var.dashboard_members}')
    // Policies and bindings would replace what is said here.
    expect(resources.filter(({ type }) => /_iam_(policy|binding)$/.test(type))).toEqual([])
    expect(of('google_cloudfunctions2_function_iam_member')).toEqual([])
  })
  it('event functions are not on the Internet', () => {
    const [config] = only('google_cloudfunctions2_function', 'function')['service_config'] as Record<string, unknown>[]
    expect(config?.['ingress_settings']).toBe('${each.value.topic == null ? "ALLOW_ALL" : "ALLOW_INTERNAL_ONLY"}')
  })
  it('nobody is everybody', () => {
    const texts = resources.flatMap(({ body }) => textsIn(body))
    expect(texts.filter((text) => /allUsers|allAuthenticatedUsers/.test(text))).toEqual([])
    for (const variable of ['publishers', 'cluster_registrars', 'dashboard_members']) {
      const [validation] = modules.find(({ folder }) => folder === '.')?.variables[variable]?.['validation'] as {
        condition: string
      }[]
      expect(validation?.condition).toMatch(/can\(regex\("\^\((?!.*all)[a-zA-Z|]+\):"/)
    }
  })
  it('the identity of pushes may do nothing else', () => {
    const grants = resources.filter(
      ({ type, body }) => /_iam_member$/.test(type) && /push\.member/.test(String(body['member'])),
    )
    expect(grants.map(({ type, name }) => `${type}.${name}`)).toEqual(['google_cloud_run_service_iam_member.push'])
  })
})

describe('who may publish', () => {
  it('Ingresses, clusters and nudges are three things', () => {
    const members = of('google_pubsub_topic_iam_member').map(({ name, body }) => `${name}: ${String(body['member'])}`)
    expect(members.sort()).toEqual([
      'announcements: ${google_service_account.function["planner"].member}',
      'audit: ${google_logging_project_sink.audit.writer_identity}',
      'dead_letters: ${local.pubsub_agent}',
      'listeners: ${each.value}',
      'nudges: ${google_service_account.function[each.value.identity].member}',
      'people: ${each.value.member}',
      'replays: ${google_service_account.function["keeper"].member}',
    ])
    const people = String(only('google_pubsub_topic_iam_member', 'people')['for_each'])
    expect(people).toMatch(/var\.publishers : "[^"]*\/ingress-specs"/)
    expect(people).toMatch(/var\.cluster_registrars : "[^"]*\/cluster-changes"/)
    expect(people.match(/topic = "[\w-]+"/g)).toEqual([
      'topic = "ingress-specs"',
      'topic = "cluster-changes"',
      'topic = "dead-letters"',
    ])
  })
  it('a kept message is sent again only for those who may publish anything, and nowhere but to where it came from', () => {
    const people = String(only('google_pubsub_topic_iam_member', 'people')['for_each'])
    expect(people).toMatch(/var\.cluster_registrars : "[^"]*\/dead-letters"/)
    expect(people.match(/\/dead-letters"/g), 'and nobody else has it asked for').toHaveLength(1)
    const replays = only('google_pubsub_topic_iam_member', 'replays')
    expect(replays['for_each']).toBe('${setsubtract(local.registry.topics, ["dead-letters"])}')
    // Nobody sends to this function but Pub/Sub and those people: no other function's identity may.
    expect(registry.identities['keeper']).toMatchObject({ publishes: false, compute: [], clusters: [] })
  })
  it('of the functions only who looks at clusters sends to where clusters are registered, and needs to', () => {
    const nudges = String(only('google_pubsub_topic_iam_member', 'nudges')['for_each'])
    expect(nudges).toContain('if pair[0] == "watcher" || !contains(["cluster-changes", "scheduler-ticks"], pair[1])')
    expect(nudges).toContain('["ingress-specs", "dead-letters"]')
    const engine = new URL('../../shared/engine/', import.meta.url)
    const senders = readdirSync(engine).filter((file) =>
      /clusterNudgeOf|topic: '(cluster-changes|scheduler-ticks)'/.test(readFileSync(new URL(file, engine), 'utf8')),
    )
    // notice is a part of cluster-change, tick of scheduler-tick: both are the watcher's.
    expect(senders.sort()).toEqual(['notice.ts', 'nudge.ts', 'tick.ts'])
  })
})

describe('what a stolen identity cannot do', () => {
  const having = (what: 'compute' | 'state' | 'clusters', pattern: RegExp): string[] =>
    Object.entries(registry.identities)
      .filter(([, one]) => one[what].some((permission) => pattern.test(permission)))
      .map(([name]) => name)
  it.each([
    {
      reason: 'change Compute',
      what: 'compute',
      pattern: /\.(create|delete|update|set\w+)$/,
      not: ['planner', 'watcher', 'clusters', 'keeper', 'reader'],
    },
    { reason: 'talk to clusters', what: 'clusters', pattern: /./, not: ['planner', 'balancer', 'keeper', 'reader'] },
    { reason: 'write state', what: 'state', pattern: /\.(create|delete|update)$/, not: ['reader'] },
    {
      reason: 'act as somebody else, or change who may what',
      what: 'compute',
      pattern: /iam\.|setIamPolicy|actAs/,
      not: Object.keys(registry.identities),
    },
  ] as const)('$reason', ({ what, pattern, not }) => {
    expect(Object.keys(registry.identities)).toEqual(expect.arrayContaining([...not]))
    expect(having(what, pattern).filter((name) => (not as readonly string[]).includes(name))).toEqual([])
  })
})
