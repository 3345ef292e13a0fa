import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deploy, simpleIngress } from '../support/manifests.ts'
import { startSystem, type Report, type System } from '../support/system.ts'
import { firstAnswer, hammer } from '../support/traffic.ts'

const refused = (report: Report | undefined): boolean => report?.phase === 'Failed'

/** What is wrong, what is published, and words that the status (or the dead letter) must say. */
interface Row {
  reason: string
  publish: string
  attributes?: Record<string, string>
  /** The Ingress whose status says it; absent = a dead letter does. */
  ingress?: string
  says: RegExp[]
}

const spec = (name: string, body: object, more: object = {}): string =>
  JSON.stringify({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name, ...more }, spec: body })
const to = (service: string, port: number | string = 80): object => ({
  service: { name: service, port: typeof port === 'number' ? { number: port } : { name: port } },
})

const bomb = [
  'a: &a [x, x, x, x, x, x, x, x, x]',
  ...'bcdefghij'.split('').map(
    (letter, index) =>
      `${letter}: &${letter} [${Array(9)
        .fill(`*${'abcdefghij'[index] ?? ''}`)
        .join(', ')}]`,
  ),
].join('\n')

const rows: Row[] = [
  { reason: 'YAML that does not parse names nobody', publish: 'a: [1, 2', says: [/YAML|flow/i] },
  {
    reason: 'a document that is no Ingress',
    publish: 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x }',
    says: [/ConfigMap/],
  },
  { reason: 'over 256 KiB', publish: `# ${'x'.repeat(300 * 1024)}`, says: [/256|262144/] },
  { reason: 'an alias bomb is not expanded', publish: bomb, says: [/alias|anchor|large|limit|many/i] },
  {
    reason: 'attributes only, and no action that would need none',
    publish: '',
    attributes: { note: 'x' },
    says: [/manifest|data/i],
  },
  {
    reason: 'an action that does not exist',
    publish: '',
    attributes: { action: 'destroy', name: 'x' },
    ingress: 'default/x',
    says: [/action/],
  },
  {
    reason: 'withdrawing what was never published',
    publish: '',
    attributes: { action: 'delete', name: 'nobody' },
    says: [/no Ingress default\/nobody/],
  },
  {
    reason: 'of several documents one is bad: nothing of the message is applied, all problems are said',
    publish: `${simpleIngress('good', 'web')}\n---\n${spec('bad', { rules: [{ host: 'UPPER_case!', http: { paths: [{ path: 'no-slash', pathType: 'Exact', backend: to('web') }] } }] })}`,
    ingress: 'default/bad',
    says: [/host/i, /path/i],
  },
  {
    reason: 'a name that Google Cloud cannot carry',
    publish: spec('dotted.name', { defaultBackend: to('web') }),
    ingress: 'default/dotted.name',
    says: [/load-balancer/],
  },
  {
    reason: 'a service that exists in no cluster',
    publish: spec('nowhere', { defaultBackend: to('ghost') }),
    ingress: 'default/nowhere',
    says: [/default\/ghost/, /does not exist in any selected cluster/],
  },
  {
    reason: 'a port that the service does not have',
    publish: spec('portless', { defaultBackend: to('web', 81) }),
    ingress: 'default/portless',
    says: [/no port 81/, /80/],
  },
  {
    reason: 'a cluster that is not registered',
    publish: spec('astray', { defaultBackend: to('web') }),
    attributes: { clusters: 'atlantis' },
    ingress: 'default/astray',
    says: [/atlantis/, /not registered/],
  },
  {
    reason: 'a static address that is not there',
    publish: spec(
      'pinned',
      { defaultBackend: to('web') },
      { annotations: { 'kubernetes.io/ingress.global-static-ip-name': 'missing-ip' } },
    ),
    ingress: 'default/pinned',
    says: [/missing-ip/],
  },
]

