import { expect, it } from 'vitest'
import { listClusters } from '../../cli/commands/clusters.ts'
import type { Session } from '../../cli/session.ts'

const cluster = {
  name: 'blue',
  server: 'https://203.0.113.9',
  project: 'shop',
  hostProject: 'network-host',
  labels: {},
  version: 'v1.33.1',
  zones: [{ zone: 'us-east1-b', nodes: 2 }],
  leaving: false,
  unreachable: null,
}
/** As an earlier deployment tells of one: it says nothing of a host project. */
const { hostProject: _, ...earlier } = { ...cluster, name: 'old' }

it('mci clusters list says whose network a cluster is in, where that is another project’s', async () => {
  const body = { clusters: [cluster, { ...cluster, name: 'green', hostProject: null }, earlier] }
  const results: string[] = []
  const session = {
    status: { get: (_path: string, shape: { parse(value: unknown): unknown }) => Promise.resolve(shape.parse(body)) },
    terminal: { result: (_value: unknown, text: () => string) => void results.push(text()) },
  } as unknown as Session
  await listClusters(session)
  expect(results).toEqual([
    [
      'NAME   STATE      VERSION  NODES  ZONES       PROJECT  HOST PROJECT  SERVER',
      'blue   Reachable  v1.33.1  2      us-east1-b  shop     network-host  https://203.0.113.9',
      'green  Reachable  v1.33.1  2      us-east1-b  shop     -             https://203.0.113.9',
      'old    Reachable  v1.33.1  2      us-east1-b  shop     -             https://203.0.113.9',
    ].join('\n'),
  ])
})
