import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { application } from '../support/manifests.ts'
import { startSystem, type Report, type System } from '../support/system.ts'
import { ask, firstAnswer, hammer } from '../support/traffic.ts'

type MciReport = Report & { status?: { VIP: string | null; CloudResources: Record<string, string[] | string> } }

/** Enough for a machine that does much else. Milliseconds. */
const patience = 40_000

const ready = (report: Report | undefined): boolean => report?.phase === 'Ready'
const example = new URL('../../examples/multi-cluster-ingress/ingress.yaml', import.meta.url)

describe('a MultiClusterIngress as it stands', { timeout: 3 * patience }, () => {
  let system: System
  let documents: string[]

  beforeAll(async () => {
    documents = parseAllDocuments(await readFile(example, 'utf8')).map(String)
    system = await startSystem({ clusters: 3, tickMs: 2_000 })
    for (const { server } of system.environment.clusters)
      await fetch(`${server}/apis/apps/v1/namespaces/default/deployments`, {
        method: 'POST',
        body: JSON.stringify(application('zone-printer').deployment),
      })
  }, 120_000)
  afterAll(() => system.close())

  async function services(cluster: string): Promise<string[]> {
    const server = system.environment.clusters.find(({ name }) => name === cluster)?.server ?? ''
    const list = (await (await fetch(`${server}/api/v1/namespaces/default/services`)).json()) as {
      items: { metadata: { name: string } }[]
    }
    return list.items.map(({ metadata }) => metadata.name).filter((name) => name !== 'kubernetes')
  }
  const withClusters = (links: string[] | null): string => {
    const service = JSON.parse(JSON.stringify(parseAllDocuments(documents[1] ?? '')[0]?.toJS())) as { spec: object }
    return JSON.stringify({
      ...service,
      spec: { ...service.spec, ...(links === null ? {} : { clusters: links.map((link) => ({ link })) }) },
    })
  }

  it('without its service it says what is missing', async () => {
    await system.publish(documents[0] ?? '')
    const report = await system.until('default/zone-ingress', 'Failed', (one) => one?.phase === 'Failed', patience)
    expect(JSON.stringify(report?.conditions)).toMatch(/MultiClusterService default\/zone-mcs: has not been published/)
  })

  it('serves from every cluster once the rest is published, by another message', async () => {
    await system.publish(documents.slice(1).join('\n'))
    const report = (await system.until('default/zone-ingress', 'Ready', ready, patience)) as MciReport
    expect(report.clusters).toEqual(['asia-east', 'europe-west', 'us-central'])
    for (const cluster of report.clusters)
      expect(await services(cluster)).toEqual([expect.stringMatching(/^mci-zone-mcs-svc-[0-9a-f]{8}$/)])
    const url = await system.url(report.vip)
    expect((await firstAnswer(url)).headers['x-client-region']).toBeDefined()
    expect((await ask(url, { region: 'europe-west1' })).pod?.cluster).toBe('europe-west')
    expect(report.status).toMatchObject({
      VIP: report.vip,
      CloudResources: {
        UrlMap: 'mci1-um--zone-ingress',
        ForwardingRules: ['mci1-fw--zone-ingress'],
        TargetProxies: ['mci1-tp--zone-ingress'],
      },
    })
    expect(report.status?.CloudResources['NetworkEndpointGroups']?.length).toBeGreaterThanOrEqual(3)
  })

  it('a derived Service that somebody deletes comes back', async () => {
    const { server = '' } = system.environment.clusters[0] ?? {}
    const [name = ''] = await services(system.environment.clusters[0]?.name ?? '')
    await fetch(`${server}/api/v1/namespaces/default/services/${name}`, { method: 'DELETE' })
    await expect.poll(() => services(system.environment.clusters[0]?.name ?? ''), { timeout: patience }).toEqual([name])
    await system.until('default/zone-ingress', 'Ready', ready, patience)
  })

  it('a link that is taken away drains its cluster and takes its Service, and no request fails', async () => {
    const report = await system.report('default/zone-ingress')
    const url = await system.url(report?.vip)
    await firstAnswer(url)
    const client = hammer(url, 25, { region: 'asia-east1' })
    await system.publish(withClusters(['us-central1-a/us-central', 'europe-west1-b/europe-west']))
    const after = await system.until(
      'default/zone-ingress',
      'Ready without asia-east',
      (one) => one?.phase === 'Ready' && !one.clusters.includes('asia-east'),
      patience,
    )
    expect(after?.clusters).toEqual(['europe-west', 'us-central'])
    await expect.poll(() => services('asia-east'), { timeout: patience }).toEqual([])
    expect((await client.stop()).filter(({ status }) => status !== 200)).toEqual([])
    expect((await ask(url, { region: 'asia-east1' })).pod?.cluster).not.toBe('asia-east')
  })

  it('withdrawn, nothing of it is left, and the objects that it named stay known', async () => {
    await system.publish('', { action: 'delete', name: 'zone-ingress' })
    await system.until('default/zone-ingress', 'gone', (one) => one === undefined, patience)
    for (const { name } of system.environment.clusters) expect(await services(name)).toEqual([])
    expect((await system.holds('backendServices')).concat(await system.holds('addresses'))).toEqual([])
    await system.publish(documents[0] ?? '')
    await system.until('default/zone-ingress', 'Ready', ready, patience)
  })
})