describe('bad input gets a clear message, and nothing else changes', () => {
  let system: System

  beforeAll(async () => {
    system = await startSystem({ clusters: 2 })
    const [first, second] = system.environment.clusters
    for (const app of ['web', 'only-here']) await deploy(first?.server ?? '', app)
    await deploy(second?.server ?? '', 'web')
  }, 60_000)
  afterAll(() => system.close())

  const deadLetters = async (): Promise<{ id: string; why: string }[]> =>
    ((await system.get('/api/dead-letters')) as { deadLetters: { id: string; why: string }[] }).deadLetters

  it.each(rows)('$reason', async ({ publish, attributes, ingress, says }) => {
    const before = await deadLetters()
    await system.publish(publish, attributes)
    let said: string
    if (ingress === undefined) {
      await expect.poll(async () => (await deadLetters()).length, { timeout: 5_000 }).toBe(before.length + 1)
      const known = new Set(before.map(({ id }) => id))
      said = (await deadLetters()).find(({ id }) => !known.has(id))?.why ?? ''
    } else {
      const report = await system.until(ingress, 'Failed', refused, 5_000)
      said = report?.conditions.map((condition) => condition.message).join('\n') ?? ''
    }
    for (const words of says) expect(said).toMatch(words)
  })

  it('has written nothing into Compute for any of them but looks', async () => {
    for (const collection of ['backendServices', 'urlMaps', 'forwardingRules', 'firewalls'])
      expect(await system.holds(collection), collection).toEqual([])
    expect(
      await system.report('default/good'),
      'the good document of a bad message is not applied either',
    ).toMatchObject({ phase: 'Failed' })
  })

  it('keeps the previous version serving while a new one is wrong, and drops an older generation that arrives late', async () => {
    await system.publish(simpleIngress('web', 'web', { generation: 5 }))
    const report = await system.until('default/web', 'Ready', (now) => now?.phase === 'Ready')
    const url = await system.url(report?.vip)
    await firstAnswer(url)
    const client = hammer(url, 50)
    await system.publish(spec('web', { defaultBackend: to('ghost') }, { generation: 6 }))
    await system.until('default/web', 'Failed', refused)
    await system.publish('kind: [broken')
    await system.publish(spec('web', { rules: [{ host: '10.0.0.1', http: { paths: [] } }] }, { generation: 7 }))
    await system.publish(simpleIngress('web', 'web', { generation: 8 }))
    await system.until('default/web', 'Ready again', (now) => now?.phase === 'Ready')
    const letters = (await deadLetters()).length
    await system.publish(spec('web', { defaultBackend: to('ghost') }, { generation: 4 }))
    await expect.poll(async () => (await deadLetters()).length, { timeout: 5_000 }).toBe(letters + 1)
    expect((await system.report('default/web'))?.phase).toBe('Ready')
    expect((await client.stop()).filter((answer) => answer.status !== 200)).toEqual([])
  })

  it('is Degraded, and serves, when one cluster lacks the service', async () => {
    await system.publish(simpleIngress('partial', 'only-here'))
    const report = await system.until('default/partial', 'Degraded', (now) => now?.phase === 'Degraded')
    expect(report?.conditions.map((condition) => condition.message).join()).toMatch(
      /europe-west.*no service default\/only-here/,
    )
    await firstAnswer(await system.url(report?.vip))
  })

  it('never takes the backends of a cluster that does not answer', async () => {
    const [first] = system.environment.clusters
    const backends = async (): Promise<number> => {
      const answer = await fetch(
        `${system.environment.compute.url}/compute/v1/projects/playground/global/backendServices`,
      )
      const { items } = (await answer.json()) as { items: { description: string; backends?: unknown[] }[] }
      return items
        .filter((item) => item.description.includes('Ingress default/web'))
        .flatMap((item) => item.backends ?? []).length
    }
    const before = await backends()
    expect(before).toBeGreaterThan(0)
    first?.cluster.setReachable(false)
    await system.publish(simpleIngress('web', 'web', { generation: 9, annotations: { 'example.com/changed': 'yes' } }))
    const report = await system.until(
      'default/web',
      'Degraded',
      (now) => now?.phase === 'Degraded' && now.generation > 1,
      20_000,
    )
    expect(report?.clusterStates.find((state) => state.name === first?.name)?.state).toBe('Unreachable')
    expect(await backends()).toBe(before)
    await firstAnswer(await system.url(report?.vip), { region: 'us-central1' })
    first?.cluster.setReachable(true)
    await system.until('default/web', 'Ready once it answers', (now) => now?.phase === 'Ready', 20_000)
  })
})
