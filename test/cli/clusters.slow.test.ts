import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Failure } from '../../cli/exit-codes.ts'
import { gkeContext } from '../../cli/gke.ts'
import { contextsOf, registrationOf } from '../../cli/kubeconfig.ts'
import type { Session } from '../../cli/session.ts'
import { getJson, makeFolder, startPlayground, type Playground } from './command.ts'

describe('clusters of the playground', () => {
  let playground: Playground
  beforeAll(async () => {
    playground = await startPlayground('--clusters', '2')
  }, 60_000)
  afterAll(() => playground.stop())

  it('are listed with what was seen of them', async () => {
    const ran = await playground.mci(['clusters', 'list'])
    expect(ran.code).toBe(0)
    expect(ran.stdout.split('\n')[0]).toBe(
      'NAME         STATE      VERSION              NODES  ZONES                                         PROJECT     HOST PROJECT  SERVER',
    )
    expect(ran.stdout).toMatch(
      /^us-central +Reachable +v\S+ +4 +us-central1-a,us-central1-b +playground +- +http:\/\/127/m,
    )
  })

  it('are removed, and forgotten in the end; unknown ones are named', async () => {
    const unknown = await playground.mci(['clusters', 'remove', 'mars', 'us-central'])
    expect(unknown).toMatchObject({
      code: 1,
      stderr: 'Error: there is no cluster mars\nThere is europe-west, us-central.\n',
    })
    const ran = await playground.mci(['clusters', 'remove', 'us-central', '--wait', '--timeout', '30s'])
    expect(ran).toMatchObject({ code: 0, stdout: 'us-central is gone\n' })
    expect((await playground.mci(['clusters', 'list'])).stdout).not.toContain('us-central')
  })

  it('are added by the contexts of a kubeconfig, and none of its credentials goes anywhere', async () => {
    const [server] = playground.clusters.map((cluster) => cluster.server)
    const config = playground.write(
      'secret-kubeconfig',
      stringify({
        clusters: [{ name: 'c', cluster: { server } }],
        contexts: [{ name: 'blue', context: { cluster: 'c', user: 'u' } }],
        users: [{ name: 'u', user: { token: 'SECRET-1', password: 'SECRET-2', 'client-key-data': 'SECRET-3' } }],
      }),
    )
    const ran = await playground.mci([
      'clusters',
      'add',
      '-k',
      config,
      '--kubecontexts',
      'blue',
      '--labels',
      'tier=gold',
      '-o',
      'json',
    ])
    expect(ran, ran.stderr).toMatchObject({ code: 0 })
    expect(JSON.parse(ran.stdout)).toMatchObject({ added: [{ name: 'blue', server, labels: { tier: 'gold' } }] })
    const log = readFileSync(join(playground.path, '.mci', 'functions.log'), 'utf8')
    const kept = JSON.stringify(await getJson(`${playground.dashboard}/api/sources/default/x`))
    expect(kept).toContain('"blue"')
    for (const text of [ran.stdout, ran.stderr, log, kept]) expect(text).not.toContain('SECRET')
  })

  it('that do not answer are registered all the same, and exit 1 says so', async () => {
    const config = playground.write(
      'dead-kubeconfig',
      stringify({
        clusters: [{ name: 'c', cluster: { server: 'http://127.0.0.1:9' } }],
        contexts: [{ name: 'dead', context: { cluster: 'c' } }],
      }),
    )
    const ran = await playground.mci(['clusters', 'add', '-k', config])
    expect(ran).toMatchObject({ code: 1, stdout: '' })
    expect(ran.stderr).toMatch(
      /^Error: registered, but does not answer: dead: .*127\.0\.0\.1:9.*\nIt is asked again every minute/,
    )
    expect((await playground.mci(['clusters', 'list'])).stdout).toMatch(/^dead +Unreachable /m)
  })

  it('whose servers nobody lets in are refused with the reason, and what was registered before stays', async () => {
    const config = playground.write(
      'foreign-kubeconfig',
      stringify({
        clusters: [{ name: 'c', cluster: { server: 'https://203.0.113.9' } }],
        contexts: [{ name: 'blue', context: { cluster: 'c' } }],
      }),
    )
    const before = (await playground.mci(['clusters', 'list'])).stdout
    const ran = await playground.mci(['clusters', 'add', '-k', config])
    expect(ran.code).toBe(1)
    expect(ran.stderr).toMatch(/cluster blue is not registered: the server https:\/\/203\.0\.113\.9 is not on .*list/)
    expect((await playground.mci(['clusters', 'list'])).stdout).toBe(before)
  })

  it('whose names the functions do not take are refused before anything is published', async () => {
    const config = playground.write(
      'upper-kubeconfig',
      stringify({
        clusters: [{ name: 'c', cluster: { server: 'http://127.0.0.1:9' } }],
        contexts: [{ name: 'Upper', context: { cluster: 'c' } }],
      }),
    )
    const ran = await playground.mci(['clusters', 'add', '-k', config])
    expect(ran.code).toBe(64)
    expect(ran.stderr).toContain('"Upper" cannot be the name of a cluster')
    expect((await playground.mci(['clusters', 'list'])).stdout).not.toContain('Upper')
  })
})

