import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { getJson, normal, startPlayground, type Playground } from './command.ts'
import { httpCollections } from '../support/collections.ts'

/** One playground for the whole life of Ingresses; each test goes on where the one before it ended. */
let playground: Playground
beforeAll(async () => {
  playground = await startPlayground('--clusters', '3')
}, 60_000)
afterAll(() => playground.stop())

const zonePrinter = 'examples/zone-printer/ingress.yaml'

/** What a real client gets. */
async function curl(line: string): Promise<string> {
  const url = /curl (?:.* )?(http:\/\/\S+)/.exec(line)?.[1] ?? ''
  for (let attempt = 0; ; attempt += 1) {
    const answer = await fetch(url)
    if (answer.ok || attempt > 100) return answer.text()
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function clustersOf(id: string): Promise<unknown> {
  const report = (await getJson(`${playground.dashboard}/api/ingresses/${id}`)) as {
    clusterStates?: { name: string; state: string }[]
  }
  return report.clusterStates?.map(({ name, state }) => `${name} ${state}`)
}

describe('mci against the playground', () => {
  it('finds it from the folder, and says that there is nothing yet, in the words of kubemci', async () => {
    expect(await playground.mci(['list'])).toEqual({
      code: 0,
      stdout: 'No multicluster ingresses found.\n',
      stderr: '',
    })
    const ran = await playground.mci(['get-status', 'zone-printer'])
    expect(ran).toMatchObject({ code: 1, stdout: '' })
    expect(ran.stderr).toBe(
      'Error: there is no Ingress or load balancer "zone-printer"\nThere is none at all yet: mci apply -f FILE.\n',
    )
  })

  it('apply --wait shows every stage once and ends with a line that works', async () => {
    const ran = await playground.mci([
      'apply',
      '-f',
      zonePrinter,
      '--clusters',
      'us-central,europe-west',
      '--wait',
      '--timeout',
      '60s',
    ])
    expect(ran, ran.stderr).toMatchObject({ code: 0 })
    expect(normal(ran.stdout)).toBe(
      'default/zone-printer is Ready at 203.0.113.1 from europe-west, us-central\n  curl http://127.0.0.1:PORT/\n',
    )
    expect(
      normal(ran.stderr)
        .trimEnd()
        .split('\n')
        .filter((line) => !line.includes('named-ports'))
        .sort(),
    ).toEqual(
      [
        ' T s ✓ address          mci1-ip--zone-printer',
        ' T s ✓ backend-service  mci1-be-3825f1cb--zone-printer',
        ' T s ✓ cluster-ingress  europe-west/default/zone-printer',
        ' T s ✓ cluster-ingress  us-central/default/zone-printer',
        ' T s ✓ firewall-rule    mci1-fr--zone-printer',
        ' T s ✓ forwarding-rule  mci1-fw--zone-printer',
        ' T s ✓ health-check     mci1-hc-3825f1cb--zone-printer',
        ' T s ✓ target-proxy     mci1-tp--zone-printer',
        ' T s ✓ url-map          mci1-um--zone-printer',
      ].sort(),
    )
    expect(await curl(ran.stdout)).toContain('us-central')
  })

  it('apply of the same ends at once: it is so already', async () => {
    const ran = await playground.mci(['apply', '-f', zonePrinter, '--wait'])
    expect(ran, ran.stderr).toMatchObject({ code: 0 })
    expect(ran.stdout).toContain('default/zone-printer is Ready')
  })

  it('list shows it, as a table and for programs', async () => {
    const table = await playground.mci(['list'])
    expect(table.stdout).toBe(
      [
        'NAME          IP           CLUSTERS                 NAMESPACE  INGRESS       PHASE',
        'zone-printer  203.0.113.1  europe-west, us-central  default    zone-printer  Ready',
        '',
      ].join('\n'),
    )
    const json = JSON.parse((await playground.mci(['list', '-o', 'json'])).stdout) as unknown
    expect(json).toEqual(await getJson(`${playground.dashboard}/api/ingresses`))
    expect((await playground.mci(['list', '-n', 'other', '-o', 'yaml'])).stdout).toBe('ingresses: []\n')
  })

  it.each(['zone-printer', 'default/zone-printer'])(
    'get-status %s begins with the sentence of kubemci',
    async (name) => {
      const ran = await playground.mci(['get-status', name])
      expect(ran.code).toBe(0)
      expect(ran.stdout.split('\n').slice(0, 2)).toEqual([
        'Load balancer zone-printer has IPAddress 203.0.113.1 and is spread across 2 clusters (europe-west,us-central)',
        expect.stringMatching(/^Ingress default\/zone-printer is Ready, version \d+$/) as string,
      ])
      expect(ran.stdout).toMatch(/^us-central +Serving /m)
    },
  )

  it('a manifest that no cluster can serve is refused with every reason, and what served serves on', async () => {
    const { stdout: served } = await playground.mci(['get-status', 'zone-printer', '--wait'])
    playground.write(
      'refused.yaml',
      'apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: { name: zone-printer }\nspec: { rules: [{ http: { paths: [{ path: /a, pathType: Prefix, backend: { service: { name: absent, port: { number: 1 } } } }, { path: /b, pathType: Prefix, backend: { service: { name: zone-printer, port: { number: 81 } } } }] } }] }\n',
    )
    const ran = await playground.mci(['apply', '-f', 'refused.yaml'])
    expect(ran).toMatchObject({ code: 1, stdout: '' })
    expect(ran.stderr).toContain('service default/absent: does not exist in any selected cluster')
    expect(ran.stderr).toContain('has no port 81')
    expect(ran.stderr).toContain('Correct it and apply again.')
    expect(await curl(served)).toContain('us-central')
    const good = await playground.mci(['apply', '-f', zonePrinter, '--wait'])
    expect(good).toMatchObject({ code: 0 })
  })

  it('drain and undrain lead the traffic away and back', async () => {
    const drained = await playground.mci(['drain', 'zone-printer', '--clusters', 'us-central', '--wait'])
    expect(drained.code).toBe(0)
    expect(await clustersOf('default/zone-printer')).toContain('us-central Draining')
    const again = await playground.mci(['drain', 'zone-printer', '--clusters', 'us-central'])
    expect(again).toMatchObject({ code: 0, stderr: 'default/zone-printer: us-central is drained already\n' })
    const last = await playground.mci(['drain', 'zone-printer', '--clusters', 'europe-west'])
    expect(last).toMatchObject({
      code: 1,
      stderr: 'Error: not done: this would drain the last cluster that serves default/zone-printer\n',
    })
    const back = await playground.mci(['undrain', '-i', zonePrinter, '--clusters', 'us-central', '--wait'])
    expect(back.code).toBe(0)
    expect(await clustersOf('default/zone-printer')).toContain('us-central Serving')
  })

  it('create in the words of kubemci puts it into the contexts of a kubeconfig', async () => {
    const ran = await playground.mci([
      'create',
      'zone-printer',
      `--ingress=${zonePrinter}`,
      '--kubeconfig=.mci/kubeconfig',
      '--gcp-project=playground',
      '--validate=true',
      '-f',
      '--wait',
    ])
    expect(ran, ran.stderr).toMatchObject({ code: 0 })
    expect(ran.stdout).toContain('from asia-east, europe-west, us-central')
  })

  it('remove-clusters takes one out; the last ones only with --force', async () => {
    const one = await playground.mci([
      'remove-clusters',
      'zone-printer',
      '-k',
      '.mci/kubeconfig',
      '--kubecontexts',
      'asia-east',
      '--wait',
    ])
    expect(one).toMatchObject({ code: 0 })
    expect(one.stdout).toContain('from europe-west, us-central')
    const all = await playground.mci(['remove-clusters', 'zone-printer', '--clusters', 'europe-west,us-central'])
    expect(all.code).toBe(1)
    expect(all.stderr).toContain('this would take default/zone-printer out of the last cluster')
    expect(all.stderr).toContain('\nHere these are mci delete, and the same command with --force.\n')
  })

  it('an Ingress in another namespace under the name of its load balancer', async () => {
    playground.write(
      'anywhere.yaml',
      'apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: { name: zone-printer }\nspec: { defaultBackend: { service: { name: zone-printer, port: { number: 80 } } } }\n',
    )
    const create = await playground.mci(['create', 'my-lb', '-i', 'anywhere.yaml', '-n', 'other', '--validate=false'])
    expect(create).toMatchObject({
      code: 0,
      stdout: 'other/zone-printer is published. Follow it: mci get-status other/zone-printer --wait\n',
    })
    const ambiguous = await playground.mci(['get-status', 'zone-printer'])
    expect(ambiguous).toMatchObject({
      code: 64,
      stderr: 'Error: "zone-printer" can mean default/zone-printer or other/zone-printer\nWrite NAMESPACE/NAME.\n',
    })
    const status = JSON.parse((await playground.mci(['get-status', 'my-lb', '-o', 'json'])).stdout) as object
    expect(status).toMatchObject({ namespace: 'other', name: 'zone-printer', loadBalancer: 'my-lb', phase: 'Failed' })
    const waited = await playground.mci(['get-status', 'my-lb', '--wait'])
    expect(waited.code).toBe(1)
    expect(waited.stdout).toContain('other/zone-printer is Failed')
    expect((await playground.mci(['delete', 'my-lb', '--wait'])).stdout).toBe('other/zone-printer is gone\n')
  })

  it('a wait that is too short says that it goes on', async () => {
    const ran = await playground.mci(['delete', 'zone-printer', '--wait', '--timeout', '0s', '-o', 'json'])
    expect(ran.code).toBe(3)
    expect(JSON.parse(ran.stdout)).toMatchObject({
      ingresses: [{ ingress: 'default/zone-printer', phase: 'Deleting' }],
    })
    expect(ran.stderr).toContain('not finished after 0.0 s\nIt goes on by itself')
  })

  it('delete leaves nothing', async () => {
    const deadline = Date.now() + 20_000
    while ((await playground.mci(['list'])).stdout !== 'No multicluster ingresses found.\n' && Date.now() < deadline);
    expect((await playground.mci(['list', '-o', 'json'])).stdout).toBe('{\n  "ingresses": []\n}\n')
    for (const collection of httpCollections)
      expect(
        JSON.stringify(await getJson(`${playground.compute}/compute/v1/projects/playground/global/${collection}`)),
      ).not.toContain('mci1-')
  })
})
