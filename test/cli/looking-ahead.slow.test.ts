import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { collections } from '../../shared/cloud/compute-clients.ts'
import type { ComputeCollection } from '../../shared/cloud/compute-port.ts'
import { createCompute } from '../../shared/cloud/compute.ts'
import { createComputeReader } from '../../shared/cloud/compute-reader.ts'
import { getJson, makeFolder, normal, startPlayground, type Playground } from './command.ts'

let playground: Playground
/** In front of the simulated Compute: what `mci` asks of it. */
let proxy: Server
const asked: string[] = []
/** Changes what Compute answers through the proxy. */
let amend: ((text: string) => string) | undefined
/** A folder whose playground.json leads to Compute through the proxy. */
const watched = makeFolder()

beforeAll(async () => {
  playground = await startPlayground('--clusters', '3')
  proxy = createServer((request, response) => {
    asked.push(`${request.method ?? ''} ${(request.url ?? '').replace(/\?.*/, '')}`)
    void fetch(`${playground.compute}${request.url ?? ''}`).then(async (answer) => {
      response.writeHead(answer.status, { 'content-type': 'application/json' })
      const text = await answer.text()
      response.end(amend?.(text) ?? text)
    })
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const facts = JSON.parse(readFileSync(join(playground.path, '.mci', 'playground.json'), 'utf8')) as object
  const compute = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  mkdirSync(join(watched.path, '.mci'))
  writeFileSync(join(watched.path, '.mci', 'playground.json'), JSON.stringify({ ...facts, compute }))
}, 60_000)
afterAll(async () => {
  proxy.close()
  watched.remove()
  await playground.stop()
})

const zonePrinter = 'examples/zone-printer/ingress.yaml'

/** Everything that a plan could have changed: operations of Compute, objects in clusters, what is wanted and its state. */
async function world(): Promise<unknown> {
  const operations = await getJson(`${playground.compute}/compute/v1/projects/playground/global/operations`)
  const objects = await Promise.all(
    playground.clusters.map(({ server }) => getJson(`${server}/apis/networking.k8s.io/v1/ingresses`)),
  )
  const { claims } = (await getJson(`${playground.dashboard}/api/sources/default/zone-printer`)) as { claims: unknown }
  const report = await getJson(`${playground.dashboard}/api/ingresses/default/zone-printer`)
  const dead = await getJson(`${playground.dashboard}/api/dead-letters`)
  return { operations, objects, claims, report, dead }
}

/** The same over again, while the simulated cloud goes on by itself. */
async function settledWorld(): Promise<unknown> {
  for (let before = await world(); ;) {
    await new Promise((resolve) => setTimeout(resolve, 300))
    const after = await world()
    if (JSON.stringify(before) === JSON.stringify(after)) return after
    before = after
  }
}

const changed = `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: zone-printer, namespace: default }
spec:
  rules:
    - host: zp.example.com
      http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: zone-printer, port: { number: 80 } } } }] }
`

describe('mci plan', () => {
  it('of a new Ingress: all of it, and what is known only later', async () => {
    const ran = await watched.mci(['plan', '-f', zonePrinter, '--clusters', 'us-central,asia-east'])
    expect(ran).toMatchObject({ code: 2, stderr: '' })
    expect(ran.stdout).toBe(`default/zone-printer
  + cluster-ingress  asia-east/default/zone-printer
  + cluster-ingress  us-central/default/zone-printer
  + address          mci1-ip--zone-printer
  + health-check     mci1-hc-3825f1cb--zone-printer
  ? backend-service  mci1-be-3825f1cb--zone-printer: waits for the instance groups of asia-east, us-central
  + url-map          mci1-um--zone-printer
  + target-proxy     mci1-tp--zone-printer
  ? forwarding-rule  mci1-fw--zone-printer: waits for the IP of address mci1-ip--zone-printer
  ? firewall-rule    mci1-fr--zone-printer: waits for the instance groups of asia-east, us-central

  service default/zone-printer:80: instance groups, because the Service asks for network endpoint groups in no cluster (annotation cloud.google.com/neg)

Plan: 6 to create, 0 to change, 0 to remove, 3 known only later, 0 unchanged.
`)
    expect(await getJson(`${playground.dashboard}/api/ingresses`)).toEqual({ ingresses: [] })
  })

  it('of a MultiClusterIngress: the Services that are yet to be derived are known', async () => {
    const ran = await watched.mci([
      'plan',
      '-f',
      'examples/multi-cluster-ingress/ingress.yaml',
      '--clusters',
      'us-central',
    ])
    expect(ran).toMatchObject({ code: 2, stderr: '' })
    expect(ran.stdout).toMatch(/\+ cluster-ingress  us-central\/default\/zone-ingress/)
    expect(ran.stdout).toMatch(/\? backend-service  mci1-be-neg-[0-9a-f]{8}--zone-ingress: waits for/)
    expect(await getJson(`${playground.dashboard}/api/ingresses`)).toEqual({ ingresses: [] })
  })

  it('of a MultiClusterIngress by instance groups: NodePorts come with the Services, and are not missed before', async () => {
    const text = readFileSync('examples/multi-cluster-ingress/ingress.yaml', 'utf8')
    const byGroups = text.replace(
      /(kind: MultiClusterIngress\nmetadata:\n)/,
      '$1  annotations: { multicluster-ingress.io/backends: instance-groups }\n',
    )
    expect(byGroups).not.toBe(text)
    const ran = await watched.mci(['plan', '-f', '-', '--clusters', 'us-central'], { stdin: byGroups })
    expect(ran).toMatchObject({ code: 2, stderr: '' })
    expect(ran.stdout).toMatch(
      /\? backend-service  mci1-be-[0-9a-f]{8}--zone-ingress: waits for the instance groups of/,
    )
  })

  it('of what is in place: nothing to do, exit 0, a handful of reads, and not a write anywhere', async () => {
    const applied = await playground.mci(['apply', '-f', zonePrinter, '--clusters', 'us-central,asia-east', '--wait'])
    expect(applied).toMatchObject({ code: 0 })
    const before = await settledWorld()
    asked.length = 0
    const ran = await watched.mci(['plan', '-f', zonePrinter])
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(ran.stdout).toMatch(/^default\/zone-printer: nothing to do, \d+ resources are as wanted\.\n$/)
    expect(asked.filter((request) => !request.startsWith('GET '))).toEqual([])
    // One list a collection, none twice.
    expect(asked.length).toBe(new Set(asked).size)
    expect(asked.length).toBeLessThanOrEqual(Object.keys(collections).length)
    expect(await settledWorld()).toEqual(before)
  })

  it('of a change: field by field, and writes nothing', async () => {
    const before = await settledWorld()
    const ran = await watched.mci(['plan', '-f', watched.write('changed.yaml', changed)])
    expect(ran).toMatchObject({ code: 2, stderr: '' })
    const lines = normal(ran.stdout).split('\n')
    expect(lines).toContain('  ~ cluster-ingress  us-central/default/zone-printer')
    expect(lines).toContain('  + backend-service  mci1-be-none--zone-printer')
    expect(lines).toContain('  ~ url-map          mci1-um--zone-printer')
    expect(lines).toContain(
      '      defaultService: projects/playground/global/backendServices/mci1-be-3825f1cb--zone-printer -> projects/playground/global/backendServices/mci1-be-none--zone-printer',
    )
    expect(lines.some((line) => line.startsWith('      hostRules[zp.example.com]: (none) -> '))).toBe(true)
    expect(await settledWorld()).toEqual(before)
  })

  it('of fewer clusters: what goes, shared resources included, and what follows from it', async () => {
    const ran = await watched.mci(['plan', '-f', zonePrinter, '--clusters', 'asia-east', '-o', 'json'])
    expect(ran.code).toBe(2)
    const { ingresses } = JSON.parse(ran.stdout) as { ingresses: { steps: { do: string; id: string }[] }[] }
    const steps = ingresses.flatMap(({ steps: of }) => of).map((step) => `${step.do} ${normal(step.id)}`)
    expect(steps).toEqual([
      'remove cluster-ingress/us-central/default/zone-printer',
      'remove named-ports/playground/us-central1-a/k8s-ig--HASH',
      'remove named-ports/playground/us-central1-b/k8s-ig--HASH',
      'update backend-service/playground/mci1-be-3825f1cb--zone-printer',
      'update url-map/playground/mci1-um--zone-printer',
    ])
  })

  it('of drift: what a person changed by hand would be put right', async () => {
    // The functions would repair it within moments: only this command sees it.
    amend = (text) => text.replace('"checkIntervalSec":5', '"checkIntervalSec":77')
    const ran = await watched.mci(['plan', '-f', zonePrinter])
    amend = undefined
    expect(ran.code).toBe(2)
    expect(ran.stdout).toBe(
      [
        'default/zone-printer',
        '  ~ health-check     mci1-hc-3825f1cb--zone-printer',
        '      checkIntervalSec: 77 -> 5',
        '',
        '  service default/zone-printer:80: instance groups, because the Service asks for network endpoint groups in no cluster (annotation cloud.google.com/neg)',
        '',
        'Plan: 0 to create, 1 to change, 0 to remove, 0 known only later, 12 unchanged.',
        '',
      ].join('\n'),
    )
  })

  it('of the load balancer of another Ingress: refused, and says whose it is', async () => {
    const other = changed.replace(
      'name: zone-printer,',
      'name: other, annotations: { multicluster-ingress.io/load-balancer: zone-printer },',
    )
    const ran = await watched.mci(['plan', '-f', watched.write('other.yaml', other)])
    expect(ran.code).toBe(1)
    expect(ran.stderr).toContain('belongs to Ingress default/zone-printer')
  })

  it('of a Service that exists nowhere: refused as publishing it would be', async () => {
    const ran = await watched.mci([
      'plan',
      '-f',
      watched.write('absent.yaml', changed.replace('service: { name: zone-printer', 'service: { name: absent')),
    ])
    expect(ran).toMatchObject({ code: 1, stdout: '' })
    expect(ran.stderr).toContain(
      'service default/absent: does not exist in any selected cluster (asia-east, us-central)',
    )
  })

  it.each([
    { reason: 'the flag', args: ['--clusters', 'us-central,mars'] },
    { reason: 'the annotation', args: [], annotation: 'us-central,mars' },
  ])('of a cluster that is not registered, named by $reason: refused', async ({ args, annotation }) => {
    const manifest =
      annotation === undefined
        ? changed
        : changed.replace(
            'namespace: default',
            `namespace: default, annotations: { multicluster-ingress.io/clusters: "${annotation}" }`,
          )
    const ran = await watched.mci(['plan', '-f', watched.write('mars.yaml', manifest), ...args])
    expect(ran.code).toBe(1)
    expect(ran.stderr).toContain('cluster mars: is not registered')
  })
})

describe('the reader of lists that plan uses', () => {
  const pairs = Object.keys(collections) as ComputeCollection[]
  it.each(pairs)('reads %s as the client of the functions does', async (collection) => {
    const endpoint = playground.compute
    const reader = createComputeReader({
      endpoint,
      accessToken: () => Promise.reject(new Error('unused')),
      timeoutMs: 5_000,
    })
    const [light, vendor] = await Promise.all([
      reader.list(collection, 'playground'),
      createCompute({ endpoint }).list(collection, 'playground'),
    ])
    expect(light).toEqual(vendor)
  })
})

describe('mci validate', () => {
  it('takes a good manifest, with the registered clusters and with a kubeconfig, and asks nothing of Google Cloud', async () => {
    asked.length = 0
    for (const where of [[], ['-k', join(playground.path, '.mci', 'kubeconfig'), '--kubecontexts', 'us-central']]) {
      const ran = await watched.mci(['validate', '-f', zonePrinter, ...where])
      expect(ran).toEqual({ code: 0, stdout: 'default/zone-printer is valid\n', stderr: '' })
    }
    expect(asked).toEqual([])
  })

  it('tells everything that the clusters lack at once', async () => {
    const two = changed.replace(
      'paths: [',
      'paths: [{ path: /a, pathType: Prefix, backend: { service: { name: absent, port: { number: 1 } } } }, { path: /b, pathType: Prefix, backend: { service: { name: zone-printer, port: { name: grpc } } } }, ',
    )
    const ran = await watched.mci(['validate', '-f', '-', '--clusters', 'europe-west'], { stdin: two })
    expect(ran).toMatchObject({ code: 1, stdout: '' })
    expect(ran.stderr).toContain('service default/absent: does not exist in any selected cluster (europe-west)')
    expect(ran.stderr).toContain(
      'service default/zone-printer: has no port grpc in any selected cluster; it has 80 (http)',
    )
  })

  it('warns of a misspelt annotation', async () => {
    const misspelt = changed.replace(
      'namespace: default',
      'namespace: default, annotations: { multicluster-ingress.io/cluster: "us-central" }',
    )
    const ran = await watched.mci(['validate', '-f', '-'], { stdin: misspelt })
    expect(ran.code).toBe(0)
    expect(ran.stderr).toMatch(/^Warning: .*multicluster-ingress\.io\/cluster.*did you mean/m)
  })

  it('says of a cluster that does not answer that it does not', async () => {
    const config = readFileSync(join(playground.path, '.mci', 'kubeconfig'), 'utf8').replace(
      /http:\/\/127\.0\.0\.1:\d+/g,
      'http://127.0.0.1:9',
    )
    const ran = await watched.mci(['validate', '-f', zonePrinter, '-k', watched.write('dead-kubeconfig', config)])
    expect(ran.code).toBe(1)
    expect(ran.stderr).toContain('no selected cluster has answered yet')
  })
})