describe('contexts of a kubeconfig', () => {
  const folder = makeFolder()
  afterAll(() => folder.remove())
  const gke = 'gke_shop-prod_us-central1_blue'
  const path = (config: unknown): string => join(folder.path, folder.write('config', stringify(config)))

  it('of GKE are recognised by the name that gcloud gives the cluster, whatever the context is called', async () => {
    const [context] = await contextsOf(
      path({
        clusters: [{ name: gke, cluster: { server: 'https://203.0.113.9', 'certificate-authority-data': 'Q0E=' } }],
        contexts: [{ name: 'blue', context: { cluster: gke, user: gke } }],
      }),
      undefined,
    )
    expect(context && registrationOf(context, 'blue', 'lb-project')).toEqual({
      name: 'blue',
      server: 'https://203.0.113.9',
      caData: 'Q0E=',
      gke: 'projects/shop-prod/locations/us-central1/clusters/blue',
      project: 'shop-prod',
    })
  })

  const broken: { reason: string; config: unknown; says: string }[] = [
    {
      reason: 'a context without its cluster',
      config: { contexts: [{ name: 'a', context: { cluster: 'b' } }] },
      says: 'context a names cluster b, which is not there',
    },
    {
      reason: 'a server that is no URL',
      config: { clusters: [{ name: 'b', cluster: { server: 'file:///etc' } }] },
      says: 'is not a kubeconfig',
    },
    { reason: 'a list', config: [1], says: 'is not a kubeconfig' },
  ]
  it.each(broken)('are refused: $reason', async ({ config, says }) => {
    const error: unknown = await contextsOf(path(config), undefined).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(Failure)
    expect((error as Failure).message).toContain(says)
  })
})

describe('a GKE cluster by its name', () => {
  let gke: Server
  let session: Pick<Session, 'env' | 'identity'>
  let answer: { status: number; body: unknown } = { status: 200, body: {} }
  const asked: (string | undefined)[] = []
  beforeAll(async () => {
    gke = createServer((request, response) => {
      asked.push(request.url, request.headers.authorization)
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body))
    })
    await new Promise<void>((resolve) => gke.listen(0, '127.0.0.1', resolve))
    session = {
      env: { CONTAINER_API_ENDPOINT: `http://127.0.0.1:${(gke.address() as AddressInfo).port}` },
      identity: () => Promise.reject(new Error('no token for a stand-in of GKE')),
    }
  })
  afterAll(() => gke.close())

  it.each(['shop/us-central1/blue', 'projects/shop/locations/us-central1/clusters/blue'])(
    '%s is looked up once, without a credential for anybody but Google',
    async (place) => {
      asked.length = 0
      answer = {
        status: 200,
        body: { endpoint: '203.0.113.20', masterAuth: { clusterCaCertificate: 'Q0E=', clientKey: 'SECRET' } },
      }
      expect(await gkeContext(session, place)).toEqual({
        name: 'blue',
        server: 'https://203.0.113.20',
        gke: 'projects/shop/locations/us-central1/clusters/blue',
        project: 'shop',
      })
      expect(asked).toEqual(['/v1/projects/shop/locations/us-central1/clusters/blue', undefined])
    },
  )

  it('that there is not is said in the words of GKE', async () => {
    answer = { status: 404, body: { error: { code: 404, message: 'Not found: projects/shop/…/blue.' } } }
    await expect(gkeContext(session, 'shop/us-central1/blue')).rejects.toThrow(
      'HTTP 404: Not found: projects/shop/…/blue.',
    )
  })
})
